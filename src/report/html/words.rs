//! Texts and numbers as the page shows them.

use super::svg::escape;
use crate::model::Severity;
use crate::report::visible;
use crate::report::words::count;

/// Characters shown of a text of the log.
const TEXT: usize = 200;
/// Characters shown of a sentence, which may quote several texts.
const SENTENCE: usize = 600;

/// Text of the log, made visible and cut.
pub(super) fn text(raw: &str) -> String {
    cut(raw, TEXT)
}

/// A sentence, made visible and cut.
pub(super) fn sentence(raw: &str) -> String {
    cut(raw, SENTENCE)
}

fn cut(raw: &str, limit: usize) -> String {
    match raw.char_indices().nth(limit) {
        Some((end, _)) => {
            format!(
                "{}… ({} characters)",
                visible(raw.get(..end).unwrap_or_default()),
                count(raw.chars().count() as u64)
            )
        }
        None => visible(raw).into_owned(),
    }
}

/// A sentence as HTML: what stands between backticks becomes code.
pub(super) fn marked(sentence: &str) -> String {
    let parts: Vec<&str> = sentence.split('`').collect();
    let is_paired = parts.len() % 2 == 1;
    let mark = |(at, part): (usize, &&str)| match at % 2 {
        1 if is_paired => format!("<code>{}</code>", escape(part)),
        1 => format!("`{}", escape(part)),
        _ if at > 0 && !is_paired => format!("`{}", escape(part)),
        _ => escape(part),
    };
    parts.iter().enumerate().map(mark).collect()
}

/// Text of the log in one line: its white space is spaces.
pub(super) fn line(raw: &str) -> String {
    text(&raw.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A number with as many decimals as a reader compares, or a dash.
pub(super) fn short(value: Option<f64>) -> String {
    let rounded =
        value.map(|value| if value.is_finite() && value.abs() < 1e9 { (value * 1e6).round() / 1e6 } else { value });
    number(if rounded == Some(0.0) { value } else { rounded })
}

/// A number, or a dash.
pub(super) fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| crate::numeric::show(value).replace('-', "−"))
}

/// A size in bytes.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / unit as f64),
        None => format!("{bytes} B"),
    }
}

/// A number of things with their name.
pub(super) fn of(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A sentence with a capital letter, unless it begins with a name.
pub(super) fn capital(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// The class of a severity's colour.
pub(super) fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "bad",
        Severity::Warning => "care",
        Severity::Note => "quiet",
    }
}

/// The note about what is left out.
pub(super) fn hidden(total: usize, shown: usize) -> String {
    if total > shown {
        format!("{} more are omitted here; the JSON report lists all.", count((total - shown) as u64))
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_between_backticks_are_code() {
        assert_eq!(marked("`a<b` is not `c`"), "<code>a&lt;b</code> is not <code>c</code>");
        assert_eq!(marked("one ` <only>"), "one ` &lt;only&gt;");
        assert_eq!(line("Is it?\n Yes"), "Is it? Yes");
    }

    #[test]
    fn numbers_have_the_digits_that_matter() {
        assert_eq!(number(Some(14.961_449_999_999_997)), "14.96145");
        assert_eq!((number(Some(-0.5)), number(None)), ("−0.5".to_owned(), "–".to_owned()));
        assert_eq!((short(Some(-6.453_717_666)), short(Some(1e-9))), ("−6.453718".to_owned(), "1e−9".to_owned()));
        assert_eq!([size(12), size(2_048), size(200_278_016)], ["12 B", "2.0 KiB", "191.0 MiB"]);
        assert_eq!([of(1, "row", "rows"), of(1_001, "row", "rows")], ["1 row", "1,001 rows"]);
        assert_eq!([capital("all rows"), capital("`score` is")], ["All rows", "`score` is"]);
    }
}
