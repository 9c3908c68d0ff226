//! pass@k: the mean over problems of 1 − C(n−c, k) ÷ C(n, k), with n samples of which c pass (Chen et al. 2021,
//! <https://arxiv.org/abs/2107.03374>); pass^k: that of C(c, k) ÷ C(n, k), all of k pass (<https://arxiv.org/abs/2406.12045>).
//!
//! Wrong: drawn with replacement; any of all samples; all problems taken for samples of one; a problem with fewer than k
//! samples counted as solved.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::{Found, Wrong, settle};
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::{AggregateCause, OF_FRACTIONS};
use crate::numeric::{Approx, NumberFormat, pow};

pub(super) static METRIC: Metric =
    Metric { of_columns: Some(of_columns), variants: OF_FRACTIONS, ..Metric::new(&["pass@", "pass^"], Kind::Fraction) };

/// What the rows do not say.
const COUNTS: Missing = ("it is unclear how its samples are counted", "samples and right samples of every problem");

/// Problems of n samples with c right ones, and how many there are of them.
type Problems = Vec<(u32, u32, u64)>;

fn of_columns(asked: &Asked<'_>) -> Option<Found> {
    let (kind, k) = asked.claim.of.metric.split_at_checked(5)?;
    let k: u32 = k.parse().ok().filter(|k| *k > 0)?;
    let problems = problems(asked)?;
    let all = kind == "pass^";
    let count: u64 = problems.iter().map(|(.., times)| times).sum();
    let mean = |of: &dyn Fn(f64, f64) -> f64| {
        let terms = problems.iter().map(|(n, c, times)| {
            Approx::exact(of(f64::from(*n), f64::from(*c)) * *times as f64).rounded(64.0, NumberFormat::F64)
        });
        Approx::sum(terms, NumberFormat::F64).over(count as f64)
    };
    let (samples, right): (u64, u64) =
        problems.iter().fold((0, 0), |(n, c), own| (n + u64::from(own.0) * own.2, c + u64::from(own.1) * own.2));
    let fewest = problems.iter().map(|(n, ..)| *n).min()?;
    let (draws, has_enough) = (f64::from(k), k <= fewest);
    let unbiased = |n: f64, c: f64| if all { chance(c, n, draws) } else { 1.0 - chance(n - c, n, draws) };
    let share = |n: f64, c: f64| c / n;
    let truth = if has_enough {
        Derived::new(mean(&unbiased), if all { "mean(C(c,k)/C(n,k))" } else { "mean(1-C(n-c,k)/C(n,k))" })
    } else {
        Derived::new(mean(&share), format!("mean(c/n), which is pass@1: no pass@{k} follows from {fewest} samples"))
    };
    let replaced = |n: f64, c: f64| if all { pow(c / n, draws) } else { 1.0 - pow(1.0 - c / n, draws) };
    let any = |_: f64, c: f64| f64::from(u8::from(c > 0.0));
    let solved: u64 = problems.iter().filter(|(_, c, _)| *c > 0).map(|(.., times)| times).sum();
    let pooled = |n: u64, c: u64| Approx::exact(unbiased(n as f64, c as f64)).rounded(512.0, NumberFormat::F64);
    let wrong = |value: Approx, words: &str, why: &str| Wrong::new(AggregateCause::Mismatch, value, words, why);
    let fewer = format!("counts a problem with fewer than {k} samples as solved");
    let takes = format!("takes the {count} problems for samples of one problem");
    let has = format!("takes all {samples} samples for those of one problem");
    let mut wrongs = vec![
        wrong(pooled(count, solved), &format!("1-C({count}-{solved},{k})/C({count},{k})"), &takes),
        wrong(pooled(samples, right), &format!("1-C({samples}-{right},{k})/C({samples},{k})"), &has),
        wrong(mean(&replaced), "mean(1-(1-c/n)^k)", "draws samples with replacement"),
        wrong(
            mean(&any),
            "problems with any right sample/problems",
            "counts a problem as solved if any of all its samples passes",
        ),
    ];
    let clamped = |n: f64, c: f64| if n - c < draws { 1.0 } else { 1.0 - chance(n - c, n, draws) };
    wrongs.push(wrong(mean(&clamped), "1 where n-c < k", &fewer));
    // pass@1 is the share of right samples, also of all samples where problems have equally many.
    if has_enough || k == 1 { settle(asked, vec![truth], wrongs, COUNTS) } else { without_truth(asked, truth, wrongs) }
}

/// A number for which there are too few samples: only what it is instead can be said.
fn without_truth(asked: &Asked<'_>, share: Derived, wrong: Vec<Wrong>) -> Option<Found> {
    let own = Derived::new(Approx::exact(f64::NAN), share.definition.clone());
    let found = settle(asked, vec![share], wrong, COUNTS)?;
    // That it equals pass@1 proves nothing.
    Some(if found.cause.is_some() { found } else { Found::open(own, COUNTS) })
}

/// C(part, k) ÷ C(whole, k): the chance that k samples of `whole` all lie in `part`.
fn chance(part: f64, whole: f64, k: f64) -> f64 {
    if part < k {
        return 0.0;
    }
    let (mut product, mut drawn) = (1.0, 0.0);
    while drawn < k {
        product *= (part - drawn) / (whole - drawn);
        drawn += 1.0;
    }
    product
}

/// The counts of each problem: of a row where rows are problems, else of the rows of one item.
fn problems(asked: &Asked<'_>) -> Option<Problems> {
    let columns = asked.facts.columns;
    let rows = &columns.joint.samples;
    if rows.total() == columns.rows && columns.rows > 0 {
        let counted = rows.rows.iter().filter(|((n, _), _)| *n > 0);
        return Some(counted.map(|((n, c), times)| (*n, *c, *times)).collect())
            .filter(|all: &Problems| !all.is_empty());
    }
    let lists = &columns.facts.samples;
    if lists.total() > 0 && lists.total() == columns.rows.max(asked.facts.items) {
        return Some(lists.rows.iter().map(|((n, c), times)| (*n, *c, *times)).collect());
    }
    let items = &columns.joint.by_item;
    let counted: u64 = items.rows.values().map(|(n, _)| u64::from(*n)).sum();
    let is_whole = !items.has_more && counted == columns.rows && counted > 0;
    is_whole.then(|| items.rows.values().map(|(n, c)| (*n, *c, 1)).collect())
}

#[cfg(test)]
mod tests {
    use super::chance;
    use crate::metric::tests::{Run, verdict_of};
    use crate::model::Verdict;

    #[test]
    fn chances_by_hand() {
        // C(3,2) ÷ C(5,2) = 3 ÷ 10.
        assert!((chance(3.0, 5.0, 2.0) - 0.3).abs() < 1e-15);
        assert!(chance(1.0, 5.0, 2.0).abs() < 1e-15);
    }

    #[test]
    fn a_share_without_rows_has_its_range() {
        let run = Run { items: 2, ..Run::default() };
        assert_eq!(verdict_of("pass@1", "0.8", &run), Verdict::Unprovable);
        assert_eq!(verdict_of("pass@1", "-0.1", &run), Verdict::Refuted);
    }
}
