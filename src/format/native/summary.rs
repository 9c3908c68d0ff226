//! `summary.json`: the metrics that an in-house pipeline reported for a run.

use std::borrow::Cow;
use std::sync::Arc;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::MappedField;
use crate::format::field::at;
use crate::format::json::{Kind, Value};
use crate::format::native::columns;
use crate::format::native::mapping::Mapping;
use crate::format::native::settled::{Settled, settle};
use crate::format::native::{infer, look, record};
use crate::format::origin::{JsonOrigin, read_document};
use crate::format::records::Records;
use crate::format::{Confidence, FIRST_RECORDS, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::metric::Kind as MetricKind;
use crate::metric::catalogue::{by_name, in_summaries, is_of_columns};
use crate::metric::is_about;
use crate::metric::reward_sums::WEIGHTS;
use crate::model::{Aggregation, Located, Origin, Part, RunClaim, RunMetric, plain_name};
use crate::source::Opened;

/// The summary next to the rows.
pub(in crate::format) static SUMMARY: NativeSummary = NativeSummary;

/// Suffixes of a metric's name that mark a standard error.
const STDERR: [&str; 3] = ["_stderr", "_std_err", "_se"];

/// Names of objects inside a summary that hold the metrics.
const NESTED: [&str; 4] = ["data", "metrics", "results", "summary"];

/// Names of lists inside a summary that hold the rows.
const ROWS: [&[&str]; 19] = [
    &["results"],
    &["rows"],
    &["records"],
    &["examples"],
    &["predictions"],
    &["instances"],
    &["data"],
    &["details"],
    &["items"],
    &["outputs"],
    &["per_example"],
    &["per_problem"],
    &["per_problem_results"],
    &["per_question"],
    &["per_sample"],
    &["problems"],
    &["questions"],
    &["sample_results"],
    &["samples"],
];

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

/// Names of objects inside a summary that hold settings rather than results.
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

/// Names of numbers that are settings, times or durations.
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

/// Suffixes of a metric's name that mark a percentage.
const PERCENT: [&str; 3] = ["_percent", "_pct", "_percentage"];

/// Maximum depth of nested objects that are searched.
const DEPTH: usize = 4;

/// Objects inside a summary with more numbers than this hold one per item.
const OF_ITEMS: usize = 64;

/// Usual names of files with the metrics of a run.
const FILES: [&str; 6] =
    ["summary.json", "metrics.json", "results.json", "scores.json", "eval_results.json", "all_results.json"];

/// Lists with a number for each k.
const AT_K: [&str; 3] = ["pass_at_k", "pass@k", "passk"];

/// Fields that hold a part's metric.
const OF_PARTS: [&str; 9] = ["accuracy", "acc", "score", "value", "mean", "f1", "exact_match", "em", "metric_value"];
/// Words in the name of a part's size.
const SIZES: [&str; 9] = ["n", "num", "count", "samples", "total", "size", "rows", "questions", "support"];
/// Words in the name of an overall metric.
const WHOLES: [&str; 8] = ["average", "avg", "mean", "overall", "macro", "micro", "weighted", "total"];

fn is_known(name: &str) -> bool {
    in_summaries().any(|own| own == name)
}

/// A number in a summary.
struct Leaf<'n> {
    /// The metric's name, without a suffix for the standard error.
    metric: &'n str,
    stderr: bool,
    /// Whether the name defines how the number follows from the rows.
    known: bool,
    /// The metric that the number is a percentage of.
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

    /// The claim that the number makes. Without a known name, its aggregation is unknown.
    fn claim(&self, task: &str, printed: &str, located: Located) -> RunClaim {
        let percent = self.percent_of.map(|_| Aggregation::PercentMean);
        RunMetric {
            stderr: self.stderr,
            rows: self.percent_of.map(str::to_owned),
            aggregation: if self.known { percent } else { Some(Aggregation::Other) },
            ..RunMetric::new(task, self.metric)
        }
        .claim(printed, located)
    }
}

