//! Known wrong ways to compute a metric, and how to recognise them in a reported number.

use crate::derive::judge;
use crate::metric::aggregate::{mean_of_exps, mean_of_means};
use crate::metric::answer::RunFacts;
use crate::metric::rows::MetricRows;
use crate::numeric::{Approx, LN_2, NumberFormat, exp, ln, show, sqrt};

/// Why a reported number is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregateCause {
    /// No known cause.
    Mismatch,
    /// The mean of exponentials in place of the exponential of the mean.
    MeanOfExp,
    /// The unweighted mean over rows in place of the mean over tokens.
    MeanOfMeans,
    /// The standard error.
    Stderr,
    /// Divided by the scored rows, although all rows are counted.
    DroppedRows,
    /// A percentage in place of a fraction or the reverse, or a fraction out of range.
    Percent,
    /// NaN or infinite, although the rows give a number.
    NotFinite,
    /// Rows without a value count as a constant.
    Credit,
    /// Parts have other weights than the name says.
    GroupWeights,
}

/// A refuted number with its context.
pub(super) struct Refuted<'c> {
    /// The reported number, with the half-quantum of its printed digits.
    pub(super) claim: Approx,
    /// The correct number, derived from the rows.
    pub(super) right: Approx,
    /// The formula of the correct number.
    pub(super) definition: &'c str,
    /// The rows of the metric, if any.
    pub(super) rows: Option<&'c MetricRows>,
    /// All facts from the rows.
    pub(super) facts: &'c RunFacts<'c>,
    /// Whether it is declared as a percentage.
    pub(super) is_percent: bool,
}

