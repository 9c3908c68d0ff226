//! Results that a pipeline cast to a 16-bit format before it scaled them or took their exponential.

use serde::{Deserialize, Serialize};

use crate::formula::Formula;
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

impl Cast {
    /// Casts that are looked for; single precision is granted to every pipeline.
    pub const ALL: [Self; 4] = [
        Self { stage: Stage::Sum, format: NumberFormat::Bf16 },
        Self { stage: Stage::Sum, format: NumberFormat::F16 },
        Self { stage: Stage::Scaled, format: NumberFormat::Bf16 },
        Self { stage: Stage::Scaled, format: NumberFormat::F16 },
    ];
}

/// The cast that the claims of a column show, once scale and output of the formula that they follow are undone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Casts(Option<(Formula, Cast)>);

impl Casts {
    /// A cast under a formula.
    #[must_use]
    pub fn under(formula: Formula, cast: Cast) -> Self {
        Self(Some((formula, cast)))
    }

    /// Whether no cast is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The cast, whatever the formula.
    #[must_use]
    pub fn cast(&self) -> Option<Cast> {
        self.0.map(|(_, cast)| cast)
    }

    /// The cast that a formula's values went through: formulas that reduce, scale and print in one way share it.
    #[must_use]
    pub fn of(&self, formula: &Formula) -> Option<Cast> {
        let (known, cast) = self.0?;
        let stages = |formula: &Formula| (formula.reduce, formula.scale, formula.output);
        (stages(&known) == stages(formula)).then_some(cast)
    }
}
