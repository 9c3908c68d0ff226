//! Numbers derived from the trainer's and the engine's log-probs of tokens: ratios, estimators of a divergence,
//! distances.
//!
//! The estimators k1, k2 and k3 are those of J. Schulman, "Approximating KL divergence" (2020), for samples of the
//! engine. Trainers compute them in single precision; a number below its rounding error carries no information.

use std::borrow::Cow;

use crate::derive::{Judgement, judge};
use crate::model::{OverTokens, PairFormula, PairPromise, PairSides, Reduce, TokenMask, TokenPair, Verdict};
use crate::numeric::{Approx, NumberFormat, Printed};

/// Single-precision roundings of a difference of numbers near 1.
const ROUNDINGS: f64 = 4.0;
/// Single-precision roundings granted to a result.
const STAGES: f64 = 8.0;

impl PairFormula {
    /// The value of the formula. Each log-prob is exact to half a unit of its last digit, or to single precision; so is
    /// each step.
    fn of(self, trainer: &Printed, engine: &Printed) -> Approx {
        let stored = |number: &Printed| Approx::printed(number).stored(NumberFormat::F32);
        let (t, e) = (stored(trainer), stored(engine));
        let d = (t - e).stored(NumberFormat::F32);
        // Equal log-probs have the same unprinted digits, so their difference is exactly 0.
        let d = if trainer == engine { Approx::exact(0.0) } else { d };
        match self {
            Self::Ratio => d.exp(),
            Self::InverseRatio => (-d).exp(),
            Self::LogRatio => d,
            Self::InverseLogRatio => -d,
            Self::HalfSquare => (d * d).over(2.0),
            Self::K3 => k3(d),
            Self::K3Swapped => k3(-d),
            Self::ProbDifference => prob_difference(t, e),
            Self::ProbDistance => prob_difference(t, e).abs(),
            Self::Distance => d.abs(),
            Self::Square => d * d,
        }
    }

    /// The value as a pipeline in single precision may compute it.
    fn computed(self, trainer: &Printed, engine: &Printed) -> Approx {
        self.of(trainer, engine).rounded(STAGES, NumberFormat::F32)
    }
}

/// e^d − 1 − d. An error in d is scaled by (e^d − 1), and the subtraction rounds numbers of the size of e^d and 1.
fn k3(d: Approx) -> Approx {
    let power = Approx::exact(d.value).exp();
    let value = power.value - 1.0 - d.value;
    if d == Approx::exact(0.0) {
        return Approx::exact(0.0);
    }
    let slope = (power.value - 1.0).abs() * d.half + power.value * d.half * d.half;
    let rounding = NumberFormat::F32.unit_roundoff() * ROUNDINGS * (power.value + 1.0 + d.value.abs());
    Approx::new(value, slope + rounding + power.half)
}

/// e^t − e^e, with the rounding error of both.
fn prob_difference(t: Approx, e: Approx) -> Approx {
    let (t, e, unit) = (t.exp(), e.exp(), NumberFormat::F32.unit_roundoff());
    (t - e).widened(ROUNDINGS * unit * (t.value + e.value))
}

/// The result for a number that follows from other numbers of its record.
pub(super) struct Said {
    pub(super) judged: Judgement,
    /// What the number is instead, as text; only if it is refuted.
    pub(super) instead: Vec<Cow<'static, str>>,
}

/// Judges a number of one token. `promise` says whether it is certain that one of its formulas is meant.
pub(super) fn judge_token(claim: Approx, promise: PairPromise, trainer: &Printed, engine: &Printed) -> Option<Said> {
    if !trainer.is_finite() || !engine.is_finite() {
        return None;
    }
    let own = |formula: &PairFormula| judge_one(claim, formula.computed(trainer, engine));
    let judged = nearest(promise.formulas.iter().map(own))?;
    if !judged.is_refuted() {
        return Some(Said { judged, instead: Vec::new() });
    }
    if !promise.is_certain {
        return Some(Said { judged: unprovable(judged), instead: Vec::new() });
    }
    let others = PairFormula::ALL.iter().filter(|other| !promise.formulas.contains(other));
    let instead = others.filter(|other| judge_one(claim, other.computed(trainer, engine)).is_proven());
    Some(Said { judged, instead: instead.map(|other| promise.sides.words(other.words())).collect() })
}

