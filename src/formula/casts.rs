//! Results that a pipeline cast to a 16-bit format before it scaled them or took their exponential.

use serde::{Deserialize, Serialize};

use crate::formula::{Formula, Output, Reduce, Scale};
use crate::numeric::NumberFormat;

/// The stage whose result was cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The sum, before it is divided.
    Sum,
    /// The quotient, before its exponential or logarithm.
    Scaled,
}

/// A cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cast {
    /// What was cast.
    pub stage: Stage,
    /// To what.
    pub format: NumberFormat,
}

/// The casts that the claims of a column show once scale and output are undone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Casts {
    /// Under the column's own convention.
    pub own: Option<(Formula, Cast)>,
    /// Of claims times the number of tokens.
    pub by_tokens: Option<NumberFormat>,
    /// Of the logarithms of claims.
    pub log: Option<NumberFormat>,
    /// Of the logarithms of claims times the number of tokens.
    pub log_by_tokens: Option<NumberFormat>,
}

impl Casts {
    /// Whether no cast is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The cast that a formula's values went through. A cast of the claim itself belongs to its resolution.
    #[must_use]
    pub fn of(&self, formula: &Formula) -> Option<Cast> {
        let sum = |format| Cast { stage: Stage::Sum, format };
        if let Some((convention, cast)) = self.own
            && (convention.reduce, convention.scale, convention.output)
                == (formula.reduce, formula.scale, formula.output)
        {
            return Some(cast);
        }
        if formula.reduce.half_precision().is_some() {
            return None;
        }
        let by_tokens = formula.reduce == Reduce::Mean;
        match formula.output {
            Output::Nats | Output::Negated if by_tokens => self.by_tokens.map(sum),
            Output::Exp | Output::ExpNegated if by_tokens => self
                .log_by_tokens
                .map(sum)
                .or(self.log.map(|format| Cast { stage: Stage::Scaled, format })),
            Output::Exp | Output::ExpNegated if formula.scale == Scale::None => self.log.map(sum),
            _ => None,
        }
    }
}
