//! Numbers of rollouts that follow from two log-probs per token: ratios, estimators of a divergence, distances.
//!
//! prime-rl: `compute_importance_ratio_and_mismatch_kl` in `src/prime_rl/trainer/rl/loss.py`, exported by
//! `token_export.py` in the same directory. verl: `kl_penalty` in `verl/trainer/ppo/core_algos.py`, `mismatch_kl` and
//! `mismatch_k3_kl` in `verl/trainer/ppo/mismatch_helper.py`. TRL: `per_token_kl` and `importance_sampling_ratio` in
//! `trl/trainer/grpo_trainer.py`.

use std::borrow::Cow;
use std::sync::Arc;

use crate::format::field::{at, printed};
use crate::format::json::{Kind, Value};
use crate::model::{
    Definition, OverTokens, PairFormula, PairPromise, PairSides, Reduce, RowClaim, RowFact, RowMetric, RowValue,
    TokenMask, TokenPair, TokenSums,
};
use crate::numeric::{Printed, exp};

/// Field names, with the formulas that they promise.
struct Name {
    names: &'static [&'static str],
    promise: PairPromise,
}

const fn of_engine(names: &'static [&'static str], formulas: &'static [PairFormula], is_certain: bool) -> Name {
    Name { names, promise: PairPromise { sides: PairSides::TrainerAndEngine, formulas, is_certain } }
}

const fn of_reference(names: &'static [&'static str], formulas: &'static [PairFormula], is_certain: bool) -> Name {
    Name { names, promise: PairPromise { sides: PairSides::ReferenceAndPolicy, formulas, is_certain } }
}

/// Names of an importance ratio.
const RATIOS: &[&str] = &["importance_sampling_ratio", "importance_ratio", "is_ratio", "ratio", "token_ratio"];

/// Names of a divergence that do not state the estimator.
const DIVERGENCES: &[&str] = &[
    "kl",
    "kls",
    "token_kl",
    "token_kls",
    "per_token_kl",
    "kl_per_token",
    "approx_kl",
    "kl_div",
    "kl_divergence",
    "kl_estimate",
];
const K1: &[&str] = &["k1", "kl_k1", "k1_kl", "kl1"];
const K2: &[&str] = &["k2", "kl_k2", "k2_kl", "kl2"];
const K3: &[&str] = &["k3", "kl_k3", "k3_kl", "kl3", "low_var_kl"];

/// Names of numbers that compare the trainer with the engine.
static NAMES: [Name; 13] = [
    of_engine(RATIOS, &[PairFormula::Ratio], true),
    of_engine(
        &["log_importance_ratio", "importance_log_ratio", "log_ratio", "log_ratios", "logratio"],
        &[PairFormula::LogRatio],
        true,
    ),
    of_engine(&["mismatch_kl"], &[PairFormula::K3, PairFormula::InverseLogRatio], true),
    of_engine(DIVERGENCES, &[PairFormula::K3, PairFormula::InverseLogRatio, PairFormula::HalfSquare], false),
    of_engine(
        &["rollout_kl", "engine_kl", "sampling_kl"],
        &[PairFormula::K3, PairFormula::InverseLogRatio, PairFormula::HalfSquare],
        false,
    ),
    of_engine(K1, &[PairFormula::InverseLogRatio], true),
    of_engine(K2, &[PairFormula::HalfSquare], true),
    of_engine(K3, &[PairFormula::K3], true),
    of_engine(&["mismatch_k3_kl", "mismatch_kl_k3"], &[PairFormula::K3], true),
    of_engine(&["prob_delta"], &[PairFormula::ProbDifference], true),
    of_engine(&["rollout_probs_diff"], &[PairFormula::ProbDistance], true),
    of_engine(
        &["prob_diff", "probs_diff", "prob_difference"],
        &[PairFormula::ProbDistance, PairFormula::ProbDifference],
        false,
    ),
    of_engine(
        &["abs_diff", "abs_logprob_diff", "logprob_abs_diff", "abs_log_prob_diff", "sampling_logp_difference"],
        &[PairFormula::Distance],
        true,
    ),
];

