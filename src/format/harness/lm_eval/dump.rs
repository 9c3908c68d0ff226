//! The result of `simple_evaluate`, written to one file: the metrics of the run with the rows inside, or the rows alone
//! by task.
//!
//! Shapes of 0.4, from `evaluate` and `simple_evaluate` in `lm_eval/evaluator.py` with `log_samples`. `samples` has a
//! list of rows per task. They are the rows of the samples files before numbers and flags are quoted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{FieldError, lacks};
use crate::format::harness::lm_eval::task::TaskConfig;
use crate::format::harness::lm_eval::{results, samples};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::{Records, beside};
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{ClaimKind, stable_hash};
use crate::source::MAX_RECORD;

/// Metrics and rows.
pub(in crate::format) static WHOLE: Dump = Dump { has_results: true };
/// Rows by task.
pub(in crate::format) static BY_TASK: Dump = Dump { has_results: false };

pub(in crate::format) struct Dump {
    has_results: bool,
}

const TOOL: &str = "lm-evaluation-harness 0.4.0 to 0.4.13";
const TRAPS: &str = "rows of several filters have no name of it before 0.4.3; numbers are not in quotes";

static WHOLE_CARD: FormatInfo = FormatInfo {
    name: "lm-eval-dump",
    about: "what lm-evaluation-harness returns, with the rows inside",
    tool: TOOL,
    files: "any `.json` that a script writes of the result of `simple_evaluate`",
    recognised_by: "`results` and `configs` beside `samples` with a list of rows per task",
    proven: "as lm-eval-samples and lm-eval-results",
    unprovable: "as lm-eval-samples and lm-eval-results",
    base: "e; bits per byte in base 2",
    sentinels: "only the shared ones",
    traps: TRAPS,
};

static BY_TASK_CARD: FormatInfo = FormatInfo {
    name: "lm-eval-rows-by-task",
    about: "rows of lm-evaluation-harness, a list per task",
    tool: TOOL,
    files: "any `.json` that a script writes of `samples` in that result",
    recognised_by: "lists of rows with `filtered_resps` and `doc_id` under the names of tasks",
    proven: "as lm-eval-samples",
    unprovable: "as lm-eval-samples; the tasks' configurations are not in the file",
    base: "e",
    sentinels: "only the shared ones",
    traps: TRAPS,
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

impl Format for Dump {
    fn tool(&self) -> &'static str {
        "lm-eval"
    }

    fn info(&self) -> &'static FormatInfo {
        if self.has_results { &WHOLE_CARD } else { &BY_TASK_CARD }
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let Some(root) = head.document() else { return Confidence::none() };
        let is_one = if self.has_results {
            results::is_results(root) && root.get("samples").is_some_and(|lists| has_rows(lists, head.is_cut()))
        } else {
            has_rows(root, false)
        };
        if is_one { Confidence::of(97, "rows of lm-evaluation-harness by task") } else { Confidence::none() }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let path: &'static [&'static str] = if self.has_results { &["samples"] } else { &[] };
        let columns = vec![ColumnSpec::of_kind("loglikelihood", ClaimKind::Score)];
        let of = |root: Value<'_>| {
            let names = root.get("configs").into_iter().flat_map(|configs| configs.members());
            let one = |name: Cow<'_, str>| (name.to_string(), TaskConfig::of_task(root, Some(name.into_owned())));
            Some(names.map(|(name, _)| one(name.as_str())).collect::<Configs>())
        };
        let whole = head.document().filter(|_| !head.is_cut()).and_then(of);
        // Configurations may come after the rows.
        let configs = whole.or_else(|| beside(head.path, MAX_RECORD as u64, of)).unwrap_or_default();
        let version = configs.values().find_map(|config| config.version.clone());
        let mut records = Records::new(Framing::Nested(path), columns, configs, visit);
        if self.has_results {
            records.shell = Some(|origin, _, out| {
                results::report(origin, out);
                Ok(())
            });
        }
        super::date(head.name).clone_into(&mut records.run_key);
        records.version = version;
        Ok(Box::new(records.mapped(&[("item", "samples.<task>[].doc_id"), ("score", "filtered_resps[][0]")])))
    }
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
