//! A table in one JSON document, column by column: `{"id": [0, 1], "logprobs": [[-0.5], [-0.25]]}`, or with the rows by their
//! index, as pandas writes it: `{"id": {"0": 0, "1": 1}, "logprobs": {"0": [-0.5], "1": [-0.25]}}`.

use std::io;
use std::ops::Range;

use crate::source::Piece;
use crate::source::unpack::table::cells;
use crate::source::unpack::{Head, Rows, on_one_line};

/// Largest document that is read: its columns are needed side by side.
const LARGEST: usize = 64 << 20;
/// Names of a column that tells rows apart. Without one, lists of equal length are those of one record's tokens.
const NAMES: [&[u8]; 16] = [
    b"id",
    b"idx",
    b"index",
    b"item",
    b"item_id",
    b"doc_id",
    b"document",
    b"example_id",
    b"sample_id",
    b"request_id",
    b"question_id",
    b"qid",
    b"uid",
    b"prompt",
    b"question",
    b"text",
];

/// A cell with the index of its row, by where it stands in the document.
type Cell = (u64, Range<usize>);
/// The key of a column in its quotes, with its cells, by where they stand in the document.
type Column = (Range<usize>, Vec<Range<usize>>);

/// A table by columns.
pub(super) struct Table {
    document: Vec<u8>,
    columns: Vec<Column>,
    row: usize,
    pieces: Vec<Piece>,
}

/// The table that a document is: objects of lists of one length, of which one tells rows apart and one holds lists.
pub(super) fn recognise(head: &mut Head) -> io::Result<Option<Table>> {
    if !begins_with_list(&head.bytes) {
        return Ok(None);
    }
    while !head.whole {
        if head.bytes.len() > LARGEST {
            return Ok(None);
        }
        head.grow(head.bytes.len() * 4)?;
    }
    let mut document = head.bytes.clone();
    on_one_line(&mut document);
    Ok(columns(&document).map(|columns| Table { document, columns, row: 0, pieces: Vec::new() }))
}

/// Whether the first value of an object is a list whose first entry is no object, or an object that begins with an index.
fn begins_with_list(head: &[u8]) -> bool {
    let inside = || {
        let rest = head.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"")?;
        let key = memchr::memchr(b'"', rest)?;
        let rest = rest.get(key + 1..)?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        if let Some(rest) = rest.strip_prefix(b"{") {
            let index = rest.trim_ascii_start().strip_prefix(b"\"")?;
            return index.first().copied().filter(u8::is_ascii_digit);
        }
        rest.strip_prefix(b"[")?.trim_ascii_start().first().copied()
    };
    inside().is_some_and(|first| first != b'{' && first != b']')
}

fn columns(document: &[u8]) -> Option<Vec<Column>> {
    let start = document.len() - document.trim_ascii_start().len() + 1;
    // The members of an object are cut as the entries of a list are.
    let trimmed = document.trim_ascii().strip_prefix(b"{")?.strip_suffix(b"}")?;
    let mut columns: Vec<Column> = Vec::new();
    let mut indices: Option<Vec<u64>> = None;
    for member in cells(trimmed) {
        let text = trimmed.get(member.clone())?;
        let key = 1 + memchr::memchr(b'"', text.strip_prefix(b"\"")?)? + 1;
        let rest = text.get(key..)?;
        let value = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let from = start + member.end - value.len();
        let own = match (value.first(), value.last()) {
            (Some(b'['), Some(b']')) => {
                let cells = cells(value).into_iter().map(|cell| from + cell.start..from + cell.end);
                (0..).zip(cells).collect()
            }
            (Some(b'{'), Some(b'}')) => by_index(value, from)?,
            _ => return None,
        };
        let (own_indices, own): (Vec<u64>, Vec<Range<usize>>) = own.into_iter().unzip();
        if *indices.get_or_insert_with(|| own_indices.clone()) != own_indices {
            return None;
        }
        columns.push((start + member.start..start + member.start + key, own));
    }
    let rows = columns.first()?.1.len();
    let is_list = |cell: &Range<usize>| document.get(cell.clone()).is_some_and(|cell| cell.starts_with(b"["));
    let names_rows = |(key, cells): &Column| {
        let name = document.get(key.start + 1..key.end - 1).unwrap_or_default();
        NAMES.contains(&name) && !cells.iter().any(is_list)
    };
    let is_table = rows > 1
        && columns.iter().all(|(_, cells)| cells.len() == rows)
        && columns.iter().any(names_rows)
        && columns.iter().any(|(_, cells)| cells.iter().all(is_list));
    is_table.then_some(columns)
}

