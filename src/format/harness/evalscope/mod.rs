//! evalscope, native backend: predictions, reviews and reports.
//!
//! Shapes of 1.14.1 (reports of schema 2) and of reports before it (schema 1), from `evalscope/api` and
//! `evalscope/report`. A run has `predictions/<model>/<benchmark>_<subset>.jsonl`, `reviews/<model>/…` of the same name
//! and `reports/<model>/<benchmark>.json`.

mod lines;
mod old;
mod report;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Read};

use crate::format::Head;
use crate::format::records::Records;
use crate::source::{Input, MAX_RECORD, Quotes};

pub(in crate::format) use lines::{PREDICTIONS, REVIEWS};
pub(in crate::format) use old::{PREDICTIONS as OLD_PREDICTIONS, REVIEWS as OLD_REVIEWS};
pub(in crate::format) use report::REPORT;

/// Context needed to read the rows.
#[derive(Clone, Debug, Default)]
struct SubsetFile {
    /// Benchmark and subset, as in the file name.
    task: String,
    /// Lines replaced by a later line with the same index, because a resumed run appends.
    replaced: BTreeSet<u64>,
}

impl SubsetFile {
    fn of(head: &Head<'_>) -> Self {
        let stem = head.name.rsplit_once('.').map_or(head.name, |(stem, _)| stem);
        Self { task: stem.to_owned(), replaced: head.input.and_then(replaced).unwrap_or_default() }
    }
}

/// Bytes at the start of a line that are searched for the index; evalscope writes it as the first key.
const START: usize = 64;

/// The lines of a file whose index appears again later.
fn replaced(input: &Input) -> Option<BTreeSet<u64>> {
    let mut stream = BufReader::new(input.open().ok()?);
    let mut last: HashMap<u64, u64> = HashMap::new();
    let (mut replaced, mut line, mut start) = (BTreeSet::new(), 0, Vec::new());
    loop {
        start.clear();
        let read = stream.by_ref().take(START as u64).read_until(b'\n', &mut start).ok()?;
        if read == 0 {
            return Some(replaced);
        }
        line += 1;
        let mut found = first_index(&start);
        if start.last() != Some(&b'\n') {
            if found.is_some() {
                stream.skip_until(b'\n').ok()?;
            } else {
                let rest = (MAX_RECORD - START) as u64;
                stream.by_ref().take(rest).read_until(b'\n', &mut start).ok()?;
                found = index(&start);
            }
        }
        if let Some(earlier) = found.and_then(|index| last.insert(index, line)) {
            replaced.insert(earlier);
        }
    }
}

/// The index at the start of a line.
fn first_index(start: &[u8]) -> Option<u64> {
    let rest = start.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"index\"")?;
    number(rest.trim_ascii_start().strip_prefix(b":")?)
}

/// The index of a line, wherever its key is.
fn index(line: &[u8]) -> Option<u64> {
    let (mut depth, mut quotes) = (0_u32, Quotes::default());
    for (at, byte) in line.iter().enumerate() {
        if quotes.take(*byte) {
            continue;
        }
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b':' if depth == 1 && line.get(..at)?.trim_ascii_end().ends_with(b"\"index\"") => {
                return number(line.get(at + 1..)?);
            }
            _ => {}
        }
    }
    None
}

/// A whole number at the start of a text.
fn number(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii_start();
    let end = text.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(text.get(..end)?).ok()?.parse().ok()
}

/// A metric's name in one spelling: reports write `accuracy` or `mean_acc`, reviews write `acc`.
fn plain(name: &str) -> Cow<'_, str> {
    let name = name.strip_prefix("mean_").unwrap_or(name);
    match name {
        "acc" | "Accuracy" | "AverageAccuracy" => Cow::Borrowed("accuracy"),
        _ => Cow::Borrowed(name),
    }
}

/// Joins the three kinds of files of one model.
fn join<C>(records: &mut Records<C>, head: &Head<'_>) {
    if matches!(head.ancestor_name(2), "predictions" | "reviews" | "reports") {
        records.run_directory = Some(head.ancestor(3).to_owned());
        head.ancestor_name(1).clone_into(&mut records.run_key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_an_index_counts() {
        let long = "x".repeat(500);
        let line = |index: u32| format!("{{\"index\": {index}, \"model\": \"{long}\"}}\n");
        // The index of the third line is at its end.
        let late = format!("{{\"model\": \"{long}\", \"of\": {{\"index\": 7}}, \"index\": 0}}\n");
        let text = [line(0), line(1), late, line(2), line(1), line(1)].concat();
        // Repeated calls give the same result, for streams too.
        let input = Input::reader("x.jsonl", Box::new(std::io::Cursor::new(text.into_bytes())));
        assert_eq!(replaced(&input).unwrap(), BTreeSet::from([1, 2, 5]));
        assert_eq!(replaced(&input).unwrap(), BTreeSet::from([1, 2, 5]));
    }
}
