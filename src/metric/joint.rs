//! Statistics over several fields of a row: confidence and correctness, gold answer and prediction, correct samples of
//! all samples, edits and words.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::metric::capped::Capped;
use crate::metric::outcomes::Outcomes;
use crate::metric::texts::{distance, label};
use crate::metric::votes::{Group, Votes};
use crate::model::{FieldValue, RowField, answer_hash, plain_name};
use crate::numeric::ExactSum;

/// Bin counts tried for calibration errors, most frequent first.
pub const BINS: [u32; 8] = [10, 15, 5, 20, 25, 30, 50, 100];
/// Maximum number of pairs of labels, and of pairs of counts.
const PAIRS: usize = 1 << 10;
/// Pairs of numbers whose ranks are compared.
const RANKED: usize = 1 << 13;
/// Confidences that are sorted.
const SORTED: usize = 1 << 16;
/// Items whose samples are counted.
const ITEMS: usize = 1 << 16;
/// Confidences are summed as integers, in units of 1 ÷ `UNIT`.
const UNIT: f64 = (1_u64 << 60) as f64;

const GOLD: List = List {
    bit: 1 << 0,
    names: &[
        "gold",
        "label",
        "gold_label",
        "target",
        "reference",
        "ref",
        "ground_truth",
        "truth",
        "expected",
        "expected_output",
        "y_true",
        "answer",
        "transcript",
        "gold_text",
    ],
};
const PREDICTED: List = List {
    bit: 1 << 1,
    names: &[
        "prediction",
        "predicted",
        "pred",
        "pick",
        "predicted_label",
        "pred_label",
        "y_pred",
        "hypothesis",
        "hyp",
        "transcription",
        "predicted_text",
        "output",
    ],
};
/// Further names of an answer, beside its correctness.
const ANSWERS: List = List { bit: 1 << 2, names: &["answer", "extracted_answer", "model_answer", "parsed_answer"] };
const CORRECT: List =
    List { bit: 1 << 3, names: &["correct", "is_correct", "passed", "success", "acc", "accuracy", "resolved", "pass"] };
/// Names of a person's number, and of a program's for the same.
const HUMAN: List = List {
    bit: 1 << 4,
    names: &[
        "human",
        "human_score",
        "human_rating",
        "human_label",
        "human_judgment",
        "human_judgement",
        "gold_score",
        "gold",
        "gold_rating",
        "reference_score",
        "expert_score",
        "target",
        "target_score",
        "label",
        "y_true",
        "mos",
        "ground_truth",
        "annotator_score",
    ],
};
const AUTOMATIC: List = List {
    bit: 1 << 5,
    names: &[
        "model_score",
        "judge_score",
        "llm_score",
        "metric_score",
        "auto_score",
        "automatic_score",
        "predicted_score",
        "pred_score",
        "prediction",
        "predicted",
        "pred",
        "y_pred",
        "judge",
        "judge_rating",
        "llm_rating",
        "model_rating",
        "metric",
        "model",
        "similarity",
        "score",
    ],
};
/// Names of the share of right samples of a row.
const SHARES: List =
    List { bit: 1 << 6, names: &["score", "pass@1", "pass_at_1", "pass_rate", "success_rate", "fraction_correct"] };
const CONFIDENCE: List = List {
    bit: 1 << 7,
    names: &["confidence", "conf", "probability", "prob", "max_prob", "p", "pred_prob", "model_confidence"],
};
const SAMPLES: List = List {
    bit: 1 << 8,
    names: &[
        "samples",
        "n_samples",
        "num_samples",
        "n",
        "total",
        "attempts",
        "num_attempts",
        "trials",
        "total_samples",
    ],
};
const RIGHT: List = List {
    bit: 1 << 9,
    names: &[
        "correct",
        "num_correct",
        "n_correct",
        "c",
        "passed",
        "passes",
        "num_passed",
        "n_passed",
        "correct_samples",
        "successes",
        "pass_count",
    ],
};
const EDITS: List = List {
    bit: 1 << 10,
    names: &["edits", "weredits", "wer_edits", "errors", "word_errors", "edit_distance", "num_edits", "num_errors"],
};
const WORDS: List = List {
    bit: 1 << 11,
    names: &[
        "words",
        "werrefwords",
        "ref_words",
        "wer_ref_words",
        "totalwordscount",
        "num_words",
        "word_count",
        "ref_len",
        "reference_words",
    ],
};

