//! The charts of one column of claims.

use super::svg::{Ink, Scale, Svg, WIDTH, tick};
use crate::report::words::count;
use crate::report::{Diagnosis, Figure, Impact, Point, Status};
use crate::tally::{BIN_EDGES, BINS, WITHIN};

/// A chart with its caption.
pub(super) struct Picture {
    pub(super) svg: String,
    pub(super) caption: String,
}

fn ink(status: Status) -> Ink {
    match status {
        Status::Follows => Ink::Follows,
        Status::Explained => Ink::Explained,
        Status::Unexplained => Ink::Unexplained,
    }
}

fn of_status(points: &[Point], status: Status) -> impl Iterator<Item = &Point> {
    points.iter().filter(move |point| point.status == status)
}

/// Reported against recomputed, with the identity line and the line of the detected formula.
pub(super) fn scatter(id: &str, diagnosis: &Diagnosis, figure: &Figure) -> Picture {
    let points = &figure.points;
    let (left, right, top, bottom) = (66.0, WIDTH - 16.0, 34.0, 320.0);
    let xs = points.iter().flat_map(|point| [Some(point.recomputed), point.found]).flatten();
    let x = Scale::over(xs, left, right);
    let y = Scale::over(points.iter().map(|point| point.reported), bottom, top);
    let best = diagnosis.best.as_deref().filter(|best| *best != diagnosis.convention);
    let description = format!(
        "Each mark is a row: x is the value of {}, y the reported value. Rows that match lie on the dashed identity line.{}",
        diagnosis.convention,
        best.map_or_else(String::new, |best| format!(" Diamonds are the same rows under {best}."))
    );
    let mut svg = Svg::new(id, 410.0, "Reported against recomputed", &description);
    svg.axis_x(&x, bottom, &format!("recomputed: {}", diagnosis.convention));
    svg.axis_y(&y, left, "reported");
    let (low, high) = (x.ends().0.max(y.ends().0), x.ends().1.min(y.ends().1));
    if low < high {
        svg.line(x.place(low), y.place(low), x.place(high), y.place(high), Ink::Quiet, "5 4");
    }
    for line in fitted(points) {
        let line: Vec<(f64, f64)> = line.iter().map(|(a, b)| (x.place(*a), y.place(*b))).collect();
        svg.polyline(&line, Ink::Found, 1.2, "");
    }
    let place = |point: &Point| (x.place(point.recomputed), y.place(point.reported));
    let mut legend = vec![];
    for (status, name) in [
        (Status::Follows, "matches the convention"),
        (Status::Explained, "explained by the detected formula"),
        (Status::Unexplained, "unexplained"),
    ] {
        let marks: Vec<(f64, f64)> = of_status(points, status).map(place).collect();
        if !marks.is_empty() {
            legend.push((ink(status), name));
        }
        svg.marks(&marks, ink(status));
    }
    let found: Vec<(f64, f64)> = of_status(points, Status::Explained)
        .filter_map(|point| Some((x.place(point.found?), y.place(point.reported))))
        .collect();
    if !found.is_empty() {
        legend.push((Ink::Found, "the same row under that formula"));
    }
    svg.marks(&found, Ink::Found);
    svg.legend(378.0, &legend);
    let caption = match best {
        Some(best) => format!("Is it a formula or noise? Under {best} the rows lie on the identity line."),
        None if of_status(points, Status::Unexplained).next().is_some() => {
            "Is it a formula or noise? No known formula moves the crosses onto the identity line.".to_owned()
        }
        None if diagnosis.groups.is_empty() => "The rows lie on the identity line.".to_owned(),
        None => "Is it a formula or noise? Each row lies on the identity line under its group's formula.".to_owned(),
    };
    Picture { svg: svg.finish(), caption }
}

/// Points that lie this close to a ray, relative, are drawn as one: far less than a pixel.
const STRAIGHT: f64 = 1e-6;

