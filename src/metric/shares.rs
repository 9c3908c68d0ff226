//! Numbers of a summary without rows that are shares of one whole: the two sides of a comparison with its ties, answers that are
//! right, wrong or not given. They add up to 1, and each is its count over all counts.
//!
//! A tie is half a win of either side, is left out, or is won by nobody (`win_rate`). Two sides add up to 1 under the first two
//! rules, with the ties under the third; under none they exceed it.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, NO_ROWS};
use crate::metric::catalogue;
use crate::metric::found::{Found, Remark, unit_of};
use crate::model::{RunClaim, plain_name};
use crate::numeric::{Approx, NumberFormat, Printed, half_of_last_digit, show};

/// Words that say which side of a comparison a number is of; the opposite ones stand beside them. Other names may be of models
/// that are each compared with a third one.
const SIDES: [(&[&str], &[&str]); 5] = [
    (&["a"], &["b"]),
    (&["1"], &["2"]),
    (&["left"], &["right"]),
    (&["first"], &["second"]),
    (&["candidate", "ours", "model"], &["baseline", "reference", "opponent", "theirs"]),
];
/// Words of the other side beside a number whose name says none.
const BASES: [&str; 5] = ["base", "baseline", "opponent", "reference", "theirs"];
/// Words of a count, and of a rate that is computed from counts.
const COUNTS: [&str; 5] = ["count", "discrete", "n", "num", "total"];
/// Words beside these that say nothing.
const NOUNS: [&str; 5] = ["model", "player", "response", "side", "system"];
/// Answers that exclude each other: right, wrong, not given.
const ANSWERS: [&[&str]; 3] =
    [&["correct"], &["incorrect", "wrong"], &["not_attempted", "abstained", "unanswered", "refused"]];
/// Words of a number over all metrics.
const OVERALL: [&str; 6] = ["average", "avg", "mean", "mean_score", "overall", "score"];

/// A number with half of its last digit.
fn number(claim: &RunClaim) -> Option<Approx> {
    let printed = Printed::parse(claim.value.as_bytes()).filter(Printed::is_finite)?;
    Some(Approx::new(printed.value, half_of_last_digit(printed.decimals)).stored(NumberFormat::F64))
}

/// What the other numbers of its summary say of a share of one whole.
pub(super) fn of_whole(asked: &Asked<'_>) -> Option<Found> {
    of_sides(asked).or_else(|| of_answers(asked)).or_else(|| mean_of_answers(asked))
}

/// What a claim counts or is the rate of: wins, ties or losses, of the side that its words name.
fn outcome(claim: &RunClaim) -> Option<(&'static str, Vec<String>)> {
    let (what, mut words) = catalogue::outcome(&claim.of.metric)?;
    words.retain(|word| !COUNTS.contains(&word.as_str()));
    if words.len() > 1 {
        words.retain(|word| !NOUNS.contains(&word.as_str()));
    }
    Some((what, words))
}

fn is_rate(claim: &RunClaim) -> bool {
    plain_name(&claim.of.metric).split('_').any(|word| matches!(word, "rate" | "winrate"))
}

/// Whether the words of two win rates name the two sides of one comparison.
fn are_opposite(own: &[String], other: &[String]) -> bool {
    let is_in = |words: &[String], side: &[&str]| words.len() == 1 && words.iter().all(|word| side.contains(&&**word));
    let is_other = |words: &[String]| words.len() == 1 && BASES.contains(&&*words[0]);
    own.is_empty() && is_other(other)
        || other.is_empty() && is_other(own)
        || SIDES
            .iter()
            .any(|(left, right)| is_in(own, left) && is_in(other, right) || is_in(own, right) && is_in(other, left))
}

/// The claims of one summary about the outcomes of a comparison.
struct Comparison<'a> {
    /// The other side's wins, or the losses of the only side.
    other: Option<&'a RunClaim>,
    ties: Option<&'a RunClaim>,
}

impl<'a> Comparison<'a> {
    /// What stands beside the win rate of a side, among rates or among counts.
    fn beside(asked: &Asked<'a>, words: &[String], rates: bool) -> Self {
        let own = &asked.claim.of;
        let is_beside = |claim: &&&RunClaim| {
            let of = &claim.of;
            of.task == own.task && of.filter == own.filter && !of.stderr && is_rate(claim) == rates
        };
        let find = |is_it: &dyn Fn(&str, &[String]) -> bool| {
            let mut found = asked
                .beside
                .iter()
                .filter(is_beside)
                .filter(|claim| outcome(claim).is_some_and(|(what, words)| is_it(what, &words)));
            found.next().copied().filter(|_| found.next().is_none())
        };
        let other =
            find(&|what, theirs| what == "win" && are_opposite(words, theirs) || what == "loss" && theirs == words);
        Self { other, ties: find(&|what, theirs| what == "tie" && (theirs.is_empty() || theirs == words)) }
    }
}

