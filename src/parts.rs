//! Audits split over machines: each part writes its tally, and merged they give the report of one audit of all.
//!
//! Which formula is a column's convention, whether the search over all formulas is needed, and whether items are gathered
//! follow from all inputs of a run together. A part is audited under the plan that its own inputs call for, or under one that
//! is given. [`merge`] works out the plan of the whole from what the parts measured. Parts that were audited under another
//! plan are named with the plan that they need; usually none or a few are.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::audit::{ColumnPlan, FilePlan, search};
use crate::conclude::{self, ConcludeInput};
use crate::config::{ColumnSpec, Config};
use crate::engine::{self, Passes, Settled};
use crate::formula::{Casts, Formula, Grammar, GrammarEntry, StepResolutions};
use crate::numeric::{Resolution, Tolerance};
use crate::report::{InputError, InputReport, Report, has_first_key};
use crate::rules::Catalogue;
use crate::run::{InputIdentity, assign};
use crate::source::ByteRange;
use crate::tally::{FileTally, KeptRef, Tally};

/// What a tally file begins with; the number is the version of what follows.
const MAGIC: &[u8; 16] = b"retally tally 3\n";
/// What tallies of every version begin with.
const ANY_MAGIC: &[u8] = b"retally tally ";
/// Largest tally that is read, unpacked.
const LIMIT: u64 = 8 << 30;
/// Unpacked bytes that a tally of any size may have.
const FREE: u64 = 4 << 20;
/// Largest ratio of unpacked to packed bytes beyond that: what is counted of rows repeats little.
const RATIO: u64 = 100;

/// Whether a file with this start is a tally, of any version.
#[must_use]
pub(crate) fn is_tally(head: &[u8]) -> bool {
    head.starts_with(ANY_MAGIC)
}

/// Whether a file with this start is a plan, of any version.
#[must_use]
pub(crate) fn is_plan(head: &[u8]) -> bool {
    if !has_first_key(head, "\"retally\"") {
        return false;
    }
    let head = String::from_utf8_lossy(head.get(..512).unwrap_or(head));
    let dense: String = head.split_ascii_whitespace().collect();
    dense.starts_with("{\"retally\":\"") && dense.contains("\"digest\":\"")
}

/// The audit of some inputs, before anything is concluded.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Part {
    header: Header,
    inputs: Vec<PartInput>,
    errors: Vec<InputError>,
}

/// What two parts must have in common to be merged.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Header {
    /// The version of the program.
    version: String,
    /// Digest of the rules and formulas: counts of one list of formulas mean nothing under another.
    digest: String,
}

impl Header {
    fn own() -> Self {
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), digest: digest() }
    }
}

/// Digest of the rules and of the formulas around the commonest convention.
fn digest() -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(Catalogue::default().digest().as_bytes());
    for entry in Grammar::around(Formula::SUM).entries() {
        hasher.update(format!("\n{}", entry.formula).as_bytes());
    }
    hasher.finalize().to_hex().chars().take(32).collect()
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PartInput {
    report: InputReport,
    identity: InputIdentity,
    /// The bytes that were read; None for the whole input.
    range: Option<ByteRange>,
    plan: InputPlan,
    tally: FileTally,
}

/// The plan of one input, without the list of formulas, which follows from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct InputPlan {
    steps: StepResolutions,
    columns: Vec<PlannedColumn>,
    declared: Tolerance,
    gather: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PlannedColumn {
    spec: ColumnSpec,
    resolution: Resolution,
    /// Place of the convention among the accepted formulas.
    chosen: usize,
    /// Casts that the claims show.
    casts: Casts,
    /// Formulas with constants that were solved from the claims.
    fitted: Vec<GrammarEntry>,
    /// Whether all formulas are tried.
    search: bool,
}

/// Plans for the inputs of an audit, by path: what all its parts are audited under.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditPlan {
    /// The version of the program and the digest of its rules and formulas.
    retally: String,
    digest: String,
    inputs: BTreeMap<String, InputPlan>,
}

