//! Two files about the same items: the values of the tokens in one, the numbers that follow from them in the other.
//!
//! They are joined by the ids of items and candidates, and only where the numbers do follow from the tokens, by any formula: equal
//! ids alone say little.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use crate::audit::{Auditor, FilePlan, RunEvidence};
use crate::config::{ColumnSpec, InputConfig};
use crate::engine::{
    AuditorSink, RecognisedInput, Settings, Visit, first_rows, read_document, read_in_order, read_lines,
};
use crate::format::json::Value;
use crate::format::{Format as _, Framing, Head, MappedField, MappedRole, RawRecord, Reader, Sink, native};
use crate::model::{Candidate, Item, Logged, Origin, RecordError, RunClaim, Segment, StatedTotals, Step, stable_hash};
use crate::numeric::Printed;
use crate::source::{ByteMap, Input, LinePlace, Lines, Opened, files_beside};

/// Most files of a directory that are looked at.
const FILES: usize = 64;
/// Fewest candidates that both files must name.
const FEWEST: usize = 3;
/// Digits of a number that nothing follows from by chance.
const DIGITS: u8 = 3;
/// Most candidates of an item that are joined.
const CANDIDATES: usize = 64;
/// Longest line of tokens.
const LONGEST: usize = 64 << 20;
/// Bytes of a table of tokens by which its records are recognised once they are lines.
const FIRST: usize = 1 << 16;
/// Most candidates that are joined: what is known of each takes some fifty bytes of memory.
const MOST: usize = 1 << 21;

/// A hash of the id of an item and of that of its candidate.
type Key = u64;

/// What an input holds of its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// The values of tokens, and no numbers that follow from them.
    Tokens,
    /// Numbers, and no tokens.
    Numbers,
}

/// The first items of one side.
struct Look {
    side: Side,
    keys: BTreeSet<Key>,
}

/// What tells a candidate from others of its item: its id, or else its index; None for the only one.
fn name<'c>(candidate: &'c Candidate<'_>) -> Option<Cow<'c, str>> {
    let by_index = || candidate.index.map(|index| index.to_string().into());
    candidate.id.as_deref().map(Cow::Borrowed).or_else(by_index)
}

fn key(item: &Item<'_>, candidate: &Candidate<'_>) -> Key {
    stable_hash(&(&*item.id, name(candidate)))
}

/// Sends the items at the start of an input, as far as it was looked at to recognise it.
fn read_head(input: &RecognisedInput, out: &mut dyn Sink) {
    if input.reader.framing() == Framing::Lines {
        if let Some(rows) = first_rows(input) {
            read_lines(input.reader.as_ref(), 0, &rows, out);
        }
    } else if let Ok(stream) = input.input.open() {
        read_document(input, 0, stream.first(input.head_bytes as u64), &Settings::default(), out);
    }
}

/// The side that an input is; None for one that has both, or whose rows its ids do not tell apart.
fn look(input: &RecognisedInput) -> Option<Look> {
    let fields = input.reader.mapping();
    let is_claim = |field: &MappedField| matches!(field.role, MappedRole::Claim(_));
    let is_of_tokens = |field: &MappedField| matches!(field.role, MappedRole::Role(role) if role.is_per_token());
    if !input.is_mappable || fields.iter().any(is_claim) && fields.iter().any(is_of_tokens) {
        return None;
    }
    let mut keys = BTreeSet::new();
    let mut numbers: BTreeSet<u64> = BTreeSet::new();
    let (mut with_tokens, mut with_claims, mut all, mut is_clear) = (0_usize, 0_usize, 0_usize, true);
    read_head(
        input,
        &mut Visit::new(&mut |item| {
            for candidate in &item.candidates {
                all += 1;
                with_tokens += usize::from(!candidate.steps.is_empty());
                with_claims += usize::from(!candidate.claims.is_empty());
                is_clear &= !item.id.is_empty() && keys.insert(key(item, candidate));
                let exact = candidate.claims.iter().filter_map(|claim| claim.value.finite());
                numbers.extend(exact.filter(|own| own.significant >= DIGITS).map(|own| own.value.to_bits()));
            }
        }),
    );
    // The last record of a document that is cut off at the end of the head may lack its tokens.
    let side = match (with_tokens, with_claims) {
        (tokens, 0) if tokens > 0 && tokens + 1 >= all => Side::Tokens,
        (0, claims) if claims > 0 && numbers.len() >= FEWEST => Side::Numbers,
        _ => return None,
    };
    (is_clear && keys.len() >= FEWEST).then_some(Look { side, keys })
}

