//! Inputs that grow while they are read: only new bytes are read, as long as the plan holds.
//!
//! What was read is kept as a tally. New whole lines are audited on their own and merged into it, which gives the same
//! as one pass. When the rows so far ask for another plan (more digits, another convention, the search over all
//! formulas), or the input's beginning changes, it is read again from its start.

use std::collections::BTreeMap;

use crate::audit::{Auditor, FilePlan};
use crate::engine::{
    Audited, AuditorSink, Passes, RecognisedInput, Settings, SharedColumns, of_head, one, read_lines, settle,
    source_error,
};
use crate::format::Framing;
use crate::run::{InputIdentity, RunId};
use crate::source::{Blocks, Layout, SourceError};
use crate::tally::{FileTally, KeptRef, Tally};

/// Inputs as far as they were read.
#[derive(Default)]
pub struct Following {
    inputs: Vec<Followed>,
    runs: Vec<RunId>,
}

struct Followed {
    opened: RecognisedInput,
    plan: FilePlan,
    tally: FileTally,
    /// The index that its places have.
    file: u32,
    /// Bytes of the file that were read: whole lines.
    offset: u64,
    /// Number of the next line.
    line: u64,
    /// Size at the last look, of an input that is read as a whole.
    size: Option<u64>,
}

impl Following {
    /// Reads new data in the inputs; returns whether there was any.
    pub fn look(&mut self, opened: Vec<RecognisedInput>, settings: &Settings) -> bool {
        let mut known: BTreeMap<String, Followed> = std::mem::take(&mut self.inputs)
            .into_iter()
            .map(|input| (input.opened.input.path.clone(), input))
            .collect();
        let before = known.len();
        let mut changed = opened.len() != before;
        for input in opened {
            let kept = known.remove(&input.input.path).filter(|kept| kept.goes_on(&input));
            changed |= kept.is_none();
            self.inputs.push(kept.unwrap_or_else(|| Followed::start(input, settings)));
        }
        for (input, at) in self.inputs.iter_mut().zip(0_u32..) {
            if input.file != at {
                input.file = at;
                input.tally.renumber(at);
            }
            changed |= input.advance(at, settings, false);
        }
        self.settle(settings, false);
        changed
    }

    /// Reads the rest, including a last line without a newline.
    pub fn finish(&mut self, settings: &Settings) {
        for (input, at) in self.inputs.iter_mut().zip(0_u32..) {
            input.advance(at, settings, true);
        }
        self.settle(settings, true);
    }

    /// What was read so far.
    #[must_use]
    pub fn audited(&self) -> Audited {
        let mut tally = Tally::default();
        for (input, at) in self.inputs.iter().zip(0_u32..) {
            tally.files.insert(at, input.tally.clone().into());
        }
        let plans = self.inputs.iter().map(|input| input.plan.clone()).collect();
        Audited { tally, plans, runs: self.runs.clone(), passes: 1 }
    }

    /// The inputs.
    pub fn opened(&self) -> impl Iterator<Item = &RecognisedInput> + Clone {
        self.inputs.iter().map(|input| &input.opened)
    }

    /// Repeats what was read under another plan until the plan is what it measured.
    fn settle(&mut self, settings: &Settings, last: bool) {
        let mut shared = SharedColumns::default();
        let identities: Vec<InputIdentity> =
            self.inputs.iter().map(|input| input.opened.identity(&mut shared)).collect();
        let plans = self.inputs.iter().map(|input| input.plan.clone()).collect();
        let mut again = Again { inputs: &mut self.inputs, settings, last };
        let Ok(settled) = settle(&mut again, &identities, plans, Vec::new());
        self.runs = settled.runs;
    }
}

/// Reads growing inputs again under another plan.
struct Again<'f> {
    inputs: &'f mut [Followed],
    settings: &'f Settings,
    last: bool,
}

