//! `summary.json`: the numbers that an in-house pipeline reported of a run.

use std::borrow::Cow;
use std::sync::Arc;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::MappedField;
use crate::format::field::at;
use crate::format::json::{Kind, Value};
use crate::format::native::record::{self, Mapping};
use crate::format::origin::{JsonOrigin, read_document};
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::metric::Kind as MetricKind;
use crate::metric::catalogue::{by_name, in_summaries};
use crate::model::{Aggregation, Located, MetricClaim, Origin};
use crate::source::Opened;

/// The summary beside the rows.
pub(in crate::format) static SUMMARY: NativeSummary = NativeSummary;

/// Suffixes of a metric's name that make it the metric's standard error.
const STDERR: [&str; 3] = ["_stderr", "_std_err", "_se"];

/// Names of objects inside a summary that hold the metrics.
const NESTED: [&str; 3] = ["metrics", "results", "summary"];

/// Names of lists inside a summary that hold the rows.
const ROWS: [&[&str]; 6] = [&["results"], &["rows"], &["records"], &["examples"], &["predictions"], &["instances"]];

pub(in crate::format) struct NativeSummary;

static INFO: FormatInfo = FormatInfo {
    name: "native-summary",
    about: "reported metrics beside the rows (summary.json)",
    tool: "in-house pipelines",
    files: "`summary.json`, `metrics.json`, `results.json`",
    recognised_by: "one object with known metric names; rows in its `results`, `rows` or `records` are read",
    proven: "accuracy, as a fraction or a percentage, and its standard error, perplexity, loss, bits per byte, counts",
    unprovable: "metrics of rows that are not logged, and numbers whose name is not known: each is listed; settings \
                 (`seed`, `temperature`, `config`) are not",
    base: "e",
    sentinels: "null",
    traps: "a summary beside several runs is ambiguous and not judged",
};

/// Names of objects inside a summary that hold what was set, not what was measured.
const SETTINGS: [&str; 15] = [
    "args",
    "arguments",
    "config",
    "configuration",
    "environment",
    "generation_kwargs",
    "hyperparameters",
    "meta",
    "metadata",
    "parameters",
    "params",
    "sampling_params",
    "settings",
    "usage",
    "versions",
];

/// Names of numbers that were set, or that say when and how long the run was.
const SET: [&str; 28] = [
    "batch_size",
    "created",
    "created_at",
    "duration",
    "elapsed",
    "elapsed_seconds",
    "elapsed_time",
    "epoch",
    "epochs",
    "global_step",
    "limit",
    "max_length",
    "max_new_tokens",
    "max_tokens",
    "n_shot",
    "num_fewshot",
    "num_workers",
    "random_seed",
    "runtime",
    "seed",
    "step",
    "temperature",
    "time",
    "timestamp",
    "top_k",
    "top_p",
    "version",
    "wall_time",
];

/// Endings of a metric's name that make it a percentage.
const PERCENT: [&str; 3] = ["_percent", "_pct", "_percentage"];

/// Objects inside objects that are looked into.
const DEPTH: usize = 4;

/// Numbers from which on an object inside a summary holds one for each item.
const OF_ITEMS: usize = 64;

fn is_known(name: &str) -> bool {
    in_summaries().any(|own| own == name)
}

/// A number of a summary.
struct Leaf<'n> {
    /// The metric's name, without what makes it a standard error.
    metric: &'n str,
    stderr: bool,
    /// Whether its name says how it follows from rows.
    known: bool,
    /// The metric that it is a percentage of.
    percent_of: Option<&'n str>,
}

impl<'n> Leaf<'n> {
    fn of(key: &'n str) -> Self {
        let leaf = Self { metric: key, stderr: false, known: is_known(key), percent_of: None };
        let before =
            |endings: &[&str]| endings.iter().find_map(|ending| key.strip_suffix(ending)).filter(|own| is_known(own));
        if leaf.known {
            return leaf;
        }
        if let Some(metric) = before(&STDERR) {
            return Self { metric, stderr: true, known: true, ..leaf };
        }
        let percent_of =
            before(&PERCENT).filter(|own| by_name(own).is_some_and(|metric| metric.kind == MetricKind::Fraction));
        Self { known: percent_of.is_some(), percent_of, ..leaf }
    }

