//! Chunks of streamed `OpenAI` chat completions: lines, or the body of server-sent events.
//!
//! The tokens of a completion are spread over many chunks, and chunks of several completions may alternate. Chunks are
//! kept until their completion ends; the line of each chunk gives its position.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};

use crate::config::{ColumnSpec, InputConfig};
use crate::format::engine::payload::{choices, drop_ambiguous};
use crate::format::field::{at, count, integer, printed, text};
use crate::format::json::{Kind, Tape, Value};
use crate::format::mapped::{MappedField, described};
use crate::format::origin::{JsonOrigin, record_error};
use crate::format::steps;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, RawRecord, Reader, Sink};
use crate::model::{At, Candidate, Item, Located, Logged, Origin, Place, Step};
use crate::source::{ByteMap, Opened, Piece};

pub(super) static STREAM: Stream = Stream;

pub(super) struct Stream;

static INFO: FormatInfo = FormatInfo {
    name: "openai-chat-stream",
    about: "chunks of streamed chat completions of the OpenAI API and of compatible servers",
    tool: "OpenAI API and Azure (openai-python 3.57), Together (together 3.1.1)",
    files: "JSON Lines of chunks, or the body of the event stream (`data: {…}`)",
    recognised_by: "`choices[].delta`",
    proven: "nothing: a chunk contains no total",
    unprovable: "the log-probs themselves: logits are not logged",
    base: "e",
    sentinels: "-9999.0 for a token outside the top 20",
    traps: "Together's `logprobs` is a single number per chunk; a chunk may hold several tokens or none; chunks of several completions may alternate: `id` and `index` distinguish them",
};

/// Maximum number of open completions. Beyond it, the oldest one counts as finished.
const OPEN: usize = 256;
/// Maximum bytes of chunks kept per completion.
const KEPT: usize = 1 << 26;

fn is_chunk(record: Value<'_>) -> bool {
    choices(record).any(|choice| choice.get("delta").is_some_and(|delta| delta.kind() == Kind::Object))
}

impl Format for Stream {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_chunk), 90, "chunks: choices[].delta")
    }

    fn open(&self, _head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        Ok(Box::new(StreamReader))
    }
}

struct StreamReader;

/// The chunks of one completion.
#[derive(Default)]
struct Open {
    id: String,
    /// The chunks, each followed by a line feed.
    bytes: Vec<u8>,
    /// Position of each chunk in the input, and its offset after the bracket that opens the list.
    chunks: Vec<Piece>,
    /// Choices seen and choices finished.
    seen: BTreeSet<u32>,
    finished: BTreeSet<u32>,
}

impl Reader for StreamReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        &[]
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        let (layout, limit) = (stream.layout.clone(), stream.max_record as u64);
        let mut reader = BufReader::new(stream);
        let mut offset = 0;
        let mut open: Vec<Open> = Vec::new();
        let (mut line, mut number) = (Vec::new(), 0_u64);
        let mut tape = Tape::default();
        loop {
            offset += line.len() as u64;
            line.clear();
            number += 1;
            match (&mut reader).take(limit).read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    let record = RawRecord { file, line: number, column: 1, bytes: &line, map: ByteMap::none() };
                    out.error(record_error(&record, 0, error.to_string(), true));
                    break;
                }
            }
            // The body of an event stream has blanks in front of its data.
            let text = line.trim_ascii_start();
            let column = line.len() - text.len();
            let text = text.trim_ascii_end();
            if text.is_empty() {
                continue;
            }
            out.record();
            let pieces = layout.pieces(offset + line.len() as u64);
            let map = layout.map(offset, &pieces).skip(column);
            let record = RawRecord { file, line: number, column: column as u64 + 1, bytes: text, map };
            match tape.parse(text) {
                Ok(chunk) => take(chunk, &record, &mut open, layout.is_packed(), out),
                Err(error) => {
                    out.error(record_error(&record, error.offset, error.to_string(), true));
                }
            }
        }
        for completion in open {
            finish(&completion, file, layout.is_packed(), out);
        }
    }

    fn mapping(&self) -> Vec<MappedField> {
        described(&[("log-probs", "choices[].logprobs.content[].logprob")])
    }
}

