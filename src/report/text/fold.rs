//! Text folded at words.

/// Columns that a text takes.
#[cfg(feature = "cli")]
pub(super) fn columns(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// Columns that a text takes; wide characters take the feature `cli`.
#[cfg(not(feature = "cli"))]
pub(super) fn columns(text: &str) -> usize {
    text.chars().count()
}

/// Fewest columns that text is folded to, however narrow the terminal is.
const FEWEST: usize = 24;

/// The lines of a text that take at most so many columns. A word that is longer has a line of its own.
pub(crate) fn fold(text: &str, width: usize) -> Vec<String> {
    let width = width.max(FEWEST);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut taken = 0;
    for word in text.split(' ') {
        let own = columns(word);
        if !line.is_empty() && taken + 1 + own > width {
            lines.push(std::mem::take(&mut line));
            taken = 0;
        }
        if !line.is_empty() {
            line.push(' ');
            taken += 1;
        }
        line.push_str(word);
        taken += own;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_between_words() {
        assert_eq!(
            fold("reported -1.115706; sum(logprob) = -3.347117", 24),
            ["reported -1.115706;", "sum(logprob) = -3.347117"]
        );
        assert_eq!(fold("one", 80), ["one"]);
        assert_eq!(fold("", 80), [""]);
        let long = "x".repeat(100);
        assert_eq!(fold(&format!("a {long} b"), 30), ["a".to_owned(), long, "b".to_owned()]);
    }
}
