// Chromium opens a clicked link in this page, because it opens none of an extension that is not web-accessible. Other pages may
// therefore also frame it, so it shows nothing, and leads on only where it is the whole tab. Firefox needs no such page.
if (top === self) {
  const link = new URLSearchParams(location.search).get("link") ?? "";
  location.replace(`popup.html?view=tab&link=${encodeURIComponent(link)}`);
}