/// A printed number, with its digits.
fn digits(number: &Printed) -> String {
    let decimals = usize::try_from(number.decimals.clamp(0, 30)).unwrap_or(0);
    let plain = format!("{:.decimals$}", number.value);
    let is_same = Printed::parse(plain.as_bytes()).is_some_and(|own| own == *number);
    match number.value.is_finite() {
        true if is_same => plain,
        true => format!("{:e}", number.value),
        false if number.value.is_nan() => "NaN".to_owned(),
        false => if number.value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
    }
}

/// The values of a candidate's tokens as a native record on one line; None for values that such a record cannot hold.
fn line(item: &Item<'_>, candidate: &Candidate<'_>) -> Option<String> {
    let number = |logged: &Logged| match logged {
        Logged::Missing | Logged::Null | Logged::Sentinel(_) => Some("null".to_owned()),
        Logged::Number(number) => Some(digits(number)),
        Logged::Several => None,
    };
    let list = |of: &dyn Fn(&Step<'_>) -> Option<String>| {
        let all: Option<Vec<String>> = candidate.steps.iter().map(of).collect();
        Some(format!("[{}]", all?.join(", ")))
    };
    let text = |text: &str| serde_json::to_string(text).ok();
    let mut record = format!("{{\"item\": {}", text(&item.id)?);
    if let Some(name) = name(candidate) {
        record.push_str(&format!(", \"candidate\": {}", text(&name)?));
    }
    let mut add = |name: &str, is_there: &dyn Fn(&Step<'_>) -> bool, of: &dyn Fn(&Step<'_>) -> Option<String>| {
        if candidate.steps.iter().any(is_there) {
            record.push_str(&format!(", \"{name}\": {}", list(of)?));
        }
        Some(())
    };
    let token = |step: &Step<'_>| step.token.as_ref().map_or_else(|| text(""), |own| text(&own.decoded()));
    let id = |step: &Step<'_>| Some(step.token_id.map_or_else(|| "null".to_owned(), |id| id.to_string()));
    let segment = |step: &Step<'_>| {
        text(match step.segment {
            Segment::Prompt => "prompt",
            Segment::Continuation => "continuation",
            Segment::End => "end",
            Segment::Padding => "padding",
        })
    };
    add("tokens", &|step| step.token.is_some(), &token)?;
    add("token_ids", &|step| step.token_id.is_some(), &id)?;
    add("logprobs", &|step| step.logprob != Logged::Missing, &|step| number(&step.logprob))?;
    add("probs", &|step| step.prob != Logged::Missing, &|step| number(&step.prob))?;
    add("logits", &|step| step.logit != Logged::Missing, &|step| number(&step.logit))?;
    add("segments", &|step| step.segment != Segment::Continuation, &segment)?;
    record.push_str("}\n");
    Some(record)
}

/// The records of the side with the tokens, by the candidate that they are of.
struct TokenRecords {
    /// The path, as displayed.
    path: String,
    lines: Lines,
    places: BTreeMap<Key, LinePlace>,
    reader: Arc<dyn Reader>,
}

/// Where the records of candidates are, as long as each has one.
#[derive(Default)]
struct Places {
    known: BTreeMap<Key, LinePlace>,
    is_unclear: bool,
}

impl Places {
    fn add(&mut self, key: Key, place: LinePlace) {
        if !self.is_unclear {
            self.is_unclear = self.known.insert(key, place).is_some() || self.known.len() > MOST;
        }
    }
}

