//! Makes the browser collect its garbage, which small allocations alone would not do in time.

use std::cell::Cell;

use js_sys::ArrayBuffer;

/// The number of messages and reads after which the browser is made to collect garbage.
const REMIND_AFTER: u32 = 512;
/// The size of the buffer that makes it do so, in bytes.
const REMINDER: u32 = 80 << 20;

thread_local! {
    static MADE: Cell<u32> = const { Cell::new(0) };
}

/// Notes that a message arrived or that a stream was read from. Each worker calls this. Every
/// message and read leaves a few hundred bytes of garbage, and the browser collects it only after
/// dozens of megabytes. It collects earlier when memory outside its heap is allocated; a buffer
/// that is never written to counts as such, but takes no memory.
pub fn made() {
    let made = MADE.get() + 1;
    MADE.set(made % REMIND_AFTER);
    if made == REMIND_AFTER {
        drop(ArrayBuffer::new(REMINDER));
    }
}
