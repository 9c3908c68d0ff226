//! Dumps of Hugging Face transformers' `generate()`: sequences, transition scores, beam scores.
//!
//! The library has no log format. The keys are those of its outputs and of the arguments of the call.

use crate::config::{ColumnSpec, InputConfig};
use crate::format::engine::payload::Payload;
use crate::format::engine::wrapped::emit;
use crate::format::field::{self, FieldError, at, count, field_error, flag, has, integer, printed};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::formula::{Formula, Scale};
use crate::model::{Candidate, Claim, ClaimKind, ColumnId, Logged, Segment, Slice, Step};

pub(super) static TRANSFORMERS: Transformers = Transformers;

pub(super) struct Transformers;

static INFO: FormatInfo = FormatInfo {
    name: "transformers-generate",
    about: "dumps of generate() and compute_transition_scores() of Hugging Face transformers",
    tool: "transformers 4.35 and 5.24",
    files: "JSON Lines, an array or one object: one call of generate() per record",
    recognised_by: "`sequences` and `transition_scores`, a list per row",
    proven: "`sequences_scores` of beams: Σ ln p ÷ (generated tokens, end included)^`length_penalty`; up to 4.35 the prompt \
             counts in the length",
    unprovable: "log-probs without `scores` or `logits`; `sequences_scores` if `length_penalty` is not logged",
    base: "e; with `normalize_logits` false and no beams the values are logits",
    sentinels: "0.0 at `beam_indices` -1; bare `-Infinity` for filtered tokens",
    traps: "`sequences_scores` is a mean by default; without `beam_indices` tokens after the end also have values; `scores` are \
            taken after temperature, top-k and top-p",
};

fn is_dump(record: Value<'_>) -> bool {
    let rows = |key: &str| {
        let list = record.get(key).filter(|list| list.kind() == Kind::Array);
        list.and_then(|list| list.elements().next()).is_some_and(|row| row.kind() == Kind::Array)
    };
    rows("sequences") && rows("transition_scores")
}

/// How `sequences_scores` are computed: the exponent of the length, and whether the length includes the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Divisor {
    /// `length_penalty` in hundredths.
    power: u16,
    prompt: Option<bool>,
}

impl Divisor {
    /// None if the record does not state it, or states an exponent without a formula.
    fn of(record: Value<'_>) -> Option<Self> {
        let power = Scale::hundredths(record.get("length_penalty").and_then(printed)?.value)?;
        let prompt = record.get("transformers_version").and_then(|version| counts_prompt(&version.as_str()?));
        // With the prompt included, only the plain quotient has a formula.
        (power == 100 || prompt != Some(true)).then_some(Self { power, prompt })
    }

    fn formulas(self) -> Vec<Formula> {
        let own = Formula::sum_over_power(self.power);
        let with_prompt = Formula { scale: Scale::PromptAndContinuation, ..Formula::SUM };
        match self.prompt {
            Some(true) => vec![with_prompt],
            None if self.power == 100 => vec![own, with_prompt],
            _ => vec![own],
        }
    }
}

/// Whether a version includes the prompt in the length; versions up to 4.35 do.
fn counts_prompt(version: &str) -> Option<bool> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor) = (parts.next()??, parts.next()??);
    Some((major, minor) <= (4, 35))
}

impl Format for Transformers {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["transition_scores"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_dump), 92, "sequences and transition_scores, a list per row")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().unwrap_or(Framing::Lines);
        let mut divisors: Vec<Divisor> = Vec::new();
        for divisor in head.records().filter_map(Divisor::of) {
            if !divisors.contains(&divisor) {
                divisors.push(divisor);
            }
        }
        let columns: Vec<ColumnSpec> = divisors
            .iter()
            .map(|divisor| ColumnSpec::with_formulas("sequences_scores", ClaimKind::Score, divisor.formulas()))
            .collect();
        let version =
            head.records().find_map(|record| Some(record.get("transformers_version")?.as_str()?.into_owned()));
        let conventions = divisors.iter().map(|divisor| {
            let prompt = if divisor.prompt == Some(true) { "prompt and generated tokens" } else { "generated tokens" };
            format!(
                "sequences_scores: the sum over the length to the power {}, length: {prompt}",
                f64::from(divisor.power) / 100.0
            )
        });
        let conventions = conventions.collect();
        let mut reader = Records::new(framing, columns, Divisors { divisors }, visit).mapped(&[
            ("log-probs", "transition_scores[][]"),
            ("claim", "sequences_scores[]"),
            ("token ids", "sequences[][]"),
        ]);
        reader.version = version;
        reader.conventions = conventions;
        Ok(Box::new(reader))
    }
}