/// A win rate beside the counts of its comparison, or beside the other side's rate.
fn of_sides(asked: &Asked<'_>) -> Option<Found> {
    let (what, words) = outcome(asked.claim).filter(|_| is_rate(asked.claim) && !asked.claim.of.stderr)?;
    if what != "win" {
        return other_outcome(asked, what, &words);
    }
    of_counts(asked, &words).or_else(|| beyond_whole(asked, &words))
}

/// The count of wins of a side among the counts of a summary.
fn won(asked: &Asked<'_>, words: &[String]) -> Option<f64> {
    let is_won = |claim: &&&RunClaim| {
        !is_rate(claim) && outcome(claim).is_some_and(|(what, theirs)| what == "win" && theirs == words)
    };
    count(asked.beside.iter().find(is_won)?)
}

/// A tie or loss rate beside the counts of all outcomes.
fn other_outcome(asked: &Asked<'_>, what: &str, words: &[String]) -> Option<Found> {
    let won = won(asked, words)?;
    let Comparison { other, ties } = Comparison::beside(asked, words, false);
    let (lost, ties) = (count(other?)?, count(ties?)?);
    let own = if what == "tie" { ties } else { lost };
    let share = Approx::exact(own).over(won + lost + ties);
    let words = format!("{what}s/comparisons, {} : {} : {}", show(won), show(ties), show(lost));
    unit_of(asked.reported(), share).map(|unit| Found::proven(Derived::new(share.scaled(unit), words)))
}

/// A count of a summary.
fn count(claim: &RunClaim) -> Option<f64> {
    let number = Printed::parse(claim.value.as_bytes()).filter(Printed::is_finite)?;
    (number.decimals <= 0 && number.value >= 0.0).then_some(number.value)
}

/// A win rate beside the counts of wins and losses.
fn of_counts(asked: &Asked<'_>, words: &[String]) -> Option<Found> {
    let won = won(asked, words)?;
    let Comparison { other, ties } = Comparison::beside(asked, words, false);
    let (lost, ties) = (count(other?)?, ties.map_or(Some(0.0), count)?);
    let judged = won + lost + ties;
    if judged <= 0.0 {
        return None;
    }
    let share = |value: f64, of: f64, rule: &str| {
        Derived::new(Approx::exact(value).over(of), format!("{rule}, {} : {} : {}", show(won), show(ties), show(lost)))
    };
    let mut ways = vec![
        share(won + ties / 2.0, judged, "(won + ties/2)/comparisons"),
        share(won, judged, "won/comparisons, a tie not won"),
    ];
    ways.extend((won + lost > 0.0).then(|| share(won, won + lost, "won/(won + lost), ties left out")));
    let reported = asked.reported();
    let fits = ways.iter().find_map(|own| Some((own, unit_of(reported, own.value)?)));
    if let Some((own, unit)) = fits {
        return Some(Found::proven(Derived::new(own.value.scaled(unit), own.definition.clone())));
    }
    // A mean of graded preferences is not a share of counts.
    let is_share = [1.0, 100.0].into_iter().any(|unit| {
        let doubled = 2.0 * reported.value / unit * judged;
        (doubled - doubled.round()).abs() <= 4.0 * reported.half / unit * judged + 1e-9
    });
    let first = ways.swap_remove(0);
    if !is_share {
        return None;
    }
    let remark = Remark {
        code: "RT601",
        title: format!(
            "{} {} does not match the counts beside it under any rule for ties: {} = {}",
            asked.claim.of.metric,
            show(reported.value),
            first.definition,
            show(first.value.value)
        ),
        help: "compute the rate from the counts that are written to the same file",
        expected: Some(first.value.value),
        of: (1, 1),
    };
    Some(Found::open(first, NO_ROWS).remarked(remark))
}

/// 1 of fractions, 100 of percentages.
fn whole(shares: &[Approx]) -> Option<f64> {
    let largest = shares.iter().map(|share| share.value).fold(0.0, f64::max);
    let is_share = |whole: f64| shares.iter().all(|share| (0.0..=whole).contains(&share.value));
    // A percentage below 1.5 is that of one comparison in a hundred; nothing is said of it.
    if largest <= 1.0 { Some(1.0) } else { Some(100.0).filter(|whole| is_share(*whole)) }
}

/// How far shares are from adding up to a whole: beyond what all their last digits leave open, cut off ones too.
fn distance(shares: &[Approx], whole: f64) -> Option<f64> {
    let sum: f64 = shares.iter().map(|share| share.value).sum();
    let open: f64 = shares.iter().map(|share| 2.0 * share.half).sum();
    let distance = sum - whole;
    (distance.abs() > open + 1e-9 * whole).then_some(distance)
}

