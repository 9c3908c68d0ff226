//! The text around a value, cut to a window.

use crate::model::Snippet;

/// Bytes of a record shown before a value.
const BEFORE: usize = 64;
/// Bytes of a record shown after a value.
const AFTER: usize = 40;
/// Maximum bytes of a value that are shown.
const MARK: usize = 48;

/// Cuts a window around `start..end` of a record.
#[must_use]
pub fn window(record: &[u8], start: usize, end: usize) -> Snippet {
    let start = start.min(record.len());
    let end = end.clamp(start, record.len());
    let mark_end = end.min(start + MARK);
    let from = boundary(record, start.saturating_sub(BEFORE));
    let to = boundary(record, (mark_end + AFTER).min(record.len()));
    let text = |range: &[u8]| String::from_utf8_lossy(range).into_owned();
    let before = text(record.get(from..start).unwrap_or_default());
    let mark = text(record.get(start..mark_end).unwrap_or_default());
    let after = text(record.get(mark_end..to.max(mark_end)).unwrap_or_default());
    Snippet {
        mark: before.len(),
        mark_len: mark.len(),
        text: before + &mark + &after,
        cut_before: from > 0,
        cut_after: to < record.len(),
    }
}

/// The nearest start of a UTF-8 character at or after an offset.
fn boundary(record: &[u8], mut at: usize) -> usize {
    while record.get(at).is_some_and(|byte| byte & 0xC0 == 0x80) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_a_long_record_marks_the_value() {
        let record =
            format!("{{\"pad\": \"{}\", \"score\": -1.5, \"more\": \"{}\"}}", "é".repeat(500), "x".repeat(500));
        let start = record.find("-1.5").unwrap();
        let snippet = window(record.as_bytes(), start, start + 4);
        assert_eq!(&snippet.text[snippet.mark..snippet.mark + snippet.mark_len], "-1.5");
        assert!(snippet.cut_before && snippet.cut_after);
        assert!(snippet.text.len() < 120);
        assert!(!snippet.text.contains('\u{FFFD}'));
    }
}
