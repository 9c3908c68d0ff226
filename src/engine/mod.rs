//! Passes over the inputs: source → format → audit → tally, on several threads, repeated until the plan of
//! the last pass is what it measured.

mod alike;
mod beside;
mod cut;
mod fields;
mod follow;
mod join;
mod layout;
mod noted;
mod open;
mod progress;
mod refused;
mod settle;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use crate::audit::{Auditor, ColumnPlan, FilePlan, RunEvidence};
use crate::config::ColumnSpec;
use crate::engine::cut::Part;
use crate::format::json::Value;
use crate::format::{Framing, RawRecord, Sink};
use crate::model::{Item, MAX_STEPS, Origin, Place, RecordError, RunClaim, Snippet};
use crate::numeric::Tolerance;
use crate::rules::Catalogue;
use crate::run::{InputIdentity, RunId};
use crate::source::{Block, Blocks, Layout, Opened, Packing, SourceError, peek};
use crate::tally::{FileTally, Kept, KeptRef, Tally};

pub use alike::open_alike;
pub use beside::{Unrecognised, open_beside};
pub use fields::{field_shapes, fields, mentions};
pub use follow::Following;
pub use join::join;
pub use noted::{SettledPlans, note};
pub use open::{Choice, RecognisedInput, Refusal, SharedColumns, Unknown, UnknownFormat, open};
pub use progress::{Progress, Tell};
pub use settle::{Passes, Settled, settle};

/// Bytes per work unit.
pub const UNIT_BYTES: usize = 1 << 20;
/// Files below this size are read by one thread each.
const SMALL: u64 = 4 << 20;

/// Number of inputs up to which no tally is packed: some ten kilobytes each.
pub const UNPACKED: usize = 1 << 12;

/// How to run.
#[derive(Clone)]
pub struct Settings {
    /// Worker threads, at least 1.
    pub threads: usize,
    /// Bytes per work unit; results do not depend on it.
    pub unit_bytes: usize,
    /// Number of inputs whose tallies are kept as they are; with more, the tallies of small inputs are packed.
    pub unpacked: usize,
    /// What the user declared of all numbers.
    pub tolerance: Tolerance,
    /// The rules to ask.
    pub catalogue: Catalogue,
    /// Called when a pass begins and when bytes were read.
    pub progress: Option<Tell>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            threads: 1,
            unit_bytes: UNIT_BYTES,
            unpacked: UNPACKED,
            tolerance: Tolerance::default(),
            catalogue: Catalogue::default(),
            progress: None,
        }
    }
}

impl Settings {
    /// The tally of one of so many inputs, as it is kept.
    fn keep(&self, tally: FileTally, inputs: usize) -> Kept {
        if inputs > self.unpacked { Kept::packed(tally) } else { tally.into() }
    }

    fn advance(&self, path: &str, bytes: usize) {
        if let Some(progress) = &self.progress {
            progress(Progress::Read { path, bytes: bytes as u64 });
        }
    }

    /// Tells that a pass over some inputs begins.
    fn begin(&self, number: u32, inputs: &[RecognisedInput], at: impl IntoIterator<Item = usize>) {
        let Some(progress) = &self.progress else { return };
        let size = |at: usize| {
            let input = inputs.get(at)?;
            input.stored.filter(|_| matches!(input.input.packing(), Ok(Packing::Plain)))
        };
        progress(Progress::Pass { number, bytes: at.into_iter().map(size).sum() });
    }
}

/// What the passes gave.
pub struct Audited {
    /// The tally of the last pass.
    pub tally: Tally,
    /// The plan of each input.
    pub plans: Vec<FilePlan>,
    /// The run of each input.
    pub runs: Vec<RunId>,
    /// Number of passes.
    pub passes: u32,
}

