//! Tests of the auditor with hand-made items and hand-computed values.

use std::sync::Arc;

use crate::audit::plan::RunEvidence;
use crate::audit::{Auditor, FilePlan};
use crate::config::ColumnSpec;
use crate::formula::{Formula, Grammar};
use crate::model::{
    At, Candidate, Claim, ClaimKind, ColumnId, Item, Located, Logged, Origin, PickRef, Place, Step, VerdictCounts,
};
use crate::numeric::Printed;
use crate::rules::Catalogue;
use crate::tally::{ColumnTally, FileTally, Gap, StreamTally};

/// A record on line 1 of the first file.
struct Line;

impl Origin for Line {
    fn locate(&self, at: At) -> Located {
        Located { place: self.place(at), ..Located::default() }
    }

    fn place(&self, at: At) -> Place {
        Place { file: 0, line: 1, column: u64::from(at.start) + 1, ..Place::default() }
    }

    fn start(&self) -> (u32, u64) {
        (0, 1)
    }
}

fn number(text: &str) -> Logged {
    Logged::Number(Printed::parse(text.as_bytes()).unwrap())
}

/// A candidate with a score and the log-probs of its tokens; "null" is a step without one.
fn candidate(score: Logged, logprobs: &[&str]) -> Candidate<'static> {
    let step = |text: &&str| if *text == "null" { Logged::Null } else { number(text) };
    let steps = logprobs.iter().map(|text| Step { logprob: step(text), ..Step::default() }).collect();
    let claims = vec![Claim { of: ColumnId(0), value: score, at: At::default() }];
    Candidate { steps, claims, ..Candidate::default() }
}

fn item(id: &'static str, pick: i64, gold: i64, candidates: Vec<Candidate<'static>>) -> Item<'static> {
    Item {
        id: id.into(),
        candidates,
        pick: PickRef::Index(pick, At::default()),
        gold: PickRef::Index(gold, At::default()),
        complete: true,
        ..Item::default()
    }
}

fn plan() -> FilePlan {
    FilePlan::new(&[ColumnSpec::of_kind("score", ClaimKind::Score)], crate::numeric::Tolerance::default())
}

