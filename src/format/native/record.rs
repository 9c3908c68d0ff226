//! Converts a native JSON record to an Item.

use std::borrow::Cow;

use crate::format::field::{self, FieldError, at, field_error, flag, id, integer, text};
use crate::format::json::{Key, Kind, Value};
use crate::format::native::columns;
use crate::format::native::mapping::Mapping;
use crate::format::native::pairs::Pairs;
use crate::format::native::parallel::{Entry, Parallel};
use crate::format::native::paths::{entries, holds_objects, within};
use crate::format::native::roles::Role;
use crate::format::native::slots::Slots;
use crate::format::native::{entropy, grading, lists, pair_fields};
use crate::format::rewards;
use crate::model::{
    Alternative, ArrayLength, Candidate, Claim, Item, Logged, PickRef, Segment, SideValue, Slice, Step, Text,
    stable_hash,
};
use crate::numeric::Printed;

fn number(value: Value<'_>, mapping: &Mapping, what: &str) -> Result<Logged, FieldError> {
    // A yes or no is a mark and no log-prob.
    if value.kind() == Kind::Bool {
        return Ok(Logged::Null);
    }
    field::number(value, what, &mapping.sentinels)
}

fn reference(value: Value<'_>) -> PickRef<'_> {
    match (integer(value), text(value)) {
        (Some(index), _) => PickRef::Index(index, at(value)),
        (None, Some(id)) => PickRef::Id(id, at(value)),
        (None, None) => PickRef::Missing,
    }
}

/// Turns a record into an item.
pub(super) fn item<'t>(record: Value<'t>, mapping: &Mapping) -> Result<Item<'t>, FieldError> {
    if record.kind() != Kind::Object {
        return Err(field_error(record, "record", "an object"));
    }
    let slots = Slots::of(record, mapping);
    let mut item = Item { at: at(record), distinct: distinct(record), row: columns::row(record), ..Item::default() };
    item.facts = lists::facts(record);
    item.id = slots.get(Role::Item).and_then(id).unwrap_or_default();
    if let Some(name) = scored_once(record) {
        // The record's own id and timestamps do not identify the score.
        item.id = name.into();
        item.distinct = 0;
    }
    item.task = slots.get(Role::Task).and_then(id).unwrap_or_default();
    item.filter = match slots.filters.as_slice() {
        [] => slots.get(Role::Filter).and_then(id).unwrap_or_default(),
        [only] => id(*only).unwrap_or_default(),
        several => several.iter().filter_map(|value| id(*value)).collect::<Vec<_>>().join(", ").into(),
    };
    item.facts.extend(grading::graded(&item.id, &item.row));
    item.facts.extend(rewards::rewarded(&item.id, record));
    if let Some(value) = slots.get(Role::Pick) {
        item.pick = reference(value);
    }
    item.correct = slots.get(Role::Correct).and_then(|value| Some((flag(value)?, at(value))));
    let nested = slots.get(Role::Candidates).filter(|list| holds_objects(*list));
    if let Some(pairs) = &mapping.pairs {
        return of_pair(record, &slots, pairs, mapping, item);
    }
    let parallel = if nested.is_none() { Parallel::of(record, &slots, mapping) } else { None };
    if let Some(parallel) = parallel {
        if let Some(value) = slots.get(Role::Gold) {
            item.gold = reference(value);
        }
        item.complete = true;
        let prompt = slots.get(Role::Prompt).and_then(text);
        for entry in parallel.entries.iter().copied() {
            let inner = parallel.slots(&slots, entry, mapping);
            let mut candidate = candidate(record, &inner, mapping)?;
            candidate.at = parallel.at(entry).unwrap_or(candidate.at);
            match entry {
                Entry::Position(position) => candidate.index = u32::try_from(position).ok(),
                Entry::Label(label) => candidate.id = Some(Cow::Borrowed(label)),
            }
            candidate.continuation = parallel.text(entry);
            // The record's answer is the item's.
            candidate.answer = None;
            candidate.prompt = prompt;
            item.candidates.push(candidate);
        }
        return Ok(item);
    }
    if let Some(list) = nested {
        if let Some(value) = slots.get(Role::Gold) {
            item.gold = reference(value);
        }
        item.complete = true;
        let prompt = slots.get(Role::Prompt).and_then(text);
        for (position, (label, entry)) in entries(list).into_iter().enumerate() {
            let inner = Slots::of(entry, mapping);
            let mut candidate = candidate(entry, &inner, mapping)?;
            // The members of an object have no order, and so no positions.
            candidate.index = if label.is_none() { u32::try_from(position).ok() } else { None };
            candidate.id = candidate.id.or(label.map(Cow::Borrowed));
            candidate.prompt = candidate.prompt.or(prompt);
            item.candidates.push(candidate);
        }
        return Ok(item);
    }
    let mut candidate = candidate(record, &slots, mapping)?;
    if let Some(value) = slots.get(Role::Gold) {
        let is_flag = value.kind() == Kind::Bool || slots.name(Role::Gold).starts_with("is_");
        match flag(value).filter(|_| is_flag) {
            Some(gold) => candidate.gold = Some((gold, at(value))),
            None => item.gold = reference(value),
        }
    }
    // Without an id that distinguishes candidates, the record is the whole item.
    item.complete = candidate.id.is_none() && candidate.picked.is_none() && candidate.gold.is_none();
    if item.complete {
        item.metrics.extend(entropy::claims(record, &candidate));
    }
    item.candidates.push(candidate);
    Ok(item)
}

