//! `scenario_state.json`: one entry per request, with the tokens of its answers.

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{self, FieldError, at, field_error, has, lacks, text};
use crate::format::harness::helm::{REQUESTS, context, instance_id};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Candidate, Claim, ClaimKind, ColumnId, Item, Logged, Step, Text};

/// The requests.
pub(in crate::format) static SCENARIO_STATE: ScenarioState = ScenarioState;

pub(in crate::format) struct ScenarioState;

static INFO: FormatInfo = FormatInfo {
    name: "helm-scenario-state",
    about: "requests of Stanford HELM with their answers (scenario_state.json)",
    tool: "crfm-helm 0.2 to 0.5.16",
    files: "`scenario_state.json` in the directory of a run",
    recognised_by: "`adapter_spec` with `request_states`",
    proven: "`completions[].logprob`: the sum over its tokens, including the conditioning ones",
    unprovable: "log-probs of clients that log 0 for every token, or no tokens",
    base: "e",
    sentinels: "0 for every token: the client has no log-probs",
    traps: "the Hugging Face client logs 0 for the first token of a prompt, and at temperature 0 for all generated ones; \
            the requests of a separate or calibrated choice are one item",
};

impl Format for ScenarioState {
    fn tool(&self) -> &'static str {
        "helm"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let is_state = head
            .document()
            .is_some_and(|root| has(root, "adapter_spec", Kind::Object) && has(root, "request_states", Kind::Array));
        if is_state {
            Confidence::of(95, "one object with adapter_spec and request_states")
        } else {
            Confidence::none()
        }
    }

    fn open(&self, _head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let columns = vec![ColumnSpec::of_kind("completions.logprob", ClaimKind::Score)];
        let mut records =
            Records::new(Framing::Nested(&["request_states"]), columns, (), |origin, (), out| visit(origin, out));
        records.conventions = vec!["logprob of a completion: sum over all its tokens, in nats".to_owned()];
        Ok(Box::new(records.mapped(&[
            ("item", "instance.id"),
            ("candidate", "reference_index"),
            ("score", "result.completions[].logprob"),
            ("logprobs", "result.completions[].tokens[].logprob"),
        ])))
    }
}

fn visit(origin: &JsonOrigin<'_>, out: &mut dyn Sink) -> Result<(), FieldError> {
    let state = origin.root;
    let Some(instance) = state.get("instance").filter(|value| value.kind() == Kind::Object) else {
        return Err(lacks(state, "instance", "an object"));
    };
    let id = instance.get("id").and_then(field::id).unwrap_or_default();
    let trial = state.get("train_trial_index").and_then(field::integer).unwrap_or(0);
    let mut filter = context(instance);
    if let Some(mode) = state.get("request_mode").and_then(|mode| mode.as_str()).filter(|mode| mode == "calibration") {
        filter.push(' ');
        filter.push_str(&mode);
    }
    let reference = state.get("reference_index").and_then(field::count);
    let right = reference.and_then(|index| instance.get("references")?.elements().nth(index as usize));
    let completions: Vec<Value<'_>> =
        field::find(state, &["result", "completions"]).into_iter().flat_map(|list| list.elements()).collect();
    let several = completions.len() > 1;
    let prompt = field::find(state, &["request", "prompt"]).and_then(text);
    let mut item = Item {
        id: instance_id(&id, trial).into(),
        task: REQUESTS.into(),
        filter: filter.into(),
        // Each reference is scored by its own request. In other cases one request holds all samples.
        complete: reference.is_none(),
        at: at(state),
        ..Item::default()
    };
    for (index, completion) in (0_u32..).zip(completions) {
        let mut candidate = candidate(completion, prompt)?;
        candidate.index = reference.or(several.then_some(index));
        candidate.gold = right.map(|right| (is_correct(right), at(right)));
        item.candidates.push(candidate);
    }
    if !item.candidates.is_empty() {
        out.item(&item, origin);
    }
    Ok(())
}

/// Whether a reference is marked as correct.
pub(super) fn is_correct(reference: Value<'_>) -> bool {
    reference.get("tags").is_some_and(|tags| tags.elements().any(|tag| tag.raw() == b"correct"))
}

fn candidate<'t>(completion: Value<'t>, prompt: Option<Text<'t>>) -> Result<Candidate<'t>, FieldError> {
    let mut candidate = Candidate { prompt, at: at(completion), ..Candidate::default() };
    let mut silent = true;
    for token in completion.get("tokens").into_iter().flat_map(|tokens| tokens.elements()) {
        if token.kind() != Kind::Object {
            return Err(field_error(token, "tokens", "an object for each token"));
        }
        let mut step = Step { token: token.get("text").and_then(text), at: at(token), ..Step::default() };
        if let Some(value) = token.get("logprob") {
            step.logprob = field::number(value, "logprob", &[])?;
            step.at = at(value);
        }
        silent &= is_zero(step.logprob);
        candidate.steps.push(step);
    }
    let total =
        completion.get("logprob").map(|value| Ok((field::number(value, "logprob", &[])?, value))).transpose()?;
    // Clients without log-probs write 0 for every token and for the total.
    if silent {
        candidate.steps.clear();
    }
    if let Some((total, value)) = total.filter(|(total, _)| !silent || !is_zero(*total)) {
        candidate.claims.push(Claim { of: ColumnId(0), value: total, at: at(value) });
    }
    Ok(candidate)
}

fn is_zero(value: Logged) -> bool {
    value.value().is_none_or(|value| value.abs() <= 0.0)
}
