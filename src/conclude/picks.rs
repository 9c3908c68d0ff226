//! Finds what the picks of a stream follow from. RT402 reports picks that follow from nothing logged.

use crate::conclude::finding::{Draft, Row, Stream};
use crate::model::VerdictCounts;
use crate::numeric::{log2, mcnemar_exact};
use crate::report::words::{accuracy_change, count, picks_change, some};
use crate::report::{Evidence, Impact, Number, RuleEvidence};
use crate::rules::Message;
use crate::tally::{Argmax, ItemTally, PickReasons, Reason, Reasoned, Sureness};

/// Bits of evidence at which a reason is accepted. By chance, one of the tried reasons gives every pick in one of 256
/// logs.
const GRANTED: f64 = 8.0;

/// What the picks follow from.
pub(super) struct Picks<'p> {
    reasons: &'p PickReasons,
    /// The reason other than the scores that gives every pick.
    whole: Option<(&'p Reason, Sureness)>,
    verdicts: VerdictCounts,
}

impl<'p> Picks<'p> {
    /// Weighs the reasons of a stream's picks.
    pub(super) fn of(items: &'p ItemTally) -> Self {
        let reasons = &items.reasons;
        let whole = if items.picks.proven == items.picks.total() { None } else { whole(reasons) };
        let VerdictCounts { proven, refuted, unprovable, .. } = items.picks;
        let verdicts = match whole {
            None => items.picks,
            Some((_, Sureness::Granted)) => {
                let proven = reasons.items.max(proven);
                let unprovable = items.picks.total().saturating_sub(proven);
                VerdictCounts { proven, unprovable, ..VerdictCounts::default() }
            }
            Some((_, Sureness::Possible)) => {
                VerdictCounts { proven, unprovable: unprovable + refuted, ..VerdictCounts::default() }
            }
        };
        Self { reasons, whole, verdicts }
    }

    /// The verdicts on the picks.
    pub(super) fn verdicts(&self) -> VerdictCounts {
        self.verdicts
    }

    /// Whether something other than the scores gives every pick. Rules must not check such picks against the scores.
    pub(super) fn follow_otherwise(&self) -> bool {
        self.whole.is_some()
    }

    /// Why picks that contradict the scores are not refuted, if there are too few items to rule out chance.
    pub(super) fn undecided(&self) -> Option<String> {
        let (reason, sureness) = self.whole?;
        (sureness == Sureness::Possible)
            .then(|| format!("every pick is {}, but there are too few items to rule out chance", described(reason)))
    }

    /// RT402. `greedy` is the number of RT401 picks; if the picks follow from something else, they are greedy paths by
    /// chance.
    pub(super) fn draft(&self, stream: &Stream<'_>, greedy: u64) -> Option<Draft> {
        if self.whole.is_some() || self.reasons.contradicted == 0 {
            return None;
        }
        let rule = stream.catalogue.by_code("RT402")?;
        let PickReasons { judged, contradicted, shown, argmax, .. } = self.reasons;
        let failed = contradicted + greedy;
        let first = shown.kept().first();
        let nearest = nearest(self.reasons);
        let message = Message::new(format!(
            "in {failed} of {judged} items the pick is not the best candidate by the reported scores, raw or per token, character, byte or word"
        ))
        .label(first.map_or_else(String::new, |row| row.evidence.detail.clone()))
        .help(match nearest {
            Some((Reason::Worst(field), _)) => format!("swap argmin and argmax: `{field}` is optimised in the wrong direction"),
            Some((reason, _)) => format!(
                "if the pick is meant to be {}, check the other rows; otherwise take the argmax of the reported scores over the reported candidates",
                described(reason)
            ),
            None => "take the argmax of the reported scores over the reported candidates".to_owned(),
        });
        let row = |exemplar: &crate::tally::Exemplar| Row {
            located: exemplar.located.clone(),
            item: exemplar.item.clone(),
            candidate: String::new(),
        };
        let mut evidence_lines = Vec::new();
        if let Some((reason, own)) = nearest {
            evidence_lines.push(format!(
                "the pick is {} in {} of {} items",
                described(reason),
                count(own.explained),
                count(self.reasons.items)
            ));
        }
        if greedy > 0 {
            evidence_lines.push(format!("in {} of them the pick is also the greedy path", count(greedy)));
        }
        Some(Draft {
            rule,
            severity: rule.page().severity,
            claim: rule.page().needs.first().map_or_else(String::new, |need| (*need).to_owned()),
            task: stream.task.to_owned(),
            cause: Vec::new(),
            message,
            count: failed,
            judged: *judged,
            rows: shown.kept().iter().map(row).collect(),
            evidence: Evidence::Rule(RuleEvidence {
                judged: *judged,
                failed,
                found: first.map(|row| Number(row.evidence.found)),
                expected: first.map(|row| Number(row.evidence.expected)),
                within: first.map(|row| Number(row.evidence.within)),
                ..RuleEvidence::default()
            }),
            evidence_lines,
            impact_lines: impact(argmax).into_iter().collect(),
            impact: numbers(argmax),
            deviation: None,
        })
    }
}

