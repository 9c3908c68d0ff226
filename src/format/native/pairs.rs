//! Minimal pairs: two texts of a record of which one should be preferred, by the words in the names of their fields.

use crate::format::native::roles::{Role, by_name};

/// Words for the text that should be preferred, and for the other one.
const SIDES: [(&str, &str); 7] = [
    ("good", "bad"),
    ("grammatical", "ungrammatical"),
    ("acceptable", "unacceptable"),
    ("right", "wrong"),
    ("correct", "incorrect"),
    ("plausible", "implausible"),
    ("possible", "impossible"),
];
/// Fields that say whether the model prefers the right text, besides those that are called correct.
const VERDICTS: [&str; 8] = [
    "verdict",
    "success",
    "is_success",
    "passed",
    "prefers_good",
    "prefers_grammatical",
    "model_correct",
    "preferred_good",
];
/// Names of the text of one side.
const TEXTS: [&str; 4] = ["sentence", "sent", "text", "string"];

/// The two fields of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PairField {
    /// The field of each side.
    pub(super) keys: [String; 2],
    /// What both are called but for the word; empty for an object per side.
    pub(super) name: String,
}

/// How the fields of a record are those of two texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pairs {
    /// The words for the right and for the wrong text.
    pub(super) sides: [&'static str; 2],
    pub(super) fields: Vec<PairField>,
    /// The field that says whether the right text is preferred.
    pub(super) verdict: Option<String>,
}

/// A name without one of its words; None where it does not have the word exactly once.
fn without(name: &str, word: &str) -> Option<String> {
    // Nearly no name has it.
    if !name.contains(word) || name.split('_').filter(|own| *own == word).count() != 1 {
        return None;
    }
    Some(name.split('_').filter(|own| *own != word).collect::<Vec<_>>().join("_"))
}

/// A name with one of its words replaced.
fn with(name: &str, word: &str, other: &str) -> String {
    name.split('_').map(|own| if own == word { other } else { own }).collect::<Vec<_>>().join("_")
}

/// Whether a field of both sides is their text by its name.
pub(super) fn is_text(name: &str) -> bool {
    TEXTS.contains(&name)
}

/// Whether the two texts of nearly all pairs have as many words. None for a pair without its texts.
pub(super) fn are_minimal(words: impl Iterator<Item = Option<(usize, usize)>>) -> bool {
    let (mut all, mut even) = (0_usize, 0_usize);
    for own in words {
        all += 1;
        even += usize::from(own.is_some_and(|(right, wrong)| right == wrong));
    }
    all > 0 && 10 * even >= 9 * all
}

/// Whether a field of both sides is a number of their text by its name, or a value per token.
fn is_of_text(name: &str) -> bool {
    by_name(name).is_some_and(|(role, _)| matches!(role, Role::Claim(_)) || role.is_per_token())
}

impl Pairs {
    /// The pairs among some names of fields. `is_object` says that a field is an object.
    pub(super) fn among(names: &[&str], is_object: impl Fn(&str) -> bool) -> Option<Self> {
        let of = |(right, wrong): (&'static str, &'static str)| {
            let field = |name: &&str| {
                let rest = without(name, right)?;
                let other = with(name, right, wrong);
                let is_pair = names.contains(&&*other) && (!rest.is_empty() || is_object(name) && is_object(&other));
                is_pair.then(|| PairField { keys: [(*name).to_owned(), other], name: rest })
            };
            let fields: Vec<PairField> = names.iter().filter_map(field).collect();
            if !fields.iter().any(|field| field.name.is_empty() || is_of_text(&field.name)) {
                return None;
            }
            let is_taken = |name: &str| fields.iter().any(|field| field.keys.iter().any(|key| key == name));
            let is_verdict = |name: &&&str| {
                !is_taken(name)
                    && (by_name(name).is_some_and(|(role, _)| role == Role::Correct) || VERDICTS.contains(*name))
            };
            let verdict = names.iter().find(is_verdict).map(|name| (*name).to_owned());
            Some(Self { sides: [right, wrong], fields, verdict })
        };
        let mut found = SIDES.into_iter().filter_map(of);
        found.next().filter(|_| found.next().is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fields_that_differ_in_one_word_are_a_pair() {
        let names = ["pair_id", "sentence_good", "sentence_bad", "logprob_good", "logprob_bad", "correct"];
        let pairs = Pairs::among(&names, |_| false).unwrap();
        let found: Vec<&str> = pairs.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!((found, pairs.verdict.as_deref()), (vec!["sentence", "logprob"], Some("correct")));
        // Counts, and numbers of nothing that has log-probs.
        assert!(Pairs::among(&["id", "num_correct", "num_incorrect", "accuracy"], |_| false).is_none());
        assert!(Pairs::among(&["id", "good", "bad", "score"], |_| false).is_none());
        assert!(Pairs::among(&["id", "good", "bad"], |name| name != "id").is_some());
        assert!(Pairs::among(&["score_good", "score_ok"], |_| false).is_none());
    }
}
