// The page of web links as a specimen: it speaks the language of the gallery, and its node is the server of the gallery, which
// has made-up files.
import { given, show, specimen } from "./specimen.js";

document.documentElement.dataset.theme = given.get("theme");
Object.defineProperty(navigator, "languages", { value: [given.get("lang")] });

if (specimen.worker === "away") {
  const real = fetch;
  globalThis.fetch = (what, how) => (`${what}`.startsWith("/ipfs/") ? new Promise(() => {}) : real(what, how));
}
show();
