//! The header: the metrics of the run, and the scores after the epochs were reduced.

#![expect(clippy::unnecessary_wraps, reason = "every visit has one signature")]

use std::borrow::Cow;

use crate::format::Sink;
use crate::format::field::{FieldError, at, id};
use crate::format::harness::inspect::Epochs;
use crate::format::harness::inspect::sample::score_metrics;
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::model::{Aggregation, Item, Origin, RunMetric};

/// Reads the document around the samples, or the header of a zip.
pub(super) fn read(origin: &JsonOrigin<'_>, context: &Epochs, out: &mut dyn Sink) -> Result<(), FieldError> {
    let root = origin.root;
    if let Some(list) = root.get("reductions") {
        reductions(list, origin, context, out);
    }
    let Some(results) = root.get("results") else { return Ok(()) };
    match results.get("scores") {
        Some(scores) => {
            for score in scores.elements() {
                let name = score.get("name").or_else(|| score.get("scorer")).and_then(id).unwrap_or_default();
                claims(&name, score, context, origin, out);
            }
        }
        // The first versions of the log name one scorer for the whole run.
        None => {
            let name = results.get("scorer").and_then(|scorer| scorer.get("name").and_then(id).or_else(|| id(scorer)));
            claims(&name.unwrap_or_default(), results, context, origin, out);
        }
    }
    Ok(())
}

/// The stream of the reduced scores; with one epoch, the stream of the samples.
fn filter(reducer: Option<Value<'_>>, context: &Epochs) -> String {
    match reducer.and_then(|reducer| reducer.as_str()) {
        _ if context.epochs <= 1 => String::new(),
        Some(reducer) => reducer.into_owned(),
        None => "reduced".to_owned(),
    }
}

/// The scores after the epochs were reduced; a log with a single epoch has them as well.
pub(super) fn reductions(list: Value<'_>, origin: &JsonOrigin<'_>, context: &Epochs, out: &mut dyn Sink) {
    for reduction in list.elements().filter(|_| context.epochs > 1) {
        reduced(reduction, origin, context, out);
    }
}

/// The reduced scores of one scorer, as separate rows.
fn reduced(reduction: Value<'_>, origin: &JsonOrigin<'_>, context: &Epochs, out: &mut dyn Sink) {
    let scorer = reduction.get("scorer").and_then(|scorer| scorer.as_str()).unwrap_or_default();
    let filter = filter(reduction.get("reducer"), context);
    for sample in reduction.get("samples").into_iter().flat_map(|samples| samples.elements()) {
        let Some(name) = sample.get("sample_id").and_then(id) else { continue };
        let mut metrics = Vec::new();
        score_metrics(scorer.clone(), sample, &mut metrics);
        let item = Item {
            // Several scorers reduce the same samples, so the id includes the scorer.
            id: Cow::Owned(format!("{name} ({scorer})")),
            filter: Cow::Borrowed(&filter),
            metrics,
            complete: true,
            at: at(sample),
            ..Item::default()
        };
        out.item(&item, origin);
    }
}

/// The metrics of one scorer.
fn claims(name: &str, score: Value<'_>, context: &Epochs, origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    let filter = filter(score.get("reducer"), context);
    let metrics = || score.get("metrics").into_iter().flat_map(|metrics| metrics.members());
    let plain = |metric: Value<'_>| {
        let name = metric.get("name").and_then(|name| name.as_str()).unwrap_or_default();
        name.rsplit('/').next().unwrap_or_default().to_owned()
    };
    let base = if metrics().any(|(_, metric)| plain(metric) == "accuracy") { "accuracy" } else { "mean" };
    for (_, metric) in metrics() {
        let Some(value) = metric.get("value").filter(|value| value.kind() == Kind::Number) else { continue };
        let metric_name = plain(metric);
        let grouped = metric.get("group").is_some_and(|group| group.kind() == Kind::String);
        let parameters = metric.get("params").or_else(|| metric.get("options"));
        let clustered = parameters.and_then(|all| all.get("cluster")).is_some_and(|own| own.kind() != Kind::Null);
        let sums = || Some(format!("{name}.sum_log_probs"));
        let (shown, rows, aggregation, stderr) = match metric_name.as_str() {
            "accuracy" | "mean" if !grouped => (metric_name.as_str(), None, Aggregation::Mean, false),
            "stderr" if !grouped && !clustered => (base, None, Aggregation::Mean, true),
            "std" if !grouped => ("std", None, Aggregation::SampleDeviation, false),
            "var" if !grouped => ("var", None, Aggregation::SampleVariance, false),
            "perplexity_per_token" if context.epochs <= 1 => {
                ("perplexity_per_token", sums(), Aggregation::WeightedPerplexity, false)
            }
            "perplexity_per_seq" if context.epochs <= 1 => ("perplexity_per_seq", None, Aggregation::ExpOfMean, false),
            other => (other, None, Aggregation::Other, false),
        };
        out.metric(
            RunMetric {
                filter: filter.clone(),
                rows: rows.or_else(|| Some(name.to_owned())),
                aggregation: Some(aggregation),
                stderr,
                ..RunMetric::new("", shown)
            }
            .claim(value.raw_str(), origin.locate(at(value))),
        );
    }
    let scored = score.get("scored_samples").filter(|value| value.kind() == Kind::Number);
    if let Some(value) = scored {
        out.metric(
            RunMetric {
                filter,
                rows: Some(name.to_owned()),
                aggregation: Some(Aggregation::Rows),
                ..RunMetric::new("", "scored_samples")
            }
            .claim(value.raw_str(), origin.locate(at(value))),
        );
    }
}
