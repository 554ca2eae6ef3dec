// Does what a service worker cannot: it makes blob URLs and runs the file worker. Firefox does not
// load this file, because its background page does both itself (`web/src/browser/firefox.rs`).

// Makes blob URLs. Requests arrive on a channel that only this extension's own pages and worker can
// open. The URLs are revoked when this page is closed.
const channel = new BroadcastChannel("fluence-offscreen");
channel.onmessage = ({ data }) => {
  if (typeof data?.make === "string" && data.blob instanceof Blob) {
    channel.postMessage({ made: data.make, url: URL.createObjectURL(data.blob) });
  }
};

// Passes on the port through which the extension's worker talks to the file worker.
const files = new Worker("files.js", { type: "module" });
navigator.serviceWorker.onmessage = ({ data, ports }) => {
  if (data === "files") files.postMessage(data, ports);
};
