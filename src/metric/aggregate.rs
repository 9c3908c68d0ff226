//! Aggregates the values of rows into the metric of a run.
//!
//! Definitions are those of lm-evaluation-harness 0.4 (`lm_eval/api/metrics.py`).

use crate::metric::rows::MetricRows;
use crate::model::Aggregation;
use crate::numeric::{Approx, ExactSum, NumberFormat, stderr_of_mean};

/// Rounding error granted to a softmax probability computed by a custom pipeline, in units in the last place.
const SOFTMAX: f64 = 2e3;

/// A derived number with its formula.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// The number, with the error that rounding may cause in a correct computation.
    pub value: Approx,
    /// The formula, such as `mean(acc)`.
    pub definition: String,
}

impl Derived {
    /// A number with its formula.
    #[must_use]
    pub fn new(value: Approx, definition: impl Into<String>) -> Self {
        Self { value, definition: definition.into() }
    }
}

impl Aggregation {
    /// Whether its standard error has a closed form. Others are bootstrapped or not reported.
    #[must_use]
    pub fn has_stderr(self) -> bool {
        matches!(self, Self::Mean | Self::PercentMean | Self::PercentAboveOne)
    }

    /// Whether it is a function of two sums, over totals with their counts.
    #[must_use]
    pub fn is_quotient(self) -> bool {
        matches!(self, Self::WeightedPerplexity | Self::BitsPerByte)
    }

    /// Factor of the mean: 100 for a percentage.
    #[must_use]
    pub fn unit(self) -> f64 {
        if matches!(self, Self::PercentMean | Self::PercentAboveOne) { 100.0 } else { 1.0 }
    }

    /// The aggregate of rows; None if their values do not allow it.
    #[must_use]
    pub fn derive(self, metric: &str, rows: &MetricRows) -> Option<Derived> {
        let n = rows.rows as f64;
        let complete = rows.rows > 0 && rows.numbers == rows.rows;
        let paired = complete && rows.pairs == rows.rows && rows.weights.value() > 0.0;
        let sum = sum(rows);
        let weights = rows.weights.value();
        let (value, definition) = match self {
            Self::Mean if complete => (sum.over(n), format!("mean({metric})")),
            Self::PercentMean if complete => (sum.over(n).scaled(100.0), format!("100*mean({metric})")),
            Self::PercentAboveOne if complete => {
                ((sum.over(n) - Approx::exact(1.0)).scaled(100.0), format!("100*(mean({metric}) - 1)"))
            }
            Self::Perplexity if complete => ((-sum).over(n).exp(), "exp(-mean(loglikelihood))".to_owned()),
            Self::WeightedPerplexity if paired => {
                ((-sum).over(weights).exp(), "exp(-sum(loglikelihood)/sum(count))".to_owned())
            }
            Self::BitsPerByte if paired => {
                ((-sum).over(weights).in_bits(), "-sum(loglikelihood)/sum(bytes)/ln 2".to_owned())
            }
            Self::BitsPerRepeatedCount if paired => {
                (sum.over(weights / n).in_bits(), format!("sum({metric})/mean(count)/ln 2"))
            }
            Self::Sum if complete => (sum, format!("sum({metric})")),
            Self::Rows => return Some(Derived::new(Approx::exact(rows.numbers as f64), format!("rows with {metric}"))),
            Self::WeightedMean if paired => (sum.over(weights), format!("sum({metric})/sum(count)")),
            Self::ExpOfMean if complete => (sum.over(n).exp(), format!("exp(mean({metric}))")),
            Self::SampleVariance if complete => (variance(rows)?, format!("sample variance of {metric}")),
            Self::SampleDeviation if complete => {
                (variance(rows)?.sqrt(), format!("sample standard deviation of {metric}"))
            }
            Self::Brier if rows.rows > 0 && rows.distributions == rows.rows => {
                let total = Approx::exact(rows.distances.value());
                (total.rounded(SOFTMAX, NumberFormat::F64).over(n), "mean(sum((p - gold)^2))".to_owned())
            }
            _ => return None,
        };
        Some(Derived::new(value.through_stages(NumberFormat::F64), definition))
    }
}

/// Σ of the rows' numbers, with the rounding error of a pipeline's running sum.
fn sum(rows: &MetricRows) -> Approx {
    Approx::running_sum(Approx::exact(rows.values.value()), rows.sizes.value(), rows.rows, NumberFormat::F64)
}

/// The mean of exp(−number), or of exp(−number ÷ count) for rows with a count.
pub(super) fn mean_of_exps(rows: &MetricRows) -> Approx {
    let sum = Approx::exact(rows.exps.value()).through_stages(NumberFormat::F64);
    Approx::running_sum(sum, sum.value, rows.rows, NumberFormat::F64).over(rows.rows as f64)
}

/// The mean of number ÷ count.
pub(super) fn mean_of_means(rows: &MetricRows) -> Approx {
    let sum = Approx::exact(rows.means.value()).through_stages(NumberFormat::F64);
    Approx::running_sum(sum, sum.value.abs(), rows.rows, NumberFormat::F64).over(rows.rows as f64)
}

/// The sample variance, with n − 1. Tools that keep Σx and Σx² lose digits to cancellation.
fn variance(rows: &MetricRows) -> Option<Approx> {
    let n = rows.rows as f64;
    let stderr = stderr_of_mean(rows.rows, &rows.values, &rows.squares)?;
    let cancelled = two_passes(rows.squares.value() / n, rows.rows).half;
    Some(two_passes(stderr * stderr * n, rows.rows).widened(cancelled))
}

/// The standard error of a mean over n rows.
#[must_use]
pub fn stderr(rows: &MetricRows) -> Option<Derived> {
    stderr_of(rows.rows, &rows.values, &rows.squares).filter(|_| rows.numbers == rows.rows)
}

/// The standard error of a share: `right` correct ones among n.
#[must_use]
pub fn stderr_of_share(right: u64, n: u64) -> Option<Derived> {
    let mut sum = ExactSum::default();
    sum.add(right as f64);
    stderr_of(n, &sum, &sum)
}

fn stderr_of(n: u64, sum: &ExactSum, squares: &ExactSum) -> Option<Derived> {
    Some(Derived::new(two_passes(stderr_of_mean(n, sum, squares)?, n), "sd/sqrt(n)"))
}

/// A number with the rounding error of a two-pass variance over n rows: a mean, then a sum of squares with several
/// roundings per term.
fn two_passes(value: f64, n: u64) -> Approx {
    Approx::exact(value).rounded(8.0 * (n as f64 + 8.0), NumberFormat::F64)
}
