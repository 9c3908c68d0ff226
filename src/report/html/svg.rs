//! SVG output: a scale, an axis, marks. Colours are presentation attributes, so that a
//! chart works without a style sheet, and classes, so that a dark theme can change them.

use std::fmt::Write as _;

use crate::report::visible;

/// Width of every chart.
pub(super) const WIDTH: f64 = 520.0;

/// Text as the content of an element.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A coordinate to a tenth of a unit, without needless digits.
pub(super) fn at(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// A number beside an axis.
pub(super) fn tick(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.abs() >= 1e6 || value.abs() < 1e-4 {
        return format!("{value:e}").replace('-', "−");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').replace('-', "−")
}

/// The meaning of a mark; each has its own shape and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Follows,
    Explained,
    Unexplained,
    Found,
    Quiet,
    Text,
}

impl Ink {
    /// Class and colour. The colours have a contrast of at least 4.5 to 1 on white.
    pub(super) fn of(self) -> (&'static str, &'static str) {
        match self {
            Self::Follows => ("follows", "#1a6b2f"),
            Self::Explained => ("explained", "#9a4a00"),
            Self::Unexplained => ("unexplained", "#b3261e"),
            Self::Found => ("found", "#0b57a4"),
            Self::Quiet => ("quiet", "#57606a"),
            Self::Text => ("ink", "#1f2328"),
        }
    }
}

/// A linear scale from values to coordinates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// A scale that covers the values with a margin; a single value gets room around it.
    pub(super) fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let room = if high > low { (high / 2.0 - low / 2.0) * 0.08 } else { low.abs().max(1.0) * 0.1 };
        let most = f64::MAX / 4.0;
        Self { low: (low - room).max(-most), high: (high + room).min(most), from, to }
    }

    /// A scale with these ends.
    pub(super) fn new(low: f64, high: f64, from: f64, to: f64) -> Self {
        Self { low, high, from, to }
    }

    pub(super) fn place(&self, value: f64) -> f64 {
        // Halved first: the difference of two large numbers may not be a number.
        let share = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        self.from + share.clamp(-0.5, 1.5) * (self.to - self.from)
    }

    pub(super) fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// Round values between the ends, about `wanted` of them.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<f64> {
        let span = self.high - self.low;
        if !span.is_finite() || span <= 0.0 {
            return vec![self.low, self.high];
        }
        let raw = span / wanted.max(1) as f64;
        let power = crate::numeric::pow(10.0, crate::numeric::log10(raw).floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|step| step * power).into_iter().find(|step| *step >= raw);
        let step = step.unwrap_or(raw);
        let first = (self.low / step).ceil();
        (0..=2 * wanted)
            .map(|index| (first + index as f64) * step)
            .take_while(|value| *value <= self.high)
            .map(|value| if value.abs() < step / 1e6 { 0.0 } else { value })
            .collect()
    }
}

/// A picture with its title and description.
pub(super) struct Svg {
    id: String,
    height: f64,
    title: String,
    description: String,
    body: String,
}

impl Svg {
    pub(super) fn new(id: &str, height: f64, title: &str, description: &str) -> Self {
        Self { id: id.to_owned(), height, title: escape(title), description: escape(description), body: String::new() }
    }

    pub(super) fn line(&mut self, x1: f64, y1: f64, x2: f64, y2: f64, ink: Ink, dash: &str) {
        let (class, colour) = ink.of();
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        // Writing to a String cannot fail, here and below.
        let _ = write!(
            self.body,
            "<path class=\"s-{class}\" d=\"M{} {}L{} {}\" stroke=\"{colour}\" fill=\"none\"{dash}/>",
            at(x1),
            at(y1),
            at(x2),
            at(y2)
        );
    }

