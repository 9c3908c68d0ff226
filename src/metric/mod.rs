//! Metrics: what they are called, how the value of a row follows from its item, how rows become the number of a run, and
//! which wrong numbers are known for each.

pub mod aggregate;
pub mod answer;
pub mod catalogue;
pub mod choice;
pub mod definition;
pub mod group;
pub mod judged;
mod known;
pub mod row;
mod rows;
mod tokens;
mod wrong;

pub use answer::{Answer, Asked, Doubt, RunFacts};
pub use catalogue::quotient;
pub use definition::JudgedRow;
pub use judged::{JudgedMetric, Partial};
pub use known::{Kind, Metric};
pub use rows::{FEWEST, MetricRows, RefutedRow};
pub use tokens::TokenTotals;
pub use wrong::AggregateCause;

#[cfg(test)]
mod tests;
