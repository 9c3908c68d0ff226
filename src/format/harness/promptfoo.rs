//! promptfoo: the JSON and JSON Lines exports of an evaluation.
//!
//! Shapes of 0.123.1, from `src/types/index.ts` and `src/assertions/perplexity.ts`.

#![expect(clippy::trivially_copy_pass_by_ref, clippy::unnecessary_wraps, reason = "every visit has one signature")]

use std::borrow::Cow;

use crate::config::InputConfig;
use crate::format::field::{FieldError, at, exact, find, has, id, lacks, printed};
use crate::format::json::{Key, Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::steps::{self, Arrays};
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{
    Aggregation, Candidate, Claim, Definition, Divisor, Item, Origin, RowClaim, RowFact, RowMetric, RowValue,
    RunMetric, ScoreOutput,
};
use crate::numeric::Printed;

/// The export as one document.
pub(in crate::format) static JSON: Json = Json;
/// The export as lines.
pub(in crate::format) static LINES: Lines = Lines;

pub(in crate::format) struct Json;

pub(in crate::format) struct Lines;

const TOOL: &str = "promptfoo 0.123.1";
const PROVEN: &str = "`perplexity` assertions (exp(−mean) against the threshold) and `perplexity-score` (1 ÷ (1 + exp(−mean))) \
                      from `response.logProbs`; `score` of a row as the mean of its assertions and sets under their weights; `success`; `pass` of a test \
                      or a set by its threshold, or by its assertions";
const UNPROVABLE: &str = "other assertions: they are code or models";
const TRAPS: &str = "tokens are not stored; failing assertions are not log defects; a threshold of a test or set decides whether it \
                     passes, whatever its assertions say; the assertions of a set stand behind it a second time";

static JSON_CARD: FormatInfo = FormatInfo {
    name: "promptfoo-json",
    about: "export of promptfoo as JSON",
    tool: TOOL,
    files: "`output.json`; each file is a separate run",
    recognised_by: "`results` with `results` and `stats` or `prompts`",
    proven: "as promptfoo-jsonl, and the sums per prompt: `score`, `testPassCount`, `successes`",
    unprovable: UNPROVABLE,
    base: "e",
    sentinels: "only the shared ones",
    traps: TRAPS,
};

static LINES_CARD: FormatInfo = FormatInfo {
    name: "promptfoo-jsonl",
    about: "export of promptfoo as JSON Lines",
    tool: TOOL,
    files: "`output.jsonl`; each file is a separate run",
    recognised_by: "lines with `promptIdx`, `gradingResult` and `response`",
    proven: PROVEN,
    unprovable: UNPROVABLE,
    base: "e",
    sentinels: "only the shared ones",
    traps: TRAPS,
};

fn is_row(record: Value<'_>) -> bool {
    record.get("promptIdx").is_some()
        && (record.get("gradingResult").is_some() || record.get("success").is_some())
        && record.get("testCase").or_else(|| record.get("vars")).is_some()
}

fn is_export(root: Value<'_>) -> bool {
    root.get("results").is_some_and(|results| {
        results.kind() == Kind::Object
            && (has(results, "results", Kind::Array) || has(results, "prompts", Kind::Array))
            && results.get("version").is_some()
    })
}

fn records(framing: Framing, head: &Head<'_>) -> Records<()> {
    let mut records = Records::new(framing, Vec::new(), (), row).mapped(&[
        ("item", "id"),
        ("filter", "promptIdx"),
        ("steps", "response.logProbs"),
        ("row metrics", "gradingResult.componentResults[].score, score, success"),
    ]);
    head.name.clone_into(&mut records.run_key);
    records
}

impl Format for Json {
    fn tool(&self) -> &'static str {
        "promptfoo"
    }

    fn info(&self) -> &'static FormatInfo {
        &JSON_CARD
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        match head.document() {
            Some(root) if is_export(root) => Confidence::of(92, "results with version, results and prompts"),
            _ => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let mut records = records(Framing::Nested(&["results", "results"]), head);
        records.shell = Some(totals);
        Ok(Box::new(records))
    }
}

