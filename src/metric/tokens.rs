//! State kept for the tokens of all candidates, from which a run's perplexities are derived.

use serde::{Deserialize, Serialize};

use crate::model::CandidateSummary;
use crate::numeric::{Approx, ExactSum, NumberFormat};

/// Totals over all scored candidates.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct TokenTotals {
    /// Candidates with a derivable log-prob.
    pub candidates: u64,
    /// Their scored steps.
    pub tokens: u64,
    /// Their UTF-8 bytes; unusable if a candidate has no text.
    pub bytes: u64,
    /// Candidates without text.
    pub without_text: u64,
    /// Σ of their log-probs, in nats.
    pub total: ExactSum,
    /// Σ of their hard bounds.
    pub bound: ExactSum,
    /// Σ of their means per token, in nats.
    pub means: ExactSum,
    /// Σ of their perplexities per token.
    pub perplexities: ExactSum,
}

impl TokenTotals {
    /// Adds one candidate, if its log-prob can be derived.
    pub fn add_candidate(&mut self, candidate: &CandidateSummary) {
        let Some(total) = candidate.total.filter(|_| candidate.tokens > 0) else { return };
        let tokens = f64::from(candidate.tokens);
        self.candidates += 1;
        self.tokens += u64::from(candidate.tokens);
        match candidate.bytes {
            Some(bytes) => self.bytes += u64::from(bytes),
            None => self.without_text += 1,
        }
        self.total.add(total.value);
        self.bound.add(total.half);
        self.means.add(total.value / tokens);
        self.perplexities.add(crate::numeric::exp(-total.value / tokens));
    }

    /// Adds the totals of another worker.
    pub fn merge(&mut self, other: &Self) {
        self.candidates += other.candidates;
        self.tokens += other.tokens;
        self.bytes += other.bytes;
        self.without_text += other.without_text;
        self.total.merge(&other.total);
        self.bound.merge(&other.bound);
        self.means.merge(&other.means);
        self.perplexities.merge(&other.perplexities);
    }

    /// Σ of the log-probs of all tokens, with the rounding error of a pipeline's running sum; None without tokens.
    #[must_use]
    pub fn logprob(&self) -> Option<Approx> {
        let total = Approx::new(self.total.value(), self.bound.value());
        let sum = Approx::running_sum(total, total.value.abs(), self.tokens, NumberFormat::F64);
        (self.tokens > 0).then_some(sum)
    }

    /// UTF-8 bytes of all candidates; None if a text is missing.
    #[must_use]
    pub fn all_bytes(&self) -> Option<f64> {
        (self.without_text == 0 && self.bytes > 0).then_some(self.bytes as f64)
    }

    /// The mean over candidates of their mean per token.
    #[must_use]
    pub fn mean_of_means(&self) -> Approx {
        mean(&self.means, self.candidates)
    }

    /// The mean over candidates of their perplexity per token.
    #[must_use]
    pub fn mean_perplexity(&self) -> Approx {
        mean(&self.perplexities, self.candidates)
    }
}

/// The mean of n computed numbers with the same sign.
fn mean(sum: &ExactSum, n: u64) -> Approx {
    let sum = Approx::exact(sum.value()).through_stages(NumberFormat::F64);
    Approx::running_sum(sum, sum.value.abs(), n, NumberFormat::F64).over(n as f64)
}
