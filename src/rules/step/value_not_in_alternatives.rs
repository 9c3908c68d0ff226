//! RT113: a token's log-prob contradicts the step's own list of alternatives.

use crate::rules::prelude::*;
use crate::rules::step::named;

pub(super) static RULE: Rule = Rule::step(page!("RT113-value-not-in-alternatives"), check, say).histograms(&[REPEATED]);

/// Steps that list one token id more than once with different log-probs, by how often.
const REPEATED: Key<Histogram> = Key::new(0, "steps_by_entries_of_one_id");

fn check(view: &StepView<'_>, seen: &mut Observer<'_>) {
    if let Some((times, evidence)) = repeated_id(view) {
        seen.histogram(REPEATED).add(times, 1);
        return seen.judge(view.step.at, false, || evidence);
    }
    match judged(view) {
        Some(Judged::Contradicts(evidence)) => seen.judge(view.step.at, false, || evidence),
        Some(Judged::Holds) => seen.holds(),
        None => {}
    }
}

/// How a token's log-prob compares with its list.
pub(super) enum Judged {
    Holds,
    /// With the numbers.
    Contradicts(Evidence),
}

impl Judged {
    fn of(holds: bool, evidence: impl FnOnce() -> Evidence) -> Self {
        if holds { Self::Holds } else { Self::Contradicts(evidence()) }
    }
}

/// How the token's log-prob compares with the list; None where the log cannot tell.
pub(super) fn judged(view: &StepView<'_>) -> Option<Judged> {
    let (logged, best) = (view.step.logprob.finite()?, view.best()?);
    if !view.can_match() {
        return None;
    }
    let own_value = Approx::of_column(&logged, &view.resolutions.logprob);
    let listed =
        |entry: &Alternative<'_>| Approx::of_column(&entry.logprob, &view.resolutions.top).widened(noise::TOKEN);
    // RT112 reports the top alternative's value logged for another token.
    if !view.is_own(best) && derive::judge(own_value, listed(best)).is_proven() {
        return None;
    }
    let token = || named(view.step.token, view.step.token_id);
    if let Some(own) = view.own() {
        // A list keyed by text may hold two tokens of one text; any of them may match.
        let matches = view
            .top
            .iter()
            .filter(|entry| view.is_own(entry))
            .any(|entry| derive::judge(own_value, listed(entry)).is_proven());
        return Some(Judged::of(matches, || {
            let detail =
                format!("logged {} for {}, but {} among the alternatives", logged.value, token(), own.logprob.value);
            let within = own_value.half + listed(own).half;
            Evidence::equals(own.logprob.value).found(logged.value).within(within).detail(detail)
        }));
    }
    let least = view.top.iter().min_by(|a, b| a.logprob.value.total_cmp(&b.logprob.value))?;
    let judged = derive::at_most(own_value, listed(least));
    Some(Judged::of(judged.is_proven(), || {
        let detail = format!(
            "logged {} for {}, which is missing from a list that goes down to {}",
            logged.value,
            token(),
            least.logprob.value
        );
        Evidence::at_most(least.logprob.value).found(logged.value).within(judged.within).detail(detail)
    }))
}

/// The id of an alternative: its own field, or the text that engines print without a detokenizer.
fn id(entry: &Alternative<'_>) -> Option<i64> {
    let printed = || entry.token?.decoded().strip_prefix("token_id:")?.parse().ok();
    entry.id.or_else(printed).filter(|id| *id >= 0)
}

/// How often the first repeated id of a list is in it, and its values if they differ. A repeated entry with one value is
/// the sampled token beside the most likely ones.
fn repeated_id(view: &StepView<'_>) -> Option<(u64, Evidence)> {
    let value =
        |entry: &Alternative<'_>| Approx::of_column(&entry.logprob, &view.resolutions.top).widened(noise::TOKEN);
    view.top.iter().enumerate().find_map(|(at, first)| {
        let own = id(first)?;
        let rest = view.top.get(at + 1..)?;
        let differs =
            |entry: &&Alternative<'_>| id(entry) == Some(own) && derive::judge(value(entry), value(first)).is_refuted();
        let other = rest.iter().find(differs)?;
        let same: Vec<&Alternative<'_>> = view.top.iter().filter(|entry| id(entry) == Some(own)).collect();
        let shown: Vec<String> = same.iter().take(5).map(|entry| entry.logprob.value.to_string()).collect();
        let more = if same.len() > shown.len() { ", …" } else { "" };
        let detail = format!("token {own} is listed {} times, with {}{more}", same.len(), shown.join(", "));
        let within = value(first).half + value(other).half;
        let evidence = Evidence::equals(first.logprob.value).found(other.logprob.value).within(within).detail(detail);
        Some((same.len() as u64, evidence))
    })
}

fn say(all: &Observed) -> Message {
    let (failed, judged) = (all.failed, all.judged);
    let help = "take the token's value and the alternatives from the same distribution at the same position";
    let Some(repeated) = all.histograms.get(REPEATED).filter(|repeated| repeated.total() > 0) else {
        return Message::new(format!(
            "at {failed} of {judged} steps the token's log-prob contradicts the step's alternatives"
        ))
        .help(help);
    };
    let steps = repeated.total();
    if steps < failed {
        return Message::new(format!(
            "{failed} of {judged} steps contradict their alternatives: {steps} list one token id more than once with different \
             log-probs, and at {} the token's log-prob is another one",
            failed - steps
        ))
        .help(help);
    }
    let times = match repeated.mode() {
        Some((times, count)) if count == steps => format!("{times} times with"),
        _ => "more than once with".to_owned(),
    };
    Message::new(format!(
        "{failed} of {judged} steps list one token id {times} different log-probs: the alternatives' ids are lost"
    ))
    .help("write each alternative's own id, not the sampled token's")
}
