//! The clock, timers and random numbers.

use std::time::Duration;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn random_values(into: &Uint8Array);
    /// The time of a monotonic clock, in milliseconds since an arbitrary moment.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub fn monotonic_ms() -> f64;
}

/// Returns after this time, or after about 24.8 days, the longest time of a browser's timer.
pub async fn sleep(duration: Duration) {
    /// The longest time of a timer of the browser, in milliseconds.
    const LONGEST: u128 = i32::MAX as u128;
    let ms = duration.as_millis().min(LONGEST) as u32;
    gloo_timers::future::TimeoutFuture::new(ms).await;
}

/// The Unix time in milliseconds.
pub fn now_ms() -> u64 {
    js_sys::Date::now() as u64
}

/// A random number from the browser's cryptographically secure generator.
pub fn random() -> u128 {
    let bytes = Uint8Array::new_with_length(16);
    random_values(&bytes);
    let mut number = [0; 16];
    bytes.copy_to(&mut number);
    u128::from_le_bytes(number)
}
