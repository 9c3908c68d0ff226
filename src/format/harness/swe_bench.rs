//! SWE-bench: the report of a run, and the reports of its instances.
//!
//! Shapes of 2 to 4, from `make_run_report` in `swebench/harness/reporting.py` and `get_eval_report` and
//! `get_resolution_status` in `swebench/harness/grading.py`.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "every visit has one signature")]

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::config::InputConfig;
use crate::format::field::{FieldError, at, find, has, lacks, printed};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Claim, Definition, Item, RowClaim, RowMetric, RowValue};
use crate::numeric::Printed;

/// The report of a run.
pub(in crate::format) static REPORT: Report = Report;
/// The reports of instances.
pub(in crate::format) static INSTANCE: Instance = Instance;

pub(in crate::format) struct Report;

pub(in crate::format) struct Instance;

static REPORT_CARD: FormatInfo = FormatInfo {
    name: "swe-bench-report",
    about: "report of a SWE-bench run",
    tool: "SWE-bench 2 to 4",
    files: "`<model>.<run>.json`; each file is a separate run",
    recognised_by: "`resolved_ids` and `resolved_instances`",
    proven: "each `…_instances` as the number of different ids in `…_ids`; without the list of completed ones, their number as \
             resolved + unresolved",
    unprovable: "`total_instances`: the ids of the data set are not all in the file",
    base: "none",
    sentinels: "none",
    traps: "an id that stands twice counts once; instances with an empty patch are submitted, not completed",
};

static INSTANCE_CARD: FormatInfo = FormatInfo {
    name: "swe-bench-instances",
    about: "reports of SWE-bench instances",
    tool: "SWE-bench 2 to 4",
    files: "`report.json` of an instance, or one object with many",
    recognised_by: "objects under ids with `resolved` and `tests_status`",
    proven: "`resolved`: all tests of FAIL_TO_PASS and PASS_TO_PASS succeed",
    unprovable: "the tests themselves: they would have to be run",
    base: "none",
    sentinels: "none",
    traps: "tests of FAIL_TO_FAIL and PASS_TO_FAIL do not count",
};

/// Names of lists of ids, without their ending.
const LISTS: [&str; 9] = [
    "submitted",
    "completed",
    "incomplete",
    "resolved",
    "unresolved",
    "infra_failure",
    "ambiguous_failure",
    "empty_patch",
    "error",
];

impl Format for Report {
    fn info(&self) -> &'static FormatInfo {
        &REPORT_CARD
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let is_report = |root: Value<'_>| {
            has(root, "resolved_instances", Kind::Number)
                && (has(root, "resolved_ids", Kind::Array) || has(root, "submitted_instances", Kind::Number))
        };
        match head.document() {
            Some(root) if is_report(root) => Confidence::of(92, "resolved_ids and resolved_instances"),
            _ => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let mut records = Records::new(Framing::Elements, Vec::new(), (), report)
            .mapped(&[("row metrics", "resolved_instances, completed_instances, …")]);
        head.name.clone_into(&mut records.run_key);
        Ok(Box::new(records))
    }
}

fn claim<'t>(name: Cow<'t, str>, value: RowValue, place: Value<'t>, definition: Definition<'t>) -> RowClaim<'t> {
    Claim { of: RowMetric { name, custom: false, definition }, value, at: at(place) }
}

fn report(origin: &JsonOrigin<'_>, (): &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    let root = origin.root;
    if root.kind() != Kind::Object || root.get("resolved_instances").is_none() {
        return Err(lacks(root, "resolved_instances", "a report of a run"));
    }
    let mut item = Item { id: Cow::Borrowed("report"), complete: true, at: at(root), ..Item::default() };
    let count = |name: &str| {
        let ids = root.get(&format!("{name}_ids")).filter(|ids| ids.kind() == Kind::Array)?;
        let different: BTreeSet<&[u8]> = ids.elements().map(|id| id.raw()).collect();
        Some(Printed::from_f64(different.len() as f64))
    };
    for name in LISTS {
        let key = format!("{name}_instances");
        let Some(value) = root.get(&key).filter(|value| value.kind() == Kind::Number) else { continue };
        let (Some(number), Some(ids)) = (printed(value), count(name)) else { continue };
        let definition = Definition::Combination(vec![(1.0, ids)], true);
        item.metrics.push(claim(Cow::Owned(key), RowValue::Number(number), value, definition));
    }
    // What was completed is one or the other, or its report cannot be read: a match proves, the rest is open.
    let parts = [count("resolved"), count("unresolved")];
    if let (Some(value), [Some(resolved), Some(unresolved)]) = (root.get("completed_instances"), parts)
        && let Some(number) = printed(value).filter(|_| count("completed").is_none())
    {
        let definition = Definition::Combination(vec![(1.0, resolved), (1.0, unresolved)], false);
        item.metrics.push(claim("completed_instances".into(), RowValue::Number(number), value, definition));
    }
    out.item(&item, origin);
    Ok(())
}

/// An instance keyed by its id.
fn instance(root: Value<'_>) -> Option<(Cow<'_, str>, Value<'_>)> {
    let (key, value) = root.members().next()?;
    let is_one =
        value.kind() == Kind::Object && has(value, "resolved", Kind::Bool) && has(value, "patch_exists", Kind::Bool);
    is_one.then(|| (key.as_str(), value))
}

impl Format for Instance {
    fn info(&self) -> &'static FormatInfo {
        &INSTANCE_CARD
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let is_one =
            |root: Value<'_>| instance(root).is_some() && root.members().all(|(_, value)| value.kind() == Kind::Object);
        match head.document() {
            Some(root) if is_one(root) => Confidence::of(92, "resolved and patch_exists of ids"),
            _ => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let mut records = Records::new(Framing::Nested(&[]), Vec::new(), (), status)
            .mapped(&[("item", "the key"), ("row metrics", "resolved")]);
        // Every instance has its own directory.
        if head.name == "report.json" {
            records.run_directory = Some(head.ancestor(2).to_owned());
        }
        Ok(Box::new(records))
    }
}

fn status(origin: &JsonOrigin<'_>, (): &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    let (id, report) = instance(origin.root).ok_or_else(|| lacks(origin.root, "resolved", "whether it is resolved"))?;
    let mut item = Item { id, complete: true, at: at(origin.root), ..Item::default() };
    let counts = |kind: &str| {
        let of =
            |outcome: &str| find(report, &["tests_status", kind, outcome]).filter(|list| list.kind() == Kind::Array);
        Some((of("success")?.len(), of("failure")?.len()))
    };
    if let Some(value) = report.get("resolved")
        && let Some(resolved) = value.as_bool()
    {
        let kinds = [counts("FAIL_TO_PASS"), counts("PASS_TO_PASS")];
        let definition = match kinds {
            // Without a test to fix, forks do not agree.
            [Some((fixed, fail)), Some((_, pass))] if fixed + fail > 0 => {
                let is_full = |failures: usize| Printed::from_f64(f64::from(u8::from(failures == 0)));
                Definition::LeastOf(vec![is_full(fail), is_full(pass)])
            }
            _ => Definition::ByName,
        };
        item.metrics.push(claim("resolved".into(), RowValue::Flag(resolved), value, definition));
    }
    out.item(&item, origin);
    Ok(())
}
