//! A finding's first place as miette draws it: one line of the record, with the value marked.

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use crate::report::style::Style;
use crate::report::text::fold::{columns, fold};
use crate::report::visible::on_one_line;
use crate::report::{Finding, visible};

/// Columns of the longest marked value.
const MARK: usize = 60;

/// Columns that the drawn frame takes beside the number of the line.
const FRAME: usize = 5;

/// Columns of the line that joins a label to its value.
const JOINT: usize = 4;

/// One in so many columns of a line shows what stands before the value: the label stands beneath it, and has the rest.
const BEFORE: usize = 3;

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
    let shown = Shown::of(finding, style.width)?;
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

/// The last or the first characters of a text that take at most so many columns, and whether that is not all.
fn within(text: &str, most: usize, last: bool) -> (String, bool) {
    if columns(text) <= most {
        return (text.to_owned(), false);
    }
    let room = most.saturating_sub(1);
    let mut taken = 0;
    let mut fits = |character: &char| {
        taken += columns(character.encode_utf8(&mut [0; 4]));
        taken <= room
    };
    if last {
        let kept: Vec<char> = text.chars().rev().take_while(&mut fits).collect();
        (kept.into_iter().rev().collect(), true)
    } else {
        (text.chars().take_while(&mut fits).collect(), true)
    }
}

/// Columns of a number.
fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |digits| digits as usize + 1)
}

impl Shown {
    /// The line as far as it fits into so many columns.
    fn of(finding: &Finding, width: usize) -> Option<Self> {
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
        let room = width.saturating_sub(FRAME + digits(place.line));
        let (mark, mark_is_cut) = within(&visible(&on_one_line(mark)), MARK.min(room), false);
        let rest = room.saturating_sub(columns(&mark) + 1);
        let (before, is_cut) = within(&visible(&on_one_line(before)), rest / BEFORE, true);
        let dots = if snippet.cut_before || is_cut { "…" } else { "" };
        let rest = rest.saturating_sub(columns(&before) + columns(dots));
        let after =
            if mark_is_cut { (String::new(), true) } else { within(&visible(&on_one_line(after)), rest, false) };
        let end = if snippet.cut_after || after.1 { "…" } else { "" };
        let start = dots.len() + before.len();
        // miette hangs the label under the middle of the value.
        let hangs = columns(dots) + columns(&before) + columns(&mark) / 2 + JOINT;
        Some(Self {
            path: visible(&place.path).into_owned(),
            line: usize::try_from(place.line).unwrap_or(usize::MAX).min(FARTHEST),
            column: usize::try_from(place.column).unwrap_or(usize::MAX).min(FARTHEST),
            window: format!("{dots}{before}{mark}{}{end}", after.0),
            mark: (start, mark.len().max(1)),
            label: fold(&visible(&finding.label), room.saturating_sub(hangs)).join("\n"),
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

    #[test]
    fn texts_are_cut_by_columns() {
        assert_eq!(within("abcdef", 6, true), ("abcdef".to_owned(), false));
        assert_eq!(within("abcdef", 4, true), ("def".to_owned(), true));
        assert_eq!(within("abcdef", 4, false), ("abc".to_owned(), true));
        // Each of these takes two columns.
        assert_eq!(within("日本語", 4, false), ("日".to_owned(), true));
        assert_eq!((digits(0), digits(9), digits(10)), (1, 1, 2));
    }
}
