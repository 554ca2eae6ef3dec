//! The program of the file worker and of the writer.
#![forbid(unsafe_code)]

use wasm_bindgen::prelude::*;
use web_sys::MessagePort;

/// Serves a port from now on.
#[wasm_bindgen]
pub fn serve(port: MessagePort) {
    files::serve(port);
}

/// Writes files for the file worker that started this one.
#[wasm_bindgen]
pub fn write() {
    files::write();
}

/// Nothing happens before `static/files.js` hands over a port.
fn main() {}
