//! A rule's page for a terminal: paragraphs folded to its width, headings without marks.

use crate::report::text::fold;

/// The lines of a page of Markdown, in so many columns. `heading` draws a heading.
pub(super) fn lines(body: &str, width: usize, heading: impl Fn(&str) -> String) -> Vec<String> {
    let mut out = Vec::new();
    let mut paragraph = String::new();
    let mut is_code = false;
    for line in body.lines() {
        let is_fence = line.starts_with("```");
        let starts_own =
            is_fence || is_code || line.is_empty() || line.starts_with(['#', '|']) || line.starts_with("- ");
        if starts_own {
            flush(&mut paragraph, width, &mut out);
        }
        if is_fence {
            is_code = !is_code;
        } else if is_code {
            out.push(format!("    {line}"));
        } else if let Some(title) = line.strip_prefix("## ") {
            out.push(heading(title));
        } else if line.is_empty() || line.starts_with('|') {
            out.push(line.to_owned());
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim_start());
        }
    }
    flush(&mut paragraph, width, &mut out);
    out
}

/// Ends a paragraph. The lines of a list's entry stand below its text.
fn flush(paragraph: &mut String, width: usize, out: &mut Vec<String>) {
    if paragraph.is_empty() {
        return;
    }
    let (mark, text) = match paragraph.strip_prefix("- ") {
        Some(text) => ("- ", text),
        None => ("", paragraph.as_str()),
    };
    for (at, line) in fold(text, width.saturating_sub(mark.len())).iter().enumerate() {
        let start = if at == 0 { mark.to_owned() } else { " ".repeat(mark.len()) };
        out.push(format!("{start}{line}"));
    }
    paragraph.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_lists_are_folded_and_tables_and_code_are_not() {
        let body = "## Asserts\nscore = the sum of all log-probs\nof the tokens.\n\n- one entry of a list that is long\n\n| a | b |\n```json\n{\"a\": \"a line that is longer than the page is wide\"}\n```\n";
        let drawn = lines(body, 30, str::to_uppercase);
        assert_eq!(
            drawn,
            [
                "ASSERTS",
                "score = the sum of all",
                "log-probs of the tokens.",
                "",
                "- one entry of a list that is",
                "  long",
                "",
                "| a | b |",
                "    {\"a\": \"a line that is longer than the page is wide\"}",
            ]
        );
    }
}