/// Lines with the records of candidates, and what reads these.
struct Written {
    lines: Lines,
    places: Places,
    reader: Option<Arc<dyn Reader>>,
}

/// A record by itself.
fn alone(bytes: &[u8]) -> RawRecord<'_> {
    RawRecord { file: 0, line: 1, column: 1, bytes: bytes.trim_ascii_end(), map: ByteMap::none() }
}

impl Written {
    /// The records of a file of lines, as they are.
    fn as_read(input: &RecognisedInput) -> io::Result<Self> {
        let mut places = Places::default();
        let stream = input.input.open().map_err(io::Error::other)?;
        let lines = Lines::copy(stream, LONGEST as u64, |place, line| {
            let mut see = |item: &Item<'_>| {
                item.candidates.iter().for_each(|candidate| places.add(key(item, candidate), place));
            };
            input.reader.read_record(alone(line), &mut Visit::new(&mut see));
        })?;
        Ok(Self { lines, places, reader: Some(Arc::clone(&input.reader)) })
    }

    /// The items of a table, each as a record on a line. Without a reader where such a record does not hold them.
    fn anew(input: &RecognisedInput) -> io::Result<Self> {
        let (mut lines, mut places, mut first) = (Lines::default(), Places::default(), Vec::new());
        let mut failed = None;
        let mut see = |item: &Item<'_>| {
            for candidate in &item.candidates {
                let is_held = candidate.alternatives.is_empty() && candidate.vectors.is_empty();
                let own = line(item, candidate).filter(|line| is_held && line.len() <= LONGEST);
                let Some(own) = own else {
                    places.is_unclear = true;
                    return;
                };
                if first.len() < FIRST {
                    first.extend_from_slice(own.as_bytes());
                }
                match lines.push(own.as_bytes()) {
                    Ok(place) => places.add(key(item, candidate), place),
                    Err(error) => failed = Some(error),
                }
            }
        };
        let read = read_in_order(input, 0, &Settings::default(), &mut Visit::new(&mut see));
        places.is_unclear |= read.is_err();
        if let Some(error) = failed {
            return Err(error);
        }
        let head = Head::new("", "tokens.jsonl", &first, true);
        let reader = native::LINES.open(&head, &InputConfig::default()).ok();
        Ok(Self { lines, places, reader: reader.map(Arc::from) })
    }
}

impl TokenRecords {
    /// Reads them all; None where they are not one for each candidate.
    fn read(input: &RecognisedInput) -> io::Result<Option<Self>> {
        let is_lines = input.reader.framing() == Framing::Lines;
        let Written { lines, places, reader } = if is_lines { Written::as_read(input)? } else { Written::anew(input)? };
        let found = reader.filter(|_| !places.is_unclear);
        Ok(found.map(|reader| Self { path: input.input.path.clone(), lines, places: places.known, reader }))
    }

    /// Shows an item with the tokens of its candidates to a function.
    fn join(&self, item: &Item<'_>, then: &mut dyn FnMut(&Item<'_>)) {
        if item.candidates.len() > CANDIDATES {
            return then(item);
        }
        self.join_from(0, item, then);
    }

    /// The same from one of its candidates on.
    fn join_from(&self, at: usize, item: &Item<'_>, then: &mut dyn FnMut(&Item<'_>)) {
        let Some(own) = item.candidates.get(at) else { return then(item) };
        let wanted = key(item, own);
        let line = self.places.get(&wanted).and_then(|place| self.lines.line(*place));
        let mut was_read = false;
        if let Some(line) = line.filter(|_| own.steps.is_empty()) {
            let mut attach = |theirs: &Item<'_>| {
                let Some(tokens) = theirs.candidates.iter().find(|other| key(theirs, other) == wanted) else { return };
                let mut joined = item.clone();
                if let Some(own) = joined.candidates.get_mut(at) {
                    take(own, tokens);
                }
                was_read = true;
                self.join_from(at + 1, &joined, then);
            };
            self.reader.read_record(alone(&line), &mut Visit::new(&mut attach));
        }
        if !was_read {
            self.join_from(at + 1, item, then);
        }
    }
}