/// Inputs with what the last pass over each of them gave.
struct Reading<'i> {
    inputs: &'i [RecognisedInput],
    settings: &'i Settings,
    tallies: Vec<Option<Kept>>,
    /// Passes so far. The first one begins before plans are guessed, since that reads short inputs as a whole.
    passes: u32,
}

impl Passes for Reading<'_> {
    type Error = std::convert::Infallible;

    fn pass(&mut self, plans: &[FilePlan], stale: &[usize]) -> Result<(), Self::Error> {
        self.passes += 1;
        if self.passes > 1 {
            self.settings.begin(self.passes, self.inputs, stale.iter().copied());
        }
        // Two tallies of one input would take twice the memory.
        for at in stale {
            self.tallies[*at] = None;
        }
        for (at, tally) in pass(self.inputs, plans, stale, self.settings) {
            self.tallies[at] = Some(tally);
        }
        Ok(())
    }

    fn tally(&self, at: usize) -> Option<KeptRef<'_>> {
        Some(self.tallies.get(at)?.as_ref()?.into())
    }
}

/// Audits all inputs.
#[must_use]
pub fn run(inputs: &[RecognisedInput], settings: &Settings) -> Audited {
    let mut shared = SharedColumns::default();
    let identities: Vec<InputIdentity> = inputs.iter().map(|input| input.identity(&mut shared)).collect();
    settings.begin(1, inputs, 0..inputs.len());
    let (plans, tallies) = guess(inputs, &identities, settings).into_iter().unzip();
    let mut reading = Reading { inputs, settings, tallies, passes: 0 };
    let unread = (0..inputs.len()).filter(|at| reading.tallies[*at].is_none()).collect();
    let Ok(Settled { plans, runs }) = settle(&mut reading, &identities, plans, unread);
    let passes = reading.passes.max(1);
    let mut tally = Tally::default();
    for (file, own) in (0_u32..).zip(reading.tallies) {
        if let Some(own) = own {
            tally.files.insert(file, own);
        }
    }
    Audited { tally, plans, runs, passes }
}

/// Audits all inputs once, under plans that are given.
#[must_use]
pub fn run_under(inputs: &[RecognisedInput], plans: &[FilePlan], settings: &Settings) -> Tally {
    let all: Vec<usize> = (0..inputs.len()).collect();
    let read = pass(inputs, plans, &all, settings);
    Tally { files: read.into_iter().map(|(at, tally)| (u32::try_from(at).unwrap_or(u32::MAX), tally)).collect() }
}

/// One pass over some of the inputs: small ones side by side, large ones one after another with all threads.
fn pass(inputs: &[RecognisedInput], plans: &[FilePlan], stale: &[usize], settings: &Settings) -> Vec<(usize, Kept)> {
    let threads = settings.threads.max(1);
    let is_large = |at: usize| inputs[at].size().is_none_or(|size| size > SMALL);
    let splits = |at: usize| threads > 1 && is_cut(&inputs[at]) && is_large(at);
    let (large, small): (Vec<usize>, Vec<usize>) = stale.iter().partition(|at| splits(**at));
    let kept =
        |at: usize, threads: usize| settings.keep(one(&inputs[at], at, &plans[at], threads, settings), inputs.len());
    let mut results = side_by_side(&small, threads, |at| kept(at, 1));
    results.extend(large.into_iter().map(|at| (at, kept(at, threads))));
    results
}

/// Whether the records of an input can be read by several threads.
fn is_cut(input: &RecognisedInput) -> bool {
    input.reader.framing() != Framing::Whole
}

/// What some inputs give, several at once.
fn side_by_side<T: Send>(inputs: &[usize], threads: usize, of: impl Fn(usize) -> T + Sync) -> Vec<(usize, T)> {
    let mut results: Vec<(usize, T)> = Vec::with_capacity(inputs.len());
    let next = AtomicUsize::new(0);
    let done = Mutex::new(&mut results);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(inputs.len()) {
            scope.spawn(|| {
                while let Some(&at) = inputs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let own = of(at);
                    if let Ok(mut done) = done.lock() {
                        done.push((at, own));
                    }
                }
            });
        }
    });
    results
}