/// The two texts of a minimal pair. The model prefers the right one where the record says so, and else the other one.
fn of_pair<'t>(
    record: Value<'t>,
    slots: &Slots<'t>,
    pairs: &Pairs,
    mapping: &Mapping,
    mut item: Item<'t>,
) -> Result<Item<'t>, FieldError> {
    let [right, wrong] = pairs.sides;
    let verdict = pairs.verdict.as_deref().and_then(|name| record.get(name));
    if let Some((verdict, is_right)) = verdict.and_then(|value| Some((value, flag(value)?))) {
        item.pick = PickRef::Id(Text::plain(if is_right { right } else { wrong }), at(verdict));
        item.gold = PickRef::Id(Text::plain(right), at(verdict));
    }
    (item.correct, item.complete) = (None, true);
    for (side, label) in pairs.sides.into_iter().enumerate() {
        let inner = pair_fields::slots(pairs, record, side, mapping);
        let mut candidate = candidate(record, &inner, mapping)?;
        candidate.id = Some(Cow::Borrowed(label));
        candidate.answer = None;
        candidate.prompt = candidate.prompt.or_else(|| slots.get(Role::Prompt).and_then(text));
        item.candidates.push(candidate);
    }
    Ok(item)
}

fn candidate<'t>(object: Value<'t>, slots: &Slots<'t>, mapping: &Mapping) -> Result<Candidate<'t>, FieldError> {
    let mut candidate = Candidate { at: at(object), ..Candidate::default() };
    if let Some(value) = slots.get(Role::Candidate) {
        candidate.id = id(value);
        candidate.index = integer(value).and_then(|index| u32::try_from(index).ok());
    }
    candidate.prompt = slots.get(Role::Prompt).and_then(text);
    candidate.continuation = slots.get(Role::Continuation).and_then(text);
    candidate.greedy = slots.get(Role::Greedy).and_then(|value| Some((flag(value)?, at(value))));
    candidate.picked = slots.get(Role::Picked).and_then(|value| Some((flag(value)?, at(value))));
    if let Some(value) = slots.get(Role::Gold)
        && value.kind() == Kind::Bool
    {
        candidate.gold = flag(value).map(|gold| (gold, at(value)));
    }
    for (column, value) in &slots.claims {
        let name = mapping.columns.get(usize::from(column.0)).map_or("score", |spec| &*spec.column.name);
        let value = Claim { of: *column, value: number(*value, mapping, name)?, at: at(*value) };
        candidate.claims.push(value);
    }
    let side = slots
        .side
        .iter()
        .filter_map(|(name, value)| Some(SideValue { name: name.clone(), value: Printed::parse(value.raw())? }));
    candidate.side_values.extend(side);
    candidate.answer = ANSWERS.iter().find_map(|name| object.get(name)).and_then(answer);
    steps(slots, mapping, &mut candidate)?;
    if candidate.steps.is_empty() {
        let count = slots.get(Role::TokenCount).or_else(|| slots.get(Role::Tokens));
        candidate.stated = mapping.stated(&candidate.claims, count.and_then(integer));
    }
    Ok(candidate)
}

