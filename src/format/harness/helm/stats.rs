//! `per_instance_stats.json`: the metrics of each instance; `stats.json`: the metrics of the run.

use std::borrow::Cow;

use crate::config::InputConfig;
use crate::format::field::{self, FieldError, at, has, lacks};
use crate::format::harness::helm::scored::{Answer, Method, Scored};
use crate::format::harness::helm::texts::Reading;
use crate::format::harness::helm::worst::{Instances, On};
use crate::format::harness::helm::{INSTANCES, context, context_of, instance_id, is_result, is_stat, perturbed};
use crate::format::json::Kind;
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{
    Aggregation, At, Candidate, Claim, ColumnId, Counted, Definition, Divisor, Item, Logged, LoggedTotal, Origin,
    Ranking, RowFact, RowMetric, RowValue, RunMetric, ScoreOutput, Step, Text,
};
use crate::numeric::{Printed, exact_sum};

/// Log-likelihoods, with the number of tokens that divides them.
const PER_TOKEN: &str = "logprob/num_perplexity_tokens";
/// Log-likelihoods, with the number of bytes that divides them.
const PER_BYTE: &str = "logprob/num_bytes";

/// The per-instance metrics.
pub(in crate::format) static PER_INSTANCE: PerInstance = PerInstance;
/// The run-level metrics.
pub(in crate::format) static STATS: Stats = Stats;

pub(in crate::format) struct PerInstance;
pub(in crate::format) struct Stats;

static PER_INSTANCE_CARD: FormatInfo = FormatInfo {
    name: "helm-per-instance-stats",
    about: "numbers per instance of Stanford HELM (per_instance_stats.json)",
    tool: "crfm-helm 0.2 to 0.5.16",
    files: "`per_instance_stats.json` in the directory of a run, with `scenario_state.json` beside it",
    recognised_by: "a list of `instance_id` with `stats`",
    proven: "logprob, num_perplexity_tokens, num_bytes; exact_match of plain answers, also quasi and of a prefix; for separate \
             choices exact_match, predicted_index and max_prob; max_prob of generated answers",
    unprovable: "numbers computed by other code (F1, BLEU, ROUGE, efficiency); anything without `scenario_state.json` or log-probs",
    base: "e",
    sentinels: "only the shared ones",
    traps: "choices are compared by log-prob per token, calibrated ones by the difference to the same answer without its \
            question; a byte token `bytes:\\xe2` counts its bytes",
};

static STATS_CARD: FormatInfo = FormatInfo {
    name: "helm-stats",
    about: "numbers of a run of Stanford HELM (stats.json)",
    tool: "crfm-helm 0.2 to 0.5.16",
    files: "`stats.json` in the directory of a run, with `per_instance_stats.json` beside it",
    recognised_by: "a list of `name.name` with `count`, `sum` and `sum_squared`",
    proven: "means over instances, of the worst over their perturbed copies and of the originals that have one; perplexity, \
             bits_per_byte and logprob_per_byte from the sums; ece_1_bin",
    unprovable: "means over several trials, other calibration errors; token counts, costs and finish reasons are not checked",
    base: "e; bits_per_byte in base 2",
    sentinels: "NaN values are skipped",
    traps: "`count` is the number of trials; `stddev` is over trials and 0 for a single one",
};

impl Format for PerInstance {
    fn tool(&self) -> &'static str {
        "helm"
    }

    fn info(&self) -> &'static FormatInfo {
        &PER_INSTANCE_CARD
    }

    fn marks(&self) -> &'static [&'static str] {
        &["stats"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let share = head.share(|record| {
            has(record, "instance_id", Kind::String)
                && has(record, "stats", Kind::Array)
                && record.get("stats").is_some_and(|stats| stats.elements().all(is_stat))
        });
        Confidence::of_share(share, 95, "instance_id with stats")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let beside = Beside {
            scored: Scored::in_directory(head.ancestor(1)),
            instances: Instances::in_directory(head.ancestor(1)),
        };
        let records = Records::new(head.framing().unwrap_or(Framing::Elements), Vec::new(), beside, instance);
        Ok(Box::new(records.mapped(&[("item", "instance_id"), ("metrics", "stats[].sum")])))
    }
}

impl Format for Stats {
    fn tool(&self) -> &'static str {
        "helm"
    }

    fn info(&self) -> &'static FormatInfo {
        &STATS_CARD
    }

    fn marks(&self) -> &'static [&'static str] {
        &["sum_squared"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_stat), 95, "statistics with name, count, sum and sum_squared")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().unwrap_or(Framing::Elements);
        let records = Records::new(framing, Vec::new(), (), |origin, (), out| stat(origin, out));
        Ok(Box::new(records.mapped(&[("metrics", "mean")])))
    }
}

