// Stands in for the browser's extension API in a specimen of the gallery: the messages and answers of the worker are made up
// (`tests/src/gallery.rs`), and the time is always the same. Everything that is shown is the extension's own program.
import specimens from "./specimens.js";

const given = new URLSearchParams(location.search);
const specimen = specimens.find(({ name }) => name === given.get("specimen"));

// Fields, filters and themes of other specimens are not remembered.
localStorage.clear();
localStorage.setItem("theme", JSON.stringify(given.get("theme")));

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

const nothing = { addListener() {} };
const connect = () => {
  if (specimen.worker === "away") throw new Error("There is no worker.");
  const listeners = [];
  let ended = () => {};
  // As over a port, everything is a copy, and comes later.
  const tell = (message) => setTimeout(() => listeners.forEach((listener) => listener(structuredClone(message))));
  return {
    name: "face",
    onMessage: { addListener: (listener) => listeners.push(listener) },
    onDisconnect: { addListener: (listener) => (ended = listener) },
    disconnect() {},
    postMessage({ number, command: { command } }) {
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
    session: { get: async () => ({}), remove: async () => {} },
  },
  tabs: { query: async () => [{ id: 1, url: specimen.page }], get: async () => ({ id: 1, url: specimen.page }) },
};
// By these the program tells the browsers apart.
if (navigator.userAgent.includes("Firefox/")) api.sidebarAction = {};
else Object.assign(api, { offscreen: {}, sidePanel: {} });
Object.defineProperty(globalThis, "browser", { value: api });

// Waits for the first element that a selector finds.
const found = (selector) =>
  new Promise((resolve) => {
    const look = () => {
      const element = document.querySelector(selector);
      if (!element) return;
      observer.disconnect();
      resolve(element);
    };
    const observer = new MutationObserver(look);
    observer.observe(document, { subtree: true, childList: true, attributes: true });
    look();
  });
// Lets the program draw what has happened.
const drawn = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

// What a person does until it looks like this.
const acts = {
  press: (element) => element.click(),
  type(element, text) {
    element.value = text;
    element.dispatchEvent(new InputEvent("input", { bubbles: true }));
  },
  drag: (element) => element.dispatchEvent(transfer("dragover", ["file"])),
  drop: (element, names) => element.dispatchEvent(transfer("drop", names)),
  choose(element, name) {
    element.files = holding([name]).files;
    element.dispatchEvent(new Event("change", { bubbles: true }));
  },
};
const holding = (names) => {
  const data = new DataTransfer();
  for (const name of names) data.items.add(new File([name], name));
  return data;
};
const transfer = (kind, names) =>
  new DragEvent(kind, { dataTransfer: holding(names), bubbles: true, cancelable: true });

const style = document.createElement("style");
// A screen reader has all of the page.
style.textContent = `* { caret-color: transparent; }
  [data-aside] { position: absolute !important; width: 1px !important; min-height: 0 !important; height: 1px !important; padding: 0 !important; }`;
// Of one that is shown alone a picture is taken, in which nothing moves.
if ("one" in parent.document.documentElement.dataset)
  style.textContent += "*, ::before, ::after { animation: none !important; transition: none !important; }";
document.head.append(style);

const show = async () => {
  for (const [act, selector, value] of specimen.acts) {
    acts[act](await found(selector), value);
    await drawn();
  }
  const element = await found(specimen.shows);
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  // A component is shown alone, in the place that it has on its page.
  if (specimen.part) {
    for (let part = await found(specimen.part); part !== document.body; part = part.parentElement)
      for (const other of part.parentElement.children) if (other !== part) {
        other.classList.add("unseen");
        other.toggleAttribute("data-aside", true);
      }
  }
  await drawn();
  parent.dispatchEvent(new parent.CustomEvent("shown", { detail: specimen.name }));
};
show();
