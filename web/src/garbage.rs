//! Garbage of the browser, which piles up until the browser is made to collect it. Each program has its own.

use std::cell::Cell;

use js_sys::{ArrayBuffer, Uint8Array};

/// The number of messages and reads after which the browser is made to collect garbage.
const REMIND_AFTER: u32 = 512;
/// The bytes of buffers after which it is, too.
const REMIND_AFTER_BYTES: u32 = 8 << 20;
/// The size of the buffer that makes it do so, in bytes.
const REMINDER: u32 = 80 << 20;

thread_local! {
    static MADE: Cell<u32> = const { Cell::new(0) };
    static LEFT: Cell<u32> = const { Cell::new(0) };
}

/// Notes that a message came, or that a stream was read from; each worker calls this. Each time some hundred bytes of the
/// browser's own remain, and dozens of megabytes pile up before the browser collects them by itself. Memory outside of its heap
/// makes it collect them earlier: a buffer that is never written to is counted, but occupies no memory.
pub fn made() {
    let made = MADE.get() + 1;
    MADE.set(made % REMIND_AFTER);
    if made == REMIND_AFTER {
        collect();
    }
}

/// Notes that an array that the browser has made, as its ciphers do, is not needed any more. Hundreds of megabytes of them
/// pile up before the browser collects them by itself. `ArrayBuffer.transfer(0)` does not give their memory back in Chromium:
/// what is transferred is not counted any more, and still there until it is collected, which then happens later.
pub fn left(array: Uint8Array) {
    let left = LEFT.get() + array.length();
    drop(array);
    LEFT.set(left % REMIND_AFTER_BYTES);
    if left >= REMIND_AFTER_BYTES {
        collect();
    }
}

/// Makes the browser collect the garbage of this worker soon.
pub fn collect() {
    drop(ArrayBuffer::new(REMINDER));
}
