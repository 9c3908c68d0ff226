//! `details_<task>_<date>.parquet`: one row per document and sampling method, in the shapes before and since 0.11.

use std::borrow::Cow;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{self, FieldError, at, flag, has, lacks};
use crate::format::harness::lighteval::{date, run_directory};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{
    Candidate, Claim, ClaimKind, ColumnId, Definition, Divisor, Item, Logged, LoggedTotal, Ranking, RowMetric,
    RowValue, ScoreOutput, Text,
};
use crate::numeric::Printed;

/// The rows.
pub(in crate::format) static DETAILS: Details = Details;

pub(in crate::format) struct Details;

static INFO: FormatInfo = FormatInfo {
    name: "lighteval-details",
    about: "rows of lighteval (details_<task>_<date>.parquet)",
    tool: "lighteval 0.4 to 0.13",
    files: "`details/<model>/<date>/details_<task>_<date>.parquet`",
    recognised_by: "`doc` with `model_response` and `metric`; before 0.11 `predictions` with `gold_index` and `metrics`",
    proven: "acc, acc_norm, acc_norm_token, acc_norm_pmi, normalized_mc_prob, prob; log-probs of perplexities",
    unprovable: "log-probs and greedy flags: one sum per choice is logged; metrics of generated text; acc_norm in rows where the \
                 leading space of the choices decides",
    base: "e",
    sentinels: "only the shared ones",
    traps: "output_tokens are padded with -1 to the longest choice and counted with the padding, so acc_norm_token equals acc; log-probs \
            of whole texts may be off by one position; a document has one row per sampling method",
};

impl Format for Details {
    fn tool(&self) -> &'static str {
        "lighteval"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["model_response", "gold_index"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let share = head.share(|row| is_new(row) || is_old(row));
        Confidence::of_share(share, 94, "rows with doc, metric and model_response, or with predictions and gold_index")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().unwrap_or(Framing::Lines);
        let columns = vec![ColumnSpec::of_kind("logprobs", ClaimKind::Score)];
        let mut records = Records::new(framing, columns, Named { task: task_of(head.name).to_owned() }, visit);
        date(head.name).clone_into(&mut records.run_key);
        records.run_directory = run_directory(head);
        records.conventions =
            vec!["per token: over all entries of output_tokens, padding included, as the tool does".to_owned()];
        Ok(Box::new(records.mapped(&[
            ("item", "doc.id"),
            ("score", "model_response.logprobs[]"),
            ("greedy", "model_response.argmax_logits_eq_gold[]"),
            ("gold", "doc.gold_index"),
            ("metrics", "metric"),
        ])))
    }
}

/// Information from the file name.
struct Named {
    task: String,
}

fn is_new(row: Value<'_>) -> bool {
    has(row, "doc", Kind::Object) && has(row, "model_response", Kind::Object) && has(row, "metric", Kind::Object)
}

fn is_old(row: Value<'_>) -> bool {
    row.get("predictions").is_some()
        && row.get("gold_index").is_some()
        && row.get("full_prompt").is_some()
        && row.get("metrics").is_some()
}

/// The task in a file name: the part between `details_` and the date. A task name contains a `|`, which some systems do
/// not allow in file names. Without it, the name does not identify the task.
fn task_of(name: &str) -> &str {
    let rest = name.strip_prefix("details_").unwrap_or_default();
    let date = date(name);
    let end = if date.is_empty() { None } else { rest.find(date) };
    end.and_then(|end| rest.get(..end)?.strip_suffix('_')).filter(|task| task.contains('|')).unwrap_or_default()
}

/// One row, in either shape.
struct Row<'t> {
    choices: Vec<Value<'t>>,
    gold: Option<Value<'t>>,
    /// Log-prob and greedy flag of each choice.
    scores: Vec<(Value<'t>, Option<Value<'t>>)>,
    /// Number of tokens of each choice, as counted by the tool.
    tokens: Vec<Option<u32>>,
    metrics: Option<Value<'t>>,
}

