//! `<task>-requests.jsonl`: the requests. Only the continuations are kept, for the rows in the predictions file.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use crate::config::InputConfig;
use crate::format::field::{self, has};
use crate::format::json::{Kind, Tape};
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader};
use crate::source::{MAX_RECORD, beside};

/// The requests; these files hold no numbers.
pub(in crate::format) static REQUESTS: RequestLines = RequestLines;

pub(in crate::format) struct RequestLines;

static INFO: FormatInfo = FormatInfo {
    name: "olmes-requests",
    about: "requests of AI2 OLMES (…-requests.jsonl)",
    tool: "OLMES and oe-eval of 2024 to 2026",
    files: "`task-000-<task>-requests.jsonl` beside the predictions",
    recognised_by: "`request_type` with `request`, `doc` and `doc_id`",
    proven: "nothing: it contains no numbers, only the texts whose byte lengths divide the predictions",
    unprovable: "nothing",
    base: "none",
    sentinels: "only the shared ones",
    traps: "unconditional requests have ids of their own",
};

impl Format for RequestLines {
    fn tool(&self) -> &'static str {
        "olmes"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["request_type"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let share = head.share(|record| {
            has(record, "request_type", Kind::String)
                && has(record, "request", Kind::Object)
                && record.get("doc_id").is_some()
                && record.get("idx").is_some()
        });
        Confidence::of_share(share, 93, "requests with request_type and doc_id")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().unwrap_or(Framing::Lines);
        Ok(Box::new(
            Records::new(framing, Vec::new(), (), |_, (), _| Ok(())).mapped(&[("text", "request.continuation")]),
        ))
    }
}

/// Maximum bytes of text kept. Rows of a larger task have no texts.
const KEPT: usize = 1 << 27;

/// The continuations of a task's requests, by document and position.
#[derive(Debug, Default)]
pub(super) struct Requests {
    texts: BTreeMap<(String, u32), String>,
}

impl Requests {
    /// Reads the requests of a task, if the file exists.
    pub(super) fn read(path: &str) -> Self {
        let mut requests = Self::default();
        let Some(Ok(stream)) = beside(path).map(|input| input.open()) else { return requests };
        let mut lines = BufReader::new(stream);
        let (mut line, mut tape, mut kept) = (Vec::new(), Tape::default(), 0);
        loop {
            line.clear();
            let read = lines.by_ref().take(MAX_RECORD as u64).read_until(b'\n', &mut line);
            if !read.is_ok_and(|count| count > 0) || kept > KEPT {
                return requests;
            }
            let Ok(row) = tape.parse(&line) else { continue };
            let of = || {
                let document = row.get("doc_id").and_then(field::id)?.into_owned();
                let position = row.get("idx").and_then(field::count)?;
                let text = field::find(row, &["request", "continuation"])?.as_str()?.into_owned();
                Some(((document, position), text))
            };
            if let Some((key, text)) = of() {
                kept += text.len();
                requests.texts.entry(key).or_insert(text);
            }
        }
    }

    /// The continuation at a position of a document.
    pub(super) fn text(&self, document: &str, position: u32) -> Option<&str> {
        self.texts.get(&(document.to_owned(), position)).map(String::as_str)
    }
}