/// One statistic of the run.
fn stat(origin: &JsonOrigin<'_>, out: &mut dyn Sink) -> Result<(), FieldError> {
    let stat = origin.root;
    let Some(name) = stat.get("name").filter(|name| name.kind() == Kind::Object) else {
        return Err(lacks(stat, "name", "an object"));
    };
    let Some(metric) = name.get("name").and_then(|name| name.as_str()) else {
        return Err(lacks(name, "name", "a string"));
    };
    if !is_result(&metric) {
        return Ok(());
    }
    // A statistic without a mean has no observations.
    let Some(mean) = stat.get("mean").filter(|mean| mean.kind() == Kind::Number) else { return Ok(()) };
    let (rows, aggregation) = match metric.as_ref() {
        "perplexity" => (Some(PER_TOKEN), Aggregation::WeightedPerplexity),
        "bits_per_byte" => (Some(PER_BYTE), Aggregation::BitsPerByte),
        "logprob_per_byte" => (Some(PER_BYTE), Aggregation::WeightedMean),
        _ => (None, Aggregation::WeightedMean),
    };
    let trials = stat.get("count").and_then(field::count);
    let aggregation = if trials == Some(1) { aggregation } else { Aggregation::Other };
    let own = RunMetric { filter: context(name), aggregation: Some(aggregation), ..RunMetric::new(INSTANCES, &metric) };
    let perturbation = name.get("perturbation").filter(|own| own.kind() == Kind::Object);
    let claim = match perturbation.and_then(|own| Some((own, On::of(own)?))) {
        // It is over instances and their copies, which are rows of several contexts.
        Some((perturbation, on)) => RunMetric {
            filter: context_of(name, None),
            metric: on.name(&metric, &perturbed(perturbation)),
            aggregation: Some(Aggregation::Other),
            ..own
        },
        None => RunMetric { rows: rows.map(str::to_owned), ..own },
    };
    out.metric(claim.claim(mean.raw_str(), origin.locate(at(mean))));
    Ok(())
}

/// What the other rows of the directory say of an instance.
struct Beside {
    scored: Scored,
    instances: Instances,
}

/// The statistics of one instance.
fn instance(origin: &JsonOrigin<'_>, beside: &Beside, out: &mut dyn Sink) -> Result<(), FieldError> {
    let (row, scored) = (origin.root, &beside.scored);
    let Some(id) = row.get("instance_id").and_then(field::id) else {
        return Err(lacks(row, "instance_id", "a string"));
    };
    let stats = || row.get("stats").into_iter().flat_map(|stats| stats.elements());
    let Some(first) = stats().next().and_then(|stat| stat.get("name")) else { return Ok(()) };
    let filter = context(first);
    let trial = row.get("train_trial_index").and_then(field::integer).unwrap_or(0);
    let plain = instance_id(&id, trial);
    let mut id = plain.clone();
    let answers = scored.of(&filter, &id);
    let of_requests = matches!(first.get("name").map(|name| name.raw()), Some(b"num_references" | b"exact_match"));
    let sum = |name: &str| {
        let stat =
            stats().find(|stat| field::find(*stat, &["name", "name"]).is_some_and(|own| own.raw() == name.as_bytes()));
        stat.and_then(|stat| stat.get("sum"))
    };
    if answers.len() != 1 && scored.method == Method::Answer {
        // The windows of one long text are separate rows.
        if let Some(logprob) = sum("logprob") {
            id = format!("{id} (logprob {})", logprob.raw_str());
        }
    }
    if !of_requests {
        // Several metrics can have rows for the same instances.
        let name = first.get("name").and_then(|name| name.as_str()).unwrap_or_default();
        id = format!("{id} ({name})");
    }
    let candidates = candidates(answers, scored, at(row));
    let mut item = Item {
        id: id.into(),
        task: INSTANCES.into(),
        filter: filter.as_str().into(),
        complete: true,
        at: at(row),
        ..Item::default()
    };
    // The entry that all numbers of an instance stand beside.
    if of_requests {
        let others = beside.instances.of(&filter, &plain);
        item.facts = others.into_iter().map(|(name, sum, count)| RowFact::Counted { name, sum, count }).collect();
    }
    let known = !candidates.is_empty();
    item.candidates = candidates;
    for stat in stats() {
        let Some(name) = stat.get("name").filter(|name| context(*name) == filter) else { continue };
        let (Some(name), Some(total), Some(count)) = (
            name.get("name").and_then(|name| name.as_str()),
            stat.get("sum").and_then(field::printed),
            stat.get("count").and_then(field::printed),
        ) else {
            continue;
        };
        if !is_result(&name) {
            continue;
        }
        let definition =
            if count.value.total_cmp(&1.0).is_eq() { definition(&name, answers, scored, known) } else { None };
        item.metrics.push(Claim {
            of: RowMetric { name, custom: false, definition: definition.unwrap_or_default() },
            value: RowValue::Pair(total, count),
            at: stat.get("sum").map_or(At::default(), at),
        });
    }
    let number = |name: &str| sum(name).and_then(|value| Some((field::printed(value)?, at(value))));
    if let Some((logprob, at)) = number("logprob") {
        for (name, count) in [(PER_TOKEN, "num_perplexity_tokens"), (PER_BYTE, "num_bytes")] {
            let Some((count, _)) = number(count) else { continue };
            item.metrics.push(Claim {
                of: RowMetric {
                    name: Cow::Borrowed(name),
                    custom: false,
                    definition: Definition::Only(Divisor::Raw, ScoreOutput::Nats),
                },
                value: RowValue::Pair(logprob, count),
                at,
            });
        }
    }
    out.item(&item, origin);
    Ok(())
}

