//! What two of the tool's own scorers give for an answer and a target.
//!
//! `inspect_ai/scorer/_choice.py`: the letters of the marked choices are those of the target. `inspect_ai/scorer/_match.py`,
//! `includes`: the answer contains a target, whatever the case unless an option says otherwise.

use std::borrow::Cow;

use crate::format::json::{Kind, Value};
use crate::model::{Definition, Text};

/// How the value of a score follows; None where the scorer is another one, or where what it compares is not logged.
pub(super) fn definition<'t>(scorer: &str, score: Value<'t>, sample: Value<'t>) -> Option<Definition<'t>> {
    let targets = targets(sample)?;
    // A text may be in the attachments of the log.
    let is_here = |text: &Cow<'_, str>| !text.starts_with("attachment://");
    let answer = score.get("answer")?.as_str().filter(is_here)?;
    if !targets.iter().all(is_here) {
        return None;
    }
    match scorer {
        "choice" => {
            let explanation = score.get("explanation").and_then(|own| own.as_str()).unwrap_or_default();
            // The letters of choices that were shuffled are those before or after, by version.
            let is_shuffled = explanation.contains("shuffled");
            let marked: String = answer.split(", ").collect();
            let wanted: String = targets.concat();
            let are_letters = |text: &str| text.bytes().all(|own| own.is_ascii_uppercase());
            let is_plain = !is_shuffled && !wanted.is_empty() && are_letters(&marked) && are_letters(&wanted);
            is_plain.then(|| same(is_same_set(&marked, &wanted)))
        }
        "includes" => {
            let contains = |target: &Cow<'_, str>| answer.contains(target.as_ref());
            let lower = answer.to_lowercase();
            let may_contain = |target: &Cow<'_, str>| lower.contains(&target.to_lowercase());
            // With other case it depends on an option.
            let is_any = targets.iter().any(contains);
            (is_any || !targets.iter().any(may_contain)).then(|| same(is_any))
        }
        _ => None,
    }
}

fn targets(sample: Value<'_>) -> Option<Vec<Cow<'_, str>>> {
    let target = sample.get("target")?;
    match target.kind() {
        Kind::String => Some(vec![target.as_str()?]),
        Kind::Array => target.elements().map(|own| own.as_str()).collect(),
        _ => None,
    }
}

/// Whether two lists of letters hold the same ones.
fn is_same_set(a: &str, b: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters = text.as_bytes().to_vec();
        letters.sort_unstable();
        letters
    };
    sorted(a) == sorted(b)
}

/// The definition of a mark that is known to be right or wrong.
fn same<'t>(is_right: bool) -> Definition<'t> {
    Definition::SameText(Text::plain("right"), Text::plain(if is_right { "right" } else { "wrong" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::Tape;

    fn is_right(scorer: &str, answer: &str, target: &str) -> Option<bool> {
        let (mut one, mut other) = (Tape::default(), Tape::default());
        let score = format!(r#"{{"value": "C", "answer": "{answer}", "explanation": "x"}}"#);
        let sample = format!(r#"{{"target": {target}}}"#);
        let found = definition(scorer, one.parse(score.as_bytes()).unwrap(), other.parse(sample.as_bytes()).unwrap())?;
        Some(found == same(true))
    }

    #[test]
    fn marked_letters_are_those_of_the_target() {
        assert_eq!(is_right("choice", "B", r#""B""#), Some(true));
        assert_eq!(is_right("choice", "A, C", r#"["A", "C"]"#), Some(true));
        assert_eq!(is_right("choice", "", r#""B""#), Some(false));
        assert_eq!(is_right("choice", "A, B", r#""B""#), Some(false));
        assert_eq!(is_right("choice", "Paris", r#""B""#), None);
    }

    #[test]
    fn an_answer_includes_a_target() {
        assert_eq!(is_right("includes", "It is Oslo.", r#"["Bergen", "Oslo"]"#), Some(true));
        assert_eq!(is_right("includes", "It is Rome.", r#""Oslo""#), Some(false));
        assert_eq!(is_right("includes", "It is OSLO.", r#""Oslo""#), None);
        assert_eq!(is_right("match", "Oslo", r#""Oslo""#), None);
        assert_eq!(is_right("includes", "attachment://7", r#""Oslo""#), None);
    }
}
