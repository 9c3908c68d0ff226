//! RT611: a row's correctness contradicts its own pick, or its scores, and its gold answer.

use crate::metric::MetricRows;
use crate::metric::choice::{Cut, Divisor};
use crate::metric::row::{self, RowDefinition};
use crate::model::{ItemSummary, Located, RowMetric, Verdict};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::item(page!("RT611-row-metric-wrong"), check, say).when(fires);

fn check(view: &ItemView<'_>, seen: &mut Observer<'_>) {
    let item = view.item;
    if let (Some(correct), Some(right)) = (item.correct, item.picked().and_then(|pick| item.is_gold(pick))) {
        let pick = item.picked().unwrap_or(0);
        seen.judge_here(correct == right, || {
            let gold = if right { "is" } else { "is not" };
            Evidence::equals(f64::from(u8::from(right)))
                .found(f64::from(u8::from(correct)))
                .detail(format!("correct is {correct}, but pick {pick} {gold} the gold answer"))
        });
        if correct != right {
            seen.count("correct", 1);
        }
    }
    for metric in view.metrics {
        if !row::is_correctness(&metric.name) {
            continue;
        }
        let judged = row::judge(item, metric);
        if judged.verdict == Verdict::Unprovable {
            continue;
        }
        let wrong = judged.verdict == Verdict::Refuted;
        seen.judge(metric.at, !wrong, || {
            Evidence::equals(judged.expected).found(judged.found).detail(detail(item, metric, &judged))
        });
        if wrong {
            seen.count(&metric.name, 1);
        }
        patterns(item, metric, seen);
    }
}

fn detail(item: &ItemSummary, metric: &RowMetric<'_>, judged: &row::RowJudgement) -> String {
    let name = &metric.name;
    let derived = judged.expected;
    match (row::definition(item, name), judged.winner) {
        (Some(RowDefinition::GreedyGold), _) => format!("is_greedy of the gold answer gives {name} = {derived}"),
        (Some(RowDefinition::Argmax(divisor)), Some(winner)) => {
            let by = if divisor == Divisor::Raw { String::new() } else { format!(" over {}", divisor.words()) };
            format!("choice {winner} has the highest score{by}: {name} = {derived}")
        }
        (_, Some(winner)) => format!("choice {winner} wins: {name} = {derived}"),
        _ => format!("the row gives {name} = {derived}"),
    }
}

/// Counts, in the names of the rule's counters, which other divisor and slicing explain the metric in this row: one
/// that explains all rows is another rule's.
fn patterns(item: &ItemSummary, metric: &RowMetric<'_>, seen: &mut Observer<'_>) {
    let mut rows = MetricRows::default();
    rows.observe(item, metric, Located::default);
    for (divisor, (tried, explained)) in rows.divisors {
        seen.count(&format!("{}/{divisor:?}/tried", metric.name), tried);
        seen.count(&format!("{}/{divisor:?}/explained", metric.name), explained);
    }
    for (cut, (tried, explained)) in rows.cuts {
        seen.count(&format!("{}/{cut:?}/tried", metric.name), tried);
        seen.count(&format!("{}/{cut:?}/explained", metric.name), explained);
    }
}

/// The metrics that only this rule explains.
fn own<'o>(all: &'o Observed) -> impl Iterator<Item = (&'o str, u64)> {
    all.counters.iter().filter(|(name, _)| !name.contains('/')).filter_map(move |(name, count)| {
        let elsewhere = |pattern: String, tried: u64| {
            tried > 0
                && all.counter(&format!("{name}/{pattern}/tried")) == tried
                && all.counter(&format!("{name}/{pattern}/explained")) == tried
        };
        let rows = all.counter(&format!("{name}/{:?}/tried", Divisor::Raw));
        let cut = all.counter(&format!("{name}/{:?}/tried", Cut::Halves));
        let divisors = Divisor::ALL.into_iter().any(|divisor| elsewhere(format!("{divisor:?}"), rows));
        let cuts = Cut::ALL.into_iter().any(|other| elsewhere(format!("{other:?}"), cut));
        (!divisors && !cuts).then_some((name.as_str(), *count))
    })
}

fn fires(all: &Observed) -> bool {
    own(all).next().is_some()
}

fn say(all: &Observed) -> Message {
    let names: Vec<String> = own(all).map(|(name, count)| format!("{name} of {count}")).collect();
    let rows = if own(all).map(|(_, count)| count).sum::<u64>() == 1 { "row" } else { "rows" };
    Message::new(format!("{} {rows} contradicts the row's own scores and gold answer", names.join(" and ")))
        .help("compute a row's correctness from the pick and the gold answer that are written to the same row")
}