/// Names of numbers that compare the policy with a reference model, if its log-probs are logged. The samples come from
/// the policy, so it takes the engine's place.
static OF_REFERENCE: [Name; 5] = [
    of_reference(
        DIVERGENCES,
        &[PairFormula::K3, PairFormula::InverseLogRatio, PairFormula::HalfSquare, PairFormula::Distance],
        false,
    ),
    of_reference(
        &["ref_kl", "kl_penalty", "reference_kl", "kl_to_ref"],
        &[PairFormula::K3, PairFormula::InverseLogRatio, PairFormula::HalfSquare, PairFormula::Distance],
        false,
    ),
    of_reference(K1, &[PairFormula::InverseLogRatio], true),
    of_reference(K2, &[PairFormula::HalfSquare], true),
    of_reference(K3, &[PairFormula::K3], true),
];

/// The log-probs of a reference model.
pub(super) const REFERENCE: [&str; 6] =
    ["ref_log_probs", "ref_log_prob", "ref_logprobs", "ref_per_token_logps", "reference_logprobs", "base_log_probs"];

/// Words that state how the values of tokens are reduced.
const WORDS: [(&str, Reduce); 5] = [
    ("mean", Reduce::Mean),
    ("avg", Reduce::Mean),
    ("average", Reduce::Mean),
    ("sum", Reduce::Sum),
    ("max", Reduce::Max),
];

/// A name without the word for the reduction.
fn bare(name: &str) -> (&str, Option<Reduce>) {
    let cut = |(word, reduce): (&str, Reduce)| {
        let before = name.strip_prefix(word).and_then(|rest| rest.strip_prefix(['_', '/']));
        let behind = name.strip_suffix(word).and_then(|rest| rest.strip_suffix(['_', '/']));
        before.or(behind).map(|rest| (rest, Some(reduce)))
    };
    WORDS.into_iter().find_map(cut).unwrap_or((name, None))
}

/// The log-probs of the tokens of a rollout.
#[derive(Clone, Copy)]
pub(super) struct Sides<'t> {
    pub(super) trainer: Value<'t>,
    pub(super) engine: Option<Value<'t>>,
    pub(super) reference: Option<Value<'t>>,
    /// Tokens that are trained on.
    pub(super) mask: Option<Value<'t>>,
    /// Tokens that are not padding.
    pub(super) attention: Option<Value<'t>>,
}

/// The tokens of a rollout with two log-probs each, built when first needed.
#[derive(Default)]
struct Tokens {
    of_engine: Option<Arc<[TokenPair]>>,
    of_reference: Option<Arc<[TokenPair]>>,
}

impl Tokens {
    fn get(&mut self, sides: &Sides<'_>, which: PairSides) -> Option<Arc<[TokenPair]>> {
        let (kept, trainer, engine) = match which {
            PairSides::TrainerAndEngine => (&mut self.of_engine, sides.trainer, sides.engine?),
            PairSides::ReferenceAndPolicy => (&mut self.of_reference, sides.reference?, sides.trainer),
        };
        let tokens = kept.get_or_insert_with(|| pairs(trainer, engine, sides).collect());
        Some(Arc::clone(tokens))
    }
}

/// Whether each token counts.
fn flags(mask: Option<Value<'_>>) -> impl Iterator<Item = bool> + '_ {
    let mut mask = mask.into_iter().flat_map(|mask| mask.elements());
    std::iter::from_fn(move || Some(mask.next().and_then(flag).unwrap_or(true)))
}

/// The numbers of a list, all with the decimals of the longest one, because writers trim zeros. NaN for other values.
fn column(list: Value<'_>) -> impl Iterator<Item = Printed> + '_ {
    let numbers = move || list.elements().map(|own| printed(own).unwrap_or_else(|| Printed::from_f64(f64::NAN)));
    let longest = numbers().filter(Printed::is_finite).map(|own| own.decimals).max().unwrap_or(0);
    numbers().map(move |own| Printed { decimals: own.decimals.max(longest), ..own })
}

fn pairs<'t>(trainer: Value<'t>, engine: Value<'t>, sides: &Sides<'t>) -> impl Iterator<Item = TokenPair> + 't {
    let both = column(trainer).zip(column(engine));
    // Without a separate mask, all tokens except padding are trained on.
    let masks = flags(sides.mask.or(sides.attention)).zip(flags(sides.attention));
    both.zip(masks).map(move |((trainer, engine), (response, attention))| TokenPair {
        trainer,
        engine,
        response,
        attention,
    })
}

