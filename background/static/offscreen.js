// Makes blob URLs, which a service worker cannot: asked over a channel that only this extension's own pages and worker
// can open. The URLs go when this page is closed. In Firefox the background page loads this file itself.
const channel = new BroadcastChannel("fluence-offscreen");
channel.onmessage = ({ data }) => {
  if (typeof data?.make === "string" && data.blob instanceof Blob) {
    channel.postMessage({ made: data.make, url: URL.createObjectURL(data.blob) });
  }
};