fn list(value: Option<Value<'_>>) -> Vec<Value<'_>> {
    value.into_iter().flat_map(|list| list.elements()).collect()
}

fn length(value: &Value<'_>) -> Option<u32> {
    (value.kind() == Kind::Array).then(|| u32::try_from(value.len()).ok()).flatten()
}

fn new(row: Value<'_>) -> Row<'_> {
    let (doc, response) = (row.get("doc"), row.get("model_response"));
    let of = |key: &str| list(response.and_then(|response| response.get(key)));
    let mut greedy = of("argmax_logits_eq_gold").into_iter();
    Row {
        choices: list(doc.and_then(|doc| doc.get("choices"))),
        gold: doc.and_then(|doc| doc.get("gold_index")),
        scores: of("logprobs").into_iter().map(|score| (score, greedy.next())).collect(),
        tokens: of("output_tokens").iter().map(length).collect(),
        metrics: row.get("metric"),
    }
}

fn old<'t>(row: Value<'t>) -> Row<'t> {
    let pair = |prediction: Value<'t>| match prediction.kind() {
        Kind::Array => {
            let mut parts = prediction.elements();
            Some((parts.next()?, parts.next()))
        }
        Kind::Number => Some((prediction, None)),
        _ => None,
    };
    // A nested single list holds the scores of all choices. Generated texts are not scores.
    let predictions = list(row.get("predictions"));
    let scores: Option<Vec<_>> = predictions.into_iter().map(pair).collect();
    let scores = scores.filter(|scores| scores.iter().all(|(score, _)| score.kind() == Kind::Number));
    Row {
        choices: list(row.get("choices")),
        gold: row.get("gold_index"),
        scores: scores.unwrap_or_default(),
        tokens: list(row.get("cont_tokens")).iter().map(length).collect(),
        metrics: row.get("metrics"),
    }
}

fn visit(origin: &JsonOrigin<'_>, named: &Named, out: &mut dyn Sink) -> Result<(), FieldError> {
    let record = origin.root;
    if record.kind() != Kind::Object {
        return Err(lacks(record, "doc", "an object"));
    }
    let row = if is_new(record) { new(record) } else { old(record) };
    let doc = record.get("doc");
    let id = doc.and_then(|doc| doc.get("id")).and_then(field::id);
    let mut id = id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("row {}", origin.record.line).into());
    if row.scores.is_empty() {
        id = format!("{id} (generated)").into();
    }
    let own = doc.and_then(|doc| doc.get("task_name")?.as_str());
    let task = own.unwrap_or(Cow::Borrowed(named.task.as_str()));
    let gold = gold(&row);
    let candidates = candidates(&row, &gold)?;
    let mut item = Item { id, task, complete: true, at: at(record), candidates, ..Item::default() };
    for (name, value) in row.metrics.into_iter().flat_map(|metrics| metrics.members()) {
        if value.kind() == Kind::Null {
            continue;
        }
        let name = name.as_str();
        let definition = definition(&name, &row, &gold);
        item.metrics.push(Claim {
            of: RowMetric {
                // Without a definition, the run's metric may aggregate the rows by something other than their mean.
                custom: definition.is_none(),
                definition: definition.unwrap_or_default(),
                name,
            },
            value: row_value(value),
            at: at(value),
        });
    }
    out.item(&item, origin);
    Ok(())
}

/// The positions of the correct answers.
fn gold(row: &Row<'_>) -> Vec<i64> {
    match row.gold {
        Some(gold) if gold.kind() == Kind::Array => gold.elements().filter_map(field::integer).collect(),
        Some(gold) => field::integer(gold).into_iter().collect(),
        None => Vec::new(),
    }
}

