//! A log with known truth, drawn from a seed.

use std::collections::BTreeSet;

use retally::formula::{Formula, Scale, Span};
use retally::numeric::NumberFormat;

use super::arithmetic::{Arithmetic, Printing, Reduction, format_name};
use super::deviation::Deviation;
use super::random::Random;
use super::recipe::Recipe;
use super::sequence::{Layout, Sequence};
use super::shape::Shape;

/// The truth about a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// All rows follow the formula that the column's name promises.
    Correct,
    /// All rows have one deviation.
    Single,
    /// All rows have two deviations.
    Pair,
    /// The first items follow one recipe, the others another.
    Mixture,
    /// The end token counts in some rows.
    EndInSome,
    /// One row in twenty has a deviation.
    Few,
    /// The sums were added up in half precision.
    HalfSum,
    /// The column carries no information: it is constant, or coarser than the values.
    Coarse,
    /// The column does not hold log-probs, and its name promises no formula.
    Unknown,
}

impl Class {
    pub(crate) const ALL: [Self; 9] = [
        Self::Correct,
        Self::Single,
        Self::Pair,
        Self::Mixture,
        Self::EndInSome,
        Self::Few,
        Self::HalfSum,
        Self::Coarse,
        Self::Unknown,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Correct => "correct",
            Self::Single => "single",
            Self::Pair => "pair",
            Self::Mixture => "mixture",
            Self::EndInSome => "end-in-some",
            Self::Few => "few",
            Self::HalfSum => "half-sum",
            Self::Coarse => "coarse",
            Self::Unknown => "unknown",
        }
    }
}

/// One row: a candidate with its reported number.
pub(crate) struct Row {
    pub(crate) item: usize,
    pub(crate) candidate: usize,
    pub(crate) sequence: Sequence,
    /// The number as printed.
    pub(crate) claim: String,
    /// The recipe that it follows.
    pub(crate) follows: usize,
}

impl Row {
    /// The candidate's id.
    pub(crate) fn id(&self) -> char {
        char::from(b'a' + self.candidate as u8)
    }
}

/// A log.
pub(crate) struct Log {
    pub(crate) class: Class,
    pub(crate) seed: u64,
    pub(crate) shape: Shape,
    /// The reported column.
    pub(crate) name: &'static str,
    pub(crate) arithmetic: Arithmetic,
    pub(crate) rows: Vec<Row>,
    /// The recipes of the rows. In logs with some wrong rows, the first recipe is the right one.
    pub(crate) recipes: Vec<Recipe>,
    /// The recipes that are right for the column's name.
    pub(crate) accepted: Vec<Recipe>,
    /// The change made to the log.
    pub(crate) kind: String,
}

/// Description of half-precision sums that rounding of the result cannot explain.
pub(crate) const BEYOND: &str = "beyond rounding";
/// Maximum number of failed draws for a log of a class. Not every deviation is visible under every arithmetic.
const ATTEMPTS: u64 = 400;
/// Minimum number of rows that clearly show the deviation.
const SHOWING: usize = 5;
/// Maximum number of tokens in a log, which limits the time per log.
const TOKENS: usize = 20_000;

const BOTH: [Formula; 2] = [Formula::LOSS, Formula::TOTAL_LOSS];
/// Column names with the formulas that are right for them.
const NAMES: [(&str, &[Formula]); 14] = [
    ("sum_logprob", &[Formula::SUM]),
    ("score", &[Formula::SUM]),
    ("loglikelihood", &[Formula::SUM]),
    ("mean_logprob", &[Formula::MEAN]),
    ("nll", &BOTH),
    ("loss", &BOTH),
    ("negative_log_likelihood", &BOTH),
    ("cross_entropy", &BOTH),
    ("mean_nll", &[Formula::LOSS]),
    ("total_nll", &[Formula::TOTAL_LOSS]),
    ("ppl", &[Formula::PERPLEXITY]),
    ("perplexity", &[Formula::PERPLEXITY]),
    ("bits_per_byte", &[Formula::BITS_PER_BYTE]),
    ("sequence_probability", &[Formula::PRODUCT]),
];