/// Two sides that exceed their whole, or that miss it with and without the ties beside them.
fn beyond_whole(asked: &Asked<'_>, words: &[String]) -> Option<Found> {
    let Comparison { other, ties } = Comparison::beside(asked, words, true);
    let other = other?;
    // One finding is enough for both.
    if other.of.metric < asked.claim.of.metric && outcome(other)?.0 == "win" {
        return None;
    }
    let (own, theirs) = (number(asked.claim)?, number(other)?);
    let ties = ties.and_then(|claim| Some((claim, number(claim)?)));
    let mut shares = vec![own, theirs];
    let unit = whole(&shares)?;
    let without = distance(&shares, unit)?;
    shares.extend(ties.map(|(_, own)| own));
    let with = distance(&shares, unit)?;
    // Ties that are not logged may be what is missing.
    if without < 0.0 && ties.is_none() || with < 0.0 && without > 0.0 {
        return None;
    }
    let named = |claim: &RunClaim, value: Approx| format!("{} {}", claim.of.metric, show(value.value));
    let mut all = vec![named(asked.claim, own), named(other, theirs)];
    all.extend(ties.map(|(claim, value)| named(claim, value)));
    let sum: f64 = shares.iter().map(|share| share.value).sum();
    let how = if ties.is_some() {
        "whatever a tie counts"
    } else {
        "a tie is counted as won by both, or the sides differ in n"
    };
    Some(not_whole(&all, own, sum, unit, how))
}

/// The warning about shares that do not add up to their whole.
fn not_whole(shares: &[String], own: Approx, sum: f64, whole: f64, how: &str) -> Found {
    let title = format!("{} add up to {}, not to {}: {how}", shares.join(", "), show(sum), show(whole));
    let remark = Remark {
        code: "RT606",
        title,
        help: "compute all of them over the same rows, and report their counts beside them",
        expected: None,
        of: (shares.len() as u64, shares.len() as u64),
    };
    let derived = Derived::new(Approx::exact(whole - sum + own.value), format!("{} - the others", show(whole)));
    Found::open(derived, NO_ROWS).remarked(remark)
}

/// The name of a share of answers: `correct` of `is_correct`, `correct_rate` and `num_correct`.
fn answer(metric: &str) -> Option<usize> {
    let own = plain_name(metric);
    let bare = ["is_", "num_", "n_"].iter().find_map(|word| own.strip_prefix(word)).unwrap_or(&own);
    let bare = ["_rate", "_count"].iter().find_map(|word| bare.strip_suffix(word)).unwrap_or(bare);
    ANSWERS.iter().position(|names| names.contains(&bare))
}

/// Right, wrong and not given answers of a summary, if it has one number of each.
fn answers<'a>(asked: &Asked<'a>) -> Option<[&'a RunClaim; 3]> {
    let own = &asked.claim.of;
    let find = |at: usize| {
        let is_it = |claim: &&&RunClaim| {
            let of = &claim.of;
            of.task == own.task && of.filter == own.filter && !of.stderr && answer(&of.metric) == Some(at)
        };
        let mut found = asked.beside.iter().filter(is_it);
        found.next().copied().filter(|_| found.next().is_none())
    };
    Some([find(0)?, find(1)?, find(2)?])
}

/// Shares of answers that exclude each other and do not add up to 1. Said of the first of them.
fn of_answers(asked: &Asked<'_>) -> Option<Found> {
    let claims = answers(asked).filter(|_| answer(&asked.claim.of.metric) == Some(0))?;
    let shares: Vec<Approx> = claims.iter().map(|claim| number(claim)).collect::<Option<_>>()?;
    let are_counts = claims.iter().all(|claim| count(claim).is_some());
    if are_counts && shares.iter().any(|share| share.value > 1.0) {
        return None;
    }
    let whole = whole(&shares)?;
    distance(&shares, whole)?;
    let all: Vec<String> =
        claims.iter().zip(&shares).map(|(claim, share)| format!("{} {}", claim.of.metric, show(share.value))).collect();
    let sum = shares.iter().map(|share| share.value).sum();
    Some(not_whole(&all, shares[0], sum, whole, "an answer is right, wrong or not given"))
}

