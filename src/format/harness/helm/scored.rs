//! Scores of each instance's requests, used to check the metrics in the other files: log-probs without token texts.

use std::collections::BTreeMap;

use crate::format::field;
use crate::format::harness::helm::requests::is_correct;
use crate::format::harness::helm::texts::Texts;
use crate::format::harness::helm::{context, instance_id};
use crate::format::json::{Kind, Tape, Value};
use crate::source::{Inner, NestedRecords, SourceError, beside};

/// Maximum log-probs and bytes of text kept in total. In a larger run, some rows cannot be proven.
const KEPT: usize = 1 << 23;

/// How the scores of references are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Method {
    /// Per token.
    Separate,
    /// Minus the score without the question.
    Calibrated,
    /// A single answer, or a text that is scored.
    #[default]
    Answer,
}

/// One request's answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answer {
    /// The reference that was scored.
    pub(super) reference: Option<u32>,
    /// Whether it was scored without the question.
    pub(super) is_calibration: bool,
    /// Whether that reference is correct.
    pub(super) right: bool,
    /// Log-probs of the scored tokens, in nats; None if not logged or uncertain.
    pub(super) logprobs: Option<Vec<f64>>,
    /// UTF-8 bytes of these tokens.
    pub(super) bytes: u32,
    /// Whether the graded answer is the one with these tokens.
    pub(super) is_graded: bool,
    /// The graded answer, and the correct ones that it is compared with.
    pub(super) texts: Option<Texts>,
}

/// The requests of a run, by instance.
#[derive(Debug, Default)]
pub(super) struct Scored {
    /// How references are compared.
    pub(super) method: Method,
    /// Whether texts are scored window by window; an instance may then have several requests.
    pub(super) is_language_modelling: bool,
    answers: BTreeMap<(String, String), Vec<Answer>>,
}

impl Scored {
    /// Reads the requests in a directory, if the file exists.
    pub(super) fn in_directory(directory: &str) -> Self {
        let mut scored = Self::default();
        let requests = beside(&format!("{directory}/scenario_state.json"));
        let Some(Ok(stream)) = requests.map(|input| input.open()) else { return scored };
        let mut tape = Tape::default();
        let mut kept = 0;
        for part in NestedRecords::new(stream, &["request_states"]) {
            match part {
                Ok(Inner::Entry(element) | Inner::Member(element)) => {
                    let Ok(state) = tape.parse(&element.bytes) else { continue };
                    let Some((key, mut answer)) = answer(state) else { continue };
                    kept += answer.logprobs.as_ref().map_or(0, Vec::len);
                    kept += answer.texts.as_ref().map_or(0, Texts::size);
                    if kept > KEPT {
                        (answer.logprobs, answer.texts) = (None, None);
                    }
                    scored.answers.entry(key).or_default().push(answer);
                }
                Ok(Inner::Shell(shell)) => {
                    let Ok(shell) = tape.parse(&shell.bytes) else { continue };
                    let spec = shell.get("adapter_spec");
                    let method = spec.and_then(|spec| spec.get("method")?.as_str()).unwrap_or_default();
                    scored.is_language_modelling = method == "language_modeling";
                    scored.method = match method.as_ref() {
                        "multiple_choice_separate_original" | "ranking_binary" => Method::Separate,
                        "multiple_choice_separate_calibrated" => Method::Calibrated,
                        _ => Method::Answer,
                    };
                    let pattern = spec.and_then(|spec| spec.get("output_mapping_pattern"));
                    if pattern.is_some_and(|pattern| pattern.kind() == Kind::String) {
                        scored.answers.values_mut().flatten().for_each(|answer| answer.texts = None);
                    }
                }
                Err(SourceError::TooLong { .. }) => {}
                Err(_) => break,
            }
        }
        scored
    }

    /// The answers to the requests of an instance.
    pub(super) fn of(&self, context: &str, id: &str) -> &[Answer] {
        self.answers.get(&(context.to_owned(), id.to_owned())).map_or(&[], Vec::as_slice)
    }
}

