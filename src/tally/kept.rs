//! The tallies of all inputs of an audit, stored compactly while other inputs are read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::RecordError;
use crate::tally::{FileTally, OnDisk};

/// Maximum records of a tally that is packed. Packing takes a tenth of the memory, and unpacking is cheap at this size.
const PACKED: u64 = 1_000;

/// State of an audit: the [`FileTally`] of each input.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Tally {
    /// By index of the input.
    pub files: BTreeMap<u32, Kept>,
}

/// The tally of an input: as a value, or as the bytes of a tally file.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Records read.
    pub records: u64,
    /// Candidates read.
    pub candidates: u64,
    /// Steps read.
    pub steps: u64,
    state: State,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Plain(Box<FileTally>),
    /// Packed, for tallies without unreadable records.
    Packed(Box<[u8]>),
}

impl Kept {
    /// Packs a tally with few records.
    #[must_use]
    pub fn packed(tally: FileTally) -> Self {
        let small = tally.records <= PACKED && tally.unreadable == 0;
        let bytes = if small { postcard::to_stdvec(&tally).ok() } else { None };
        // A tally that does not round-trip is not packed (NaN is not equal to itself).
        match bytes.filter(|bytes| postcard::from_bytes::<FileTally>(bytes).is_ok_and(|back| back == tally)) {
            Some(bytes) => Self {
                records: tally.records,
                candidates: tally.candidates,
                steps: tally.steps,
                state: State::Packed(bytes.into_boxed_slice()),
            },
            None => tally.into(),
        }
    }

    /// The parts of the tally stored in temporary files.
    #[must_use]
    pub fn on_disk(&self) -> OnDisk {
        let State::Plain(tally) = &self.state else { return OnDisk::default() };
        tally.streams.values().fold(OnDisk::default(), |all, stream| {
            all.and(stream.rows.seen.on_disk()).and(stream.rows.closed.on_disk()).and(stream.open.on_disk())
        })
    }

    /// Records that could not be read.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        match &self.state {
            State::Plain(tally) => tally.unreadable,
            State::Packed(_) => 0,
        }
    }

    /// The first of these records.
    #[must_use]
    pub fn errors(&self) -> &[RecordError] {
        match &self.state {
            State::Plain(tally) => tally.errors.kept(),
            State::Packed(_) => &[],
        }
    }

    /// The tally.
    #[must_use]
    pub fn get(&self) -> Cow<'_, FileTally> {
        match &self.state {
            State::Plain(tally) => Cow::Borrowed(tally),
            State::Packed(bytes) => Cow::Owned(unpack(bytes)),
        }
    }

    /// The tally.
    #[must_use]
    pub fn into_tally(self) -> FileTally {
        match self.state {
            State::Plain(tally) => *tally,
            State::Packed(bytes) => unpack(&bytes),
        }
    }
}

impl From<FileTally> for Kept {
    fn from(tally: FileTally) -> Self {
        Self {
            records: tally.records,
            candidates: tally.candidates,
            steps: tally.steps,
            state: State::Plain(Box::new(tally)),
        }
    }
}

/// Cannot fail: the round trip was checked when packing.
fn unpack(bytes: &[u8]) -> FileTally {
    postcard::from_bytes(bytes).unwrap_or_default()
}