/// Gives a candidate the values of tokens. They have no place in its file, and are shown at the row that follows from them.
fn take<'t>(own: &mut Candidate<'t>, tokens: &Candidate<'t>) {
    own.steps.clone_from(&tokens.steps);
    own.alternatives.clone_from(&tokens.alternatives);
    own.vectors.clone_from(&tokens.vectors);
    own.vector_decimals = tokens.vector_decimals;
    own.arrays.clone_from(&tokens.arrays);
    // What a row states is derived from its totals only where no tokens are logged.
    own.stated = StatedTotals::default();
    for step in &mut own.steps {
        step.at = own.at;
    }
    for array in &mut own.arrays {
        array.at = own.at;
    }
}

/// What becomes of the items of a joined input.
enum Part {
    /// They get their tokens.
    Numbers(Arc<TokenRecords>),
    /// They are audited in the other file, by its path.
    Tokens(String),
}

/// Sends what a joined input holds.
struct Through<'a> {
    part: &'a Part,
    out: &'a mut dyn Sink,
}

impl Sink for Through<'_> {
    fn item(&mut self, item: &Item<'_>, origin: &dyn Origin) {
        if let Part::Numbers(tokens) = self.part {
            tokens.join(item, &mut |joined| self.out.item(joined, origin));
        }
    }

    fn metric(&mut self, claim: RunClaim) {
        self.out.metric(claim);
    }

    fn error(&mut self, error: RecordError) {
        self.out.error(error);
    }

    fn record(&mut self) {
        self.out.record();
    }

    fn fields(&mut self, record: &RawRecord<'_>, root: Value<'_>) {
        self.out.fields(record, root);
    }

    fn cells<'c>(&mut self, at: (u64, u64), header: &'c [String], cells: &mut dyn Iterator<Item = &'c [u8]>) {
        self.out.cells(at, header, cells);
    }

    fn unit(&mut self) {
        self.out.unit();
    }
}

/// The reader of a joined input.
struct Joined {
    inner: Arc<dyn Reader>,
    part: Part,
}

impl Reader for Joined {
    fn framing(&self) -> Framing {
        self.inner.framing()
    }

    fn columns(&self) -> &[ColumnSpec] {
        self.inner.columns()
    }

    fn unread(&self) -> Vec<String> {
        self.inner.unread()
    }

    fn read_record(&self, record: RawRecord<'_>, out: &mut dyn Sink) {
        self.inner.read_record(record, &mut Through { part: &self.part, out });
    }

    fn read_shell(&self, shell: RawRecord<'_>, out: &mut dyn Sink) {
        self.inner.read_shell(shell, &mut Through { part: &self.part, out });
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        self.inner.read_stream(file, stream, &mut Through { part: &self.part, out });
    }

    fn mapping(&self) -> Vec<MappedField> {
        self.inner.mapping()
    }

    fn version(&self) -> Option<String> {
        self.inner.version()
    }

    fn run_key(&self) -> String {
        self.inner.run_key()
    }

    fn run_directory(&self) -> Option<String> {
        self.inner.run_directory()
    }

    fn conventions(&self) -> Vec<String> {
        let own = match &self.part {
            Part::Numbers(tokens) => format!("the tokens are those of {}, by the ids of the items", tokens.path),
            Part::Tokens(numbers) => {
                format!("the tokens are audited with the numbers of {numbers}, by the ids of the items")
            }
        };
        self.inner.conventions().into_iter().chain([own]).collect()
    }
}

/// Whether some column of the numbers follows from the tokens, by whatever formula.
fn follows(numbers: &RecognisedInput, tokens: &Arc<TokenRecords>) -> bool {
    let part = Part::Numbers(Arc::clone(tokens));
    let settings = Settings::default();
    let mut plan = FilePlan::new(numbers.reader.columns(), settings.tolerance);
    // Resolutions, formulas, constants.
    for _ in 0..4 {
        let mut auditor = Auditor::new(&plan, &settings.catalogue);
        read_head(numbers, &mut Through { part: &part, out: &mut AuditorSink { auditor: &mut auditor } });
        let tally = auditor.finish();
        let evidence = RunEvidence::of(&tally);
        if evidence.is_explained(&plan, FEWEST as u64) {
            return true;
        }
        let next = plan.after(&tally, &evidence);
        if next == plan {
            return false;
        }
        plan = next;
    }
    false
}