/// Compares a number with the result of one formula. A value below its own bound is inconclusive.
fn judge_one(claim: Approx, derived: Approx) -> Judgement {
    let judged = judge(claim, derived);
    let is_nothing = derived.half > 0.0 && derived.value.abs() <= judged.within;
    let is_exact = (claim.value - derived.value).abs() <= NumberFormat::F32.half_ulp(derived.value);
    if judged.is_proven() && is_nothing && !is_exact { unprovable(judged) } else { judged }
}

fn unprovable(judged: Judgement) -> Judgement {
    Judgement { verdict: Verdict::Unprovable, ..judged }
}

/// The best of several verdicts: the first proven one, otherwise the first undecided one, otherwise the first.
fn nearest(all: impl Iterator<Item = Judgement>) -> Option<Judgement> {
    let rank = |judged: &Judgement| match judged.verdict {
        Verdict::Proven => 0,
        Verdict::Refuted => 2,
        _ => 1,
    };
    all.min_by_key(rank)
}

/// One way to compute a number of a whole rollout.
#[derive(Clone, Copy)]
struct Way {
    mask: TokenMask,
    formula: PairFormula,
    reduce: Reduce,
}

impl Way {
    fn words(self, sides: PairSides) -> String {
        let formula = sides.words(self.formula.words());
        let all = match self.mask {
            TokenMask::Response => "the response mask",
            TokenMask::Attention => "the attention mask",
            TokenMask::All => "all positions",
        };
        match self.reduce {
            Reduce::Mean => format!("the mean of {formula} over {all}"),
            Reduce::Sum => format!("the sum of {formula} over {all}"),
            Reduce::Max => format!("the largest {formula} over {all}"),
            Reduce::ExpSum => format!("e to the sum of {formula} over {all}"),
            Reduce::ExpMean => format!("e to the mean of {formula} over {all}"),
        }
    }

    fn value(self, tokens: &[TokenPair]) -> Option<Approx> {
        let counted = || tokens.iter().filter(|pair| pair.counts(self.mask));
        let count = counted().count() as f64;
        if count <= 0.0 || !counted().all(|pair| pair.trainer.is_finite() && pair.engine.is_finite()) {
            return None;
        }
        let each = counted().map(|pair| self.formula.of(&pair.trainer, &pair.engine));
        let value = match self.reduce {
            Reduce::Max => each.max_by(|a, b| a.value.total_cmp(&b.value))?,
            Reduce::Sum => Approx::sum(each, NumberFormat::F32),
            Reduce::Mean => Approx::sum(each, NumberFormat::F32).over(count),
            Reduce::ExpSum => Approx::sum(each, NumberFormat::F32).exp(),
            Reduce::ExpMean => Approx::sum(each, NumberFormat::F32).over(count).exp(),
        };
        Some(value.rounded(STAGES, NumberFormat::F32))
    }

    fn judge(self, claim: Approx, tokens: &[TokenPair]) -> Option<Judgement> {
        let value = self.value(tokens).filter(|value| value.value.is_finite())?;
        Some(judge_one(claim, value))
    }
}

/// The masks of a rollout that select different tokens, starting with the usual one.
fn masks(tokens: &[TokenPair]) -> Vec<TokenMask> {
    let mut masks: Vec<TokenMask> = Vec::new();
    for mask in [TokenMask::Response, TokenMask::Attention, TokenMask::All] {
        let is_other = |kept: &TokenMask| tokens.iter().any(|pair| pair.counts(mask) != pair.counts(*kept));
        if masks.iter().all(is_other) {
            masks.push(mask);
        }
    }
    masks
}