/// A plan for each input, so that usually one pass more is enough, or none: with the tally where an input was read as a whole
/// and the plan is what it measured.
///
/// Inputs with the same columns are often printed alike: all start from what the first of them measured.
fn guess(
    inputs: &[RecognisedInput],
    identities: &[InputIdentity],
    settings: &Settings,
) -> Vec<(FilePlan, Option<Kept>)> {
    let mut first: Vec<usize> = Vec::with_capacity(inputs.len());
    let mut firsts: BTreeMap<*const ColumnSpec, usize> = BTreeMap::new();
    for (at, identity) in identities.iter().enumerate() {
        first.push(*firsts.entry(identity.columns.as_ptr()).or_insert(at));
    }
    let known = KnownPlans::default();
    let of = |at: usize, start: FilePlan| {
        let (plan, tally) = if inputs[at].size().is_some_and(|size| size <= SMALL) {
            let (plan, tally) = of_whole(&inputs[at], at, start, settings);
            (plan, tally.map(|tally| settings.keep(tally, inputs.len())))
        } else {
            (of_head(&inputs[at], start, settings), None)
        };
        (known.share(plan), tally)
    };
    let fresh = |at: usize| FilePlan::new(&identities[at].columns, settings.tolerance);
    let mut guessed: Vec<Option<(FilePlan, Option<Kept>)>> = inputs.iter().map(|_| None).collect();
    let mut firsts: Vec<usize> = firsts.into_values().collect();
    firsts.sort_unstable();
    for (at, own) in side_by_side(&firsts, settings.threads.max(1), |at| of(at, fresh(at))) {
        guessed[at] = Some(own);
    }
    let starts: BTreeMap<usize, FilePlan> =
        firsts.iter().filter_map(|at| Some((*at, guessed[*at].as_ref()?.0.start()))).collect();
    let rest: Vec<usize> = (0..inputs.len()).filter(|at| first[*at] != *at).collect();
    let start = |at: usize| starts.get(&first[at]).cloned().unwrap_or_else(|| fresh(at));
    for (at, own) in side_by_side(&rest, settings.threads.max(1), |at| of(at, start(at))) {
        guessed[at] = Some(own);
    }
    guessed.into_iter().enumerate().map(|(at, own)| own.unwrap_or_else(|| (fresh(at), None))).collect()
}

/// Lists of planned columns, so that inputs that are planned alike share one.
#[derive(Default)]
struct KnownPlans {
    lists: Mutex<Vec<Arc<[ColumnPlan]>>>,
}

impl KnownPlans {
    /// Number of lists that a plan is compared with.
    const COMPARED: usize = 64;

    /// The same plan, with columns that are shared.
    fn share(&self, mut plan: FilePlan) -> FilePlan {
        let Ok(mut lists) = self.lists.lock() else { return plan };
        let same = lists.iter().rev().take(Self::COMPARED);
        let same = same
            .clone()
            .find(|list| Arc::ptr_eq(list, &plan.columns))
            .or_else(|| same.clone().find(|list| **list == plan.columns));
        match same {
            Some(list) => plan.columns = Arc::clone(list),
            None => lists.push(Arc::clone(&plan.columns)),
        }
        plan
    }
}

/// Passes over a small input until its resolutions and conventions are what it measured. Whether casts or all formulas are
/// tried is left to its run.
fn of_whole(input: &RecognisedInput, at: usize, start: FilePlan, settings: &Settings) -> (FilePlan, Option<FileTally>) {
    let mut plan = start;
    for _ in 0..3 {
        let tally = one(input, at, &plan, 1, settings);
        let measured = plan.after(&tally, &RunEvidence::of(&tally)).unsearched();
        if measured == plan {
            return (plan, Some(tally));
        }
        plan = measured;
    }
    (plan, None)
}