/// Names that are read beside a response: those about log-probs.
const NAMES_BESIDE: [(&str, &[Formula]); 4] = [
    ("sum_logprob", &[Formula::SUM]),
    ("mean_logprob", &[Formula::MEAN]),
    ("ppl", &[Formula::PERPLEXITY]),
    ("perplexity", &[Formula::PERPLEXITY]),
];

/// Properties of a log chosen before its rows.
struct Frame {
    shape: Shape,
    name: &'static str,
    layout: Layout,
    arithmetic: Arithmetic,
    /// Recipes that are right for the name.
    accepted: Vec<Recipe>,
    convention: Recipe,
}

impl Log {
    /// The log of a class and a seed; None if no draw shows the property of the class.
    pub(crate) fn draw(class: Class, seed: u64) -> Option<Self> {
        (0..ATTEMPTS).find_map(|attempt| {
            let mut random = Random::new(seed ^ attempt.wrapping_mul(0xd6e8_feb8_6659_fd93));
            let log = match class {
                Class::Correct => Self::correct(&mut random),
                Class::Single => Self::single(&mut random, Deviation::ALL[(seed % 30) as usize]),
                Class::Pair => Self::pair(&mut random),
                Class::Mixture => Self::mixture(&mut random),
                Class::EndInSome => Self::end_in_some(&mut random),
                Class::Few => Self::few(&mut random),
                Class::HalfSum => Self::half_sum(&mut random),
                Class::Coarse => Self::coarse(&mut random),
                Class::Unknown => Self::unknown(&mut random),
            };
            log.map(|log| Self { class, seed, ..log })
        })
    }

    pub(crate) fn bytes(&self) -> String {
        self.shape.write(self)
    }

    /// Whether the recipes depend on the text of the candidates.
    pub(crate) fn needs_text(&self) -> bool {
        self.recipes.iter().chain(&self.accepted).any(needs_text)
    }