fn answer(state: Value<'_>) -> Option<((String, String), Answer)> {
    let instance = state.get("instance")?;
    let id = instance.get("id").and_then(field::id)?;
    let trial = state.get("train_trial_index").and_then(field::integer).unwrap_or(0);
    let key = (context(instance), instance_id(&id, trial));
    let completions = || field::find(state, &["result", "completions"]).into_iter().flat_map(|list| list.elements());
    let tokens: Vec<Value<'_>> =
        completions().next()?.get("tokens").into_iter().flat_map(|tokens| tokens.elements()).collect();
    let reference = state.get("reference_index").and_then(field::count);
    let references = || instance.get("references").into_iter().flat_map(|list| list.elements());
    let asked = reference.and_then(|index| references().nth(index as usize));
    let scored = match asked {
        Some(asked) => {
            let prompt = field::find(state, &["request", "prompt"]).and_then(|prompt| prompt.as_str());
            answer_to(&tokens, &reference_text(asked)?, &prompt.unwrap_or_default())
        }
        None => behind(&tokens, state.get("num_conditioning_tokens").and_then(field::count).unwrap_or(0)),
    };
    let logprobs: Option<Vec<f64>> = scored
        .and_then(|tokens| tokens.iter().map(|token| Some(field::printed(token.get("logprob")?)?.value)).collect());
    // Clients without log-probs write 0 for every token.
    let logprobs = logprobs.filter(|values| values.iter().any(|value| value.abs() > 0.0));
    let totals = || completions().map(|completion| completion.get("logprob").and_then(field::printed));
    let graded = best(totals().map(|total| total.map_or(0.0, |total| total.value)));
    let mut texts = None;
    if asked.is_none() {
        let right: Vec<String> = references().filter(|one| is_correct(*one)).filter_map(reference_text).collect();
        let text = completions().nth(graded)?.get("text").and_then(|text| text.as_str()).unwrap_or_default();
        let mut given = text.trim().to_owned();
        if let Some(mapping) = state.get("output_mapping").filter(|mapping| mapping.kind() == Kind::Object) {
            let meant = mapping.get(&given).and_then(|meant| meant.as_str()).unwrap_or_default();
            meant.trim().clone_into(&mut given);
        }
        texts = Texts::new(&given, &right);
    }
    let answer = Answer {
        reference,
        is_calibration: state.get("request_mode").is_some_and(|mode| mode.raw() == b"calibration"),
        right: asked.is_some_and(is_correct),
        logprobs,
        bytes: scored.map_or(0, |tokens| tokens.iter().map(|token| bytes(*token)).sum()),
        is_graded: graded == 0,
        texts,
    };
    Some((key, answer))
}

fn reference_text(reference: Value<'_>) -> Option<String> {
    Some(field::find(reference, &["output", "text"])?.as_str()?.into_owned())
}

/// Position of the largest total; of equal totals, the first.
fn best(totals: impl Iterator<Item = f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (at, total) in totals.enumerate() {
        if total > best.1 {
            best = (at, total);
        }
    }
    best.0
}

/// The last tokens that spell a reference with its leading space. Tokens that are parts of characters have no spelling;
/// in that case, the tokens after the prompt in front of the reference.
fn answer_to<'v, 't>(tokens: &'v [Value<'t>], reference: &str, prompt: &str) -> Option<&'v [Value<'t>]> {
    let wanted = format!(" {reference}");
    spelling_backwards(tokens, &wanted).or_else(|| behind_text(tokens, prompt.strip_suffix(wanted.as_str())?))
}

fn spelling_backwards<'v, 't>(tokens: &'v [Value<'t>], wanted: &str) -> Option<&'v [Value<'t>]> {
    let mut rest = wanted;
    for (at, token) in tokens.iter().enumerate().rev() {
        let text = token.get("text")?.as_str()?;
        rest = rest.strip_suffix(text.as_ref()).filter(|_| !text.is_empty())?;
        if rest.is_empty() {
            return tokens.get(at..);
        }
    }
    None
}

