//! The numbers: pinned transcendental functions, exact sums, printed decimals, number formats, intervals.
//!
//! Everything here gives the same bits on every platform.

mod approx;
mod decimal;
mod format;
mod grid;
mod logsumexp;
mod math;
pub mod noise;
mod paired;
mod rank;
mod resolution;
mod show;
mod sum;

pub use approx::Approx;
pub use decimal::Printed;
pub use format::{NumberFormat, SUBNORMALS, subnormal_spacing};
pub use grid::{GridStats, bits_on_grid, on_grid};
pub use logsumexp::{entropy, log_softmax, logsumexp, logsumexp_slice, softmax};
pub use math::{LN_2, LN_10, exp, exp_m1, ln, ln_1p, log2, log10, pow, sqrt};
pub use paired::{mcnemar_exact, stderr_of_mean};
pub use rank::spearman;
pub(crate) use resolution::half_of_last_digit;
pub use resolution::{Resolution, ResolutionStats, Tolerance};
pub use show::show;
pub use sum::{ExactSum, exact_sum};
