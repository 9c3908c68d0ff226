//! Bodies of event streams: `event: …` and `data: {"candidates": […]}`, one after another.
//!
//! Everything but the data is replaced by blanks, so that JSON Lines remain and every place in them is that of the input. What
//! the lines of a stream are is defined in the HTML standard, "Server-sent events".

use crate::source::unpack::Stream;
use crate::source::unpack::in_place::InPlace;

/// Fields of an event besides its data. A line that begins with a colon is a comment.
const OTHER: [&[u8]; 4] = [b"event:", b"id:", b"retry:", b":"];
const DATA: &[u8] = b"data:";
/// The data that ends the streams of the `OpenAI` API and of servers compatible with it.
const END: &[u8] = b"[DONE]";

/// Whether a text that starts like this is a stream of events whose data is JSON.
pub(super) fn recognise(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    // The first data decides; other fields of its event may stand before it.
    lines
        .find(|line| !OTHER.iter().any(|field| line.starts_with(field)))
        .and_then(|line| line.strip_prefix(DATA))
        .is_some_and(|data| data.trim_ascii_start().starts_with(b"{"))
}

/// The data of the events, each on the line where it stands.
pub(super) fn open(stream: Stream) -> Stream {
    Box::new(InPlace::lines(stream, blank))
}

/// Leaves the data of a line, and the line's end.
fn blank(line: &mut [u8]) {
    let data = line.strip_prefix(DATA).map(<[u8]>::trim_ascii);
    let is_other = OTHER.iter().any(|field| line.starts_with(field));
    let blanks = match data {
        Some(data) if data == END => line.len(),
        Some(_) => DATA.len(),
        None if is_other => line.len(),
        None => 0,
    };
    let blanked = line.iter_mut().take(blanks).filter(|byte| !matches!(byte, b'\r' | b'\n'));
    blanked.for_each(|byte| *byte = b' ');
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use super::*;

    fn data(text: &str) -> String {
        let mut out = String::new();
        open(Box::new(Cursor::new(text.as_bytes().to_vec()))).read_to_string(&mut out).unwrap();
        assert_eq!(out.len(), text.len());
        out
    }

    #[test]
    fn data_stays_where_it_was() {
        let text =
            ": hello\n\nevent: a\r\nid: 7\r\ndata: {\"a\": 1}\r\n\r\ndata:{\"b\": \"data: x\"}\n\ndata: [DONE]\n";
        let expected =
            "       \n\n        \r\n     \r\n      {\"a\": 1}\r\n\r\n     {\"b\": \"data: x\"}\n\n            \n";
        assert_eq!(data(text), expected);
        // Data that is no JSON is left for the reader to refuse.
        assert_eq!(data("data: oops\nnone of it\n"), "      oops\nnone of it\n");
    }

    #[test]
    fn only_streams_of_json_are_streams() {
        for text in ["data: {\"a\": 1}\n", "\n: ping\n\nevent: x\ndata:{\"a\"", "id: 1\r\nretry: 5\r\ndata: {}\r\n"] {
            assert!(recognise(text.as_bytes()), "{text}");
        }
        for text in ["data: 1,2\n", "data,event\n1,2\n", "{\"data\": 1}\n", "event: x\n", "id: 1\nname: data\n", ""] {
            assert!(!recognise(text.as_bytes()), "{text}");
        }
    }
}
