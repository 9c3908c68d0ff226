//! lmms-eval, a fork for multimodal models: `<date>_samples_<task>.jsonl`. Scores are losses; the lowest wins.

use std::collections::BTreeSet;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{self, FieldError, at, flag, flag_text, lacks};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::{Records, beside};
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{
    At, Candidate, CandidateClaim, Claim, ClaimKind, ColumnId, Definition, Item, Logged, PickRef, Ranking, RowMetric,
    RowValue, Text,
};
use crate::numeric::Printed;

/// The rows of lmms-eval.
pub(in crate::format) static LMMS_SAMPLES: LmmsSamples = LmmsSamples;

pub(in crate::format) struct LmmsSamples;

static INFO: FormatInfo = FormatInfo {
    name: "lmms-eval-samples",
    about: "rows of lmms-eval (<date>_samples_<task>.jsonl)",
    tool: "lmms-eval 0.7",
    files: "`<date>_samples_<task>.jsonl`, with `<date>_results.json` beside it",
    recognised_by: "`filtered_resps` and `input` without `arguments`",
    proven: "acc of built-in multiple choice",
    unprovable: "losses: tokens are not logged; acc_norm: the texts of the choices are not logged; metrics of a custom \
                 `process_results`",
    base: "e; values are mean losses per token, positive, lower is better",
    sentinels: "only the shared ones",
    traps: "the lowest value wins, unlike in lm-evaluation-harness; doc_hash is the same in all rows; a pair may be one string",
};

/// Keys of a row that are not metrics.
const STRUCTURE: [&str; 8] =
    ["doc_id", "target", "resps", "filtered_resps", "token_counts", "doc_hash", "input", "arguments"];

/// Information on the task and its metrics from the results file in the same directory.
#[derive(Default)]
struct TaskMetrics {
    task: String,
    is_choice: bool,
    custom: bool,
    metrics: Option<BTreeSet<String>>,
}

/// Common prefix of a run's file names: the date in front of `_results` or `_samples_`; empty for other names.
pub(super) fn key(name: &str) -> &str {
    let end = name.find("_samples_").or_else(|| name.find("_results"));
    let start = end.and_then(|end| name.get(..end)).unwrap_or_default();
    if start.starts_with(|first: char| first.is_ascii_digit()) { start } else { "" }
}

impl TaskMetrics {
    fn read(head: &Head<'_>) -> Self {
        let task = head.name.split_once("_samples_").and_then(|(_, rest)| rest.split('.').next()).unwrap_or_default();
        let path = format!("{}/{}_results.json", head.ancestor(1), key(head.name));
        let known = beside(&path, crate::source::MAX_RECORD as u64, |root| {
            let config = root.get("configs")?.get(task)?;
            let names = root.get("results")?.get(task)?.members().filter_map(|(name, _)| {
                let name = std::str::from_utf8(name.raw()).ok()?;
                Some(name.rsplit_once(',')?.0.to_owned())
            });
            Some(Self {
                task: task.to_owned(),
                is_choice: config.get("output_type").is_some_and(|kind| kind.raw() == b"multiple_choice"),
                custom: config.get("process_results").is_some_and(|code| code.kind() == Kind::String),
                metrics: Some(names.collect()),
            })
        });
        known.unwrap_or_else(|| Self { task: task.to_owned(), custom: true, ..Self::default() })
    }

    fn is_metric(&self, name: &str) -> bool {
        match &self.metrics {
            Some(known) => known.contains(name),
            None => !STRUCTURE.contains(&name),
        }
    }
}

impl Format for LmmsSamples {
    fn tool(&self) -> &'static str {
        "lmms-eval"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["filtered_resps"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let share = head.share(|row| {
            row.get("filtered_resps").is_some()
                && row.get("doc_id").is_some()
                && row.get("input").is_some()
                && row.get("arguments").is_none()
        });
        Confidence::of_share(share, 93, "rows with filtered_resps and input, without arguments")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let columns = vec![ColumnSpec::of_kind("loss", ClaimKind::Loss)];
        let framing = head.framing().unwrap_or(Framing::Lines);
        let mut records = Records::new(framing, columns, TaskMetrics::read(head), visit);
        key(head.name).clone_into(&mut records.run_key);
        records.conventions = vec!["scores of choices: mean loss per token, the lowest wins".to_owned()];
        Ok(Box::new(records.mapped(&[("item", "doc_id"), ("loss", "filtered_resps[][0]"), ("gold", "target")])))
    }
}

