//! Exact summation: the sum of any f64s in any order, rounded once.
//!
//! A superaccumulator: a fixed-point number wide enough for every f64 and every product of two, kept as signed
//! limbs of 32 bits in 64-bit words (the idea of Kulisch; Neal 2015, arXiv 1505.05571, for sums of f64).

use serde::{Deserialize, Serialize};

/// Bits per limb.
const LIMB: i32 = 32;
/// Exponent of the lowest bit: products of two subnormals reach 2^−2148.
const LOWEST: i32 = -2176;
/// Limbs: up to products of two largest values, with room for 2^64 of them.
const LIMBS: usize = 138;
/// Limbs that one addition touches: 106 bits shifted by at most 31.
const TOUCHED: usize = 5;
/// Limbs that a sum has room for at first: those of a number and of its smaller and larger neighbours.
const ROOM: usize = 8;
/// Additions after which carries must be propagated: each adds less than 2^32 to a limb of 2^63.
const PENDING: u32 = 1 << 28;

/// A sum that is exact until it is read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Canonical", into = "Canonical")]
pub struct ExactSum {
    /// Index of the first limb that is kept. All others, and those behind the last, are 0.
    low: usize,
    limbs: Vec<i64>,
    pending: u32,
    positive_infinities: u64,
    negative_infinities: u64,
    nans: u64,
}

/// The stored form: equal sums have equal bytes.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Canonical {
    negative: bool,
    /// Index of the first limb that is kept.
    low: usize,
    limbs: Vec<u32>,
    infinities: (u64, u64),
    nans: u64,
}

impl PartialEq for ExactSum {
    fn eq(&self, other: &Self) -> bool {
        Canonical::from(self.clone()) == Canonical::from(other.clone())
    }
}

/// Mantissa and exponent of a finite number: value = mantissa · 2^exponent.
fn split(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let biased = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    let fraction = bits & ((1 << 52) - 1);
    if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) }
}

impl ExactSum {
    /// Adds a number.
    pub fn add(&mut self, value: f64) {
        if !value.is_finite() {
            return self.add_special(value);
        }
        let (mantissa, exponent) = split(value);
        self.add_bits(u128::from(mantissa), exponent, value.is_sign_negative());
    }

    /// Adds the exact product of two numbers.
    pub fn add_product(&mut self, a: f64, b: f64) {
        if !a.is_finite() || !b.is_finite() {
            return self.add_special(a * b);
        }
        let ((a_mantissa, a_exponent), (b_mantissa, b_exponent)) = (split(a), split(b));
        let mantissa = u128::from(a_mantissa) * u128::from(b_mantissa);
        self.add_bits(mantissa, a_exponent + b_exponent, a.is_sign_negative() != b.is_sign_negative());
    }

    fn add_special(&mut self, value: f64) {
        if value.is_nan() {
            self.nans += 1;
        } else if value > 0.0 {
            self.positive_infinities += 1;
        } else {
            self.negative_infinities += 1;
        }
    }

    fn add_bits(&mut self, mantissa: u128, exponent: i32, negative: bool) {
        if mantissa == 0 {
            return;
        }
        let offset = exponent - LOWEST;
        let (limb, shift) = (offset.div_euclid(LIMB), offset.rem_euclid(LIMB));
        let limb = usize::try_from(limb).unwrap_or(0);
        self.cover(limb, TOUCHED);
        let sign = if negative { -1 } else { 1 };
        // At most 106 bits shifted by at most 31: five limbs of 32.
        let mut rest = mantissa;
        let mut carry_shift = shift;
        for slot in self.limbs.iter_mut().skip(limb - self.low) {
            let taken = (rest << carry_shift) & 0xffff_ffff;
            *slot += sign * i64::try_from(taken).unwrap_or(0);
            rest >>= LIMB - carry_shift;
            carry_shift = 0;
            if rest == 0 {
                break;
            }
        }
        self.pending += 1;
        if self.pending >= PENDING {
            self.normalise();
        }
    }

    /// Keeps `count` limbs from `first` on.
    fn cover(&mut self, first: usize, count: usize) {
        if self.limbs.is_empty() {
            (self.low, self.limbs) = (first, Vec::with_capacity(ROOM));
        }
        if first < self.low {
            self.limbs.splice(0..0, std::iter::repeat_n(0, self.low - first));
            self.low = first;
        }
        let end = first + count - self.low;
        if end > self.limbs.len() {
            self.limbs.resize(end, 0);
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Self) {
        self.positive_infinities += other.positive_infinities;
        self.negative_infinities += other.negative_infinities;
        self.nans += other.nans;
        if other.limbs.is_empty() {
            return;
        }
        // Carries that were propagated count as one addition.
        let mut pending = self.pending.max(1).saturating_add(other.pending.max(1));
        if pending >= PENDING {
            self.normalise();
            pending = other.pending.max(1).saturating_add(1);
        }
        self.cover(other.low, other.limbs.len());
        for (mine, theirs) in self.limbs.iter_mut().skip(other.low - self.low).zip(&other.limbs) {
            *mine += theirs;
        }
        self.pending = pending;
        if pending >= PENDING {
            self.normalise();
        }
    }

    /// Whether the sum is exactly 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        let special = self.nans + self.positive_infinities + self.negative_infinities;
        special == 0 && Canonical::from(self.clone()).limbs.is_empty()
    }

