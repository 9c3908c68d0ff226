//! Constants that a pipeline put around a formula, solved from its claims.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::numeric::{Approx, ln, show};

/// A constant in a formula. Each is known up to what the claims' digits leave open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Constant {
    /// None.
    #[default]
    None,
    /// The printed value times a number.
    Factor(Approx),
    /// The printed value plus a number.
    Shift(Approx),
    /// The printed value times one number and plus another one.
    Affine {
        /// The number that it is multiplied by.
        factor: Approx,
        /// The number that is added.
        shift: Approx,
    },
    /// Divided by the number of steps to a power, before the output function.
    Power(Approx),
    /// Divided by the number of steps plus a number, before the output function.
    Offset(Approx),
}

impl Constant {
    /// A value of n steps, before the output function; None where it has no value.
    #[must_use]
    pub(super) fn divide(&self, value: Approx, n: u32) -> Option<Approx> {
        let steps = f64::from(n);
        match self {
            Self::Power(_) if n == 0 => None,
            Self::Power(power) => Some(value / power.scaled(ln(steps)).exp()),
            Self::Offset(offset) => Some(value / (Approx::exact(steps) + *offset)),
            _ => Some(value),
        }
    }

    /// A value after its output function.
    #[must_use]
    pub(super) fn print(&self, value: Approx) -> Approx {
        match self {
            Self::Factor(factor) => value * *factor,
            Self::Shift(shift) => value + *shift,
            Self::Affine { factor, shift } => value * *factor + *shift,
            Self::None | Self::Power(_) | Self::Offset(_) => value,
        }
    }

    /// A printed value before the constant was put to it.
    #[must_use]
    pub(super) fn unprint(&self, printed: Approx) -> Approx {
        match self {
            Self::Factor(factor) => printed / *factor,
            Self::Shift(shift) => printed - *shift,
            Self::Affine { factor, shift } => (printed - *shift) / *factor,
            Self::None | Self::Power(_) | Self::Offset(_) => printed,
        }
    }

    /// A value of n steps before it was divided.
    #[must_use]
    pub(super) fn undivide(&self, value: Approx, n: u32) -> Approx {
        let steps = f64::from(n);
        match self {
            Self::Power(power) => value * power.scaled(ln(steps)).exp(),
            Self::Offset(offset) => value * (Approx::exact(steps) + *offset),
            _ => value,
        }
    }

    /// Number of constants.
    #[must_use]
    pub fn count(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Affine { .. } => 2,
            _ => 1,
        }
    }

    /// The text of a divisor with the constant in it, after what is divided.
    pub(super) fn divided(&self, text: &str) -> String {
        match self {
            Self::Power(power) => format!("{text}/n^{}", show(power.value)),
            Self::Offset(offset) => format!("{text}/(n {})", plus(offset)),
            _ => text.to_owned(),
        }
    }

    /// A formula's text with the constant around it.
    pub(super) fn around(&self, text: &str) -> String {
        match self {
            Self::Factor(factor) => format!("{}*{text}", show(factor.value)),
            Self::Shift(shift) => format!("{text} {}", plus(shift)),
            Self::Affine { factor, shift } => format!("{}*{text} {}", show(factor.value), plus(shift)),
            _ => text.to_owned(),
        }
    }
}

/// `+ 0.25` or `- 0.25`.
fn plus(shift: &Approx) -> String {
    let sign = if shift.value < 0.0 { '-' } else { '+' };
    format!("{sign} {}", show(shift.value.abs()))
}

/// In words, after the words of the formula.
impl fmt::Display for Constant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plus = |shift: &Approx| {
            let word = if shift.value < 0.0 { "minus" } else { "plus" };
            format!("{word} {}", show(shift.value.abs()))
        };
        match self {
            Self::None => Ok(()),
            Self::Factor(factor) => write!(formatter, " times {}", show(factor.value)),
            Self::Shift(shift) => write!(formatter, " {}", plus(shift)),
            Self::Affine { factor, shift } => write!(formatter, " times {} {}", show(factor.value), plus(shift)),
            Self::Power(power) => {
                write!(formatter, " divided by the number of tokens to the power {}", show(power.value))
            }
            Self::Offset(offset) => write!(formatter, " divided by the number of tokens {}", plus(offset)),
        }
    }
}