    /// The rows that follow another recipe than the first.
    pub(crate) fn deviating(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.follows > 0)
    }

    fn correct(random: &mut Random) -> Option<Self> {
        let frame = Frame::draw(random, &[])?;
        let recipes = vec![frame.convention];
        frame.log(random, recipes, "", |_, _| 0)
    }

    fn single(random: &mut Random, deviation: Deviation) -> Option<Self> {
        let frame = Frame::draw(random, &[deviation])?;
        let recipe = deviation.apply(&frame.convention, random)?;
        let log = frame.log(random, vec![recipe], deviation.name(), |_, _| 0)?;
        log.shows(&log.rows, 0, &log.accepted).then_some(log)
    }

    fn pair(random: &mut Random) -> Option<Self> {
        let pair = [random.pick(&Deviation::ALL), random.pick(&Deviation::ALL)];
        let [first, second] = pair;
        if first.place() == second.place() {
            return None;
        }
        let frame = Frame::draw(random, &pair)?;
        let once = first.apply(&frame.convention, random)?;
        let twice = second.apply(&once, random)?;
        let kind = format!("{} and {}", first.name(), second.name());
        let log = frame.log(random, vec![twice], &kind, |_, _| 0)?;
        // If one half of a pair is not visible, it is not a pair.
        let alone = [Some(once), second.apply(&frame.convention, random)].into_iter().flatten();
        let others: Vec<Recipe> = log.accepted.iter().copied().chain(alone).collect();
        log.shows(&log.rows, 0, &others).then_some(log)
    }

    fn mixture(random: &mut Random) -> Option<Self> {
        let pair = [random.pick(&Deviation::ALL), random.pick(&Deviation::ALL)];
        let right = random.chance(0.75);
        let frame = Frame::draw(random, if right { &pair[1..] } else { &pair })?;
        let first = if right { frame.convention } else { pair[0].apply(&frame.convention, random)? };
        let second = pair[1].apply(&frame.convention, random)?;
        let kind = format!("{}, then {}", if right { "right" } else { pair[0].name() }, pair[1].name());
        let share = 0.1 + 0.8 * random.unit();
        let log = frame
            .log(random, vec![first, second], &kind, |item, items| usize::from(item as f64 >= share * items as f64))?;
        let groups = [log.group(0), log.group(1)];
        let shows = log.shows_rows(&groups[0], 0, &[second])
            && log.shows_rows(&groups[1], 1, &[first])
            && log.shows_rows(&groups[1], 1, &log.accepted);
        shows.then_some(log)
    }

    fn end_in_some(random: &mut Random) -> Option<Self> {
        let mut frame = Frame::draw(random, &[])?;
        if !frame.shape.is_native() {
            return None;
        }
        frame.set_end(true);
        let with_end = Recipe::of(Formula { span: Span::Continuation, ..frame.convention.formula });
        let without = Recipe::of(Formula { span: Span::WithoutEnd, ..with_end.formula });
        let mut coins = Random::new(random.next());
        let log = frame
            .log(random, vec![with_end, without], "end token in some rows", |_, _| usize::from(coins.chance(0.4)))?;
        let shows = log.shows_rows(&log.group(0), 0, &[without]) && log.shows_rows(&log.group(1), 1, &[with_end]);
        shows.then_some(log)
    }

    fn few(random: &mut Random) -> Option<Self> {
        let deviation = random.pick(&Deviation::ALL);
        let frame = Frame::draw(random, &[deviation])?;
        let wrong = deviation.apply(&frame.convention, random)?;
        let mut log = frame.log(random, vec![frame.convention, wrong], deviation.name(), |_, _| 0)?;
        if log.rows.len() < 20 {
            return None;
        }
        let accepted = log.accepted.clone();
        let mut showing: Vec<usize> = (0..log.rows.len())
            .filter(|at| accepted.iter().all(|right| log.differs(&log.rows[*at], &wrong, right)))
            .collect();
        let wanted = (log.rows.len() / 20).max(1);
        if showing.len() < wanted {
            return None;
        }
        for _ in 0..wanted {
            let at = showing.swap_remove(random.between(0, showing.len() - 1));
            let value = wrong.value(&log.rows[at].sequence, &log.arithmetic)?;
            let row = &mut log.rows[at];
            (row.claim, row.follows) = (log.arithmetic.claim.text(value), 1);
        }
        Some(log)
    }

    fn half_sum(random: &mut Random) -> Option<Self> {
        let mut frame = Frame::draw(random, &[])?;
        let half = random.pick(&[NumberFormat::Bf16, NumberFormat::F16]);
        let vllm = frame.shape == Shape::Vllm;
        frame.arithmetic.reduction = Reduction::Half(half);
        frame.arithmetic.cast = half;
        frame.arithmetic.stored = if vllm { NumberFormat::F32 } else { random.pick(&[half, NumberFormat::F32]) };
        frame.layout.lengths = random.pick(&[(2, 40), (20, 200), (100, 600)]);
        let convention = frame.convention;
        let mut log = frame.log(random, vec![convention], "", |_, _| 0)?;
        let beyond = log.rows.iter().filter(|row| {
            let value = convention.value(&row.sequence, &log.arithmetic);
            let known = convention.known(&row.sequence, &log.arithmetic);
            value.zip(known).is_some_and(|(value, known)| (value - known.value).abs() > 2.0 * known.half)
        });
        let rounding = if beyond.count() >= SHOWING { BEYOND } else { "within rounding" };
        log.kind = format!("{}, {rounding}", format_name(half));
        Some(log)
    }

    fn coarse(random: &mut Random) -> Option<Self> {
        let frame = Frame::draw(random, &[])?;
        if !["score", "sum_logprob", "mean_logprob", "nll"].contains(&frame.name) {
            return None;
        }
        let kind = random.pick(&["zeros", "zeros as integers", "a constant", "integers"]);
        let frame = Frame { layout: Layout { lengths: (1, 4), ..frame.layout }, ..frame };
        let recipes = vec![frame.convention];
        let constant = -0.1 * random.between(1, 40) as f64;
        let mut log = frame.log(random, recipes, kind, |_, _| 0)?;
        let convention = log.recipes[0];
        for row in &mut log.rows {
            // Values are about as large as the unit that they are rounded to.
            for value in &mut row.sequence.values {
                *value = log.arithmetic.stored.round(*value * 0.2);
            }
            let value = convention.value(&row.sequence, &log.arithmetic)?;
            row.claim = match kind {
                "zeros" => "0.0".to_owned(),
                "zeros as integers" => "0".to_owned(),
                "a constant" => Printing::Fixed(1).text(constant),
                _ => Printing::Fixed(0).text(value),
            };
        }
        // If all values are correctly zero, they are not stubs.
        let sizes = log.rows.iter().filter_map(|row| convention.value(&row.sequence, &log.arithmetic));
        let sizes: Vec<f64> = sizes.map(f64::abs).collect();
        (sizes.iter().any(|size| *size > 0.2) && sizes.iter().all(|size| *size < 1.5)).then_some(log)
    }

    fn unknown(random: &mut Random) -> Option<Self> {
        let frame = Frame::draw(random, &[])?;
        if frame.shape != Shape::Candidates && frame.shape != Shape::Items {
            return None;
        }
        let (name, kind) = random.pick(&[
            ("score", "marks"),
            ("score", "right or wrong"),
            ("score", "similarities"),
            ("reward", "rewards"),
            ("confidence", "similarities"),
            ("rating", "marks"),
            ("value", "rewards"),
        ]);
        let frame = Frame { name, ..frame };
        let recipes = vec![frame.convention];
        let mut log = frame.log(random, recipes, &format!("{name}: {kind}"), |_, _| 0)?;
        if log.rows.len() < 20 {
            return None;
        }
        for row in &mut log.rows {
            row.claim = match kind {
                "marks" => random.between(1, 5).to_string(),
                "right or wrong" => random.between(0, 1).to_string(),
                "similarities" => Printing::Fixed(4).text(random.unit()),
                _ => Printing::Fixed(3).text(4.0 * random.unit() - 2.0),
            };
        }
        Some(log)
    }

    fn group(&self, recipe: usize) -> Vec<&Row> {
        self.rows.iter().filter(|row| row.follows == recipe).collect()
    }

    /// Whether enough rows show that they follow a recipe and none of the others.
    fn shows(&self, rows: &[Row], recipe: usize, others: &[Recipe]) -> bool {
        self.shows_rows(&rows.iter().collect::<Vec<_>>(), recipe, others)
    }

    fn shows_rows(&self, rows: &[&Row], recipe: usize, others: &[Recipe]) -> bool {
        let recipe = &self.recipes[recipe];
        // A column of zeros does not show where they come from.
        let printed: BTreeSet<&str> = rows.iter().map(|row| row.claim.as_str()).collect();
        printed.len() >= SHOWING
            && others.iter().all(|other| rows.iter().filter(|row| self.differs(row, recipe, other)).count() >= SHOWING)
    }

    /// Whether a row shows that two recipes differ. A recipe without a value for the row differs from one with a value.
    pub(crate) fn differs(&self, row: &Row, a: &Recipe, b: &Recipe) -> bool {
        match (a.known(&row.sequence, &self.arithmetic), b.known(&row.sequence, &self.arithmetic)) {
            (Some(a), Some(b)) => a.differs(&b),
            (a, b) => a.is_some() != b.is_some(),
        }
    }
}

