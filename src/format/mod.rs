//! Log formats: how each is recognised, its conventions, and how its records become Items.
//!
//! A format never judges and never repairs. To add one: a module in the folder of its family, an entry in the family's
//! list, and fixtures. `docs/formats.md` is generated from its `INFO`.

mod engine;
pub mod field;
mod harness;
pub mod head;
mod hosted;
pub mod info;
pub mod json;
mod keys;
pub mod mapped;
pub mod native;
pub mod origin;
pub mod records;
mod rewards;
mod rollout;
pub mod shape;
pub mod steps;
mod translation;
pub mod window;

use crate::config::{ColumnSpec, InputConfig};
use crate::model::{Item, Origin, RecordError, RunClaim};
use crate::source::{ByteMap, Opened};

pub use head::{FIRST_RECORDS, HEAD_BYTES, Head};
pub use info::FormatInfo;
pub use mapped::{MappedField, MappedRole};

/// Confidence that an input has this format: 0 no, 100 certain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Confidence {
    /// 0 to 100.
    pub percent: u8,
    /// The evidence, for `check -v` and for the error on unrecognised input.
    pub evidence: String,
}

impl Confidence {
    /// No confidence.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A percentage with its evidence.
    #[must_use]
    pub fn of(percent: u8, evidence: impl Into<String>) -> Self {
        Self { percent, evidence: evidence.into() }
    }

    /// The given confidence if all records have the shape, a lower one if at least half of them do, otherwise none.
    #[must_use]
    pub fn of_share(share: u8, confidence: u8, evidence: impl Into<String>) -> Self {
        match share {
            100.. => Self::of(confidence, evidence),
            50..100 => {
                Self::of(confidence.saturating_sub(20), format!("{share} % of the first records: {}", evidence.into()))
            }
            _ => Self::none(),
        }
    }
}

/// How a file is cut into records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One record per line; lines are parsed in parallel.
    Lines,
    /// One record per element of a top-level JSON array.
    Elements,
    /// One JSON object. Its records are the entries of the array, or the members of the object, at this path of keys. A
    /// member is read as an object of its own, `{"key": value}`. After all records, the rest of the document is read as
    /// the shell.
    Nested(&'static [&'static str]),
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
    /// Position of the bytes in the input.
    pub map: ByteMap<'r>,
}

/// Receives the output of a reader.
pub trait Sink {
    /// One item or part of one.
    fn item(&mut self, item: &Item<'_>, origin: &dyn Origin);
    /// A metric that the pipeline reported for the run.
    fn metric(&mut self, claim: RunClaim);
    /// A record that could not be read.
    fn error(&mut self, error: RecordError);
    /// Counts a record that was read.
    fn record(&mut self);
    /// The fields of a JSON record, after its items were sent.
    fn fields(&mut self, _record: &RawRecord<'_>, _root: json::Value<'_>) {}
    /// The cells of a table row that starts at a line and column, after its items were sent. Empty cells are left out.
    fn cells<'c>(&mut self, _at: (u64, u64), _header: &'c [String], _cells: &mut dyn Iterator<Item = &'c [u8]>) {}
    /// Starts a work unit: the next record need not follow the previous one.
    fn unit(&mut self) {}
}

/// Reads one input that its format has recognised. Shared by all threads.
pub trait Reader: Send + Sync {
    /// How to cut the input.
    fn framing(&self) -> Framing;
    /// The claim columns that its items refer to by index.
    fn columns(&self) -> &[ColumnSpec];
    /// What of the input is not read although it may be meant to be, as sentences.
    fn unread(&self) -> Vec<String> {
        Vec::new()
    }
    /// Reads one record (framing lines, elements or inside).
    fn read_record(&self, _record: RawRecord<'_>, _out: &mut dyn Sink) {}
    /// Reads the document around the records (framing nested), with an empty list in their place.
    fn read_shell(&self, _shell: RawRecord<'_>, _out: &mut dyn Sink) {}
    /// Reads the whole stream (framing whole).
    fn read_stream(&self, _file: u32, _stream: Opened, _out: &mut dyn Sink) {}
    /// The mapping from fields to roles.
    fn mapping(&self) -> Vec<MappedField>;
    /// The tool's version, if the log states it.
    fn version(&self) -> Option<String> {
        None
    }
    /// Key of the run that this input belongs to, within its directory. Inputs with equal keys are one run.
    fn run_key(&self) -> String {
        String::new()
    }
    /// The directory of the run, as displayed, for tools that write the files of one run to several directories; None
    /// for the input's own directory.
    fn run_directory(&self) -> Option<String> {
        None
    }
    /// Conventions assumed for the tool and its version, one per line, for `check -v`.
    fn conventions(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A log format.
pub trait Format: Sync {
    /// The description, for `retally formats` and the documentation.
    fn info(&self) -> &'static FormatInfo;
    /// Name, as for `--input-format`.
    fn name(&self) -> &'static str {
        self.info().name
    }
    /// Short description.
    fn about(&self) -> &'static str {
        self.info().about
    }
    /// The tool that writes it. Files of one tool in one directory can form one run: the rows of all tasks and the
    /// metrics over them.
    fn tool(&self) -> &'static str {
        self.name()
    }
    /// Whether the configuration can name its fields and the conventions of its columns, as for the native formats.
    fn is_mappable(&self) -> bool {
        false
    }
    /// Whether its files hold only run-level metrics, in one document beside the rows.
    fn is_summary(&self) -> bool {
        false
    }
    /// Keys of which its records have at least one, at any depth. A head without any of them is not asked further; a format
    /// without such keys has none.
    fn marks(&self) -> &'static [&'static str] {
        &[]
    }
    /// Confidence that an input has this format.
    fn recognise(&self, head: &Head<'_>) -> Confidence;
    /// Creates a reader. Returns an error message if fields are ambiguous or missing.
    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String>;
}

/// All formats, a list per family, in the order of the documentation.
static FAMILIES: &[&[&dyn Format]] =
    &[native::FORMATS, harness::FORMATS, engine::FORMATS, hosted::FORMATS, rollout::FORMATS, translation::FORMATS];

/// The confidence of a format that an input has it, without a look at its records where they have none of its keys.
pub fn recognise(format: &dyn Format, head: &Head<'_>) -> Confidence {
    let marks = format.marks();
    if marks.is_empty() || head.may_have(marks) { format.recognise(head) } else { Confidence::none() }
}

/// All formats, in the order of the documentation.
pub fn all() -> impl Iterator<Item = &'static dyn Format> + Clone {
    FAMILIES.iter().flat_map(|family| family.iter().copied())
}
