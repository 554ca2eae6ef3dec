//! Decoding and scaling of pictures.

use js_sys::{Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ImageBitmap};

use crate::js::{Outcome, member, message_of, object, outcome};

/// The largest picture that is decoded, in pixels, each of which takes four bytes of memory.
pub const MAX_PIXELS: usize = 50_000_000;
/// How many bytes of a picture are read to find its size, which cameras put after other data.
const HEAD: f64 = 262_144.0;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = createImageBitmap, catch)]
    fn create_image_bitmap(blob: &Blob, options: &Object) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_name = OffscreenCanvas)]
    type Canvas;
    #[wasm_bindgen(js_class = "OffscreenCanvas", constructor, catch)]
    fn new(width: u32, height: u32) -> Result<Canvas, JsValue>;
    #[wasm_bindgen(method, js_name = getContext, catch)]
    fn context(this: &Canvas, kind: &str) -> Result<Option<Context>, JsValue>;

    #[wasm_bindgen(js_name = OffscreenCanvasRenderingContext2D)]
    type Context;
    #[wasm_bindgen(method, js_name = drawImage, catch)]
    fn draw(this: &Context, picture: &ImageBitmap, x: u32, y: u32) -> Result<(), JsValue>;
    #[wasm_bindgen(method, js_name = getImageData, catch)]
    fn data(this: &Context, x: u32, y: u32, width: u32, height: u32) -> Result<JsValue, JsValue>;
}

/// The number of pixels that the header of a picture declares; `None` if the blob is not a picture. Ask before it is decoded.
pub async fn size(blob: &Blob) -> Option<usize> {
    let head = blob.slice_with_f64_and_f64(0.0, HEAD).ok()?;
    let head = JsFuture::from(head.array_buffer()).await.ok()?;
    let size = imagesize::blob_size(&Uint8Array::new(&head).to_vec()).ok()?;
    Some(size.width.saturating_mul(size.height))
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

/// A decoded picture.
pub struct Pixels {
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Red, green, blue and opacity of each pixel, row by row.
    pub rgba: Vec<u8>,
}

impl Pixels {
    /// How light a pixel is, from 0 to 255, on white paper: as people see it (ITU-R BT.601).
    pub fn light(&self, x: usize, y: usize) -> u8 {
        let at = 4 * (y * self.width as usize + x);
        let Some([red, green, blue, opacity]) = self.rgba.get(at..at + 4) else {
            return u8::MAX;
        };
        let [red, green, blue, opacity] = [red, green, blue, opacity].map(|part| u32::from(*part));
        let light = (299 * red + 587 * green + 114 * blue) / 1000;
        ((light * opacity + 255 * (255 - opacity)) / 255) as u8
    }
}

/// The pixels of the picture in a blob, scaled down as [`bitmap`] does. Call it in a worker.
///
/// # Errors
/// Fails with the browser's message if the blob is not a picture that it can decode.
pub async fn pixels(blob: &Blob, edge: u32) -> Outcome<Pixels> {
    let picture = bitmap(blob, edge).await?;
    let (width, height) = (picture.width(), picture.height());
    let drawn = drawn(&picture);
    picture.close();
    let data = drawn.map_err(|why| message_of(&why))?;
    // Clamped bytes, whose memory is read as it is.
    let bytes = Uint8Array::new(&member(&data, "buffer"));
    Ok(Pixels {
        width,
        height,
        rgba: bytes.to_vec(),
    })
}

/// The pixels of a picture, as an array of bytes.
fn drawn(picture: &ImageBitmap) -> Result<JsValue, JsValue> {
    let (width, height) = (picture.width(), picture.height());
    let canvas = Canvas::new(width, height)?;
    let context = canvas.context("2d")?.ok_or("there is no canvas")?;
    context.draw(picture, 0, 0)?;
    let data = context.data(0, 0, width, height)?;
    Ok(member(&data, "data"))
}
