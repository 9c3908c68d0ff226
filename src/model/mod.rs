//! The words of the project as types: what a log holds, what it claims, and where.
//!
//! Everything here is plain data. A format fills these types, `audit` reads them, nothing in this
//! module computes a score or has an opinion.

mod claim;
mod file_name;
mod glob;
mod hash;
mod item;
mod metric;
mod pair;
mod path;
mod place;
mod record;
mod row;
mod step;
mod steps;
mod summary;
mod text;
mod verdict;

pub use claim::{CandidateClaim, Claim, ClaimKind, ColumnId, ColumnKey, RowClaim, RunClaim};
pub use file_name::{NameKind, PACKED, ending, unpacked_name};
pub use glob::glob;
pub use hash::{StableHasher, stable_hash};
pub use item::{ArrayLength, Candidate, Item, LoggedTotal, PickRef, SideValue, StatedTotals};
pub use metric::{
    Aggregation, Counted, Definition, Divisor, EntropyOf, Part, Ranking, RowMetric, RowValue, RunMetric, ScoreOutput,
    TaskGroup, Weights,
};
pub use pair::{OverTokens, PairFormula, PairPromise, PairSides, Reduce, TokenMask, TokenPair};
pub use path::TokenPath;
pub use place::{At, Located, Origin, Place, Snippet, Span};
pub use record::RecordError;
pub use row::{FieldValue, Returned, RewardOf, RowFact, RowField, TokenSums, Vote, plain_name};
pub use step::{Alternative, Logged, Segment, Slice, Step};
pub use steps::{MAX_STEPS, Steps};
pub use summary::{CandidateSummary, Choice, ItemSummary, OPENING, Reported, answer_hash};
pub use text::Text;
pub use verdict::{Certainty, Severity, Verdict, VerdictCounts};
