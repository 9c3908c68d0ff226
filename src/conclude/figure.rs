//! The data of a report's charts.

use crate::audit::ColumnPlan;
use crate::conclude::diagnosis::{Explanation, Member};
use crate::formula::{Formula, Span};
use crate::model::Segment;
use crate::report::{Comparison, Diagnosis, Figure, Path, PathStep, Point, Status};
use crate::tally::{ColumnTally, ItemTally, Mark, PathSketch};

/// Maximum figures in a report.
const FIGURES: usize = 6;
/// Maximum figures in a report without refuted rows.
const CLEAN_FIGURES: usize = 2;
/// Maximum comparisons in a report.
const COMPARISONS: usize = 3;

/// The figure of a column.
pub(super) fn figure(column: &ColumnTally, explanation: &Explanation) -> Option<Figure> {
    let marks = column.sample.marks();
    if marks.is_empty() {
        return None;
    }
    let after = match explanation {
        Explanation::Formula { at, .. } | Explanation::AsRight { at } => {
            column.residuals_by_formula.get(*at).map(|residuals| residuals.bins.to_vec())
        }
        _ => None,
    };
    Some(Figure {
        points: marks.into_iter().map(|mark| point(mark, explanation)).collect(),
        rows: column.judged,
        before: column.residuals.bins.to_vec(),
        after: after.unwrap_or_default(),
    })
}

fn point(mark: &Mark, explanation: &Explanation) -> Point {
    let fits = |at: usize| at < 128 && mark.set & (1 << at) != 0;
    let value = |at: usize| mark.values.get(at).copied().flatten();
    let (found, explained, group) = match explanation {
        Explanation::Formula { at, .. } | Explanation::AsRight { at } => (value(*at), fits(*at), None),
        Explanation::Mixture(members) => {
            let fitting = || members.iter().enumerate().filter(|(_, member)| fits(member.at));
            let first = fitting().next();
            let only = first.filter(|_| fitting().nth(1).is_none());
            let group = only.and_then(|(at, _)| u32::try_from(at).ok());
            (first.and_then(|(_, member)| value(member.at)), first.is_some(), group)
        }
        _ => (None, false, None),
    };
    Point {
        input: mark.at.0,
        line: mark.at.1,
        tokens: mark.tokens,
        reported: mark.reported,
        recomputed: mark.derived,
        within: mark.bound,
        status: match (mark.follows, explained) {
            (true, _) => Status::Follows,
            (false, true) => Status::Explained,
            (false, false) => Status::Unexplained,
        },
        found,
        group,
    }
}

/// The formula that the log's numbers follow, if it is a single one.
pub(super) fn found(explanation: &Explanation, plan: &ColumnPlan) -> Formula {
    let at = match explanation {
        Explanation::Formula { at, .. } | Explanation::AsRight { at } => Some(*at),
        Explanation::Mixture(members) => members.iter().map(|member: &Member| member.at).find(|at| *at != 0),
        _ => None,
    };
    let entry = at.and_then(|at| plan.grammar.as_deref()?.entries().get(at));
    entry.map_or_else(|| plan.convention(), |entry| entry.formula)
}

/// The items with the clearest change of pick, token by token.
pub(super) fn comparisons(
    items: &ItemTally,
    convention: &Formula,
    found: &Formula,
    run: &str,
    task: &str,
) -> impl Iterator<Item = (f64, Comparison)> {
    let path = |sketch: &PathSketch| {
        let segments: Vec<Segment> = sketch.path.steps().map(|(.., segment)| segment).collect();
        let (counts, counted) =
            (covered(convention.span, &segments, false), covered(found.span, &segments, sketch.path.cut));
        let steps = sketch.path.steps().zip(counts.into_iter().zip(counted));
        Path {
            candidate: sketch.candidate.clone(),
            reported: sketch.reported,
            recomputed: sketch.derived,
            steps: steps
                .map(|((token, logprob, _), (counts, counted))| PathStep {
                    token: token.to_owned(),
                    logprob,
                    counts,
                    counted,
                })
                .collect(),
            total_steps: sketch.path.scored,
        }
    };
    items.comparisons.kept().iter().map(move |comparison| {
        let shown = Comparison {
            input: comparison.place.file,
            line: comparison.place.line,
            run: run.to_owned(),
            task: task.to_owned(),
            item: comparison.item.clone(),
            prompt: comparison.prompt.clone(),
            gold: comparison.gold.clone(),
            convention: convention.to_string(),
            picked: path(&comparison.picked),
            wins: path(&comparison.wins),
        };
        (comparison.margin, shown)
    })
}