impl Format for Lines {
    fn tool(&self) -> &'static str {
        "promptfoo"
    }

    fn info(&self) -> &'static FormatInfo {
        &LINES_CARD
    }

    fn marks(&self) -> &'static [&'static str] {
        &["promptIdx"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_row), 92, "promptIdx, gradingResult and testCase")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        Ok(Box::new(records(head.framing().unwrap_or(Framing::Lines), head)))
    }
}

/// The rows of one prompt and provider are one stream.
fn filter(prompt: &str) -> String {
    format!("prompt {prompt}")
}

fn row(origin: &JsonOrigin<'_>, (): &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    let root = origin.root;
    let name = root.get("id").or_else(|| root.get("testIdx")).and_then(id);
    let name = name.ok_or_else(|| lacks(root, "id", "the row's id"))?;
    let mut item = Item {
        id: name,
        filter: Cow::Owned(filter(&root.get("promptIdx").and_then(id).unwrap_or_default())),
        complete: true,
        at: at(root),
        ..Item::default()
    };
    if let Some(logprobs) = find(root, &["response", "logProbs"]).filter(|list| !list.is_container_empty()) {
        let mut candidate = Candidate { at: at(logprobs), ..Candidate::default() };
        steps::arrays(Arrays { logprobs: Some(logprobs), ..Arrays::default() }, &mut candidate)?;
        item.candidates.push(candidate);
    }
    let components: Vec<Value<'_>> =
        find(root, &["gradingResult", "componentResults"]).into_iter().flat_map(|list| list.elements()).collect();
    for component in &components {
        item.metrics.extend(assertion(*component, &item.metrics));
    }
    let own = outermost(&components);
    item.metrics.extend(own.iter().filter(|own| is_set(**own)).enumerate().flat_map(|(at, set)| of_set(*set, at)));
    let test = root.get("testCase");
    let plain = own.iter().all(|component| is_plain(*component) || is_set(*component))
        && test.is_none_or(|test| test.get("assertScoringFunction").is_none());
    if let Some(score) = root.get("score")
        && let Some(number) = exact(score)
    {
        let definition = Some(&own).filter(|_| plain).and_then(|own| mean_score(own)).unwrap_or_default();
        item.metrics.push(metric("score", RowValue::Number(number), score, definition));
    }
    if let Some(grading) = root.get("gradingResult").filter(|_| plain && !own.is_empty()) {
        let threshold = test.and_then(|test| test.get("threshold"));
        item.metrics.extend(passing("gradingResult.pass".into(), grading, threshold, &own));
    }
    if let Some(success) = root.get("success")
        && let Some(flag) = success.as_bool()
    {
        let graded = find(root, &["gradingResult", "pass"]).and_then(|pass| pass.as_bool());
        let definition = graded
            .map_or(Definition::ByName, |pass| Definition::SameNumber(Printed::from_f64(f64::from(u8::from(pass)))));
        item.metrics.push(metric("success", RowValue::Flag(flag), success, definition));
    }
    item.metrics.extend(named_scores(root, &components));
    item.facts.extend(verdicts(&components));
    out.item(&item, origin);
    Ok(())
}

/// The results of a test's assertions and sets of assertions. Those inside a set stand behind it as well.
fn outermost<'t>(components: &[Value<'t>]) -> Vec<Value<'t>> {
    let mut own = Vec::new();
    let mut rest = components;
    while let Some((first, behind)) = rest.split_first() {
        own.push(*first);
        let inside = first.get("componentResults").map_or(0, |list| list.len());
        let is_same = |(a, b): (Value<'t>, &Value<'t>)| {
            let text = |own: Value<'t>, key: &str| own.get(key).map(|own| own.raw());
            text(a, "score") == text(*b, "score") && text(a, "pass") == text(*b, "pass")
        };
        let list = first.get("componentResults").into_iter().flat_map(|list| list.elements());
        let is_repeated = behind.len() >= inside && list.zip(behind).all(is_same);
        rest = behind.get(if is_repeated { inside } else { 0 }..).unwrap_or_default();
    }
    own
}

