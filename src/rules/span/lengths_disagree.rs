//! RT308: the parallel arrays of one candidate have different lengths, or hold one token at different positions.

use crate::model::Step;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::candidate(page!("RT308-lengths-disagree"), check, say).histograms(&[MISALIGNED]);

/// Tokens with alternatives by which the lists of a candidate are judged.
const LEAST: usize = 8;

/// Candidates whose tokens are in the list before (0) or after (1) their own.
const MISALIGNED: Key<Histogram> = Key::new(0, "candidates_by_side_of_the_list");

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    let arrays = &view.candidate.arrays;
    let Some(longest) = arrays.iter().max_by_key(|array| array.len) else { return };
    if arrays.len() < 2 {
        return;
    }
    if let Some(short) = arrays.iter().find(|array| array.len != longest.len) {
        return seen.judge(short.at, false, || {
            let lengths: Vec<String> = arrays.iter().map(|array| format!("{} {}", array.role, array.len)).collect();
            Evidence::equals(f64::from(longest.len))
                .found(f64::from(short.len))
                .detail(format!("entries: {}", lengths.join(", ")))
        });
    }
    let Some((side, tokens)) = misaligned(view) else { return seen.holds() };
    seen.histogram(MISALIGNED).add(side as u64, 1);
    seen.judge_here(false, || {
        Evidence::equals(tokens as f64).found(0.0).detail(format!(
            "{tokens} of {tokens} tokens are among the alternatives of the token {}, none among its own",
            side.word()
        ))
    });
}

/// The side on which the list of a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Neighbour {
    Before = 0,
    After = 1,
}

impl Neighbour {
    fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// Where every token is missing from its own list and in that of the same neighbour, with the number of tokens. A list that
/// omits unlikely tokens has some of them; a text that repeats itself has its tokens in both lists.
fn misaligned(view: &CandidateView<'_>) -> Option<(Neighbour, usize)> {
    let (steps, alternatives) = (&view.candidate.steps, &view.candidate.alternatives);
    let listed = |step: &Step<'_>, list: &[Alternative<'_>]| {
        (!list.is_empty() && step.can_match(list)).then(|| list.iter().any(|entry| step.is_token(entry)))
    };
    let every = |pairs: &mut dyn Iterator<Item = (&Step<'_>, &Step<'_>)>| {
        let mut tokens = 0;
        for (step, neighbour) in pairs {
            let (Some(own), Some(other)) =
                (listed(step, step.top.of(alternatives)), listed(step, neighbour.top.of(alternatives)))
            else {
                continue;
            };
            if own || !other {
                return None;
            }
            tokens += 1;
        }
        (tokens >= LEAST).then_some(tokens)
    };
    let after = every(&mut steps.iter().zip(steps.iter().skip(1)));
    let before = || every(&mut steps.iter().skip(1).zip(steps));
    after.map(|tokens| (Neighbour::After, tokens)).or_else(|| before().map(|tokens| (Neighbour::Before, tokens)))
}

fn say(all: &Observed) -> Message {
    let (failed, judged) = (all.failed, all.judged);
    let misaligned = all.histograms.get(MISALIGNED).map_or(0, Histogram::total);
    if misaligned == 0 {
        return Message::new(format!("{failed} of {judged} candidates have parallel arrays of different lengths"))
            .help("cut tokens, ids, log-probs and alternatives at the same positions");
    }
    let lengths = match failed - misaligned {
        0 => String::new(),
        lengths => format!("; {lengths} have parallel arrays of different lengths"),
    };
    Message::new(format!(
        "in {misaligned} of {judged} candidates every token is among the alternatives of its neighbour and not among its own{lengths}"
    ))
    .help("cut tokens, ids, log-probs and alternatives at the same positions: entry i of each describes token i")
}