/// The line of the formula found, where it is a function of the convention's value: one ray or one per length, or a curve.
fn fitted(points: &[Point]) -> Vec<Vec<(f64, f64)>> {
    let mut pairs: Vec<(u32, f64, f64)> = of_status(points, Status::Explained)
        .filter_map(|point| Some((point.tokens, point.recomputed, point.found?)))
        .collect();
    pairs.sort_by(|a, b| (a.0, a.1, a.2).partial_cmp(&(b.0, b.1, b.2)).unwrap_or(std::cmp::Ordering::Equal));
    let ray = |pairs: &[(u32, f64, f64)]| {
        let ratio = pairs.iter().map(|(_, x, y)| y / x).find(|ratio| ratio.is_finite())?;
        let straight = pairs.iter().all(|(_, x, y)| (y - ratio * x).abs() <= STRAIGHT * y.abs().max(f64::MIN_POSITIVE));
        let far = pairs.iter().map(|(_, x, _)| *x).max_by(|a, b| a.abs().total_cmp(&b.abs()))?;
        straight.then(|| vec![(0.0, 0.0), (far, ratio * far)])
    };
    if pairs.len() < 3 {
        return Vec::new();
    }
    if let Some(line) = ray(&pairs) {
        return vec![line];
    }
    let by_length: Vec<&[(u32, f64, f64)]> =
        pairs.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1).collect();
    let rays: Option<Vec<_>> = by_length.iter().map(|group| ray(group)).collect();
    if let Some(rays) = rays.filter(|rays| !rays.is_empty() && rays.len() <= 8) {
        return rays;
    }
    let mut curve: Vec<(f64, f64)> = pairs.iter().map(|(_, x, y)| (*x, *y)).collect();
    curve.sort_by(|a, b| a.0.total_cmp(&b.0));
    curve.dedup_by(|a, b| a.0 == b.0);
    let rises = curve.windows(2).all(|pair| pair[0].1 < pair[1].1);
    let falls = curve.windows(2).all(|pair| pair[0].1 > pair[1].1);
    if curve.len() >= 8 && (rises || falls) { vec![curve] } else { Vec::new() }
}

/// The name of a bin, in hard bounds.
pub(super) fn bin_name(bin: usize) -> String {
    let edge = |at: usize| BIN_EDGES.get(at).map_or_else(String::new, |edge| tick(*edge));
    match bin {
        0 => format!("below {}", edge(0)),
        bin if bin == BINS - 1 => format!("above {}", edge(bin - 1)),
        bin if bin == WITHIN => "within the bound".to_owned(),
        bin => format!("{} to {}", edge(bin - 1), edge(bin)),
    }
}

/// Residuals before and after the formula found.
pub(super) fn residuals(id: &str, diagnosis: &Diagnosis, figure: &Figure) -> Picture {
    let found = diagnosis.best.as_deref().filter(|_| figure.after.len() == BINS);
    let mut rows = vec![(format!("before: reported − {}", diagnosis.convention), &figure.before)];
    if let Some(found) = found {
        rows.push((format!("after: reported − {found}"), &figure.after));
    }
    let height = 40.0 + 170.0 * rows.len() as f64;
    let mut svg = Svg::new(
        id,
        height,
        "Residuals in units of the bound",
        "Number of rows by distance from the recomputed value, in units of the bound. The two vertical lines mark the bound; rows between them match.",
    );
    let (left, right) = (20.0, WIDTH - 20.0);
    let width = (right - left) / BINS as f64;
    let x = |bin: usize| left + width * bin as f64;
    for (index, (name, bins)) in rows.iter().enumerate() {
        let (top, bottom) = (46.0 + 170.0 * index as f64, 156.0 + 170.0 * index as f64);
        let most = bins.iter().copied().max().unwrap_or(0).max(1) as f64;
        svg.text(left, top - 26.0, "start", name, Ink::Text);
        for (bin, rows) in bins.iter().enumerate().filter(|(_, rows)| **rows > 0) {
            // A root keeps the few rows visible beside the many.
            let tall = ((*rows as f64 / most).sqrt() * (bottom - top)).max(2.0);
            let ink = if bin == WITHIN { Ink::Follows } else { Ink::Unexplained };
            svg.rect(x(bin) + 3.0, bottom - tall, width - 6.0, tall, ink);
            svg.text(x(bin) + width / 2.0, bottom - tall - 5.0, "middle", &count(*rows), Ink::Text);
        }
        svg.line(left, bottom, right, bottom, Ink::Quiet, "");
        for bound in [x(WITHIN), x(WITHIN + 1)] {
            svg.line(bound, top - 12.0, bound, bottom + 5.0, Ink::Found, "4 3");
        }
    }
    let base = 156.0 + 170.0 * (rows.len() - 1) as f64;
    for (index, edge) in BIN_EDGES.iter().enumerate().filter(|(index, _)| [0, 2, 4, 6, 7, 9, 11, 13].contains(index)) {
        svg.text(x(index + 1), base + 18.0, "middle", &tick(*edge), Ink::Text);
    }
    svg.text(f64::midpoint(left, right), base + 36.0, "middle", "(reported − recomputed) ÷ bound", Ink::Text);
    let caption = match found {
        Some(found) => {
            format!(
                "Does the diagnosis explain everything? Rows by distance under the convention (before) and under {found} (after)."
            )
        }
        None => "Distance of the reported values from the recomputed ones.".to_owned(),
    };
    Picture { svg: svg.finish(), caption }
}