/// Visits every number of a summary. `path` names the enclosing objects, without those that only group the metrics.
fn numbers<'t>(object: Value<'t>, path: &str, depth: usize, visit: &mut impl FnMut(&str, Value<'t>)) {
    for (key, value) in object.members() {
        let Ok(name) = std::str::from_utf8(key.raw()) else { continue };
        let full = if path.is_empty() { Cow::Borrowed(name) } else { Cow::Owned(format!("{path}.{name}")) };
        match value.kind() {
            // Of the settings, only weights say how a number of the rows follows.
            Kind::Object if SETTINGS.contains(&name) => {
                if let Some(weights) = value.get(WEIGHTS).filter(|own| own.kind() == Kind::Object) {
                    numbers(weights, WEIGHTS, DEPTH, visit);
                }
            }
            Kind::Object if depth == DEPTH => {}
            Kind::Object if NESTED.contains(&name) => numbers(value, path, depth + 1, visit),
            Kind::Object if value.members().filter(|(_, own)| own.kind() == Kind::Number).count() > OF_ITEMS => {}
            Kind::Object => numbers(value, &full, depth + 1, visit),
            Kind::Number if !SET.contains(&name) => visit(&full, value),
            // A null field is a claim if the rows have a field with its name.
            Kind::Null if !SET.contains(&name) => visit(&full, value),
            Kind::Array if AT_K.contains(&name) => at_k(value, visit),
            Kind::Array if depth < DEPTH => {
                for (part, object) in named_parts(value) {
                    numbers(object, &format!("{full}.{part}"), DEPTH, visit);
                }
            }
            _ => {}
        }
    }
}

/// Visits the numbers of a list with one for each k.
fn at_k<'t>(list: Value<'t>, visit: &mut impl FnMut(&str, Value<'t>)) {
    for entry in list.elements().take(OF_ITEMS) {
        let number =
            |keys: &[&str]| keys.iter().find_map(|key| entry.get(key).filter(|own| own.kind() == Kind::Number));
        if let (Some(k), Some(value)) = (number(&["k"]), number(&["rate", "value", "score", "pass_at_k", "pass@k"])) {
            visit(&format!("pass@{}", k.raw_str()), value);
        }
    }
}

/// The entries of a short list of named objects, or of an object of objects.
fn named_parts<'t>(group: Value<'t>) -> Vec<(Cow<'t, str>, Value<'t>)> {
    let name = |entry: Value<'t>| {
        entry.members().find(|(key, value)| value.kind() == Kind::String && key.raw_str().contains("name"))?.1.as_str()
    };
    let parts: Vec<(Cow<'t, str>, Value<'t>)> = match group.kind() {
        Kind::Array => group.elements().take(OF_ITEMS + 1).filter_map(|entry| Some((name(entry)?, entry))).collect(),
        Kind::Object => group.members().take(OF_ITEMS + 1).map(|(key, value)| (key.as_str(), value)).collect(),
        _ => Vec::new(),
    };
    let are_objects = parts.iter().all(|(_, part)| part.kind() == Kind::Object);
    if are_objects && (2..=OF_ITEMS).contains(&parts.len()) { parts } else { Vec::new() }
}

/// The parts whose mean may be an overall metric, with the field that holds their metric.
fn parts<'t>(group: Value<'t>) -> Option<(&'static str, Vec<Part>)> {
    let all = named_parts(group);
    let number = |part: &Value<'t>, key: &str| part.get(key).filter(|own| own.kind() == Kind::Number);
    let field = OF_PARTS
        .into_iter()
        .find(|field| !all.is_empty() && all.iter().all(|(_, own)| number(own, field).is_some()))?;
    let is_size = |key: &str| plain_name(key).split('_').any(|word| SIZES.contains(&word));
    let part = |(name, own): &(Cow<'t, str>, Value<'t>)| {
        let sizes = own.members().filter(|(key, value)| value.kind() == Kind::Number && is_size(&key.as_str()));
        Some(Part {
            name: name.clone().into_owned(),
            printed: number(own, field)?.raw_str().to_owned(),
            sizes: sizes.map(|(key, value)| (key.as_str().into_owned(), value.raw_str().to_owned())).collect(),
        })
    };
    Some((field, all.iter().filter_map(part).collect()))
}