/// The identity of a score from a tracing tool, which has an id of its own besides.
fn scored_once(record: Value<'_>) -> Option<String> {
    let name = record.get("name")?.as_str()?;
    let [observation, execution] = field::execution(record)?;
    record.get("value").map(|_| format!("{observation} {name} {execution}"))
}

/// Fields with the answer extracted from a candidate's text.
const ANSWERS: [&str; 8] =
    ["answer", "extracted_answer", "parsed_answer", "final_answer", "parsed", "extracted", "prediction", "pred"];

/// A text or a number as an answer.
fn answer(value: Value<'_>) -> Option<Text<'_>> {
    text(value).or_else(|| (value.kind() == Kind::Number).then(|| Text::plain(value.raw_str())))
}

/// Maximum length of a scalar that distinguishes rows of the same item; longer ones are texts.
pub(super) const LONGEST_DISTINCTION: usize = 64;

/// A hash of the record's own short scalars, in any order, such as a sample number, a seed or a condition. Fractions
/// are left out: they are measured values, not settings.
fn distinct(record: Value<'_>) -> u64 {
    let chosen = |(key, value): (Key<'_>, Value<'_>)| {
        let raw = value.raw();
        let chosen = match value.kind() {
            Kind::String | Kind::Bool => true,
            Kind::Number => raw.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-'),
            _ => false,
        };
        (chosen && raw.len() <= LONGEST_DISTINCTION).then(|| stable_hash(&(key.raw(), raw)))
    };
    record.members().filter_map(chosen).fold(0, u64::wrapping_add)
}

fn is_list(value: &Value<'_>) -> bool {
    value.kind() == Kind::Array
}

/// Builds the steps from parallel arrays, or from one object per token.
fn steps<'t>(slots: &Slots<'t>, mapping: &Mapping, candidate: &mut Candidate<'t>) -> Result<(), FieldError> {
    let list = |role| slots.get(role).filter(is_list);
    let of_surprisals = list(Role::Surprisals).is_some() && list(Role::Logprobs).is_none();
    let per_object = [Role::Tokens, Role::Logprobs, Role::Surprisals, Role::Probs]
        .into_iter()
        .filter(|role| slots.slot(*role).is_some_and(|slot| slot.inner.rest == 0))
        .filter_map(list)
        .find(|value| value.elements().next().is_some_and(|first| first.kind() == Kind::Object));
    let pairs = [Role::Tokens, Role::Logprobs, Role::Surprisals, Role::Probs]
        .into_iter()
        .filter_map(|role| Some((role, list(role)?)))
        .find(|(_, value)| value.elements().next().is_some_and(is_pair));
    if let Some(tokens) = per_object {
        for token in tokens.elements() {
            let step = token_object(token, mapping, candidate)?;
            candidate.steps.push(step);
        }
    } else if let Some((role, tokens)) = pairs {
        for token in tokens.elements() {
            let step = token_pair(token, role, mapping)?;
            candidate.steps.push(step);
        }
    } else {
        let arrays = [
            (Role::Tokens, "tokens"),
            (Role::TokenIds, "token_ids"),
            (Role::Surprisals, "surprisals"),
            (Role::Logprobs, "logprobs"),
            (Role::Probs, "probs"),
            (Role::Logits, "logits"),
            (Role::TopK, "top_logprobs"),
            (Role::LogitVectors, "logit_vectors"),
            (Role::LogprobVectors, "logprob_vectors"),
            (Role::ProbVectors, "prob_vectors"),
            (Role::Segments, "segments"),
            (Role::Mask, "mask"),
            (Role::EndFlags, "is_eos"),
        ];
        for (role, name) in arrays {
            let Some(array) = list(role) else { continue };
            let inner = slots.slot(role).map_or(&[][..], |slot| mapping.inner(slot.inner));
            // Surprisals add nothing to log-probs. Probabilities cannot be checked against surprisals, which may be in
            // bits.
            let is_idle = role == Role::Surprisals && !of_surprisals || role == Role::Probs && of_surprisals;
            if is_idle {
                continue;
            }
            let len = fill(&Series { role, array, inner }, mapping, candidate)?;
            candidate.arrays.push(ArrayLength { role: name, len, at: at(array) });
        }
    }
    settle_segments(&mut candidate.steps, slots, list(Role::Segments).is_some());
    if of_surprisals {
        settle_padding(&mut candidate.steps);
    }
    Ok(())
}