/// The tokens for the numbers of an input, if they are in the other one.
fn tokens_of(numbers: (&RecognisedInput, &Look), tokens: (&RecognisedInput, &Look)) -> Option<Arc<TokenRecords>> {
    let shared = numbers.1.keys.intersection(&tokens.1.keys).count();
    let fewer = numbers.1.keys.len().min(tokens.1.keys.len());
    if shared < FEWEST || 2 * shared < fewer {
        return None;
    }
    let records = Arc::new(TokenRecords::read(tokens.0).ok().flatten()?);
    follows(numbers.0, &records).then_some(records)
}

/// Opens an input that was not asked for.
type Open<'o> = &'o mut dyn FnMut(Input) -> Option<RecognisedInput>;

/// Joins inputs of a directory of which one has the tokens and the other the numbers that follow from them. The other one may
/// also lie in the directory without being an input: an audit of some of the files says the same of them. `open` opens it. Gives
/// what the user should know, as sentences.
pub fn join(opened: &mut [RecognisedInput], open: Open<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let mut directories: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, input) in opened.iter().enumerate().filter(|(_, input)| input.tool == native::TOOL) {
        directories.entry(input.input.directory().to_owned()).or_default().push(at);
    }
    for inputs in directories.into_values().filter(|inputs| inputs.len() <= FILES) {
        let looks: Vec<(usize, Look)> = inputs.iter().filter_map(|at| Some((*at, look(opened.get(*at)?)?))).collect();
        match looks.as_slice() {
            [one, other] => {
                let (numbers, tokens) = if one.1.side == Side::Numbers { (one, other) } else { (other, one) };
                if tokens.1.side != Side::Tokens || numbers.1.side != Side::Numbers {
                    continue;
                }
                let (Some(left), Some(right)) = (opened.get(numbers.0), opened.get(tokens.0)) else { continue };
                let Some(records) = tokens_of((left, &numbers.1), (right, &tokens.1)) else { continue };
                let path = left.input.path.clone();
                wrap(opened, numbers.0, Part::Numbers(records));
                wrap(opened, tokens.0, Part::Tokens(path));
            }
            [only] => {
                let Some(input) = opened.get(only.0) else { continue };
                let Some(part) = beside(input, &only.1, open) else { continue };
                if let Part::Tokens(numbers) = &part {
                    let path = &input.input.path;
                    notes.push(format!(
                        "{path}: its tokens belong to the numbers of {numbers}; check that file, or both"
                    ));
                }
                wrap(opened, only.0, part);
            }
            _ => {}
        }
    }
    notes
}

fn wrap(opened: &mut [RecognisedInput], at: usize, part: Part) {
    if let Some(input) = opened.get_mut(at) {
        input.reader = Arc::new(Joined { inner: Arc::clone(&input.reader), part });
    }
}

/// The counterpart of an input among the other files of its directory, if exactly one is.
fn beside(input: &RecognisedInput, own: &Look, open: Open<'_>) -> Option<Part> {
    let others = files_beside(&input.input, FILES)?;
    let opened = others.into_iter().filter_map(open).filter(|other| other.tool == native::TOOL);
    let looks = opened.filter_map(|other| look(&other).filter(|look| look.side != own.side).map(|look| (other, look)));
    let mut looks: Vec<(RecognisedInput, Look)> = looks.collect();
    let (other, theirs) = looks.pop().filter(|_| looks.is_empty())?;
    match own.side {
        Side::Numbers => tokens_of((input, own), (&other, &theirs)).map(Part::Numbers),
        Side::Tokens => tokens_of((&other, &theirs), (input, own)).map(|_| Part::Tokens(other.input.path)),
    }
}
