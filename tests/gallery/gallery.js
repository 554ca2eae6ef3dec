// The page of the gallery: a frame for each specimen. `?show=NAME` shows one alone, `&lang=TAG` in a language, and
// `&theme=light` or `dark`; the size of the frame can then be changed as that of a window.
import languages from "./languages.js";
import specimens from "./specimens.js";

const root = document.documentElement;
const main = document.querySelector("main");
const form = document.querySelector("form");
const given = new URLSearchParams(location.search);
const one = given.get("show");
const chosen = { theme: given.get("theme") ?? "light", lang: given.get("lang") ?? "en" };

// What is no page of the extension has one of its own.
const pages = { link: "link.html", notices: "notices.html" };
const address = ({ name, view, fragment }) =>
  `${pages[view] ?? "popup.html"}?${new URLSearchParams({ view, specimen: name, ...chosen })}${fragment}`;

const make = (specimen) => {
  const { name, title, width, height } = specimen;
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = title;
  const frame = document.createElement("iframe");
  Object.assign(frame, { title, width, height, src: address(specimen) });
  frame.dataset.name = name;
  if (one === null) frame.loading = "lazy";
  figure.append(caption, frame);
  return figure;
};

// A specimen tells when it is shown as it is meant to be (`stand_in.js`). Its frame becomes as high as it is.
addEventListener("shown", ({ detail: name }) => {
  const frame = document.querySelector(`iframe[data-name="${name}"]`);
  frame.height = Math.max(frame.height, frame.contentDocument.documentElement.scrollHeight);
  root.dataset.shown = name;
});

const hang = () => {
  root.dataset.theme = chosen.theme;
  delete root.dataset.shown;
  const wanted = specimens.filter(({ name }) => one === null || name === one);
  main.replaceChildren(...wanted.map(make));
};

form.lang.append(...Object.keys(languages).map((tag) => new Option(tag)));
for (const field of [form.theme, form.lang]) {
  field.value = chosen[field.name];
  field.addEventListener("change", () => {
    chosen[field.name] = field.value;
    hang();
  });
}
if (one !== null) root.dataset.one = "";
hang();