    /// Propagates carries: all limbs but the highest become 0 ≤ limb < 2^32; the highest carries the sign.
    fn normalise(&mut self) {
        let mut carry = 0_i64;
        for limb in &mut self.limbs {
            let total = *limb + carry;
            carry = total >> LIMB;
            *limb = total - (carry << LIMB);
        }
        // What is left is less than 2^31. The sign stays in it.
        match (carry, self.limbs.last_mut()) {
            (0, _) | (_, None) => {}
            (-1, Some(top)) => *top -= 1 << LIMB,
            _ => self.limbs.push(carry),
        }
        self.pending = 0;
    }

    /// The sum, rounded once to the nearest f64, ties to even.
    #[must_use]
    pub fn value(&self) -> f64 {
        if self.nans > 0 || (self.positive_infinities > 0 && self.negative_infinities > 0) {
            return f64::NAN;
        }
        if self.positive_infinities > 0 {
            return f64::INFINITY;
        }
        if self.negative_infinities > 0 {
            return f64::NEG_INFINITY;
        }
        let canonical = Canonical::from(self.clone());
        let magnitude = round(&canonical);
        if canonical.negative { -magnitude } else { magnitude }
    }
}

impl From<ExactSum> for Canonical {
    fn from(mut sum: ExactSum) -> Self {
        sum.normalise();
        let negative = sum.limbs.last().is_some_and(|top| *top < 0);
        if negative {
            sum.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            sum.normalise();
        }
        let low = sum.limbs.iter().position(|limb| *limb != 0).unwrap_or(0);
        let high = sum.limbs.iter().rposition(|limb| *limb != 0).map_or(low, |at| at + 1);
        let limbs = sum.limbs.get(low..high).unwrap_or_default();
        Self {
            negative,
            low: if limbs.is_empty() { 0 } else { sum.low + low },
            limbs: limbs.iter().map(|limb| u32::try_from(*limb).unwrap_or(u32::MAX)).collect(),
            infinities: (sum.positive_infinities, sum.negative_infinities),
            nans: sum.nans,
        }
    }
}

impl From<Canonical> for ExactSum {
    fn from(stored: Canonical) -> Self {
        let mut sum = Self {
            positive_infinities: stored.infinities.0,
            negative_infinities: stored.infinities.1,
            nans: stored.nans,
            ..Self::default()
        };
        if !stored.limbs.is_empty() {
            let sign = if stored.negative { -1 } else { 1 };
            // No sum has more limbs. A stored one may claim any number of them.
            let room = LIMBS.saturating_sub(stored.low);
            sum.low = stored.low.min(LIMBS);
            sum.limbs = stored.limbs.iter().take(room).map(|limb| sign * i64::from(*limb)).collect();
            sum.pending = 1;
        }
        sum
    }
}

/// Rounds a magnitude to f64.
fn round(canonical: &Canonical) -> f64 {
    let Some(top) = canonical.limbs.last() else { return 0.0 };
    let bit = |at: i32| -> u64 {
        let limb = at.div_euclid(LIMB) - i32::try_from(canonical.low).unwrap_or(0);
        let word = usize::try_from(limb).ok().and_then(|limb| canonical.limbs.get(limb)).copied().unwrap_or(0);
        u64::from(word >> at.rem_euclid(LIMB) & 1)
    };
    let count = i32::try_from(canonical.low + canonical.limbs.len()).unwrap_or(i32::MAX);
    let leading = i32::try_from(top.leading_zeros()).unwrap_or(0);
    // Position of the highest bit, counted from LOWEST.
    let high = count * LIMB - leading - 1;
    let exponent = high + LOWEST;
    if exponent > 1023 {
        return f64::INFINITY;
    }
    // The last bit that f64 can hold: 52 below the highest, but not below the smallest subnormal.
    let last = (exponent - 52).max(-1074) - LOWEST;
    let mut mantissa: u64 = 0;
    let mut at = high;
    while at >= last {
        mantissa = mantissa << 1 | bit(at);
        at -= 1;
    }
    let half = bit(last - 1) == 1;
    let below = half && {
        let lowest = i32::try_from(canonical.low).unwrap_or(0) * LIMB;
        (lowest..last - 1).any(|at| bit(at) == 1)
    };
    if half && (below || mantissa & 1 == 1) {
        mantissa += 1;
    }
    // Two exact steps: the mantissa has at most 54 bits, and the scale is a power of two.
    let power = last + LOWEST;
    let scale = |power: i32| f64::from_bits(u64::try_from(power + 1023).unwrap_or(0) << 52);
    let mantissa = mantissa as f64;
    if power >= -1022 { mantissa * scale(power) } else { mantissa * scale(power + 100) * scale(-100) }
}

