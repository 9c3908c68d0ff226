//! One function that makes text of a log harmless, for every output.

use std::borrow::Cow;
use std::fmt::Write;

/// Replaces what a terminal, a CI runner or a reader's eye could be fooled by with a visible escape.
///
/// Control characters become `\x1b`, newline and tab `\n` and `\t`; directional, zero-width and tag
/// characters become `\u{202e}`. Escapes beat removal: tokens with such characters are what an auditor
/// looks for. `##[`, `##vso[`, `##teamcity[` and a leading `::`, which CI runners take for commands, are broken by an
/// escape, too.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    let commands = text.contains("##") || text.trim_start().starts_with("::");
    let leading = text.chars().next().is_some_and(is_combining);
    if !commands && !leading && !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut previous = '\0';
    for (index, character) in text.chars().enumerate() {
        match character {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '[' if opens_command(&out) => out.push_str("\\x5b"),
            ':' if previous == ':' && out.trim_start() == ":" => out.push_str("\\x3a"),
            hidden if is_hidden(hidden) || (index == 0 && is_combining(hidden)) => {
                let code = u32::from(hidden);
                // Writing to a String cannot fail.
                let _ = if code < 0x100 { write!(out, "\\x{code:02x}") } else { write!(out, "\\u{{{code:x}}}") };
            }
            shown => out.push(shown),
        }
        previous = character;
    }
    Cow::Owned(out)
}

/// A text with a blank for each line end and the indentation behind it: of a document over several lines one line is shown.
pub(super) fn on_one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(['\n', '\r']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut is_behind = false;
    for character in text.chars() {
        let ends = matches!(character, '\n' | '\r');
        if ends && !is_behind {
            out.push(' ');
        }
        is_behind = ends || is_behind && matches!(character, ' ' | '\t');
        if !is_behind {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Whether a `[` after this text would begin a command of GitHub Actions, Azure Pipelines or `TeamCity`.
pub(super) fn opens_command(before: &str) -> bool {
    let end = before.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let word = before.get(end.len()..).unwrap_or_default();
    let known = ["", "vso", "teamcity"].iter().any(|known| word.eq_ignore_ascii_case(known));
    known && end.ends_with("##")
}

/// Whether a character is not seen, or steers what is.
pub(super) fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

fn is_combining(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_indentation_are_one_blank() {
        assert_eq!(on_one_line("0.5,\r\n\n    \"acc\": {\n\t1"), "0.5, \"acc\": { 1");
        assert_eq!(on_one_line("a  b"), "a  b");
    }

    #[test]
    fn harmless_text_is_borrowed() {
        assert!(matches!(visible("Ġthe ▁cat <0x0A> é 漢字"), Cow::Borrowed(_)));
    }

    #[test]
    fn terminal_and_bidi_controls_become_visible() {
        assert_eq!(visible("a\u{1b}[31mb\u{202e}c\u{9b}d\n"), "a\\x1b[31mb\\u{202e}c\\x9bd\\n");
        assert_eq!(visible("\u{301}x"), "\\u{301}x");
    }

    #[test]
    fn commands_of_ci_runners_are_broken() {
        assert_eq!(visible("x ##[error]boom"), "x ##\\x5berror]boom");
        assert_eq!(visible("##vso[task.x] ##TeamCity[a] ##a[b]"), "##vso\\x5btask.x] ##TeamCity\\x5ba] ##a[b]");
        assert_eq!(visible("::error::boom"), ":\\x3aerror::boom");
    }
}
