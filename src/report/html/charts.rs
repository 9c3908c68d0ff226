//! Why: the charts of the columns, each with the numbers behind it.

use super::Room;
use super::figures::{self, Picture};
use super::table::{Cell, Kind, Rows, Table};
use super::words::{number, text};
use crate::report::words::{count, rows};
use crate::report::{Diagnosis, Figure, Point, Report, Status};

/// The charts of a column.
pub(super) struct ColumnView {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) about: String,
    pub(super) pictures: Vec<Picture>,
    pub(super) bins: Option<Table>,
    pub(super) points: Option<Table>,
}

/// The columns with charts.
pub(super) fn columns(report: &Report, room: Room) -> Vec<ColumnView> {
    let drawn = report.diagnoses.iter().filter_map(|diagnosis| Some((diagnosis, diagnosis.figure.as_ref()?)));
    // Beside findings of another kind, a chart of a column that is right would distract.
    let is_wanted =
        |diagnosis: &Diagnosis| report.findings.is_empty() || diagnosis.best.as_ref() != Some(&diagnosis.convention);
    let drawn = drawn
        .filter(|(diagnosis, figure)| is_wanted(diagnosis) && !figure.points.is_empty())
        .take(room.figures)
        .enumerate();
    drawn.map(|(index, (diagnosis, figure))| column(report, index, diagnosis, figure, room)).collect()
}

fn column(report: &Report, index: usize, diagnosis: &Diagnosis, figure: &Figure, room: Room) -> ColumnView {
    let id = format!("c{index}");
    let mut pictures = vec![
        figures::scatter(&format!("{id}s"), diagnosis, figure),
        figures::residuals(&format!("{id}r"), diagnosis, figure),
    ];
    pictures.extend(figures::timeline(&format!("{id}t"), diagnosis, figure));
    pictures.extend(figures::lengths(&format!("{id}l"), figure));
    ColumnView {
        name: about(diagnosis),
        about: sentence_of(diagnosis),
        pictures,
        bins: bins(diagnosis, figure),
        points: points(report, figure, room),
        id,
    }
}

/// What a diagnosis is about.
pub(super) fn about(diagnosis: &Diagnosis) -> String {
    let mut about = text(&diagnosis.claim);
    if !diagnosis.task.is_empty() {
        about.push_str(&format!(", task {}", text(&diagnosis.task)));
    }
    about
}

fn sentence_of(diagnosis: &Diagnosis) -> String {
    let held = format!("Checked against {}", text(&diagnosis.convention));
    match &diagnosis.best {
        Some(best) if *best == diagnosis.convention => format!("{held}; every judged row matches."),
        Some(best) => format!(
            "{held}; explained by {} in {} of {} rows where the two differ.",
            text(best),
            count(diagnosis.explained),
            count(diagnosis.decidable)
        ),
        None if diagnosis.groups.is_empty() => format!("{held}; no known formula explains it."),
        None => format!("{held}; a mixture of {} formulas.", diagnosis.groups.len()),
    }
}

fn bins(diagnosis: &Diagnosis, figure: &Figure) -> Option<Table> {
    let columns =
        [("Distance in bounds", Kind::Text), ("Rows", Kind::Number), ("Rows under the formula found", Kind::Number)];
    let has_after = figure.after.len() == figure.before.len() && diagnosis.best.is_some();
    let mut table = Rows::new("Rows by (reported − recomputed) ÷ bound", &columns);
    for (bin, before) in figure.before.iter().enumerate() {
        let after = figure.after.get(bin).filter(|_| has_after);
        if *before > 0 || after.is_some_and(|rows| *rows > 0) {
            let after = after.map_or_else(String::new, |rows| count(*rows));
            table.push([figures::bin_name(bin).into(), count(*before).into(), after.into()]);
        }
    }
    table.draw()
}

fn points(report: &Report, figure: &Figure, room: Room) -> Option<Table> {
    let columns = [
        ("File", Kind::Text),
        ("Line", Kind::Number),
        ("Tokens", Kind::Number),
        ("Reported", Kind::Number),
        ("Recomputed", Kind::Number),
        ("Formula found", Kind::Number),
        ("Status", Kind::Text),
    ];
    let caption = if figure.rows > figure.points.len() as u64 {
        format!("A sample of {} of {} rows", count(figure.points.len() as u64), count(figure.rows))
    } else {
        format!("All {} {}", count(figure.rows), rows(figure.rows))
    };
    let mut table = Rows::new(caption, &columns).sortable();
    // Refuted rows come first: readers open the table to find them.
    let mut points: Vec<&Point> = figure.points.iter().collect();
    points.sort_by_key(|point| std::cmp::Reverse(point.status));
    for point in points.into_iter().take(room.points) {
        let file = report.inputs.get(point.input as usize).map_or_else(String::new, |input| text(&input.path));
        let status = match point.status {
            Status::Follows => "follows",
            Status::Explained => "explained",
            Status::Unexplained => "unexplained",
        };
        table.push([
            file.into(),
            count(point.line).into(),
            count(u64::from(point.tokens)).into(),
            number(Some(point.reported)).into(),
            number(Some(point.recomputed)).into(),
            point.found.map_or_else(String::new, |found| number(Some(found))).into(),
            Cell::from(status).class(status),
        ]);
    }
    table.draw()
}