    pub(super) fn polyline(&mut self, points: &[(f64, f64)], ink: Ink, width: f64, dash: &str) {
        let (class, colour) = ink.of();
        let mut path = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            let _ = write!(path, "{}{} {}", if index == 0 { 'M' } else { 'L' }, at(*x), at(*y));
        }
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        let _ = write!(
            self.body,
            "<path class=\"s-{class}\" d=\"{path}\" stroke=\"{colour}\" stroke-width=\"{}\" fill=\"none\"{dash}/>",
            at(width)
        );
    }

    /// All marks of one kind as one path: each kind has its own shape.
    pub(super) fn marks(&mut self, points: &[(f64, f64)], ink: Ink) {
        if points.is_empty() {
            return;
        }
        let (class, colour) = ink.of();
        let mut path = String::new();
        for (x, y) in points {
            let (x, y) = (at(*x), at(*y));
            let _ = match ink {
                Ink::Follows => write!(path, "M{x} {y}h0"),
                Ink::Explained => write!(path, "M{x} {y}m-4 3h8l-4-7z"),
                Ink::Unexplained => write!(path, "M{x} {y}m-4-4l8 8m0-8l-8 8"),
                _ => write!(path, "M{x} {y}m-4 0l4-4l4 4l-4 4z"),
            };
        }
        let width = if ink == Ink::Follows { "6" } else { "1.6" };
        let _ = write!(
            self.body,
            "<path class=\"s-{class}\" d=\"{path}\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linecap=\"round\" fill=\"none\"/>"
        );
    }

    pub(super) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, ink: Ink) {
        let (class, colour) = ink.of();
        let _ = write!(
            self.body,
            "<rect class=\"f-{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{colour}\"/>",
            at(x),
            at(y),
            at(width),
            at(height)
        );
    }

    /// A box with an outline, hatched or empty.
    pub(super) fn cell(&mut self, x: f64, y: f64, width: f64, height: f64, ink: Ink, hatched: bool) {
        let (class, colour) = ink.of();
        let _ = write!(
            self.body,
            "<rect class=\"s-{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" stroke=\"{colour}\" fill=\"none\"/>",
            at(x),
            at(y),
            at(width),
            at(height)
        );
        if hatched {
            let mut path = String::new();
            let mut offset = 6.0;
            while offset < width + height {
                let (x1, y1) = (x + offset.min(width), y + (offset - width).max(0.0));
                let (x2, y2) = (x + (offset - height).max(0.0), y + offset.min(height));
                let _ = write!(path, "M{} {}L{} {}", at(x1), at(y1), at(x2), at(y2));
                offset += 6.0;
            }
            let _ = write!(self.body, "<path class=\"s-{class}\" d=\"{path}\" stroke=\"{colour}\" fill=\"none\"/>");
        }
    }

    pub(super) fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str, ink: Ink) {
        let (class, colour) = ink.of();
        let _ = write!(
            self.body,
            "<text class=\"f-{class}\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" font-size=\"13\" fill=\"{colour}\">{}</text>",
            at(x),
            at(y),
            escape(text)
        );
    }

    /// An axis along the bottom with its numbers and its name.
    pub(super) fn axis_x(&mut self, scale: &Scale, y: f64, name: &str) {
        self.axis_of(scale, y, name, &scale.ticks(5));
    }

    /// The same for whole numbers.
    pub(super) fn axis_whole(&mut self, scale: &Scale, y: f64, name: &str) {
        let mut ticks = scale.ticks(6);
        ticks.retain(|value| value.fract() == 0.0);
        self.axis_of(scale, y, name, &ticks);
    }

    fn axis_of(&mut self, scale: &Scale, y: f64, name: &str, ticks: &[f64]) {
        self.line(scale.from, y, scale.to, y, Ink::Quiet, "");
        for value in ticks.iter().copied() {
            let x = scale.place(value);
            self.line(x, y, x, y + 4.0, Ink::Quiet, "");
            self.text(x, y + 17.0, "middle", &tick(value), Ink::Text);
        }
        self.text(f64::midpoint(scale.from, scale.to), y + 35.0, "middle", name, Ink::Text);
    }

    /// An axis along the left with its numbers and its name above it.
    pub(super) fn axis_y(&mut self, scale: &Scale, x: f64, name: &str) {
        self.line(x, scale.from, x, scale.to, Ink::Quiet, "");
        for value in scale.ticks(5) {
            let y = scale.place(value);
            self.line(x - 4.0, y, x, y, Ink::Quiet, "");
            self.text(x - 7.0, y + 4.0, "end", &tick(value), Ink::Text);
        }
        self.text(8.0, scale.to - 10.0, "start", name, Ink::Text);
    }

    /// A legend, in as many lines as it takes.
    pub(super) fn legend(&mut self, y: f64, entries: &[(Ink, &str)]) {
        let (mut x, mut y) = (20.0, y);
        for (ink, name) in entries {
            let wide = 40.0 + 7.2 * name.chars().count() as f64;
            if x > 20.0 && x + wide > WIDTH {
                (x, y) = (20.0, y + 20.0);
            }
            self.marks(&[(x, y - 4.0)], *ink);
            self.text(x + 10.0, y, "start", name, Ink::Text);
            x += wide;
        }
    }

    pub(super) fn finish(self) -> String {
        let Self { id, height, title, description, body } = self;
        format!(
            "<svg viewBox=\"0 0 {} {}\" width=\"{0}\" height=\"{1}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" font-family=\"system-ui, sans-serif\"><title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{description}</desc>{body}</svg>",
            at(WIDTH),
            at(height)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(Scale::new(-2.6, 0.3, 0.0, 1.0).ticks(5), [-2.0, -1.0, 0.0]);
        assert_eq!(Scale::new(0.0, 1.0, 0.0, 1.0).ticks(5).len(), 6);
        let huge = Scale::over([f64::MAX, -f64::MAX].into_iter(), 0.0, 100.0);
        assert!(huge.place(0.0).is_finite());
        assert!(huge.ticks(5).len() < 20);
        assert_eq!(Scale::over(std::iter::empty(), 0.0, 1.0).ticks(2), [0.0, 1.0]);
    }

    #[test]
    fn text_cannot_leave_its_element() {
        let mut svg = Svg::new("f", 100.0, "</title><script>", "\"&'");
        svg.text(0.0, 0.0, "start", "</text><script>alert(1)</script>\u{202e}", Ink::Text);
        let svg = svg.finish();
        assert!(!svg.contains("<script"), "{svg}");
        assert!(svg.contains("&lt;/text&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\u{202e}"), "{svg}");
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!([at(1.0), at(-0.04), at(2.25), at(-3.96)], ["1", "0", "2.2", "-4"]);
        assert_eq!([tick(0.25), tick(-1.5), tick(1e7)], ["0.25", "−1.5", "1e7"]);
    }
}
