//! Numbers of a token's whole distribution.
//!
//! Entropy: Σ −p·ln p (Shannon 1948), in nats or bits. Engines take it from the logits, or from those divided by the temperature.

use std::borrow::Cow;

use crate::derive::{Judgement, judge};
use crate::metric::pairs::Said;
use crate::model::{EntropyOf, Verdict};
use crate::numeric::{Approx, NumberFormat, ln};

/// Single-precision roundings granted to a sum over a vocabulary, relative to the largest entropy.
const ROUNDINGS: f64 = 64.0;
/// The same in 16 bits, in which trainers keep logits.
const OF_BF16: f64 = 8.0;

/// How a number may follow from a distribution.
#[derive(Clone, Copy)]
struct Reading {
    in_bits: bool,
    factor: f64,
    format: NumberFormat,
}

impl Reading {
    fn of(self, nats: Approx, size: usize) -> Approx {
        let roundings = if self.format == NumberFormat::F32 { ROUNDINGS } else { OF_BF16 };
        let most = ln(size as f64).max(1.0);
        let unit = if self.in_bits { std::f64::consts::LOG2_E } else { 1.0 };
        nats.widened(roundings * self.format.unit_roundoff() * most).scaled(self.factor * unit)
    }

    fn judge(self, claim: Approx, of: &EntropyOf) -> Option<Judgement> {
        let readings = std::iter::once(of.nats).chain(of.tempered);
        readings.map(|nats| judge(claim, self.of(nats, of.size))).find(Judgement::is_proven)
    }
}

/// The units that a number may have.
fn units(of: &EntropyOf) -> &'static [bool] {
    match of.in_bits {
        Some(true) => &[true],
        Some(false) => &[false],
        None => &[false, true],
    }
}

fn any(claim: Approx, of: &EntropyOf, factor: f64, format: NumberFormat) -> Option<Judgement> {
    units(of).iter().find_map(|in_bits| Reading { in_bits: *in_bits, factor, format }.judge(claim, of))
}

/// Whether a number is the entropy of a distribution.
#[must_use]
pub fn is_entropy(claim: Approx, of: &EntropyOf) -> bool {
    any(claim, of, 1.0, NumberFormat::F32).is_some()
}

/// Judges a number against the entropy of a distribution.
pub(super) fn judge_entropy(claim: Approx, of: &EntropyOf) -> Said {
    if let Some(judged) = any(claim, of, 1.0, NumberFormat::F32) {
        return Said { judged, instead: Vec::new() };
    }
    let plain = Reading { in_bits: of.in_bits == Some(true), factor: 1.0, format: NumberFormat::F32 };
    let judged = judge(claim, plain.of(of.nats, of.size));
    let most = ln(of.size as f64);
    // Some divide by the largest entropy.
    let share = Reading { in_bits: false, factor: 1.0 / most, ..plain };
    if any(claim, of, 1.0, NumberFormat::Bf16).is_some() || most > 0.0 && share.judge(claim, of).is_some() {
        let judged = Judgement { verdict: Verdict::Unprovable, ..judged };
        return Said { judged, instead: Vec::new() };
    }
    let other = Reading { in_bits: !plain.in_bits, ..plain };
    let largest = *units(of).last().unwrap_or(&true);
    let largest = Reading { in_bits: largest, ..plain }.of(Approx::exact(most), of.size);
    let instead = if any(claim, of, -1.0, NumberFormat::F32).is_some() {
        Some("the negative of the entropy")
    } else if of.in_bits.is_some() && other.judge(claim, of).is_some() {
        Some(if plain.in_bits { "the entropy in nats" } else { "the entropy in bits" })
    } else if claim.is_below(Approx::exact(0.0)) {
        Some("below 0")
    } else if largest.is_below(claim) {
        Some("above the entropy of equal probabilities")
    } else {
        None
    };
    let verdict = if of.is_due || instead.is_some() { judged.verdict } else { Verdict::Unprovable };
    let judged = Judgement { verdict, ..judged };
    Said { judged, instead: instead.map(Cow::Borrowed).into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nats_or_bits_unless_the_name_says_which() {
        let of = |claim: f64, in_bits: Option<bool>, is_due: bool| {
            // ½, ¼, ¼ is 1.5 bits; at another temperature 1.2.
            let nats = |bits: f64| Approx::new(bits * std::f64::consts::LN_2, 1e-6);
            let own = EntropyOf { nats: nats(1.5), tempered: Some(nats(1.2)), size: 3, in_bits, is_due };
            let said = judge_entropy(Approx::new(claim, 1e-6), &own);
            (said.judged.verdict, said.instead.first().map(|words| words.clone().into_owned()))
        };
        for claim in [1.5, 1.5 * std::f64::consts::LN_2, 1.2] {
            assert_eq!(of(claim, None, true), (Verdict::Proven, None));
        }
        assert_eq!(of(1.5, Some(false), true), (Verdict::Refuted, Some("the entropy in bits".to_owned())));
        assert_eq!(of(-1.5, None, true), (Verdict::Refuted, Some("the negative of the entropy".to_owned())));
        assert_eq!(of(0.4, None, true), (Verdict::Refuted, None));
        assert_eq!(of(3.0, None, false).1, Some("above the entropy of equal probabilities".to_owned()));
        // Another distribution, such as that of the tokens that sampling keeps; a share of the largest entropy.
        assert_eq!(of(0.4, None, false), (Verdict::Unprovable, None));
        assert_eq!(of(1.5 * std::f64::consts::LN_2 / ln(3.0), None, true), (Verdict::Unprovable, None));
    }
}
