// Stands in for the browser's extension API in a specimen of the gallery: the messages and answers of the worker are made up
// (`tests/src/gallery.rs`), and the time is always the same. Everything that is shown is the extension's own program.
import { given, show, specimen } from "./specimen.js";

// Fields, filters and themes of other specimens are not remembered.
localStorage.clear();
localStorage.setItem("theme", JSON.stringify(given.get("theme")));
document.documentElement.dataset.theme = given.get("theme");

// It is always the same moment, and the same time of day whatever the time zone.
const Real = Date;
const moment = specimen.now;
const zone = new Real(moment).getTimezoneOffset() * 60_000;
globalThis.Date = class extends Real {
  constructor(...when) {
    super((when.length ? Number(when[0]) : moment) + zone);
  }
  static now() {
    return moment;
  }
};

// A worker that is still starting does so for as long as one looks.
if (specimen.worker === "starts") {
  const later = setTimeout;
  globalThis.setTimeout = (what, ms = 0) => (ms < 10_000 ? later(what, ms) : 0);
}

// The bytes of a file, as the worker hands them over.
const give = async (key) => {
  const bytes = await fetch(specimen.gives);
  const channel = new BroadcastChannel("fluence-handover");
  channel.postMessage({ told: key, blob: await bytes.blob(), part: specimen.is_part });
  channel.close();
};

const nothing = { addListener() {} };
const connect = () => {
  if (specimen.worker === "away") throw new Error("There is no worker.");
  const listeners = [];
  let ended = () => {};
  // As over a port, everything is a copy, and comes later.
  const tell = (message) => setTimeout(() => listeners.forEach((listener) => listener(structuredClone(message))));
  // For tests in which the worker answers late.
  const asked = [];
  globalThis.worker = { asked, tell };
  return {
    name: "face",
    onMessage: { addListener: (listener) => listeners.push(listener) },
    onDisconnect: { addListener: (listener) => (ended = listener) },
    disconnect() {},
    postMessage({ number, command: { command, ...values } }) {
      asked.push({ number, command, ...values });
      if (command === "show" && specimen.gives) give(values.key);
      if (command === "watch") {
        specimen.messages.splice(0).forEach(tell);
        if (specimen.worker === "ends") setTimeout(() => ended());
      } else if (specimen.answers[command]) {
        tell({ type: "answer", number, answer: specimen.answers[command] });
      }
    },
  };
};

const api = {
  action: {},
  commands: { getAll: async () => specimen.keys },
  downloads: { search: async () => [] },
  i18n: { getMessage: () => "", getUILanguage: () => given.get("lang") },
  permissions: { getAll: async () => ({ origins: specimen.origins }) },
  runtime: { id: "gallery", connect, getURL: (path) => path, getManifest: () => ({ version: "1.0.0" }) },
  scripting: {
    async executeScript() {
      if (!specimen.links) throw new Error("This page cannot be read.");
      return [{ result: specimen.links }];
    },
  },
  storage: {
    local: { get: async () => ({}), onChanged: nothing },
    session: { get: async (key) => ({ [key]: specimen.remembered ?? undefined }), remove: async () => {} },
  },
  tabs: { query: async () => [{ id: 1, url: specimen.page }], get: async () => ({ id: 1, url: specimen.page }) },
};
// By these the program tells the browsers apart.
if (navigator.userAgent.includes("Firefox/")) api.sidebarAction = {};
else Object.assign(api, { offscreen: {}, sidePanel: {} });
Object.defineProperty(globalThis, "browser", { value: api });

show();
