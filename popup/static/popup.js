// Shows the page as the person chose it before the first paint, and starts the wasm. All else is Rust.
import init from "./wasm/popup.js";

globalThis.api = globalThis.browser ?? globalThis.chrome;

try {
  document.documentElement.dataset.theme = JSON.parse(localStorage.getItem("theme")) ?? "auto";
} catch {
  // Nothing was chosen, or nothing is kept: as the system has it.
}

init().catch((why) => {
  console.error("The page could not start", why);
  const boot = document.getElementById("boot");
  if (boot) boot.textContent = `Fluence Share could not start (${why?.message ?? why}). Restart the browser, or install the extension again.`;
});