fn audit(items: &[Item<'_>], plan: &FilePlan) -> FileTally {
    let catalogue = Catalogue::default();
    let mut auditor = Auditor::new(plan, &catalogue);
    for item in items {
        auditor.record();
        auditor.item(item, &Line);
    }
    auditor.finish()
}

/// The only column of a stream.
fn score(stream: &StreamTally) -> &ColumnTally {
    assert_eq!(stream.columns.len(), 1);
    stream.columns.values().next().unwrap()
}

/// The only stream of a log without tasks.
fn stream(tally: &FileTally) -> &StreamTally {
    assert_eq!(tally.streams.len(), 1);
    tally.streams.values().next().unwrap()
}

#[test]
fn a_wrong_score_is_refuted_and_its_pick_recomputed() {
    let items = [
        // −0.5 − 1.5 = −2 and −0.25 − 0.5 = −0.75: both follow, and so does the pick.
        item(
            "a",
            1,
            1,
            vec![candidate(number("-2.0"), &["-0.5", "-1.5"]), candidate(number("-0.75"), &["-0.25", "-0.5"])],
        ),
        // −0.25 − 2 = −2.25 is reported as −0.5, which makes the wrong candidate win.
        item(
            "b",
            1,
            0,
            vec![candidate(number("-1.0"), &["-0.5", "-0.5"]), candidate(number("-0.5"), &["-0.25", "-2.0"])],
        ),
    ];
    let plan = plan();
    let tally = audit(&items, &plan);
    assert_eq!((tally.records, tally.candidates, tally.steps), (2, 4, 8));
    let stream = stream(&tally);
    let column = score(stream);
    assert_eq!((column.judged, column.refuted), (4, 1));
    // Sum with and without an end token, which no candidate has.
    assert_eq!(column.accepted, [3, 3]);
    assert!(column.gaps.is_empty());
    // No constant explains both 0 in three rows and −0.5 + 2.25 = 1.75 in the fourth.
    let (low, high) = column.shift.unwrap();
    assert!(low > high);
    let [row] = column.rows.kept() else { panic!("one row is refuted") };
    let fit = row.convention.unwrap();
    assert_eq!((row.item.as_str(), row.candidate.as_str()), ("b", "1"));
    assert_eq!((row.claimed.value, fit.derived.value, fit.n), (-0.5, -2.25, 2));
    assert_eq!(row.steps, [-0.25, -2.0]);

    // Either pick is the best by the reported scores. By the corrected scores, the second pick changes.
    let items = &stream.items;
    assert_eq!(items.picks, VerdictCounts { proven: 2, ..VerdictCounts::default() });
    assert_eq!((items.comparable, items.certain.flips, items.graded), (2, 1, 2));
    assert_eq!((items.right_before, items.certain.right_after), (1, 2));
    assert_eq!((items.certain.gained, items.certain.lost), (1, 0));
    let [flip] = items.certain.flipped.kept() else { panic!("one pick changes") };
    assert_eq!((flip.item.as_str(), flip.from, flip.to), ("b", 1, 0));
}

#[test]
fn what_is_not_logged_is_a_gap() {
    let items = [item(
        "a",
        0,
        0,
        vec![
            candidate(number("-2.0"), &["-0.5", "null", "-1.5"]),
            candidate(Logged::Null, &["-0.5", "-1.5"]),
            candidate(number("-2.0"), &[]),
            // The first token has no context and no log-prob.
            candidate(number("-1.5"), &["null", "-1.5"]),
            candidate(number("0"), &["-1.5"]),
        ],
    )];
    let plan = plan();
    let tally = audit(&items, &plan);
    let column = score(stream(&tally));
    let gaps: Vec<(Gap, u64)> = column.gaps.iter().map(|(gap, count)| (*gap, *count)).collect();
    assert_eq!(gaps, [(Gap::NoSteps, 1), (Gap::UnknownSteps, 1), (Gap::NoClaim, 1)]);
    assert_eq!((column.judged, column.refuted, column.total()), (2, 1, 5));
    // The null and the 0 belong to totals of −2 and −1.5.
    assert_eq!((column.zero, column.zero_without_cause), (1, 2));
}

#[test]
fn the_bound_comes_from_the_digits_of_the_columns() {
    // With one decimal each, two steps and the claim have a bound of 3 × 0.05 = 0.15: −0.9 may be the sum of −0.4 and
    // −0.4, −1.0 may not.
    let items = [
        item("a", 0, 0, vec![candidate(number("-0.9"), &["-0.4", "-0.4"])]),
        item("b", 0, 0, vec![candidate(number("-1.0"), &["-0.4", "-0.4"])]),
    ];
    let exact = plan();
    let first = audit(&items, &exact);
    assert_eq!(score(stream(&first)).refuted, 2);
    let measured = exact.after(&first, &RunEvidence::of(&first));
    let second = audit(&items, &measured);
    let column = score(stream(&second));
    assert_eq!((column.judged, column.refuted), (2, 1));
    let row = &column.rows.kept()[0];
    assert!((row.claimed.half + row.convention.unwrap().derived.half - 0.15).abs() < 1e-6, "{row:?}");
}

#[test]
fn the_search_names_the_formula_of_each_row() {
    // −0.5 and −1.5 have the mean −1. A single token fits sum and mean alike.
    let items = [
        item("a", 0, 0, vec![candidate(number("-1.0"), &["-0.5", "-1.5"])]),
        item("b", 0, 0, vec![candidate(number("-0.5"), &["-0.5"])]),
    ];
    let mut searching = plan();
    Arc::make_mut(&mut searching.columns)[0].grammar = Some(Arc::new(Grammar::around(Formula::SUM)));
    let tally = audit(&items, &searching);
    let column = score(stream(&tally));
    let mean = Grammar::around(Formula::SUM).position(&Formula::MEAN).unwrap();
    let count = column.formulas[mean];
    assert_eq!((count.evaluated, count.explained, count.decisive, count.undecidable), (2, 2, 1, 1));
    assert_eq!((column.refuted, column.unexplained), (1, 0));
    assert_eq!(column.rows_by_formula[&u16::try_from(mean).unwrap()].kept().len(), 1);
    assert!(column.groups.keys().all(|set| set >> mean & 1 == 1));
}
