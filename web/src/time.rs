//! The clock, timers and random numbers.

use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
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
    timer(duration).await;
}

/// Notices that nothing has come for some time, with one timer for many waits: a timer for each would leave more garbage
/// than everything else.
pub struct Silence {
    patience: Duration,
    timer: TimeoutFuture,
}

impl Silence {
    /// Notices that nothing has come for this long.
    pub fn new(patience: Duration) -> Self {
        Self {
            patience,
            timer: timer(patience),
        }
    }

    /// Returns once that time has passed from now on.
    pub async fn comes(&mut self) {
        let end = monotonic_ms() + self.patience.as_secs_f64() * 1000.0;
        loop {
            (&mut self.timer).await;
            let left = end - monotonic_ms();
            // Timers may fire a little early.
            if left < 1.0 {
                return;
            }
            self.timer = TimeoutFuture::new(left as u32);
        }
    }
}

/// A timer for this time, or for about 24.8 days, the longest time of a browser's timer.
pub fn timer(duration: Duration) -> TimeoutFuture {
    /// The longest time of a timer of the browser, in milliseconds.
    const LONGEST: u128 = i32::MAX as u128;
    TimeoutFuture::new(duration.as_millis().min(LONGEST) as u32)
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
