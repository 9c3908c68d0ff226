//! Numbers that are known up to a bound: intervals, their arithmetic, and how they compare.
//!
//! The only place with unit roundoffs and γ. A half-width covers three things: what printed digits leave open, the
//! rounding of the pipeline's arithmetic, and the rounding of the f64 arithmetic here. Underflow is not covered.

use std::ops::{Add, Div, Mul, Neg, Sub};

use serde::{Deserialize, Serialize};

use crate::numeric::{
    LN_2, LN_10, NumberFormat, Printed, Resolution, exp, exp_m1, ln, ln_1p, log_softmax, logsumexp_slice, sqrt,
};

/// Unit roundoff of f64.
const U: f64 = f64::EPSILON / 2.0;

/// Relative rounding of one call of `exp`, `expm1`, `log` or `log1p`: libm keeps them below one unit in the last place,
/// which is at most 2u.
const LIBM: f64 = 2.0 * U;

/// Rounding of one call of `exp` below the smallest normal number, and of the half-width beside it: four of the distances there.
const LEAST: f64 = 4.0 * f64::from_bits(1);

/// Relative slack for a half-width computed in f64: no operation here rounds it more than eight times.
const WIDEN: f64 = 1.0 + 16.0 * U;

/// Roundings after the sum that are granted to a pipeline, each of one unit roundoff: the division by a length, the change
/// of unit, and a function of the result (two units, as libraries keep below one unit in the last place).
const STAGES: f64 = 4.0;

/// The classical bound of the relative rounding error of a running sum of n terms,
/// γ = (n−1)·u ÷ (1 − (n−1)·u) (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §4.2), relative
/// to Σ|x|, for any order of the additions. Where γ is not defined, (n−1)·u alone is a bound as well (Jeannerod and Rump
/// 2013, SIAM Journal on Matrix Analysis and Applications 34, for rounding to nearest).
fn gamma(n: u64, format: NumberFormat) -> f64 {
    let nu = n.saturating_sub(1) as f64 * format.unit_roundoff();
    if nu < 1.0 { nu / (1.0 - nu) } else { nu }
}

/// a + b and the error of its rounding: a + b = sum + error exactly (Knuth's error-free transformation).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// A number that lies within `value` ± `half`.
///
/// An infinite or NaN value has a half-width of 0: it has no digits that could be off. An infinite half-width says that
/// nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Approx {
    /// The middle of the interval.
    pub value: f64,
    /// Its half-width, absolute; not negative.
    pub half: f64,
}

impl Approx {
    /// An interval.
    #[must_use]
    pub fn new(value: f64, half: f64) -> Self {
        // 0 times an infinite bound is NaN: nothing is known.
        let half = if half.is_nan() { f64::INFINITY } else { half };
        Self { value, half: if value.is_finite() { half } else { 0.0 } }
    }

    /// A number that is known exactly, such as a count.
    #[must_use]
    pub fn exact(value: f64) -> Self {
        Self { value, half: 0.0 }
    }

    /// 1 or 0.
    #[must_use]
    pub fn flag(flag: bool) -> Self {
        Self::exact(f64::from(u8::from(flag)))
    }

    /// A printed number of a column: half a quantum of the column's resolution to either side.
    #[must_use]
    pub fn of_column(number: &Printed, resolution: &Resolution) -> Self {
        Self::new(number.value, if number.is_finite() { resolution.half_quantum(number) } else { 0.0 })
    }

    /// An entry of a vector, which keeps no printed digits.
    #[must_use]
    pub fn of_vector(value: f64, resolution: &Resolution) -> Self {
        Self::of_column(&Printed::from_f64(value), resolution)
    }

    /// A printed number by its own digits: half of the last one to either side.
    #[must_use]
    pub fn printed(number: &Printed) -> Self {
        Self::new(number.value, crate::numeric::half_of_last_digit(number.decimals)).stored(NumberFormat::F64)
    }

    /// The number as it is printed, up to the noise of single precision. Rounding keeps the order: of two numbers printed in
    /// one way, the larger one was not the smaller one before.
    #[must_use]
    pub fn as_printed(self) -> Self {
        Self::exact(self.value).through_stages(NumberFormat::F32)
    }

    /// The same after it was stored in a format.
    #[must_use]
    pub fn stored(self, format: NumberFormat) -> Self {
        Self::new(self.value, self.half.max(format.half_ulp(self.value)))
    }

    /// The same with a wider half-width.
    #[must_use]
    pub fn widened(self, by: f64) -> Self {
        Self::new(self.value, self.half + by)
    }

