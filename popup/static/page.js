// Runs in the page on which a person opened the popup, and only reads what the page links to and shows.
// The popup decides what of it is a file (popup/src/page.rs). The page's own scripts cannot reach this
// isolated world; `querySelectorAll` is taken from the prototype because a form field of that name would
// hide it.
(() => {
  const MAX_LINKS = 2000;
  const MAX_TEXT = 300;
  const MAX_URL = 64 * 1024;
  const all = (selector) => Document.prototype.querySelectorAll.call(document, selector);
  const found = [];
  const add = (kind, url, name, text, width, height) => {
    if (found.length < MAX_LINKS && typeof url === "string" && url && url.length <= MAX_URL) {
      const short = (value) => (typeof value === "string" ? value.trim().slice(0, MAX_TEXT) : "");
      found.push({ kind, url, name: short(name), text: short(text), width: width || 0, height: height || 0 });
    }
  };
  for (const a of all("a[href], area[href]")) add(a.hasAttribute("download") ? "download" : "link", a.href, a.download, a.textContent);
  for (const v of all("video")) add("video", v.currentSrc || v.src, "", v.title);
  for (const a of all("audio")) add("audio", a.currentSrc || a.src, "", a.title);
  for (const i of all("img")) add("image", i.currentSrc || i.src, "", i.alt, i.naturalWidth, i.naturalHeight);
  for (const e of all("embed[src], object[data]")) add("link", e.src || e.data, "", e.title);
  return found;
})();
