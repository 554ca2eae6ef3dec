// What the notifications say. The system draws them, in its own way; the titles, texts and buttons are the worker's.
import languages from "./languages.js";
import notices from "./notices_said.js";
import { given, show } from "./specimen.js";

const lang = given.get("lang");
Object.assign(document.documentElement, { lang, dir: languages[lang] });
document.documentElement.dataset.theme = given.get("theme");

const made = (name, what, ...within) => {
  const element = Object.assign(document.createElement(name), what);
  element.append(...within);
  return element;
};
document.querySelector("main").append(...notices[lang].map(({ title, text, buttons }) =>
  made("article", {},
    made("img", { src: "icons/128.png", alt: "" }),
    made("div", {},
      made("h1", { textContent: title }),
      made("p", { textContent: text }),
      made("p", { className: "buttons", hidden: buttons.length === 0 },
        ...buttons.map((textContent) => made("button", { type: "button", textContent })))))));
show();
