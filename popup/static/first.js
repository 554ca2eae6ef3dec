// What is seen before the program is here, which has to be fetched and compiled first: the theme, and a picture of the list as
// it was when it was seen last. The program takes the picture away once it has its own list (popup/src/browser.rs).
(() => {
  // The program forgets the picture under the same key (popup/src/preferences.rs).
  const KEY = "picture";
  // As many rows as are seen without scrolling, and the most characters that are kept.
  const ROWS = 16;
  const MOST = 100_000;
  // How long after a change a picture is taken, in milliseconds.
  const SOON = 1_000;
  // What a picture is made of. A name in it is text, and nothing in it is an address of anything but our icons.
  const SVG = new Set(["svg", "use"]);
  const TAGS = new Set([...SVG, ..."bdi button div form h1 h2 header img input label li main option p progress section select span strong ul".split(" ")]);
  const NAMES = ["class", "type", "placeholder", "dir", "width", "height", "max", "value", "disabled", "checked", "aria-pressed"];
  const ICON = { img: ["src", "icons/mark.svg"], use: ["href", "#icon-"] };
  // What may not be so any more, what was opened, and what is not on the page yet when the program begins.
  const LEFT_OUT = `.unseen, .gap, .list > :nth-child(n + ${ROWS + 1}), .behind, .menu, .curtain, dialog, .state,
    .meta > :not([data-testid=item-size], [data-testid=item-files], [data-testid=item-private-mark]), [data-testid=filter-page] > .count,
    .item > :not(.picture, .about, .tools, button, .under:not(.question), .trouble), .question, .picture > img,
    .give > :not(.field, .tools), main > :not(.give, .items, [data-testid=paused], .room)`;

  const root = document.documentElement;
  const face = document.getElementById("face");
  const version = (globalThis.browser ?? globalThis.chrome)?.runtime?.getManifest?.().version;
  const given = new URLSearchParams(location.search).get("view");
  // The program goes by the same width (popup/src/browser.rs).
  const view = given ?? (innerWidth > 800 ? "tab" : "popup");

  const take = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    const name = node.localName === "a" ? "span" : node.localName;
    if (!TAGS.has(name) || node.matches(LEFT_OUT)) return undefined;
    const values = {};
    for (const key of NAMES) if (node.hasAttribute(key)) values[key] = node.getAttribute(key);
    const [key] = ICON[name] ?? [];
    if (key) values[key] = node.getAttribute(key);
    if (node.checked) values.checked = "";
    // Who has what is known to a running worker alone, and thumbnails come from it.
    if (node.matches(".network")) return [name, { class: "network starting" }];
    if (node.matches("img.picture")) return ["span", { class: "picture" }];
    return [name, values, ...[...node.childNodes].map(take).filter((part) => part !== undefined)];
  };

  const make = (part) => {
    if (typeof part === "string") return document.createTextNode(part);
    const [name, values, ...parts] = part;
    if (!TAGS.has(name)) throw new Error("this is no part of a picture");
    const element = SVG.has(name) ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
    for (const key of NAMES) if (Object.hasOwn(values, key)) element.setAttribute(key, values[key]);
    const [key, begins] = ICON[name] ?? [];
    if (key && values[key]?.startsWith(begins)) element.setAttribute(key, values[key]);
    element.append(...parts.map(make));
    return element;
  };

  const show = () => {
    const kept = JSON.parse(localStorage.getItem(KEY));
    if (kept === null || version === undefined || kept.version !== version || kept.view !== view) return;
    const picture = document.createElement("div");
    picture.className = "first";
    picture.inert = true;
    picture.ariaHidden = "true";
    picture.append(make(kept.face));
    Object.assign(root, { lang: kept.lang, dir: kept.dir });
    root.dataset.view = view;
    face.after(picture);
    // Whoever is quicker than the program sees what they do.
    const end = () => picture.remove();
    for (const act of ["pointerdown", "keydown"]) addEventListener(act, end, { capture: true, once: true });
  };

  const keep = () => {
    // The program says when the list is whole, and when something in it is being removed.
    if (root.dataset.list !== "whole" || version === undefined) return;
    const { lang, dir } = root;
    const text = JSON.stringify({ version, view: root.dataset.view, lang, dir, face: take(face.firstElementChild) });
    if (text.length <= MOST && text !== localStorage.getItem(KEY)) localStorage.setItem(KEY, text);
  };

  // A browser that keeps nothing, or something else than was kept, shows no picture.
  const tried = (what) => () => {
    try {
      what();
    } catch (why) {
      console.warn("There is no picture of the list", why);
    }
  };

  tried(() => {
    root.dataset.theme = JSON.parse(localStorage.getItem("theme")) ?? "auto";
  })();
  tried(show)();
  let waits = false;
  const observer = new MutationObserver(() => {
    if (waits) return;
    waits = true;
    setTimeout(() => {
      waits = false;
      requestIdleCallback(tried(keep));
    }, SOON);
  });
  observer.observe(face, { subtree: true, childList: true, characterData: true });
  // That it has become whole changes nothing in it.
  observer.observe(root, { attributeFilter: ["data-list"] });
  addEventListener("pagehide", tried(keep));
})();