/// Other ways, tried if none of the promised ones matches.
fn others(over: &OverTokens) -> impl Iterator<Item = Way> {
    const REDUCES: [Reduce; 4] = [Reduce::Mean, Reduce::Sum, Reduce::ExpMean, Reduce::ExpSum];
    let all = PairFormula::ALL.into_iter().flat_map(|formula| REDUCES.map(|reduce| (formula, reduce)));
    let is_known = |(formula, reduce): &(PairFormula, Reduce)| {
        let is_logarithm = matches!(formula, PairFormula::LogRatio | PairFormula::InverseLogRatio);
        is_logarithm || !matches!(reduce, Reduce::ExpMean | Reduce::ExpSum)
    };
    let is_other = |way: &(PairFormula, Reduce)| !over.ways.contains(way);
    all.filter(is_known).filter(is_other).map(|(formula, reduce)| Way { mask: TokenMask::Response, formula, reduce })
}

/// Judges a number of a whole rollout.
pub(super) fn judge_rollout(claim: Approx, over: &OverTokens) -> Option<Said> {
    let tokens = &over.tokens;
    let meant = |mask: TokenMask| {
        over.ways.iter().map(move |(formula, reduce)| Way { mask, formula: *formula, reduce: *reduce })
    };
    let judged = nearest(meant(TokenMask::Response).filter_map(|way| way.judge(claim, tokens)))?;
    if !judged.is_refuted() {
        return Some(Said { judged, instead: Vec::new() });
    }
    let fits = |way: &Way| way.judge(claim, tokens).is_some_and(|judged| judged.is_proven());
    let elsewhere = masks(tokens).into_iter().filter(|mask| *mask != TokenMask::Response).flat_map(meant);
    let mut instead: Vec<Way> = elsewhere.filter(fits).collect();
    if over.is_certain && instead.is_empty() {
        instead.extend(others(over).filter(fits));
    }
    let judged = if over.is_certain || !instead.is_empty() { judged } else { unprovable(judged) };
    let words = |way: Way| {
        let own = way.words(over.sides);
        let not = match way.mask {
            TokenMask::Response => meant(TokenMask::Response).next().map(|way| way.words(over.sides)),
            _ => Some("the response mask".to_owned()),
        };
        Cow::Owned(format!("{own}, not {}", not.unwrap_or_default()))
    };
    Some(Said { judged, instead: instead.into_iter().map(words).collect() })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn number(text: &str) -> Printed {
        Printed::parse(text.as_bytes()).unwrap()
    }

    /// t = −1 and e = −1.5, hence d = 0.5.
    fn token(claim: &str, formulas: &'static [PairFormula], is_certain: bool) -> (Verdict, Vec<String>) {
        let promise = PairPromise { sides: PairSides::TrainerAndEngine, formulas, is_certain };
        let claim = Approx::printed(&number(claim));
        let said = judge_token(claim, promise, &number("-1.0000000"), &number("-1.5000000")).unwrap();
        (said.judged.verdict, said.instead.into_iter().map(Cow::into_owned).collect())
    }

    #[test]
    fn each_formula_by_hand() {
        let values = [
            (PairFormula::K3, "0.1487212707"),
            (PairFormula::K3Swapped, "0.1065306597"),
            (PairFormula::InverseLogRatio, "-0.5"),
            (PairFormula::LogRatio, "0.5"),
            (PairFormula::HalfSquare, "0.125"),
            (PairFormula::Square, "0.25"),
            (PairFormula::Ratio, "1.6487212707"),
            (PairFormula::InverseRatio, "0.6065306597"),
            (PairFormula::ProbDifference, "0.1447492810"),
        ];
        for (formula, value) in values {
            let own: &'static [PairFormula] = Box::leak(Box::new([formula]));
            assert_eq!(token(value, own, true), (Verdict::Proven, vec![]), "{formula:?}");
            let other = if formula == PairFormula::K3 { "0.1487" } else { "0.1481" };
            assert_eq!(token(other, own, true).0 == Verdict::Proven, formula == PairFormula::K3, "{formula:?}");
        }
        assert_eq!(token("0.5", &[PairFormula::Distance], true).0, Verdict::Proven);
        assert_eq!(token("0.1447492810", &[PairFormula::ProbDistance], true).0, Verdict::Proven);
    }

    #[test]
    fn the_other_direction_is_named_where_the_name_says_one() {
        let swapped = "r - 1 - ln r with r = exp(engine - trainer)".to_owned();
        assert_eq!(token("0.1065306597", &[PairFormula::K3], true), (Verdict::Refuted, vec![swapped]));
        assert_eq!(token("0.1065306597", &[PairFormula::K3], false), (Verdict::Unprovable, vec![]));
        assert_eq!(token("0.30", &[PairFormula::K3], true), (Verdict::Refuted, vec![]));
    }

    #[test]
    fn a_value_below_its_rounding_says_nothing() {
        let promise =
            PairPromise { sides: PairSides::TrainerAndEngine, formulas: &[PairFormula::K3], is_certain: true };
        let of = |claim: &str, engine: &str| {
            judge_token(Approx::printed(&number(claim)), promise, &number("-1.0000001"), &number(engine)).unwrap()
        };
        // (10^-6)² ÷ 2 is far below single precision at 1.
        assert_eq!(of("0.0000000000005", "-1.0000011").judged.verdict, Verdict::Unprovable);
        assert_eq!(of("0.0", "-1.0000001").judged.verdict, Verdict::Proven);
        assert_eq!(of("0.5", "-1.0000001").judged.verdict, Verdict::Refuted);
    }

    /// Three tokens: d = 0.5 under the mask, d = 0.25 under the mask, d = −1 under attention only.
    fn rollout(claim: &str, ways: &[(PairFormula, Reduce)], is_certain: bool) -> (Verdict, Vec<String>) {
        let pair = |trainer: &str, engine: &str, response: bool| TokenPair {
            trainer: number(trainer),
            engine: number(engine),
            response,
            attention: true,
        };
        let tokens = [
            pair("-1.0000000", "-1.5000000", true),
            pair("-2.0000000", "-2.2500000", true),
            pair("-3.0000000", "-2.0000000", false),
        ];
        let over = OverTokens {
            sides: PairSides::TrainerAndEngine,
            ways: ways.to_vec(),
            is_certain,
            tokens: Arc::new(tokens),
        };
        let said = judge_rollout(Approx::printed(&number(claim)), &over).unwrap();
        (said.judged.verdict, said.instead.into_iter().map(Cow::into_owned).collect())
    }

    #[test]
    fn means_over_the_mask_and_over_other_tokens() {
        let k1 = [(PairFormula::InverseLogRatio, Reduce::Mean)];
        // −(0.5 + 0.25) ÷ 2 = −0.375; over all three −(0.5 + 0.25 − 1) ÷ 3 = 0.08333.
        assert_eq!(rollout("-0.375", &k1, true).0, Verdict::Proven);
        let elsewhere =
            vec!["the mean of engine - trainer (k1) over the attention mask, not the response mask".to_owned()];
        assert_eq!(rollout("0.0833333333", &k1, true), (Verdict::Refuted, elsewhere.clone()));
        assert_eq!(rollout("0.0833333333", &k1, false), (Verdict::Refuted, elsewhere));
        assert_eq!(rollout("0.6", &k1, false), (Verdict::Unprovable, vec![]));
        assert_eq!(rollout("0.6", &k1, true), (Verdict::Refuted, vec![]));
        // Both differences are positive.
        let others = ["trainer - engine", "|trainer - engine|"].map(|own| {
            format!(
                "the mean of {own} over the response mask, not the mean of engine - trainer (k1) over the response mask"
            )
        });
        assert_eq!(rollout("0.375", &k1, true), (Verdict::Refuted, others.to_vec()));
    }

    #[test]
    fn the_ratio_of_a_rollout() {
        // e^0.75 = 2.1170000; e^0.375 = 1.4549914.
        let sum = [(PairFormula::LogRatio, Reduce::ExpSum)];
        assert_eq!(rollout("2.1170000166", &sum, true).0, Verdict::Proven);
        let mean = "e to the mean of trainer - engine over the response mask, not e to the sum of trainer - engine over the response \
                    mask"
            .to_owned();
        assert_eq!(rollout("1.4549914146", &sum, true), (Verdict::Refuted, vec![mean]));
    }

    #[test]
    fn a_reference_has_the_trainers_part() {
        let way = Way { mask: TokenMask::All, formula: PairFormula::Ratio, reduce: Reduce::Mean };
        assert_eq!(way.words(PairSides::ReferenceAndPolicy), "the mean of exp(reference - policy) over all positions");
    }
}
