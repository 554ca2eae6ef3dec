// `scripting.executeScript` runs this function in a page, isolated from the page's own scripts, for
// what can only be done there. It must not refer to anything outside itself, because the browser
// transfers it as text.
export async function inpage(job, argument, key, range, credentials) {
  const api = globalThis.browser ?? globalThis.chrome;
  // In Firefox this one is the page's: it sends the page's cookies, and the page's address as the origin.
  const fetch = globalThis.content?.fetch ?? globalThis.fetch;

  switch (job) {
    // Returns the selected text with its line breaks.
    case "selection":
      return String(getSelection());

    // Returns the charset in which the page is written, and so its server's headers, too, if they are in no other.
    case "charset":
      return document.characterSet;

    // Returns what the page says of a link with attributes, without which nobody knows what it leads to. As in the browser's
    // own downloads, the name counts only on the page's own site.
    case "link": {
      const link = [...document.links].find(
        (link) => link.href === argument && (link.hasAttribute("download") || link.type),
      );
      if (!link) return null;
      const own = link.origin === location.origin || link.protocol === "data:";
      return { download: link.hasAttribute("download"), name: own ? link.download : "", type: link.type };
    }

    // Returns whether the server lets everybody read what is at an address, if it says so soon.
    case "readable": {
      const abort = new AbortController();
      const late = setTimeout(() => abort.abort(), 1000);
      try {
        return (await fetch(argument, { credentials: "omit", signal: abort.signal })).ok;
      } catch {
        return false;
      } finally {
        clearTimeout(late);
        abort.abort();
      }
    }

    // Fetches as the page would, and passes the bytes on as `data:` URLs, because ports carry JSON.
    // At most four pieces are sent before the worker has taken the first. What comes slowly is not kept until a piece is
    // full, and as long as nothing comes the worker hears that this waits, without which the browser might end it.
    case "fetch": {
      const PIECE = 1 << 20;
      const AHEAD = 4;
      const SLOW_MS = 5000;
      const WAITS_MS = 20000;
      const port = api.runtime.connect({ name: `page:${key}` });
      const abort = new AbortController();
      const waits = setInterval(() => port.postMessage({ waits: true }), WAITS_MS);
      port.onDisconnect.addListener(() => {
        clearInterval(waits);
        abort.abort();
      });
      let room = AHEAD;
      let wake = () => {};
      port.onMessage.addListener(() => {
        room += 1;
        wake();
      });
      const dataUrl = (blob) =>
        new Promise((resolve, reject) => {
          const reader = new FileReader();
          reader.onload = () => resolve(reader.result);
          reader.onerror = () => reject(reader.error);
          reader.readAsDataURL(blob);
        });
      const send = async (parts) => {
        while (room === 0) await new Promise((resolve) => { wake = resolve; });
        room -= 1;
        port.postMessage({ piece: await dataUrl(new Blob(parts)) });
      };
      try {
        const read = (credentials) =>
          fetch(argument, { credentials, headers: range ? { range } : {}, signal: abort.signal });
        // Many a site lets this page read what is there only if it sends no cookies of that site.
        const response = await read(credentials).catch((why) =>
          abort.signal.aborted || credentials !== "include" ? Promise.reject(why) : read("same-origin"),
        );
        clearInterval(waits);
        const head = Object.fromEntries(response.headers);
        port.postMessage({ head: { ...head, url: response.url, status: response.status, type: response.type } });
        let parts = [];
        let size = 0;
        let sent = Date.now();
        for (const reader = response.body?.getReader(); reader; ) {
          const { done, value } = await reader.read();
          if (done) break;
          // Firefox reads ahead of this, and gives all that has come.
          for (let at = 0; at < value.length; at += PIECE) {
            const piece = value.subarray(at, at + PIECE);
            parts.push(piece);
            size += piece.length;
            if (size >= PIECE || Date.now() - sent > SLOW_MS) {
              await send(parts);
              parts = [];
              size = 0;
              sent = Date.now();
            }
          }
        }
        if (size > 0) await send(parts);
        port.postMessage({ end: true });
      } catch (why) {
        clearInterval(waits);
        port.postMessage({ error: String(why) });
      }
      return null;
    }
  }
}