/// A mean over answers that exclude each other: 1/3 whatever the model does.
fn mean_of_answers(asked: &Asked<'_>) -> Option<Found> {
    /// Fewest digits behind the point that tell 1/3 from a share of its own.
    const FEWEST: i16 = 4;
    let claims = answers(asked).filter(|_| OVERALL.contains(&&*plain_name(&asked.claim.of.metric)))?;
    let shares: Vec<Approx> = claims.iter().map(|claim| number(claim)).collect::<Option<_>>()?;
    let whole = whole(&shares)?;
    let is_mean = unit_of(asked.reported(), Approx::exact(1.0).over(3.0)).is_some() && asked.printed.decimals >= FEWEST;
    if distance(&shares, whole).is_some() || !is_mean {
        return None;
    }
    let names: Vec<&str> = claims.iter().map(|claim| claim.of.metric.as_str()).collect();
    let title = format!(
        "{} {} is the mean over {}, which add up to 1, so that any model gets it",
        asked.claim.of.metric,
        show(asked.printed.value),
        names.join(", ")
    );
    let remark = Remark {
        code: "RT601",
        title,
        help: "report the share of right answers, or weigh the outcomes by what they are worth",
        expected: None,
        of: (1, 1),
    };
    let derived = Derived::new(Approx::exact(1.0).over(3.0), "mean over exclusive metrics");
    Some(Found::open(derived, NO_ROWS).remarked(remark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::tests::found_without_rows;
    use crate::model::{Located, RunMetric, Verdict};

    /// What is found for the first of some numbers of a summary.
    fn found(numbers: &[(&str, &str)]) -> Option<Found> {
        let one = |(name, printed): &(&str, &str)| RunMetric::new("", name).claim(printed, Located::default());
        let claims: Vec<RunClaim> = numbers.iter().map(one).collect();
        found_without_rows(&claims, of_whole)
    }

    fn code(numbers: &[(&str, &str)]) -> Option<&'static str> {
        found(numbers).and_then(|found| found.remark).map(|remark| remark.code)
    }

    #[test]
    fn a_rate_follows_from_its_counts_under_each_rule_for_ties() {
        // 45 : 10 : 45 of 100.
        let of = |rate: &str| found(&[("win_rate", rate), ("wins", "45"), ("ties", "10"), ("losses", "45")]).unwrap();
        for rate in ["0.5", "50.0", "0.45", "45.00"] {
            assert_eq!(of(rate).verdict, Verdict::Proven, "{rate}");
        }
        assert_eq!(of("0.55").remark.unwrap().code, "RT601");
        let of_a = [("win_rate_a", "0.625"), ("a_wins", "5"), ("b_wins", "3")];
        assert_eq!(found(&of_a).unwrap().verdict, Verdict::Proven);
    }

    #[test]
    fn two_sides_do_not_exceed_the_whole() {
        assert_eq!(code(&[("win_rate_a", "0.62"), ("win_rate_b", "0.45")]), Some("RT606"));
        assert_eq!(code(&[("win_rate_a", "62.0"), ("win_rate_b", "45.0")]), Some("RT606"));
        // The other one says nothing more.
        assert_eq!(code(&[("win_rate_b", "0.45"), ("win_rate_a", "0.62")]), None);
        for (a, b) in [("0.62", "0.38"), ("0.62", "0.30"), ("0.625", "0.376"), ("0.63", "0.38")] {
            assert_eq!(code(&[("win_rate_a", a), ("win_rate_b", b)]), None, "{a} {b}");
        }
        // Two models against a third one.
        assert_eq!(code(&[("win_rate_gpt", "0.62"), ("win_rate_llama", "0.45")]), None);
    }

    #[test]
    fn ties_beside_two_sides_close_the_whole() {
        let of = |a: &str, b: &str, tie: &str| code(&[("win_rate_a", a), ("win_rate_b", b), ("tie_rate", tie)]);
        assert_eq!(of("0.50", "0.30", "0.20"), None);
        // A tie is half a win: 0.6 + 0.4.
        assert_eq!(of("0.60", "0.40", "0.20"), None);
        assert_eq!(of("0.50", "0.30", "0.10"), Some("RT606"));
        assert_eq!(of("0.70", "0.50", "0.20"), Some("RT606"));
        assert_eq!(code(&[("win_rate", "0.50"), ("loss_rate", "0.30"), ("tie_rate", "0.30")]), Some("RT606"));
        assert_eq!(code(&[("win_rate", "0.50"), ("loss_rate", "0.30"), ("tie_rate", "0.20")]), None);
    }

    #[test]
    fn right_wrong_and_not_given_answers_are_all() {
        let of = |abstained: &str, score: &str| {
            let own = [("correct", "0.40"), ("incorrect", "0.50"), ("not_attempted", abstained), ("score", score)];
            (code(&own), code(&[own[3], own[0], own[1], own[2]]))
        };
        assert_eq!(of("0.10", "0.40"), (None, None));
        assert_eq!(of("0.30", "0.40"), (Some("RT606"), None));
        assert_eq!(of("0.10", "0.3333333"), (None, Some("RT601")));
        let counts = [("correct", "40"), ("incorrect", "50"), ("not_attempted", "30")];
        assert_eq!(code(&counts), None);
    }
}
