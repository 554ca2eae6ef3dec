//! Tests of thumbnails, of pictures that the browser made and of bytes that are not pictures.

use std::time::Duration;

use background::{http, thumbnail};
use fluence::ports::HttpBody;
use fluence::state::MAX_THUMBNAIL;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Blob, OffscreenCanvas, OffscreenCanvasRenderingContext2d, RequestInit};

use crate::{blob, noise};

/// The patience with a `data:` URL.
const PATIENT: Duration = Duration::from_secs(10);

/// A picture of many colours, which compresses badly.
async fn picture(width: u32, height: u32) -> Blob {
    let canvas = OffscreenCanvas::new(width, height).unwrap();
    let context = canvas.get_context("2d").unwrap().unwrap();
    let brush: OffscreenCanvasRenderingContext2d = context.dyn_into().unwrap();
    let colours = noise((width.div_ceil(4) * height.div_ceil(4) * 3) as usize);
    let mut colour = colours.chunks(3);
    for x in (0..width).step_by(4) {
        for y in (0..height).step_by(4) {
            let rgb = colour.next().unwrap();
            brush.set_fill_style_str(&format!("rgb({} {} {})", rgb[0], rgb[1], rgb[2]));
            brush.fill_rect(x.into(), y.into(), 4.0, 4.0);
        }
    }
    let blob = JsFuture::from(canvas.convert_to_blob().unwrap())
        .await
        .unwrap();
    blob.dyn_into().unwrap()
}

/// The width and height of the picture in a `data:` URL.
async fn size_of(url: &str) -> (u32, u32) {
    let init = RequestInit::new();
    let mut body = http::send(url, &init, PATIENT, PATIENT).await.unwrap().body;
    let mut pieces = Vec::new();
    while let Some(piece) = body.chunk().await.unwrap() {
        pieces.push(piece);
    }
    let blob = blob(&pieces.concat());
    let bitmap = web::picture::bitmap(&blob, u32::MAX).await.unwrap();
    (bitmap.width(), bitmap.height())
}

#[wasm_bindgen_test]
async fn a_picture_becomes_small_and_keeps_its_shape() {
    for (given, expected) in [
        ((640, 320), (128, 64)),
        ((100, 400), (32, 128)),
        ((40, 30), (40, 30)),
    ] {
        let url = thumbnail::of(&picture(given.0, given.1).await)
            .await
            .unwrap();
        assert!(url.starts_with("data:image/"), "{url:.40}");
        assert!(url.len() <= MAX_THUMBNAIL, "{} bytes", url.len());
        assert_eq!(size_of(&url).await, expected);
    }
}

#[wasm_bindgen_test]
async fn a_picture_that_is_huge_in_memory_is_not_decoded() {
    // This is the beginning of a PNG of 60000 by 60000 pixels.
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend([60_000u32.to_be_bytes(), 60_000u32.to_be_bytes()].concat());
    png.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
    let made = thumbnail::of(&blob(&png)).await;
    assert_eq!(
        made,
        Err("a picture of 3600000000 pixels is too large for a thumbnail".to_owned())
    );
}

#[wasm_bindgen_test]
async fn what_is_no_picture_has_none() {
    let whole = picture(64, 64).await;
    let torn = whole.slice_with_f64_and_f64(0.0, 40.0).unwrap();
    for none in [blob(&[]), blob(&noise(5000)), torn] {
        let made = thumbnail::of(&none).await;
        assert!(made.is_err(), "{made:?}");
    }
}
