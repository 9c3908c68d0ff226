//! From the values of the rows to the number of the run.
//!
//! Definitions are those of lm-evaluation-harness 0.4 (`lm_eval/api/metrics.py`).

use crate::metric::MetricRows;
use crate::numeric::{LN_2, NumberFormat, exp, gamma, sqrt, stderr_of_mean};

/// A derived number with its hard bound and how it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// The number.
    pub value: f64,
    /// How far rounding may have taken a correct computation.
    pub bound: f64,
    /// The formula, such as `mean(acc)`.
    pub definition: String,
}

/// How rows become a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// Σx ÷ n.
    Mean,
    /// exp(−Σx ÷ n).
    Perplexity,
    /// exp(−Σx ÷ Σcount).
    WeightedPerplexity,
    /// −Σx ÷ Σcount ÷ ln 2.
    BitsPerByte,
    /// Σx ÷ count ÷ ln 2, of rows that are losses and that all repeat the count of the whole.
    BitsPerRepeatedCount,
    /// Mean of Σ(p − \[gold\])².
    Brier,
    /// 100·Σx ÷ n.
    PercentMean,
    /// Σx.
    Sum,
    /// Σx².
    SumOfSquares,
    /// The number of rows with a number.
    Rows,
    /// The smallest number.
    Smallest,
    /// The largest number.
    Largest,
    /// Σx ÷ Σcount.
    WeightedMean,
    /// exp(Σx ÷ n): of rows that are mean negative log-likelihoods.
    ExpOfMean,
    /// Sample variance, with n − 1.
    SampleVariance,
    /// Sample standard deviation, with n − 1.
    SampleDeviation,
    /// Variance with n.
    Variance,
    /// Standard deviation with n.
    Deviation,
}

impl Aggregation {
    /// By the name that the format gives it, else by the metric's name. None for one without a closed form here.
    #[must_use]
    pub fn of(metric: &str, declared: Option<&str>) -> Option<Self> {
        match declared.unwrap_or(match metric {
            "acc" | "acc_norm" | "acc_bytes" | "acc_mutual_info" | "exact_match" | "exact_match_mc" | "likelihood" => {
                "mean"
            }
            "word_perplexity" | "byte_perplexity" => "weighted_perplexity",
            other => other,
        }) {
            "mean" => Some(Self::Mean),
            "perplexity" => Some(Self::Perplexity),
            "weighted_perplexity" => Some(Self::WeightedPerplexity),
            "bits_per_byte" => Some(Self::BitsPerByte),
            "bits_per_repeated_count" => Some(Self::BitsPerRepeatedCount),
            "brier_score" => Some(Self::Brier),
            "percent_mean" => Some(Self::PercentMean),
            "sum" => Some(Self::Sum),
            "sum_of_squares" => Some(Self::SumOfSquares),
            "rows" => Some(Self::Rows),
            "smallest" => Some(Self::Smallest),
            "largest" => Some(Self::Largest),
            "weighted_mean" => Some(Self::WeightedMean),
            "exp_of_mean" => Some(Self::ExpOfMean),
            "sample_variance" => Some(Self::SampleVariance),
            "sample_deviation" => Some(Self::SampleDeviation),
            "variance" => Some(Self::Variance),
            "deviation" => Some(Self::Deviation),
            _ => None,
        }
    }

    /// Whether its standard error has a closed form; the others are drawn at random or not given.
    #[must_use]
    pub fn has_stderr(self) -> bool {
        matches!(self, Self::Mean | Self::PercentMean)
    }

