//! Thumbnails of pictures.

use fluence::state::MAX_THUMBNAIL;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web::js::{self, Outcome};
use web::picture::{self, MAX_PIXELS};
use web_sys::{Blob, ImageEncodeOptions, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

/// The largest picture of which a thumbnail is made, in bytes.
pub const MAX_PICTURE: u64 = 10 * 1024 * 1024;
/// The longer side of a thumbnail, in pixels.
const EDGE: u32 = 128;
/// The qualities that are tried in turn until the thumbnail is small enough.
const QUALITIES: [f64; 3] = [0.8, 0.5, 0.2];
const TYPE: &str = "image/webp";

/// A thumbnail of the picture in a blob, as a `data:` URL of at most [`MAX_THUMBNAIL`] bytes.
///
/// # Errors
/// A reason in words for the console, if the blob is not a picture or a thumbnail cannot be made.
pub async fn of(blob: &Blob) -> Outcome<String> {
    let pixels = picture::size(blob).await;
    let pixels = pixels.ok_or("this is not a picture")?;
    if pixels > MAX_PIXELS {
        return Err(format!(
            "a picture of {pixels} pixels is too large for a thumbnail"
        ));
    }
    let picture = picture::bitmap(blob, EDGE).await?;
    let drawn = draw(&picture).map_err(|why| js::message_of(&why));
    picture.close();
    let canvas = drawn?;
    for quality in QUALITIES {
        let options = ImageEncodeOptions::new();
        options.set_type(TYPE);
        options.set_quality(quality);
        let encoded = async {
            let encoded = JsFuture::from(canvas.convert_to_blob_with_options(&options)?).await?;
            encoded.dyn_into::<Blob>()
        };
        let encoded = encoded.await.map_err(|why| js::message_of(&why))?;
        let url = web::bytes::data_url(&encoded).await?;
        if url.len() <= MAX_THUMBNAIL {
            return Ok(url);
        }
    }
    Err("the picture cannot be made small enough".to_owned())
}

fn draw(picture: &web_sys::ImageBitmap) -> Result<OffscreenCanvas, JsValue> {
    let canvas = OffscreenCanvas::new(picture.width(), picture.height())?;
    let context: OffscreenCanvasRenderingContext2d = canvas
        .get_context("2d")?
        .ok_or("there is no canvas")?
        .dyn_into()?;
    context.draw_image_with_image_bitmap(picture, 0.0, 0.0)?;
    Ok(canvas)
}
