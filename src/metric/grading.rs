//! Rows whose response equals the gold answer by some plain reading, by whether they are marked right.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::capped::kept;

/// Rows that are kept to be shown, of each reading.
const SHOWN: usize = 3;
/// Longest text that is shown, in characters.
const LONGEST: usize = 48;
/// Longest gold answer that is compared, in bytes; what is longer is a text.
const ANSWER: usize = 256;

/// By what reading a response equals the gold answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reading {
    /// As it is, but for blanks around it.
    Same,
    /// But for case, blanks and a full stop.
    Folded,
    /// The content of its last `\boxed{…}`.
    Boxed,
    /// Its last number.
    Number,
}

impl Reading {
    /// What of the response equals the gold answer, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Same => "the response is the gold answer",
            Self::Folded => "the response is the gold answer but for case, blanks or a full stop",
            Self::Boxed => "the last boxed answer of the response is the gold answer",
            Self::Number => "the last number of the response is the gold answer",
        }
    }
}

/// A row that is shown: what of the response is equal, and the gold answer.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Example {
    /// The equal part of the response.
    pub response: String,
    /// The gold answer.
    pub gold: String,
}

/// The rows of one reading.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Graded {
    /// Rows.
    pub rows: u64,
    /// Of these, rows that are marked wrong.
    pub wrong: u64,
    /// Some of them, by item: the first ones by name.
    pub examples: BTreeMap<String, Example>,
}

/// The rows of a stream with gold answer, response and mark.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Grading {
    /// Rows.
    pub rows: u64,
    /// Those that are equal, by the plainest reading.
    pub equal: BTreeMap<Reading, Graded>,
}

fn shown(text: &str) -> String {
    text.trim().chars().take(LONGEST).collect()
}

/// A text without case, blanks and a full stop at its end.
fn folded(text: &str) -> String {
    let own = text.trim().trim_end_matches('.');
    own.chars().filter(|own| !own.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// The content of the last `\boxed{…}`.
fn boxed(response: &str) -> Option<&str> {
    let (_, inside) = response.rsplit_once("\\boxed{")?;
    let mut depth = 1_u32;
    for (at, own) in inside.char_indices() {
        match own {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return inside.get(..at);
        }
    }
    None
}

/// A number as people write it: with separators of thousands, a sign, a currency or a percent sign.
fn number(text: &str) -> Option<f64> {
    let own = text.trim().trim_start_matches(['$', '€', '£']).trim_end_matches(['%', '.']);
    let plain: String = own.chars().filter(|own| *own != ',').collect();
    let is_number = plain.bytes().any(|byte| byte.is_ascii_digit())
        && plain.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    is_number.then(|| plain.parse().ok()).flatten()
}

/// The last number of a response with its text.
fn last_number(response: &str) -> Option<(&str, f64)> {
    let is_part = |own: char| own.is_ascii_digit() || matches!(own, '.' | ',' | '-');
    let end = response.rfind(|own: char| own.is_ascii_digit())? + 1;
    let head = response.get(..end)?;
    let start =
        head.rfind(|own: char| !is_part(own)).map_or(0, |at| at + head[at..].chars().next().map_or(1, char::len_utf8));
    let text = head.get(start..)?.trim_start_matches(['.', ',']);
    // A hyphen behind a letter is none of a number.
    let before = head.get(..start)?.chars().last();
    let text = if before.is_some_and(char::is_alphanumeric) { text.trim_start_matches('-') } else { text };
    Some((text, number(text)?))
}

/// By what reading a response equals the gold answer, with what of it is equal.
fn reading(gold: &str, response: &str) -> Option<(Reading, String)> {
    let (gold, own) = (gold.trim(), response.trim());
    if gold.is_empty() || gold.len() > ANSWER {
        return None;
    }
    if own == gold {
        return Some((Reading::Same, shown(own)));
    }
    if folded(own) == folded(gold) {
        return Some((Reading::Folded, shown(own)));
    }
    if let Some(inside) = boxed(own) {
        let is_equal = folded(inside) == folded(gold) || number(inside).is_some() && number(inside) == number(gold);
        return is_equal.then(|| (Reading::Boxed, format!("\\boxed{{{}}}", shown(inside))));
    }
    // One digit stands behind too many texts by chance.
    let wanted = number(gold).filter(|_| gold.bytes().filter(u8::is_ascii_digit).count() > 1)?;
    let (text, found) = last_number(own)?;
    let is_equal = (found - wanted).abs() <= 0.0;
    is_equal.then(|| (Reading::Number, shown(text)))
}

impl Grading {
    pub(super) fn observe(&mut self, item: &str, gold: &str, responses: &[&str], right: bool) {
        self.rows += 1;
        let Some((reading, response)) = responses.iter().filter_map(|own| reading(gold, own)).min_by_key(|own| own.0)
        else {
            return;
        };
        let own = self.equal.entry(reading).or_default();
        own.rows += 1;
        if right {
            return;
        }
        own.wrong += 1;
        if let Some(example) = kept(&mut own.examples, item, SHOWN) {
            *example = Example { response, gold: shown(gold) };
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        for (reading, theirs) in other.equal {
            let own = self.equal.entry(reading).or_default();
            own.rows += theirs.rows;
            own.wrong += theirs.wrong;
            for (item, example) in theirs.examples {
                if let Some(kept) = kept(&mut own.examples, &item, SHOWN) {
                    *kept = example;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(gold: &str, response: &str) -> Option<Reading> {
        reading(gold, response).map(|(own, _)| own)
    }

    #[test]
    fn each_reading_by_hand() {
        assert_eq!(of("Paris", " Paris\n"), Some(Reading::Same));
        assert_eq!(of("Paris", "paris."), Some(Reading::Folded));
        assert_eq!(of("\\frac{1}{2}", "so it is \\boxed{\\frac{1}{2}}"), Some(Reading::Boxed));
        assert_eq!(of("1200", "thus $\\boxed{1,200}$."), Some(Reading::Boxed));
        assert_eq!(of("42", "6 · 7 makes 42."), Some(Reading::Number));
        assert_eq!(of("1,200", "She pays $1200"), Some(Reading::Number));
        assert_eq!(of("-15", "x = -15"), Some(Reading::Number));
    }

    #[test]
    fn other_answers_and_chance_are_not_equal() {
        assert_eq!(of("42", "It is \\boxed{41}, not 42"), None);
        assert_eq!(of("2", "there are 2"), None);
        assert_eq!(of("42", "142"), None);
        assert_eq!(of("15", "COVID-19 and then 15 of 20"), None);
        assert_eq!(of("Paris", "It is Paris"), None);
        assert_eq!(of("", ""), None);
    }

    #[test]
    fn rows_marked_wrong_are_kept_in_any_order() {
        let all = |rows: &[(&str, bool)]| {
            let mut grading = Grading::default();
            for (item, right) in rows {
                grading.observe(item, "42", &["42"], *right);
            }
            grading
        };
        let whole = all(&[("b", false), ("a", true), ("d", false), ("c", false), ("e", false)]);
        let mut parts = all(&[("e", false), ("d", false)]);
        parts.merge(all(&[("c", false), ("b", false), ("a", true)]));
        assert_eq!(whole, parts);
        let own = &whole.equal[&Reading::Same];
        assert_eq!((own.rows, own.wrong, own.examples.len()), (5, 4, 3));
    }
}