/// The divisors stated by the first records, in the order of their columns.
struct Divisors {
    divisors: Vec<Divisor>,
}

/// The values that a record states for all its rows.
struct Call<'t> {
    /// `beam_indices`, a list per row.
    beams: Vec<Value<'t>>,
    /// Whether the values are log-probs; otherwise they are logits.
    normalised: bool,
    /// Processed scores over the vocabulary, per step and row.
    scores: Vec<Value<'t>>,
    eos: Option<i64>,
    several: bool,
}

fn rows<'t>(record: Value<'t>, key: &str) -> Vec<Value<'t>> {
    let list = record.get(key).filter(|list| list.kind() == Kind::Array);
    list.into_iter().flat_map(|list| list.elements()).collect()
}

fn visit(origin: &JsonOrigin<'_>, context: &Divisors, out: &mut dyn Sink) -> Result<(), FieldError> {
    let record = origin.root;
    let (sequences, values) = (rows(record, "sequences"), rows(record, "transition_scores"));
    let beams = rows(record, "beam_indices");
    let stated = record.get("normalize_logits").and_then(flag);
    let any_positive = || {
        let numbers = values.iter().flat_map(Value::elements).filter_map(printed);
        numbers.into_iter().any(|number| number.value > crate::numeric::noise::NORMALISER)
    };
    let call = Call {
        normalised: !beams.is_empty() || stated.unwrap_or_else(|| !any_positive()),
        scores: if has(record, "scores", Kind::Array) { rows(record, "scores") } else { Vec::new() },
        eos: record.get("eos_token_id").and_then(integer),
        several: values.len() > 1,
        beams,
    };
    let mut candidates = Vec::with_capacity(values.len());
    for (at, (ids, values)) in sequences.iter().zip(&values).enumerate() {
        candidates.push(row(&call, at, *ids, *values)?);
    }
    // A row shorter than the longest one ended with the end token.
    let short = candidates.iter().find(|candidate| candidate.steps.iter().any(|step| step.segment == Segment::Padding));
    let eos = call.eos.or_else(|| {
        let last = short?.steps.iter().rev().find(|step| step.segment != Segment::Padding)?;
        last.token_id
    });
    let divisor = Divisor::of(record).filter(|_| !call.beams.is_empty() && stated != Some(true));
    let column = divisor.and_then(|divisor| context.divisors.iter().position(|known| *known == divisor)).zip(divisor);
    let totals = rows(record, "sequences_scores");
    let prompt = record.get("prompt_len").and_then(count);
    for (at, candidate) in candidates.iter_mut().enumerate() {
        let last = candidate.steps.iter_mut().rev().find(|step| step.segment != Segment::Padding);
        let ended =
            last.filter(|step| eos.is_some() && step.token_id == eos).map(|step| step.segment = Segment::End).is_some();
        let (Some((column, divisor)), Some(value)) = (column, totals.get(at)) else { continue };
        claim(candidate, column, *value)?;
        // If the length includes the prompt, it excludes the end token.
        let length = prompt.map(|prompt| prompt.saturating_sub(u32::from(ended)));
        match (divisor.prompt, length, eos) {
            (Some(false), ..) => {}
            (_, Some(length), Some(_)) => {
                let length = usize::try_from(length.min(1 << 20)).unwrap_or(0);
                candidate.steps.splice(0..0, vec![Step { segment: Segment::Prompt, ..Step::default() }; length]);
            }
            (Some(true), ..) => candidate.claims.clear(),
            _ => {}
        }
    }
    emit(record, Payload { candidates, ..Payload::default() }, origin, out);
    Ok(())
}