/// The parts of an overall metric: their field or their list has the metric's name.
fn parts_of(root: Value<'_>, name: &str) -> Vec<Part> {
    let own = plain_name(name);
    let words: Vec<&str> = own.split('_').collect();
    let is_mean = words.iter().any(|word| WHOLES.contains(word));
    let bare: Vec<&str> = words.into_iter().filter(|word| !WHOLES.contains(word)).collect();
    let bare = bare.join("_");
    let fits = |list: &str, field: &str| {
        let list = plain_name(list);
        let is_of_list = !bare.is_empty() && list.split('_').any(|word| word == bare);
        bare == field || is_mean && (is_of_list || bare.is_empty())
    };
    let nested = NESTED.iter().filter_map(|key| root.get(key)).flat_map(|inner| inner.members());
    let mut found = root.members().chain(nested).filter_map(|(key, value)| {
        let (field, parts) = parts(value)?;
        fits(&key.as_str(), field).then_some(parts)
    });
    // If two lists match, neither is used.
    let means = found.next().filter(|_| found.next().is_none()).unwrap_or_default();
    if means.is_empty() { counted_parts(root, &own) } else { means }
}

/// The parts of a count: those of the only list whose entries all have a number of its name.
fn counted_parts(root: Value<'_>, name: &str) -> Vec<Part> {
    let is_size = name.split('_').any(|word| SIZES.contains(&word) || word == "correct");
    let count = |(part, own): (Cow<'_, str>, Value<'_>)| {
        let mut numbers = own.members().filter(|(_, value)| value.kind() == Kind::Number);
        let (_, value) = numbers.find(|(key, _)| plain_name(&key.as_str()) == name)?;
        Some(Part { name: part.into_owned(), printed: value.raw_str().to_owned(), sizes: Vec::new() })
    };
    let nested = NESTED.iter().filter_map(|key| root.get(key)).flat_map(|inner| inner.members());
    let mut found = root.members().chain(nested).filter_map(|(_, value)| {
        let all = named_parts(value);
        let counts: Vec<Part> = all.into_iter().map(count).collect::<Option<_>>()?;
        (is_size && counts.len() > 1).then_some(counts)
    });
    found.next().filter(|_| found.next().is_none()).unwrap_or_default()
}

/// The names of the numbers in a summary.
pub(crate) fn names(root: Value<'_>) -> Vec<String> {
    let mut names = Vec::new();
    numbers(root, "", 0, &mut |name, _| names.push(name.to_owned()));
    names
}

/// Whether at least one number of a summary is about a measured field of the row.
fn speaks_of(root: Value<'_>, row: Value<'_>) -> bool {
    let fields = columns::measured(row);
    names(root).iter().any(|name| fields.iter().any(|field| is_about(name, field)))
}

/// A row keyed by its id, `{"q1": {…}}`, with the id.
fn keyed(record: Value<'_>) -> Option<(Cow<'_, str>, Value<'_>)> {
    let mut members = record.members();
    let (key, value) = members.next()?;
    (members.next().is_none() && value.kind() == Kind::Object).then(|| (key.as_str(), value))
}

/// The first rows of a list, or of an object of rows. The last one may be cut off.
fn first_rows<'t>(list: Value<'t>, is_whole: bool) -> Vec<Value<'t>> {
    let mut rows: Vec<Value<'t>> = match list.kind() {
        Kind::Object => list.members().map(|(_, row)| row).take(FIRST_RECORDS + 1).collect(),
        _ => list.elements().take(FIRST_RECORDS + 1).collect(),
    };
    if rows.len() > FIRST_RECORDS || !is_whole && rows.len() > 1 {
        rows.pop();
    }
    rows
}