/// Why parts cannot be merged, or a tally or plan cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The file cannot be read.
    #[error("cannot read the tally: {0}")]
    Io(#[from] io::Error),
    /// The file is something else.
    #[error("not a tally file: expected one written by `retally check --tally`")]
    NoTally,
    /// The file is damaged.
    #[error("the tally is damaged or incomplete: {0}; write it again")]
    Damaged(String),
    /// Another version wrote it.
    #[error("written by retally {found}, this is retally {own}; write it again with this version")]
    Version {
        /// The version that wrote it.
        found: String,
        /// This version.
        own: String,
    },
    /// Other rules or formulas were in force.
    #[error("written with other rules or formulas (digest {found}, expected {own}); write it again with this program")]
    Digest {
        /// The digest in the file.
        found: String,
        /// That of this program.
        own: String,
    },
    /// Two parts hold one input.
    #[error("{path} is in two parts; each input, or each byte range of an input, may be in one part only")]
    Twice {
        /// The input.
        path: String,
    },
    /// The byte ranges of an input leave something out.
    #[error("{path}: no part covers the bytes from {from} to {to}")]
    Uncovered {
        /// The input.
        path: String,
        /// First byte that is missing.
        from: u64,
        /// The byte behind the last one that is missing.
        to: u64,
    },
    /// Parts were audited under other plans than the whole needs.
    #[error(
        "{count} of {all} inputs need another plan than the one that they were audited under, first {path}: write the plan \
         with `retally merge --plan FILE`, and audit these again with `retally check --tally FILE --plan FILE`"
    )]
    Plan {
        /// The first such input.
        path: String,
        /// How many.
        count: usize,
        /// All inputs.
        all: usize,
        /// The plan of the whole.
        plan: Box<AuditPlan>,
    },
    /// A file is no plan.
    #[error("not a plan file: {0}; expected one written by `retally init --plan` or `retally merge --plan`")]
    NoPlan(serde_json::Error),
    /// The plan does not speak of an input, or speaks of other columns.
    #[error("the plan has no entry that fits {path}; write it again from tallies that include this input")]
    NotPlanned {
        /// The input.
        path: String,
    },
}

/// What one input gave under its plan.
pub struct Audited {
    /// What the report says of it.
    pub report: InputReport,
    /// What it says of its run.
    pub identity: InputIdentity,
    /// The bytes that were read; None for the whole input.
    pub range: Option<ByteRange>,
    /// The plan.
    pub plan: FilePlan,
    /// What was counted.
    pub tally: FileTally,
}

impl Part {
    /// The audit of inputs under their plans.
    #[must_use]
    pub fn new(inputs: Vec<Audited>, errors: Vec<InputError>) -> Self {
        let inputs = inputs.into_iter().map(|input| PartInput {
            report: input.report,
            identity: input.identity,
            range: input.range,
            plan: InputPlan::of(&input.plan),
            tally: input.tally,
        });
        Self { header: Header::own(), inputs: inputs.collect(), errors }
    }

    /// The audit of all inputs of some parts, to be merged further. Byte ranges of an input that adjoin and were audited under
    /// one plan become one. A piece that is there twice, such as one that was audited again, counts once.
    ///
    /// # Errors
    /// [`PartError::Twice`] for byte ranges that overlap and for inputs that differ.
    pub fn union(parts: impl IntoIterator<Item = Self>) -> Result<Self, PartError> {
        let (mut pieces, errors) = flattened(parts);
        pieces.dedup();
        let mut inputs: Vec<PartInput> = Vec::new();
        for piece in pieces {
            let known = inputs.last_mut().filter(|known| known.report.path == piece.report.path);
            match known {
                Some(known) => match (known.range, piece.range) {
                    (Some(own), Some(range)) if range.start == own.end && known.plan == piece.plan => {
                        known.extend(piece, range);
                    }
                    (Some(own), Some(range)) if range.start >= own.end => inputs.push(piece),
                    _ => return Err(PartError::Twice { path: piece.report.path }),
                },
                None => inputs.push(piece),
            }
        }
        for (input, at) in inputs.iter_mut().zip(0_u32..) {
            input.tally.renumber(at);
        }
        Ok(Self { header: Header::own(), inputs, errors })
    }