    /// The same after some operations in a format, each of which rounds the result once.
    #[must_use]
    pub fn rounded(self, operations: f64, format: NumberFormat) -> Self {
        self.widened(operations * format.unit_roundoff() * self.value.abs())
    }

    /// The same after the division, the change of unit and the function that follow a sum in a pipeline.
    #[must_use]
    pub fn through_stages(self, arithmetic: NumberFormat) -> Self {
        self.rounded(STAGES, arithmetic)
    }

    /// A sum of n terms of which the total Σx, the total of the half-widths and Σ|x| were kept, after running sums in a
    /// format. The total may itself come from a running sum in f64.
    #[must_use]
    pub fn running_sum(total: Self, sizes: f64, n: u64, arithmetic: NumberFormat) -> Self {
        let rounding = gamma(n, arithmetic) + gamma(n, NumberFormat::F64);
        total.widened((rounding * sizes + gamma(n, NumberFormat::F64) * total.half) * WIDEN)
    }

    /// The sum of some numbers as a pipeline may have added them up in a format, in any order.
    #[must_use]
    pub fn sum(terms: impl IntoIterator<Item = Self>, arithmetic: NumberFormat) -> Self {
        let (mut total, mut sizes, mut n) = (Self::default(), 0.0, 0_u64);
        for term in terms {
            total = Self { value: total.value + term.value, half: total.half + term.half };
            sizes += term.value.abs();
            n += 1;
        }
        Self::running_sum(Self::new(total.value, total.half), sizes, n, arithmetic)
    }