/// Error against length, with the median per length. None without an error.
pub(super) fn lengths(id: &str, figure: &Figure) -> Option<Picture> {
    let error = |point: &Point| (point.reported - point.recomputed).abs();
    let off: Vec<&Point> = figure.points.iter().filter(|point| point.status != Status::Follows).collect();
    let mut lengths: Vec<u32> = figure.points.iter().map(|point| point.tokens).collect();
    lengths.sort_unstable();
    lengths.dedup();
    if off.is_empty() || lengths.len() < 2 {
        return None;
    }
    let (left, right, top, bottom) = (66.0, WIDTH - 16.0, 34.0, 270.0);
    let x = Scale::over(figure.points.iter().map(|point| f64::from(point.tokens)), left, right);
    let y = Scale::over(figure.points.iter().map(error), bottom, top);
    let mut svg = Svg::new(
        id,
        320.0,
        "Error against length",
        "Each mark is a row: x is its number of scored tokens, y the distance between reported and recomputed value. The line joins the medians per length.",
    );
    svg.axis_whole(&x, bottom, "scored tokens");
    svg.axis_y(&y, left, "|reported − recomputed|");
    for status in [Status::Follows, Status::Explained, Status::Unexplained] {
        let marks: Vec<(f64, f64)> = of_status(&figure.points, status)
            .map(|point| (x.place(f64::from(point.tokens)), y.place(error(point))))
            .collect();
        svg.marks(&marks, ink(status));
    }
    let medians: Vec<(f64, f64)> = lengths
        .iter()
        .map(|length| {
            let mut errors: Vec<f64> =
                figure.points.iter().filter(|point| point.tokens == *length).map(error).collect();
            errors.sort_by(f64::total_cmp);
            let median = errors.get(errors.len() / 2).copied().unwrap_or(0.0);
            (x.place(f64::from(*length)), y.place(median))
        })
        .collect();
    svg.polyline(&medians, Ink::Found, 1.6, "");
    let caption = "Is the error per token or per sequence? The line joins the medians per length.".to_owned();
    Some(Picture { svg: svg.finish(), caption })
}