/// A plan from the first rows of an input.
fn of_head(input: &RecognisedInput, start: FilePlan, settings: &Settings) -> FilePlan {
    let rows = first_rows(input);
    let look = |plan: &FilePlan| match &rows {
        Some(rows) => {
            let tally = look(input, rows, 0, plan, settings);
            Some(plan.after(&tally, &RunEvidence::of(&tally)))
        }
        None => {
            let tally = look_at_document(input, plan, settings).ok()?;
            // What is cut off at the end of the head may contradict what belongs to it.
            Some(plan.after(&tally, &RunEvidence::of(&tally)).unsearched())
        }
    };
    let Some(measured) = look(&start) else { return start };
    if measured == start { measured } else { look(&measured).unwrap_or(measured) }
}

/// What the start of a document or table gives, as far as it was looked at to recognise it.
fn look_at_document(input: &RecognisedInput, plan: &FilePlan, settings: &Settings) -> Result<FileTally, SourceError> {
    let mut auditor = Auditor::new(plan, &settings.catalogue);
    let quiet = Settings { progress: None, ..settings.clone() };
    let first = input.input.open()?.first(input.head_bytes as u64);
    read_document(input, 0, first, &quiet, &mut AuditorSink { auditor: &mut auditor });
    Ok(auditor.finish())
}

/// The whole lines at the start of an input of lines, as far as it was looked at to recognise it.
fn first_rows(input: &RecognisedInput) -> Option<Block> {
    if input.reader.framing() != Framing::Lines {
        return None;
    }
    let mut head = peek(&input.input, input.head_bytes).ok()?;
    if !input.whole {
        head.truncate(memchr::memrchr(b'\n', &head)? + 1);
    }
    Some(Block::start(head, input.input.longest_record()))
}

/// What some lines of an input give.
fn look(input: &RecognisedInput, rows: &Block, file: u32, plan: &FilePlan, settings: &Settings) -> FileTally {
    let mut auditor = Auditor::new(plan, &settings.catalogue);
    read_lines(input.reader.as_ref(), file, rows, &mut AuditorSink { auditor: &mut auditor });
    auditor.finish()
}

/// The plans that the first rows of all inputs call for. An input that has no lines is read as a whole.
#[must_use]
pub fn plans_of_heads(inputs: &[RecognisedInput], settings: &Settings) -> Vec<FilePlan> {
    let mut shared = SharedColumns::default();
    let identities: Vec<InputIdentity> = inputs.iter().map(|input| input.identity(&mut shared)).collect();
    let fresh = |identity: &InputIdentity| FilePlan::new(&identity.columns, settings.tolerance);
    let plans: Vec<FilePlan> = identities.iter().map(fresh).collect();
    let mut heads = Heads { inputs, settings, tallies: inputs.iter().map(|_| None).collect() };
    let Ok(settled) = settle(&mut heads, &identities, plans, (0..inputs.len()).collect());
    settled.plans
}

/// Inputs of which only the first rows are read.
struct Heads<'i> {
    inputs: &'i [RecognisedInput],
    settings: &'i Settings,
    tallies: Vec<Option<Kept>>,
}

impl Passes for Heads<'_> {
    type Error = std::convert::Infallible;

    fn pass(&mut self, plans: &[FilePlan], stale: &[usize]) -> Result<(), Self::Error> {
        let (inputs, settings) = (self.inputs, self.settings);
        let of = |at: usize| {
            let tally = match first_rows(&inputs[at]) {
                Some(rows) => look(&inputs[at], &rows, u32::try_from(at).unwrap_or(u32::MAX), &plans[at], settings),
                None => one(&inputs[at], at, &plans[at], 1, settings),
            };
            settings.keep(tally, inputs.len())
        };
        for (at, kept) in side_by_side(stale, settings.threads.max(1), of) {
            self.tallies[at] = Some(kept);
        }
        Ok(())
    }

    fn tally(&self, at: usize) -> Option<KeptRef<'_>> {
        Some(self.tallies.get(at)?.as_ref()?.into())
    }
}