    /// The report on this part alone, under the plan that it was audited under.
    #[must_use]
    pub fn report(self, config: &Config) -> Report {
        let identities: Vec<InputIdentity> = self.inputs.iter().map(|input| input.identity.clone()).collect();
        let runs = assign(&identities, |at| self.inputs.get(at).map(|input| (&input.tally).into()));
        let plans = self.inputs.iter().map(|input| input.plan.resolve()).collect();
        conclude_inputs(self.inputs, Settled { plans, runs }, self.errors, config)
    }

    /// Reads a tally file.
    pub fn read(from: impl Read) -> Result<Self, PartError> {
        let mut from = io::BufReader::new(from);
        let mut magic = [0; MAGIC.len()];
        match from.read_exact(&mut magic) {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error.into()),
            Err(_) => return Err(PartError::NoTally),
            Ok(()) if &magic != MAGIC => return Err(PartError::NoTally),
            Ok(()) => {}
        }
        let damaged = |reason: &dyn std::fmt::Display| PartError::Damaged(reason.to_string());
        let packed = Cell::new(MAGIC.len() as u64);
        let from = Counted { inner: from, count: &packed };
        let mut unpacked = zstd::stream::read::Decoder::new(from).map_err(|error| damaged(&error))?;
        let mut bytes = Vec::new();
        while unpacked.by_ref().take(1 << 20).read_to_end(&mut bytes).map_err(|error| damaged(&error))? > 0 {
            let most = FREE.max(packed.get().saturating_mul(RATIO)).min(LIMIT);
            if bytes.len() as u64 > most {
                let reason = format!("it unpacks to more than {most} bytes from {}", packed.get());
                return Err(PartError::Damaged(reason));
            }
        }
        // The header first: another version has other fields behind it.
        let (found, _): (Header, _) = postcard::take_from_bytes(&bytes).map_err(|error| damaged(&error))?;
        found.check()?;
        postcard::from_bytes(&bytes).map_err(|error| damaged(&error))
    }

    /// Writes a tally file.
    pub fn write(&self, out: impl Write) -> io::Result<()> {
        let bytes = postcard::to_stdvec(self).map_err(io::Error::other)?;
        let mut out = out;
        out.write_all(MAGIC)?;
        zstd::stream::copy_encode(bytes.as_slice(), out, 3)
    }
}

/// A reader that counts what was read.
struct Counted<'c, R> {
    inner: R,
    count: &'c Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

impl Header {
    fn check(self) -> Result<(), PartError> {
        let own = Self::own();
        if self.version != own.version {
            return Err(PartError::Version { found: self.version, own: own.version });
        }
        if self.digest != own.digest {
            return Err(PartError::Digest { found: self.digest, own: own.digest });
        }
        Ok(())
    }
}

impl InputPlan {
    fn of(plan: &FilePlan) -> Self {
        let columns = plan.columns.iter().map(|column| PlannedColumn {
            spec: ColumnSpec::clone(&column.spec),
            resolution: column.resolution,
            chosen: column.chosen,
            casts: column.casts,
            fitted: column.fitted.clone(),
            search: column.grammar.is_some(),
        });
        Self { steps: plan.steps, columns: columns.collect(), declared: plan.declared, gather: plan.gather }
    }

