//! The program of the file worker.
#![forbid(unsafe_code)]

use wasm_bindgen::prelude::*;
use web_sys::MessagePort;

/// Answers what is asked over a port from now on.
#[wasm_bindgen]
pub fn serve(port: MessagePort) {
    files::serve(port);
}

/// Writes for the file worker that started this one.
#[wasm_bindgen]
pub fn write() {
    files::write();
}

/// It serves when `static/files.js` hands it a port.
fn main() {}
