// Starts the WebAssembly program. Everything else is Rust.
import init from "./page.js";

init().catch((why) => {
  console.error("The page could not start", why);
  document.getElementById("state").textContent =
    `This page could not start (${why?.message ?? why}). It needs a current browser; reload it to try again.`;
});