/// The values of a role, one per token.
struct Series<'t, 'm> {
    role: Role,
    array: Value<'t>,
    /// The keys from an entry of the array to its value.
    inner: &'m [String],
}

/// Writes one parallel array into the steps and returns its length.
fn fill<'t>(series: &Series<'t, '_>, mapping: &Mapping, candidate: &mut Candidate<'t>) -> Result<u32, FieldError> {
    let role = series.role;
    let mut len = 0_u32;
    for (index, entry) in series.array.elements().enumerate() {
        len += 1;
        if candidate.steps.len() <= index {
            candidate.steps.push(Step { at: at(entry), ..Step::default() });
        }
        let Some(value) = within(entry, series.inner) else { continue };
        // Vectors and alternatives use shared buffers, so the step is filled after them.
        match role {
            Role::TopK => {
                let top = alternatives(value, mapping, &mut candidate.alternatives)?;
                if let Some(step) = candidate.steps.get_mut(index) {
                    step.top = top;
                }
                continue;
            }
            Role::Logits if value.kind() == Kind::Array => {
                let vector = vector(value, candidate)?;
                if let Some(step) = candidate.steps.get_mut(index) {
                    step.logit_vector = vector;
                }
                continue;
            }
            Role::LogitVectors | Role::LogprobVectors | Role::ProbVectors => {
                let vector = vector(value, candidate)?;
                if let Some(step) = candidate.steps.get_mut(index) {
                    match role {
                        Role::LogitVectors => step.logit_vector = vector,
                        Role::LogprobVectors => step.logprob_vector = vector,
                        _ => step.prob_vector = vector,
                    }
                }
                continue;
            }
            _ => {}
        }
        let Some(step) = candidate.steps.get_mut(index) else { continue };
        match role {
            Role::Tokens => step.token = text(value),
            Role::TokenIds => step.token_id = integer(value),
            Role::Logprobs => {
                step.logprob = number(value, mapping, "logprobs")?;
                step.at = at(value);
            }
            Role::Surprisals => {
                step.logprob = number(value, mapping, "surprisals")?.negated();
                step.at = at(value);
            }
            Role::Probs => {
                step.prob = number(value, mapping, "probs")?;
                if !step.logprob.is_present() {
                    step.at = at(value);
                }
            }
            Role::Logits => step.logit = number(value, mapping, "logits")?,
            Role::Segments => step.segment = segment(value)?,
            Role::Mask => {
                let scored = flag(value).ok_or_else(|| field_error(value, "mask", "0 or 1"))?;
                // Prompt and padding are separated below, once the range of scored steps is known.
                step.segment = if scored { Segment::Continuation } else { Segment::Padding };
            }
            Role::EndFlags => {
                let ends = flag(value).ok_or_else(|| field_error(value, "is_eos", "true or false"))?;
                step.segment = if ends && step.segment == Segment::Continuation { Segment::End } else { step.segment };
            }
            _ => {}
        }
    }
    Ok(len)
}

