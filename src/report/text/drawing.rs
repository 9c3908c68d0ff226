//! A finding's first place as miette draws it: one line of the record, with the value marked.

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use crate::report::style::Style;
use crate::report::{Finding, visible};

/// Characters of a record that are drawn before, in and after the marked value.
const WINDOW: usize = 200;

/// Largest line and column that are drawn: miette counts on from them.
const FARTHEST: usize = usize::MAX >> 8;

/// The drawn lines; None when the finding has no text of the record.
pub(super) fn lines(finding: &Finding, style: Style) -> Option<Vec<String>> {
    let characters = if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    let styles = if style.colour { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_width(style.width)
        .with_links(false)
        .with_context_lines(0);
    let shown = Shown::of(finding)?;
    let mut drawn = String::new();
    if handler.render_report(&mut drawn, &shown).is_err() {
        return Some(Vec::new());
    }
    // miette prints the severity on a separate line, which the heading already contains.
    let says = |line: &&str| !["", "×", "x", "⚠", "!", "☞", ">"].contains(&uncoloured(line).trim());
    Some(drawn.lines().filter(says).map(|line| line.trim_end().to_owned()).collect())
}

/// A line without sequences that set colours.
fn uncoloured(line: &str) -> String {
    let mut parts = line.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}

/// One line, made harmless, with the true column.
#[derive(Debug)]
struct Shown {
    path: String,
    line: usize,
    column: usize,
    window: String,
    mark: (usize, usize),
    label: String,
}

impl Shown {
    fn of(finding: &Finding) -> Option<Self> {
        let place = finding.locations.first()?;
        let snippet = &finding.snippet;
        if snippet.text.is_empty() {
            return None;
        }
        let part = |from: usize, to: usize| snippet.text.get(from..to).unwrap_or_default();
        let mark_end = snippet.mark.saturating_add(snippet.mark_len);
        // An audit's windows are narrow; a stored report may contain anything.
        let (before, mark, after) =
            (part(0, snippet.mark), part(snippet.mark, mark_end), snippet.text.get(mark_end..).unwrap_or_default());
        let from = before.char_indices().rev().nth(WINDOW).map_or(0, |(at, _)| at);
        let to = |text: &str| text.char_indices().nth(WINDOW).map_or(text.len(), |(at, _)| at);
        let dots = if snippet.cut_before || from > 0 { "…" } else { "" };
        let end = if snippet.cut_after || to(after) < after.len() { "…" } else { "" };
        let (before, mark, after) = (
            visible(before.get(from..).unwrap_or_default()),
            visible(mark.get(..to(mark)).unwrap_or_default()),
            visible(after.get(..to(after)).unwrap_or_default()),
        );
        let start = dots.len() + before.len();
        Some(Self {
            path: visible(&place.path).into_owned(),
            line: usize::try_from(place.line).unwrap_or(usize::MAX).min(FARTHEST),
            column: usize::try_from(place.column).unwrap_or(usize::MAX).min(FARTHEST),
            window: format!("{dots}{before}{mark}{after}{end}"),
            mark: (start, mark.len().max(1)),
            label: visible(&finding.label).into_owned(),
        })
    }
}

impl SourceCode for Shown {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        _before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // miette prints the column within the window; convert it to the column within the line.
        let column = self.column.saturating_sub(1).saturating_sub(span.offset()) + span.offset();
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.clone(),
            self.window.as_bytes(),
            (0, self.window.len()).into(),
            self.line.saturating_sub(1),
            column,
            1,
        )))
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("")
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new(Some(self.label.clone()), self.mark.0, self.mark.1);
        Some(Box::new(std::iter::once(label)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_no_text() {
        assert_eq!(uncoloured("  \x1b[31m×\x1b[0m m"), "  × m");
        assert_eq!(uncoloured("plain m"), "plain m");
    }
}
