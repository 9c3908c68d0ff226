//! Two candidates of one item: which one wins by the reported score, which one by the recomputed one, and token by token why.

use super::comparisons;
use super::figures::Picture;
use super::table::{Cell, Kind, Rows, Table};
use super::words::{line, short, text};
use crate::report::words::count;
use crate::report::{Comparison, Path, PathStep};

/// Formulas that every comparison shows.
const SUM: &str = "sum(logprob)";
const MEAN: &str = "sum(logprob)/n";

/// A comparison as the template takes it.
pub(super) struct ComparisonView {
    pub(super) title: String,
    /// Prompt, gold answer, place.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) why: String,
    pub(super) scores: Option<Table>,
    pub(super) picture: Picture,
    pub(super) steps: Option<Table>,
}

impl ComparisonView {
    pub(super) fn of(index: usize, comparison: &Comparison, files: &[&str]) -> Self {
        let (picked, wins) = (&comparison.picked, &comparison.wins);
        let mut facts = vec![
            ("task", text(&comparison.task)),
            ("prompt", line(&comparison.prompt)),
            ("gold answer", comparison.gold.as_deref().map_or_else(String::new, |gold| gold_of(gold, comparison))),
        ];
        if let Some(file) = files.get(comparison.input as usize) {
            facts.push(("location", format!("{}:{}", text(file), comparison.line)));
        }
        facts.retain(|(_, value)| !value.is_empty());
        Self {
            title: format!(
                "Item {}: candidate {} was picked, candidate {} wins",
                text(&comparison.item),
                text(&picked.candidate),
                text(&wins.candidate)
            ),
            facts,
            why: why(comparison),
            scores: scores(comparison),
            picture: comparisons::comparison(&format!("r{index}"), comparison),
            steps: steps(comparison),
        }
    }
}

/// The right candidate, and which of the two it is.
fn gold_of(gold: &str, comparison: &Comparison) -> String {
    let role = match gold {
        gold if gold == comparison.wins.candidate => ", which wins",
        gold if gold == comparison.picked.candidate => ", which was picked",
        _ => ", neither of the two",
    };
    format!("candidate {}{role}", text(gold))
}

/// What a reported score says of the pick. Of log-probs the higher one wins; other numbers may be meant the other way round.
fn said(own: f64, other: f64) -> &'static str {
    match (own <= 0.0 && other <= 0.0, own.partial_cmp(&other)) {
        (true, Some(std::cmp::Ordering::Greater)) => ", so it was picked",
        (true, Some(std::cmp::Ordering::Less)) => ", so the pick does not follow from the reported scores",
        _ => "",
    }
}

/// Why the one was picked although the other wins.
fn why(comparison: &Comparison) -> String {
    let (picked, wins) = (&comparison.picked, &comparison.wins);
    let convention = text(&comparison.convention);
    let recomputed = match (picked.recomputed, wins.recomputed) {
        (Some(own), Some(other)) => {
            format!(" Recomputed ({convention}), it has {} against {}.", short(Some(own)), short(Some(other)))
        }
        _ => String::new(),
    };
    match (picked.reported, wins.reported) {
        (Some(own), Some(other)) => format!(
            "As reported, candidate {} has {} against {}{}.{recomputed}",
            text(&picked.candidate),
            short(Some(own)),
            short(Some(other)),
            said(own, other)
        ),
        _ => format!("The log reports no score of both.{recomputed}"),
    }
}