fn one(input: &RecognisedInput, at: usize, plan: &FilePlan, threads: usize, settings: &Settings) -> FileTally {
    let file = u32::try_from(at).unwrap_or(u32::MAX);
    match read(input, file, plan, threads, settings) {
        Ok(tally) => tally,
        Err(error) => {
            let mut auditor = Auditor::new(plan, &settings.catalogue);
            auditor.error(source_error(file, &error));
            auditor.finish()
        }
    }
}

fn source_error(file: u32, error: &SourceError) -> RecordError {
    let line = error.line().unwrap_or(1);
    let place = Place { file, line, column: 1, ..Place::default() };
    RecordError { place, reason: error.to_string(), snippet: Snippet::default(), unreadable: true }
}

/// The error of an item with more tokens than are read.
fn overfull(item: &Item<'_>, origin: &dyn Origin) -> Option<RecordError> {
    let is_overfull = item.candidates.iter().any(|candidate| candidate.steps.is_overfull());
    is_overfull.then(|| RecordError {
        place: origin.place(item.at),
        reason: format!("the item has more than {MAX_STEPS} tokens and was not audited; log it as several items"),
        snippet: Snippet::default(),
        unreadable: true,
    })
}

/// Sends what a reader emits to an auditor.
struct AuditorSink<'a, 'p> {
    auditor: &'a mut Auditor<'p>,
}

impl Sink for AuditorSink<'_, '_> {
    fn item(&mut self, item: &Item<'_>, origin: &dyn Origin) {
        match overfull(item, origin) {
            Some(error) => self.auditor.error(error),
            None => self.auditor.item(item, origin),
        }
    }

    fn metric(&mut self, claim: RunClaim) {
        self.auditor.metric(claim);
    }

    fn error(&mut self, error: RecordError) {
        self.auditor.error(error);
    }

    fn record(&mut self) {
        self.auditor.record();
    }

    fn fields(&mut self, record: &RawRecord<'_>, root: Value<'_>) {
        let at = (record.line, record.column);
        layout::see(self.auditor.fields(at), at, root);
    }

    fn cells<'c>(&mut self, at: (u64, u64), header: &'c [String], cells: &mut dyn Iterator<Item = &'c [u8]>) {
        layout::see_cells(self.auditor.fields(at), at, header.iter().map(String::as_str).zip(cells));
    }

    fn unit(&mut self) {
        self.auditor.unit();
    }
}

fn read(
    input: &RecognisedInput,
    file: u32,
    plan: &FilePlan,
    threads: usize,
    settings: &Settings,
) -> Result<FileTally, SourceError> {
    if threads > 1 && is_cut(input) {
        return read_side_by_side(input, file, plan, threads, settings);
    }
    let mut auditor = Auditor::new(plan, &settings.catalogue);
    read_in_order(input, file, settings, &mut AuditorSink { auditor: &mut auditor })?;
    Ok(auditor.finish())
}

/// Reads an input from start to end. An early end is reported; the records before it count.
fn read_in_order(
    input: &RecognisedInput,
    file: u32,
    settings: &Settings,
    out: &mut dyn Sink,
) -> Result<(), SourceError> {
    let reader = input.reader.as_ref();
    if reader.framing() != Framing::Lines {
        read_document(input, file, input.input.open()?, settings, out);
        return Ok(());
    }
    for block in lines(input, settings)? {
        match block {
            Ok(block) => {
                settings.advance(&input.input.path, block.bytes.len());
                read_lines(reader, file, &block, out);
            }
            Err(error) => out.error(source_error(file, &error)),
        }
    }
    Ok(())
}