fn visit(origin: &JsonOrigin<'_>, context: &TaskMetrics, out: &mut dyn Sink) -> Result<(), FieldError> {
    let row = origin.root;
    let Some(responses) = row.get("filtered_resps") else {
        return Err(lacks(row, "filtered_resps", "a list or a text"));
    };
    let mut item = Item {
        id: row.get("doc_id").and_then(field::id).unwrap_or_default(),
        task: context.task.as_str().into(),
        filter: "none".into(),
        complete: true,
        at: at(row),
        ..Item::default()
    };
    let pairs: Option<Vec<_>> = responses.elements().map(pair).collect();
    for (loss, greedy, at) in pairs.filter(|_| context.is_choice).unwrap_or_default() {
        item.candidates.push(Candidate {
            at,
            claims: vec![Claim { of: ColumnId(0), value: Logged::Number(loss), at }],
            greedy: greedy.map(|greedy| (greedy, at)),
            ..Candidate::default()
        });
    }
    // A custom model class may return log-probs. The tool still picks the lowest, which is wrong for log-probs.
    let positive = |claim: &CandidateClaim| claim.value.value().is_some_and(|value| value >= 0.0);
    let are_losses = item.candidates.iter().flat_map(|candidate| &candidate.claims).all(positive);
    let target = row.get("target").filter(|_| context.is_choice);
    item.gold = target.and_then(|target| Some(PickRef::Index(field::integer(target)?, at(target)))).unwrap_or_default();
    for (name, value) in row.members() {
        let Ok(name) = std::str::from_utf8(name.raw()) else { continue };
        let number = match (value.as_bool(), field::printed(value)) {
            (Some(flag), _) => RowValue::Flag(flag),
            (None, Some(number)) => RowValue::Number(number),
            (None, None) => continue,
        };
        if !context.is_metric(name) {
            continue;
        }
        let known = name == "acc" && item.candidates.len() > 1 && !context.custom && are_losses;
        item.metrics.push(Claim {
            of: RowMetric {
                name: Text::json(name).decoded(),
                custom: !known,
                definition: if known { Definition::Right(Ranking::Lowest) } else { Definition::ByName },
            },
            value: number,
            at: at(value),
        });
    }
    out.item(&item, origin);
    Ok(())
}

/// A loss with its greedy flag: `["3.16", "False"]`, or both in one string, `"(3.16, False)"`.
fn pair(response: Value<'_>) -> Option<(Printed, Option<bool>, At)> {
    match response.kind() {
        Kind::Array => {
            let mut parts = response.elements();
            let loss = parts.next()?;
            Some((field::printed(loss)?, parts.next().and_then(flag), at(loss)))
        }
        Kind::String => {
            let inside = response.raw_str().strip_prefix('(')?.strip_suffix(')')?;
            let (loss, greedy) = inside.split_once(", ")?;
            Some((Printed::parse(loss.as_bytes())?, flag_text(greedy.as_bytes()), at(response)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::Tape;

    #[test]
    fn a_pair_may_be_one_string() {
        let of = |text: &str| {
            let mut tape = Tape::default();
            pair(tape.parse(text.as_bytes()).unwrap()).map(|(loss, greedy, _)| (loss.value, greedy))
        };
        assert_eq!(of(r#"["3.5", "True"]"#), Some((3.5, Some(true))));
        assert_eq!(of(r#""(3.5, False)""#), Some((3.5, Some(false))));
        assert_eq!(of(r#"" a text""#), None);
    }

    #[test]
    fn the_date_stands_first() {
        assert_eq!(key("20261125_222637_samples_local_mc.jsonl"), "20261125_222637");
        assert_eq!(key("20261125_222637_results.json"), "20261125_222637");
        assert_eq!(key("samples_x_2026-11-25T14-05-11.jsonl"), "");
    }
}
