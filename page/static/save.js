// Answers the address of a save with the bytes that the page sends, so that the browser writes them to the disk as they
// come and nothing holds all of them.
const saves = new Map();

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("message", ({ data, ports: [port] }) => {
  // Anything else only keeps this worker alive.
  if (!data?.id || !port) return;
  saves.set(data.id, { name: data.name, size: data.size, port });
  port.postMessage("ready");
});

addEventListener("fetch", (event) => {
  const id = new URL(event.request.url).pathname.split("/").pop();
  const save = saves.get(id);
  saves.delete(id);
  event.respondWith(save ? answer(save) : new Response("There is nothing to save here.", { status: 404 }));
});

function answer({ name, size, port }) {
  // The page sends one piece each time that it is asked for more.
  const body = new ReadableStream({
    start(controller) {
      port.onmessage = ({ data }) => {
        if (data instanceof Uint8Array) {
          controller.enqueue(data);
        } else if (data === "end") {
          controller.close();
        } else {
          controller.error(new Error("The page gave up."));
        }
      };
    },
    pull: () => port.postMessage("more"),
    cancel: () => port.postMessage("cancelled"),
  });
  // RFC 8187 allows less unescaped than encodeURIComponent leaves.
  const escaped = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  return new Response(body, {
    headers: {
      "content-type": "application/octet-stream",
      "content-disposition": `attachment; filename*=UTF-8''${escaped}`,
      ...(size === undefined ? {} : { "content-length": `${size}` }),
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
    },
  });
}