/// Reads a stream that has no record per line.
fn read_document(input: &RecognisedInput, file: u32, stream: Opened, settings: &Settings, out: &mut dyn Sink) {
    let reader = input.reader.as_ref();
    let framing = reader.framing();
    if framing == Framing::Whole {
        return reader.read_stream(file, stream, out);
    }
    let layout = stream.layout.clone();
    cut::parts(framing, stream, &mut |part| {
        if let Part::Record(record) = &part {
            settings.advance(&input.input.path, record.bytes.len());
        }
        part.read(reader, file, &layout, out);
    });
}

/// A work unit.
enum Unit {
    /// Lines.
    Lines(Block),
    /// Records of a document, with how they lie in it.
    Records(Vec<cut::Record>, Layout),
}

impl Unit {
    fn read(&self, reader: &dyn crate::format::Reader, file: u32, out: &mut dyn Sink) {
        match self {
            Self::Lines(block) => read_lines(reader, file, block, out),
            Self::Records(records, layout) => {
                out.unit();
                for record in records {
                    record.read(reader, file, layout, out);
                }
            }
        }
    }
}

/// What is cut into units.
enum Source {
    /// Blocks of lines.
    Lines(Blocks<Opened>),
    /// A document with its records inside.
    Document(Opened),
}

/// One thread cuts the input into units, the others audit them.
fn read_side_by_side(
    input: &RecognisedInput,
    file: u32,
    plan: &FilePlan,
    threads: usize,
    settings: &Settings,
) -> Result<FileTally, SourceError> {
    let reader = input.reader.as_ref();
    // What cannot be opened is found before a thread waits for it.
    let source = match reader.framing() {
        Framing::Lines => Source::Lines(lines(input, settings)?),
        _ => Source::Document(input.input.open()?),
    };
    let mut rest = Auditor::new(plan, &settings.catalogue);
    let (send, receive) = sync_channel::<Unit>(2 * threads);
    let receive = Mutex::new(receive);
    let total = Mutex::new(FileTally::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut auditor = Auditor::new(plan, &settings.catalogue);
                loop {
                    let unit = match receive.lock() {
                        Ok(receive) => receive.recv(),
                        Err(_) => break,
                    };
                    let Ok(unit) = unit else { break };
                    unit.read(reader, file, &mut AuditorSink { auditor: &mut auditor });
                }
                if let Ok(mut total) = total.lock() {
                    total.merge(auditor.finish());
                }
            });
        }
        match source {
            Source::Lines(blocks) => send_lines(input, blocks, file, settings, &send, &mut rest),
            Source::Document(stream) => send_records(input, stream, file, settings, &send, &mut rest),
        }
        drop(send);
    });
    let mut tally = rest.finish();
    if let Ok(total) = total.into_inner() {
        tally.merge(total);
    }
    Ok(tally)
}

/// Sends blocks of lines. A receiver that is gone has failed, and its thread's end says so.
fn send_lines(
    input: &RecognisedInput,
    blocks: Blocks<Opened>,
    file: u32,
    settings: &Settings,
    send: &SyncSender<Unit>,
    rest: &mut Auditor<'_>,
) {
    for block in blocks {
        match block {
            Ok(block) => {
                settings.advance(&input.input.path, block.bytes.len());
                if send.send(Unit::Lines(block)).is_err() {
                    break;
                }
            }
            Err(error) => rest.error(source_error(file, &error)),
        }
    }
}

/// Sends the records of a document in units, and reads what is around them.
fn send_records(
    input: &RecognisedInput,
    stream: Opened,
    file: u32,
    settings: &Settings,
    send: &SyncSender<Unit>,
    rest: &mut Auditor<'_>,
) {
    let reader = input.reader.as_ref();
    let framing = reader.framing();
    let layout = stream.layout.clone();
    let (mut records, mut bytes) = (Vec::new(), 0);
    let post = |records: Vec<cut::Record>| {
        // A receiver that is gone has failed, and its thread's end says so.
        let _gone = send.send(Unit::Records(records, layout.clone()));
    };
    cut::parts(framing, stream, &mut |part| match part {
        Part::Record(record) => {
            settings.advance(&input.input.path, record.bytes.len());
            bytes += record.bytes.len();
            records.push(record);
            if bytes >= settings.unit_bytes {
                bytes = 0;
                post(std::mem::take(&mut records));
            }
        }
        other => other.read(reader, file, &layout, &mut AuditorSink { auditor: &mut *rest }),
    });
    post(records);
}