/// Whether a result is that of a set of assertions, with what the set says.
fn is_set(component: Value<'_>) -> bool {
    find(component, &["metadata", "assertionSet"]).is_some_and(|set| set.kind() == Kind::Object)
}

/// Whether an assertion only adds a named score to its test.
fn is_metric_only(component: Value<'_>) -> bool {
    find(component, &["assertion", "metricOnly"]).and_then(|only| only.as_bool()).unwrap_or(false)
}

/// Score and pass of a set of assertions, the second one and so on with their number.
fn of_set(set: Value<'_>, at: usize) -> Vec<RowClaim<'_>> {
    let inside: Vec<Value<'_>> = set.get("componentResults").into_iter().flat_map(|list| list.elements()).collect();
    if inside.is_empty() || !inside.iter().all(|own| is_plain(*own)) {
        return Vec::new();
    }
    let name = |what: &str| {
        let number = if at == 0 { String::new() } else { format!(" {}", at + 1) };
        Cow::Owned(format!("assert-set{number}.{what}"))
    };
    let score = set.get("score").and_then(|score| Some((score, exact(score)?)));
    let score = score.map(|(score, number)| {
        let definition = mean_score(&inside).unwrap_or_default();
        let of = RowMetric { name: name("score"), custom: false, definition };
        Claim { of, value: RowValue::Number(number), at: self::at(score) }
    });
    let threshold = find(set, &["metadata", "assertionSet", "threshold"]);
    score.into_iter().chain(passing(name("pass"), set, threshold, &inside)).collect()
}

/// Whether a test or set passes: by its threshold, otherwise if all of its assertions pass.
fn passing<'t>(
    name: Cow<'t, str>,
    result: Value<'t>,
    threshold: Option<Value<'t>>,
    components: &[Value<'t>],
) -> Option<RowClaim<'t>> {
    let pass = result.get("pass")?;
    let flag = pass.as_bool()?;
    let score = result.get("score").and_then(printed)?;
    let is_guardrail = |own: &Value<'t>| {
        find(*own, &["assertion", "type"]).and_then(|kind| kind.as_str()).is_some_and(|kind| kind == "guardrails")
    };
    let passes = |own: &Value<'t>| own.get("pass").and_then(|pass| pass.as_bool());
    let counted = components.iter().filter(|own| !is_metric_only(**own));
    let all = counted.map(passes).try_fold(true, |all, one| Some(all && one?));
    let threshold = threshold.filter(|own| own.kind() == Kind::Number).and_then(printed);
    let expected = match threshold {
        // Earlier versions take 0 for no threshold.
        Some(threshold) if threshold.value.abs() <= 0.0 => all.filter(|all| *all),
        Some(threshold) => Some(score.value >= threshold.value),
        None => all,
    };
    // Content that a guardrail blocks passes whatever its score.
    let expected = expected.filter(|_| !components.iter().any(is_guardrail));
    let definition =
        expected.map_or(Definition::ByName, |own| Definition::SameNumber(Printed::from_f64(f64::from(u8::from(own)))));
    Some(Claim { of: RowMetric { name, custom: false, definition }, value: RowValue::Flag(flag), at: at(pass) })
}

/// The mean score of assertions and sets by their weights.
fn mean_score<'t>(components: &[Value<'t>]) -> Option<Definition<'t>> {
    let counted = components.iter().filter(|own| !is_metric_only(**own));
    let parts: Vec<(Printed, Printed)> =
        counted.map(|own| Some((own.get("score").and_then(printed)?, weight(*own)?))).collect::<Option<_>>()?;
    (!parts.is_empty()).then(|| mean(parts))
}