/// Adds a chunk to its completion and emits finished completions.
fn take(chunk: Value<'_>, record: &RawRecord<'_>, open: &mut Vec<Open>, packed: bool, out: &mut dyn Sink) {
    let id = chunk.get("id").and_then(|id| id.as_str()).unwrap_or_default();
    // Another completion is finished if all its choices have a stop reason.
    let mut at = 0;
    while let Some(completion) = open.get(at) {
        let over = completion.id != id && completion.seen.len() == completion.finished.len();
        if over || open.len() > OPEN {
            finish(&open.remove(at), record.file, packed, out);
        } else {
            at += 1;
        }
    }
    if choices(chunk).next().is_none() {
        return;
    }
    let found = open.iter().position(|completion| completion.id == id);
    let at = found.unwrap_or_else(|| {
        open.push(Open { id: id.into_owned(), ..Open::default() });
        open.len() - 1
    });
    let Some(completion) = open.get_mut(at) else { return };
    for choice in choices(chunk) {
        let index = choice.get("index").and_then(count).unwrap_or(0);
        completion.seen.insert(index);
        let over = choice.get("finish_reason").is_some_and(|reason| reason.kind() == Kind::String);
        if over {
            completion.finished.insert(index);
        }
    }
    let has_values = choices(chunk).any(|choice| {
        choice.get("logprobs").is_some_and(|logprobs| matches!(logprobs.kind(), Kind::Object | Kind::Number))
    });
    if has_values && completion.bytes.len() + record.bytes.len() <= KEPT {
        let span = record.map.span(0, record.bytes.len());
        completion.chunks.push(Piece {
            at: completion.bytes.len() as u64 + 1,
            len: record.bytes.len() as u64,
            offset: span.as_ref().map(|span| span.start),
            start: Some((record.line, record.column)),
            member: span.and_then(|span| span.member),
        });
        completion.bytes.extend_from_slice(record.bytes);
        completion.bytes.push(b'\n');
    }
}

/// Emits a completion as one item.
fn finish(completion: &Open, file: u32, packed: bool, out: &mut dyn Sink) {
    let Some((line, column)) = completion.chunks.first().and_then(|chunk| chunk.start) else { return };
    // Turns the chunks into one array: adds brackets and replaces the line feeds with commas.
    let mut bytes = Vec::with_capacity(completion.bytes.len() + 1);
    bytes.push(b'[');
    bytes.extend_from_slice(&completion.bytes);
    for chunk in completion.chunks.iter().skip(1) {
        if let Some(byte) = usize::try_from(chunk.at - 1).ok().and_then(|before| bytes.get_mut(before)) {
            *byte = b',';
        }
    }
    if let Some(last) = bytes.last_mut() {
        *last = b']';
    }
    let mut tape = Tape::default();
    let record = RawRecord { file, line, column, bytes: &bytes, map: ByteMap::of(&completion.chunks, packed) };
    let root = match tape.parse(&bytes) {
        Ok(root) => root,
        Err(error) => return out.error(record_error(&record, error.offset, error.to_string(), true)),
    };
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    let mut positions: BTreeMap<Option<u32>, usize> = BTreeMap::new();
    for choice in root.elements().flat_map(|chunk| choices(chunk).collect::<Vec<_>>()) {
        let index = choice.get("index").and_then(count);
        let at = *positions.entry(index).or_insert_with(|| {
            candidates.push(Candidate { index, at: at(choice), ..Candidate::default() });
            candidates.len() - 1
        });
        let Some(candidate) = candidates.get_mut(at) else { continue };
        if let Some(step) = bare(choice) {
            candidate.steps.push(step);
        }
        for key in ["content", "refusal"] {
            let list = choice.get("logprobs").and_then(|logprobs| logprobs.get(key));
            let Some(list) = list.filter(|list| list.kind() == Kind::Array) else { continue };
            if let Err(field_error) = steps::objects(list, candidate) {
                return out.error(record_error(&record, field_error.start, field_error.reason, false));
            }
        }
    }
    for candidate in &mut candidates {
        drop_ambiguous(&mut candidate.steps);
    }
    if candidates.iter().all(|candidate| candidate.steps.is_empty()) {
        return;
    }
    let first = root.elements().next().map_or(At::default(), at);
    let item = Item { id: completion.id.as_str().into(), candidates, complete: true, at: first, ..Item::default() };
    out.item(&item, &Chunks(JsonOrigin::new(record, root)));
}

/// The one token of a chunk whose `logprobs` is a bare log-prob, as Together streams it.
fn bare(choice: Value<'_>) -> Option<Step<'_>> {
    let value = choice.get("logprobs")?;
    let logprob = Logged::Number(printed(value).filter(|_| value.kind() == Kind::Number)?);
    let delta = choice.get("delta")?;
    let token = delta.get("content").and_then(text);
    Some(Step { token, token_id: delta.get("token_id").and_then(integer), logprob, at: at(value), ..Step::default() })
}

/// Places in the chunks of a completion; a path leaves out the chunk's index in the list.
struct Chunks<'c>(JsonOrigin<'c>);

impl Origin for Chunks<'_> {
    fn locate(&self, at: At) -> Located {
        let mut located = self.0.locate(at);
        if let Some((_, field)) = located.place.field.split_once("].").filter(|_| located.place.field.starts_with('['))
        {
            located.place.field = field.to_owned();
        }
        located
    }

    fn place(&self, at: At) -> Place {
        self.0.place(at)
    }

    fn start(&self) -> (u32, u64) {
        self.0.start()
    }
}
