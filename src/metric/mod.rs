//! Metrics: their names, the definition of a row's value, the aggregation of rows into a run's metric, and known errors
//! in computing each.

mod about;
pub mod advantages;
pub mod aggregate;
pub mod alike;
mod alone;
pub mod answer;
pub mod beneath;
mod capped;
pub mod catalogue;
pub mod choice;
pub mod columns;
mod combination;
pub mod definition;
pub mod distribution;
mod equations;
pub mod facts;
pub mod field_names;
mod fixed;
mod found;
pub mod grading;
pub mod group;
pub mod joint;
pub mod judged;
mod known;
mod named;
pub mod outcomes;
mod pairs;
mod parts;
pub mod ranking;
pub mod retrieval_name;
pub mod reward_sums;
pub mod row;
mod rows;
mod search;
mod shares;
mod spread;
mod texts;
mod tokens;
pub mod votes;
mod weights;
mod wrong;

pub use about::{is_about, may_decide};
pub use answer::{Answer, Asked, Doubt, RunFacts};
pub use catalogue::quotient;
pub use columns::RowColumns;
pub use definition::JudgedRow;
pub use found::{Partial, Remark};
pub use judged::JudgedMetric;
pub use known::{Kind, Metric};
pub use rows::{FEWEST, MetricRows, RefutedRow};
pub use tokens::TokenTotals;
pub use wrong::AggregateCause;

#[cfg(test)]
mod tests;
