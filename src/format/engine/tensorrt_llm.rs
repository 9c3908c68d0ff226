//! TensorRT-LLM: results of its LLM API, and responses of Triton's generate route.

use crate::config::{ColumnSpec, InputConfig};
use crate::format::engine::own_entry::Listed;
use crate::format::engine::payload::{Payload, drop_complete};
use crate::format::engine::vllm::by_id;
use crate::format::engine::wrapped::{emit, request_id};
use crate::format::field::{self, FieldError, at, count, has, integer};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::formula::Formula;
use crate::model::{Candidate, Claim, ClaimKind, ColumnId, Step};

pub(super) static TENSORRT_LLM: TensorRtLlm = TensorRtLlm;

pub(super) struct TensorRtLlm;

static INFO: FormatInfo = FormatInfo {
    name: "tensorrt-llm",
    about: "results of TensorRT-LLM's LLM API and responses of Triton's tensorrtllm backend",
    tool: "TensorRT-LLM 1.0 (LLM API), tensorrtllm_backend (Triton)",
    files: "JSON Lines, an array or one object",
    recognised_by: "`outputs[]` with `token_ids`, `cumulative_logprob` and log-probs as maps from id to `logprob` and `rank` \
                    without `decoded_token`; `cum_log_probs` with `output_log_probs`",
    proven: "`cumulative_logprob` and `cum_log_probs`: Σ ln p of the generated tokens",
    unprovable: "totals beside arrays of zeros: either not requested, or greedy search chose from a set of one with p = 1",
    base: "e",
    sentinels: "arrays of zeros",
    traps: "`prompt_logprobs` are not shifted: entry i belongs to the token after i, which may be missing; stop words are cut from \
            `token_ids` but not from `logprobs`; values may be taken after temperature and top-k",
};

fn is_result(record: Value<'_>) -> bool {
    let first = record.get("outputs").filter(|list| list.kind() == Kind::Array).and_then(|list| list.elements().next());
    first.is_some_and(|first| {
        let map =
            first.get("logprobs").filter(|list| list.kind() == Kind::Array).and_then(|list| list.elements().next());
        let value = map.and_then(|map| map.members().next()).map(|(_, value)| value);
        let bare = value.is_some_and(|value| value.get("logprob").is_some() && value.get("decoded_token").is_none());
        has(first, "token_ids", Kind::Array) && first.get("cumulative_logprob").is_some() && bare
    })
}

fn is_answer(record: Value<'_>) -> bool {
    record.get("cum_log_probs").is_some() && has(record, "output_log_probs", Kind::Array)
}

impl Format for TensorRtLlm {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["cumulative_logprob", "cum_log_probs"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let share = head.share(|record| is_result(record) || is_answer(record));
        Confidence::of_share(
            share,
            91,
            "a total beside log-probs by id and rank, or cum_log_probs with output_log_probs",
        )
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().unwrap_or(Framing::Lines);
        let column = |name| ColumnSpec::with_formulas(name, ClaimKind::Score, vec![Formula::SUM]);
        let reader = Records::new(framing, vec![column("cumulative_logprob"), column("cum_log_probs")], (), visit);
        Ok(Box::new(reader.mapped(&[
            ("log-probs", "outputs[].logprobs[], output_log_probs[]"),
            ("claim", "outputs[].cumulative_logprob, cum_log_probs"),
        ])))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "records hand their context over by reference")]
fn visit(origin: &JsonOrigin<'_>, (): &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    let record = origin.root;
    let mut candidates = if is_answer(record) { answer(record)? } else { result(record)? };
    for candidate in &mut candidates {
        drop_complete(candidate);
        if candidate.steps.iter().all(|step| step.logprob.value() == Some(0.0)) {
            candidate.claims.clear();
        }
    }
    let id = request_id(record, candidates.len());
    emit(record, Payload { id, candidates, ..Payload::default() }, origin, out);
    Ok(())
}

fn result(record: Value<'_>) -> Result<Vec<Candidate<'_>>, FieldError> {
    let mut candidates = Vec::new();
    let outputs = record.get("outputs").filter(|list| list.kind() == Kind::Array);
    for output in outputs.into_iter().flat_map(|list| list.elements()) {
        let mut candidate =
            Candidate { index: output.get("index").and_then(count), at: at(output), ..Candidate::default() };
        let mut ids = output.get("token_ids").into_iter().flat_map(|ids| ids.elements());
        let maps = output.get("logprobs").filter(|list| list.kind() == Kind::Array);
        let listed = Listed::of(maps.into_iter().flat_map(|maps| maps.elements()));
        for map in maps.into_iter().flat_map(|maps| maps.elements()) {
            let step = by_id(map, ids.next().and_then(integer), listed, &mut candidate)?;
            candidate.steps.push(step);
        }
        claim(output.get("cumulative_logprob"), "cumulative_logprob", 0, &mut candidate)?;
        candidates.push(candidate);
    }
    Ok(candidates)
}

/// One beam, or a list of them.
fn answer<'t>(record: Value<'t>) -> Result<Vec<Candidate<'t>>, FieldError> {
    let Some(values) = record.get("output_log_probs") else { return Ok(Vec::new()) };
    let nested = values.elements().next().is_some_and(|first| first.kind() == Kind::Array);
    let beams: Vec<Value<'t>> = if nested { values.elements().collect() } else { vec![values] };
    let totals: Vec<Value<'t>> = match record.get("cum_log_probs") {
        Some(total) if total.kind() == Kind::Array => total.elements().collect(),
        total => total.into_iter().collect(),
    };
    let mut candidates = Vec::with_capacity(beams.len());
    for (index, beam) in beams.into_iter().enumerate() {
        let mut candidate = Candidate { index: u32::try_from(index).ok(), at: at(beam), ..Candidate::default() };
        for value in beam.elements() {
            let logprob = field::number(value, "output_log_probs", &[])?;
            candidate.steps.push(Step { at: at(value), logprob, ..Step::default() });
        }
        claim(totals.get(index).copied(), "cum_log_probs", 1, &mut candidate)?;
        candidates.push(candidate);
    }
    Ok(candidates)
}

fn claim<'t>(
    value: Option<Value<'t>>,
    name: &str,
    column: u16,
    candidate: &mut Candidate<'t>,
) -> Result<(), FieldError> {
    if let Some(value) = value.filter(|value| value.kind() != Kind::Null) {
        let logged = field::number(value, name, &[])?;
        candidate.claims.push(Claim { of: ColumnId(column), value: logged, at: at(value) });
    }
    Ok(())
}
