//! The program of the file worker and of the writer.
#![forbid(unsafe_code)]

use wasm_bindgen::prelude::*;
use web_sys::MessagePort;

/// Serves the requests that arrive on a port, as the file worker.
#[wasm_bindgen]
pub fn serve(port: MessagePort) {
    files::serve(port);
}

/// Serves the file worker that started this one, as its writer.
#[wasm_bindgen]
pub fn write() {
    files::write();
}

/// Does nothing: `static/files.js` calls `serve` or `write`.
fn main() {}
