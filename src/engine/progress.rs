//! How far an audit is: passes over the inputs, and the bytes of each.

use std::sync::Arc;

/// Who is told, from any worker thread.
pub type Tell = Arc<dyn Fn(Progress<'_>) + Send + Sync>;

/// What an audit tells while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'p> {
    /// A pass over some inputs begins.
    Pass {
        /// Its number, from 1.
        number: u32,
        /// The bytes of its inputs; None where some are packed, or are no files.
        bytes: Option<u64>,
    },
    /// Some bytes of an input were read, unpacked. Short inputs may be read more than once in a pass.
    Read {
        /// The path of the input.
        path: &'p str,
        /// Number of bytes since the last time.
        bytes: u64,
    },
}
