//! The fields that an input's records have, whatever they are taken for.

use std::collections::BTreeSet;
use std::io::Read as _;

use memchr::memmem::Finder;

use crate::engine::RecognisedInput;
use crate::format::Head;
use crate::format::json::{Kind, Value};
use crate::source::peek;

/// Levels of objects and lists that are looked into.
const DEPTH: usize = 8;
/// Longest name of a column, in bytes.
const LONGEST: usize = 64;
/// Paths that are kept of one input.
const MOST: usize = 2_000;

/// The paths of the fields in an input's first records, and whether these are all records. A candidate's fields also
/// stand under their path from the candidate on.
#[must_use]
pub fn fields(input: &RecognisedInput) -> (BTreeSet<String>, bool) {
    let mut paths: BTreeSet<String> = input.reader.mapping().into_iter().map(|mapped| mapped.field.path).collect();
    let Ok(bytes) = peek(&input.input, input.head_bytes) else { return (paths, false) };
    let whole = input.whole;
    let head = Head::new(&input.input.path, input.input.logical_name(), &bytes, whole);
    let mut is_json = false;
    for record in head.records() {
        is_json = true;
        collect(record, "", DEPTH, &mut paths);
    }
    if !is_json {
        paths.extend(header(&bytes).into_iter().filter(|name| !name.is_empty()));
    }
    // The header of a table names all its columns.
    (paths, whole || !is_json)
}

fn collect(value: Value<'_>, at: &str, depth: usize, paths: &mut BTreeSet<String>) {
    if depth == 0 || paths.len() >= MOST {
        return;
    }
    let below = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
    match value.kind() {
        Kind::Object => {
            for (key, value) in value.members() {
                let path = below(&key.as_str());
                collect(value, &path, depth - 1, paths);
                paths.insert(path);
            }
        }
        Kind::Array => {
            for (index, value) in value.elements().take(DEPTH).enumerate() {
                if !matches!(value.kind(), Kind::Object | Kind::Array) {
                    paths.insert(below(&index.to_string()));
                    continue;
                }
                collect(value, &below(&index.to_string()), depth - 1, paths);
                collect(value, "", depth - 1, paths);
            }
        }
        _ => {}
    }
}

/// The fields of an input's first rows, if it has rows: several objects, or a table with a header.
#[must_use]
pub(super) fn of_rows(head: &Head<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut rows = 0_usize;
    for record in head.records().filter(|record| record.kind() == Kind::Object) {
        rows += 1;
        for (key, _) in record.members() {
            let name = key.as_str();
            if !names.iter().any(|known| *known == name) {
                names.push(name.into_owned());
            }
        }
    }
    if rows == 0 {
        names = header(head.bytes);
        let lines =
            head.bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).take(2).count();
        let is_name = |name: &String| !name.is_empty() && name.len() <= LONGEST;
        return if lines == 2 && names.len() > 1 && names.iter().all(is_name) { names } else { Vec::new() };
    }
    if rows > 1 { names } else { Vec::new() }
}

/// The names in the first line of a table.
fn header(bytes: &[u8]) -> Vec<String> {
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = String::from_utf8_lossy(header);
    header.split([',', '\t', ';', '|']).map(|name| name.trim().trim_matches('"').to_owned()).collect()
}

/// Whether the name of a field occurs anywhere in an input. Where it does not, no record has the field.
#[must_use]
pub fn mentions(input: &RecognisedInput, path: &str) -> bool {
    /// Bytes that are read at once.
    const PIECE: u64 = 1 << 20;
    let key = path.rsplit('.').find(|key| key.parse::<usize>().is_err()).unwrap_or(path);
    // A key may be written with escapes.
    if !key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\' && byte != b'/') {
        return true;
    }
    let needle = format!("\"{key}\"");
    let finder = Finder::new(&needle);
    let Ok(mut stream) = input.input.open() else { return true };
    let mut bytes = Vec::new();
    loop {
        // What may be the beginning of the name stays.
        let kept = bytes.len().saturating_sub(needle.len() - 1);
        bytes.drain(..kept);
        match stream.by_ref().take(PIECE).read_to_end(&mut bytes) {
            Ok(0) => return false,
            Ok(_) if finder.find(&bytes).is_some() => return true,
            Ok(_) => {}
            // What cannot be read may have it.
            Err(_) => return true,
        }
    }
}