fn needs_text(recipe: &Recipe) -> bool {
    matches!(recipe.formula.scale, Scale::Chars | Scale::Bytes | Scale::Words)
}

impl Frame {
    /// A frame in which at least some of the deviations are possible.
    fn draw(random: &mut Random, deviations: &[Deviation]) -> Option<Self> {
        let needs = |wanted: &[Deviation]| deviations.iter().any(|deviation| wanted.contains(deviation));
        let prompt =
            needs(&[Deviation::PromptToken, Deviation::WholeText, Deviation::ShiftEarlier, Deviation::PromptLength]);
        let padding = needs(&[Deviation::WithPadding, Deviation::PaddedLength]);
        let shape = random.weighted(&[
            (Shape::Candidates, 4),
            (Shape::Items, 2),
            (Shape::Table, 2),
            (Shape::Vllm, 1),
            (Shape::OpenAi, 1),
        ]);
        let native = shape.is_native();
        if !native && (prompt || padding) {
            return None;
        }
        let (name, formulas) = match shape {
            Shape::Vllm => ("cumulative_logprob", &[Formula::SUM][..]),
            Shape::OpenAi => random.pick(&NAMES_BESIDE),
            _ => random.pick(&NAMES),
        };
        let longer = needs(&[Deviation::DropFirst, Deviation::DropLast, Deviation::LengthMinusOne]);
        let (least, most) = random.weighted(&[((1, 8), 8), ((2, 40), 8), ((20, 300), 3), ((200, 2000), 1)]);
        let layout = Layout {
            lengths: (if longer { least.max(2) } else { least }, most),
            prompt: prompt || native && random.chance(0.15),
            end: false,
            padding: padding || native && random.chance(0.1),
        };
        let mut arithmetic = Arithmetic::draw(random);
        if shape == Shape::Vllm {
            arithmetic.stored = NumberFormat::F32;
            (arithmetic.steps, arithmetic.claim) = (Printing::Double, Printing::Double);
        }
        let convention = Recipe::of(random.pick(formulas));
        let accepted = formulas.iter().copied().map(Recipe::of).collect();
        let mut frame = Self { shape, name, layout, arithmetic, accepted, convention };
        if native && random.chance(0.35) {
            // The convention includes the end token, and a deviation changes that span.
            frame.set_end(!deviations.is_empty() || random.chance(0.5));
        }
        Some(frame)
    }

