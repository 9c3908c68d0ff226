//! How a pipeline may compute and print numbers: number formats, orders of summation, digits.

use retally::numeric::NumberFormat;

use super::random::Random;

/// How a list of values is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    /// Sequentially in double precision.
    Double,
    /// Sequentially in single precision. Doubles are rounded first, as in a tensor built from them.
    SingleRunning,
    /// Pairwise in single precision, as in numpy.
    SinglePairwise,
    /// From last to first in single precision.
    SingleBackwards,
    /// Sequentially in half precision.
    Half(NumberFormat),
}

impl Reduction {
    pub(crate) fn sum(self, values: &[f64]) -> f64 {
        let running = |format: NumberFormat, values: &mut dyn Iterator<Item = f64>| {
            values.fold(0.0, |sum, value| format.round(sum + format.round(value)))
        };
        match self {
            Self::Double => running(NumberFormat::F64, &mut values.iter().copied()),
            Self::SingleRunning => running(NumberFormat::F32, &mut values.iter().copied()),
            Self::SingleBackwards => running(NumberFormat::F32, &mut values.iter().rev().copied()),
            Self::SinglePairwise => pairwise(values),
            Self::Half(format) => running(format, &mut values.iter().copied()),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Double => "f64",
            Self::SingleRunning => "f32 running",
            Self::SinglePairwise => "f32 pairwise",
            Self::SingleBackwards => "f32 backwards",
            Self::Half(NumberFormat::Bf16) => "bf16 running",
            Self::Half(_) => "fp16 running",
        }
    }
}

fn pairwise(values: &[f64]) -> f64 {
    match values {
        [] => 0.0,
        [only] => NumberFormat::F32.round(*only),
        several => {
            let (left, right) = several.split_at(several.len() / 2);
            NumberFormat::F32.round(pairwise(left) + pairwise(right))
        }
    }
}

/// How a number is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Printing {
    /// Enough digits for a double.
    Double,
    /// Enough digits for the nearest single-precision number.
    Single,
    /// `%.Nf`
    Fixed(usize),
    /// `%.Ng`
    General(usize),
    /// `%.Ne`
    Scientific(usize),
}

impl Printing {
    pub(crate) fn text(self, value: f64) -> String {
        match self {
            Self::Double => format!("{value:?}"),
            Self::Single => format!("{:?}", single(value)),
            Self::Fixed(decimals) => format!("{value:.decimals$}"),
            Self::Scientific(decimals) => scientific(value, decimals),
            Self::General(digits) => general(value, digits),
        }
    }

    /// Half a unit of the last printed digit of a value.
    pub(crate) fn half(self, value: f64) -> f64 {
        match self {
            Self::Double => NumberFormat::F64.half_ulp(value),
            Self::Single => NumberFormat::F32.half_ulp(value),
            Self::Fixed(decimals) => 0.5 * ten_to(-places(decimals)),
            Self::Scientific(decimals) => 0.5 * ten_to(exponent(value, decimals) - places(decimals)),
            Self::General(digits) => 0.5 * ten_to(exponent(value, digits - 1) - places(digits) + 1),
        }
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::Double => "17 digits".to_owned(),
            Self::Single => "f32 digits".to_owned(),
            Self::Fixed(decimals) => format!("%.{decimals}f"),
            Self::Scientific(decimals) => format!("%.{decimals}e"),
            Self::General(digits) => format!("%.{digits}g"),
        }
    }
}

/// A number of digits as a power of ten.
#[expect(clippy::cast_possible_wrap, reason = "numbers have a few digits")]
fn places(digits: usize) -> i32 {
    digits as i32
}

fn ten_to(power: i32) -> f64 {
    retally::numeric::pow(10.0, f64::from(power))
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to single precision is what is asked for")]
fn single(value: f64) -> f32 {
    value as f32
}

/// The power of ten of a value, after its mantissa is rounded to some decimals.
fn exponent(value: f64, decimals: usize) -> i32 {
    let text = format!("{value:.decimals$e}");
    text.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

/// `%.Ne`: the exponent has a sign and two digits.
fn scientific(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$e}");
    let (mantissa, _) = text.split_once('e').unwrap_or((&text, ""));
    format!("{mantissa}e{:+03}", exponent(value, decimals))
}

/// `%.Ng`: without trailing zeros, with an exponent for small and large numbers.
fn general(value: f64, digits: usize) -> String {
    let power = exponent(value, digits - 1);
    let trim = |text: &str| {
        let zeros = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
        zeros.to_owned()
    };
    if power < -4 || power >= places(digits) {
        let text = scientific(value, digits - 1);
        let (mantissa, power) = text.split_once('e').unwrap_or((&text, "+00"));
        return format!("{}e{power}", trim(mantissa));
    }
    let decimals = (places(digits) - 1 - power) as usize;
    trim(&format!("{value:.decimals$}"))
}

/// How a log's numbers were computed and printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arithmetic {
    /// The format that the tokens' log-probs are stored in.
    pub(crate) stored: NumberFormat,
    /// How they are printed.
    pub(crate) steps: Printing,
    /// How they are summed.
    pub(crate) reduction: Reduction,
    /// The format that the sum is cast to.
    pub(crate) cast: NumberFormat,
    /// How the claim is printed.
    pub(crate) claim: Printing,
}

impl Arithmetic {
    pub(crate) fn draw(random: &mut Random) -> Self {
        use NumberFormat::{Bf16, F16, F32, F64};
        let stored = random.weighted(&[(F64, 3), (F32, 4), (Bf16, 2), (F16, 2)]);
        let digits = if stored == F64 { Printing::Double } else { random.pick(&[Printing::Double, Printing::Single]) };
        let steps = random.weighted(&[
            (digits, 8),
            (Printing::Fixed(6), 3),
            (Printing::Fixed(4), 3),
            (Printing::Fixed(3), 2),
            (Printing::Fixed(2), 1),
            (Printing::General(5), 1),
            (Printing::General(4), 1),
            (Printing::Scientific(3), 1),
        ]);
        let reduction = random.weighted(&[
            (Reduction::Double, 4),
            (Reduction::SingleRunning, 2),
            (Reduction::SinglePairwise, 1),
            (Reduction::SingleBackwards, 1),
        ]);
        let cast = random.weighted(&[(F64, 4), (F32, 3), (Bf16, 2), (F16, 2)]);
        let claim = random.weighted(&[
            (Printing::Double, 8),
            (Printing::Single, 1),
            (Printing::Fixed(6), 3),
            (Printing::Fixed(4), 3),
            (Printing::Fixed(2), 2),
            (Printing::General(6), 1),
            (Printing::General(5), 1),
            (Printing::General(4), 1),
            (Printing::Scientific(3), 1),
        ]);
        Self { stored, steps, reduction, cast, claim }
    }

    /// Half a unit of the last known digit of a stored and printed log-prob.
    pub(crate) fn half_of_step(&self, value: f64) -> f64 {
        let stored = if self.stored == NumberFormat::F64 { 0.0 } else { self.stored.half_ulp(value) };
        self.steps.half(value).max(stored)
    }
}

/// The name of a number format in a table.
pub(crate) fn format_name(format: NumberFormat) -> &'static str {
    match format {
        NumberFormat::Bf16 => "bf16",
        NumberFormat::F16 => "fp16",
        NumberFormat::F32 => "f32",
        NumberFormat::F64 => "f64",
    }
}