/// Whether the name of a field means that it is compared with a gold answer.
#[must_use]
pub fn is_compared(name: &str) -> bool {
    PREDICTED.names.contains(&&*plain_name(name))
}

/// Whether a field holds a person's number, by its plain name.
pub(super) fn is_of_people(name: &str) -> bool {
    HUMAN.names.contains(&name)
}

/// A bin of confidences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bin {
    /// Number of rows.
    pub rows: u64,
    /// Correct rows.
    pub right: u64,
    /// Σ of the confidences, in units of 1 ÷ `UNIT`.
    parts: u128,
}

impl Bin {
    /// |mean confidence − share of correct rows|, and the number of rows.
    #[must_use]
    pub fn gap(&self) -> f64 {
        let rows = self.rows as f64;
        (self.parts as f64 / UNIT / rows - self.right as f64 / rows).abs()
    }
}

/// Confidence and correctness.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Calibration {
    /// Rows with both.
    pub rows: u64,
    /// Σ of (confidence − correct)².
    pub squares: ExactSum,
    /// Bins of equal width that include their upper edge, by number of bins and position.
    pub upper: BTreeMap<(u32, u32), Bin>,
    /// The same bins, but including their lower edge.
    pub lower: BTreeMap<(u32, u32), Bin>,
    /// The bits of each confidence with its correctness, which sort as the confidences do.
    pub sorted: Capped<(u64, bool), u64, SORTED>,
}

