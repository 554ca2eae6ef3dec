//! Small garbage of the browser, which piles up until the browser is made to collect it.

use std::cell::Cell;

use js_sys::ArrayBuffer;

/// The number of messages and reads after which the browser is made to collect garbage, and the size in bytes
/// of the buffer that makes it do so.
const REMIND_AFTER: u32 = 512;
/// The size of the buffer that makes it do so, in bytes.
const REMINDER: u32 = 80 << 20;

thread_local! {
    static MADE: Cell<u32> = const { Cell::new(0) };
}

/// Notes that a message came, or that a stream was read from; each worker calls this. Each time some hundred bytes of the
/// browser's own remain, and dozens of megabytes pile up before the browser collects them by itself. Memory outside of its heap makes it collect them earlier: a buffer that is
/// never written to is counted, but occupies no memory.
pub fn made() {
    let made = MADE.get() + 1;
    MADE.set(made % REMIND_AFTER);
    if made == REMIND_AFTER {
        collect();
    }
}

/// Makes the browser collect the garbage of this worker soon.
pub fn collect() {
    drop(ArrayBuffer::new(REMINDER));
}