/// Both candidates in numbers: what is reported, what is recomputed.
fn scores(comparison: &Comparison) -> Option<Table> {
    let columns = [("Number", Kind::Text), ("Picked", Kind::Number), ("Wins", Kind::Number), ("Higher", Kind::Text)];
    let caption = format!(
        "Candidate {} (picked) beside candidate {} (wins)",
        text(&comparison.picked.candidate),
        text(&comparison.wins.candidate)
    );
    let mut table = Rows::new(caption, &columns);
    let (picked, wins) = (&comparison.picked, &comparison.wins);
    let higher = |own: Option<f64>, other: Option<f64>| match own.zip(other) {
        Some((own, other)) if own > other => Cell::from("picked").class("explained"),
        Some((own, other)) if own < other => Cell::from("wins").class("follows"),
        Some(_) => "equal".into(),
        None => "".into(),
    };
    let mut row = |name: String, own: Option<f64>, other: Option<f64>| {
        table.push([name.into(), short(own).into(), short(other).into(), higher(own, other)]);
    };
    row("score as reported".to_owned(), picked.reported, wins.reported);
    row(format!("recomputed: {}", text(&comparison.convention)), picked.recomputed, wins.recomputed);
    let (own, other) = (total(picked), total(wins));
    if comparison.convention != SUM {
        row(SUM.to_owned(), own, other);
    }
    let mean =
        |path: &Path, total: Option<f64>| Some(total? / f64::from(path.total_steps)).filter(|_| path.total_steps > 0);
    if comparison.convention != MEAN {
        row(format!("{MEAN}: per token"), mean(picked, own), mean(wins, other));
    }
    let length = |path: &Path| count(u64::from(path.total_steps));
    table.push(["scored tokens".into(), length(picked).into(), length(wins).into(), "".into()]);
    table.draw()
}

/// The sum of the steps that count; None if some are not kept or have no number.
fn total(path: &Path) -> Option<f64> {
    let counted: Vec<&PathStep> = path.steps.iter().filter(|step| step.counts).collect();
    let values: Option<Vec<f64>> = counted.iter().map(|step| step.logprob).collect();
    values.filter(|values| values.len() == path.total_steps as usize).map(|values| values.iter().sum())
}

/// One step of one candidate as cells: token, log-prob, running total, note.
fn step(path: &Path, at: usize, total: &mut f64) -> (String, String, String, &'static str) {
    let Some(step) = path.steps.get(at) else { return (String::new(), String::new(), String::new(), "") };
    let note = match (step.counts, step.counted) {
        (true, true) => "",
        (true, false) => "dropped",
        (false, true) => "added",
        (false, false) => "not scored",
    };
    *total += step.logprob.filter(|_| step.counts).unwrap_or(0.0);
    let token = if step.token.is_empty() { "(empty)".to_owned() } else { text(&step.token) };
    (token, short(step.logprob), short(Some(*total)), note)
}

fn steps(comparison: &Comparison) -> Option<Table> {
    let columns = [
        ("Step", Kind::Text),
        ("Picked: token", Kind::Text),
        ("Picked: log-prob", Kind::Number),
        ("Picked: sum so far", Kind::Number),
        ("Picked: note", Kind::Text),
        ("Wins: token", Kind::Text),
        ("Wins: log-prob", Kind::Number),
        ("Wins: sum so far", Kind::Number),
        ("Wins: note", Kind::Text),
    ];
    let mut table = Rows::new("Log-probs in nats, their running sums, and the reported scores", &columns);
    let (picked, wins) = (&comparison.picked, &comparison.wins);
    let mut totals = [0.0, 0.0];
    for at in 0..picked.steps.len().max(wins.steps.len()) {
        let own = step(picked, at, &mut totals[0]);
        let other = step(wins, at, &mut totals[1]);
        table.push([
            (at + 1).to_string().into(),
            own.0.into(),
            own.1.into(),
            own.2.into(),
            own.3.into(),
            other.0.into(),
            other.1.into(),
            other.2.into(),
            other.3.into(),
        ]);
    }
    let score = |path: &Path| Cell::from(short(path.reported)).class("explained");
    table.push([
        "reported score".into(),
        "".into(),
        "".into(),
        score(picked),
        "".into(),
        "".into(),
        "".into(),
        score(wins),
        "".into(),
    ]);
    table.draw()
}
