// Applies the theme before the first paint, and starts the WebAssembly program. Everything else is Rust.
import "./api.js";
import init from "./wasm/popup.js";

try {
  document.documentElement.dataset.theme = JSON.parse(localStorage.getItem("theme")) ?? "auto";
} catch {
  // The theme cannot be read, so the page follows the system.
}

init().catch((why) => {
  console.error("The page could not start", why);
  const boot = document.getElementById("boot");
  if (boot) boot.textContent = `Fluence Share could not start (${why?.message ?? why}). Restart the browser, or install the extension again.`;
});
