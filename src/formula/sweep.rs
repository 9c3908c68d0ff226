//! All formulas of a grammar on one candidate: what several of them share is computed once.
//!
//! A formula is a reduction, a quotient of it, and a printed form of that. Around a thousand formulas have some hundred
//! reductions and a few hundred quotients. Exponentials, the most expensive step, are left out where the quotient alone shows that the
//! result is far from every number that it is compared with.

use std::collections::BTreeMap;

use crate::formula::facts::{added_up, divided, printed, scaled_cast, slot};
use crate::formula::{Cast, Casts, Constant, GrammarEntry, Output, Reduce, Scale, SequenceFacts};
use crate::numeric::{Approx, LN_2, LN_10, NumberFormat, ln};

/// Numbers of tokens for which a power is kept.
const KEPT_POWERS: usize = 1 << 12;
/// Largest size of a number of which every bound is finite.
const LARGEST: f64 = 1e300;
/// Largest exponent, as a size, of which e to its power and every bound of it is finite.
const LARGEST_EXPONENT: f64 = 600.0;
/// Widest exponent for which the bounds below hold.
const WIDEST_EXPONENT: f64 = 0.5;
/// Relative room for everything that is rounded after the division: two orders more than single precision needs.
const ROOM: f64 = 1e-5;

/// A reduction, cast or not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Core {
    slot: Option<usize>,
    reduce: Reduce,
    cast: Option<Cast>,
}

/// A reduction that is divided.
#[derive(Clone, Copy)]
struct Quotient {
    core: usize,
    divisor: usize,
    cast: Option<NumberFormat>,
    /// A constant in the divisor.
    constant: Constant,
}

/// A quotient that is printed.
#[derive(Clone, Copy)]
struct Printed {
    quotient: usize,
    output: Output,
    constant: Constant,
    /// What is done to the quotient, up to rounding; None with a constant.
    shape: Option<Shape>,
}

/// What an output does to a quotient.
#[derive(Clone, Copy)]
enum Shape {
    /// Times a number.
    Linear(f64),
    /// e to the power of a number of it.
    Exponential(f64),
}

impl Shape {
    fn of(output: Output) -> Self {
        match output {
            Output::Nats => Self::Linear(1.0),
            Output::Bits => Self::Linear(1.0 / LN_2),
            Output::Log10 => Self::Linear(1.0 / LN_10),
            Output::Negated => Self::Linear(-1.0),
            Output::NegatedBits => Self::Linear(-1.0 / LN_2),
            Output::NegatedLog10 => Self::Linear(-1.0 / LN_10),
            Output::Percent => Self::Linear(100.0),
            Output::Exp => Self::Exponential(1.0),
            Output::ExpNegated => Self::Exponential(-1.0),
            Output::Exp2 => Self::Exponential(LN_2),
            Output::Exp2Negated => Self::Exponential(-LN_2),
            Output::Exp10Negated => Self::Exponential(-LN_10),
        }
    }
}

/// What is divided by, with its values for the numbers of tokens that came up: powers are expensive.
struct Divisor {
    scale: Scale,
    by_tokens: Vec<f64>,
}

impl Divisor {
    fn of(&mut self, facts: &SequenceFacts, n: u32) -> Option<f64> {
        let at = n as usize;
        if !matches!(self.scale, Scale::Power(_) | Scale::Gnmt(_)) || at >= KEPT_POWERS {
            return facts.divisor(self.scale, n);
        }
        if self.by_tokens.len() <= at {
            self.by_tokens.resize(at + 1, f64::NAN);
        }
        let kept = self.by_tokens.get_mut(at)?;
        if kept.is_nan() {
            *kept = facts.divisor(self.scale, n).unwrap_or(0.0);
        }
        Some(*kept).filter(|divisor| *divisor > 0.0)
    }
}

/// The formulas of a grammar, prepared to be evaluated together, and their quotients for the last candidate.
pub struct Sweep {
    cores: Vec<Core>,
    divisors: Vec<Divisor>,
    quotients: Vec<Quotient>,
    printed: Vec<Printed>,
    /// The reductions of the last candidate with their number of steps.
    reduced: Vec<Option<(Approx, u32)>>,
    /// Its quotients.
    scaled: Vec<Option<Approx>>,
}

/// Values in the order in which they were first asked for, each once.
struct Numbered<T> {
    places: BTreeMap<T, usize>,
}

impl<T: Ord + Copy> Numbered<T> {
    fn place(&mut self, value: T) -> usize {
        let next = self.places.len();
        *self.places.entry(value).or_insert(next)
    }

    fn in_order(self) -> Vec<T> {
        let mut values: Vec<(usize, T)> = self.places.into_iter().map(|(value, place)| (place, value)).collect();
        values.sort_unstable_by_key(|(place, _)| *place);
        values.into_iter().map(|(_, value)| value).collect()
    }
}

