#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fluence_peer::fuzz::letters(data));
