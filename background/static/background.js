// The part of the worker that has to be JavaScript: its listeners must be registered before
// anything is awaited, and events that arrive before the WebAssembly is ready have to wait.
// Everything else is Rust.
import { api } from "./api.js";
import { onLanguage, speakAsChosen } from "./language.js";
import init, { start, deliver } from "./wasm/background.js";
import { inpage } from "./inpage.js";

globalThis.inpage = inpage;

// The words are fetched while the WebAssembly is.
const speaking = speakAsChosen();

// The largest number of events that wait for the WebAssembly, which is ready within a second.
const MAX_WAITING = 1000;
let waiting = [];

function event(kind, ...details) {
  if (waiting === null) deliver(kind, details);
  else if (waiting.length < MAX_WAITING) waiting.push([kind, details]);
}
const to = (kind) => (...details) => event(kind, ...details);

// After a panic nothing in the WebAssembly can be relied on, so the extension is restarted, unless
// it was restarted a short while ago. It is not restarted either if the time of the last restart
// cannot be read or stored, because it might then be restarted over and over.
const RESTART_AFTER_MS = 10 * 60 * 1000;
globalThis.crashed = async (message) => {
  console.error(message);
  try {
    const now = Date.now();
    const { crashed } = await api.storage.local.get("crashed");
    // A time in the future means that the clock was set back. Anything but a number is not a time.
    const recent = typeof crashed === "number" && crashed <= now && now - crashed <= RESTART_AFTER_MS;
    if (!recent) {
      await api.storage.local.set({ crashed: now });
      api.runtime.reload();
      return;
    }
  } catch (why) {
    console.error(why);
  }
  failed(message);
};

// This is the only message outside the WebAssembly, because without it there are no others. It is in the language of the
// browser.
let broken = false;
function failed(why) {
  broken = true;
  api.action.setBadgeText({ text: "!" });
  api.action.setTitle({ title: api.i18n.getMessage("worker_failed", [`${why?.message ?? why}`]) });
}

// Asks the person to let the extension read from the site of what was clicked on, unless it is that of the page, which
// the click itself permits, or its server lets everybody read it. The browser asks only while it handles the click. In
// Chromium the callback of a function of the browser still belongs to the click, but no second one after it, and no
// promise. In Firefox nothing does that comes later, so it asks without looking first. Where the person has permitted it
// before, the browser answers at once.
function ask({ srcUrl, mediaType, linkUrl, selectionText, frameUrl, pageUrl, frameId }, tab) {
  if (mediaType && !srcUrl) return undefined;
  const url = srcUrl || linkUrl || (selectionText ? undefined : frameUrl || pageUrl);
  let origins;
  let strange;
  try {
    const { protocol, hostname, origin } = new URL(url);
    const page = new URL(pageUrl).origin;
    if (!/^https?:$/.test(protocol) || origin === page) return undefined;
    origins = [`${protocol}//${hostname}/*`];
    // The click permits nothing in a frame of another site. (A frame without an address has the origin of its parent.)
    strange = /^https?:/.test(frameUrl) && new URL(frameUrl).origin !== page;
  } catch {
    return undefined;
  }
  if (!api.offscreen) return api.permissions.request({ origins }).catch(() => undefined);
  return new Promise((resolve) => {
    const request = () =>
      api.permissions.request({ origins }, (may) => resolve(api.runtime.lastError ? undefined : may));
    if (strange) return request();
    try {
      const target = { tabId: tab.id, frameIds: [frameId ?? 0] };
      const look = (answer) =>
        api.scripting.executeScript({ target, func: inpage, args: ["readable", url] }, (results) =>
          answer(results?.[0]?.result === true, api.runtime.lastError?.message),
        );
      look((may, why) => {
        if (may) resolve(undefined);
        // The click permits this, but Chromium may tell of the click a moment before it grants what the click permits. It asks
        // in no second callback; if the server does not let everybody read it, the row asks.
        else if (/must request permission/.test(why)) look(() => resolve(undefined));
        else request();
      });
    } catch {
      request();
    }
  });
}

