//! Inputs of one record each that have the same fields, such as a file per item: what their values show together.

use std::collections::BTreeMap;

use crate::engine::RecognisedInput;
use crate::engine::beside::Unrecognised;
use crate::engine::open::{Recognition, opened};
use crate::format::json::Kind;
use crate::format::{Format as _, HEAD_BYTES, Head, native};
use crate::source::{Input, peek};

/// Fewest files that show something.
const FEWEST: usize = 3;
/// Files whose records are looked at.
const SAMPLE: usize = 24;
/// Least confidence at which they are read.
const ENOUGH: u8 = 30;

/// A file with its only record, on one line.
type OneRecord<'u> = (&'u Unrecognised, Vec<u8>);

/// The only record of a file, on one line, with its keys.
fn record(input: &Input) -> Option<(Vec<String>, Vec<u8>)> {
    let bytes = peek(input, HEAD_BYTES).ok().filter(|bytes| bytes.len() < HEAD_BYTES)?;
    let head = Head::new(&input.path, input.logical_name(), &bytes, true);
    let mut records = head.records();
    let only = records.next().filter(|only| records.next().is_none() && only.kind() == Kind::Object)?;
    let mut keys: Vec<String> = only.members().map(|(key, _)| key.as_str().into_owned()).collect();
    keys.sort_unstable();
    let mut line = only.raw().to_vec();
    // Between values they are blanks, and within texts they are escaped.
    line.iter_mut().filter(|byte| matches!(**byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    line.push(b'\n');
    Some((keys, line))
}

/// Opens files of one record each that show together which fields they have.
#[must_use]
pub fn open_alike(unrecognised: &[Unrecognised]) -> Vec<RecognisedInput> {
    if unrecognised.len() < FEWEST {
        return Vec::new();
    }
    let mut groups: BTreeMap<(&str, Vec<String>), Vec<OneRecord<'_>>> = BTreeMap::new();
    for own in unrecognised {
        if let Some((keys, line)) = record(&own.input) {
            groups.entry((own.input.directory(), keys)).or_default().push((own, line));
        }
    }
    let groups = groups.into_values().filter(|group| group.len() >= FEWEST);
    groups.flat_map(|group| open_group(&group)).collect()
}

fn open_group(group: &[OneRecord<'_>]) -> Vec<RecognisedInput> {
    let step = group.len().div_ceil(SAMPLE);
    let joint: Vec<u8> = group.iter().step_by(step).flat_map(|(_, line)| line.iter().copied()).collect();
    let joint = Head::new("", "records.jsonl", &joint, true);
    let confidence = native::LINES.recognise(&joint);
    if confidence.percent < ENOUGH {
        return Vec::new();
    }
    let open = |own: &Unrecognised| {
        let stored = own.input.size();
        let bytes = peek(&own.input, HEAD_BYTES).ok()?;
        let head = Head::new(&own.input.path, own.input.logical_name(), &bytes, true);
        let format = native::by_shape(&head);
        let reader = format.open(&joint, &own.config).ok()?;
        let by = Recognition { bytes: &bytes, whole: true, stored };
        Some(opened(own.input.clone(), format, confidence.clone(), reader, &by))
    };
    group.iter().filter_map(|(own, _)| open(own)).collect()
}