/// Marks infinite surprisals at the end as padding: a shorter sentence in a batch has them.
pub(super) fn settle_padding(steps: &mut [Step<'_>]) {
    let is_padding = |step: &&mut Step<'_>| step.logprob.value().is_some_and(|value| value == f64::NEG_INFINITY);
    for step in steps.iter_mut().rev().take_while(is_padding) {
        step.logprob = Logged::Null;
        step.segment = Segment::Padding;
    }
}

/// Marks steps before the first scored one as prompt, and steps after a flagged end as padding.
fn settle_segments(steps: &mut [Step<'_>], slots: &Slots<'_>, explicit: bool) {
    if explicit {
        return;
    }
    if slots.get(Role::Mask).is_some() {
        for step in steps.iter_mut() {
            if step.segment != Segment::Padding {
                break;
            }
            step.segment = Segment::Prompt;
        }
    }
    let mut ended = false;
    for step in steps {
        if ended && step.segment == Segment::Continuation {
            step.segment = Segment::Padding;
        }
        ended |= step.segment == Segment::End;
    }
}

fn segment(value: Value<'_>) -> Result<Segment, FieldError> {
    segment_text(value.raw()).ok_or_else(|| field_error(value, "segments", "one of prompt, continuation, end, padding"))
}

/// The segment of a name.
#[must_use]
pub(super) fn segment_text(raw: &[u8]) -> Option<Segment> {
    match raw {
        b"prompt" | b"context" | b"input" => Some(Segment::Prompt),
        b"continuation" | b"completion" | b"output" | b"generated" => Some(Segment::Continuation),
        b"end" | b"eos" => Some(Segment::End),
        b"padding" | b"pad" => Some(Segment::Padding),
        _ => None,
    }
}

fn token_object<'t>(
    token: Value<'t>,
    mapping: &Mapping,
    candidate: &mut Candidate<'t>,
) -> Result<Step<'t>, FieldError> {
    let mut step = Step { at: at(token), ..Step::default() };
    if token.kind() != Kind::Object {
        return Err(field_error(token, "tokens", "an object for each token"));
    }
    for (key, value) in token.members() {
        match key.raw() {
            b"token" | b"text" | b"str" | b"piece" => step.token = text(value),
            b"id" | b"token_id" => step.token_id = integer(value),
            b"logprob" | b"log_prob" | b"lp" => {
                step.logprob = number(value, mapping, "logprob")?;
                step.at = at(value);
            }
            b"prob" | b"p" | b"probability" => step.prob = number(value, mapping, "prob")?,
            b"logit" => step.logit = number(value, mapping, "logit")?,
            b"logits" | b"logit_vector" | b"full_logits" => step.logit_vector = vector(value, candidate)?,
            b"logprobs" | b"logprob_vector" | b"full_logprobs" => step.logprob_vector = vector(value, candidate)?,
            b"probs" | b"prob_vector" | b"full_probs" => step.prob_vector = vector(value, candidate)?,
            b"top_logprobs" | b"alternatives" | b"top_k" => {
                step.top = alternatives(value, mapping, &mut candidate.alternatives)?;
            }
            b"segment" => step.segment = segment(value)?,
            b"is_eos" | b"is_end" | b"eos" if flag(value) == Some(true) => step.segment = Segment::End,
            _ => {}
        }
    }
    Ok(step)
}

/// Whether a value is a token's text beside its number.
pub(super) fn is_pair(value: Value<'_>) -> bool {
    let mut entries = value.elements();
    let (first, second, third) = (entries.next(), entries.next(), entries.next());
    let is = |entry: Option<Value<'_>>, kind| entry.is_some_and(|entry| entry.kind() == kind);
    value.kind() == Kind::Array && is(first, Kind::String) && is(second, Kind::Number) && third.is_none()
}

