//! RT407: the shortest candidate is picked far above chance under a raw sum.

use crate::rules::prelude::*;

pub(super) static RULE: Rule =
    Rule::item(page!("RT407-length-bias"), check, say).sums(&[CHANCE]).when(|all| all.judged >= 30 && tail(all) < 1e-6);

/// Per item, the probability that a random pick is one of the shortest.
const CHANCE: Key<ExactSum> = Key::new(0, "chance");

fn check(view: &ItemView<'_>, seen: &mut Observer<'_>) {
    // A pick that another reported column explains (a cost per length, say) is not evidence of a raw sum.
    let by_raw_sum = |pick: &usize| view.is_raw_best(*pick) == Some(true) && !view.is_best_elsewhere(*pick);
    let Some(pick) = view.item.picked().filter(by_raw_sum) else { return };
    let lengths: Vec<u32> = view.item.candidates.iter().map(|candidate| candidate.tokens).collect();
    let Some(shortest) = lengths.iter().copied().min().filter(|least| *least > 0) else { return };
    let short = lengths.iter().filter(|length| **length == shortest).count();
    if short == lengths.len() {
        return;
    }
    seen.add(CHANCE, short as f64 / lengths.len() as f64);
    seen.judge_here(lengths.get(pick) != Some(&shortest), || {
        Evidence::equals(0.0)
            .detail(format!("{}, with the fewest tokens ({shortest}), is picked by its raw sum", view.name(pick)))
    });
}

/// P(at least as many) if the shortest were picked by chance: an upper binomial tail at the mean chance.
fn tail(all: &Observed) -> f64 {
    let n = all.judged;
    let p = all.sum(CHANCE) / n.max(1) as f64;
    if !(0.0..1.0).contains(&p) || p <= 0.0 {
        return 1.0;
    }
    let log_choose =
        |k: u64| libm::lgamma(n as f64 + 1.0) - libm::lgamma(k as f64 + 1.0) - libm::lgamma((n - k) as f64 + 1.0);
    (all.failed..=n)
        .map(|k| numeric::exp(log_choose(k) + k as f64 * numeric::ln(p) + (n - k) as f64 * numeric::ln_1p(-p)))
        .sum::<f64>()
        .min(1.0)
}

fn say(all: &Observed) -> Message {
    Message::new(format!(
        "the raw sum picks a shortest candidate in {} of {} items; the probability by chance is {:.1e}",
        all.failed,
        all.judged,
        tail(all)
    ))
    .help("report a length-normalised decision beside the raw one: every additional token lowers a raw sum")
}
