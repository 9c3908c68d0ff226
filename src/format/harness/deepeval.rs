//! `DeepEval`: a test run.
//!
//! Shapes of 4.3.1, from `deepeval/test_run`.

#![expect(clippy::trivially_copy_pass_by_ref, clippy::unnecessary_wraps, reason = "every visit has one signature")]

use std::borrow::Cow;

use crate::config::InputConfig;
use crate::format::field::{FieldError, at, has, id, lacks, printed};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Aggregation, Claim, Definition, Item, Origin, RowClaim, RowMetric, RowValue, RunMetric};
use crate::numeric::Printed;

/// A test run.
pub(in crate::format) static RUN: Run = Run;

pub(in crate::format) struct Run;

static INFO: FormatInfo = FormatInfo {
    name: "deepeval",
    about: "test run of DeepEval",
    tool: "DeepEval 4.3.1",
    files: "`test_run_<date>.json`, `.latest_run_full.json`, `.latest_test_run.json`; each file is a separate run",
    recognised_by: "`testCases` with `metricsData`, also under `testRunData`",
    proven: "`success` of a case from its metrics; `testPassed`",
    unprovable: "scores of metrics: code or models; `success` of a metric: the log does not say whether lower is better",
    base: "no log-probs",
    sentinels: "none",
    traps: "scores of G-Eval are weighted by log-probs that are not stored; a failed case is not a log defect",
};

/// The key of the run in `.latest_test_run.json` (`LATEST_TEST_RUN_DATA_KEY` in `deepeval/test_run/test_run.py`).
const WRAPPED: &str = "testRunData";

/// The run itself, which may be nested under a key.
fn run(root: Value<'_>) -> Value<'_> {
    root.get(WRAPPED).filter(|run| run.kind() == Kind::Object).unwrap_or(root)
}

fn is_run(root: Value<'_>) -> bool {
    let root = run(root);
    let first = root.get("testCases").and_then(|cases| cases.elements().next());
    first.is_some_and(|case| has(case, "metricsData", Kind::Array) && case.get("success").is_some())
}

impl Format for Run {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        match head.document() {
            Some(root) if is_run(root) => Confidence::of(92, "testCases with metricsData"),
            _ => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let is_wrapped = head.document().is_some_and(|root| root.get(WRAPPED).is_some());
        let path: &'static [&'static str] = if is_wrapped { &[WRAPPED, "testCases"] } else { &["testCases"] };
        let mut records = Records::new(Framing::Nested(path), Vec::new(), (), case)
            .mapped(&[("item", "name"), ("row metrics", "metricsData[].score, success")]);
        records.shell = Some(totals);
        head.name.clone_into(&mut records.run_key);
        Ok(Box::new(records))
    }
}

fn case(origin: &JsonOrigin<'_>, (): &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    let root = origin.root;
    let name = root.get("name").or_else(|| root.get("order")).and_then(id);
    let name = name.ok_or_else(|| lacks(root, "name", "the case's name"))?;
    // Cases may share a name, but each has its own order number.
    let id = match root.get("order").and_then(id) {
        Some(order) => Cow::Owned(format!("{name} (order {order})")),
        None => name,
    };
    let mut item = Item { id, complete: true, at: at(root), ..Item::default() };
    let mut passed: Option<Vec<Printed>> = Some(Vec::new());
    for metric in root.get("metricsData").into_iter().flat_map(|metrics| metrics.elements()) {
        let success = metric.get("success").and_then(|success| success.as_bool());
        // A flaky metric does not affect the result of the test.
        let decides = metric.get("flaky").and_then(|flaky| flaky.as_bool()) != Some(true);
        passed = passed.zip(success.filter(|_| decides)).map(|(mut all, success)| {
            all.push(Printed::from_f64(f64::from(u8::from(success))));
            all
        });
        let (Some(name), Some(score)) = (metric.get("name").and_then(|name| name.as_str()), metric.get("score")) else {
            continue;
        };
        if let Some(number) = printed(score) {
            item.metrics.push(row(name, RowValue::Number(number), score, Definition::ByName));
        }
    }
    if let Some(success) = root.get("success")
        && let Some(flag) = success.as_bool()
    {
        let definition = passed.filter(|passed| !passed.is_empty()).map_or(Definition::ByName, Definition::LeastOf);
        item.metrics.push(row(Cow::Borrowed("success"), RowValue::Flag(flag), success, definition));
    }
    out.item(&item, origin);
    Ok(())
}

fn row<'t>(name: Cow<'t, str>, value: RowValue, place: Value<'t>, definition: Definition<'t>) -> RowClaim<'t> {
    Claim { of: RowMetric { name, custom: false, definition }, value, at: at(place) }
}

fn totals(origin: &JsonOrigin<'_>, (): &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    // Conversations are listed separately.
    let run = run(origin.root);
    let plain = run.get("conversationalTestCases").is_none_or(|cases| cases.is_container_empty());
    if let Some(value) = run.get("testPassed").filter(|value| value.kind() == Kind::Number && plain) {
        out.metric(
            RunMetric {
                rows: Some("success".to_owned()),
                aggregation: Some(Aggregation::Sum),
                ..RunMetric::new("", "testPassed")
            }
            .claim(value.raw_str(), origin.locate(at(value))),
        );
    }
    Ok(())
}