impl Calibration {
    fn add(&mut self, confidence: f64, right: bool) {
        self.rows += 1;
        let gap = confidence - f64::from(u8::from(right));
        self.squares.add_product(gap, gap);
        self.sorted.change((confidence.abs().to_bits(), right), |times| *times += 1);
        for bins in BINS {
            let place = confidence * f64::from(bins);
            let at = |place: f64| (bins, to_index(place, bins));
            for (map, key) in [(&mut self.upper, at(place.ceil() - 1.0)), (&mut self.lower, at(place.floor()))] {
                let bin = map.entry(key).or_default();
                bin.rows += 1;
                bin.right += u64::from(right);
                bin.parts += to_parts(confidence);
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.squares.merge(&other.squares);
        self.sorted.merge(other.sorted, |own, theirs| *own += theirs);
        for (own, theirs) in [(&mut self.upper, other.upper), (&mut self.lower, other.lower)] {
            for (key, bin) in theirs {
                let kept = own.entry(key).or_default();
                kept.rows += bin.rows;
                kept.right += bin.right;
                kept.parts += bin.parts;
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the number of bins")]
fn to_index(place: f64, bins: u32) -> u32 {
    place.clamp(0.0, f64::from(bins - 1)) as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 2^60")]
fn to_parts(confidence: f64) -> u128 {
    (confidence.clamp(0.0, 1.0) * UNIT).round() as u128
}

/// Edits and words of a reference.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Edits {
    /// Number of rows.
    pub rows: u64,
    /// Σ of the edits.
    pub edits: u64,
    /// Σ of the words.
    pub words: u64,
    /// Rows with words, and Σ of edits ÷ words over them.
    pub ratios: (u64, ExactSum),
}

impl Edits {
    fn add(&mut self, edits: u64, words: u64) {
        self.rows += 1;
        self.edits += edits;
        self.words += words;
        if words > 0 {
            self.ratios.0 += 1;
            self.ratios.1.add(edits as f64 / words as f64);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.edits += other.edits;
        self.words += other.words;
        self.ratios.0 += other.ratios.0;
        self.ratios.1.merge(&other.ratios.1);
    }
}

/// Correctness and a share between 0 and 1.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct AnyOf {
    /// Rows with both.
    pub rows: u64,
    /// Correct rows with a share above 0 and below 0.5.
    pub low: u64,
    /// Rows that break the rule "correct if and only if the share is above 0".
    pub others: u64,
    /// Smallest share of a correct row.
    pub least: Option<f64>,
    /// Σ of the shares.
    pub sum: ExactSum,
}

impl AnyOf {
    fn add(&mut self, right: bool, share: f64) {
        self.rows += 1;
        self.sum.add(share);
        self.others += u64::from(right != (share > 0.0));
        self.low += u64::from(right && share > 0.0 && share < 0.5);
        if right {
            self.least = Some(self.least.map_or(share, |least| least.min(share)));
        }
    }

    fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.low += other.low;
        self.others += other.others;
        self.sum.merge(&other.sum);
        self.least = match (self.least, other.least) {
            (Some(own), Some(theirs)) => Some(own.min(theirs)),
            (own, theirs) => own.or(theirs),
        };
    }
}

/// Names of a grade, and of the ends of its scale.
const GRADES: List =
    List { bit: 1 << 12, names: &["score", "points", "mark", "grade", "rating", "judge_score", "awarded", "value"] };
const HIGHEST: List = List {
    bit: 1 << 13,
    names: &[
        "max_score",
        "max_points",
        "max_mark",
        "max_grade",
        "max_rating",
        "scale_max",
        "score_max",
        "full_score",
        "full_marks",
        "points_possible",
    ],
};
const LOWEST: List = List { bit: 1 << 14, names: &["min_score", "min_points", "scale_min", "score_min"] };

/// Grades beside the scale that their rows declare.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Scale {
    /// Rows with both.
    pub rows: u64,
    /// Rows whose grade lies outside.
    pub outside: u64,
    /// The grade that lies farthest outside, with the end that it passes.
    pub worst: Option<(f64, f64)>,
}

impl Scale {
    fn add(&mut self, grade: f64, low: Option<f64>, high: Option<f64>) {
        self.rows += 1;
        let beyond = high.filter(|high| grade > *high).or_else(|| low.filter(|low| grade < *low));
        if let Some(end) = beyond {
            self.outside += 1;
            self.see((grade, end));
        }
    }

    fn see(&mut self, own: (f64, f64)) {
        let size = |(grade, end): (f64, f64)| (grade - end).abs();
        let is_farther = |known: (f64, f64)| size(own).total_cmp(&size(known)).then(own.0.total_cmp(&known.0)).is_gt();
        if self.worst.is_none_or(is_farther) {
            self.worst = Some(own);
        }
    }

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.outside += other.outside;
        if let Some(worst) = other.worst {
            self.see(worst);
        }
    }
}

/// Statistics over several columns of a stream's rows.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Joint {
    /// Confidence and correctness.
    pub calibration: Calibration,
    /// Gold answer and prediction, as labels.
    pub labels: Capped<(String, String), u64, PAIRS>,
    /// Samples and correct samples, for logs with one problem per row.
    pub samples: Capped<(u32, u32), u64, PAIRS>,
    /// Samples and correct samples by item, for logs with one sample per row.
    pub by_item: Capped<u64, (u32, u32), ITEMS>,
    /// Correctness and the shares above 0, by the names of both fields.
    pub any_of: BTreeMap<(String, String), AnyOf>,
    /// Answers to an item and right ones among them, by item and hash of the answer.
    pub answers: Capped<(u64, u64), (u32, u32), ITEMS>,
    /// The bits of a person's and a program's number.
    pub pairs: Capped<(u64, u64), u64, RANKED>,
    /// Who won.
    pub outcomes: Outcomes,
    /// Grades and their scale.
    pub scale: Scale,
    /// Word edits as logged.
    pub logged: Edits,
    /// Word edits computed from the texts.
    pub words: Edits,
    /// Character edits computed from the texts.
    pub chars: Edits,
}

/// Names of fields that mean the same.
#[derive(Clone, Copy)]
struct List {
    /// The bit that stands for the list.
    bit: u32,
    names: &'static [&'static str],
}

/// All names that are looked for, sorted, with the bits of their lists.
static NAMES: LazyLock<Vec<(&str, u32)>> = LazyLock::new(|| {
    let lists = [
        GOLD, PREDICTED, ANSWERS, CORRECT, HUMAN, AUTOMATIC, SHARES, CONFIDENCE, SAMPLES, RIGHT, EDITS, WORDS, GRADES,
        HIGHEST, LOWEST,
    ];
    let mut names: BTreeMap<&str, u32> = BTreeMap::new();
    for list in lists {
        for name in list.names {
            *names.entry(name).or_default() |= list.bit;
        }
    }
    names.into_iter().collect()
});

/// The fields of a row that some list names, with the bits of their lists: most fields of most rows are in none.
struct Known<'f, 't> {
    fields: Vec<(&'f RowField<'t>, u32)>,
    lists: u32,
}

impl<'f, 't> Known<'f, 't> {
    fn of(row: &'f [RowField<'t>]) -> Self {
        let names = NAMES.as_slice();
        let bits = |field: &RowField<'t>| {
            let at = names.binary_search_by_key(&&*field.plain, |(name, _)| name).ok()?;
            names.get(at).map(|(_, bits)| *bits)
        };
        let fields: Vec<_> = row.iter().filter_map(|field| Some((field, bits(field)?))).collect();
        let lists = fields.iter().fold(0, |all, (_, bits)| all | bits);
        Self { fields, lists }
    }

    /// The first field of a list, in the order of its names, that has a value of the required kind.
    fn first<T>(&self, list: List, of: impl Fn(&'f RowField<'t>) -> Option<T>) -> Option<T> {
        if self.lists & list.bit == 0 {
            return None;
        }
        let named = |name: &&str| self.fields.iter().map(|(field, _)| *field).find(|field| field.plain == *name);
        list.names.iter().filter_map(named).find_map(of)
    }
}

