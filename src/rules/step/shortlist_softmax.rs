//! RT107: log-probs are normalised over a subset of the vocabulary that changes from step to step.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::step(page!("RT107-shortlist-softmax"), check, say)
    .and_cause(matches, say_cause)
    .counts(&[BY_LOGITS, FLAT, OTHER_TOKENS])
    .when(|all| {
        let lists = all.count(FLAT) >= 3 && all.count(OTHER_TOKENS) > 0;
        all.failed >= 3 && all.failed == all.judged && (all.count(BY_LOGITS) > 0 || lists)
    })
    .recomputes();

/// Steps whose log-prob is above the log-softmax of their logits.
const BY_LOGITS: Key<u64> = Key::new(0, "by_logits");
/// Steps whose list adds up to 1 although its last token is not rare.
const FLAT: Key<u64> = Key::new(1, "flat");
/// Those of them that list other tokens than the candidate's first list.
const OTHER_TOKENS: Key<u64> = Key::new(2, "other_tokens");

/// An alternative this likely at the end of a list leaves mass for tokens that are not on it.
const TAIL: f64 = 0.001;
/// A list whose mass is this far from 1 is incomplete, whatever its digits.
const INCOMPLETE: f64 = 0.01;

fn check(view: &StepView<'_>, seen: &mut Observer<'_>) {
    let Some(own) = view.step.logprob.finite() else { return };
    let logits = view.candidate.vector(view.step.logit_vector);
    if logits.len() > 1 {
        let Some(logit) = view.entry(view.step.logit_vector) else { return };
        let whole = numeric::logsumexp_slice(logits);
        let derived = logit - whole;
        let excess = own.value - derived;
        let logged = Approx::of_column(&own, &view.resolutions.logprob);
        // Logit and logsumexp are off by the half-width of an entry each.
        let half = logged.half + 2.0 * Approx::of_vector(whole, &view.resolutions.vector).half;
        let limit = Approx::new(derived, half + noise::NORMALISER);
        let above = derive::at_most(Approx::exact(own.value), limit).is_refuted() && own.value <= half;
        seen.count(BY_LOGITS, u64::from(above));
        seen.judge(view.step.at, !above, || {
            let kept = numeric::exp(-excess);
            let detail = format!(
                "logged {}; logit - logsumexp over all {} tokens = {:.6}: too high by {excess:.6}, as if over a subset with {kept:.4} of the probability",
                own.value,
                logits.len(),
                derived
            );
            Evidence::equals(derived).found(own.value).within(half).detail(detail)
        });
        return;
    }
    if view.top.len() < 2 {
        return;
    }
    let mass = view.mass;
    // Rounding cannot close a gap this large.
    if (mass - 1.0).abs() > INCOMPLETE {
        return seen.holds();
    }
    let judged = derive::judge(view.mass_within_digits(), Approx::new(1.0, noise::TOKEN));
    let least = view.top.iter().map(|entry| entry.logprob.value).fold(f64::INFINITY, f64::min);
    let complete = judged.is_proven();
    let flat = numeric::exp(least) >= TAIL;
    seen.count(FLAT, u64::from(complete && flat));
    seen.count(OTHER_TOKENS, u64::from(complete && flat && has_other_tokens(view)));
    // A peaked step adds up to 1 by itself: no evidence for either.
    if complete && !flat {
        return;
    }
    seen.judge(view.step.at, !complete, || {
        let detail = format!(
            "the {} alternatives sum to {mass:.6} although the last one still has p = {:.4}, which leaves nothing for the rest of the vocabulary",
            view.top.len(),
            numeric::exp(least)
        );
        Evidence::equals(1.0).found(mass).within(judged.within).detail(detail)
    });
}

/// Whether the step lists other tokens than the candidate's first list: one list that holds at every step may be the
/// whole of a small vocabulary.
fn has_other_tokens(view: &StepView<'_>) -> bool {
    let names = |top: &[Alternative<'_>]| {
        let mut names: Vec<(Option<i64>, Option<String>)> = top
            .iter()
            .map(|entry| (entry.id, entry.token.as_ref().map(|token| token.decoded().into_owned())))
            .collect();
        names.sort();
        names
    };
    let first = view.candidate.steps.iter().map(|step| view.candidate.alternatives(step)).find(|top| !top.is_empty());
    first.is_some_and(|first| names(first) != names(view.top))
}

fn say(all: &Observed) -> Message {
    let title = if all.count(BY_LOGITS) > 0 {
        format!(
            "at all {} steps the log-prob is above the log-softmax over the whole vocabulary: it is normalised over a subset that changes from step to step",
            all.failed
        )
    } else {
        format!(
            "at {} of {} steps the top-k list holds the whole probability: log-probs are normalised over the list",
            all.failed, all.judged
        )
    };
    Message::new(title).help("normalise over the whole vocabulary: log-softmax first, then select the shortlist")
}

fn matches(deviations: &Deviations) -> bool {
    deviations.term() == Some(Term::ShortlistLogProb)
}

fn say_cause(cause: &Cause<'_>) -> Message {
    cause.message("normalise over the whole vocabulary: log-softmax first, then select the shortlist")
}