/// The answers as candidates; empty if any of them lacks log-probs.
fn candidates(answers: &[Answer], scored: &Scored, at: At) -> Vec<Candidate<'static>> {
    let of = |answer: &Answer| {
        let values = answer.logprobs.as_ref()?;
        let step = |value: &f64| Step { logprob: Logged::Number(Printed::from_f64(*value)), at, ..Step::default() };
        let total = Printed::from_f64(exact_sum(values.iter().copied()));
        let bytes = Some(answer.bytes);
        Some(Candidate {
            index: answer.reference,
            steps: values.iter().map(step).collect(),
            logged_total: Some(LoggedTotal { column: ColumnId(0), total, tokens: None, chars: None, bytes }),
            gold: answer.reference.map(|_| (answer.right, at)),
            at,
            ..Candidate::default()
        })
    };
    if scored.method == Method::Answer {
        return if let [only] = answers { of(only).into_iter().collect() } else { Vec::new() };
    }
    let mut asked: Vec<&Answer> = answers.iter().filter(|answer| !answer.is_calibration).collect();
    asked.sort_by_key(|answer| answer.reference);
    let with_calibration = |answer: &&Answer| {
        let mut candidate = of(answer)?;
        if scored.method == Method::Calibrated {
            let same = |other: &&Answer| other.is_calibration && other.reference == answer.reference;
            let values = answers.iter().find(same)?.logprobs.as_ref()?;
            candidate.unconditional = Logged::Number(Printed::from_f64(exact_sum(values.iter().copied())));
        }
        Some(candidate)
    };
    asked.iter().map(with_calibration).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// How a statistic is computed from the requests, if that is known.
fn definition<'c>(name: &str, answers: &'c [Answer], scored: &'c Scored, known: bool) -> Option<Definition<'c>> {
    if let (Some(reading), [answer], Method::Answer) = (Reading::of(name), answers, scored.method) {
        let (given, right) = answer.texts.as_ref()?.pair(reading)?;
        return Some(Definition::SameText(Text::plain(given), Text::plain(right)));
    }
    if !known {
        return None;
    }
    match (scored.method, name) {
        (Method::Answer, "logprob") => Some(Definition::Only(Divisor::Raw, ScoreOutput::Nats)),
        (Method::Answer, "num_perplexity_tokens") => Some(Definition::Count(Counted::Tokens)),
        (Method::Answer, "num_bytes") => Some(Definition::Count(Counted::Bytes)),
        (Method::Answer, "max_prob") if answers.iter().all(|answer| answer.is_graded) => {
            Some(Definition::Only(Divisor::Raw, ScoreOutput::Exp))
        }
        (Method::Separate, "exact_match") => Some(Definition::Right(Ranking::By(Divisor::Tokens))),
        (Method::Separate, "predicted_index") => Some(Definition::Winner(Ranking::By(Divisor::Tokens))),
        (Method::Separate, "max_prob") => Some(Definition::LargestShare(Ranking::By(Divisor::Tokens))),
        (Method::Calibrated, "max_prob") => Some(Definition::LargestShare(Ranking::Mutual)),
        (Method::Calibrated, "exact_match") => Some(Definition::Right(Ranking::Mutual)),
        (Method::Calibrated, "predicted_index") => Some(Definition::Winner(Ranking::Mutual)),
        _ => None,
    }
}
