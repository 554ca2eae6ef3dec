//! Decoding and scaling of pictures.

use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, ImageBitmap};

use crate::js::{Outcome, object, outcome};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = createImageBitmap, catch)]
    fn create_image_bitmap(blob: &Blob, options: &Object) -> Result<Promise, JsValue>;
}

/// The picture in a blob, scaled down so that neither its width nor its height exceeds `edge`
/// pixels.
///
/// # Errors
/// Fails with the browser's message if the blob is not a picture that it can decode.
pub async fn bitmap(blob: &Blob, edge: u32) -> Outcome<ImageBitmap> {
    let whole = outcome(create_image_bitmap(blob, &Object::new())).await?;
    let whole: ImageBitmap = whole
        .dyn_into()
        .map_err(|_| "the browser returned no picture".to_owned())?;
    let (width, height) = (whole.width().max(1), whole.height().max(1));
    if width.max(height) <= edge {
        return Ok(whole);
    }
    whole.close();
    let side = if width >= height {
        "resizeWidth"
    } else {
        "resizeHeight"
    };
    let options = object([
        (side, edge.into()),
        ("resizeQuality", JsValue::from_str("high")),
    ]);
    outcome(create_image_bitmap(blob, options.unchecked_ref()))
        .await?
        .dyn_into()
        .map_err(|_| "the browser returned no picture".to_owned())
}