impl Joint {
    /// The votes over items whose answers are rows of their own: which answer came first is not known.
    #[must_use]
    pub fn votes(&self) -> Votes {
        let mut votes = Votes::default();
        let mut groups: BTreeMap<u64, Vec<Group>> = BTreeMap::new();
        for ((item, _), (count, right)) in &self.answers.rows {
            groups.entry(*item).or_default().push(Group { count: *count, right: *right });
        }
        if !self.answers.has_more {
            for own in groups.values() {
                votes.add(own, false);
            }
        }
        votes
    }

    pub(super) fn observe(&mut self, item: u64, row: &[RowField<'_>]) {
        self.outcomes.observe(row);
        let known = Known::of(row);
        if known.lists == 0 {
            return;
        }
        let flag = |field: &RowField<'_>| match field.value {
            FieldValue::Flag(flag) => Some(flag),
            FieldValue::Number(number) => [0.0, 1.0].contains(&number).then_some(number > 0.5),
            _ => None,
        };
        let number = |field: &RowField<'_>| match field.value {
            FieldValue::Number(number) => Some(number),
            _ => None,
        };
        let count = |field: &RowField<'_>| number(field).and_then(to_count);
        let correct = known.first(CORRECT, flag);
        let samples = known.first(SAMPLES, count);
        if let (Some(confidence), Some(right)) = (known.first(CONFIDENCE, number), correct)
            && (0.0..=1.0).contains(&confidence)
        {
            self.calibration.add(confidence, right);
        }
        if let (Some(own), Some(share)) = (known.first(CORRECT, Some), known.first(SHARES, Some))
            && let (Some(right), Some(value)) = (flag(own), number(share).filter(|own| (0.0..=1.0).contains(own)))
        {
            let key = (own.name.clone().into_owned(), share.name.clone().into_owned());
            self.any_of.entry(key).or_default().add(right, value);
        }
        match (samples, known.first(RIGHT, count)) {
            (Some(all), Some(right)) if right <= all => self.samples.change((all, right), |times| *times += 1),
            _ => {}
        }
        if let Some(right) = correct.filter(|_| item != 0) {
            self.by_item.change(item, |own| *own = (own.0 + 1, own.1 + u32::from(right)));
        }
        if let (Some(edits), Some(words)) = (known.first(EDITS, count), known.first(WORDS, count)) {
            self.logged.add(edits.into(), words.into());
        }
        let is_value = |field: &RowField<'_>| label(&field.value);
        if let (Some(gold), Some(predicted)) = (known.first(GOLD, is_value), known.first(PREDICTED, is_value)) {
            self.labels.change((gold, predicted), |times| *times += 1);
        }
        self.vote(item, &known, correct);
        let (low, high) = (known.first(LOWEST, number), known.first(HIGHEST, number));
        if let Some(grade) = known.first(GRADES, number).filter(|_| low.is_some() || high.is_some()) {
            self.scale.add(grade, low, high);
        }
        let finite = |field: &RowField<'_>| number(field).filter(|number| number.is_finite());
        if let (Some(human), Some(automatic)) = (known.first(HUMAN, finite), known.first(AUTOMATIC, finite)) {
            // 0 and −0 are one number.
            self.pairs.change(((human + 0.0).to_bits(), (automatic + 0.0).to_bits()), |times| *times += 1);
        }
        if let Some((gold, predicted)) = known.first(GOLD, text).zip(known.first(PREDICTED, text)) {
            self.compare(&gold, &predicted);
        }
    }

    /// Counts an answer to an item, where the row says whether it is right.
    fn vote(&mut self, item: u64, known: &Known<'_, '_>, correct: Option<bool>) {
        let is_value = |field: &RowField<'_>| label(&field.value);
        let Some(answer) = known.first(PREDICTED, is_value).or_else(|| known.first(ANSWERS, is_value)) else { return };
        let Some(right) = correct.or_else(|| known.first(GOLD, is_value).map(|gold| gold == answer)) else { return };
        if item != 0 {
            let key = (item, answer_hash(&answer));
            self.answers.change(key, |own| *own = (own.0 + 1, own.1 + u32::from(right)));
        }
    }

    fn compare(&mut self, gold: &str, predicted: &str) {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let (own, theirs) = (words(gold), words(predicted));
        if let Some(edits) = distance(&own, &theirs) {
            self.words.add(edits, own.len() as u64);
        }
        let chars = |text: &str| text.trim().chars().collect::<Vec<_>>();
        let (own, theirs) = (chars(gold), chars(predicted));
        if let Some(edits) = distance(&own, &theirs) {
            self.chars.add(edits, own.len() as u64);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.calibration.merge(other.calibration);
        let add = |own: &mut u64, theirs: u64| *own += theirs;
        self.labels.merge(other.labels, add);
        self.samples.merge(other.samples, add);
        self.by_item.merge(other.by_item, |own, theirs| *own = (own.0 + theirs.0, own.1 + theirs.1));
        self.answers.merge(other.answers, |own, theirs| *own = (own.0 + theirs.0, own.1 + theirs.1));
        self.pairs.merge(other.pairs, add);
        self.outcomes.merge(other.outcomes);
        self.scale.merge(other.scale);
        for (names, theirs) in other.any_of {
            self.any_of.entry(names).or_default().merge(&theirs);
        }
        self.logged.merge(&other.logged);
        self.words.merge(&other.words);
        self.chars.merge(&other.chars);
    }
}

/// The text of a field.
fn text<'f>(field: &'f RowField<'_>) -> Option<Cow<'f, str>> {
    match &field.value {
        FieldValue::Text(text) => Some(text.decoded()),
        _ => None,
    }
}

/// A number as a count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a whole number within range"
)]
fn to_count(number: f64) -> Option<u32> {
    (number >= 0.0 && number <= f64::from(u32::MAX) && number.fract() <= 0.0).then_some(number as u32)
}
