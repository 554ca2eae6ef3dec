// Chromium opens a clicked link in this page, because it opens none of an extension that is not web-accessible. Other pages may
// therefore also frame it, so it shows nothing, and leads on only where it is the whole tab. Firefox needs no such page. The
// link may have a key in it, so it stays in no address that is kept.
if (top === self) {
  const link = new URLSearchParams(location.search).get("link") ?? "";
  history.replaceState(null, "", location.pathname);
  sessionStorage.setItem("link", link);
  location.replace("popup.html?view=tab");
}