fn claim(candidate: &mut Candidate<'_>, column: usize, value: Value<'_>) -> Result<(), FieldError> {
    let logged = field::number(value, "sequences_scores", &[])?;
    let column = ColumnId(u16::try_from(column).unwrap_or(u16::MAX));
    candidate.claims.push(Claim { of: column, value: logged, at: at(value) });
    Ok(())
}

fn row<'t>(call: &Call<'t>, index: usize, ids: Value<'t>, values: Value<'t>) -> Result<Candidate<'t>, FieldError> {
    let mut candidate = Candidate { index: u32::try_from(index).ok(), at: at(values), ..Candidate::default() };
    let prompt = ids.len().saturating_sub(values.len());
    let mut ids = ids.elements().skip(prompt);
    let mut beams = call.beams.get(index).map(Value::elements);
    for (position, value) in values.elements().enumerate() {
        let mut step = Step { at: at(value), token_id: ids.next().and_then(integer), ..Step::default() };
        let logged = field::number(value, "transition_scores", &[])?;
        let beam = beams.as_mut().map(|beams| beams.next().and_then(integer).unwrap_or(-1));
        if beam.is_some_and(|beam| beam < 0) {
            step.segment = Segment::Padding;
        } else if call.normalised {
            let row = beam.and_then(|beam| usize::try_from(beam).ok()).unwrap_or(index);
            let vector = call.scores.get(position).and_then(|rows| rows.elements().nth(row));
            if let Some(vector) = vector.filter(|vector| vector.kind() == Kind::Array) {
                let slice = floats(vector, &mut candidate)?;
                if beam.is_some() { step.logprob_vector = slice } else { step.logit_vector = slice }
            }
        }
        // Values at padding positions do not belong to any token.
        match step.segment {
            Segment::Padding => step.logprob = Logged::Missing,
            _ if call.normalised => step.logprob = logged,
            _ => step.logit = logged,
        }
        candidate.steps.push(step);
    }
    if call.beams.is_empty() {
        pad(call, &mut candidate.steps);
    }
    Ok(candidate)
}

/// Marks the steps after the first end token as padding. If the end token is unknown, marks the trailing repetitions of
/// the row's last id.
fn pad(call: &Call<'_>, steps: &mut [Step<'_>]) {
    let end = match call.eos {
        Some(_) => steps.iter().position(|step| step.token_id == call.eos),
        None if call.several => {
            let last = steps.last().and_then(|step| step.token_id);
            let run = steps.iter().rev().take_while(|step| step.token_id == last).count();
            (run > 1).then(|| steps.len() - run)
        }
        None => None,
    };
    for step in steps.iter_mut().skip(end.map_or(usize::MAX, |end| end + 1)) {
        step.segment = Segment::Padding;
        (step.logprob, step.logit) = (Logged::Missing, Logged::Missing);
        (step.logprob_vector, step.logit_vector) = (Slice::default(), Slice::default());
    }
}

fn floats(list: Value<'_>, candidate: &mut Candidate<'_>) -> Result<Slice, FieldError> {
    let start = candidate.vectors.len();
    for entry in list.elements() {
        let number = printed(entry).ok_or_else(|| field_error(entry, "scores", "a number"))?;
        candidate.vector_decimals = candidate.vector_decimals.max(number.decimals);
        candidate.vectors.push(number.value);
    }
    let len = u32::try_from(candidate.vectors.len() - start).unwrap_or(0);
    Ok(Slice { start: u32::try_from(start).unwrap_or(u32::MAX), len })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_divisor_changed_with_4_36() {
        assert_eq!(counts_prompt("4.35.2"), Some(true));
        assert_eq!(counts_prompt("4.36.0"), Some(false));
        assert_eq!(counts_prompt("5.24.0"), Some(false));
        assert_eq!(counts_prompt("main"), None);
    }
}
