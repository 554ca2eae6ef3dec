//! What the browser leaves lying about.

use std::cell::Cell;

use js_sys::ArrayBuffer;

/// Messages and reads after which the browser is reminded, and of how many bytes it is told.
const REMIND_AFTER: u32 = 512;
const REMINDER: u32 = 80 << 20;

thread_local! {
    static LEFT: Cell<u32> = const { Cell::new(0) };
}

/// Says that a message came, or that a stream was read from. Each leaves some hundred bytes of the browser's own, in each
/// worker, of which dozens of megabytes gather until it looks for garbage by itself. What makes it look is memory outside
/// of its heap: that of a buffer that is never written to is counted, and not taken.
pub fn left() {
    let left = LEFT.get() + 1;
    LEFT.set(left % REMIND_AFTER);
    if left == REMIND_AFTER {
        drop(ArrayBuffer::new(REMINDER));
    }
}
