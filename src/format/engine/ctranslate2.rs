//! Dumps of `CTranslate2`'s results: hypotheses with their scores.

use crate::config::{ColumnSpec, InputConfig};
use crate::format::engine::payload::Payload;
use crate::format::engine::wrapped::emit;
use crate::format::field::{self, FieldError, at, integer, printed, text};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::formula::{Formula, Scale};
use crate::model::{Candidate, Claim, ClaimKind, ColumnId, Segment, Step};

pub(super) static CTRANSLATE2: CTranslate2 = CTranslate2;

pub(super) struct CTranslate2;

/// Maximum difference of the same model's log-probs when another batch computes them in single precision.
const SECOND_PASS: f64 = 1e-4;

static INFO: FormatInfo = FormatInfo {
    name: "ctranslate2",
    about: "dumps of CTranslate2's generation and translation results",
    tool: "CTranslate2 4.8",
    files: "JSON Lines, an array or one object",
    recognised_by: "`scores` and `log_probs` beside `sequences_ids`, `sequences` or `hypotheses`, a list per hypothesis",
    proven: "`scores`: Σ ln p ÷ (tokens with the end token)^`length_penalty`; for beams within 1e-4, because their log-probs come \
             from a second pass",
    unprovable: "scores of hypotheses without `log_probs`, and if `length_penalty` is not logged",
    base: "e",
    sentinels: "only the shared ones",
    traps: "the end token counts in sum and length but is returned only with `return_end_token`; tokens of a forced prompt are \
            exactly 0 and count in the length; the penalty is 1 by default, so a score is a mean",
};

fn lists(record: Value<'_>, key: &str) -> bool {
    let list = record.get(key).filter(|list| list.kind() == Kind::Array);
    list.is_some_and(|list| list.elements().next().is_some_and(|row| row.kind() == Kind::Array))
}

fn is_generation(record: Value<'_>) -> bool {
    let texts = ["sequences_ids", "sequences", "hypotheses"].iter().any(|key| lists(record, key));
    let scores = record.get("scores").filter(|list| list.kind() == Kind::Array).and_then(|list| list.elements().next());
    texts
        && scores.is_some_and(|first| first.kind() == Kind::Number)
        && (record.get("log_probs").is_none() || lists(record, "log_probs"))
        && (lists(record, "log_probs") || record.get("length_penalty").is_some())
}

/// How a record's scores were computed, as far as the record states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Convention {
    /// `length_penalty` in hundredths.
    power: u16,
    /// Whether the log-probs are from a second pass: a beam search returns none itself.
    beams: bool,
}

impl Convention {
    /// None if the record does not state the penalty, or if no formula is known for it.
    fn of(record: Value<'_>) -> Option<Self> {
        let power = Scale::hundredths(record.get("length_penalty").and_then(printed)?.value)?;
        let several = record.get("scores").is_some_and(|scores| scores.len() > 1);
        let beams = several || record.get("beam_size").and_then(integer).is_some_and(|size| size != 1);
        Some(Self { power, beams })
    }

    fn spec(self) -> ColumnSpec {
        let formula = Formula::sum_over_power(self.power);
        let spec = ColumnSpec::with_formulas("scores", ClaimKind::Score, vec![formula]);
        ColumnSpec { tolerance: self.beams.then_some(SECOND_PASS), ..spec }
    }

    fn words(self) -> String {
        let pass = if self.beams { ", log-probs of a second pass: within 1e-4" } else { "" };
        format!(
            "scores: the sum over the length, end token included, to the power {}{pass}",
            f64::from(self.power) / 100.0
        )
    }
}

impl Format for CTranslate2 {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["log_probs"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_generation), 90, "scores and log_probs, a list per hypothesis")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().unwrap_or(Framing::Lines);
        let mut columns: Vec<Convention> = head.records().filter_map(Convention::of).collect();
        columns.sort_unstable();
        columns.dedup();
        let specs: Vec<ColumnSpec> = columns.iter().map(|column| column.spec()).collect();
        let conventions: Vec<String> = columns.iter().map(|column| column.words()).collect();
        let mut reader = Records::new(framing, specs, Conventions { columns }, visit).mapped(&[
            ("log-probs", "log_probs[][]"),
            ("claim", "scores[]"),
            ("tokens", "sequences[][]"),
        ]);
        reader.conventions = conventions;
        Ok(Box::new(reader))
    }
}

/// The conventions stated by the first records, in the order of their columns.
struct Conventions {
    columns: Vec<Convention>,
}

fn rows<'t>(record: Value<'t>, key: &str) -> Vec<Value<'t>> {
    let list = record.get(key).filter(|list| list.kind() == Kind::Array);
    list.into_iter().flat_map(|list| list.elements()).collect()
}

fn visit(origin: &JsonOrigin<'_>, context: &Conventions, out: &mut dyn Sink) -> Result<(), FieldError> {
    let record = origin.root;
    let mut candidates = Vec::new();
    let column = Convention::of(record).and_then(|own| context.columns.iter().position(|known| *known == own));
    let (texts, ids) = (rows(record, "sequences"), rows(record, "sequences_ids"));
    let texts = if texts.is_empty() { rows(record, "hypotheses") } else { texts };
    let scores = rows(record, "scores");
    for (index, values) in rows(record, "log_probs").into_iter().enumerate() {
        let mut candidate = hypothesis(values, texts.get(index).copied(), ids.get(index).copied())?;
        candidate.index = u32::try_from(index).ok();
        if let (Some(column), Some(value)) = (column, scores.get(index)) {
            claim(*value, column, &mut candidate)?;
        }
        candidates.push(candidate);
    }
    emit(record, Payload { candidates, ..Payload::default() }, origin, out);
    Ok(())
}

fn claim(value: Value<'_>, column: usize, candidate: &mut Candidate<'_>) -> Result<(), FieldError> {
    let logged = field::number(value, "scores", &[])?;
    let column = ColumnId(u16::try_from(column).unwrap_or(u16::MAX));
    candidate.claims.push(Claim { of: column, value: logged, at: at(value) });
    Ok(())
}

/// One hypothesis. The end token has a value but may have no text.
fn hypothesis<'t>(
    values: Value<'t>,
    texts: Option<Value<'t>>,
    ids: Option<Value<'t>>,
) -> Result<Candidate<'t>, FieldError> {
    let mut candidate = Candidate { at: at(values), ..Candidate::default() };
    let all = values.len();
    let named = |list: Option<Value<'t>>| {
        list.filter(|list| list.kind() == Kind::Array && (list.len() == all || list.len() + 1 == all))
    };
    let (texts, ids) = (named(texts), named(ids));
    let cut = texts.or(ids).is_some_and(|list| list.len() + 1 == all);
    let mut texts = texts.into_iter().flat_map(|list| list.elements());
    let mut ids = ids.into_iter().flat_map(|list| list.elements());
    for value in values.elements() {
        let logprob = field::number(value, "log_probs", &[])?;
        let (token, token_id) = (texts.next().and_then(text), ids.next().and_then(integer));
        candidate.steps.push(Step { at: at(value), token, token_id, logprob, ..Step::default() });
    }
    if let Some(last) = candidate.steps.last_mut().filter(|_| cut) {
        last.segment = Segment::End;
    }
    Ok(candidate)
}