    fn resolve(&self) -> FilePlan {
        let columns = self.columns.iter().map(|column| {
            let plan = ColumnPlan {
                spec: Arc::new(column.spec.clone()),
                resolution: column.resolution,
                chosen: column.chosen,
                casts: column.casts,
                fitted: column.fitted.clone(),
                grammar: None,
            };
            let grammar = column.search.then(|| search(&plan.spec, plan.chosen, &plan.fitted)).flatten();
            ColumnPlan { grammar, ..plan }
        });
        FilePlan { steps: self.steps, columns: columns.collect(), declared: self.declared, gather: self.gather }
    }
}

impl AuditPlan {
    /// The plans of some inputs, by path.
    pub(crate) fn new<'p>(plans: impl Iterator<Item = (&'p str, &'p FilePlan)>) -> Self {
        let Header { version: retally, digest } = Header::own();
        let inputs = plans.map(|(path, plan)| (path.to_owned(), InputPlan::of(plan))).collect();
        Self { retally, digest, inputs }
    }

    /// Number of inputs that it plans.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether it plans no input.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Reads a plan file.
    pub fn read(bytes: &[u8]) -> Result<Self, PartError> {
        let plan: Self = serde_json::from_slice(bytes).map_err(PartError::NoPlan)?;
        Header { version: plan.retally.clone(), digest: plan.digest.clone() }.check()?;
        Ok(plan)
    }

    /// The plan as a file holds it: JSON, one input per entry.
    pub fn write(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// The plan of an input with these columns.
    pub fn of(&self, path: &str, columns: &[ColumnSpec]) -> Result<FilePlan, PartError> {
        let plan = self.inputs.get(path).filter(|plan| plan.columns.iter().map(|column| &column.spec).eq(columns));
        plan.map(InputPlan::resolve).ok_or_else(|| PartError::NotPlanned { path: path.to_owned() })
    }
}

/// Parts as inputs that settle: nothing can be read again, but what they gave is there.
struct Stored<'p> {
    inputs: &'p [PartInput],
}

impl Passes for Stored<'_> {
    /// The plans that the whole needs.
    type Error = Vec<FilePlan>;

    fn pass(&mut self, plans: &[FilePlan], stale: &[usize]) -> Result<(), Self::Error> {
        if stale.is_empty() { Ok(()) } else { Err(plans.to_vec()) }
    }

    fn tally(&self, at: usize) -> Option<KeptRef<'_>> {
        self.inputs.get(at).map(|input| (&input.tally).into())
    }
}

/// The pieces of some parts in the order of their paths and bytes, as those of one input, and the errors of all.
fn flattened(parts: impl IntoIterator<Item = Part>) -> (Vec<PartInput>, Vec<InputError>) {
    let (mut pieces, mut errors): (Vec<PartInput>, Vec<InputError>) = (Vec::new(), Vec::new());
    for part in parts {
        pieces.extend(part.inputs);
        errors.extend(part.errors);
    }
    // Places name an input by its index, which differs from part to part.
    for piece in &mut pieces {
        piece.tally.renumber(0);
    }
    pieces.sort_by(|a, b| {
        let bytes = |piece: &PartInput| piece.range.map(|range| (range.start, range.end));
        (&a.report.path, bytes(a)).cmp(&(&b.report.path, bytes(b)))
    });
    errors.sort_by(InputError::by_place);
    errors.dedup();
    (pieces, errors)
}

impl PartInput {
    /// Adds the bytes that follow.
    fn extend(&mut self, piece: Self, range: ByteRange) {
        if let Some(own) = &mut self.range {
            own.end = range.end;
        }
        self.report.records += piece.report.records;
        self.tally.merge(piece.tally);
    }
}

