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
    has_streams: bool,
    state: State,
}

/// The tally of an input, borrowed, with what can be said of it without unpacking it.
#[derive(Clone, Copy, Debug)]
pub struct KeptRef<'t> {
    /// Records or candidates read, whichever are more.
    pub rows: u64,
    /// Whether it has rows of any stream.
    pub has_streams: bool,
    state: StateRef<'t>,
}

#[derive(Clone, Copy, Debug)]
enum StateRef<'t> {
    Plain(&'t FileTally),
    Packed(&'t [u8]),
}

impl<'t> KeptRef<'t> {
    /// The tally. A packed one is unpacked at each call.
    #[must_use]
    pub fn get(self) -> Cow<'t, FileTally> {
        match self.state {
            StateRef::Plain(tally) => Cow::Borrowed(tally),
            StateRef::Packed(bytes) => Cow::Owned(unpack(bytes)),
        }
    }
}

impl<'t> From<&'t FileTally> for KeptRef<'t> {
    fn from(tally: &'t FileTally) -> Self {
        Self {
            rows: tally.candidates.max(tally.records),
            has_streams: !tally.streams.is_empty(),
            state: StateRef::Plain(tally),
        }
    }
}

impl<'t> From<&'t Kept> for KeptRef<'t> {
    fn from(kept: &'t Kept) -> Self {
        let state = match &kept.state {
            State::Plain(tally) => StateRef::Plain(tally),
            State::Packed(bytes) => StateRef::Packed(bytes),
        };
        Self { rows: kept.candidates.max(kept.records), has_streams: kept.has_streams, state }
    }
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
        let Some(bytes) = bytes else { return tally.into() };
        debug_assert!(
            postcard::from_bytes::<FileTally>(&bytes)
                .is_ok_and(|back| postcard::to_stdvec(&back).is_ok_and(|again| again == bytes)),
            "a tally that its own bytes do not give back"
        );
        let state = State::Packed(bytes.into_boxed_slice());
        Self { state, ..Self::counts(&tally) }
    }

    /// The counts of a tally, without its contents.
    fn counts(tally: &FileTally) -> Self {
        Self {
            records: tally.records,
            candidates: tally.candidates,
            steps: tally.steps,
            has_streams: !tally.streams.is_empty(),
            state: State::Packed(Box::default()),
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
    pub fn into_tally(self) -> FileTally {
        match self.state {
            State::Plain(tally) => *tally,
            State::Packed(bytes) => unpack(&bytes),
        }
    }
}

impl From<FileTally> for Kept {
    fn from(tally: FileTally) -> Self {
        let counts = Self::counts(&tally);
        Self { state: State::Plain(Box::new(tally)), ..counts }
    }
}

/// Cannot fail: the bytes were written by the same program.
fn unpack(bytes: &[u8]) -> FileTally {
    postcard::from_bytes(bytes).unwrap_or_default()
}
