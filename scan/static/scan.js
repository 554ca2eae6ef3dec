// Reads the QR codes in the pictures that a page hands over. Everything else is Rust (crate `scan`).
import init, { read } from "./wasm/scan.js";

// A program that panics never answers: it has found nothing, and the page need not wait for more.
onerror = onunhandledrejection = () => postMessage("");
const ready = init();
onmessage = async ({ data }) => {
  await ready;
  postMessage(await read(data));
};
