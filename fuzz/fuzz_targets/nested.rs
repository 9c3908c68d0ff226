#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| retally_fuzz::nested(data));
