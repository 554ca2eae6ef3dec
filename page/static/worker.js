// Answers addresses of this page with the bytes that the page sends: what the browser saves is written to the disk as it
// comes, and what it plays is read from wherever it is wanted. Nothing holds all of a file.
const ADDRESSES = "/page/bytes/";
const saves = new Map();
// After this many bytes the browser is reminded to collect the pieces, by a buffer that counts but occupies no memory. Else
// hundreds of megabytes of them pile up.
const GATHERED = 16 << 20, REMINDER = 80 << 20;
let gathered = 0;

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("message", (event) => {
  const { data, ports: [port] } = event;
  // A page that was loaded past this worker, as by a forced reload, is taken over when it asks for that.
  if (data === "claim") event.waitUntil(clients.claim());
  // Anything else only keeps this worker alive.
  if (!data?.id || !port) return;
  saves.set(data.id, { name: data.name, size: data.size, port });
  port.postMessage("ready");
});

addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (!pathname.startsWith(ADDRESSES)) return;
  const id = pathname.slice(ADDRESSES.length);
  const save = saves.get(id);
  saves.delete(id);
  event.respondWith(save ? saved(save) : shown(event, id));
});

function nothing() {
  return new Response("There is nothing here.", { status: 404 });
}

function saved({ name, size, port }) {
  // RFC 8187 allows less unescaped than encodeURIComponent leaves.
  const escaped = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  return answer(port, 200, {
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename*=UTF-8''${escaped}`,
    ...(size === undefined ? {} : { "content-length": `${size}` }),
  });
}

async function shown({ request, clientId }, id) {
  const page = await clients.get(clientId);
  // These bytes are given to a player or a picture of the page that has them, and are never a page themselves.
  if (!page || !["audio", "image", "video"].includes(request.destination)) return nothing();
  const range = request.headers.get("range");
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "bytes=0-") ?? [];
  if (from === undefined) return nothing();
  const { port1, port2 } = new MessageChannel();
  const found = new Promise((resolve) => { port1.onmessage = ({ data }) => resolve(data); });
  page.postMessage({ id, from: Number(from), to: to ? Number(to) + 1 : undefined }, [port2]);
  const { type, size, end } = await found;
  if (type === undefined) return nothing();
  return answer(port1, range ? 206 : 200, {
    "content-type": type,
    "content-length": `${end - from}`,
    "accept-ranges": "bytes",
    "cache-control": "no-store",
    ...(range ? { "content-range": `bytes ${from}-${end - 1}/${size}` } : {}),
  });
}

function answer(port, status, headers) {
  // The page sends one piece each time that it is asked for more, and is asked for one at a time.
  let arrived;
  const body = new ReadableStream({
    start(controller) {
      port.onmessage = ({ data }) => {
        if (data instanceof Uint8Array) {
          gathered += data.byteLength;
          controller.enqueue(data);
          if (gathered >= GATHERED) {
            gathered = 0;
            new ArrayBuffer(REMINDER);
          }
        } else if (data === "end") {
          controller.close();
        } else {
          controller.error(new Error("The page gave up."));
        }
        arrived?.();
      };
    },
    pull: () => new Promise((resolve) => {
      arrived = resolve;
      port.postMessage("more");
    }),
    cancel: () => port.postMessage("cancelled"),
  });
  return new Response(body, {
    status,
    headers: {
      ...headers,
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
    },
  });
}
