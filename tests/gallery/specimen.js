// What the pages of the gallery have in common: which specimen is shown, what a person does until it looks as it is meant to,
// and that it is said when it does.
import specimens from "./specimens.js";

export const given = new URLSearchParams(location.search);
export const specimen = specimens.find(({ name }) => name === given.get("specimen"));

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
  async show(element, [url, name]) {
    const bytes = await (await fetch(url)).arrayBuffer();
    const data = new DataTransfer();
    data.items.add(new File([bytes], name, { type: "image/png" }));
    element.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  },
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
// A screen reader has all of the page, but for fields whose labels have to be seen.
style.textContent = `* { caret-color: transparent; }
  [data-aside] textarea { display: none; }
  [data-aside] { position: absolute !important; width: 1px !important; min-height: 0 !important; height: 1px !important; padding: 0 !important; }`;
// Of one that is shown alone a picture is taken, in which nothing moves.
if ("one" in parent.document.documentElement.dataset)
  style.textContent += "*, ::before, ::after { animation: none !important; transition: none !important; }";
document.head.append(style);

// Does what a person does, and says when the specimen is shown.
export const show = async () => {
  for (const [act, selector, value] of specimen.acts) {
    await acts[act](await found(selector), value);
    await drawn();
  }
  await found(specimen.shows);
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  // A component is shown alone, in the place that it has on its page.
  if (specimen.part) {
    for (let part = await found(specimen.part); part !== document.body; part = part.parentElement)
      for (const other of part.parentElement.children) if (other !== part) {
        other.classList.add("unseen");
        other.toggleAttribute("data-aside", true);
      }
    // What was placed beside something has another place now.
    dispatchEvent(new Event("resize"));
  }
  await drawn();
  parent.dispatchEvent(new parent.CustomEvent("shown", { detail: specimen.name }));
};
