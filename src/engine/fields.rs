//! The fields that an input's records have, whatever they are taken for.

use std::collections::BTreeSet;
use std::io::Read as _;

use memchr::memmem::Finder;

use crate::engine::RecognisedInput;
use crate::engine::refused::header;
use crate::format::Head;
use crate::format::json::{Kind, Value};
use crate::format::shape::{FieldShape, shapes};
use crate::source::peek;

/// Levels of objects and lists that are looked into.
const DEPTH: usize = 8;
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

/// What the fields of an input's first records look like.
#[must_use]
pub fn field_shapes(input: &RecognisedInput) -> Vec<FieldShape> {
    let Ok(bytes) = peek(&input.input, input.head_bytes) else { return Vec::new() };
    shapes(&Head::new(&input.input.path, input.input.logical_name(), &bytes, input.whole))
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
                collect(value, at, depth - 1, paths);
                collect(value, "", depth - 1, paths);
            }
        }
        _ => {}
    }
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
