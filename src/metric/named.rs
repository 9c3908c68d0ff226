//! Finds the column of the rows that a run's metric is about, by name.

use crate::metric::columns::{ColumnRows, RowColumns};
use crate::model::plain_name;

/// A column found by a metric's name.
pub(super) struct Named<'c> {
    /// The column's name as logged.
    pub(super) name: &'c str,
    pub(super) rows: &'c ColumnRows,
    /// Whether the metric's name says that it is a mean.
    pub(super) says_mean: bool,
    /// Whether the metric has the column's own name.
    pub(super) is_same: bool,
    /// Whether both names say "right" in other words, of the same kind of answer: `acc_raw` of `right_raw`.
    pub(super) is_qualified: bool,
}

/// Prefixes and suffixes that mark the name of a mean.
const BEFORE: [&str; 6] = ["mean_", "avg_", "average_", "overall_", "macro_", "total_"];
const BEHIND: [&str; 4] = ["_mean", "_avg", "_average", "_score"];

/// Names of one thing.
pub(super) const ALIKE: [&[&str]; 6] = [
    &["accuracy", "acc", "correct", "is_correct", "correctness"],
    &["pass_rate", "passed", "pass", "passes"],
    &["success_rate", "success", "successes", "resolved", "is_success"],
    &["score", "value", "mark", "rating"],
    &["reward", "rewards"],
    &["win_rate", "win", "wins", "is_win"],
];

/// Words for a right answer, in the names of a share and of the marks that it is over.
const RIGHT: [&[&str]; 3] =
    [&["accuracy", "acc", "correct", "correctness", "right"], &["pass", "passed", "passes"], &["success", "successes"]];
/// Words that say nothing of what is marked.
const FILLING: [&str; 5] = ["is", "rate", "mean", "avg", "average"];

/// The group of the word for a right answer in a plain name, and the words beside it that say of which kind: `raw` of
/// `acc_raw`. None where there is no such word, or none beside it.
fn qualified(own: &str) -> Option<(usize, Vec<&str>)> {
    let words = || own.split('_').filter(|word| !FILLING.contains(word));
    let group_of = |word: &str| RIGHT.iter().position(|group| group.contains(&word));
    let group = words().find_map(group_of)?;
    let rest: Vec<&str> = words().filter(|word| group_of(word).is_none()).collect();
    let is_one = words().count() == rest.len() + 1;
    (is_one && !rest.is_empty()).then_some((group, rest))
}

/// Whether two plain names say "right" in other words, of the same kind of answer.
pub(super) fn are_of_one_kind(own: &str, other: &str) -> bool {
    own != other && qualified(own).is_some_and(|own| qualified(other).is_some_and(|other| own == other))
}

/// The names of a field that says whether the first answer of a search was right.
const HIT: [&str; 3] = ["hit", "hits", "is_hit"];

/// Whether a plain name is that of a share of hits, such as `hit@1` or `hits_at_1`.
fn is_of_hits(own: &str) -> bool {
    let bare = own.split_once('@').or_else(|| own.split_once("_at_")).map(|(bare, _)| bare);
    bare.is_some_and(|bare| ["hit", "hits", "hit_rate"].contains(&bare))
}

/// A plain name without what makes it that of a mean; None where nothing does.
pub(super) fn bare(own: &str) -> Option<&str> {
    let before = BEFORE.iter().find_map(|word| own.strip_prefix(word));
    before.or_else(|| BEHIND.iter().find_map(|word| own.strip_suffix(word)))
}

/// The column that a metric is about: the one with its name, otherwise with its name less the prefix or suffix of a
/// mean, otherwise with a synonym.
pub(super) fn column<'c>(name: &str, columns: &'c RowColumns) -> Option<Named<'c>> {
    let own = plain_name(name);
    let find = |wanted: &str| columns.named().find(|(name, rows)| rows.numbers > 0 && plain_name(name) == wanted);
    let named = |(name, rows): (&'c String, &'c ColumnRows), says_mean: bool, is_same: bool| Named {
        name,
        rows,
        says_mean,
        is_same,
        is_qualified: false,
    };
    if let Some(found) = find(&own) {
        return Some(named(found, false, true));
    }
    let bare = bare(&own);
    if let Some(found) = bare.and_then(find) {
        return Some(named(found, true, false));
    }
    let words = [Some(&*own), bare].into_iter().flatten();
    let alike = words.filter_map(|word| ALIKE.iter().find(|group| group.contains(&word)));
    if let Some(found) = alike.flat_map(|group| group.iter()).find_map(|word| find(word)) {
        return Some(named(found, bare.is_some(), false));
    }
    if is_of_hits(&own) {
        return HIT.iter().find_map(|word| find(word)).map(|found| named(found, false, false));
    }
    // Two columns of one kind leave open which of them is meant.
    let mut of_kind = columns.named().filter(|(name, rows)| {
        rows.numbers > 0 && rows.flags == rows.numbers && are_of_one_kind(&own, &plain_name(name))
    });
    let found = of_kind.next().filter(|_| of_kind.next().is_none())?;
    Some(Named { is_qualified: true, ..named(found, false, false) })
}

/// Whether a metric with that name is by convention a mean of ones and zeros, or of shares.
pub(super) fn is_share(name: &str) -> bool {
    let own = plain_name(name);
    let bare = BEFORE.iter().find_map(|word| own.strip_prefix(word)).unwrap_or(&own);
    ALIKE.iter().take(3).chain(&ALIKE[5..]).any(|group| group.contains(&bare)) || ["em", "exact_match"].contains(&bare)
}

/// Whether its values are summed or ranked as often as averaged: times, sizes, costs.
pub(super) fn is_extensive(name: &str) -> bool {
    const WORDS: [&str; 22] = [
        "latency",
        "time",
        "second",
        "duration",
        "token",
        "cost",
        "length",
        "len",
        "size",
        "speed",
        "throughput",
        "memory",
        "count",
        "num",
        "total",
        "price",
        "words",
        "chars",
        "bytes",
        "step",
        "turns",
        "usage",
    ];
    let own = plain_name(name);
    own.split('_').any(|part| WORDS.iter().any(|word| part.starts_with(word)))
}

/// Whether it is by convention a quotient of sums, a rank statistic or a transformed mean, rather than a mean of the
/// rows' values.
pub(super) fn is_no_mean(name: &str) -> bool {
    const WORDS: [&str; 27] = [
        "matthews",
        "pearsonr",
        "spearmanr",
        "kendalltau",
        "correlation",
        "f1",
        "precision",
        "recall",
        "wer",
        "cer",
        "ter",
        "bleu",
        "chrf",
        "ppl",
        "perplexity",
        "loss",
        "nll",
        "ece",
        "auc",
        "auroc",
        "mcc",
        "kappa",
        "pearson",
        "spearman",
        "kendall",
        "elo",
        "median",
    ];
    let own = plain_name(name);
    own.split('_').any(|part| WORDS.contains(&part))
}

/// Whether it lies between 0 and 1 by definition, or between 0 and 100 as a percentage.
pub(super) fn is_bounded(name: &str) -> bool {
    const NAMES: [&str; 13] =
        ["accuracy", "acc", "auc", "auroc", "f1", "hit", "map", "mrr", "ndcg", "pass", "precision", "recall", "hits"];
    let own = plain_name(name);
    let bare = own.split_once('@').map_or(&*own, |(bare, _)| bare);
    bare.split('_').any(|part| NAMES.contains(&part))
}