impl Sweep {
    /// Prepares formulas; `casts` are those of the column, for entries without one of their own.
    #[must_use]
    pub fn new(entries: &[GrammarEntry], casts: &Casts) -> Self {
        let mut cores = Numbered { places: BTreeMap::new() };
        let mut divisor_kinds = Numbered { places: BTreeMap::new() };
        let mut known: BTreeMap<(usize, usize, Option<NumberFormat>), usize> = BTreeMap::new();
        let mut quotients: Vec<Quotient> = Vec::new();
        let mut all = Vec::with_capacity(entries.len());
        for entry in entries {
            let formula = &entry.formula;
            let cast = entry.cast.or_else(|| casts.of(formula));
            let scaled = scaled_cast(formula.reduce, cast);
            let slot = slot(formula.term, formula.span, formula.reduce);
            let core = cores.place(Core { slot, reduce: formula.reduce, cast: cast.filter(|_| scaled.is_none()) });
            let divisor = divisor_kinds.place(formula.scale);
            let (constant, key) = match entry.constant {
                Constant::Power(_) | Constant::Offset(_) => (entry.constant, None),
                _ => (Constant::None, Some((core, divisor, scaled))),
            };
            let next = quotients.len();
            let quotient = key.map_or(next, |key| *known.entry(key).or_insert(next));
            if quotient == next {
                quotients.push(Quotient { core, divisor, cast: scaled, constant });
            }
            let shape = (entry.constant == Constant::None).then(|| Shape::of(formula.output));
            all.push(Printed { quotient, output: formula.output, constant: entry.constant, shape });
        }
        let divisors = divisor_kinds.in_order().into_iter().map(|scale| Divisor { scale, by_tokens: Vec::new() });
        Self {
            cores: cores.in_order(),
            divisors: divisors.collect(),
            quotients,
            printed: all,
            reduced: Vec::new(),
            scaled: Vec::new(),
        }
    }

    /// Computes what the formulas share for a candidate.
    pub fn see(&mut self, facts: &SequenceFacts) {
        self.reduced.clear();
        self.reduced.extend(self.cores.iter().map(|core| {
            let base = facts.bases.get(core.slot?)?.as_ref()?;
            Some((added_up(*base, core.reduce, core.cast), base.n))
        }));
        self.scaled.clear();
        for quotient in &self.quotients {
            let Some(Some((reduced, n))) = self.reduced.get(quotient.core) else {
                self.scaled.push(None);
                continue;
            };
            let divisor = self.divisors.get_mut(quotient.divisor).and_then(|divisor| divisor.of(facts, *n));
            let of = |divisor| divided(*reduced, divisor, quotient.cast, &quotient.constant, *n);
            self.scaled.push(divisor.and_then(of));
        }
    }

    /// The value of a formula, by its place in the grammar, for the last candidate; None where the log lacks an operand, or
    /// its digits leave everything open. It is [`SequenceFacts::evaluate_with`] to the last bit.
    #[must_use]
    pub fn value(&self, at: usize) -> Option<Approx> {
        let own = self.printed.get(at)?;
        printed(self.scaled.get(own.quotient).copied().flatten()?, own.output, &own.constant)
    }

    /// Whether a formula has a value for the last candidate that lies in none of the windows, as far as that can be told
    /// from its quotient. False says nothing.
    #[must_use]
    pub fn is_far(&self, at: usize, windows: &[Window; 2]) -> bool {
        let Some(Printed { quotient, shape: Some(shape), .. }) = self.printed.get(at) else { return false };
        let Some(Some(scaled)) = self.scaled.get(*quotient) else { return false };
        match *shape {
            Shape::Linear(factor) => {
                let (value, half) = (factor * scaled.value, factor.abs() * scaled.half);
                value.abs() < LARGEST && half < LARGEST && !windows.iter().any(|window| window.may_hold(value, half))
            }
            Shape::Exponential(factor) => {
                let (exponent, half) = (factor * scaled.value, factor.abs() * scaled.half);
                exponent.abs() < LARGEST_EXPONENT
                    && half <= WIDEST_EXPONENT
                    && !windows.iter().any(|window| window.may_hold_power(exponent, half))
            }
        }
    }
}

/// The numbers within a half-width of another one, with the logarithms of its ends.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    low: f64,
    high: f64,
    ln_low: f64,
    ln_high: f64,
}

impl Window {
    /// All numbers that lie within a half-width of another one.
    #[must_use]
    pub fn around(value: f64, half: f64) -> Self {
        const ALL: Window =
            Window { low: f64::NEG_INFINITY, high: f64::INFINITY, ln_low: f64::NEG_INFINITY, ln_high: f64::INFINITY };
        // Room for the rounding of the ends.
        let room = ROOM * value.abs();
        let (low, high) = (value - half - room, value + half + room);
        if low.is_nan() || high.is_nan() {
            return ALL;
        }
        let log = |end: f64| if end > 0.0 { ln(end) } else { f64::NEG_INFINITY };
        Self { low, high, ln_low: log(low), ln_high: log(high) }
    }