/// The correctly rounded sum of some numbers.
#[must_use]
pub fn exact_sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sum = ExactSum::default();
    for value in values {
        sum.add(value);
    }
    sum.value()
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use proptest::prelude::*;

    use super::*;

    fn rational(value: f64) -> BigRational {
        BigRational::from_float(value).unwrap()
    }

    /// The nearest f64 of a rational, by trying the neighbours of a guess.
    fn is_nearest(value: f64, exact: &BigRational) -> bool {
        let distance = |candidate: f64| {
            let difference = rational(candidate) - exact;
            if difference < BigRational::from_integer(BigInt::from(0)) { -difference } else { difference }
        };
        let own = distance(value);
        [value.next_up(), value.next_down()].into_iter().filter(|other| other.is_finite()).all(|other| {
            let theirs = distance(other);
            own < theirs || (own == theirs && value.to_bits() & 1 == 0)
        })
    }

    fn any_number() -> impl Strategy<Value = f64> {
        any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |value| value.is_finite() && value.abs() < 1e300)
    }

    #[test]
    fn one_negative_number_is_its_own_sum() {
        for value in [-13.37, -0.1, -1e-310, -5e-324, -1.797e308] {
            assert_eq!(exact_sum([value]).to_bits(), value.to_bits());
        }
    }

    #[test]
    fn huge_values_cancel_exactly() {
        assert_eq!(exact_sum([1e308, 1e-300, -1e308]), 1e-300);
        assert_eq!(exact_sum([1e308, 1e308, -1e308]), 1e308);
        assert_eq!(exact_sum([f64::MAX, f64::MAX]), f64::INFINITY);
        assert!(exact_sum([f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert_eq!(exact_sum([f64::NEG_INFINITY, 3.0]), f64::NEG_INFINITY);
        assert_eq!(exact_sum([]).to_bits(), 0.0_f64.to_bits());
    }

    proptest! {
        #[test]
        fn the_sum_is_correctly_rounded(values in prop::collection::vec(any_number(), 1..30)) {
            let exact: BigRational = values.iter().map(|value| rational(*value)).sum();
            let sum = exact_sum(values);
            prop_assert!(is_nearest(sum, &exact));
        }

        #[test]
        fn log_probs_add_up(values in prop::collection::vec(-60.0..0.0_f64, 1..200)) {
            let exact: BigRational = values.iter().map(|value| rational(*value)).sum();
            prop_assert!(is_nearest(exact_sum(values), &exact));
        }

        #[test]
        fn products_are_exact(a in -1e100..1e100_f64, b in -1e-200..1e200_f64, c in -1.0..1.0_f64) {
            let mut sum = ExactSum::default();
            sum.add_product(a, b);
            sum.add(c);
            let exact = rational(a) * rational(b) + rational(c);
            prop_assert!(is_nearest(sum.value(), &exact));
        }

        #[test]
        fn any_partition_in_any_order_gives_the_same_bytes(
            values in prop::collection::vec(any_number(), 0..40), cuts in prop::collection::vec(0_usize..40, 0..4)
        ) {
            let direct = values.iter().fold(ExactSum::default(), |mut sum, value| { sum.add(*value); sum });
            let mut parts: Vec<ExactSum> = Vec::new();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(values.len())).collect();
            cuts.push(values.len());
            cuts.sort_unstable();
            let mut from = 0;
            for cut in cuts {
                let mut part = ExactSum::default();
                values[from..cut].iter().rev().for_each(|value| part.add(*value));
                parts.push(part);
                from = cut;
            }
            let mut merged = ExactSum::default();
            parts.iter().rev().for_each(|part| merged.merge(part));
            prop_assert_eq!(serde_json::to_string(&merged).unwrap(), serde_json::to_string(&direct).unwrap());
            prop_assert_eq!(merged.value().to_bits(), direct.value().to_bits());
            let stored: ExactSum = serde_json::from_str(&serde_json::to_string(&direct).unwrap()).unwrap();
            prop_assert_eq!(stored, direct);
        }
    }
}