/// The tokens after those that spell a text. A begin-of-text token may come first.
fn behind_text<'v, 't>(tokens: &'v [Value<'t>], front: &str) -> Option<&'v [Value<'t>]> {
    (0..2).find_map(|start| {
        let mut rest = front;
        for (at, token) in tokens.iter().enumerate().skip(start) {
            if rest.is_empty() {
                return tokens.get(at..);
            }
            let text = token.get("text")?.as_str()?;
            rest = rest.strip_prefix(text.as_ref())?;
        }
        None
    })
}

/// The tokens after the conditioning ones. If there are conditioning tokens, an empty token at the start is ignored.
fn behind<'v, 't>(tokens: &'v [Value<'t>], conditioning: u32) -> Option<&'v [Value<'t>]> {
    let empty = tokens.first().is_some_and(|first| first.get("text").is_some_and(|text| text.raw().is_empty()));
    let skipped = conditioning as usize + usize::from(conditioning > 0 && empty);
    tokens.get(skipped.min(tokens.len())..)
}

/// UTF-8 bytes of a token. A spelling such as `bytes:\xe2\x80` is decoded.
fn bytes(token: Value<'_>) -> u32 {
    let text = token.get("text").and_then(|text| text.as_str()).unwrap_or_default();
    let count = if text.starts_with("bytes:") { text.matches("\\x").count() } else { text.len() };
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::harness::helm::texts::Reading;

    fn of(text: &str) -> Option<Answer> {
        answer(Tape::default().parse(text.as_bytes()).unwrap()).map(|(_, answer)| answer)
    }

    fn state(more: &str, tokens: &str) -> String {
        let references =
            r#"[{"output": {"text": "un lac"}, "tags": ["correct"]}, {"output": {"text": "x"}, "tags": []}]"#;
        let completion = format!(r#"{{"text": "un lac ", "logprob": -3.5, "tokens": {tokens}}}"#);
        format!(
            r#"{{"instance": {{"id": "id1", "references": {references}}}, {more} "result": {{"completions": [{completion}]}}}}"#
        )
    }

    #[test]
    fn the_reference_is_what_its_last_tokens_spell() {
        let tokens =
            r#"[{"text": "Q", "logprob": -9.0}, {"text": " un", "logprob": -1.5}, {"text": " lac", "logprob": -2.0}]"#;
        let found = of(&state(r#""reference_index": 0, "request_mode": "original","#, tokens)).unwrap();
        assert_eq!((found.logprobs, found.bytes, found.right), (Some(vec![-1.5, -2.0]), 7, true));
        let split = r#"[{"text": "<s>", "logprob": 0}, {"text": "Q", "logprob": -9.0}, {"text": "\ufffd", "logprob": -1}, {"text": "\ufffd", "logprob": -2}]"#;
        let prompt = r#""reference_index": 0, "request_mode": "original", "request": {"prompt": "Q un lac"},"#;
        assert_eq!(of(&state(prompt, split)).unwrap().logprobs, Some(vec![-1.0, -2.0]));
        let other = of(&state(r#""reference_index": 1, "request_mode": "original","#, tokens)).unwrap();
        assert_eq!((other.logprobs, other.right), (None, false));
    }

    #[test]
    fn conditioning_tokens_and_an_empty_first_one_are_not_scored() {
        let tokens = r#"[{"text": "", "logprob": 0}, {"text": "a", "logprob": -1}, {"text": "bytes:\\xe2\\x80", "logprob": -2}]"#;
        let found = of(&state(r#""num_conditioning_tokens": 1,"#, tokens)).unwrap();
        assert_eq!((found.logprobs, found.bytes), (Some(vec![-2.0]), 2));
        assert_eq!(found.texts.unwrap().pair(Reading::Same), Some(("un lac", "un lac")));
        let all = of(&state(r#""num_conditioning_tokens": 0,"#, tokens)).unwrap();
        assert_eq!(all.logprobs, Some(vec![0.0, -1.0, -2.0]));
    }

    #[test]
    fn zeros_everywhere_are_no_log_probs() {
        let found = of(&state("", r#"[{"text": "a", "logprob": 0}, {"text": "b", "logprob": 0.0}]"#)).unwrap();
        assert_eq!(found.logprobs, None);
    }
}
