//! sacreBLEU: scores of a corpus as JSON.
//!
//! Shapes of 2.6.0, from `sacrebleu/sacrebleu.py` and `sacrebleu/metrics`.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "every visit has one signature")]

use crate::config::InputConfig;
use crate::format::field::{FieldError, at, has, id, lacks, printed};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Claim, Definition, Item, RowMetric, RowValue};
use crate::numeric::Printed;

/// The scores of a corpus.
pub(in crate::format) static SCORES: Scores = Scores;

pub(in crate::format) struct Scores;

static INFO: FormatInfo = FormatInfo {
    name: "sacrebleu",
    about: "scores of sacreBLEU (--format json)",
    tool: "sacreBLEU 2.6.0",
    files: "standard output: an object, or an array of one per metric",
    recognised_by: "`name`, `score` and a `signature` with a version",
    proven: "BLEU against the precisions and the brevity penalty of `verbose_score`, within their printed digits",
    unprovable: "chrF and TER: their components are not printed; confidence intervals: bootstrapped",
    base: "no log-probs; percentages",
    sentinels: "none",
    traps: "`score` is rounded to --width decimals, 1 by default; with `eff:yes` the number of precisions varies",
};

fn is_score(record: Value<'_>) -> bool {
    let signed = record.get("signature").and_then(|signature| signature.as_str());
    has(record, "name", Kind::String)
        && record.get("score").is_some()
        && signed.is_some_and(|signature| signature.contains("version:"))
}

impl Format for Scores {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["signature"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_score), 92, "name, score and signature")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().unwrap_or(Framing::Elements);
        let mut records =
            Records::new(framing, Vec::new(), (), score).mapped(&[("item", "name"), ("row metrics", "score")]);
        let version = head.records().next().and_then(|first| first.get("version")?.as_str());
        records.version = version.map(std::borrow::Cow::into_owned);
        head.name.clone_into(&mut records.run_key);
        Ok(Box::new(records))
    }
}

fn score(origin: &JsonOrigin<'_>, (): &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    let root = origin.root;
    let name = root.get("name").and_then(id).ok_or_else(|| lacks(root, "name", "the metric's name"))?;
    let score = root.get("score").ok_or_else(|| lacks(root, "score", "the metric's value"))?;
    let mut item = Item { id: name.clone(), complete: true, at: at(root), ..Item::default() };
    if let Some(number) = printed(score) {
        let text = |key: &str| root.get(key).and_then(|value| value.as_str());
        // With effective order, short texts use fewer precisions.
        let fixed = text("eff").is_none_or(|effective| effective == "no");
        let parts = text("verbose_score").filter(|_| fixed && name == "BLEU");
        let definition = parts.and_then(|text| bleu(&text));
        let definition = definition
            .map_or(Definition::ByName, |(penalty, precisions)| Definition::GeometricMeanOf(penalty, precisions));
        item.metrics.push(Claim {
            of: RowMetric { name, custom: false, definition },
            value: RowValue::Number(number),
            at: at(score),
        });
    }
    out.item(&item, origin);
    Ok(())
}

/// Brevity penalty and precisions of `95.7/91.9/88.9/82.4 (BP = 0.979 ratio = …`.
fn bleu(verbose: &str) -> Option<(Printed, Vec<Printed>)> {
    let (precisions, rest) = verbose.split_once(" (BP = ")?;
    let penalty = Printed::parse(rest.split(' ').next()?.as_bytes())?;
    let precisions: Option<Vec<Printed>> =
        precisions.split('/').map(|precision| Printed::parse(precision.as_bytes())).collect();
    Some((penalty, precisions?))
}

#[cfg(test)]
mod tests {
    use super::bleu;

    #[test]
    fn parts_of_a_verbose_score() {
        let (penalty, precisions) = bleu("95.7/91.9/88.9/82.4 (BP = 0.979 ratio = 0.979 hyp_len = 47)").unwrap();
        assert_eq!(penalty.decimals, 3);
        assert_eq!(precisions.iter().map(|precision| precision.decimals).collect::<Vec<i16>>(), [1, 1, 1, 1]);
        assert!(bleu("93.5").is_none());
    }
}
