//! RT308: the parallel arrays of one candidate have different lengths, or hold one token at different positions.

use crate::model::Step;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::candidate(page!("RT308-lengths-disagree"), check, say)
    .histograms(&[MISALIGNED])
    .counts(&[ALIGNED, TOKENS, LONG])
    .when(fires);

/// Tokens with alternatives by which lists are judged: those of one candidate, or of all where each has fewer.
const LEAST: usize = 8;
/// Fewest tokens of one candidate that count.
const FEW: usize = 4;

/// Candidates whose tokens are in the list before (0) or after (1) their own.
const MISALIGNED: Key<Histogram> = Key::new(0, "candidates_by_side_of_the_list");
/// Candidates with a token that is in its own list.
const ALIGNED: Key<u64> = Key::new(0, "candidates_with_a_token_in_its_own_list");
/// Tokens of the candidates whose lists are those of a neighbour.
const TOKENS: Key<u64> = Key::new(1, "misaligned_tokens");
/// Of these candidates, those that show it by themselves.
const LONG: Key<u64> = Key::new(2, "misaligned_long_candidates");

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    let arrays = &view.candidate.arrays;
    let longest = arrays.iter().max_by_key(|array| array.len);
    let short = longest.and_then(|longest| arrays.iter().find(|array| array.len != longest.len).zip(Some(longest)));
    if let Some((short, longest)) = short {
        return seen.judge(short.at, false, || {
            let lengths: Vec<String> = arrays.iter().map(|array| format!("{} {}", array.role, array.len)).collect();
            Evidence::equals(f64::from(longest.len))
                .found(f64::from(short.len))
                .detail(format!("entries: {}", lengths.join(", ")))
        });
    }
    if arrays.len() < 2 && view.candidate.alternatives.is_empty() {
        return;
    }
    let Some((side, tokens)) = misaligned(view) else {
        seen.count(ALIGNED, u64::from(is_aligned(view)));
        return seen.holds();
    };
    seen.histogram(MISALIGNED).add(side as u64, 1);
    seen.count(TOKENS, tokens as u64);
    seen.count(LONG, u64::from(tokens >= LEAST));
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

/// Whether a token is in a list; None where the list has nothing that it could be.
fn listed(view: &CandidateView<'_>, step: &Step<'_>, list: &Step<'_>) -> Option<bool> {
    let list = list.top.of(&view.candidate.alternatives);
    (!list.is_empty() && step.can_match(list)).then(|| list.iter().any(|entry| step.is_token(entry)))
}

fn is_aligned(view: &CandidateView<'_>) -> bool {
    view.candidate.steps.iter().any(|step| listed(view, step, step) == Some(true))
}

/// Where every token is missing from its own list and in that of the same neighbour, with the number of tokens. A list that
/// omits unlikely tokens has some of them; a text that repeats itself has its tokens in both lists.
fn misaligned(view: &CandidateView<'_>) -> Option<(Neighbour, usize)> {
    let steps = &view.candidate.steps;
    let every = |pairs: &mut dyn Iterator<Item = (&Step<'_>, &Step<'_>)>| {
        let mut tokens = 0;
        for (step, neighbour) in pairs {
            let (Some(own), Some(other)) = (listed(view, step, step), listed(view, step, neighbour)) else {
                continue;
            };
            if own || !other {
                return None;
            }
            tokens += 1;
        }
        (tokens >= FEW).then_some(tokens)
    };
    let after = every(&mut steps.iter().zip(steps.iter().skip(1)));
    let before = || every(&mut steps.iter().skip(1).zip(steps));
    after.map(|tokens| (Neighbour::After, tokens)).or_else(|| before().map(|tokens| (Neighbour::Before, tokens)))
}

/// Whether lengths differ, or lists are those of a neighbour: in one candidate with enough tokens, or in all together where no
/// token is in its own list.
fn fires(all: &Observed) -> bool {
    let misaligned = all.histograms.get(MISALIGNED).map_or(0, Histogram::total);
    let together = all.count(TOKENS) >= LEAST as u64 && all.count(ALIGNED) == 0;
    all.failed > misaligned || all.count(LONG) > 0 || together
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
