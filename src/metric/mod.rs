//! Metrics: their names, the definition of a row's value, the aggregation of rows into a run's metric, and known errors
//! in computing each.

pub mod advantages;
pub mod aggregate;
pub mod answer;
mod capped;
pub mod catalogue;
pub mod choice;
pub mod columns;
mod combination;
pub mod definition;
mod found;
pub mod group;
pub mod joint;
pub mod judged;
mod known;
mod named;
mod pairs;
mod parts;
pub mod row;
mod rows;
mod search;
mod texts;
mod tokens;
mod weights;
mod wrong;

pub use answer::{Answer, Asked, Doubt, RunFacts};
pub use catalogue::quotient;
pub use columns::RowColumns;
pub use definition::JudgedRow;
pub use found::{Partial, Remark};
pub use joint::is_compared;
pub use judged::JudgedMetric;
pub use known::{Kind, Metric};
pub use named::is_about;
pub use rows::{FEWEST, MetricRows, RefutedRow};
pub use tokens::TokenTotals;
pub use wrong::AggregateCause;

#[cfg(test)]
mod tests;