/// The weight of an assertion or a set: 1 unless it says another one.
fn weight(component: Value<'_>) -> Option<Printed> {
    let path: &[&str] =
        if is_set(component) { &["metadata", "assertionSet", "weight"] } else { &["assertion", "weight"] };
    match find(component, path).filter(|weight| weight.kind() != Kind::Null) {
        Some(weight) => printed(weight),
        None => Some(Printed::from_f64(1.0)),
    }
}

/// The mean of some scores, weighed where their weights differ from 1.
fn mean<'t>(parts: Vec<(Printed, Printed)>) -> Definition<'t> {
    if parts.iter().all(|(_, weight)| (weight.value - 1.0).abs() <= 0.0) {
        return Definition::MeanOf(parts.into_iter().map(|(score, _)| score).collect());
    }
    // Without any weight the score is a constant that versions disagree on.
    let total: f64 = parts.iter().map(|(_, weight)| weight.value).sum();
    if total > 0.0 { Definition::WeightedMeanOf(parts) } else { Definition::ByName }
}

/// The scores by metric name. Each is the weighted mean of the scores of its assertions. Earlier versions write no
/// weights; there it is the sum if all weights are 1.
fn named_scores<'t>(root: Value<'t>, components: &[Value<'t>]) -> Vec<RowClaim<'t>> {
    let is_flat = components.iter().all(|own| own.get("componentResults").is_none_or(|list| list.is_container_empty()));
    let named = root.get("namedScores").filter(|_| is_flat);
    let has_weights = root.get("namedScoreWeights").is_some_and(|weights| !weights.is_container_empty());
    let one = |(key, value): (Key<'t>, Value<'t>)| {
        let name = key.as_str();
        let number = exact(value)?;
        let is_own = |own: &&Value<'t>| {
            find(**own, &["assertion", "metric"])
                .and_then(|metric| metric.as_str())
                .is_some_and(|metric| metric == name)
        };
        let part = |own: &Value<'t>| {
            // The weight of an assertion that only adds a named score does not count.
            let weight = find(*own, &["assertion", "weight"]).and_then(printed).filter(|_| !is_metric_only(*own));
            Some((own.get("score").and_then(printed)?, weight.unwrap_or_else(|| Printed::from_f64(1.0))))
        };
        let parts: Vec<(Printed, Printed)> = components.iter().filter(is_own).map(part).collect::<Option<_>>()?;
        // Other names belong to metrics derived by custom code.
        (!parts.is_empty()).then(|| Claim {
            of: RowMetric {
                name: Cow::Owned(format!("namedScores.{name}")),
                custom: false,
                definition: if has_weights || parts.iter().any(|(_, weight)| (weight.value - 1.0).abs() > 0.0) {
                    Definition::WeightedMeanOf(parts)
                } else {
                    Definition::SumOf(parts.into_iter().map(|(score, _)| score).collect())
                },
            },
            value: RowValue::Number(number),
            at: at(value),
        })
    };
    named.into_iter().flat_map(|named| named.members()).filter_map(one).collect()
}

/// Whether assertions without a threshold pass, and whether they pass with a score of 0.
fn verdicts<'t>(components: &[Value<'t>]) -> Vec<RowFact<'t>> {
    let mut facts = Vec::new();
    for component in components {
        let kind = find(*component, &["assertion", "type"]).and_then(|kind| kind.as_str());
        let has_threshold = find(*component, &["assertion", "threshold"]).is_some_and(|own| own.kind() != Kind::Null);
        let pass = component.get("pass").and_then(|pass| pass.as_bool());
        let score = component.get("score").and_then(printed).map(|score| score.value);
        let (Some(kind), Some(pass), Some(score), false) = (kind, pass, score, has_threshold) else { continue };
        facts.push(RowFact::Judged { judge: kind, passes: pass, is_zero: score <= 0.0 });
    }
    facts
}