/// The cells of a column in the order of their indices, whatever the order of its keys. Rows that were left out leave gaps.
fn by_index(column: &[u8], from: usize) -> Option<Vec<Cell>> {
    let inside = column.strip_prefix(b"{")?.strip_suffix(b"}")?;
    let cell = |member: Range<usize>| {
        let text = inside.get(member.clone())?.strip_prefix(b"\"")?;
        let (digits, rest) = text.split_at_checked(memchr::memchr(b'"', text)?)?;
        let is_index = digits.iter().all(u8::is_ascii_digit) && (digits.len() == 1 || !digits.starts_with(b"0"));
        let index = std::str::from_utf8(digits).ok().filter(|_| is_index)?.parse().ok()?;
        let value = rest.strip_prefix(b"\"")?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        Some((index, from + 1 + member.end - value.len()..from + 1 + member.end))
    };
    let mut all: Vec<Cell> = cells(inside).into_iter().map(cell).collect::<Option<_>>()?;
    all.sort_unstable_by_key(|(index, _)| *index);
    all.is_sorted_by(|(index, _), (next, _)| index < next).then_some(all)
}

impl Rows for Table {
    fn more(&mut self, out: &mut Vec<u8>) -> Result<bool, String> {
        if self.columns.first().is_none_or(|(_, cells)| self.row >= cells.len()) {
            return Ok(false);
        }
        out.push(b'{');
        for (at, (key, cells)) in self.columns.iter().enumerate() {
            if at > 0 {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(self.document.get(key.clone()).unwrap_or_default());
            out.extend_from_slice(b": ");
            let cell = cells.get(self.row).cloned().unwrap_or_default();
            let (at, len, offset) = (out.len() as u64, cell.len() as u64, Some(cell.start as u64));
            self.pieces.push(Piece { at, len, offset, start: None, member: None });
            out.extend_from_slice(self.document.get(cell).unwrap_or_default());
        }
        out.extend_from_slice(b"}\n");
        self.row += 1;
        Ok(true)
    }

    fn pieces(&mut self) -> Vec<Piece> {
        std::mem::take(&mut self.pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(document: &str) -> Option<String> {
        let stream = Box::new(io::Cursor::new(document.as_bytes().to_vec()));
        let mut head = Head { bytes: Vec::new(), stream, whole: false };
        head.grow(1 << 10).unwrap();
        let mut table = recognise(&mut head).unwrap()?;
        let mut out = Vec::new();
        while table.more(&mut out).unwrap() {}
        for piece in table.pieces() {
            let [at, from, len] = [piece.at, piece.offset.unwrap(), piece.len].map(|n| usize::try_from(n).unwrap());
            assert_eq!(out[at..at + len], document.as_bytes()[from..from + len]);
        }
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn columns_become_rows_with_the_places_of_their_cells() {
        assert_eq!(
            rows(" {\"id\": [\"a]\", \"b\"], \"lps\": [[-0.50, 1],\n [2]], \"score\": [-1, null]} ").as_deref(),
            Some(
                "{\"id\": \"a]\", \"lps\": [-0.50, 1], \"score\": -1}\n{\"id\": \"b\", \"lps\": [2], \"score\": null}\n"
            )
        );
    }

    #[test]
    fn columns_by_index_become_rows_too() {
        let table = r#"{"id": {"0": "a", "1": "b"}, "lps": {"0": [-0.5], "1": [-1, -2]}}"#;
        let expected = "{\"id\": \"a\", \"lps\": [-0.5]}\n{\"id\": \"b\", \"lps\": [-1, -2]}\n";
        assert_eq!(rows(table).as_deref(), Some(expected));
        let other = r#"{"lps": {"10": [-1, -2], "9": [-0.5]}, "id": {"9": "a", "10": "b"}}"#;
        let expected = "{\"lps\": [-0.5], \"id\": \"a\"}\n{\"lps\": [-1, -2], \"id\": \"b\"}\n";
        assert_eq!(rows(other).as_deref(), Some(expected));
        for other in [
            r#"{"id": {"0": "a", "2": "b"}, "lps": {"0": [-0.5], "1": [-1]}}"#,
            r#"{"id": {"0": "a", "0": "b"}, "lps": {"0": [-0.5], "0": [-1]}}"#,
            r#"{"id": {"0": "a", "01": "b"}, "lps": {"0": [-0.5], "01": [-1]}}"#,
            r#"{"q0": {"0": [-0.5], "1": [-1]}, "q1": {"0": [-0.5], "1": [-1]}}"#,
        ] {
            assert_eq!(rows(other), None, "{other}");
        }
    }

    #[test]
    fn one_record_is_no_table() {
        for one in [
            r#"{"tokens": ["a", "b"], "top_logprobs": [[-0.5], [-0.25]]}"#,
            r#"{"id": ["a", "b"], "lps": [-0.5, -0.25]}"#,
            r#"{"id": ["a", "b"], "lps": [[-0.5]]}"#,
            r#"{"id": ["a"], "lps": [[-0.5]]}"#,
            r#"{"id": [{"a": 1}, 2], "lps": [[1], [2]]}"#,
            r#"{"id": ["a", "b"], "lps": [[1], [2]], "n": 2}"#,
            r#"{"id": ["a", "b"], "lps": [[1], [2]]"#,
        ] {
            assert_eq!(rows(one), None, "{one}");
        }
    }
}
