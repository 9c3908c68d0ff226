//! What changes once the numbers are right: the picks, the accuracy.

use super::Room;
use super::charts::about;
use super::figures::{self, Picture};
use super::table::{Cell, Kind, Rows, Table};
use super::words::{of, text};
use crate::report::rows::ChangedPick;
use crate::report::words::{count, p_value, picks_change, some};
use crate::report::{ChangedPicks, Impact, Report};

/// What changes by one cause.
pub(super) struct ImpactView {
    pub(super) title: String,
    pub(super) sentences: Vec<String>,
    pub(super) pictures: Vec<Picture>,
    pub(super) matrix: Option<Matrix>,
}

/// Picks that are right and wrong, as reported and recomputed.
pub(super) struct Matrix {
    pub(super) both_right: String,
    pub(super) gained: String,
    pub(super) lost: String,
    pub(super) both_wrong: String,
}

/// All changes, those of columns first.
pub(super) fn views(report: &Report, room: Room) -> Vec<ImpactView> {
    let of_columns = report.diagnoses.iter().filter_map(|diagnosis| {
        let is_wrong = diagnosis.best.as_ref() != Some(&diagnosis.convention);
        let impact = diagnosis.impact.as_ref().filter(|_| is_wrong)?;
        let title = format!("{} under {}", about(diagnosis), text(&diagnosis.convention));
        Some((title, impact))
    });
    let of_rules = report.shown().filter_map(|finding| {
        let task = if finding.task.is_empty() { String::new() } else { format!(", task {}", text(&finding.task)) };
        Some((format!("{} {}{task}", finding.code, finding.name), finding.impact.as_ref()?))
    });
    let all = of_columns.chain(of_rules).take(room.figures.max(1)).enumerate();
    all.map(|(at, (title, impact))| view(at, title, impact)).collect()
}

fn view(at: usize, title: String, impact: &Impact) -> ImpactView {
    let mut sentences = vec![format!("{}.", picks_change(impact.flips, impact.items))];
    if impact.flips > 0 && impact.graded > 0 {
        let (gained, lost) = (impact.gained, impact.lost);
        let become_ = |number: u64| if number == 1 { "becomes" } else { "become" };
        sentences.push(format!(
            "{} {} right and {} {} wrong.",
            count(gained),
            become_(gained),
            count(lost),
            become_(lost)
        ));
    }
    if let Some((before, after)) = impact.accuracy_before.zip(impact.accuracy_after) {
        sentences.push(format!("The accuracy is {before:.4} as reported and {after:.4} recomputed."));
    }
    if let Some(p) = impact.mcnemar_p.filter(|_| impact.gained + impact.lost > 0) {
        sentences.push(format!(
            "If right and wrong were exchanged by chance alone, a change at least as one-sided would have the probability {} \
             (exact McNemar test).",
            p_value(p)
        ));
    }
    if impact.undecided > 0 {
        let more = of(impact.undecided, "further pick changes", "further picks change");
        sentences.push(format!("{more} at the printed digits, where rounding could undo it."));
    }
    let mut pictures = Vec::new();
    if impact.flips > 0 {
        pictures.push(figures::picks(&format!("i{at}p"), impact));
    }
    pictures.extend(figures::accuracy(&format!("i{at}a"), impact));
    ImpactView { title, sentences, pictures, matrix: matrix(impact) }
}

fn matrix(impact: &Impact) -> Option<Matrix> {
    let right_before = impact.accuracy_before? * impact.graded as f64;
    if impact.flips == 0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count is a count")]
    let right_before = right_before.round() as u64;
    let both_right = right_before.saturating_sub(impact.lost);
    let both_wrong = impact.graded.saturating_sub(right_before).saturating_sub(impact.gained);
    Some(Matrix {
        both_right: count(both_right),
        gained: count(impact.gained),
        lost: count(impact.lost),
        both_wrong: count(both_wrong),
    })
}

/// The items whose pick changes: the title of the folded list, and the list.
pub(super) struct PickList {
    pub(super) title: String,
    pub(super) table: Option<Table>,
    /// The first ids, where the report does not list the picks.
    pub(super) ids: String,
}

/// The list; None if no pick changes.
pub(super) fn picks(report: &Report, room: Room) -> Option<PickList> {
    if let Some(ChangedPicks { total, first }) = &report.changed_picks {
        let shown = first.len().min(room.picks);
        let title = match shown as u64 {
            shown if shown == *total => format!("All {}", of(*total, "pick that changes", "picks that change")),
            shown => format!("The first {} of {}", count(shown), of(*total, "pick that changes", "picks that change")),
        };
        return Some(PickList { title, table: table(first.get(..shown)?), ids: String::new() });
    }
    let impacts = report.diagnoses.iter().filter_map(|diagnosis| diagnosis.impact.as_ref());
    let first = impacts.chain(report.findings.iter().filter_map(|finding| finding.impact.as_ref()));
    let first = first.into_iter().find(|impact| impact.flips > 0)?;
    let ids = text(&some(first.flipped.iter().map(String::as_str), first.flipped.len(), first.flips));
    Some(PickList { title: String::new(), table: None, ids })
}

fn table(picks: &[ChangedPick]) -> Option<Table> {
    let columns = [
        ("Item", Kind::Text),
        ("Task", Kind::Text),
        ("Reported pick", Kind::Text),
        ("Recomputed pick", Kind::Text),
        ("Gold", Kind::Text),
        ("Correctness", Kind::Text),
        ("By", Kind::Text),
        ("Location", Kind::Text),
    ];
    let mut rows = Rows::new("Items whose pick changes", &columns).sortable().searchable();
    for pick in picks {
        let change = match (pick.was_right, pick.is_right) {
            (Some(false), Some(true)) => Cell::from("becomes right").class("proven"),
            (Some(true), Some(false)) => Cell::from("becomes wrong").class("refuted"),
            (Some(true), Some(true)) => "stays right".into(),
            (Some(false), Some(false)) => "stays wrong".into(),
            _ => "".into(),
        };
        rows.push([
            text(&pick.item).into(),
            text(&pick.task).into(),
            text(&pick.reported).into(),
            text(&pick.recomputed).into(),
            text(pick.gold.as_deref().unwrap_or_default()).into(),
            change,
            text(&pick.code).into(),
            format!("{}:{}", text(&pick.file), pick.line).into(),
        ]);
    }
    rows.draw()
}
