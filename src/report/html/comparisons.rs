//! Two candidates of one item: the running totals of their log-probs, token by token.

use crate::report::html::figures::Picture;
use crate::report::html::svg::{Ink, Scale, Svg, WIDTH};
use crate::report::{Comparison, Path, PathStep, visible};

/// Steps drawn per candidate.
const STEPS: usize = 24;

/// The points of a running total: after each step that counts, starting from 0.
fn running<'p>(path: &'p Path, counts: impl Fn(&PathStep) -> bool + 'p) -> Vec<(f64, f64)> {
    let mut total = 0.0;
    let mut points = vec![(0.0, 0.0)];
    for (index, step) in path.steps.iter().take(STEPS).enumerate() {
        if counts(step) {
            total += step.logprob.unwrap_or(0.0);
            points.push(((index + 1) as f64, total));
        }
    }
    points
}

/// The first step after which the order of the two is another than after the step before, or than at the end.
fn crossing(picked: &Path, wins: &Path) -> Option<usize> {
    let total = |path: &Path, steps: usize| -> f64 {
        path.steps.iter().take(steps).filter(|step| step.counts).filter_map(|step| step.logprob).sum()
    };
    let steps = picked.steps.len().max(wins.steps.len()).min(STEPS);
    let leads = |at: usize| total(picked, at) > total(wins, at);
    (1..=steps).rev().find(|at| leads(*at)).map(|at| at + 1).filter(|at| *at <= steps)
}

/// Where the two lines meet on the way to a step; the step itself where one of them has ended.
fn meeting(picked: &[(f64, f64)], wins: &[(f64, f64)], at: usize) -> f64 {
    let value = |line: &[(f64, f64)], step: f64| line.iter().find(|(x, _)| *x == step).map(|(_, y)| *y);
    let (from, to) = (at as f64 - 1.0, at as f64);
    let gap = |step: f64| Some(value(picked, step)? - value(wins, step)?);
    match (gap(from), gap(to)) {
        (Some(before), Some(after)) if before > after => from + before / (before - after),
        _ => to,
    }
}

/// The reported scores that fit the sums' scale: another kind of number would flatten the lines.
fn reported(comparison: &Comparison, sums: &[f64]) -> Vec<(f64, Ink)> {
    let largest = sums.iter().fold(0.0_f64, |largest, sum| largest.max(sum.abs()));
    let scores = [(comparison.picked.reported, Ink::Explained), (comparison.wins.reported, Ink::Follows)];
    let scores = scores.into_iter().filter_map(|(score, ink)| Some((score?, ink)));
    scores.filter(|(score, _)| score.abs() <= 2.0 * largest).collect()
}

