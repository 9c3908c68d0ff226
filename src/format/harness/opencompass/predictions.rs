//! `predictions/<model>/<dataset>.json`: an object with a member per document, `"0"`, `"1"`, ….

use std::borrow::Cow;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{self, FieldError, at, field_error, has, id, integer};
use crate::format::harness::opencompass::{DatasetPart, join};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::{Records, Visit};
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Candidate, Claim, ClaimKind, ColumnId, Item, PickRef, Text};

/// Perplexity of every label.
pub(in crate::format) static PPL: Predictions = Predictions { card: &PPL_CARD, inferencer: Inferencer::Ppl };
/// Log-likelihood of every label.
pub(in crate::format) static LL: Predictions = Predictions { card: &LL_CARD, inferencer: Inferencer::Ll };
/// Conditional probability of every choice.
pub(in crate::format) static CLP: Predictions = Predictions { card: &CLP_CARD, inferencer: Inferencer::Clp };
/// Generated texts.
pub(in crate::format) static GEN: Predictions = Predictions { card: &GEN_CARD, inferencer: Inferencer::Gen };

pub(in crate::format) struct Predictions {
    card: &'static FormatInfo,
    inferencer: Inferencer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inferencer {
    Ppl,
    Ll,
    Clp,
    Gen,
}

pub(super) const TOOL: &str = "OpenCompass 0.5.4";
pub(super) const FILES: &str = "`predictions/<model>/<dataset>.json`, joined to `results/<model>/<dataset>.json`";

static PPL_CARD: FormatInfo = FormatInfo {
    name: "opencompass-ppl",
    about: "predictions of OpenCompass's PPLInferencer",
    tool: TOOL,
    files: FILES,
    recognised_by: "members \"0\", \"1\", … with `label: X` objects that have `PPL`",
    proven: "prediction: the label with the lowest `PPL`, the first one on a tie",
    unprovable: "`PPL` and `BPB`: tokens are not logged, and the divisor is the number of tokens with one engine and one less \
                 with the other",
    base: "e; `PPL` is a mean negative log-likelihood, never exponentiated; `BPB` is in nats per byte",
    sentinels: "only the shared ones",
    traps: "lower is better; with a normalising string `PPL` is a difference and may be negative",
};

static LL_CARD: FormatInfo = FormatInfo {
    name: "opencompass-ll",
    about: "predictions of OpenCompass's LLInferencer",
    tool: TOOL,
    files: FILES,
    recognised_by: "members \"0\", \"1\", … with `label: X` objects that have `Loglikelihood`",
    proven: "prediction: the label with the highest `Loglikelihood`, the first one on a tie",
    unprovable: "`Loglikelihood`: tokens are not logged, and whether it is a sum or a mean depends on the model class",
    base: "e",
    sentinels: "only the shared ones",
    traps: "`Loglikelihood` may be a mean per token",
};

static CLP_CARD: FormatInfo = FormatInfo {
    name: "opencompass-clp",
    about: "predictions of OpenCompass's CLPInferencer",
    tool: TOOL,
    files: FILES,
    recognised_by: "members \"0\", \"1\", … with `choices`, a list `prediction` and `pred_label`",
    proven: "pred_label: the choice with the highest probability, the first one on a tie",
    unprovable: "probabilities: their softmax covers only the choices' tokens, and their logits are not logged; AUC",
    base: "probabilities",
    sentinels: "`error` in place of a prediction",
    traps: "the probabilities are over the choices, not over the vocabulary",
};

static GEN_CARD: FormatInfo = FormatInfo {
    name: "opencompass-gen",
    about: "predictions of OpenCompass's GenInferencer",
    tool: TOOL,
    files: FILES,
    recognised_by: "members \"0\", \"1\", … with `origin_prompt` and `prediction`",
    proven: "the accuracy over these texts, where the results hold `details` of every document",
    unprovable: "whether a text is right: code that is not in the log extracts and compares the answer",
    base: "no log-probs",
    sentinels: "none",
    traps: "`prediction` is the raw text, not the text that is compared with `gold`",
};

/// The first document of a predictions file.
pub(super) fn first<'h>(head: &'h Head<'_>) -> Option<Value<'h>> {
    let (key, value) = head.document()?.members().next()?;
    (is_index(key.raw_str()) && value.kind() == Kind::Object).then_some(value)
}

fn is_index(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}

/// The labels of a document, each with its computed values.
fn labels(document: Value<'_>) -> impl Iterator<Item = (&str, Value<'_>)> {
    document.members().filter_map(|(key, value)| Some((key.raw_str().strip_prefix("label: ")?, value)))
}

impl Inferencer {
    fn wrote(self, document: Value<'_>) -> bool {
        let scored = |field: &str| labels(document).next().is_some_and(|(_, value)| has(value, field, Kind::Number));
        match self {
            Self::Ppl => scored("PPL"),
            Self::Ll => scored("Loglikelihood"),
            Self::Clp => has(document, "prediction", Kind::Array) && has(document, "choices", Kind::Array),
            Self::Gen => {
                labels(document).next().is_none()
                    && document.get("origin_prompt").is_some()
                    && has(document, "prediction", Kind::String)
            }
        }
    }

    fn evidence(self) -> &'static str {
        match self {
            Self::Ppl => "numbered members with label: X and PPL",
            Self::Ll => "numbered members with label: X and Loglikelihood",
            Self::Clp => "numbered members with choices and a list of probabilities",
            Self::Gen => "numbered members with origin_prompt and prediction",
        }
    }