/// A wrong way to compute a metric.
pub(super) struct Variant {
    /// The cause that it belongs to.
    pub cause: AggregateCause,
    /// The resulting number, with the arithmetic in one line; None if it does not apply.
    value: fn(&Refuted<'_>) -> Option<(Approx, String)>,
}

/// The result without the rows whose record states a failure (their mean, its standard error, or their number), with a
/// description.
pub(super) fn without_failed(claim: Approx, rows: &MetricRows, what: Without) -> Option<(Approx, String)> {
    let all = rows.numbers;
    let over = all.checked_sub(rows.failed).filter(|over| rows.failed > 0 && *over > 0)?;
    let n = over as f64;
    let sum = rows.values.value() - rows.failed_values.value();
    let mean = sum / n;
    let squares = rows.squares.value() - rows.failed_squares.value();
    let value = match what {
        Without::Rows => n,
        Without::Mean => mean,
        Without::Stderr if over < 2 => return None,
        Without::Stderr => sqrt((squares / n - mean * mean).max(0.0) / (n - 1.0)),
    };
    let value = again(Approx::exact(value));
    let words = format!(
        "is over the {over} of {all} rows without an error: the {} left out are those with `error`, which have a value as well",
        rows.failed
    );
    judge(claim, value).is_proven().then_some((value, words))
}

/// A number over the rows that did not fail.
#[derive(Clone, Copy)]
pub(super) enum Without {
    /// The mean.
    Mean,
    /// Its standard error.
    Stderr,
    /// The number of rows.
    Rows,
}

/// The first variant that gives the reported number, with the arithmetic in one line.
pub(super) fn explain(refuted: &Refuted<'_>, variants: &[Variant]) -> Option<(AggregateCause, String)> {
    variants.iter().find_map(|variant| {
        let (value, arithmetic) = (variant.value)(refuted)?;
        judge(refuted.claim, value).is_proven().then_some((variant.cause, arithmetic))
    })
}

/// A fraction as a percentage or the reverse, without the failed rows, or out of range.
pub(super) const OF_FRACTIONS: &[Variant] = &[
    Variant { cause: AggregateCause::Percent, value: |refuted| Some(in_percent(refuted, 100.0, "100")) },
    Variant { cause: AggregateCause::Percent, value: |refuted| Some(in_percent(refuted, 0.01, "0.01")) },
    Variant { cause: AggregateCause::DroppedRows, value: dropped_rows },
    Variant {
        cause: AggregateCause::Percent,
        value: |refuted| {
            let (reported, right) = (refuted.claim.value, show(refuted.right.value));
            (!(0.0..=1.0).contains(&reported) && !refuted.is_percent)
                .then(|| (refuted.claim, format!("{} is outside 0 … 1; the rows give {right}", show(reported))))
        },
    },
];

/// The mean over rows of exp(NLL).
pub(super) const MEAN_OF_EXPS: Variant = Variant {
    cause: AggregateCause::MeanOfExp,
    value: |refuted| Some(beside(refuted, mean_of_exps(refuted.rows?), "mean(exp(-loglikelihood))")),
};

/// The mean over rows of their perplexities per token.
pub(super) const MEAN_OF_TOKEN_PERPLEXITIES: Variant = Variant {
    cause: AggregateCause::MeanOfExp,
    value: |refuted| {
        let mean = refuted.facts.tokens.mean_perplexity();
        refuted.rows.is_none().then(|| beside(refuted, mean, "mean(exp(-mean logprob))"))
    },
};

/// exp of the unweighted mean over rows of their means per word or byte.
pub(super) const EXP_OF_MEAN_OF_MEANS: Variant = Variant {
    cause: AggregateCause::MeanOfMeans,
    value: |refuted| {
        let mean = mean_of_means(refuted.rows?);
        Some(beside(refuted, (-mean).exp(), "exp(-mean(loglikelihood/count))"))
    },
};

/// The unweighted mean over rows of their means per byte, in bits.
pub(super) const BITS_OF_MEAN_OF_MEANS: Variant = Variant {
    cause: AggregateCause::MeanOfMeans,
    value: |refuted| {
        let mean = mean_of_means(refuted.rows?);
        Some(beside(refuted, (-mean).in_bits(), "-mean(loglikelihood/bytes)/ln 2"))
    },
};

/// exp of the unweighted mean over rows of their mean NLL per token.
pub(super) const EXP_OF_MEAN_NLLS: Variant = Variant {
    cause: AggregateCause::MeanOfMeans,
    value: |refuted| {
        let mean = refuted.facts.tokens.mean_of_means();
        refuted.rows.is_none().then(|| beside(refuted, (-mean).exp(), "exp(mean of the rows' mean NLL)"))
    },
};

/// The unweighted mean over rows of their mean NLL per token.
pub(super) const MEAN_OF_MEAN_NLLS: Variant = Variant {
    cause: AggregateCause::MeanOfMeans,
    value: |refuted| {
        let mean = refuted.facts.tokens.mean_of_means();
        refuted.rows.is_none().then(|| beside(refuted, -mean, "mean of the rows' mean NLL"))
    },
};

/// Known wrong ways to compute the standard error of a mean.
pub(super) const OF_STDERRS: &[Variant] = &[
    Variant {
        cause: AggregateCause::Stderr,
        value: |refuted| {
            let n = rows(refuted);
            Some(other_stderr(refuted, sqrt(n), "the standard deviation, not divided by √n"))
        },
    },
    Variant {
        cause: AggregateCause::Stderr,
        value: |refuted| {
            let n = rows(refuted);
            Some(other_stderr(refuted, sqrt((n - 1.0) / n), "Σ(x − mean)² ÷ n in place of n − 1"))
        },
    },
    Variant {
        cause: AggregateCause::Stderr,
        value: |refuted| {
            let words = "the standard deviation with n in place of n − 1, not divided by √n";
            Some(other_stderr(refuted, sqrt(rows(refuted) - 1.0), words))
        },
    },
    Variant {
        cause: AggregateCause::Stderr,
        value: |refuted| {
            let n = rows(refuted);
            Some(other_stderr(refuted, 1.0 / sqrt(n), "the standard deviation ÷ n, not ÷ √n"))
        },
    },
];

/// The number of rows of the metric, otherwise of all items.
pub(super) fn rows(refuted: &Refuted<'_>) -> f64 {
    refuted.rows.map_or(refuted.facts.items, |rows| rows.rows) as f64
}

fn other_stderr(refuted: &Refuted<'_>, factor: f64, words: &str) -> (Approx, String) {
    let value = again(refuted.right.scaled(factor));
    let (n, right) = (rows(refuted), show(refuted.right.value));
    (value, format!("{} = {words}; sd/√{n} = {right}", show(value.value)))
}

/// The result of a variant, with the correct result for comparison.
fn beside(refuted: &Refuted<'_>, value: Approx, definition: &str) -> (Approx, String) {
    let (wrong, right) = (show(value.value), show(refuted.right.value));
    (again(value), format!("{definition} = {wrong}; {} = {right}", refuted.definition))
}

fn in_percent(refuted: &Refuted<'_>, factor: f64, words: &str) -> (Approx, String) {
    let (right, reported) = (show(refuted.right.value), show(refuted.claim.value));
    (again(refuted.right.scaled(factor)), format!("{words} · {right} = {reported}"))
}

fn dropped_rows(refuted: &Refuted<'_>) -> Option<(Approx, String)> {
    let (right, scored) = refuted.facts.right.filter(|_| refuted.rows.is_none())?;
    let items = refuted.facts.items;
    let share = Approx::exact(right as f64).over(scored as f64);
    (scored > 0 && scored < items).then(|| {
        let (own, all) = (show(share.value), show(refuted.right.value));
        let words = format!("{right} ÷ {scored} = {own} (rows with a value); {right} ÷ {items} = {all} (all rows)");
        (again(share), words)
    })
}

/// The same number as another program may compute it, with the operations in another order.
fn again(value: Approx) -> Approx {
    /// Roundings granted to it. They may be generous: a match only names the cause of a number that is already refuted.
    const ROUNDINGS: f64 = 4096.0;
    value.rounded(ROUNDINGS, NumberFormat::F64)
}

/// The same number in another unit, in words.
pub(super) fn other_unit(claim: Approx, right: Approx) -> Option<String> {
    /// With fewer digits, a claim would match one of the units by chance.
    const FINEST: f64 = 1e3;
    let (x, shown) = (right.value, show(right.value));
    let others = [
        (x * LN_2, format!("ln 2 · {shown}")),
        (x / LN_2, format!("{shown} ÷ ln 2")),
        (exp(x), format!("exp({shown})")),
        (ln(x), format!("ln({shown})")),
        (-x, format!("−({shown})")),
    ];
    let is_it = |value: f64| judge(claim, again(Approx::new(value, right.half))).is_proven();
    let told = claim.value.abs() > FINEST * claim.half;
    let (_, words) = others.into_iter().find(|(value, _)| told && is_it(*value))?;
    Some(format!("{words} = {}", show(claim.value)))
}
