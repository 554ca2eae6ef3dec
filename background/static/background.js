// What must stand in JavaScript: a worker's listeners are registered before anything is awaited, and what comes before
// the wasm is ready waits. All else is Rust.
import init, { start, deliver } from "./wasm/background.js";
import { inpage } from "./inpage.js";

const api = globalThis.browser ?? globalThis.chrome;
globalThis.api = api;
globalThis.inpage = inpage;

// Events that wait for the wasm, at most; it is there within a second.
const MAX_WAITING = 1000;
let waiting = [];

function event(kind, ...details) {
  if (waiting === null) deliver(kind, details);
  else if (waiting.length < MAX_WAITING) waiting.push([kind, details]);
}
const to = (kind) => (...details) => event(kind, ...details);

// After a panic nothing in the wasm can be relied on: the extension starts anew, unless it did so a short while ago.
const RESTART_AFTER_MS = 10 * 60 * 1000;
globalThis.crashed = async (message) => {
  console.error(message);
  const { crashed = 0 } = await api.storage.local.get("crashed");
  if (Date.now() - crashed > RESTART_AFTER_MS) {
    await api.storage.local.set({ crashed: Date.now() });
    api.runtime.reload();
  } else {
    failed(message);
  }
};
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

// A face hands files over here; its messages would be lost if nobody listened while the wasm starts.
const handover = new BroadcastChannel("fluence-handover");
handover.onmessage = ({ data }) => event("files", data, handover);

// Without the worker nothing works: where it cannot start, the badge says so.
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
