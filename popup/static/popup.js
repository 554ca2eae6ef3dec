// Takes a link out of the address, and starts the WebAssembly program. Everything else is Rust, but for what is seen before
// (first.js).
import { api } from "./api.js";
import { onLanguage, speakAsChosen } from "./language.js";
import init from "./wasm/popup.js";

// A link may have a key in it, so neither the history nor a page that is loaded again has it.
const address = new URL(location.href);
const link = address.searchParams.get("link");
if (link !== null) {
  sessionStorage.setItem("link", link);
  address.searchParams.delete("link");
  history.replaceState(null, "", address);
}

const boot = document.getElementById("boot");
boot.textContent = api.i18n.getMessage("starting");
onLanguage(() => {});

// The program is fetched while the words are.
const module_or_path = fetch(new URL("wasm/popup_bg.wasm", import.meta.url));
speakAsChosen()
  .then(() => init({ module_or_path }))
  .catch((why) => {
    console.error("The page could not start", why);
    document.querySelector(".first")?.remove();
    boot.textContent = api.i18n.getMessage("page_failed", [`${why?.message ?? why}`]);
  });
