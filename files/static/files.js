// Starts the file worker, or the writer that serves it. Everything else is Rust (crate
// `files`).
import init, { serve, write } from "./wasm/files.js";

const ready = init();
if (location.search === "?writer") {
  // Messages that arrive before it listens have to wait.
  const early = [];
  onmessage = (event) => early.push(event);
  await ready;
  write();
  for (const event of early) onmessage(event);
} else {
  onmessage = async ({ ports: [port] }) => {
    await ready;
    serve(port);
  };
}
