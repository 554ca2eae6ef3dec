#![no_main]

#[path = "../bodies/content.rs"]
#[allow(dead_code)]
mod content;

libfuzzer_sys::fuzz_target!(|data: &[u8]| content::lists(data));