    /// Whether a number may lie in it.
    fn may_hold(&self, value: f64, half: f64) -> bool {
        let half = half + ROOM * (value.abs() + half);
        value + half >= self.low && value - half <= self.high
    }

    /// Whether e to the power of an exponent may lie in it. With v = e^exponent, the half-width of the power is at most
    /// v·(e^half − 1): its upper end is v·e^half, its lower one v·(2 − e^half), which for half-widths up to one half is more
    /// than v·e^(−2.2·half).
    fn may_hold_power(&self, exponent: f64, half: f64) -> bool {
        exponent + half + ROOM >= self.ln_low && exponent - 2.2 * half - ROOM <= self.ln_high
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::formula::facts::{Base, SLOTS};
    use crate::formula::{Formula, Grammar, Stage};

    /// Facts with made-up bases, some of which are missing.
    fn facts(bases: &[(f64, f64)], n: u32) -> SequenceFacts {
        let of = |at: usize| {
            let (value, half) = bases.get(at % bases.len()).copied()?;
            let n = n + [0, 1, 2][at % 3];
            let base = Base { reduced: Approx::new(value, half), sizes: value.abs() * 1.5, n };
            (at % 7 != 5).then_some(base)
        };
        let bases = (0..SLOTS).map(of).collect();
        SequenceFacts {
            bases,
            n,
            prompt: 3,
            padding: n % 2,
            chars: Some(31),
            words: Some(4),
            ..SequenceFacts::default()
        }
    }

    /// The formulas around some conventions, some with casts and constants.
    fn entries(convention: Formula) -> Vec<GrammarEntry> {
        let constants = [
            Constant::Factor(Approx::new(1.5, 1e-6)),
            Constant::Shift(Approx::new(-0.25, 1e-6)),
            Constant::Power(Approx::new(0.6, 1e-3)),
            Constant::Offset(Approx::new(2.5, 1e-3)),
        ];
        let fitted: Vec<GrammarEntry> = constants
            .into_iter()
            .zip(Cast::ALL)
            .map(|(constant, cast)| GrammarEntry {
                constant,
                cast: Some(cast),
                ..GrammarEntry::plain(convention, 1, 3)
            })
            .collect();
        Grammar::around(convention).with(&fitted, 20).entries().to_vec()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_sweep_gives_what_each_formula_gives_alone(
            bases in proptest::collection::vec((-40.0..3.0_f64, 0.0..0.01_f64), 1..9),
            n in 1..5000_u32,
            casts in 0..3_usize,
        ) {
            let facts = facts(&bases, n);
            for convention in [Formula::SUM, Formula::MEAN, Formula::PERPLEXITY] {
                let casts = match casts {
                    0 => Casts::default(),
                    1 => Casts::under(convention, Cast::ALL[0]),
                    _ => Casts::under(convention, Cast { stage: Stage::Scaled, ..Cast::ALL[3] }),
                };
                let entries = entries(convention);
                let mut sweep = Sweep::new(&entries, &casts);
                // What was kept of another candidate changes nothing.
                sweep.see(&self::facts(&bases, n + 1));
                sweep.see(&facts);
                for (at, entry) in entries.iter().enumerate() {
                    let cast = entry.cast.or_else(|| casts.of(&entry.formula));
                    let alone = facts.evaluate_with(&entry.formula, &entry.constant, cast);
                    prop_assert_eq!(sweep.value(at), alone, "{}", entry);
                }
            }
        }

        #[test]
        fn what_is_far_has_a_value_outside_of_the_windows(
            bases in proptest::collection::vec((-30.0..30.0_f64, 0.0..0.6_f64), 1..9),
            n in 1..60_u32,
            pick in 0..4000_usize,
            off in -3e-6..3e-6_f64,
            half in 0.0..1e-3_f64,
        ) {
            let facts = facts(&bases, n);
            let entries = entries(Formula::PERPLEXITY);
            let mut sweep = Sweep::new(&entries, &Casts::default());
            sweep.see(&facts);
            // A window that touches the bounds of one of the values, or nearly.
            let values: Vec<Approx> = (0..entries.len()).filter_map(|at| sweep.value(at)).collect();
            let Some(own) = values.get(pick % values.len()) else { return Ok(()) };
            let edge = own.value + if pick % 2 == 0 { own.half } else { -own.half };
            let claimed = Approx::new(edge * (1.0 + off), half);
            let windows = [Window::around(claimed.value, claimed.half), Window::around(-1e9, 0.5)];
            let mut far = 0;
            for (at, entry) in entries.iter().enumerate() {
                if sweep.is_far(at, &windows) {
                    let value = sweep.value(at).expect("a far formula has a value");
                    prop_assert!(!value.agrees(claimed), "{entry} {value:?} {claimed:?}");
                    far += 1;
                }
            }
            prop_assert!(far > 0 || values.iter().all(|value| value.half > 0.01 * value.value.abs()));
        }
    }
}
