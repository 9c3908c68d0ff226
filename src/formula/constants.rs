//! Constants that a pipeline put around a formula, solved from its claims.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::numeric::{Approx, ln, show};

/// A constant in a formula, applied before the output function. Each is known up to what the claims' digits leave open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Constant {
    /// None.
    #[default]
    None,
    /// Times a number.
    Factor(Approx),
    /// Plus a number.
    Shift(Approx),
    /// Times one number and plus another one.
    Affine {
        /// The number that it is multiplied by.
        factor: Approx,
        /// The number that is added.
        shift: Approx,
    },
    /// Divided by the number of steps to a power.
    Power(Approx),
    /// Divided by the number of steps plus a number.
    Offset(Approx),
}

impl Constant {
    /// A value of n steps with the constant applied; None where it has no value.
    #[must_use]
    pub(super) fn apply(&self, value: Approx, n: u32) -> Option<Approx> {
        let steps = f64::from(n);
        Some(match self {
            Self::None => value,
            Self::Factor(factor) => value * *factor,
            Self::Shift(shift) => value + *shift,
            Self::Affine { factor, shift } => value * *factor + *shift,
            Self::Power(_) if n == 0 => return None,
            Self::Power(power) => value / power.scaled(ln(steps)).exp(),
            Self::Offset(offset) => value / (Approx::exact(steps) + *offset),
        })
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

    /// A formula's text with the constant in it.
    pub(super) fn around(&self, text: &str) -> String {
        let plus = |shift: &Approx| {
            let sign = if shift.value < 0.0 { '-' } else { '+' };
            format!("{sign} {}", show(shift.value.abs()))
        };
        match self {
            Self::None => text.to_owned(),
            Self::Factor(factor) => format!("{}*{text}", show(factor.value)),
            Self::Shift(shift) => format!("({text} {})", plus(shift)),
            Self::Affine { factor, shift } => format!("({}*{text} {})", show(factor.value), plus(shift)),
            Self::Power(power) => format!("{text}/n^{}", show(power.value)),
            Self::Offset(offset) => format!("{text}/(n {})", plus(offset)),
        }
    }
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