/// The steps that a span covers. If the end of a candidate is cut off, its last steps are unknown.
fn covered(span: Span, segments: &[Segment], cut: bool) -> Vec<bool> {
    let scored: Vec<usize> = (0..segments.len()).filter(|at| segments[*at].is_scored()).collect();
    let prompt: Vec<usize> = (0..segments.len()).filter(|at| segments[*at] == Segment::Prompt).collect();
    let padding = || (0..segments.len()).filter(|at| segments[*at] == Segment::Padding);
    let chosen: Vec<usize> = match span {
        Span::Continuation => scored,
        Span::WithoutEnd => scored.into_iter().filter(|at| segments[*at] != Segment::End).collect(),
        Span::DropFirst(k) => scored.into_iter().skip(usize::from(k)).collect(),
        Span::DropLast(k) => {
            let keep = if cut { scored.len() } else { scored.len().saturating_sub(usize::from(k)) };
            scored.into_iter().take(keep).collect()
        }
        Span::WithPrompt(k) => {
            let skip = prompt.len().saturating_sub(usize::from(k));
            prompt.into_iter().skip(skip).chain(scored).collect()
        }
        Span::WholeText => prompt.into_iter().chain(scored).collect(),
        Span::ShiftLater => scored.into_iter().map(|at| at + 1).collect(),
        Span::ShiftEarlier => scored.into_iter().filter_map(|at| at.checked_sub(1)).collect(),
        Span::WithPadding => scored.into_iter().chain(padding()).collect(),
    };
    (0..segments.len()).map(|at| chosen.contains(&at)).collect()
}

/// Keeps the most informative figures: those of the columns with the most refuted rows, or of the first columns in a
/// clean log.
pub(super) fn trim(diagnoses: &mut [Diagnosis]) {
    let refuted = |diagnosis: &Diagnosis| {
        let figure = diagnosis.figure.as_ref()?;
        let within = figure.before.get(crate::tally::WITHIN).copied().unwrap_or(0);
        Some(figure.rows.saturating_sub(within))
    };
    let mut ranked: Vec<(u64, usize)> =
        diagnoses.iter().enumerate().filter_map(|(at, diagnosis)| Some((refuted(diagnosis)?, at))).collect();
    ranked.sort_by_key(|(rows, at)| (std::cmp::Reverse(*rows), *at));
    let wrong = ranked.iter().filter(|(rows, _)| *rows > 0).count();
    let limit = if wrong > 0 { wrong.min(FIGURES) } else { CLEAN_FIGURES };
    let kept: Vec<usize> = ranked.iter().map(|(_, at)| *at).take(limit).collect();
    for (at, diagnosis) in diagnoses.iter_mut().enumerate() {
        if !kept.contains(&at) {
            diagnosis.figure = None;
        }
    }
}

/// The clearest comparisons of all runs.
pub(super) fn clearest(mut comparisons: Vec<(f64, Comparison)>) -> Vec<Comparison> {
    comparisons.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1.input, a.1.line).cmp(&(b.1.input, b.1.line))));
    comparisons.truncate(COMPARISONS);
    comparisons.into_iter().map(|(_, comparison)| comparison).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Segment::{Continuation as C, End as E, Padding as Z, Prompt as P};

    #[test]
    fn spans_cover_their_steps() {
        let segments = [P, P, C, C, C, E, Z];
        let marks = |span: Span| {
            covered(span, &segments, false).iter().map(|covered| if *covered { 'x' } else { '.' }).collect::<String>()
        };
        assert_eq!(marks(Span::Continuation), "..xxxx.");
        assert_eq!(marks(Span::WithoutEnd), "..xxx..");
        assert_eq!(marks(Span::DropFirst(1)), "...xxx.");
        assert_eq!(marks(Span::DropLast(2)), "..xx...");
        assert_eq!(marks(Span::WithPrompt(1)), ".xxxxx.");
        assert_eq!(marks(Span::WholeText), "xxxxxx.");
        assert_eq!(marks(Span::ShiftLater), "...xxxx");
        assert_eq!(marks(Span::ShiftEarlier), ".xxxx..");
        assert_eq!(marks(Span::WithPadding), "..xxxxx");
    }
}