/// The reason that gives every pick, and whether chance is ruled out.
fn whole(reasons: &PickReasons) -> Option<(&Reason, Sureness)> {
    let gives_all = |own: &Reasoned| own.explained == reasons.items && own.judged > 0;
    let whole = reasons.reasons.iter().filter(|(reason, own)| reason.is_legitimate() && gives_all(own));
    let (reason, own) = whole.max_by_key(|(_, own)| own.tenths_of_bits)?;
    let tried = reasons.reasons.len().max(1) as f64;
    if bits(own) - log2(tried) >= GRANTED {
        return Some((reason, Sureness::Granted));
    }
    // An integer quantity (a rank, a length) may give a few picks by chance.
    (own.measured == own.judged || *reason == Reason::Majority).then_some((reason, Sureness::Possible))
}

/// The reason that gives the most picks, if it gives at least three in four and chance is unlikely.
fn nearest(reasons: &PickReasons) -> Option<(&Reason, &Reasoned)> {
    let nearly = reasons.reasons.iter().filter(|(_, own)| 4 * own.explained >= 3 * reasons.items);
    nearly.max_by_key(|(_, own)| (own.explained, own.tenths_of_bits)).filter(|(_, own)| bits(own) >= GRANTED)
}

fn bits(own: &Reasoned) -> f64 {
    own.tenths_of_bits as f64 / 10.0
}

/// A pick in the words of a reason.
fn described(reason: &Reason) -> String {
    match reason {
        Reason::Highest(field) => format!("the candidate with the highest `{field}`"),
        Reason::Lowest(field) => format!("the candidate with the lowest `{field}`"),
        Reason::Worst(field) => format!("the candidate with the worst `{field}`"),
        Reason::Majority => "the answer of most candidates".to_owned(),
    }
}

/// The changes if the argmax of the reported scores decided.
fn impact(argmax: &Argmax) -> Option<String> {
    (argmax.switched.flips > 0).then(|| changes(argmax, "by the argmax of the reported scores"))
}

/// What changes, as numbers; None if nothing does.
fn numbers(argmax: &Argmax) -> Option<Impact> {
    let Argmax { items, graded, right_before, switched } = argmax;
    let share = |right: u64| (*graded > 0).then(|| right as f64 / *graded as f64);
    (switched.flips > 0).then(|| Impact {
        items: *items,
        flips: switched.flips,
        undecided: 0,
        flipped: switched.flipped.kept().iter().map(|flip| flip.item.clone()).collect(),
        graded: *graded,
        accuracy_before: share(*right_before),
        accuracy_after: share(switched.right_after),
        gained: switched.gained,
        lost: switched.lost,
        mcnemar_p: (*graded > 0).then(|| mcnemar_exact(switched.gained, switched.lost)),
    })
}

/// The changes if the steps were recomputed from their vectors or alternatives, as numbers.
pub(super) fn recomputed_numbers(items: &ItemTally) -> Option<Impact> {
    numbers(&items.reasons.recomputed)
}

/// The changes if the steps were recomputed from their vectors or alternatives, if that is possible.
pub(super) fn recomputed(items: &ItemTally) -> Option<String> {
    let argmax = &items.reasons.recomputed;
    (argmax.items > 0).then(|| format!("with the steps recomputed, {}", changes(argmax, "by the recomputed scores")))
}

/// Whether sum and mean give different picks.
pub(super) fn sum_or_mean(items: &ItemTally) -> Option<String> {
    let Argmax { items, switched, .. } = &items.reasons.sum_or_mean;
    let ids = some(switched.flipped.kept().iter().map(|flip| flip.item.as_str()), 3, switched.flips);
    (*items > 0).then(|| match switched.flips {
        0 => format!("sum and mean give the same pick in all {} items", count(*items)),
        flips => format!("sum and mean give different picks in {} of {} items ({ids})", count(flips), count(*items)),
    })
}

/// The number of changed picks and the effect on the accuracy.
fn changes(argmax: &Argmax, after: &str) -> String {
    let Argmax { items, graded, right_before, switched } = argmax;
    let ids = some(switched.flipped.kept().iter().map(|flip| flip.item.as_str()), 3, switched.flips);
    let mut line = picks_change(switched.flips, *items);
    if switched.flips > 0 {
        line.push_str(&format!(" ({ids})"));
    }
    if *graded > 0 {
        let share = |right: u64| right as f64 / *graded as f64;
        let (gained, lost) = (switched.gained, switched.lost);
        let (before, after) = ((share(*right_before), "as picked"), (share(switched.right_after), after));
        line.push_str(&accuracy_change(before, after, gained, lost, mcnemar_exact(gained, lost)));
    }
    line
}
