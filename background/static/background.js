// The part of the worker that has to be JavaScript: its listeners must be registered before anything is awaited, and events
// that come before the WebAssembly is ready have to wait. Everything else is Rust.
import init, { start, deliver } from "./wasm/background.js";
import { inpage } from "./inpage.js";

const api = globalThis.browser ?? globalThis.chrome;
globalThis.api = api;
globalThis.inpage = inpage;

// The most events that wait for the WebAssembly, which is ready within a second.
const MAX_WAITING = 1000;
let waiting = [];

function event(kind, ...details) {
  if (waiting === null) deliver(kind, details);
  else if (waiting.length < MAX_WAITING) waiting.push([kind, details]);
}
const to = (kind) => (...details) => event(kind, ...details);

// After a panic nothing in the WebAssembly can be relied on, so the extension is restarted, unless that happened a short
// while ago. Where the time of the last restart cannot be read or noted, it is not: it might be restarted for ever.
const RESTART_AFTER_MS = 10 * 60 * 1000;
globalThis.crashed = async (message) => {
  console.error(message);
  try {
    const now = Date.now();
    const { crashed } = await api.storage.local.get("crashed");
    // A time in the future is that of a clock that was set back, and what is no number is no time.
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

// The only words that stand here: without the WebAssembly there are no others.
function failed(why) {
  api.action.setBadgeText({ text: "!" });
  api.action.setTitle({ title: `Fluence does not work: ${why?.message ?? why}. Restart the browser.` });
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
api.contextMenus.onClicked.addListener(to("menu"));
api.alarms.onAlarm.addListener(to("alarm"));
api.downloads.onChanged.addListener(to("download"));
api.notifications.onClicked.addListener(to("notification"));
api.permissions.onAdded.addListener(to("permission"));
globalThis.addEventListener("online", () => event("online"));

// Faces hand files over on this channel. Their messages would be lost if nothing listened while the WebAssembly starts.
const handover = new BroadcastChannel("fluence-handover");
handover.onmessage = ({ data }) => event("files", data, handover);

// Without the worker nothing works. Where it cannot start, the badge says so.
init()
  .then(start)
  .then(() => {
    const early = waiting;
    waiting = null;
    for (const [kind, details] of early) deliver(kind, details);
  })
  .catch((why) => {
    console.error("Fluence could not start", why);
    failed(why);
  });
