//! What was audited: the model, the tasks, the files.

use std::collections::{BTreeMap, BTreeSet};

use super::Room;
use super::table::{Kind, Rows, Table};
use super::words::{hidden, of, sentence, size, text};
use crate::report::words::{count, some};
use crate::report::{FileReport, InputError, Report};

/// Tasks and models that are named.
const NAMED: usize = 8;
/// Files that are shown before the rest is folded.
const OPEN: usize = 12;

/// The section.
pub(super) struct Audited {
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) files: Option<Table>,
    pub(super) hidden_files: String,
    pub(super) errors: Option<Table>,
}

impl Audited {
    pub(super) fn of(report: &Report, room: Room) -> Self {
        let models: BTreeSet<&str> = report.files.iter().filter_map(|file| file.model.as_deref()).collect();
        let of_claims = report.claims.iter().map(|claim| claim.task.as_str());
        let tasks = of_claims.chain(report.metrics.iter().map(|metric| metric.task.as_str()));
        let tasks: BTreeSet<&str> = tasks.filter(|task| !task.is_empty()).collect();
        let summary = &report.summary;
        let amount = [
            (summary.items, "item", "items"),
            (summary.candidates, "candidate answer", "candidate answers"),
            (summary.steps, "token", "tokens"),
            (summary.records, "record", "records"),
        ];
        let amount = amount.into_iter().filter(|(number, ..)| *number > 0);
        let mut facts = vec![
            (if models.len() == 1 { "Model" } else { "Models" }, named(&models)),
            (if tasks.len() == 1 { "Task" } else { "Tasks" }, named(&tasks)),
            ("Read", amount.map(|(number, one, many)| of(number, one, many)).collect::<Vec<_>>().join(", ")),
        ];
        facts.retain(|(_, value)| !value.is_empty());
        Self {
            facts,
            files: files(report, room),
            hidden_files: hidden(report.inputs.len(), room.table),
            errors: errors(&report.errors, room),
        }
    }
}

/// The first names of a set, with their number where there are more.
fn named(names: &BTreeSet<&str>) -> String {
    let total = names.len() as u64;
    let shown = text(&some(names.iter().copied(), NAMED, total));
    if names.len() > NAMED { format!("{shown} ({} in all)", count(total)) } else { shown }
}

fn files(report: &Report, room: Room) -> Option<Table> {
    let inputs = &report.inputs;
    let by_path: BTreeMap<&str, &FileReport> = report.files.iter().map(|file| (file.path.as_str(), file)).collect();
    let columns = [
        ("File", Kind::Text),
        ("Format", Kind::Text),
        ("Records", Kind::Number),
        ("Size", Kind::Number),
        ("SHA-256", Kind::Code),
    ];
    let caption = if inputs.len() == 1 { "The file that was read" } else { "The files that were read" };
    let mut rows = Rows::new(caption, &columns).open(OPEN).sortable();
    for input in inputs.iter().take(room.table) {
        let version = input.format_version.as_ref().map_or_else(String::new, |version| format!(" {version}"));
        let file = by_path.get(input.path.as_str());
        rows.push([
            text(&input.path).into(),
            text(&format!("{}{version}", input.format)).into(),
            count(input.records).into(),
            file.and_then(|file| file.bytes).map_or_else(String::new, size).into(),
            file.and_then(|file| file.sha256.as_deref()).map_or_else(String::new, text).into(),
        ]);
    }
    rows.draw()
}

fn errors(errors: &[InputError], room: Room) -> Option<Table> {
    let mut rows = Rows::new("What could not be read", &[("Location", Kind::Text), ("Why", Kind::Text)]).open(OPEN);
    for error in errors.iter().take(room.table) {
        let place = match error.line {
            0 => text(&error.path),
            line => format!("{}:{line}:{}", text(&error.path), error.column),
        };
        rows.push([place.into(), sentence(&error.reason).into()]);
    }
    rows.draw()
}
