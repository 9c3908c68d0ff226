//! Turns paths into bytes: finds inputs, opens and decompresses them, cuts them into work units.

mod beside;
mod blocks;
mod bytemap;
mod delimited;
mod discover;
mod elements;
mod input;
mod nested;
mod opened;
mod pieces;
mod quotes;
mod range;
mod spool;
mod unpack;
mod watched;

pub use beside::{beside, files_beside};
pub use blocks::{Block, Blocks, lines};
pub use bytemap::{ByteMap, Layout, Piece};
pub use delimited::{DelimitedRow, DelimitedRows, split};
pub use discover::{Discovery, discover, is_pipe, is_text, shown};
pub use elements::{Element, Elements};
pub use input::{Input, Tail, peek};
pub use nested::{Inner, NestedRecords, Shell};
pub use opened::{MAX_RECORD, Opened};
pub use pieces::{LinePlace, Lines};
pub use quotes::Quotes;
pub use range::{ByteRange, Limited, RangeLines};
pub use unpack::Packing;

/// Errors before a record is reached.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A path does not exist.
    #[error("`{path}` does not exist (expected a file, a directory, a glob or - for standard input)")]
    NotFound {
        /// The path.
        path: String,
    },
    /// A glob matches nothing.
    #[error("the glob `{path}` matches no files")]
    NoMatch {
        /// The glob.
        path: String,
    },
    /// A glob is invalid.
    #[error("invalid glob `{path}`: {reason}")]
    BadGlob {
        /// The glob.
        path: String,
        /// The reason.
        reason: String,
    },
    /// A directory contains no supported log files.
    #[error(
        "`{path}` contains no supported log files (.json, .jsonl, .ndjson, .csv, .tsv, .parquet, .arrow, .arrows, .feather, .ipc, .eval, .zip; plain-text logs, and .gz/.zst/.bz2/.xz of these are supported)"
    )]
    EmptyDirectory {
        /// The directory.
        path: String,
    },
    /// A byte range belongs to one input.
    #[error("a byte range needs exactly one input, found {found}")]
    OneInput {
        /// Number of inputs found.
        found: usize,
    },
    /// Only plain files have byte ranges.
    #[error("`{path}` is packed or not a file; a byte range needs a plain file of lines")]
    NoRange {
        /// The path.
        path: String,
    },
    /// The file cannot be read, or only in part.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// The path.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
    /// A link in a directory leads out of it.
    #[error(
        "`{path}` is a link to {target}, outside the directory; links are followed only inside it: name the file itself to read it"
    )]
    Outside {
        /// The link.
        path: String,
        /// The target.
        target: String,
    },
    /// A link in a directory is broken.
    #[error("`{path}` is a link that cannot be followed: {source}; remove it, or restore the file that it names")]
    Dangling {
        /// The link.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
    /// A file is not UTF-8.
    #[error("`{path}` is UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)")]
    Utf16 {
        /// The path.
        path: String,
    },
    /// A container that this build cannot read.
    #[error(
        "`{path}` is {packing}, but this build was compiled without Parquet/Arrow support; enable the feature `arrow` (on by default) or convert the file to JSON Lines"
    )]
    NotBuilt {
        /// The path.
        path: String,
        /// The container format.
        packing: Packing,
    },
    /// The start of a container is invalid.
    #[error("cannot read `{path}` as {packing}: expected {expected}, found {found}")]
    Container {
        /// The path.
        path: String,
        /// The format that its first bytes suggest.
        packing: Packing,
        /// The expected content.
        expected: &'static str,
        /// The content found.
        found: String,
    },
    /// The end of a container is missing.
    #[error("`{path}` is {packing} that is cut off: its footer is missing, and without it no row can be read")]
    NoFooter {
        /// The path.
        path: String,
        /// The container format.
        packing: Packing,
    },
    /// A container without rows.
    #[error("`{path}` is {packing} without rows (expected at least one)")]
    NoRows {
        /// The path.
        path: String,
        /// The container format.
        packing: Packing,
    },
    /// An archive without a log.
    #[error("`{path}` is a zip archive without a log (expected a .json, .jsonl, .csv or another supported file in it)")]
    NoLogs {
        /// The path.
        path: String,
    },
    /// The stream ends early, as in an incomplete compressed file.
    #[error("unexpected end of stream after line {line}: {reason}; records before it were audited")]
    Broken {
        /// Last line that was read.
        line: u64,
        /// The reason.
        reason: String,
    },
    /// A record is too long.
    #[error("the record is longer than {} and was not audited; --max-record raises the limit", size(*.limit))]
    TooLong {
        /// The line that it starts in.
        line: u64,
        /// Maximum bytes of a record.
        limit: usize,
    },
    /// A list of records is not closed.
    #[error(
        "the list of records is truncated after line {line} (expected `,` or `]`); complete records before it were audited"
    )]
    CutOff {
        /// Last line that was read.
        line: u64,
    },
    /// A list of records is followed by other data, or there is no list.
    #[error("line {line}: expected {expected}, found `{found}`")]
    NoList {
        /// The line.
        line: u64,
        /// The expected content.
        expected: &'static str,
        /// The character found.
        found: char,
    },
}

/// A number of bytes in the largest unit that gives a whole number.
fn size(bytes: usize) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.into_iter().find(|(bits, _)| bytes >= 1 << bits && bytes.trailing_zeros() >= *bits);
    unit.map_or_else(|| format!("{bytes} bytes"), |(bits, unit)| format!("{} {unit}", bytes >> bits))
}

impl SourceError {
    /// The path, if known.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::NotFound { path }
            | Self::NoMatch { path }
            | Self::BadGlob { path, .. }
            | Self::EmptyDirectory { path }
            | Self::NoRange { path }
            | Self::Io { path, .. }
            | Self::Outside { path, .. }
            | Self::Dangling { path, .. }
            | Self::Utf16 { path }
            | Self::NotBuilt { path, .. }
            | Self::Container { path, .. }
            | Self::NoFooter { path, .. }
            | Self::NoRows { path, .. }
            | Self::NoLogs { path } => Some(path),
            _ => None,
        }
    }

    /// The line, if any.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::Broken { line, .. }
            | Self::TooLong { line, .. }
            | Self::CutOff { line }
            | Self::NoList { line, .. } => Some(*line),
            _ => None,
        }
    }
}
