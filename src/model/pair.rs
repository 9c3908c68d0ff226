//! Numbers of rollouts that follow from the two log-probs of a token, the trainer's and the engine's.

use std::borrow::Cow;
use std::sync::Arc;

use crate::numeric::Printed;

/// Whose log-probs are compared. The tokens were sampled by the second one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairSides {
    /// The trainer's and the engine's.
    TrainerAndEngine,
    /// Those of a reference model and of the policy, which have the parts of trainer and engine in what follows.
    ReferenceAndPolicy,
}

impl PairSides {
    /// Words about trainer and engine, as words about these two.
    #[must_use]
    pub fn words(self, words: &'static str) -> Cow<'static, str> {
        match self {
            Self::TrainerAndEngine => Cow::Borrowed(words),
            Self::ReferenceAndPolicy => Cow::Owned(words.replace("trainer", "reference").replace("engine", "policy")),
        }
    }
}

/// A number of one token, from the trainer's log-prob t and the engine's e, both in nats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PairFormula {
    /// e^(t − e): the importance ratio.
    Ratio,
    /// e^(e − t).
    InverseRatio,
    /// t − e: the logarithm of the ratio.
    LogRatio,
    /// e − t: the estimator k1 of KL(engine‖trainer).
    InverseLogRatio,
    /// (t − e)² ÷ 2: the estimator k2, the same in both directions.
    HalfSquare,
    /// e^(t − e) − 1 − (t − e): the estimator k3 of KL(engine‖trainer).
    K3,
    /// e^(e − t) − 1 − (e − t): the same in the other direction.
    K3Swapped,
    /// e^t − e^e.
    ProbDifference,
    /// |e^t − e^e|.
    ProbDistance,
    /// |t − e|.
    Distance,
    /// (t − e)².
    Square,
}

impl PairFormula {
    /// All of them, those that are mistaken for one another next to each other.
    pub const ALL: [Self; 11] = [
        Self::K3,
        Self::K3Swapped,
        Self::InverseLogRatio,
        Self::LogRatio,
        Self::HalfSquare,
        Self::Square,
        Self::Distance,
        Self::Ratio,
        Self::InverseRatio,
        Self::ProbDifference,
        Self::ProbDistance,
    ];

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Ratio => "exp(trainer - engine)",
            Self::InverseRatio => "exp(engine - trainer)",
            Self::LogRatio => "trainer - engine",
            Self::InverseLogRatio => "engine - trainer (k1)",
            Self::HalfSquare => "(trainer - engine)^2 / 2 (k2)",
            Self::K3 => "r - 1 - ln r with r = exp(trainer - engine) (k3)",
            Self::K3Swapped => "r - 1 - ln r with r = exp(engine - trainer)",
            Self::ProbDifference => "exp(trainer) - exp(engine)",
            Self::ProbDistance => "|exp(trainer) - exp(engine)|",
            Self::Distance => "|trainer - engine|",
            Self::Square => "(trainer - engine)^2",
        }
    }
}

/// How the numbers of a rollout's tokens become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reduce {
    /// Their mean.
    Mean,
    /// Their sum.
    Sum,
    /// Their largest.
    Max,
    /// e to their sum.
    ExpSum,
    /// e to their mean.
    ExpMean,
}

/// Which tokens of a rollout count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenMask {
    /// Those that were sampled and are trained on.
    Response,
    /// Those that are no padding.
    Attention,
    /// All.
    All,
}

/// The two log-probs of a token with the masks that it counts under.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TokenPair {
    /// The trainer's log-prob.
    pub trainer: Printed,
    /// The engine's log-prob.
    pub engine: Printed,
    /// Whether it was sampled and is trained on.
    pub response: bool,
    /// Whether it is no padding; true where that is not logged.
    pub attention: bool,
}

impl TokenPair {
    /// Whether it counts under a mask.
    #[must_use]
    pub fn counts(&self, mask: TokenMask) -> bool {
        match mask {
            TokenMask::Response => self.response,
            TokenMask::Attention => self.attention,
            TokenMask::All => true,
        }
    }
}

/// What the name of a number of one token promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairPromise {
    /// Whose log-probs are compared.
    pub sides: PairSides,
    /// The formulas of which one may be meant, the most frequent one first.
    pub formulas: &'static [PairFormula],
    /// Whether it is certainly one of these. If not, a number that is none of them is something else.
    pub is_certain: bool,
}

/// A number of a whole rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct OverTokens {
    /// Whose log-probs are compared.
    pub sides: PairSides,
    /// The ways of which one may be meant, over the tokens that count.
    pub ways: Vec<(PairFormula, Reduce)>,
    /// Whether it is certainly one of these. If not, only what is one of them over other tokens is wrong.
    pub is_certain: bool,
    /// Its tokens.
    pub tokens: Arc<[TokenPair]>,
}
