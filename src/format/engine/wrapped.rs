//! Reads responses, bare or inside a record that wraps them, with the claims that a pipeline added beside them.

use std::borrow::Cow;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::engine::expected_score;
use crate::format::engine::payload::{Payload, unwrap};
use crate::format::field::{self, FieldError, at};
use crate::format::json::Value;
use crate::format::native::roles::{Role, by_name};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Head, Sink};
use crate::model::{Candidate, Claim, ColumnId, Item};

/// Turns a response into its candidates; None for any other value.
pub(in crate::format) type Read = for<'t> fn(Value<'t>) -> Result<Option<Payload<'t>>, FieldError>;

/// Context of a reader of responses.
pub(in crate::format) struct Wrapped {
    read: Read,
    /// Names of claims beside the response, with their columns.
    claims: Vec<String>,
    /// The first of these columns.
    first: u16,
}

/// A reader of responses that state no values of their own.
pub(in crate::format) fn reader(head: &Head<'_>, config: &InputConfig, read: Read) -> Result<Records<Wrapped>, String> {
    reader_with(head, config, read, Vec::new())
}

/// A reader of responses, with the columns of the values they state.
pub(super) fn reader_with(
    head: &Head<'_>,
    config: &InputConfig,
    read: Read,
    own: Vec<ColumnSpec>,
) -> Result<Records<Wrapped>, String> {
    let framing = head.framing().ok_or_else(|| "expected JSON".to_owned())?;
    let mut claims: Vec<String> = Vec::new();
    let first = u16::try_from(own.len()).unwrap_or(u16::MAX);
    let mut columns = own;
    for (key, _) in head.records().flat_map(|record| record.members()) {
        let name = key.as_str();
        if claims.iter().any(|known| *known == name) {
            continue;
        }
        if let Some(column) = column(&name, config) {
            columns.push(column);
            claims.push(name.into_owned());
        }
    }
    let mapping: Vec<(&'static str, &str)> = claims.iter().map(|name| ("claim", name.as_str())).collect();
    let context = Wrapped { read, claims: claims.clone(), first };
    Ok(Records::new(framing, columns, context, visit).mapped(&mapping))
}

/// The column of a field beside a response: one that the user declares, or one with a name about log-probs.
pub(in crate::format) fn column(name: &str, config: &InputConfig) -> Option<ColumnSpec> {
    if let Some(named) = config.columns.iter().find(|spec| *spec.column.name == *name) {
        return Some(named.clone());
    }
    let Some((Role::Claim(kind), true)) = by_name(name) else { return None };
    let plain = ["logprob", "log_prob", "likelihood", "perplexity", "ppl"].iter().any(|part| name.contains(part));
    plain.then(|| ColumnSpec::of_kind(name, kind))
}

fn visit(origin: &JsonOrigin<'_>, context: &Wrapped, out: &mut dyn Sink) -> Result<(), FieldError> {
    let record = origin.root;
    let response = unwrap(record);
    let Some(mut payload) = (context.read)(response)? else { return Ok(()) };
    // A number beside a response with several choices does not say which choice it belongs to.
    if let [only] = payload.candidates.as_mut_slice() {
        for (name, column) in context.claims.iter().zip(context.first..) {
            if let Some(value) = record.get(name) {
                let logged = field::number(value, name, &[])?;
                only.claims.push(Claim { of: ColumnId(column), value: logged, at: at(value) });
            }
        }
    }
    if payload.candidates.len() == 1 && response.start() != record.start() {
        payload.metrics.extend(expected_score::metrics(record, response));
    }
    emit(record, payload, origin, out);
    Ok(())
}

/// The id of a request among those of a process, which numbers them from 0: a number identifies a request only if its result
/// is alone.
pub(super) fn request_id(record: Value<'_>, results: usize) -> Option<Cow<'_, str>> {
    record.get("request_id").and_then(field::id).filter(|id| results == 1 || id.parse::<u64>().is_err())
}

/// Emits the candidates of a response as one item, if any of them holds numbers.
pub(super) fn emit(record: Value<'_>, payload: Payload<'_>, origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    let empty = |candidate: &Candidate<'_>| candidate.steps.is_empty() && candidate.claims.is_empty();
    if payload.candidates.iter().all(empty) {
        return;
    }
    let outer = ["custom_id", "id"].iter().find_map(|key| record.get(key).and_then(field::id));
    let id: Option<Cow<'_, str>> = outer.or(payload.id);
    out.item(
        &Item {
            id: id.unwrap_or_default(),
            candidates: payload.candidates,
            pick: payload.pick,
            metrics: payload.metrics,
            complete: true,
            at: at(record),
            ..Item::default()
        },
        origin,
    );
}
