//! The byte floor: reads a file, finds each log-prob by its key, parses it and adds up e to its power. Nothing else is looked at.
//!
//! `floor FILE KEY`, where KEY is what stands before each number, such as `"logprob": `. With a key that ends in `[`, all numbers of
//! the list that follows are taken.

use std::io::Read;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(key)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: floor FILE KEY");
        std::process::exit(2);
    };
    let mut file = std::fs::File::open(&path).expect("the file opens");
    let (mut buffer, mut kept) = (vec![0_u8; 1 << 20], 0);
    let finder = memchr::memmem::Finder::new(key.as_bytes());
    let is_list = key.ends_with('[');
    let (mut sum, mut count) = (0.0_f64, 0_u64);
    loop {
        if kept == buffer.len() {
            buffer.resize(buffer.len() * 2, 0);
        }
        let read = file.read(&mut buffer[kept..]).expect("the file is read");
        let end = kept + read;
        // Whole lines; the rest is kept for the next turn.
        let whole = if read == 0 { end } else { memchr::memrchr(b'\n', &buffer[..end]).map_or(0, |at| at + 1) };
        for found in finder.find_iter(&buffer[..whole]) {
            let mut at = found + key.len();
            loop {
                let length = buffer[at..whole]
                    .iter()
                    .position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
                    .unwrap_or(whole - at);
                let text = std::str::from_utf8(&buffer[at..at + length]).unwrap_or_default();
                if let Ok(value) = text.parse::<f64>() {
                    sum += value.exp();
                    count += 1;
                }
                at += length;
                if !is_list || buffer.get(at) != Some(&b',') {
                    break;
                }
                at += 2;
            }
        }
        buffer.copy_within(whole..end, 0);
        kept = end - whole;
        if read == 0 {
            break;
        }
    }
    println!("{count} {sum:.6}");
}