    /// Times a number that is known exactly.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let value = self.value * factor;
        Self::new(value, (self.half * factor.abs() + U * value.abs()) * WIDEN)
    }

    /// Divided by a number that is known exactly.
    #[must_use]
    pub fn over(self, divisor: f64) -> Self {
        let value = self.value / divisor;
        Self::new(value, (self.half / divisor.abs() + U * value.abs()) * WIDEN)
    }

    /// The size.
    #[must_use]
    pub fn abs(self) -> Self {
        Self { value: self.value.abs(), half: self.half }
    }

    /// e to its power.
    #[must_use]
    pub fn exp(self) -> Self {
        let value = exp(self.value);
        // Below the smallest normal number a rounding is one of the numbers' distance, however small the value.
        let least = if value < f64::MIN_POSITIVE { LEAST } else { 0.0 };
        Self::new(value, value * (exp_m1(self.half) + LIBM) * WIDEN + least)
    }

    /// 2 to its power.
    #[must_use]
    pub fn exp2(self) -> Self {
        self.scaled_by_constant(LN_2).exp()
    }

    /// 10 to its power.
    #[must_use]
    pub fn exp10(self) -> Self {
        self.scaled_by_constant(LN_10).exp()
    }

    /// Natural logarithm. Nothing is known of it where the interval reaches down to 0.
    #[must_use]
    pub fn ln(self) -> Self {
        let value = ln(self.value);
        // The curve is steepest at the low end.
        let half = if self.half < self.value { -ln_1p(-self.half / self.value) } else { f64::INFINITY };
        Self::new(value, (half + LIBM * value.abs()) * WIDEN)
    }

    /// From nats to bits: divided by ln 2.
    #[must_use]
    pub fn in_bits(self) -> Self {
        self.over_constant(LN_2)
    }

    /// From nats to base 10: divided by ln 10.
    #[must_use]
    pub fn in_log10(self) -> Self {
        self.over_constant(LN_10)
    }

    /// Square root; of what lies below 0, it is 0.
    #[must_use]
    pub fn sqrt(self) -> Self {
        let value = sqrt(self.value.max(0.0));
        let low = sqrt((self.value - self.half).max(0.0));
        let high = sqrt((self.value + self.half).max(0.0));
        // The end that lies farther away, without cancellation: √v − √low = (v − low) ÷ (√v + √low).
        let below = if low > 0.0 { self.half / (value + low) } else { value };
        let above = if value > 0.0 { self.half / (value + high) } else { high };
        Self::new(value, (below.max(above) + 4.0 * U * high) * WIDEN)
    }

    /// 1 ÷ (1 + e^−x).
    #[must_use]
    pub fn logistic(self) -> Self {
        let value = 1.0 / (1.0 + exp(-self.value));
        // Its slope is at most a quarter.
        Self::new(value, (0.25 * self.half + (2.0 * LIBM + 2.0 * U) * value) * WIDEN)
    }

    /// ln Σ exp.
    #[must_use]
    pub fn logsumexp(terms: &[Self]) -> Self {
        let values: Vec<f64> = terms.iter().map(|term| term.value).collect();
        // It lies between the terms' slopes, which are at least 0 and add up to 1.
        let half = terms.iter().map(|term| term.half).fold(0.0, f64::max);
        let value = logsumexp_slice(&values);
        Self::new(value, (half + softmax_rounding(terms.len(), value)) * WIDEN)
    }

    /// The logarithm of one entry's share of Σ exp, of entries that all have the same half-width. NaN when the index lies
    /// outside.
    #[must_use]
    pub fn log_softmax(values: &[f64], index: usize, half: f64) -> Self {
        let value = log_softmax(values, index);
        // An entry moves it by its own half-width times 1 − p, the others by theirs times Σ p: together at most twice.
        Self::new(value, (2.0 * half + softmax_rounding(values.len(), value)) * WIDEN)
    }

    /// The logarithm of one entry's share of Σ exp. NaN when the index lies outside.
    #[must_use]
    pub fn log_share(terms: &[Self], index: usize) -> Self {
        let values: Vec<f64> = terms.iter().map(|term| term.value).collect();
        let own = terms.get(index).map_or(0.0, |term| term.half);
        let others = terms.iter().map(|term| term.half).fold(0.0, f64::max);
        let value = log_softmax(&values, index);
        Self::new(value, (own + others + softmax_rounding(terms.len(), value)) * WIDEN)
    }

    /// Σ exp of values that all have the same half-width at most, from the sum of their middles.
    #[must_use]
    pub fn mass(sum: f64, widest: f64) -> Self {
        Self::new(sum, sum * exp_m1(widest) * WIDEN)
    }

    /// ln 2 and ln 10 are irrational: the constants stand for them within one unit roundoff.
    fn scaled_by_constant(self, constant: f64) -> Self {
        let scaled = self.scaled(constant);
        scaled.rounded(2.0, NumberFormat::F64)
    }

    fn over_constant(self, constant: f64) -> Self {
        let over = self.over(constant);
        over.rounded(2.0, NumberFormat::F64)
    }

    /// Whether the two intervals meet, so that both can be the same number; decided without rounding error. Infinities
    /// agree only with themselves, NaN with nothing.
    #[must_use]
    pub fn agrees(self, other: Self) -> bool {
        let bound = self.half + other.half;
        if self.value.is_nan() || other.value.is_nan() || bound.is_nan() {
            return false;
        }
        if !self.value.is_finite() || !other.value.is_finite() {
            return self.value.total_cmp(&other.value).is_eq();
        }
        let (difference, error) = two_sum(other.value, -self.value);
        let (size, tail) = if difference < 0.0 { (-difference, -error) } else { (difference, error) };
        size < bound || (size.total_cmp(&bound).is_eq() && tail <= 0.0)
    }

    /// Whether the number is less than another whatever the half-widths leave open.
    #[must_use]
    pub fn is_below(self, other: Self) -> bool {
        self.value < other.value && !self.agrees(other)
    }

    /// Whether the number may be 0.
    #[must_use]
    pub fn may_be_zero(self) -> bool {
        self.value.abs() <= self.half
    }
}

/// Rounding of a logsumexp of n values and of a log-softmax. Below the largest value m, a term exp(x − m) is off by
/// |x − m|·u for the difference and 2u for the function, relative; since y·e^−y < 1, all terms together are off by less
/// than 3n·u of their sum, which is at least 1. The sum rounds by (n − 1)·u, its logarithm by 2u of at most ln n ≤ n, the
/// additions that follow by u of the result each.
fn softmax_rounding(n: usize, value: f64) -> f64 {
    U * (6.0 * n as f64 + 2.0 * value.abs())
}

impl Add for Approx {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (value, error) = two_sum(self.value, other.value);
        Self::new(value, (self.half + other.half) * WIDEN + error.abs())
    }
}

impl Neg for Approx {
    type Output = Self;

    fn neg(self) -> Self {
        Self { value: -self.value, half: self.half }
    }
}

impl Sub for Approx {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Approx {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let value = self.value * other.value;
        let half = self.value.abs() * other.half + self.half * other.value.abs() + self.half * other.half;
        Self::new(value, (half + U * value.abs()) * WIDEN)
    }
}

impl Div for Approx {
    type Output = Self;

