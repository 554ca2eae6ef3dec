//! Small garbage of the browser, which gathers until the browser is made to collect it.

use std::cell::Cell;

use js_sys::ArrayBuffer;

/// The number of messages and reads after which the browser is made to collect garbage, and the size in bytes of the
/// buffer that does it.
const REMIND_AFTER: u32 = 512;
const REMINDER: u32 = 80 << 20;

thread_local! {
    static MADE: Cell<u32> = const { Cell::new(0) };
}

/// Notes that a message came or that a stream was read from, which is called in each worker. Each leaves some hundred
/// bytes of the browser's own, and dozens of megabytes of them gather before the browser collects them by itself.
/// Memory outside of its heap makes it do so earlier: a buffer that is never written to is counted, but takes none.
pub fn made() {
    let made = MADE.get() + 1;
    MADE.set(made % REMIND_AFTER);
    if made == REMIND_AFTER {
        drop(ArrayBuffer::new(REMINDER));
    }
}