/// The formulas that a name promises in a record.
fn promise(name: &str, sides: &Sides<'_>, is_export: bool) -> Option<PairPromise> {
    let of = |list: &'static [Name]| list.iter().find(|own| own.names.contains(&name)).map(|own| own.promise);
    // prime-rl documents one estimator.
    if name == "mismatch_kl" && is_export {
        return Some(PairPromise { formulas: &[PairFormula::K3], ..of(&NAMES)? });
    }
    let of_reference = sides.reference.and_then(|_| of(&OF_REFERENCE));
    of_reference.or_else(|| sides.engine.and_then(|_| of(&NAMES)))
}

/// The claims in the fields of a rollout: a number per token, or one for the rollout.
pub(super) fn claims<'t>(
    fields: impl Iterator<Item = (Cow<'t, str>, Value<'t>)>,
    sides: &Sides<'t>,
    is_export: bool,
) -> Vec<RowClaim<'t>> {
    let mut tokens = Tokens::default();
    let mut claims = Vec::new();
    for (name, value) in fields {
        let (own, reduce) = bare(&name);
        let Some(promise) = promise(own, sides, is_export) else { continue };
        let is_ratio = promise.formulas == [PairFormula::Ratio];
        let Some(tokens) = tokens.get(sides, promise.sides) else { continue };
        match value.kind() {
            Kind::Number => {
                let Some(number) = printed(value) else { continue };
                let over = OverTokens {
                    sides: promise.sides,
                    ways: ways(promise.formulas, reduce),
                    is_certain: promise.is_certain,
                    tokens,
                };
                claims.push(claim(name, value, number, Definition::OfTokens(over), is_ratio));
            }
            Kind::Array if value.len() == tokens.len() || value.len() == 1 => {
                of_list(name, value, promise, &tokens, &mut claims);
            }
            _ => {}
        }
    }
    claims
}

/// The formulas and reductions of a rollout's number.
fn ways(formulas: &[PairFormula], reduce: Option<Reduce>) -> Vec<(PairFormula, Reduce)> {
    let is_ratio = formulas == [PairFormula::Ratio];
    match reduce {
        Some(reduce) => formulas.iter().map(|formula| (*formula, reduce)).collect(),
        // GSPO uses exp of the mean, sequence-level importance sampling exp of the sum.
        None if is_ratio => vec![
            (PairFormula::LogRatio, Reduce::ExpSum),
            (PairFormula::LogRatio, Reduce::ExpMean),
            (PairFormula::Ratio, Reduce::Mean),
        ],
        None => [Reduce::Mean, Reduce::Sum]
            .into_iter()
            .flat_map(|reduce| formulas.iter().map(move |formula| (*formula, reduce)))
            .collect(),
    }
}

/// A list with a number per token. The same number at all tokens is about the rollout.
fn of_list<'t>(
    name: Cow<'t, str>,
    list: Value<'t>,
    promise: PairPromise,
    tokens: &Arc<[TokenPair]>,
    claims: &mut Vec<RowClaim<'t>>,
) {
    let is_ratio = promise.formulas == [PairFormula::Ratio];
    let each = || list.elements().filter_map(|own| Some((own, printed(own)?)));
    let first = each().find(|(_, number)| number.value > 0.0);
    let is_one = |first: &Printed| {
        each().filter(|(_, own)| own.value > 0.0).all(|(_, own)| own.value.total_cmp(&first.value).is_eq())
    };
    if let Some((place, number)) = first.filter(|(_, first)| is_ratio && tokens.len() > 1 && is_one(first)) {
        // Only TRL is known to use the sum. Others use the mean of the differences, or do not say.
        let definition = if name == RATIOS[0] {
            let ways = vec![(PairFormula::LogRatio, Reduce::ExpSum)];
            let tokens = Arc::clone(tokens);
            Definition::OfTokens(OverTokens { sides: promise.sides, ways, is_certain: true, tokens })
        } else {
            Definition::ByName
        };
        claims.push(claim(name, place, number, definition, is_ratio));
        return;
    }
    for ((own, number), pair) in list.elements().zip(column(list)).zip(tokens.iter()) {
        if !pair.response || !matches!(own.kind(), Kind::Number | Kind::String) || number.value.is_nan() {
            continue;
        }
        // A capped ratio has few digits.
        let is_capped = is_ratio && printed(own).is_some_and(|own| own.decimals <= 2);
        let definition =
            if is_capped { Definition::ByName } else { Definition::OfToken(promise, pair.trainer, pair.engine) };
        claims.push(claim(name.clone(), own, number, definition, false));
    }
}