    /// The aggregate of rows; None where their values do not allow it.
    #[must_use]
    pub fn derive(self, metric: &str, rows: &MetricRows) -> Option<Derived> {
        let n = rows.rows as f64;
        let complete = rows.rows > 0 && rows.numbers == rows.rows;
        let paired = complete && rows.pairs == rows.rows && rows.weights.value() > 0.0;
        // Several times the bound of a running sum: the divisions and the exponential round as well.
        let rounding = gamma(rows.rows.saturating_add(8), NumberFormat::F64) * 4.0;
        let sizes = rows.sizes.value();
        let (value, bound, definition) = match self {
            Self::Mean if complete => (rows.values.value() / n, rounding * sizes / n, format!("mean({metric})")),
            Self::Perplexity if complete => {
                let value = exp(-rows.values.value() / n);
                (value, value * rounding * (1.0 + sizes / n), "exp(-mean(loglikelihood))".to_owned())
            }
            Self::WeightedPerplexity if paired => {
                let weights = rows.weights.value();
                let value = exp(-rows.values.value() / weights);
                let bound = value * rounding * (1.0 + sizes / weights);
                (value, bound, "exp(-sum(loglikelihood)/sum(count))".to_owned())
            }
            Self::BitsPerByte if paired => {
                let value = -rows.values.value() / rows.weights.value() / LN_2;
                (value, value.abs() * rounding, "-sum(loglikelihood)/sum(bytes)/ln 2".to_owned())
            }
            Self::BitsPerRepeatedCount if paired => {
                let value = rows.values.value() / (rows.weights.value() / n) / LN_2;
                (value, value.abs() * rounding, format!("sum({metric})/mean(count)/ln 2"))
            }
            Self::PercentMean if complete => {
                (100.0 * rows.values.value() / n, 100.0 * rounding * sizes / n, format!("100*mean({metric})"))
            }
            Self::Sum if complete => (rows.values.value(), rounding * sizes, format!("sum({metric})")),
            Self::SumOfSquares if complete => {
                let value = rows.squares.value();
                (value, rounding * value, format!("sum({metric}^2)"))
            }
            Self::Rows => (rows.numbers as f64, 0.0, format!("rows with {metric}")),
            Self::Smallest if complete => (rows.range?.0, 0.0, format!("min({metric})")),
            Self::Largest if complete => (rows.range?.1, 0.0, format!("max({metric})")),
            Self::WeightedMean if paired => {
                let weights = rows.weights.value();
                let value = rows.values.value() / weights;
                (value, rounding * sizes / weights, format!("sum({metric})/sum(count)"))
            }
            Self::ExpOfMean if complete => {
                let value = exp(rows.values.value() / n);
                (value, value * rounding * (1.0 + sizes / n), format!("exp(mean({metric}))"))
            }
            Self::SampleVariance | Self::SampleDeviation | Self::Variance | Self::Deviation if complete => {
                return self.spread(metric, rows);
            }
            Self::Brier if rows.rows > 0 && rows.distributions == rows.rows => {
                let value = rows.distances.value() / n;
                // Each probability is off by some ulps of another exp.
                let bound = rounding.max(1e3 * f64::EPSILON);
                (value, bound, "mean(sum((p - gold)^2))".to_owned())
            }
            _ => return None,
        };
        Some(Derived { value, bound, definition })
    }
}

impl Aggregation {
    /// Variances and standard deviations.
    fn spread(self, metric: &str, rows: &MetricRows) -> Option<Derived> {
        let n = rows.rows as f64;
        let is_sample = matches!(self, Self::SampleVariance | Self::SampleDeviation);
        // Of one row a sample variance is not defined, and the other is 0.
        let stderr =
            if rows.rows == 1 && !is_sample { 0.0 } else { stderr_of_mean(rows.rows, &rows.values, &rows.squares)? };
        let scale = if is_sample { n } else { n - 1.0 };
        let variance = stderr * stderr * scale;
        let (value, definition) = match self {
            Self::SampleVariance => (variance, "sample variance"),
            Self::Variance => (variance, "variance"),
            Self::SampleDeviation => (sqrt(variance), "sample standard deviation"),
            _ => (sqrt(variance), "standard deviation"),
        };
        // Tools that keep Σx and Σx² lose what the two have in common.
        let cancelled = stderr_rounding(rows.rows) * rows.squares.value() / n;
        let bound = match self {
            Self::SampleVariance | Self::Variance => cancelled,
            _ if variance > cancelled => cancelled / sqrt(variance),
            _ => sqrt(cancelled),
        };
        let bound = bound + value * stderr_rounding(rows.rows);
        Some(Derived { value, bound, definition: format!("{definition} of {metric}") })
    }
}

/// The standard error of a mean over n rows, and its bound.
#[must_use]
pub fn stderr(rows: &MetricRows) -> Option<Derived> {
    let value = stderr_of_mean(rows.rows, &rows.values, &rows.squares).filter(|_| rows.numbers == rows.rows)?;
    Some(Derived { value, bound: value * stderr_rounding(rows.rows), definition: "sd/sqrt(n)".to_owned() })
}

/// Relative rounding of a standard error computed from n rows in two passes.
#[must_use]
pub fn stderr_rounding(n: u64) -> f64 {
    gamma(n.saturating_add(8), NumberFormat::F64) * 8.0
}

/// What a wrong standard error of a mean may really be, with the formula in words: `right` is sd ÷ √n over n rows.
#[must_use]
pub fn other_stderrs(right: f64, n: u64) -> [(f64, &'static str); 4] {
    let count = n as f64;
    let sd = right * sqrt(count);
    let population = sqrt((count - 1.0) / count);
    [
        (sd, "the standard deviation, not divided by √n"),
        (right * population, "Σ(x − mean)² ÷ n in place of n − 1"),
        (sd * population, "the standard deviation with n in place of n − 1, not divided by √n"),
        (sd / count, "the standard deviation ÷ n, not ÷ √n"),
    ]
}
