// Reads the QR codes in the pictures that a page hands over. Everything else is Rust (crate `scan`).
import init, { read } from "./wasm/scan.js";

const ready = init();
onmessage = async ({ data }) => {
  await ready;
  postMessage(await read(data));
};