/// Trainers cap ratios at a round number and set others to 0, so such values cannot be checked.
fn claim<'t>(
    name: Cow<'t, str>,
    place: Value<'t>,
    number: Printed,
    definition: Definition<'t>,
    is_ratio: bool,
) -> RowClaim<'t> {
    let definition = if is_ratio && number.decimals <= 2 { Definition::ByName } else { definition };
    RowClaim { of: RowMetric { name, custom: false, definition }, value: RowValue::Number(number), at: at(place) }
}

/// Sums over the tokens that count, over each mask that a number of a run may be over. None over a mask under which some token
/// lacks a log-prob.
pub(super) fn sums(sides: &Sides<'_>) -> Vec<RowFact<'static>> {
    const MASKS: [TokenMask; 3] = [TokenMask::Response, TokenMask::Attention, TokenMask::All];
    let Some(engine) = sides.engine else { return Vec::new() };
    let mut all = MASKS.map(|mask| TokenSums {
        mask,
        tokens: 0,
        probs_diff: 0.0,
        squares: 0.0,
        largest: 0.0,
        k1: 0.0,
        k3: 0.0,
        k3_swapped: 0.0,
    });
    for pair in pairs(sides.trainer, engine, sides) {
        let (trainer, engine) = (pair.trainer.value, pair.engine.value);
        let (gap, d) = ((exp(trainer) - exp(engine)).abs(), trainer - engine);
        let (k3, swapped) = (exp(d) - 1.0 - d, exp(-d) - 1.0 + d);
        for own in all.iter_mut().filter(|own| pair.counts(own.mask)) {
            // Without a logged attention mask, this mask would repeat another.
            if own.mask == TokenMask::Attention && sides.attention.is_none() {
                continue;
            }
            own.tokens += 1;
            own.probs_diff += gap;
            own.squares += gap * gap;
            // A NaN has to stay.
            own.largest = if gap <= own.largest { own.largest } else { gap };
            own.k1 -= d;
            own.k3 += k3;
            own.k3_swapped += swapped;
        }
    }
    let is_whole = |own: &TokenSums| {
        let values = [own.probs_diff, own.squares, own.largest, own.k1, own.k3, own.k3_swapped];
        own.tokens > 0 && values.iter().all(|value| value.is_finite())
    };
    all.into_iter().filter(is_whole).map(RowFact::Tokens).collect()
}

/// Whether a token counts: a 1 or 0, also as a float or a boolean.
pub(super) fn flag(value: Value<'_>) -> Option<bool> {
    match value.kind() {
        Kind::Bool => value.as_bool(),
        _ => printed(value).map(|number| number.value > 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_say_how_tokens_become_one_number() {
        assert_eq!(bare("mean_kl"), ("kl", Some(Reduce::Mean)));
        assert_eq!(bare("kl/mean"), ("kl", Some(Reduce::Mean)));
        assert_eq!(bare("kl_k3_sum"), ("kl_k3", Some(Reduce::Sum)));
        assert_eq!(bare("mismatch_kl"), ("mismatch_kl", None));
        assert_eq!(bare("maximal"), ("maximal", None));
    }

    #[test]
    fn every_name_promises_one_thing() {
        for list in [&NAMES[..], &OF_REFERENCE[..]] {
            let mut names: Vec<&str> = list.iter().flat_map(|own| own.names).copied().collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all);
        }
    }

    #[test]
    fn a_ratio_alone_may_be_of_the_sum_or_of_the_mean() {
        let ratio = ways(&[PairFormula::Ratio], None);
        assert_eq!(ratio.first(), Some(&(PairFormula::LogRatio, Reduce::ExpSum)));
        assert_eq!(ways(&[PairFormula::Ratio], Some(Reduce::Mean)), [(PairFormula::Ratio, Reduce::Mean)]);
        let k1 = [PairFormula::InverseLogRatio];
        assert_eq!(ways(&k1, None), [(k1[0], Reduce::Mean), (k1[0], Reduce::Sum)]);
    }
}