/// The chart of a comparison.
pub(super) fn comparison(id: &str, comparison: &Comparison) -> Picture {
    let steps = comparison.picked.steps.len().max(comparison.wins.steps.len()).clamp(1, STEPS);
    let convention = |path| running(path, |step: &PathStep| step.counts);
    let found = |path| running(path, |step: &PathStep| step.counted);
    let differs = |path: &Path| path.steps.iter().take(STEPS).any(|step| step.counts != step.counted);
    let lines = [(&comparison.picked, Ink::Explained), (&comparison.wins, Ink::Follows)];
    let (left, right, top, bottom) = (66.0, WIDTH - 60.0, 44.0, 240.0);
    let x = Scale::new(0.0, steps as f64, left, right);
    let sums =
        lines.iter().flat_map(|(path, _)| convention(path).into_iter().chain(found(path))).map(|(_, total)| total);
    let sums: Vec<f64> = sums.collect();
    let reported = reported(comparison, &sums);
    let y = Scale::over(sums.iter().copied().chain(reported.iter().map(|(value, _)| *value)), bottom, top);
    let crosses = crossing(&comparison.picked, &comparison.wins);
    let name = |path: &Path| visible(&path.candidate).into_owned();
    let description = format!(
        "Running totals of the log-probs of candidate {} (picked) and candidate {} (wins under {}).{}",
        name(&comparison.picked),
        name(&comparison.wins),
        comparison.convention,
        crosses.map_or_else(String::new, |at| format!(" The order changes at token {at}."))
    );
    let mut svg = Svg::new(id, 398.0, "Running totals, token by token", &description);
    svg.axis_y(&y, left, "sum of log-probs so far (nats)");
    svg.line(left, bottom, right, bottom, Ink::Quiet, "");
    if let Some(at) = crosses {
        let place = x.place(meeting(&convention(&comparison.picked), &convention(&comparison.wins), at));
        svg.line(place, top, place, bottom, Ink::Found, "4 3");
        svg.text(place, top - 6.0, "middle", &format!("order changes at token {at}"), Ink::Found);
    }
    for (value, ink) in &reported {
        let height = y.place(*value);
        svg.line(left, height, right, height, *ink, "1 4");
    }
    let mut labels: Vec<f64> =
        lines.iter().map(|(path, _)| convention(path).last().map_or(0.0, |(_, total)| y.place(*total))).collect();
    if let [picked, wins] = labels.as_mut_slice()
        && (*picked - *wins).abs() < 14.0
    {
        // Two labels at one height would cover each other.
        let (up, down) = if picked < wins { (picked, wins) } else { (wins, picked) };
        *up -= 7.0;
        *down += 7.0;
    }
    for (index, (path, ink)) in lines.iter().enumerate() {
        let place = |points: Vec<(f64, f64)>| -> Vec<(f64, f64)> {
            points.into_iter().map(|(step, total)| (x.place(step), y.place(total))).collect()
        };
        let main = place(convention(path));
        svg.marks(&main, *ink);
        svg.polyline(&main, *ink, 2.0, "");
        if differs(path) {
            svg.polyline(&place(found(path)), *ink, 1.2, "2 3");
        }
        if let (Some((end, _)), Some(height)) = (main.last(), labels.get(index)) {
            let label: String = name(path).chars().take(6).collect();
            svg.text(end + 8.0, height + 4.0, "start", &label, *ink);
        }
        let row = 262.0 + 36.0 * index as f64;
        svg.text(left - 8.0, row + 16.0, "end", if index == 0 { "picked" } else { "wins" }, *ink);
        let width = (right - left) / steps as f64;
        let fitting = ((width - 4.0) / 7.4).max(0.0);
        for (step, entry) in path.steps.iter().take(STEPS).enumerate() {
            let from = left + width * step as f64;
            svg.cell(from + 1.0, row, width - 2.0, 24.0, *ink, entry.counts != entry.counted);
            let shown = visible(&entry.token);
            let fits = shown.chars().count() as f64 <= fitting;
            if fits && entry.counts == entry.counted {
                svg.text(from + width / 2.0, row + 16.0, "middle", shown.trim(), Ink::Text);
            }
        }
    }
    let mut legend = vec![(Ink::Explained, "picked"), (Ink::Follows, "wins under the convention")];
    if !reported.is_empty() {
        legend.push((Ink::Quiet, "dotted across: reported scores"));
    }
    let is_cut = lines.iter().any(|(path, _)| differs(path));
    if is_cut {
        legend.push((Ink::Quiet, "hatched: dropped or added tokens"));
    }
    svg.legend(352.0, &legend);
    let caption = match crosses {
        Some(at) => format!("Where does the wrong pick come from? It leads until token {at}."),
        None if is_cut => {
            "Where does the wrong pick come from? Solid: what counts. Dotted: what the pipeline summed.".to_owned()
        }
        None => "Where does the wrong pick come from? The sum that ends higher should win.".to_owned(),
    };
    Picture { svg: svg.finish(), caption }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(values: &[f64]) -> Path {
        let step = |value: &f64| PathStep { token: "t".to_owned(), logprob: Some(*value), counts: true, counted: true };
        Path {
            candidate: "a".to_owned(),
            reported: None,
            recomputed: None,
            steps: values.iter().map(step).collect(),
            total_steps: 0,
        }
    }

    #[test]
    fn the_crossing_is_where_the_lead_is_lost_for_good() {
        assert_eq!(crossing(&path(&[-0.9, -1.5]), &path(&[-1.2, -1.1])), Some(2));
        assert_eq!(crossing(&path(&[-0.6, -0.7, -0.8]), &path(&[-0.9, -0.3, -0.2])), Some(2));
        assert_eq!(crossing(&path(&[-2.0]), &path(&[-1.0])), None);
    }
}