fn candidates<'t>(row: &Row<'t>, gold: &[i64]) -> Result<Vec<Candidate<'t>>, FieldError> {
    let doubled = row.choices.len() > 1 && row.scores.len() == 2 * row.choices.len();
    let count = if doubled { row.choices.len() } else { row.scores.len() };
    let mut candidates = Vec::with_capacity(count);
    for (position, (score, greedy)) in row.scores.iter().take(count).enumerate() {
        let value = field::number(*score, "logprobs", &[])?;
        let mut candidate = Candidate {
            at: at(*score),
            claims: vec![Claim { of: ColumnId(0), value, at: at(*score) }],
            greedy: greedy.and_then(|greedy| Some((flag(greedy)?, at(greedy)))),
            ..Candidate::default()
        };
        if row.choices.len() == count {
            candidate.continuation = row.choices.get(position).copied().and_then(field::text);
            let spaced = candidate.continuation.is_some_and(|text| text.decoded().starts_with(' '));
            candidate.delimiter_chars = u32::from(spaced);
            let is_gold = i64::try_from(position).is_ok_and(|position| gold.contains(&position));
            candidate.gold = row.gold.map(|value| (is_gold, at(value)));
        }
        if let Some(other) = row.scores.get(count + position).filter(|_| doubled) {
            candidate.unconditional = field::number(other.0, "logprobs", &[])?;
        }
        let tokens = row.tokens.get(position).copied().flatten();
        if let (Logged::Number(total), Some(_)) = (value, tokens) {
            let column = ColumnId(0);
            candidate.logged_total = Some(LoggedTotal { column, total, tokens, chars: None, bytes: None });
        }
        candidates.push(candidate);
    }
    Ok(candidates)
}

/// A number, or the total and the count of a perplexity.
fn row_value(value: Value<'_>) -> RowValue {
    if value.kind() == Kind::Object {
        let number = |key: &str| value.get(key).and_then(field::printed);
        return match (number("logprobs"), number("weights")) {
            (Some(total), Some(count)) => RowValue::Pair(total, count),
            _ => RowValue::Opaque,
        };
    }
    match (value.as_bool(), field::printed(value)) {
        (Some(flag), _) => RowValue::Flag(flag),
        (None, Some(number)) => RowValue::Number(number),
        (None, None) => RowValue::Opaque,
    }
}

/// Normalisation used to compare scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Norm {
    By(Divisor),
    /// Per character, with or without the leading space: the name does not say which.
    Characters,
    /// Minus the score without the question.
    Mutual,
}

/// Splits a metric's name into its base name and its normalisation: a suffix or, since 0.11, a parameter such as
/// `acc:logprob_normalization=LogProbCharNorm(name='norm', ignore_first_space=True)`.
fn parts(name: &str) -> (&str, Norm) {
    if let Some((base, parameters)) = name.split_once(':') {
        let norm = if parameters.contains("LogProbCharNorm") {
            let without = parameters.contains("ignore_first_space=True");
            Norm::By(if without { Divisor::Chars } else { Divisor::CharsWithDelimiter })
        } else if parameters.contains("LogProbTokenNorm") {
            Norm::By(Divisor::Tokens)
        } else if parameters.contains("LogProbPMINorm") {
            Norm::Mutual
        } else {
            Norm::By(Divisor::Raw)
        };
        return (base, norm);
    }
    let suffixes = [
        ("_norm_token", Norm::By(Divisor::Tokens)),
        ("_norm_pmi", Norm::Mutual),
        ("_norm", Norm::Characters),
        ("", Norm::By(Divisor::Raw)),
    ];
    let found = suffixes.into_iter().find_map(|(suffix, norm)| Some((name.strip_suffix(suffix)?, norm)));
    found.unwrap_or((name, Norm::By(Divisor::Raw)))
}