/// The path of the list of rows in a summary, if it has one, and its first entries, rows as in the other native formats.
fn rows<'t>(root: Value<'t>, is_whole: bool, mapping: &Mapping) -> Option<(&'static [&'static str], Vec<Value<'t>>)> {
    ROWS.into_iter().find_map(|path| {
        let list = path.iter().try_fold(root, |value, key| value.get(key))?;
        let first = match list.kind() {
            Kind::Object => list.members().next()?.1,
            _ => list.elements().next()?,
        };
        let rows = first_rows(list, is_whole);
        let is_row = || look::looks_native(first, mapping) || look::is_answer(first, mapping);
        // Named objects are often groups of numbers rather than rows.
        let is_row = match list.kind() {
            Kind::Object => {
                first.kind() == Kind::Object && list.members().count() > OF_ITEMS / 8 && speaks_of(root, first)
            }
            _ => is_row() || speaks_of(root, first) || !infer::find(&rows, mapping).known.is_empty(),
        };
        is_row.then_some((path, rows))
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
        // A truncated summary is still recognised. If only the head ends here, more rows follow it.
        let Some(root) = head.document() else { return Confidence::default() };
        let has_rows =
            || super::mapping(&InputConfig::default()).is_ok_and(|mapping| rows(root, head.whole, &mapping).is_some());
        if !head.whole && !has_rows() {
            return Confidence::default();
        }
        let mut found = Vec::new();
        numbers(root, "", 0, &mut |name, _| {
            let leaf = Leaf::of(name);
            let is_named = FILES.contains(&head.name) && is_of_columns(name);
            if leaf.known && leaf.percent_of.is_none() || is_named {
                found.push(leaf.metric.to_owned());
            }
        });
        if found.is_empty() {
            if !has_rows() {
                return Confidence::default();
            }
            found.extend(names(root).into_iter().take(4));
        }
        let named = FILES.contains(&head.name);
        Confidence {
            percent: if named { 70 } else { 40 },
            evidence: format!("one object with the metrics {}", found.join(", ")),
        }
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let mapping = super::mapping(config)?;
        let Some((path, first)) = head.document().and_then(|root| rows(root, head.whole, &mapping)) else {
            return Ok(Box::new(SummaryReader { unread: head.document().and_then(unread) }));
        };
        let Settled { mapping, found } = settle(&first, mapping)?;
        let columns = Arc::clone(&mapping.columns);
        let mut records = Records::new(Framing::Nested(path), columns, mapping, |origin, mapping, out| {
            let Some((key, row)) = keyed(origin.root) else {
                out.item(&record::item(origin.root, mapping)?, origin);
                return Ok(());
            };
            let mut item = record::item(row, mapping)?;
            if item.id.is_empty() {
                item.id = key;
            }
            out.item(&item, origin);
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

/// Emits the numbers of a summary as claims.
fn claims(origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    let root = origin.root;
    let task = root.get("task").and_then(|task| task.as_str()).unwrap_or_default().into_owned();
    numbers(root, "", 0, &mut |name, value| {
        let printed = if value.kind() == Kind::Number { value.raw_str() } else { "" };
        let mut claim = Leaf::of(name).claim(&task, printed, origin.locate(at(value)));
        if !name.contains('.') {
            claim.of.parts = parts_of(root, name);
        }
        out.metric(claim);
    });
}

struct SummaryReader {
    /// What is said of rows that are not read.
    unread: Option<String>,
}

/// What is said of a list of objects that could be rows, if no field of theirs is known and no number is about one.
fn unread(root: Value<'_>) -> Option<String> {
    /// Fields that are named.
    const NAMED: usize = 6;
    let lists = ROWS.iter().filter_map(|path| Some((path.first()?, root.get(path.first()?)?)));
    let are_rows = |list: &Value<'_>| {
        list.kind() == Kind::Array
            && list.len() > 1
            && list.elements().all(|own| own.kind() == Kind::Object)
            && named_parts(*list).is_empty()
    };
    let (name, list) = lists.into_iter().find(|(_, list)| are_rows(list))?;
    let first = list.elements().next()?;
    let mut fields: Vec<String> = first.members().take(NAMED).map(|(key, _)| format!("`{}`", key.as_str())).collect();
    if first.len() > NAMED {
        fields.push("…".to_owned());
    }
    Some(format!(
        "the {} entries of `{name}` are not read: no number of the summary is about one of their fields ({})",
        list.len(),
        fields.join(", ")
    ))
}

impl Reader for SummaryReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        &[]
    }

    fn unread(&self) -> Vec<String> {
        self.unread.iter().cloned().collect()
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        read_document(file, stream, out, claims);
    }

    fn mapping(&self) -> Vec<MappedField> {
        Vec::new()
    }
}
