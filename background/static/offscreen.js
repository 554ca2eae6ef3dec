// Does what a service worker cannot: it makes blob URLs, copies to the clipboard, holds files, waits for slow servers, and runs
// the file worker. Firefox does not load this file, because its background page does both itself (`web/src/browser/firefox.rs`).

// Makes blob URLs, and copies texts. Requests arrive on a channel that only this extension's own pages and worker can
// open. The URLs are revoked when this page is closed.
const channel = new BroadcastChannel("fluence-offscreen");
channel.onmessage = ({ data }) => {
  const tell = (value) => channel.postMessage({ told: data.ask, value });
  if (data?.blob instanceof Blob) tell(URL.createObjectURL(data.blob));
  else if (typeof data?.text === "string") tell(copy(data.text));
  else if (data?.keep instanceof File) tell(kept.set(data.id, data.keep).size);
  else if (typeof data?.kept === "string") tell(kept.get(data.kept));
  else if (typeof data?.forget === "string") tell(kept.delete(data.forget));
  else if (Array.isArray(data?.fetch)) tell(fetchPatiently(data.fetch));
};

// Files that are shared where the person has them, by item. As long as this page holds one, it can be read, although the
// permission to open it may have ended, and also by a worker that starts later.
const kept = new Map();

// Fetches with the rights of the extension, as a page of the web does with its own. The browser ends a worker that waits for
// an answer, and not a page.
function fetchPatiently(job) {
  import("./inpage.js").then(({ inpage }) => inpage(...job)).catch(console.error);
  return true;
}

// `navigator.clipboard` wants a page that has the focus, which this one never has.
function copy(text) {
  const area = document.createElement("textarea");
  document.body.append(area);
  area.value = text;
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}

// Passes on the port through which the extension's worker talks to the file worker.
const files = new Worker("files.js", { type: "module" });
navigator.serviceWorker.onmessage = ({ data, ports }) => {
  if (data === "files") files.postMessage(data, ports);
};
