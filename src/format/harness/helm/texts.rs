//! A generated answer beside the correct ones, as the metrics of references compare them.
//!
//! `helm/benchmark/metrics/evaluate_reference_metrics.py` (`basic_metrics.py` before 0.4): of several correct answers the best one
//! counts. A quasi match is one of texts in lower case, without ASCII punctuation and, unless the name says that they are left,
//! without the words a, an and the; a prefix match one of the beginning of the answer.

/// How an answer is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Up to white space around it.
    Same,
    /// The normalised texts.
    Quasi,
    /// The same with articles.
    QuasiWithArticles,
    /// The beginning.
    Prefix,
    /// The beginning of the normalised texts.
    QuasiPrefix,
}

impl Reading {
    /// That of a metric.
    pub(super) fn of(metric: &str) -> Option<Self> {
        match metric {
            "exact_match" => Some(Self::Same),
            "quasi_exact_match" => Some(Self::Quasi),
            "quasi_leave_articles_exact_match" => Some(Self::QuasiWithArticles),
            "prefix_exact_match" => Some(Self::Prefix),
            "quasi_prefix_exact_match" => Some(Self::QuasiPrefix),
            _ => None,
        }
    }
}

/// A text in the forms that are compared.
#[derive(Clone, Debug, Default, PartialEq)]
struct Forms {
    /// Without white space around it.
    plain: String,
    /// Normalised.
    quasi: String,
    /// Normalised with articles.
    with_articles: String,
}

impl Forms {
    fn new(text: &str) -> Self {
        Self { plain: text.trim().to_owned(), quasi: normalised(text, false), with_articles: normalised(text, true) }
    }

    fn form(&self, reading: Reading) -> &str {
        match reading {
            Reading::Same | Reading::Prefix => &self.plain,
            Reading::Quasi | Reading::QuasiPrefix => &self.quasi,
            Reading::QuasiWithArticles => &self.with_articles,
        }
    }

    fn size(&self) -> usize {
        self.plain.len() + self.quasi.len() + self.with_articles.len()
    }
}

/// An answer with the correct ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Texts {
    given: Forms,
    right: Vec<Forms>,
}

impl Texts {
    /// An answer with the correct ones; None if it is empty or there are none.
    pub(super) fn new(given: &str, right: &[String]) -> Option<Self> {
        let is_some = !given.is_empty() && !right.is_empty();
        is_some.then(|| Self { given: Forms::new(given), right: right.iter().map(|right| Forms::new(right)).collect() })
    }

    /// Bytes that are kept.
    pub(super) fn size(&self) -> usize {
        self.given.size() + self.right.iter().map(Forms::size).sum::<usize>()
    }

    /// What of the answer is compared, and the correct answer that it equals, else the first.
    pub(super) fn pair(&self, reading: Reading) -> Option<(&str, &str)> {
        let given = self.given.form(reading);
        let is_prefix = matches!(reading, Reading::Prefix | Reading::QuasiPrefix);
        let part = |right: &str| if is_prefix { given.get(..right.len()).unwrap_or(given) } else { given };
        let pairs = || self.right.iter().map(|right| right.form(reading)).map(|right| (part(right), right));
        pairs().find(|(given, right)| given == right).or_else(|| pairs().next())
    }
}

/// A text in lower case, without ASCII punctuation, with single spaces and, unless they are left, without articles.
fn normalised(text: &str, with_articles: bool) -> String {
    let plain: String = text.to_lowercase().chars().filter(|own| !own.is_ascii_punctuation()).collect();
    let mut out = String::with_capacity(plain.len());
    let mut rest = plain.as_str();
    while let Some(first) = rest.chars().next() {
        let is_word = first.is_alphanumeric();
        let end = rest.find(|own: char| own.is_alphanumeric() != is_word).unwrap_or(rest.len());
        let (run, behind) = rest.split_at(end);
        let is_article = !with_articles && matches!(run, "a" | "an" | "the");
        out.push_str(if is_article { " " } else { run });
        rest = behind;
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_normalised() {
        assert_eq!(normalised("The  cat's A-team, an\tend!", false), "cats ateam end");
        assert_eq!(normalised("The cat", true), "the cat");
        assert_eq!(normalised("a", false), "");
    }

    #[test]
    fn each_reading_by_hand() {
        let texts = Texts::new("The Lake, of Como", &["a river".into(), "Lake".into()]).unwrap();
        let is_same = |reading| texts.pair(reading).is_some_and(|(given, right)| given == right);
        assert!(!is_same(Reading::Same) && !is_same(Reading::Quasi) && !is_same(Reading::Prefix));
        assert!(is_same(Reading::QuasiPrefix));
        let texts = Texts::new("Lake Como", &["lake como.".into()]).unwrap();
        let is_same = |reading| texts.pair(reading).is_some_and(|(given, right)| given == right);
        assert!(is_same(Reading::Quasi) && is_same(Reading::QuasiWithArticles) && !is_same(Reading::Prefix));
        assert_eq!(Texts::new("", &["x".into()]), None);
    }
}
