// Starts the file worker, and the one that writes for it; all else is Rust (crate `files`).
import init, { serve, write } from "./wasm/files.js";

const ready = init();
if (location.search === "?writer") {
  // What comes before it listens waits.
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
