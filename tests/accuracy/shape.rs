//! The formats in which a log is written.

use std::fmt::Write as _;

use super::log::Log;
use super::sequence::Sequence;

/// A log format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// JSON Lines, a candidate per line.
    Candidates,
    /// JSON Lines, an item with its candidates per line.
    Items,
    /// CSV, a token per row.
    Table,
    /// Outputs of vLLM's library, with its own total.
    Vllm,
    /// Responses of `OpenAI`'s chat API, with a pipeline's numbers beside them.
    OpenAi,
}

impl Shape {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Candidates => "candidate per line",
            Self::Items => "item per line",
            Self::Table => "token per CSV row",
            Self::Vllm => "vLLM offline",
            Self::OpenAi => "OpenAI chat",
        }
    }

    pub(crate) fn file(self) -> &'static str {
        if self == Self::Table { "tokens.csv" } else { "scores.jsonl" }
    }

    /// Whether it can log prompt, end token and padding.
    pub(crate) fn is_native(self) -> bool {
        !matches!(self, Self::Vllm | Self::OpenAi)
    }

    pub(crate) fn write(self, log: &Log) -> String {
        match self {
            Self::Candidates => candidates(log),
            Self::Items => items(log),
            Self::Table => table(log),
            Self::Vllm => vllm(log),
            Self::OpenAi => openai(log),
        }
    }
}

/// Comma-separated JSON values.
fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A printed log-prob; `none` for the first token of a prompt.
fn log_prob(log: &Log, value: f64, none: &str) -> String {
    if value.is_nan() { none.to_owned() } else { log.arithmetic.steps.text(value) }
}

fn has_segments(sequence: &Sequence) -> bool {
    sequence.prompt > 0 || sequence.end || sequence.padding() > 0
}

/// The fields of a candidate's tokens in JSON.
fn tokens(log: &Log, sequence: &Sequence) -> String {
    let mut text = format!(
        "\"continuation\": {}, \"tokens\": [{}], \"logprobs\": [{}]",
        quoted(&sequence.text()),
        list(sequence.tokens.iter().map(|token| quoted(token))),
        list(sequence.values.iter().map(|value| log_prob(log, *value, "null"))),
    );
    if has_segments(sequence) {
        let segments = (0..sequence.tokens.len()).map(|at| quoted(sequence.segment(at)));
        let _ = write!(text, ", \"segments\": [{}]", list(segments));
    }
    text
}

fn candidates(log: &Log) -> String {
    let mut text = String::new();
    for row in &log.rows {
        let (id, tokens) = (row.id(), tokens(log, &row.sequence));
        let _ = writeln!(
            text,
            "{{\"item\": \"q{}\", \"candidate\": \"{id}\", {tokens}, \"{}\": {}}}",
            row.item, log.name, row.claim
        );
    }
    text
}

fn items(log: &Log) -> String {
    let mut text = String::new();
    for item in log.rows.chunk_by(|a, b| a.item == b.item) {
        let candidates = item.iter().map(|row| {
            format!(
                "{{\"candidate_id\": \"{}\", {}, \"{}\": {}}}",
                row.id(),
                tokens(log, &row.sequence),
                log.name,
                row.claim
            )
        });
        let _ = writeln!(text, "{{\"item\": \"q{}\", \"candidates\": [{}]}}", item[0].item, list(candidates));
    }
    text
}

fn table(log: &Log) -> String {
    let segments = log.rows.iter().any(|row| has_segments(&row.sequence));
    let segment = if segments { "segment," } else { "" };
    let continuation = if log.needs_text() { "continuation," } else { "" };
    let mut text = format!("question_id,choice,{continuation}position,token,{segment}logprob,{}\n", log.name);
    for row in &log.rows {
        let sequence = &row.sequence;
        let continuation = if log.needs_text() { format!("{},", sequence.text()) } else { String::new() };
        for (at, token) in sequence.tokens.iter().enumerate() {
            let segment = if segments { format!("{},", sequence.segment(at)) } else { String::new() };
            let value = log_prob(log, sequence.values[at], "");
            let _ =
                writeln!(text, "q{},{},{continuation}{at},{token},{segment}{value},{}", row.item, row.id(), row.claim);
        }
    }
    text
}

fn vllm(log: &Log) -> String {
    let mut text = String::new();
    for item in log.rows.chunk_by(|a, b| a.item == b.item) {
        let outputs = item.iter().enumerate().map(|(index, row)| {
            let sequence = &row.sequence;
            let ids: Vec<usize> =
                (0..sequence.n).map(|at| 100 + (7 * at + 31 * row.item + 13 * index) % 30_000).collect();
            let maps = ids.iter().enumerate().map(|(at, id)| {
                format!(
                    "{{\"{id}\": {{\"logprob\": {}, \"rank\": 1, \"decoded_token\": {}}}}}",
                    log_prob(log, sequence.values[at], "null"),
                    quoted(&sequence.tokens[at])
                )
            });
            format!(
                "{{\"index\": {index}, \"text\": {}, \"token_ids\": [{}], \"{}\": {}, \"logprobs\": [{}], \
                 \"finish_reason\": \"length\", \"stop_reason\": null}}",
                quoted(&sequence.text()),
                list(ids.iter().map(ToString::to_string)),
                log.name,
                row.claim,
                list(maps)
            )
        });
        let _ = writeln!(
            text,
            "{{\"request_id\": \"q{}\", \"prompt\": \"Go on:\", \"prompt_token_ids\": [1, 9690], \"prompt_logprobs\": \
             null, \"outputs\": [{}], \"finished\": true}}",
            item[0].item,
            list(outputs)
        );
    }
    text
}

fn openai(log: &Log) -> String {
    let mut text = String::new();
    for row in &log.rows {
        let sequence = &row.sequence;
        let content = sequence.tokens.iter().zip(&sequence.values).map(|(token, value)| {
            let bytes = list(token.bytes().map(|byte| byte.to_string()));
            format!(
                "{{\"token\": {}, \"bytes\": [{bytes}], \"logprob\": {}, \"top_logprobs\": []}}",
                quoted(token),
                log_prob(log, *value, "null")
            )
        });
        let _ = writeln!(
            text,
            "{{\"id\": \"q{}\", \"response\": {{\"id\": \"chatcmpl-{}\", \"object\": \"chat.completion\", \"created\": \
             1762000000, \"model\": \"m\", \"choices\": [{{\"index\": 0, \"finish_reason\": \"length\", \"logprobs\": \
             {{\"content\": [{}], \"refusal\": null}}, \"message\": {{\"role\": \"assistant\", \"content\": {}}}}}], \
             \"usage\": {{\"prompt_tokens\": 9, \"completion_tokens\": {}, \"total_tokens\": {}}}}}, \"{}\": {}}}",
            row.item,
            row.item,
            list(content),
            quoted(&sequence.text()),
            sequence.n,
            sequence.n + 9,
            log.name,
            row.claim
        );
    }
    text
}
