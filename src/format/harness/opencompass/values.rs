//! Predictions that are one number per document: losses of windows, perplexities, Min-K% Prob.

use std::borrow::Cow;

use crate::config::InputConfig;
use crate::format::field::{FieldError, at, field_error, has, printed};
use crate::format::harness::opencompass::predictions::{document, first, item};
use crate::format::harness::opencompass::{DatasetPart, join};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Claim, Definition, RowMetric, RowValue};
use crate::numeric::Printed;

/// A number per document.
pub(in crate::format) static VALUES: Values = Values;

pub(in crate::format) struct Values;

static INFO: FormatInfo = FormatInfo {
    name: "opencompass-values",
    about: "predictions of OpenCompass's SWCELossInferencer, PPLOnlyInferencer, InferencePPLOnlyInferencer and \
            MinKPercentInferencer",
    tool: super::predictions::TOOL,
    files: super::predictions::FILES,
    recognised_by: "members \"0\", \"1\", … with `loss` and `total_chr_num`, or with `origin_prompt` and `ppl` or `mink`",
    proven: "the aggregates in the results file",
    unprovable: "the values themselves: tokens are not logged",
    base: "e; `loss` is a sum over a window, `ppl` is a mean negative log-likelihood, or a sum if `token_len` is present",
    sentinels: "none",
    traps: "`total_chr_num` counts the whole text and is repeated in every window; `ppl` is never exponentiated",
};

/// The loss of a window.
pub(super) const LOSS: &str = "loss";
/// The mean negative log-likelihood of a text.
pub(super) const PPL_OF_TEXT: &str = "ppl";
/// The Min-K% Prob of a text.
pub(super) const MINK: &str = "mink";

/// The value of a document, and its divisor if logged.
fn value(document: Value<'_>) -> Option<(&'static str, Value<'_>, Option<Value<'_>>)> {
    let prompted = document.get("origin_prompt").is_some();
    let of = |name: &'static str, count: &str| Some((name, document.get(name)?, document.get(count)));
    if has(document, "total_chr_num", Kind::Number) {
        return of(LOSS, "total_chr_num");
    }
    of(PPL_OF_TEXT, "token_len").or_else(|| of(MINK, "")).filter(|_| prompted)
}

impl Format for Values {
    fn tool(&self) -> &'static str {
        "opencompass"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        match first(head).and_then(value) {
            Some((_, number, _)) if number.kind() == Kind::Number => {
                Confidence::of(92, "numbered members with a loss, ppl or mink")
            }
            _ => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let mut records = Records::new(Framing::Nested(&[]), Vec::new(), DatasetPart::of(head), row)
            .mapped(&[("item", "key"), ("metric", "loss, ppl or mink")]);
        join(&mut records, head);
        Ok(Box::new(records))
    }
}

fn row(origin: &JsonOrigin<'_>, context: &DatasetPart, out: &mut dyn Sink) -> Result<(), FieldError> {
    let (id, document) = document(origin.root, context)?;
    let (name, value, count) = value(document).ok_or_else(|| field_error(document, "document", "loss, ppl or mink"))?;
    let number = printed(value).ok_or_else(|| field_error(value, name, "a number"))?;
    let count = match count {
        Some(count) => Some(printed(count).ok_or_else(|| field_error(count, "count", "a number"))?),
        // The mean over documents gives each document a count of 1.
        None => Printed::parse(b"1"),
    };
    let mut item = item(id, document, context);
    item.metrics.push(Claim {
        of: RowMetric { name: Cow::Borrowed(name), custom: false, definition: Definition::ByName },
        value: count.map_or(RowValue::Number(number), |count| RowValue::Pair(number, count)),
        at: at(value),
    });
    out.item(&item, origin);
    Ok(())
}
