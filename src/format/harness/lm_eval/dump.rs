//! Rows by task: inside of what `simple_evaluate` returns, or alone.
//!
//! Shapes of 0.4, from `evaluate` and `simple_evaluate` in `lm_eval/evaluator.py` with `log_samples`. `samples` has a
//! list of rows per task. They are the rows of the samples files before numbers and flags are quoted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{FieldError, lacks};
use crate::format::harness::lm_eval::reported::report;
use crate::format::harness::lm_eval::samples;
use crate::format::harness::lm_eval::task::TaskConfig;
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::{Records, beside};
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{ClaimKind, stable_hash};
use crate::source::MAX_RECORD;

/// Rows by task.
pub(in crate::format) static BY_TASK: ByTask = ByTask;

pub(in crate::format) struct ByTask;

static INFO: FormatInfo = FormatInfo {
    name: "lm-eval-rows-by-task",
    about: "rows of lm-evaluation-harness, a list per task",
    tool: "lm-evaluation-harness 0.4.0 to 0.4.13",
    files: "any `.json` that a script writes of `samples` in what `simple_evaluate` returns",
    recognised_by: "lists of rows with `filtered_resps` and `doc_id` under the names of tasks",
    proven: "as lm-eval-samples",
    unprovable: "as lm-eval-samples; the tasks' configurations are not in the file",
    base: "e",
    sentinels: "only the shared ones",
    traps: "rows of several filters have no name of it before 0.4.3; numbers are not in quotes",
};

/// The configurations of the tasks.
type Configs = BTreeMap<String, TaskConfig>;

/// Whether an object has a list of rows per task, as far as the object is complete.
fn has_rows(lists: Value<'_>, is_cut: bool) -> bool {
    let mut members = lists.members().map(|(_, list)| list).peekable();
    let is_list = |list: &Value<'_>| {
        let first = list.elements().next();
        list.kind() == Kind::Array && first.map_or(is_cut, |row| is_cut || samples::is_row(row))
    };
    lists.kind() == Kind::Object && members.peek().is_some() && members.all(|list| is_list(&list))
}

impl Format for ByTask {
    fn tool(&self) -> &'static str {
        "lm-eval"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        match head.document() {
            Some(root) if has_rows(root, false) => Confidence::of(97, "rows of lm-evaluation-harness by task"),
            _ => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        Ok(Box::new(records(Framing::Nested(&[]), head)))
    }
}

/// The rows inside of results, if there are any, as far as they lie in the head.
pub(super) fn rows<'h>(head: &'h Head<'_>) -> Option<Value<'h>> {
    head.document()?.get("samples").filter(|lists| has_rows(*lists, head.is_cut()))
}

/// A reader of results with rows inside.
pub(super) fn reader(head: &Head<'_>) -> impl Reader + use<> {
    let mut records = records(Framing::Nested(&["samples"]), head);
    records.shell = Some(|origin, _, out| {
        report(origin, out);
        Ok(())
    });
    records
}

fn records(framing: Framing, head: &Head<'_>) -> Records<Configs> {
    let columns = vec![ColumnSpec::of_kind("loglikelihood", ClaimKind::Score)];
    let of = |root: Value<'_>| {
        let names = root.get("configs").into_iter().flat_map(|configs| configs.members());
        let one = |name: Cow<'_, str>| (name.to_string(), TaskConfig::of_task(root, Some(name.into_owned())));
        Some(names.map(|(name, _)| one(name.as_str())).collect::<Configs>())
    };
    let whole = head.document().filter(|_| !head.is_cut()).and_then(of);
    // Configurations may stand behind the rows.
    let configs = whole.or_else(|| beside(head.path, MAX_RECORD as u64, of)).unwrap_or_default();
    let version = configs.values().find_map(|config| config.version.clone());
    let mut records = Records::new(framing, columns, configs, visit);
    super::date(head.name).clone_into(&mut records.run_key);
    records.version = version;
    records.mapped(&[("item", "samples.<task>[].doc_id"), ("score", "filtered_resps[][0]")])
}

/// The rows of one task.
fn visit(origin: &JsonOrigin<'_>, configs: &Configs, out: &mut dyn Sink) -> Result<(), FieldError> {
    let (task, list) = origin.root.members().next().ok_or_else(|| lacks(origin.root, "samples", "a list per task"))?;
    let task = task.as_str();
    let unknown = TaskConfig::default();
    let config = configs.get(&*task).unwrap_or(&unknown);
    for row in list.elements() {
        let mut item = samples::item(row, config)?;
        item.task = Cow::Borrowed(&task);
        if row.get("filter").is_none() {
            // Each filter has rows for the same documents.
            item.distinct = row.get("filtered_resps").map_or(0, |own| stable_hash(own.raw()));
        }
        out.item(&item, origin);
    }
    Ok(())
}