/// Which rows follow which formula, in the order of the input. None without groups.
pub(super) fn timeline(id: &str, diagnosis: &Diagnosis, figure: &Figure) -> Option<Picture> {
    if diagnosis.groups.len() < 2 {
        return None;
    }
    let lanes = diagnosis.groups.len();
    let rest = figure.points.iter().any(|point| point.status == Status::Unexplained);
    let height = 58.0 + 42.0 * (lanes + usize::from(rest)) as f64;
    let mut svg = Svg::new(
        id,
        height,
        "Rows in input order",
        "One lane per formula; each mark is a sampled row that only the lane's formula explains. Where the marks change lanes, the pipeline changed.",
    );
    let (left, right) = (20.0, WIDTH - 20.0);
    let last = figure.points.len().saturating_sub(1).max(1) as f64;
    let x = Scale::new(0.0, last, left + 4.0, right - 4.0);
    let names = diagnosis.groups.iter().map(|group| format!("{} ({} rows)", group.formula, count(group.rows)));
    let names = names.chain(rest.then(|| "none of these formulas".to_owned()));
    for (lane, name) in names.enumerate() {
        let top = 32.0 + 42.0 * lane as f64;
        let of_lane = if lane < lanes { u32::try_from(lane).ok() } else { None };
        let ink = [Ink::Follows, Ink::Explained, Ink::Found][lane.min(2)];
        let ink = if of_lane.is_none() { Ink::Unexplained } else { ink };
        svg.text(left, top - 5.0, "start", &name, Ink::Text);
        let in_lane = |point: &Point| match of_lane {
            Some(_) => point.group == of_lane,
            None => point.status == Status::Unexplained,
        };
        for (index, _) in figure.points.iter().enumerate().filter(|(_, point)| in_lane(point)) {
            let place = x.place(index as f64);
            svg.line(place, top, place, top + 14.0, ink, "");
        }
        svg.line(left, top + 16.0, right, top + 16.0, Ink::Quiet, "");
    }
    svg.text(left, height - 12.0, "start", "first row", Ink::Text);
    svg.text(right, height - 12.0, "end", "last row", Ink::Text);
    let caption =
        "Where does the mixture change? Marks are rows in input order; rows that match several formulas are omitted."
            .to_owned();
    Some(Picture { svg: svg.finish(), caption })
}

/// The picks that stay and those that change, by what the change means for correctness.
pub(super) fn picks(id: &str, impact: &Impact) -> Picture {
    let stay = impact.items.saturating_sub(impact.flips);
    let rest = impact.flips.saturating_sub(impact.gained + impact.lost);
    let other = if impact.graded > 0 { "change, and stay right or wrong" } else { "change" };
    let parts = [
        (stay, Ink::Quiet, "stay as reported"),
        (impact.gained, Ink::Follows, "become right"),
        (impact.lost, Ink::Unexplained, "become wrong"),
        (rest, Ink::Explained, other),
    ];
    let parts = || parts.into_iter().filter(|(number, ..)| *number > 0);
    let said: Vec<String> = parts().map(|(number, _, name)| format!("{} {name}", count(number))).collect();
    let mut svg = Svg::new(id, 62.0 + 22.0 * said.len() as f64, "Picks", &format!("Picks: {}.", said.join(", ")));
    let (left, right) = (20.0, WIDTH - 20.0);
    let unit = (right - left) / impact.items.max(1) as f64;
    let mut x = left;
    for (at, (number, ink, name)) in parts().enumerate() {
        let width = (number as f64 * unit).max(1.0);
        svg.rect(x, 16.0, width, 22.0, ink);
        x += width;
        let row = 62.0 + 22.0 * at as f64;
        svg.rect(left, row - 11.0, 12.0, 12.0, ink);
        svg.text(left + 20.0, row, "start", &format!("{} {name}", count(number)), Ink::Text);
    }
    Picture { svg: svg.finish(), caption: "How many picks change?".to_owned() }
}

/// The accuracy as reported and recomputed. None without gold answers.
pub(super) fn accuracy(id: &str, impact: &Impact) -> Option<Picture> {
    let (before, after) = (impact.accuracy_before?, impact.accuracy_after?);
    let mut svg = Svg::new(
        id,
        130.0,
        "Accuracy before and after",
        &format!("Accuracy {before:.4} as reported, {after:.4} recomputed."),
    );
    let x = Scale::new(0.0, 1.0, 100.0, WIDTH - 66.0);
    for (index, (name, value, ink)) in
        [("as reported", before, Ink::Explained), ("recomputed", after, Ink::Follows)].into_iter().enumerate()
    {
        let top = 22.0 + 34.0 * index as f64;
        svg.text(92.0, top + 15.0, "end", name, Ink::Text);
        svg.rect(x.place(0.0), top, (x.place(value) - x.place(0.0)).max(1.0), 20.0, ink);
        svg.text(x.place(value) + 6.0, top + 15.0, "start", &format!("{value:.4}"), Ink::Text);
    }
    svg.axis_x(&x, 90.0, "");
    Some(Picture { svg: svg.finish(), caption: "Does it matter? The share of right picks.".to_owned() })
}