/// A token from a pair of its text and its number, which is a log-prob unless the list is called otherwise.
fn token_pair<'t>(pair: Value<'t>, role: Role, mapping: &Mapping) -> Result<Step<'t>, FieldError> {
    let mut entries = pair.elements();
    let (Some(token), Some(value), None) = (entries.next(), entries.next(), entries.next()) else {
        return Err(field_error(pair, "tokens", "a pair of the token and its number"));
    };
    let mut step = Step { token: text(token), at: at(value), ..Step::default() };
    match role {
        Role::Surprisals => step.logprob = number(value, mapping, "surprisals")?.negated(),
        Role::Probs => step.prob = number(value, mapping, "probs")?,
        _ => step.logprob = number(value, mapping, "logprobs")?,
    }
    Ok(step)
}

fn vector(value: Value<'_>, candidate: &mut Candidate<'_>) -> Result<Slice, FieldError> {
    if value.kind() == Kind::Null {
        return Ok(Slice::default());
    }
    if value.kind() != Kind::Array {
        return Err(field_error(value, "vector", "a list of numbers"));
    }
    let start = u32::try_from(candidate.vectors.len()).unwrap_or(u32::MAX);
    for entry in value.elements() {
        let number = match entry.kind() {
            Kind::Number => Printed::parse(entry.raw()),
            _ => None,
        };
        let number = number.ok_or_else(|| field_error(entry, "vector", "a number"))?;
        candidate.vector_decimals = candidate.vector_decimals.max(number.decimals);
        candidate.vectors.push(number.value);
    }
    let end = u32::try_from(candidate.vectors.len()).unwrap_or(u32::MAX);
    Ok(Slice { start, len: end - start })
}

/// A list of `{token, id, logprob}`, a list of `[token, logprob]`, or a map from text to log-prob.
fn alternatives<'t>(
    value: Value<'t>,
    mapping: &Mapping,
    buffer: &mut Vec<Alternative<'t>>,
) -> Result<Slice, FieldError> {
    let start = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
    match value.kind() {
        Kind::Null => return Ok(Slice::default()),
        Kind::Object => {
            for (key, entry) in value.members() {
                let token = std::str::from_utf8(key.raw()).ok().map(Text::json);
                push(buffer, token, None, number(entry, mapping, "top_logprobs")?);
            }
        }
        Kind::Array => {
            for entry in value.elements() {
                alternative(entry, mapping, buffer)?;
            }
        }
        _ => return Err(field_error(value, "top_logprobs", "a list or a map")),
    }
    let end = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
    Ok(Slice { start, len: end - start })
}

fn alternative<'t>(entry: Value<'t>, mapping: &Mapping, buffer: &mut Vec<Alternative<'t>>) -> Result<(), FieldError> {
    let (mut token, mut id, mut logprob) = (None, None, Logged::Missing);
    match entry.kind() {
        Kind::Object => {
            for (key, value) in entry.members() {
                match key.raw() {
                    b"token" | b"text" | b"str" | b"piece" => token = text(value),
                    b"id" | b"token_id" => id = integer(value),
                    b"logprob" | b"log_prob" | b"lp" => logprob = number(value, mapping, "top_logprobs")?,
                    _ => {}
                }
            }
        }
        Kind::Array => {
            for value in entry.elements() {
                match value.kind() {
                    Kind::String => token = text(value),
                    _ if logprob == Logged::Missing => logprob = number(value, mapping, "top_logprobs")?,
                    _ => id = integer(value),
                }
            }
        }
        _ => return Err(field_error(entry, "top_logprobs", "an object {token, id, logprob}")),
    }
    push(buffer, token, id, logprob);
    Ok(())
}

/// Keeps an alternative if it has a value; sentinels and nulls do not count as values.
fn push<'t>(buffer: &mut Vec<Alternative<'t>>, token: Option<Text<'t>>, id: Option<i64>, logprob: Logged) {
    if let Logged::Number(logprob) = logprob {
        buffer.push(Alternative { token, id, logprob });
    }
}