/// How a row's metric is computed from its scores, if that is known.
fn definition<'t>(name: &str, row: &Row<'_>, gold: &[i64]) -> Option<Definition<'t>> {
    let choices = row.choices.len();
    let scored = choices > 0 && (row.scores.len() == choices || row.scores.len() == 2 * choices);
    if let "ppl" | "word_perplexity" | "byte_perplexity" | "bits_per_byte" = name {
        return (row.scores.len() == 1).then_some(Definition::Only(Divisor::Raw, ScoreOutput::Nats));
    }
    if !scored {
        return None;
    }
    let one = choices == 1;
    let all_gold = gold.len() >= choices;
    match parts(name) {
        // If every choice is correct, the tool checks whether they are the greedy continuation.
        ("acc", Norm::By(Divisor::Raw)) if one => Some(Definition::GreedyGold),
        ("acc", Norm::By(divisor)) if !one && !all_gold => Some(Definition::Right(Ranking::By(divisor))),
        ("acc", Norm::Characters) if !one && is_same_with_space(row) => {
            Some(Definition::Right(Ranking::By(Divisor::Chars)))
        }
        ("acc", Norm::Mutual) if row.scores.len() == 2 * choices => Some(Definition::Right(Ranking::Mutual)),
        ("normalized_mc_prob", Norm::By(divisor)) if gold.len() == 1 => Some(Definition::GoldShare(divisor)),
        ("prob", Norm::By(divisor)) if one => Some(Definition::Only(divisor, ScoreOutput::Exp)),
        ("recall", _) if name == "recall" && !one && !all_gold => Some(Definition::Right(Ranking::By(Divisor::Raw))),
        _ => None,
    }
}

/// Whether the same choice wins with and without counting its leading space. The log does not say which of the two the
/// task uses.
fn is_same_with_space(row: &Row<'_>) -> bool {
    let score = |score: Value<'_>| field::printed(score).map(|number: Printed| number.value);
    let winner = |without: bool| {
        let mut best: Option<(usize, f64)> = None;
        for (position, ((logprob, _), choice)) in row.scores.iter().zip(&row.choices).enumerate() {
            let text = field::text(*choice).map(|text: Text<'_>| text.decoded())?;
            let skipped = usize::from(without && text.starts_with(' '));
            let value = score(*logprob)? / (text.chars().count() - skipped) as f64;
            if best.is_none_or(|(_, best)| value > best) {
                best = Some((position, value));
            }
        }
        best.map(|(position, _)| position)
    };
    let with = winner(false);
    with.is_some() && with == winner(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::Tape;

    #[test]
    fn the_task_stands_between_the_first_word_and_the_date() {
        assert_eq!(
            task_of("details_leaderboard|arc:challenge|25_2026-11-25T14-05-11.123456.parquet"),
            "leaderboard|arc:challenge|25"
        );
        assert_eq!(task_of("log.bin"), "");
    }

    #[test]
    fn a_normalisation_is_a_suffix_or_a_parameter() {
        assert_eq!(parts("acc"), ("acc", Norm::By(Divisor::Raw)));
        assert_eq!(parts("acc_norm"), ("acc", Norm::Characters));
        assert_eq!(parts("normalized_mc_prob_norm_token"), ("normalized_mc_prob", Norm::By(Divisor::Tokens)));
        let with =
            |space| format!("acc:logprob_normalization=LogProbCharNorm(name='norm', ignore_first_space={space})");
        assert_eq!(parts(&with("True")), ("acc", Norm::By(Divisor::Chars)));
        assert_eq!(parts(&with("False")), ("acc", Norm::By(Divisor::CharsWithDelimiter)));
        assert_eq!(parts("acc:logprob_normalization=LogProbPMINorm(name='norm_pmi')"), ("acc", Norm::Mutual));
    }

    #[test]
    fn a_space_that_decides_leaves_the_definition_open() {
        let of = |scores: &str| {
            let text = format!(
                r#"{{"doc": {{"choices": [" a", " bcdefgh"]}}, "model_response": {{"logprobs": {scores}}}, "metric": {{}}}}"#
            );
            let mut tape = Tape::default();
            is_same_with_space(&new(tape.parse(text.as_bytes()).unwrap()))
        };
        // With the space: −1 ÷ 2 and −4.8 ÷ 8. Without it: −1 ÷ 1 and −4.8 ÷ 7.
        assert!(!of("[-1.0, -4.8]"));
        assert!(of("[-1.0, -9.0]"));
    }
}