    /// Nothing is known of the quotient where the divisor may be 0.
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        // The divisor's end that is nearer to 0; its rounding is relative to the divisor.
        let least = (other.value.abs() - other.half) - U * other.value.abs();
        let half = if least > 0.0 { (self.half + value.abs() * other.half) / least } else { f64::INFINITY };
        Self::new(value, (half + 2.0 * U * value.abs()) * WIDEN)
    }
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

    fn size(value: BigRational) -> BigRational {
        if value < rational(0.0) { -value } else { value }
    }

    fn contains(interval: Approx, exact: &BigRational) -> bool {
        interval.half == f64::INFINITY || size(rational(interval.value) - exact) <= rational(interval.half)
    }

    /// A number known up to a bound, and where in its interval the true one lies, from −1 to 1.
    fn operand() -> impl Strategy<Value = (Approx, BigRational)> {
        (-40.0..40.0_f64, 0.0..2.0_f64, -1.0..=1.0_f64, -9..3_i32).prop_map(|(value, half, at, power)| {
            let half = half * crate::numeric::pow(10.0, f64::from(power));
            (Approx::new(value, half), rational(value) + rational(half) * rational(at))
        })
    }

    /// e^x within 2^−100, relative, by its series at x ÷ 64.
    fn exponential(x: &BigRational) -> BigRational {
        let small = x / rational(64.0);
        let (mut term, mut sum) = (rational(1.0), rational(1.0));
        for at in 1..32 {
            term = cut(&(term * &small / rational(f64::from(at))));
            sum += &term;
        }
        (0..6).fold(sum, |power, _| cut(&(&power * &power)))
    }

    /// Rounded to 2^−240: rationals of many operations would grow without end.
    fn cut(value: &BigRational) -> BigRational {
        let scale: BigInt = BigInt::from(1) << 240_u32;
        let scaled = value * BigRational::from_integer(scale.clone());
        BigRational::new(scaled.floor().to_integer(), scale)
    }

    proptest! {
        #[test]
        fn the_true_result_lies_inside((a, x) in operand(), (b, y) in operand(), factor in -9.0..9.0_f64) {
            prop_assert!(contains(a + b, &(&x + &y)));
            prop_assert!(contains(a - b, &(&x - &y)));
            prop_assert!(contains(a * b, &(&x * &y)));
            prop_assert!(contains(a.scaled(factor), &(&x * rational(factor))));
            if factor != 0.0 {
                prop_assert!(contains(a.over(factor), &(&x / rational(factor))));
            }
            if y != rational(0.0) {
                prop_assert!(contains(a / b, &(&x / &y)));
            }
            prop_assert!(contains(a.abs(), &size(x)));
        }

        #[test]
        fn the_true_sum_lies_inside(terms in prop::collection::vec(operand(), 0..30)) {
            let exact = terms.iter().fold(rational(0.0), |sum, (_, x)| sum + x);
            let sum = Approx::sum(terms.iter().map(|(term, _)| *term), NumberFormat::F64);
            prop_assert!(contains(sum, &exact));
        }

        #[test]
        fn a_running_sum_of_a_pipeline_lies_inside(values in prop::collection::vec(-40.0..0.0_f32, 1..60)) {
            let running: f32 = values.iter().rev().sum();
            let sum = Approx::sum(values.iter().map(|value| Approx::exact(f64::from(*value))), NumberFormat::F32);
            prop_assert!(sum.agrees(Approx::exact(f64::from(running))));
        }
    }

    proptest! {
        // Exponentials of rationals take their time.
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_true_exponential_lies_inside(value in -30.0..30.0_f64, half in 0.0..1.0_f64, at in -1.0..=1.0_f64) {
            let (interval, x) = (Approx::new(value, half), rational(value) + rational(half) * rational(at));
            prop_assert!(contains(interval.exp(), &exponential(&x)));
            prop_assert!(contains(interval.exp2(), &exponential(&(&x * ln_of(2)))));
            prop_assert!(contains(interval.exp10(), &exponential(&(&x * ln_of(10)))));
        }

        #[test]
        fn the_true_logarithm_lies_inside(value in 1e-6..1e3_f64, relative in 0.0..0.9_f64, at in -1.0..=1.0_f64) {
            let half = value * relative;
            let x = rational(value) + rational(half) * rational(at);
            let found = Approx::new(value, half).ln();
            // ln x lies in the interval exactly if x lies between the exponentials of its ends.
            let low = exponential(&(rational(found.value) - rational(found.half)));
            let high = exponential(&(rational(found.value) + rational(found.half)));
            prop_assert!(low <= x && x <= high);
        }

        #[test]
        fn the_true_root_lies_inside(value in 0.0..50.0_f64, half in 0.0..60.0_f64, at in -1.0..=1.0_f64) {
            let x = rational(value) + rational(half) * rational(at);
            let found = Approx::new(value, half).sqrt();
            let (low, high) = (rational(found.value) - rational(found.half), rational(found.value) + rational(found.half));
            let x = if x < rational(0.0) { rational(0.0) } else { x };
            prop_assert!(low < rational(0.0) || &low * &low <= x);
            prop_assert!(x <= &high * &high);
        }

        #[test]
        fn the_true_share_lies_inside(
            terms in prop::collection::vec((-20.0..0.0_f64, 0.0..0.01_f64, -1.0..=1.0_f64), 2..7)
        ) {
            let intervals: Vec<Approx> = terms.iter().map(|(value, half, _)| Approx::new(*value, *half)).collect();
            let exact: Vec<BigRational> =
                terms.iter().map(|(value, half, at)| exponential(&(rational(*value) + rational(*half) * rational(*at)))).collect();
            let total = exact.iter().fold(rational(0.0), |sum, term| sum + term);
            let inside = |found: Approx, x: &BigRational| {
                let low = exponential(&(rational(found.value) - rational(found.half)));
                low <= *x && *x <= exponential(&(rational(found.value) + rational(found.half)))
            };
            prop_assert!(inside(Approx::logsumexp(&intervals), &total));
            prop_assert!(inside(Approx::log_share(&intervals, 1), &(&exact[1] / &total)));
            let logistic = Approx::logistic(intervals[0]);
            prop_assert!(contains(logistic, &(&exact[0] / (rational(1.0) + &exact[0]))));
        }
    }

    /// ln n within 2^−100, by Newton's method on [`exponential`].
    fn ln_of(n: u32) -> BigRational {
        let target = rational(f64::from(n));
        let mut guess = rational(ln(f64::from(n)));
        for _ in 0..3 {
            let power = exponential(&guess);
            guess = cut(&(&guess + (&target - &power) / &power));
        }
        guess
    }

    #[test]
    fn one_term_has_no_rounding() {
        assert_eq!(gamma(1, NumberFormat::Bf16).to_bits(), 0.0_f64.to_bits());
        let u = NumberFormat::F32.unit_roundoff();
        assert_eq!(gamma(2, NumberFormat::F32), u / (1.0 - u));
        assert_eq!(Approx::sum([Approx::exact(-0.1)], NumberFormat::Bf16), Approx::exact(-0.1));
    }

    #[test]
    fn integers_stay_exact() {
        let (two, three) = (Approx::exact(2.0), Approx::exact(3.0));
        assert_eq!(two + three, Approx::exact(5.0));
        assert_eq!(two - three, Approx::exact(-1.0));
    }

    #[test]
    fn the_logarithm_is_open_downwards() {
        // A probability printed as 0.0001 may be 0.00005: half as much, which is ln 2 lower.
        let found = Approx::new(0.0001, 0.00005).ln();
        assert!((found.half - LN_2).abs() < 1e-12, "{found:?}");
        assert_eq!(Approx::new(0.0001, 0.0001).ln().half, f64::INFINITY);
        assert_eq!((Approx::exact(1.0) / Approx::new(0.5, 0.5)).half, f64::INFINITY);
    }

    #[test]
    fn a_claim_on_the_bound_agrees_and_one_ulp_beyond_does_not() {
        // Derived values and claims near enough for their difference to be exact.
        for (derived, bound) in
            [(-3.347_117_f64, 0.5e-6), (-512.25, 2e-6), (-512.25, 0.125), (-1e-3, 0.25e-3), (0.0, 0.5e-6)]
        {
            let claimed = derived - bound;
            let exact = derived - claimed;
            assert!(Approx::new(derived, exact).agrees(Approx::exact(claimed)));
            assert!(Approx::exact(claimed).agrees(Approx::new(derived, exact)));
            assert!(!Approx::new(derived, exact.next_down()).agrees(Approx::exact(claimed)));
            assert!(Approx::exact(claimed).is_below(Approx::new(derived, exact.next_down())) == (bound > 0.0));
        }
    }

    #[test]
    fn infinities_agree_only_with_themselves() {
        let low = Approx::exact(f64::NEG_INFINITY);
        assert!(low.agrees(low));
        assert!(!low.agrees(Approx { value: -3.0, half: 1e9 }));
        assert!(!Approx::exact(f64::NAN).agrees(Approx::exact(f64::NAN)));
        assert!(low.is_below(Approx::exact(-3.0)));
        assert_eq!(low + Approx::new(1.0, 0.5), low);
    }
}
