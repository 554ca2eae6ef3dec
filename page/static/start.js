// Starts the WebAssembly program. Everything else is Rust.
import init from "./page.js";
import languages, { failed } from "./languages.js";
import { choose, speak } from "./words.js";

// The program is fetched while the words are.
const module_or_path = fetch(new URL("page_bg.wasm", import.meta.url));
speak(navigator.languages)
  .then(() => init({ module_or_path }))
  // Browsers write down to which address an icon belongs, and the program has taken the key out of the address by now.
  .then(() => {
    const icon = { rel: "icon", type: "image/svg+xml", href: "/page/mark.svg" };
    document.head.append(Object.assign(document.createElement("link"), icon));
  })
  .catch((why) => {
    console.error("The page could not start", why);
    // Neither the program nor its words may be here.
    const language = choose(navigator.languages).split("-")[0].toLowerCase();
    Object.assign(document.documentElement, { lang: language, dir: languages[language] });
    document.getElementById("state").textContent = failed[language].replace("$WHY$", () => `${why?.message ?? why}`);
  });