// The browser tells of a click once, and a worker may be killed before the click is in the list. So each is written down at
// once, for the session, under a key of its own, until it is there, and the next worker goes on with it. What is kept for a
// session may have 10 MB altogether, not only in clicks, and a picture whose address contains it may have more. Of such a
// click it is written down that there was one, so that the next worker can say that it is lost.
const CLICK = "click:";
const MAX_CLICKS = 1000;
const MAX_CLICK_BYTES = 8_000_000;
// The writing of each click, and its size.
const clicks = new Map();
let clickBytes = 0;
const earlier = api.storage.session.get(null).then(
  // Without those of this worker, which has them already.
  (found) => Object.entries(found).filter(([key]) => key.startsWith(CLICK) && !clicks.has(key)),
  (why) => {
    console.error(why);
    return [];
  },
);

function keep(key, click) {
  // This worker has it all the same.
  if (clicks.size >= MAX_CLICKS) return;
  const write = (click) => api.storage.session.set({ [key]: click });
  const lost = () => write({ isLost: true });
  const size = JSON.stringify(click).length;
  const fits = clickBytes + size <= MAX_CLICK_BYTES;
  const written = fits ? write(click).catch(lost) : lost();
  clicks.set(key, { size: fits ? size : 0, written: written.catch(console.error) });
  clickBytes += fits ? size : 0;
}

// The click is in the list, with all that is needed of it.
function listed(key) {
  const { size, written } = clicks.get(key) ?? { size: 0 };
  clicks.delete(key);
  clickBytes -= size;
  Promise.resolve(written)
    .then(() => api.storage.session.remove(key))
    .catch(console.error);
}

function click(info, tab) {
  // This comes first, because the browser asks only while it handles the click.
  const asked = ask(info, tab);
  // Whoever clicks is to see at once that this was noticed. What is so the WebAssembly shows as soon as it runs.
  if (waiting !== null && !broken) api.action.setBadgeText({ text: "…" });
  const key = CLICK + crypto.randomUUID();
  const { id, title, cookieStoreId } = tab ?? {};
  keep(key, { info, tab: { id, title, cookieStoreId }, at: Date.now() });
  event("menu", info, tab, asked, () => listed(key), undefined, key);
}

let ports = 0;
api.runtime.onConnect.addListener((port) => {
  const id = ++ports;
  port.onMessage.addListener((message) => event("message", id, message));
  port.onDisconnect.addListener(() => event("disconnect", id));
  event("connect", id, port);
});
api.runtime.onInstalled.addListener(to("installed"));
api.runtime.onStartup.addListener(to("startup"));
// The browser installs an update when the extension restarts, which without this would be when the browser does.
api.runtime.onUpdateAvailable.addListener(to("update"));
api.contextMenus.onClicked.addListener(click);
api.omnibox.onInputStarted.addListener(to("typing"));
api.omnibox.onInputChanged.addListener(to("typed"));
api.omnibox.onInputEntered.addListener(to("entered"));
api.commands.onCommand.addListener(to("key"));
api.alarms.onAlarm.addListener(to("alarm"));
api.downloads.onChanged.addListener(to("download"));
api.notifications.onClicked.addListener(to("notification"));
// Firefox has no buttons in notifications; the list of files has the same ones.
api.notifications.onButtonClicked?.addListener(to("decision"));
api.permissions.onAdded.addListener(to("permission"));
onLanguage(to("language"));
globalThis.addEventListener("online", () => event("online"));

// Faces hand over files on this channel. Their messages would be lost if nothing listened while the
// WebAssembly starts.
const handover = new BroadcastChannel("fluence-handover");
handover.onmessage = ({ data }) => event("files", data, handover);

// Nothing works without the worker, so the badge says so if it cannot start.
init()
  .then(() => Promise.all([earlier, speaking]))
  .then(async ([left]) => {
    await start(left.filter(([, { isLost }]) => !isLost).map(([key]) => key));
    const early = waiting;
    waiting = null;
    for (const [kind, details] of early) deliver(kind, details);
    for (const [key, { info, tab, at, isLost }] of left)
      if (isLost) deliver("lost", [key, () => listed(key)]);
      else deliver("menu", [info, tab, undefined, () => listed(key), at, key]);
  })
  .catch((why) => {
    console.error("Fluence could not start", why);
    failed(why);
  });
