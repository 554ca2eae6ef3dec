// What a service worker has not: blob URLs, and the file worker. In Firefox the background page loads this file itself.

// Makes blob URLs: asked over a channel that only this extension's own pages and worker can open. The URLs go when this
// page is closed.
const channel = new BroadcastChannel("fluence-offscreen");
channel.onmessage = ({ data }) => {
  if (typeof data?.make === "string" && data.blob instanceof Blob) {
    channel.postMessage({ made: data.make, url: URL.createObjectURL(data.blob) });
  }
};

// Passes on the port over which the extension's worker asks the file worker.
const files = new Worker("files.js", { type: "module" });
navigator.serviceWorker.onmessage = ({ data, ports }) => {
  if (data === "files") files.postMessage(data, ports);
};
