//! `recording_<task>_<date>.jsonl`: the tokens of the requests, one line each, as `retally.lm_eval` of the Python package writes
//! them beside the samples. The rows of the samples are read with them.

use std::collections::BTreeMap;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{self, FieldError, at, has, printed, text};
use crate::format::json::{Kind, Parsed, Tape, Value};
use crate::format::records::Records;
use crate::format::steps::{self, Arrays};
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader};
use crate::model::{Candidate, Claim, ClaimKind, ColumnId, Item, Logged, Text};
use crate::source::{LinePlace, Lines, MAX_RECORD, beside};

/// The tokens of the requests.
pub(in crate::format) static RECORDING: RecordedRequests = RecordedRequests;

pub(in crate::format) struct RecordedRequests;

static INFO: FormatInfo = FormatInfo {
    name: "lm-eval-recording",
    about: "tokens of lm-evaluation-harness's requests (recording_<task>_<date>.jsonl)",
    tool: "`retally.lm_eval` of the Python package",
    files: "`recording_<task>_<date>.jsonl` beside the samples of the same task and date",
    recognised_by: "`lm_eval_request` with `token_ids` and `logprobs`",
    proven: "log-likelihoods and greedy flags, in the rows of the samples; alone, those that it holds itself",
    unprovable: "the log-probs themselves: logits are not logged",
    base: "e",
    sentinels: "only the shared ones",
    traps: "the samples hold the numbers that the harness got; beside them, the recording is not audited again",
};

fn is_line(record: Value<'_>) -> bool {
    record.get("lm_eval_request").is_some() && has(record, "logprobs", Kind::Array)
}

impl Format for RecordedRequests {
    fn tool(&self) -> &'static str {
        "lm-eval"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["lm_eval_request"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_line), 96, "requests with lm_eval_request and logprobs")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().unwrap_or(Framing::Lines);
        // The rows of the samples hold the same numbers, and are read with these tokens.
        let is_joined =
            sibling(head.path, head.name, "recording_", "samples_").is_some_and(|path| beside(&path).is_some());
        let columns = if is_joined { Vec::new() } else { vec![ColumnSpec::of_kind("loglikelihood", ClaimKind::Score)] };
        let mut records = Records::new(framing, columns, is_joined, |origin, is_joined, out| {
            if !is_joined {
                out.item(&item(origin.root)?, origin);
            }
            Ok(())
        });
        super::date(head.name).clone_into(&mut records.run_key);
        Ok(Box::new(records.mapped(&[
            ("item", "item"),
            ("candidate", "candidate"),
            ("logprobs", "logprobs"),
            ("score", "score"),
            ("greedy", "is_greedy"),
        ])))
    }
}

/// The path of the file of the same task and date whose name begins otherwise.
fn sibling(path: &str, name: &str, own: &str, other: &str) -> Option<String> {
    let directory = path.rfind(['/', '\\']).map_or("", |at| path.get(..=at).unwrap_or_default());
    Some(format!("{directory}{other}{}", name.strip_prefix(own)?))
}

/// One request as an item of its own.
fn item(line: Value<'_>) -> Result<Item<'_>, FieldError> {
    let mut candidate = Candidate {
        id: line.get("candidate").and_then(field::id),
        index: line.get("candidate").and_then(field::count),
        continuation: line.get("continuation").and_then(text),
        greedy: line.get("is_greedy").and_then(|flag| Some((flag.as_bool()?, at(flag)))),
        at: at(line),
        ..Candidate::default()
    };
    if let Some(score) = line.get("score") {
        let value = printed(score).map_or(Logged::Null, Logged::Number);
        candidate.claims.push(Claim { of: ColumnId(0), value, at: at(score) });
    }
    tokens(line, &mut candidate)?;
    Ok(Item {
        id: line.get("item").and_then(field::id).unwrap_or_default(),
        task: line.get("task").and_then(|task| task.as_str()).unwrap_or_default(),
        candidates: vec![candidate],
        at: at(line),
        ..Item::default()
    })
}

fn tokens<'t>(line: Value<'t>, candidate: &mut Candidate<'t>) -> Result<(), FieldError> {
    let list = |key: &str| line.get(key);
    steps::arrays(
        Arrays {
            tokens: list("tokens"),
            ids: list("token_ids"),
            logprobs: list("logprobs"),
            top: list("top_logprobs"),
        },
        candidate,
    )
}

/// The recorded requests of a task, by document and position.
pub(super) struct Recording {
    lines: Lines,
    places: BTreeMap<(String, u32), LinePlace>,
}

/// The recorded requests of one item, one per candidate.
pub(super) struct Recorded {
    lines: Vec<Option<Parsed>>,
}

impl Recording {
    /// Reads the recording beside the samples, if there is one.
    pub(super) fn beside(path: &str, name: &str) -> Option<Self> {
        let stream = beside(&sibling(path, name, "samples_", "recording_")?)?.open().ok()?;
        let (mut places, mut tape) = (BTreeMap::new(), Tape::default());
        let lines = Lines::copy(stream, MAX_RECORD as u64, |place, line| {
            let Ok(line) = tape.parse(line) else { return };
            let of = || {
                let document = line.get("item").and_then(field::id)?.into_owned();
                Some((document, line.get("candidate").and_then(field::count)?))
            };
            // A request that was made twice, as for a batch that had to be filled, has the same tokens.
            if let Some(key) = of().filter(|_| is_line(line)) {
                places.entry(key).or_insert(place);
            }
        });
        Some(Self { lines: lines.ok()?, places })
    }

    /// The requests of an item. One whose text is not that of the candidate is left out.
    pub(super) fn of(&self, item: &Item<'_>) -> Recorded {
        let line = |position: u32| {
            let place = *self.places.get(&(item.id.to_string(), position))?;
            Parsed::of(self.lines.line(place)?)
        };
        let lines = (0..)
            .zip(&item.candidates)
            .map(|(position, candidate)| line(position).filter(|line| is_about(line, candidate.continuation.as_ref())));
        Recorded { lines: lines.collect() }
    }
}

fn is_about(line: &Parsed, continuation: Option<&Text<'_>>) -> bool {
    let own = line.root().and_then(|line| line.get("continuation")).and_then(text);
    own.zip(continuation).is_none_or(|(own, continuation)| own.same(continuation))
}

impl Recorded {
    /// Adds the tokens to the candidates. Their places are those of the numbers in the row that follow from them.
    pub(super) fn attach<'t>(&'t self, item: &mut Item<'t>) -> Result<(), FieldError> {
        for (candidate, line) in item.candidates.iter_mut().zip(&self.lines) {
            let Some(line) = line.as_ref().and_then(Parsed::root) else { continue };
            tokens(line, candidate).map_err(|error| FieldError {
                start: candidate.at.start(),
                reason: format!("the recorded request of this log-likelihood: {}", error.reason),
            })?;
            for step in &mut candidate.steps {
                step.at = candidate.at;
            }
            for array in &mut candidate.arrays {
                array.at = candidate.at;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recording_is_beside_the_samples_of_its_task_and_date() {
        let found = sibling("runs/m/samples_a_b_2026.jsonl", "samples_a_b_2026.jsonl", "samples_", "recording_");
        assert_eq!(found.unwrap(), "runs/m/recording_a_b_2026.jsonl");
        assert_eq!(sibling("rows.jsonl", "rows.jsonl", "samples_", "recording_"), None);
    }
}