    /// The claim that it makes. What its name does not say, nothing is known of.
    fn claim(&self, task: &str, printed: &str, located: Located) -> MetricClaim {
        let percent = self.percent_of.map(|_| Aggregation::PercentMean);
        MetricClaim {
            stderr: self.stderr,
            rows: self.percent_of.map(str::to_owned),
            aggregation: if self.known { percent } else { Some(Aggregation::Other) },
            ..MetricClaim::new(task, self.metric, printed, located)
        }
    }
}

/// Visits every number of a summary. `path` names the objects around it, those that only hold the metrics left out.
fn numbers(object: Value<'_>, path: &str, depth: usize, visit: &mut impl FnMut(&str, Value<'_>)) {
    for (key, value) in object.members() {
        let Ok(name) = std::str::from_utf8(key.raw()) else { continue };
        let full = if path.is_empty() { Cow::Borrowed(name) } else { Cow::Owned(format!("{path}.{name}")) };
        match value.kind() {
            Kind::Object if SETTINGS.contains(&name) || depth == DEPTH => {}
            Kind::Object if NESTED.contains(&name) => numbers(value, path, depth + 1, visit),
            Kind::Object if value.members().filter(|(_, own)| own.kind() == Kind::Number).count() > OF_ITEMS => {}
            Kind::Object => numbers(value, &full, depth + 1, visit),
            Kind::Number if !SET.contains(&name) => visit(&full, value),
            // A field without a value is a claim where it is known to be one.
            Kind::Null if Leaf::of(&full).known => visit(&full, value),
            _ => {}
        }
    }
}

/// The path of the list of rows in a summary, if it has one, and its first entry: a row as the other native forms have it.
fn rows<'t>(root: Value<'t>, mapping: &Mapping) -> Option<(&'static [&'static str], Value<'t>)> {
    ROWS.into_iter().find_map(|path| {
        let list = path.iter().try_fold(root, |value, key| value.get(key))?;
        let first = list.elements().next()?;
        (record::looks_native(first, mapping) || record::is_answer(first, mapping)).then_some((path, first))
    })
}

impl Format for NativeSummary {
    fn tool(&self) -> &'static str {
        super::TOOL
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn is_mappable(&self) -> bool {
        true
    }

    fn is_summary(&self) -> bool {
        true
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        // One that ends too early is a summary as far as it goes, and behind the head there are more rows.
        let Some(root) = head.document() else { return Confidence::default() };
        let has_rows = || super::mapping(&InputConfig::default()).is_ok_and(|mapping| rows(root, &mapping).is_some());
        if !head.whole && !has_rows() {
            return Confidence::default();
        }
        let mut found = Vec::new();
        numbers(root, "", 0, &mut |name, _| {
            let leaf = Leaf::of(name);
            if leaf.known && leaf.percent_of.is_none() {
                found.push(leaf.metric.to_owned());
            }
        });
        if found.is_empty() {
            return Confidence::default();
        }
        let named = ["summary.json", "metrics.json", "results.json"].contains(&head.name);
        Confidence {
            percent: if named { 70 } else { 40 },
            evidence: format!("one object with the metrics {}", found.join(", ")),
        }
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let mapping = super::mapping(config)?;
        let Some((path, first)) = head.document().and_then(|root| rows(root, &mapping)) else {
            return Ok(Box::new(SummaryReader));
        };
        let found = record::mapping_of(first, &mapping);
        let columns = Arc::clone(&mapping.columns);
        let mut records = Records::new(Framing::Nested(path), columns, mapping, |origin, mapping, out| {
            out.item(&record::item(origin.root, mapping)?, origin);
            Ok(())
        });
        records.shell = Some(|origin, _, out| {
            claims(origin, out);
            Ok(())
        });
        records.mapping = found;
        Ok(Box::new(records))
    }
}

/// The numbers of a summary.
fn claims(origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    let root = origin.root;
    let task = root.get("task").and_then(|task| task.as_str()).unwrap_or_default().into_owned();
    numbers(root, "", 0, &mut |name, value| {
        let printed = if value.kind() == Kind::Number { value.raw_str() } else { "" };
        out.metric(Leaf::of(name).claim(&task, printed, origin.locate(at(value))));
    });
}

struct SummaryReader;

impl Reader for SummaryReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        &[]
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        read_document(file, stream, out, claims);
    }

    fn mapping(&self) -> Vec<MappedField> {
        Vec::new()
    }
}
