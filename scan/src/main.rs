//! The program of the worker that reads QR codes.
#![forbid(unsafe_code)]

use wasm_bindgen::prelude::*;
use web_sys::Blob;

/// The links in the codes of a picture, and other texts that are in them, each on a line that begins with `+` if it is a link to
/// a file, or else with `-`. There are none if it is no picture, or a too large one.
#[wasm_bindgen]
pub async fn read(picture: Blob) -> String {
    scan::read(&picture).await
}

/// Nothing happens before `static/scan.js` hands over a picture.
fn main() {}