impl Passes for Again<'_> {
    type Error = std::convert::Infallible;

    fn pass(&mut self, plans: &[FilePlan], stale: &[usize]) -> Result<(), Self::Error> {
        for at in stale {
            let (Some(input), Some(plan)) = (self.inputs.get_mut(*at), plans.get(*at)) else { continue };
            input.plan = plan.clone();
            input.rewind();
            input.advance(input.file, self.settings, self.last);
        }
        Ok(())
    }

    fn tally(&self, at: usize) -> Option<KeptRef<'_>> {
        self.inputs.get(at).map(|input| (&input.tally).into())
    }
}

impl Followed {
    fn start(mut opened: RecognisedInput, settings: &Settings) -> Self {
        opened.input.forget();
        let plan = FilePlan::new(opened.reader.columns(), settings.tolerance);
        let plan = of_head(&opened, plan, settings);
        Self { opened, plan, tally: FileTally::default(), file: 0, offset: 0, line: 1, size: None }
    }

    /// Whether the input is the one that was read, perhaps longer.
    fn goes_on(&self, now: &RecognisedInput) -> bool {
        let same = self.opened.format == now.format
            && (self.opened.head_bytes, self.opened.head) == (now.head_bytes, now.head)
            && self.opened.reader.columns() == now.reader.columns();
        same && now.input.size().is_none_or(|size| size >= self.offset)
    }

    fn rewind(&mut self) {
        self.tally = FileTally::default();
        (self.offset, self.line, self.size) = (0, 1, None);
    }

    /// Reads new lines, with `last` also one without a newline; returns whether there were any.
    fn advance(&mut self, file: u32, settings: &Settings, last: bool) -> bool {
        let by_lines = self.opened.reader.framing() == Framing::Lines;
        let tail = if by_lines { self.opened.input.tail(self.offset) } else { Ok(None) };
        let Ok(Some(tail)) = tail else { return self.again(file, settings) };
        self.offset += tail.skipped;
        let mut auditor = Auditor::new(&self.plan, &settings.catalogue);
        let mut new = false;
        let (start, first) = (self.offset, self.line);
        let max_record = self.opened.input.longest_record();
        let mut blocks = Blocks::new(tail.stream, Layout::from(start, false), settings.unit_bytes).limited(max_record);
        while let Some(block) = blocks.next() {
            let mut block = match block {
                Ok(block) => block,
                // It has ended: what comes behind it is read at once, or at the next look.
                Err(SourceError::TooLong { line, limit }) if blocks.position().0 > line => {
                    auditor.error(source_error(file, &SourceError::TooLong { line: line + first - 1, limit }));
                    let (line, offset) = blocks.position();
                    (self.line, self.offset, new) = (line + first - 1, start + offset, true);
                    continue;
                }
                Err(error) => {
                    // What cannot be read now may be whole at the next look.
                    if last {
                        auditor.error(source_error(file, &error));
                        new = true;
                    }
                    break;
                }
            };
            let whole =
                if last { block.bytes.len() } else { memchr::memrchr(b'\n', &block.bytes).map_or(0, |end| end + 1) };
            if whole == 0 {
                break;
            }
            let cut = whole < block.bytes.len();
            block.bytes.truncate(whole);
            block.first_line += first - 1;
            let reader = self.opened.reader.as_ref();
            read_lines(reader, file, &block, &mut AuditorSink { auditor: &mut auditor });
            settings.advance(&self.opened.input.path, whole);
            self.offset = start + block.offset + whole as u64;
            self.line = block.first_line + memchr::memchr_iter(b'\n', &block.bytes).count() as u64;
            new = true;
            if cut {
                break;
            }
        }
        if new {
            self.tally.merge(auditor.finish());
        }
        new
    }

    /// Rereads an input that is compressed or not line-based as a whole when its size changes.
    fn again(&mut self, file: u32, settings: &Settings) -> bool {
        let size = self.opened.input.size();
        if size.is_some() && size == self.size {
            return false;
        }
        self.size = size;
        self.tally = one(&self.opened, file as usize, &self.plan, 1, settings);
        true
    }
}
