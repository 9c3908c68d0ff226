//! What is kept of the tokens of all candidates, for perplexities of a run.

use serde::{Deserialize, Serialize};

use crate::model::CandidateSummary;
use crate::numeric::{Approx, ExactSum, NumberFormat};

/// Totals over all scored candidates, for perplexities of a run.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct TokenTotals {
    /// Candidates with a derivable log-prob.
    pub candidates: u64,
    /// Their scored steps.
    pub tokens: u64,
    /// Their UTF-8 bytes; None in some candidate makes it unusable.
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

    /// Adds another total.
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

    /// Σ of the log-probs of all tokens, as a pipeline may have added them up; None without tokens.
    #[must_use]
    pub fn logprob(&self) -> Option<Approx> {
        let total = Approx::new(self.total.value(), self.bound.value());
        let sum = Approx::running_sum(total, total.value.abs(), self.tokens, NumberFormat::F64);
        (self.tokens > 0).then_some(sum)
    }

    /// UTF-8 bytes of all candidates; None when a text is missing.
    #[must_use]
    pub fn all_bytes(&self) -> Option<f64> {
        (self.without_text == 0 && self.bytes > 0).then_some(self.bytes as f64)
    }

    /// The mean of the candidates' means per token.
    #[must_use]
    pub fn mean_of_means(&self) -> Approx {
        mean(&self.means, self.candidates)
    }

    /// The mean of the candidates' perplexities per token.
    #[must_use]
    pub fn mean_perplexity(&self) -> Approx {
        mean(&self.perplexities, self.candidates)
    }
}

/// The mean of n numbers of one sign, each of which was itself computed.
fn mean(sum: &ExactSum, n: u64) -> Approx {
    let sum = Approx::exact(sum.value()).through_stages(NumberFormat::F64);
    Approx::running_sum(sum, sum.value.abs(), n, NumberFormat::F64).over(n as f64)
}