    fn columns(self) -> Vec<ColumnSpec> {
        match self {
            Self::Ppl => vec![ColumnSpec::of_kind("PPL", ClaimKind::Loss)],
            Self::Ll => vec![ColumnSpec::of_kind("Loglikelihood", ClaimKind::Score)],
            Self::Clp => vec![ColumnSpec::of_kind("prediction", ClaimKind::SequenceProb)],
            Self::Gen => Vec::new(),
        }
    }

    fn visit(self) -> Visit<DatasetPart> {
        match self {
            Self::Ppl | Self::Ll => labelled,
            Self::Clp => choices,
            Self::Gen => generated,
        }
    }
}

impl Format for Predictions {
    fn tool(&self) -> &'static str {
        "opencompass"
    }

    fn info(&self) -> &'static FormatInfo {
        self.card
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        match first(head) {
            Some(document) if self.inferencer.wrote(document) => Confidence::of(92, self.inferencer.evidence()),
            _ => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let columns = self.inferencer.columns();
        let visit = self.inferencer.visit();
        let mut records = Records::new(Framing::Nested(&[]), columns, DatasetPart::of(head), visit);
        let mapping: &[(&'static str, &str)] = match self.inferencer {
            Inferencer::Ppl => &[("item", "key"), ("candidate", "label: X"), ("score", "PPL"), ("pick", "prediction")],
            Inferencer::Ll => {
                &[("item", "key"), ("candidate", "label: X"), ("score", "Loglikelihood"), ("pick", "prediction")]
            }
            Inferencer::Clp => {
                &[("item", "key"), ("candidate", "choices"), ("score", "prediction"), ("pick", "pred_label")]
            }
            Inferencer::Gen => &[("item", "key")],
        };
        records = records.mapped(mapping);
        if self.inferencer == Inferencer::Ppl {
            records.conventions.push("PPL: mean negative log-likelihood per token, in nats; the least wins".to_owned());
        }
        join(&mut records, head);
        Ok(Box::new(records))
    }
}

/// The one document of a record, with its id.
pub(super) fn document<'t>(root: Value<'t>, context: &DatasetPart) -> Result<(Cow<'t, str>, Value<'t>), FieldError> {
    let Some((key, value)) = root.members().next().filter(|(_, value)| value.kind() == Kind::Object) else {
        return Err(field_error(root, "document", "an object keyed by its number"));
    };
    let id = match &context.part {
        Some(part) => Cow::Owned(format!("{part}/{}", key.as_str())),
        None => key.as_str(),
    };
    Ok((id, value))
}

pub(super) fn item<'t>(id: Cow<'t, str>, document: Value<'t>, context: &'t DatasetPart) -> Item<'t> {
    Item { id, task: Cow::Borrowed(&context.task), complete: true, at: at(document), ..Item::default() }
}

/// A label in the log: a text or a number.
pub(super) fn label(value: Value<'_>) -> PickRef<'_> {
    match value.kind() {
        Kind::String | Kind::Number => PickRef::Id(Text::json(value.raw_str()), at(value)),
        _ => PickRef::Missing,
    }
}

/// A candidate with one score, in the given column.
pub(super) fn scored<'t>(
    id: Cow<'t, str>,
    score: Value<'t>,
    what: &str,
    column: ColumnId,
) -> Result<Candidate<'t>, FieldError> {
    let value = field::number(score, what, &[])?;
    Ok(Candidate {
        id: Some(id),
        at: at(score),
        claims: vec![Claim { of: column, value, at: at(score) }],
        ..Candidate::default()
    })
}

fn labelled(origin: &JsonOrigin<'_>, context: &DatasetPart, out: &mut dyn Sink) -> Result<(), FieldError> {
    let (id, document) = document(origin.root, context)?;
    let mut item = item(id, document, context);
    for (key, value) in document.members() {
        let name = key.as_str();
        let Some(name) = name.strip_prefix("label: ") else { continue };
        let Some(score) = value.get("PPL").or_else(|| value.get("Loglikelihood")) else { continue };
        item.candidates.push(scored(Cow::Owned(name.to_owned()), score, "PPL", ColumnId(0))?);
    }
    if let Some(prediction) = document.get("prediction") {
        item.pick = label(prediction);
    }
    if let Some(gold) = document.get("gold") {
        item.gold = label(gold);
    }
    out.item(&item, origin);
    Ok(())
}

fn choices(origin: &JsonOrigin<'_>, context: &DatasetPart, out: &mut dyn Sink) -> Result<(), FieldError> {
    let (name, document) = document(origin.root, context)?;
    let mut item = item(name, document, context);
    let names = || document.get("choices").into_iter().flat_map(|list| list.elements());
    let scores = document.get("prediction").filter(|scores| scores.kind() == Kind::Array);
    for (position, score) in scores.into_iter().flat_map(|list| list.elements()).enumerate() {
        let name = names().nth(position).and_then(id).unwrap_or_else(|| Cow::Owned(position.to_string()));
        item.candidates.push(scored(name, score, "prediction", ColumnId(0))?);
    }
    let position = |value: Value<'_>| integer(value).map(|index| PickRef::Index(index, at(value)));
    if let Some(pick) = document.get("pred_label").and_then(position) {
        item.pick = pick;
    }
    if let Some(gold) = document.get("gold") {
        // A number is a position; a text is the label of a choice.
        item.gold = match gold.kind() {
            Kind::Number => position(gold).unwrap_or_default(),
            _ => label(gold),
        };
    }
    out.item(&item, origin);
    Ok(())
}

fn generated(origin: &JsonOrigin<'_>, context: &DatasetPart, out: &mut dyn Sink) -> Result<(), FieldError> {
    let (id, document) = document(origin.root, context)?;
    out.item(&item(id, document, context), origin);
    Ok(())
}