/// The lines of an input, or of the range of it that is to be read, in work units.
fn lines(input: &RecognisedInput, settings: &Settings) -> Result<Blocks<Opened>, SourceError> {
    Ok(match input.range {
        None => Blocks::of(input.input.open()?, settings.unit_bytes),
        Some(range) => {
            let lines = input.input.lines_in(range)?;
            Blocks::of(lines.stream, settings.unit_bytes).starting(lines.first_line, lines.offset)
        }
    })
}

fn read_lines(reader: &dyn crate::format::Reader, file: u32, block: &Block, out: &mut dyn Sink) {
    out.unit();
    for (line, (at, text)) in (block.first_line..).zip(crate::source::lines(&block.bytes)) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        if text.len() > block.max_record {
            out.error(source_error(file, &SourceError::TooLong { line, limit: block.max_record }));
            continue;
        }
        reader.read_record(RawRecord { file, line, column: 1, bytes: text, map: block.map(at) }, out);
    }
}

/// Sends every item to a visitor.
struct Visit<'v> {
    visitor: &'v mut dyn FnMut(&Item<'_>),
    errors: Vec<RecordError>,
}

impl<'v> Visit<'v> {
    fn new(visitor: &'v mut dyn FnMut(&Item<'_>)) -> Self {
        Self { visitor, errors: Vec::new() }
    }
}

impl Sink for Visit<'_> {
    fn item(&mut self, item: &Item<'_>, origin: &dyn Origin) {
        match overfull(item, origin) {
            Some(error) => self.errors.push(error),
            None => (self.visitor)(item),
        }
    }

    fn metric(&mut self, _claim: RunClaim) {}

    fn error(&mut self, error: RecordError) {
        self.errors.push(error);
    }

    fn record(&mut self) {}
}

/// Shows every item of the inputs, in their order, to a visitor. Gives the records that could not be read.
pub fn for_each_item(inputs: &[RecognisedInput], visit: &mut dyn FnMut(usize, &Item<'_>)) -> Vec<RecordError> {
    let mut errors = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        let file = u32::try_from(index).unwrap_or(u32::MAX);
        let mut visit = |item: &Item<'_>| visit(index, item);
        let mut sink = Visit::new(&mut visit);
        if let Err(error) = read_in_order(input, file, &Settings::default(), &mut sink) {
            sink.errors.push(source_error(file, &error));
        }
        errors.append(&mut sink.errors);
    }
    errors
}

/// Splits a text of lines into units of about the given size and audits each on its own: what a
/// cluster would do. The merged tally equals that of one pass.
#[must_use]
pub fn audit_units(input: &RecognisedInput, plan: &FilePlan, settings: &Settings) -> Vec<FileTally> {
    let Ok(stream) = input.input.open() else { return Vec::new() };
    Blocks::of(stream, settings.unit_bytes)
        .flatten()
        .map(|block| {
            let mut auditor = Auditor::new(plan, &settings.catalogue);
            read_lines(input.reader.as_ref(), 0, &block, &mut AuditorSink { auditor: &mut auditor });
            auditor.finish()
        })
        .collect()
}

/// The inputs' paths in order, for places.
#[must_use]
pub fn paths(inputs: &[RecognisedInput]) -> Vec<String> {
    inputs.iter().map(|opened| opened.input.path.clone()).collect()
}

#[cfg(test)]
mod tests;
