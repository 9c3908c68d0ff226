//! `summary.json`: the numbers that an in-house pipeline reported of a run.

use std::sync::Arc;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::MappedField;
use crate::format::field::at;
use crate::format::json::{Kind, Tape, Value};
use crate::format::native::record::{self, Mapping};
use crate::format::origin::{JsonOrigin, read_document};
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::metric::catalogue::in_summaries;
use crate::model::{MetricClaim, Origin};
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
    proven: "accuracy and its standard error, perplexity, loss, bits per byte, counts",
    unprovable: "metrics of rows that are not logged",
    base: "e",
    sentinels: "null",
    traps: "a summary beside several runs is ambiguous and not judged",
};

fn is_known(name: &str) -> bool {
    in_summaries().any(|own| own == name)
}

/// A metric's name without what makes it a standard error.
fn metric_name(key: &str) -> Option<(&str, bool)> {
    if is_known(key) {
        return Some((key, false));
    }
    let metric = STDERR.iter().find_map(|suffix| key.strip_suffix(suffix))?;
    is_known(metric).then_some((metric, true))
}

fn metrics(object: Value<'_>, visit: &mut impl FnMut(&str, bool, Value<'_>)) {
    for (key, value) in object.members() {
        let Ok(name) = std::str::from_utf8(key.raw()) else { continue };
        match value.kind() {
            Kind::Object if NESTED.contains(&name) => metrics(value, visit),
            Kind::Number | Kind::Null => {
                if let Some((metric, stderr)) = metric_name(name) {
                    visit(metric, stderr, value);
                }
            }
            _ => {}
        }
    }
}

/// The list of rows in a summary, if it has one: a list whose first entry is a row as the other native forms have it.
fn rows(root: Value<'_>, mapping: &Mapping) -> Option<&'static [&'static str]> {
    ROWS.into_iter().find(|path| {
        let list = path.iter().try_fold(root, |value, key| value.get(key));
        let first = list.and_then(|list| list.elements().next());
        first.is_some_and(|first| record::looks_native(first, mapping))
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
        let mut tape = Tape::default();
        let whole = head.whole.then(|| tape.parse(head.bytes).ok()).flatten();
        // One that ends too early is a summary as far as it goes, and behind the head there are more rows.
        let Some(root) = whole.or_else(|| head.document()) else { return Confidence::default() };
        let with_rows = super::mapping(&InputConfig::default()).is_ok_and(|mapping| rows(root, &mapping).is_some());
        if !head.whole && !with_rows {
            return Confidence::default();
        }
        if root.kind() != Kind::Object {
            return Confidence::default();
        }
        let mut found = Vec::new();
        metrics(root, &mut |metric, _, _| found.push(metric.to_owned()));
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
        let Some(path) = head.document().and_then(|root| rows(root, &mapping)) else {
            return Ok(Box::new(SummaryReader));
        };
        let first = head.document().and_then(|root| path.iter().try_fold(root, |value, key| value.get(key)));
        let first = first.and_then(|list| list.elements().next());
        let found = first.map(|first| record::mapping_of(first, &mapping)).unwrap_or_default();
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
    metrics(root, &mut |metric, stderr, value| {
        let printed = if value.kind() == Kind::Number { value.raw_str() } else { "" };
        let located = origin.locate(at(value));
        out.metric(MetricClaim { stderr, ..MetricClaim::new(&task, metric, printed, located) });
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
