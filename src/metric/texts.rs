//! Texts of rows: as labels, and the edit distance between two of them.

use crate::model::FieldValue;

/// Maximum bytes of a label.
const LONGEST: usize = 64;
/// Maximum number of comparisons per pair of texts.
const COMPARISONS: usize = 1 << 18;

/// A value as a label: a short text, a whole number or a boolean.
pub(super) fn label(value: &FieldValue<'_>) -> Option<String> {
    match value {
        FieldValue::Text(text) => {
            let text = text.decoded();
            let text = text.trim();
            (!text.is_empty() && text.len() <= LONGEST).then(|| text.to_owned())
        }
        FieldValue::Number(number) if number.is_finite() && number.fract() == 0.0 => Some(format!("{number:.0}")),
        FieldValue::Flag(flag) => Some(u8::from(*flag).to_string()),
        FieldValue::Number(_) | FieldValue::Nothing => None,
    }
}

/// The minimum number of insertions, deletions and replacements between two sequences; None if they are too long to
/// compare.
pub(super) fn distance<T: PartialEq>(own: &[T], theirs: &[T]) -> Option<u64> {
    if own.len().saturating_mul(theirs.len()) > COMPARISONS {
        return None;
    }
    let mut row: Vec<u64> = (0..=theirs.len() as u64).collect();
    for (at, mine) in own.iter().enumerate() {
        let mut before = at as u64;
        let mut left = before + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, other) in row.iter_mut().skip(1).zip(theirs) {
            let replaced = before + u64::from(mine != other);
            before = *cell;
            *cell = replaced.min(*cell + 1).min(left + 1);
            left = *cell;
        }
    }
    row.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_by_hand() {
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(distance(&letters("kitten"), &letters("sitting")), Some(3));
        assert_eq!(distance(&letters(""), &letters("abc")), Some(3));
        assert_eq!(distance(&letters("abc"), &letters("")), Some(3));
        assert_eq!(distance(&letters("abc"), &letters("abc")), Some(0));
    }
}