/// The report of all parts: the same as of one audit of all their inputs.
pub fn merge(parts: Vec<Part>, config: &Config) -> Result<Report, PartError> {
    let (pieces, errors) = flattened(parts);
    let (mut inputs, apart) = join(pieces)?;
    for (input, at) in inputs.iter_mut().zip(0_u32..) {
        input.tally.renumber(at);
    }
    let identities: Vec<InputIdentity> = inputs.iter().map(|input| input.identity.clone()).collect();
    let plans: Vec<FilePlan> = inputs.iter().map(|input| input.plan.resolve()).collect();
    let settled = engine::settle(&mut Stored { inputs: &inputs }, &identities, plans.clone(), Vec::new());
    match settled {
        Ok(settled) if apart.is_empty() => Ok(conclude_inputs(inputs, settled, errors, config)),
        other => {
            let needed = other.map_or_else(|needed| needed, |settled| settled.plans);
            Err(replan(&inputs, &plans, &needed, &apart))
        }
    }
}

/// The report on inputs under the plans that settled.
fn conclude_inputs(inputs: Vec<PartInput>, settled: Settled, errors: Vec<InputError>, config: &Config) -> Report {
    let mut tally = Tally::default();
    let mut described = Vec::with_capacity(inputs.len());
    for (input, at) in inputs.into_iter().zip(0_u32..) {
        described.push(input.report);
        tally.files.insert(at, input.tally.into());
    }
    let Settled { plans, runs } = settled;
    let (catalogue, levels) = (&config.catalogue, &config.levels);
    conclude::conclude(tally, &ConcludeInput { inputs: described, runs, plans: &plans, errors, catalogue, levels })
}

/// That inputs need another plan than they were audited under.
fn replan(inputs: &[PartInput], plans: &[FilePlan], needed: &[FilePlan], apart: &BTreeSet<String>) -> PartError {
    let stale = |at: usize| plans.get(at) != needed.get(at) || apart.contains(&inputs[at].report.path);
    let stale: Vec<usize> = (0..inputs.len()).filter(|at| stale(*at)).collect();
    let of_path = inputs.iter().zip(needed).map(|(input, plan)| (input.report.path.as_str(), plan));
    PartError::Plan {
        path: stale.first().and_then(|at| inputs.get(*at)).map_or_else(String::new, |input| input.report.path.clone()),
        count: stale.len(),
        all: inputs.len(),
        plan: Box::new(AuditPlan::new(of_path)),
    }
}

/// Puts the byte ranges of each input together; `pieces` are in the order of their paths and bytes. Also names the inputs whose
/// ranges were audited under different plans.
fn join(pieces: Vec<PartInput>) -> Result<(Vec<PartInput>, BTreeSet<String>), PartError> {
    let mut inputs: Vec<PartInput> = Vec::new();
    let mut apart = BTreeSet::new();
    for piece in pieces {
        let path = &piece.report.path;
        let known = inputs.last_mut().filter(|known| known.report.path == *path);
        match (known, piece.range) {
            (None, range) => {
                if let Some(range) = range.filter(|range| range.start > 0) {
                    return Err(PartError::Uncovered { path: path.clone(), from: 0, to: range.start });
                }
                covered(inputs.last())?;
                inputs.push(piece);
            }
            (Some(known), Some(range)) => {
                let Some(own) = known.range else { return Err(PartError::Twice { path: path.clone() }) };
                if range.start < own.end {
                    return Err(PartError::Twice { path: path.clone() });
                }
                if range.start > own.end {
                    return Err(PartError::Uncovered { path: path.clone(), from: own.end, to: range.start });
                }
                if known.plan != piece.plan {
                    apart.insert(path.clone());
                }
                known.extend(piece, range);
            }
            (Some(_), None) => return Err(PartError::Twice { path: path.clone() }),
        }
    }
    covered(inputs.last())?;
    Ok((inputs, apart))
}

/// Whether the ranges of an input reach its end.
fn covered(input: Option<&PartInput>) -> Result<(), PartError> {
    let Some((input, range)) = input.and_then(|input| Some((input, input.range?))) else { return Ok(()) };
    if range.end < range.size {
        let path = input.report.path.clone();
        return Err(PartError::Uncovered { path, from: range.end, to: range.size });
    }
    Ok(())
}
