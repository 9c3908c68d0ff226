//! Log formats: how each is recognised, which conventions it has, and how its records become Items.
//!
//! A format never judges and never repairs. Adding one: a module here, two lines in this file (module
//! and list), its fixtures, its row in `docs/formats.md`.

pub mod json;
pub mod lm_eval;
pub mod native;
pub mod origin;
pub mod window;

use std::io::Read;

use crate::config::{ColumnSpec, InputConfig};
use crate::model::{Item, MetricClaim, Origin, RecordError};

/// What is known of an input before it is read: its name and its first bytes, unpacked.
pub struct Head<'h> {
    /// The path as shown.
    pub path: &'h str,
    /// The file name without compression suffix.
    pub name: &'h str,
    /// The first bytes (up to [`HEAD_BYTES`]).
    pub bytes: &'h [u8],
    /// Whether `bytes` is all there is.
    pub whole: bool,
}

/// How much of an input recognition looks at.
pub const HEAD_BYTES: usize = 1 << 18;

/// How sure a format is that an input is its own: 0 no, 100 certain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Likeness {
    /// 0 to 100.
    pub confidence: u8,
    /// What was seen, for `check -v` and for the message on unknown input.
    pub evidence: String,
}

/// How a file is cut into records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One record per line; lines are parsed in parallel.
    Lines,
    /// One record per element of a top-level JSON array.
    Elements,
    /// The reader reads the whole stream itself.
    Whole,
}

/// One record of a line-based or array file.
#[derive(Clone, Copy, Debug)]
pub struct RawRecord<'r> {
    /// Index of the input.
    pub file: u32,
    /// Line of its first byte, from 1.
    pub line: u64,
    /// Column of its first byte, from 1.
    pub column: u64,
    /// Its bytes.
    pub bytes: &'r [u8],
}

/// Where a reader sends what it reads.
pub trait Emit {
    /// One item or part of one.
    fn item(&mut self, item: &Item<'_>, origin: &dyn Origin);
    /// A number that the pipeline reported of the run.
    fn metric(&mut self, claim: MetricClaim);
    /// A record that could not be read.
    fn error(&mut self, error: RecordError);
    /// Counts a record that was read.
    fn record(&mut self);
    /// A work unit starts: what comes next need not follow what came before.
    fn unit(&mut self) {}
}

/// Reads one input that its format has recognised. Shared by all threads.
pub trait Reader: Send + Sync {
    /// How to cut the input.
    fn framing(&self) -> Framing;
    /// The claim columns that its items refer to by index.
    fn columns(&self) -> &[ColumnSpec];
    /// Reads one record (framing lines or elements).
    fn read_record(&self, record: RawRecord<'_>, out: &mut dyn Emit);
    /// Reads the whole stream (framing whole).
    fn read_stream(&self, file: u32, stream: &mut dyn Read, out: &mut dyn Emit);
    /// Which field was taken for which role, for `check -v`.
    fn mapping(&self) -> Vec<(String, String)>;
    /// The tool's version, where the log says it.
    fn version(&self) -> Option<String> {
        None
    }
    /// Key of the run that this input belongs to, within its directory: inputs with equal keys are one run.
    fn run_key(&self) -> String {
        String::new()
    }
}

/// A log format.
pub trait Format: Sync {
    /// Its name, as for `--input-format`.
    fn name(&self) -> &'static str;
    /// What it is in a few words.
    fn about(&self) -> &'static str;
    /// How sure it is of an input.
    fn recognise(&self, head: &Head<'_>) -> Likeness;
    /// Makes a reader, or says what is ambiguous or missing.
    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String>;
}

/// All formats, in the order of the documentation.
pub static FORMATS: &[&dyn Format] =
    &[&native::LINES, &native::ARRAY, &native::CSV, &native::SUMMARY, &lm_eval::SAMPLES, &lm_eval::RESULTS];