fn metric<'t>(name: &'t str, value: RowValue, place: Value<'t>, definition: Definition<'t>) -> RowClaim<'t> {
    Claim { of: RowMetric { name: Cow::Borrowed(name), custom: false, definition }, value, at: at(place) }
}

/// Whether an assertion is one of its own, whose score counts as it is.
fn is_plain(component: Value<'_>) -> bool {
    let kind = find(component, &["assertion", "type"]).and_then(|kind| kind.as_str()).unwrap_or_default();
    // Comparisons of several outputs and people change the score of a row afterwards.
    !is_set(component)
        && !matches!(kind.as_ref(), "select-best" | "max-score" | "human")
        && has(component, "assertion", Kind::Object)
        && component.get("componentResults").is_none_or(|inside| inside.is_container_empty())
}

/// The score of an assertion on the log-probs. Other assertions have no definition here.
fn assertion<'t>(component: Value<'t>, known: &[RowClaim<'_>]) -> Option<RowClaim<'t>> {
    let kind = find(component, &["assertion", "type"])?.as_str()?;
    let score = component.get("score")?;
    let number = printed(score)?;
    let definition = match kind.as_ref() {
        "perplexity" => {
            let limit = find(component, &["assertion", "threshold"]).and_then(printed)?;
            Definition::OnlyAtMost(Divisor::Tokens, ScoreOutput::ExpNegated, limit)
        }
        "perplexity-score" => Definition::Only(Divisor::Tokens, ScoreOutput::Logistic),
        _ => return None,
    };
    let again = known.iter().filter(|metric| metric.of.name.starts_with(kind.as_ref())).count();
    let name = if again > 0 { Cow::Owned(format!("{kind} {}", again + 1)) } else { kind };
    Some(Claim { of: RowMetric { name, custom: false, definition }, value: RowValue::Number(number), at: at(score) })
}

fn totals(origin: &JsonOrigin<'_>, (): &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    let Some(results) = origin.root.get("results") else { return Ok(()) };
    let prompts: Vec<Value<'_>> = results.get("prompts").into_iter().flat_map(|prompts| prompts.elements()).collect();
    let mut say = |prompt: usize, name: &str, rows: &str, value: Option<Value<'_>>| {
        let Some(value) = value.filter(|value| value.kind() == Kind::Number) else { return };
        out.metric(
            RunMetric {
                filter: filter(&prompt.to_string()),
                rows: Some(rows.to_owned()),
                aggregation: Some(Aggregation::Sum),
                ..RunMetric::new("", name)
            }
            .claim(value.raw_str(), origin.locate(at(value))),
        );
    };
    for (position, prompt) in prompts.iter().enumerate() {
        say(position, "score", "score", find(*prompt, &["metrics", "score"]));
        say(position, "testPassCount", "success", find(*prompt, &["metrics", "testPassCount"]));
    }
    if prompts.len() == 1 {
        say(0, "successes", "success", find(results, &["stats", "successes"]));
    }
    for (position, prompt) in prompts.iter().enumerate() {
        let count = |name: &str| find(*prompt, &["metrics", name]).and_then(printed).map(|number| number.value);
        // Failed rows and those with an error are rows.
        let counts = ["testPassCount", "testFailCount", "testErrorCount"].map(count);
        let Some(place) = prompt.get("metrics").filter(|_| counts[..2].iter().all(Option::is_some)) else { continue };
        let rows: f64 = counts.into_iter().flatten().sum();
        let metric = RunMetric {
            filter: filter(&position.to_string()),
            aggregation: Some(Aggregation::Other),
            ..RunMetric::new("", "n")
        };
        out.metric(metric.claim(&format!("{rows}"), origin.locate(at(place))));
    }
    Ok(())
}