    /// Logs an end token. Whether it counts is the same in all rows.
    fn set_end(&mut self, counts: bool) {
        self.layout.end = true;
        let without = |recipe: &Recipe| Recipe::of(Formula { span: Span::WithoutEnd, ..recipe.formula });
        if !counts {
            self.convention = without(&self.convention);
        }
        let others: Vec<Recipe> = self.accepted.iter().map(without).collect();
        self.accepted.extend(others);
    }

    /// The log of some recipes. `assign` returns the recipe of an item, given its number and the number of items.
    fn log(
        &self,
        random: &mut Random,
        recipes: Vec<Recipe>,
        kind: &str,
        mut assign: impl FnMut(usize, usize) -> usize,
    ) -> Option<Log> {
        let mut layout = self.layout;
        let texts = recipes.iter().chain(&self.accepted).any(needs_text);
        if self.shape == Shape::Table && texts {
            // Each row of the table repeats the text.
            layout.lengths.1 = layout.lengths.1.min(40);
            layout.lengths.0 = layout.lengths.0.min(layout.lengths.1);
        }
        let (least, most) = layout.lengths;
        let rows = match random.between(0, 99) {
            0..=74 => random.between(5, 40),
            75..=96 => random.between(40, 300),
            _ => random.between(300, 5000),
        };
        let rows = rows.min(TOKENS / usize::midpoint(least, most).max(1)).max(5);
        let per_item = if self.shape == Shape::OpenAi { 1 } else { random.pick(&[1, 1, 2, 4]) };
        let items = rows.div_ceil(per_item);
        let mut log = Log {
            class: Class::Correct,
            seed: 0,
            shape: self.shape,
            name: self.name,
            arithmetic: self.arithmetic,
            rows: Vec::with_capacity(rows),
            recipes,
            accepted: self.accepted.clone(),
            kind: kind.to_owned(),
        };
        for item in 0..items {
            let follows = assign(item, items);
            for candidate in 0..per_item.min(rows - item * per_item) {
                let sequence = Sequence::draw(random, &layout, &self.arithmetic);
                let value = log.recipes[follows].value(&sequence, &self.arithmetic)?;
                let claim = self.arithmetic.claim.text(value);
                log.rows.push(Row { item, candidate, sequence, claim, follows });
            }
        }
        Some(log)
    }
}
