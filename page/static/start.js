// Starts the WebAssembly program. Everything else is Rust.
import init from "./page.js";
import { speak } from "./words.js";

// The program is fetched while the words are.
const module_or_path = fetch(new URL("page_bg.wasm", import.meta.url));
speak(navigator.languages)
  .then(() => init({ module_or_path }))
  .catch((why) => {
    console.error("The page could not start", why);
    // Without the program there are no words in another language.
    document.getElementById("state").textContent =
      `This page could not start (${why?.message ?? why}). It needs a current browser; reload it to try again.`;
  });
