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
  // A small copy of a picture that the page shows already, so that nothing is fetched to show it again. Not every picture
  // of another site can be copied.
  const MAX_COPIES = 60;
  const MAX_PIXELS = 24e6;
  const SIDE = 72;
  let copies = 0;
  const small = (image) => {
    const { complete, naturalWidth: width, naturalHeight: height } = image;
    const side = Math.min(width, height);
    if (!complete || !(side >= 48) || width * height > MAX_PIXELS || ++copies > MAX_COPIES) return "";
    try {
      const canvas = Document.prototype.createElement.call(document, "canvas");
      canvas.width = canvas.height = SIDE;
      canvas.getContext("2d").drawImage(image, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE, SIDE);
      return canvas.toDataURL("image/webp", 0.7);
    } catch {
      return "";
    }
  };
  const add = (kind, url, name, text, image) => {
    if (found.length < MAX_LINKS && typeof url === "string" && url && url.length <= MAX_URL) {
      const short = (value) => (typeof value === "string" ? value.trim().slice(0, MAX_TEXT) : "");
      found.push({ kind, url, name: short(name), text: short(text), width: image?.naturalWidth || 0, height: image?.naturalHeight || 0, small: image ? small(image) : "" });
    }
  };
  for (const a of all("a[href], area[href]")) add(a.hasAttribute("download") ? "download" : "link", a.href, a.download, a.textContent);
  for (const v of all("video")) add("video", v.currentSrc || v.src, "", v.title);
  for (const a of all("audio")) add("audio", a.currentSrc || a.src, "", a.title);
  for (const i of all("img")) add("image", i.currentSrc || i.src, "", i.alt, i);
  for (const e of all("embed[src], object[data]")) add("link", e.src || e.data, "", e.title);
  return found;
})();
