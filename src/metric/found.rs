//! The result of searching the columns of the rows for a reported number.

use crate::derive::judge;
use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing, SAMPLE};
use crate::metric::definition::is;
use crate::metric::wrong::AggregateCause;
use crate::model::{RunClaim, Verdict};
use crate::numeric::{Approx, NumberFormat, Printed, show};

/// The rows left out of a mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Partial {
    /// Rows with a value.
    pub over: u64,
    /// All rows.
    pub of: u64,
    /// The mean if the rows left out count as 0.
    pub with_zeros: f64,
    /// The property that exactly the rows left out share, in words.
    pub shared: Option<String>,
}

impl Partial {
    /// Describes the rows left out, as in `8 have no value`.
    #[must_use]
    pub fn left_out(&self) -> String {
        let left = self.of - self.over;
        let have = if left == 1 { "has" } else { "have" };
        let shared = self.shared.as_ref().map_or_else(String::new, |words| {
            let words = words.strip_prefix("they ").unwrap_or(words);
            let is_field = words.starts_with('`');
            if is_field { format!(" (where {words})") } else { format!(" (those that {words})") }
        });
        format!("{left} {have} no value{shared}")
    }
}

/// A warning about a number that is proven but easily misread.
#[derive(Clone, Debug, PartialEq)]
pub struct Remark {
    /// The rule that reports it, as a warning.
    pub code: &'static str,
    /// One line.
    pub title: String,
    /// How to fix it; one line.
    pub help: &'static str,
    /// The number that a reader would expect.
    pub expected: Option<f64>,
    /// Rows or parts affected, and their total.
    pub of: (u64, u64),
}

/// The result for a reported number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) verdict: Verdict,
    /// The correct number with its formula.
    pub(super) derived: Derived,
    /// Why it is wrong.
    pub(super) cause: Option<AggregateCause>,
    /// What the number is instead, phrased to follow its name: `averages the rows' ratios`.
    pub(super) why: String,
    /// The arithmetic that shows it, in one line.
    pub(super) arithmetic: String,
    /// The rows left out.
    pub(super) partial: Option<Partial>,
    /// A warning for the reader.
    pub(super) remark: Option<Remark>,
    /// Why it cannot be decided, and what to log.
    pub(super) missing: Option<Missing>,
}

impl Found {
    /// The result for a number that matches.
    pub(super) fn proven(derived: Derived) -> Self {
        Self {
            verdict: Verdict::Proven,
            derived,
            cause: None,
            why: String::new(),
            arithmetic: String::new(),
            partial: None,
            remark: None,
            missing: None,
        }
    }

    /// The result for a number that does not match, with what it is instead.
    pub(super) fn refuted(derived: Derived, cause: AggregateCause, why: &str, arithmetic: String) -> Self {
        let proven = Self::proven(derived);
        Self { verdict: Verdict::Refuted, cause: Some(cause), why: why.to_owned(), arithmetic, ..proven }
    }

    /// The result for a number that cannot be decided.
    pub(super) fn open(derived: Derived, missing: Missing) -> Self {
        Self { verdict: Verdict::Unprovable, missing: Some(missing), ..Self::proven(derived) }
    }

    /// The same result with a remark.
    pub(super) fn remarked(self, remark: Remark) -> Self {
        Self { remark: Some(remark), ..self }
    }
}

/// A wrong way to compute a number that is known.
pub(super) struct Wrong {
    pub(super) cause: AggregateCause,
    pub(super) value: Approx,
    /// The formula.
    pub(super) definition: String,
    /// What the number does instead, phrased to follow its name.
    pub(super) why: String,
}

impl Wrong {
    pub(super) fn new(cause: AggregateCause, value: Approx, definition: &str, why: &str) -> Self {
        Self { cause, value, definition: definition.to_owned(), why: why.to_owned() }
    }
}

/// Numbers with as many digits agree with nothing by chance.
const TELLING: f64 = 5e2;
/// Digits behind the point from which on a file prints all it has.
const WHOLE: i16 = 6;

/// The ways to compute a number.
#[derive(Default)]
pub(super) struct Ways {
    /// Rows beneath it.
    pub(super) rows: u64,
    /// Another count that an n may name: of the rows that it is over.
    pub(super) over: Option<u64>,
    pub(super) right: Vec<Derived>,
    /// Ways that are in use, although they are not what the name says.
    pub(super) doubtful: Vec<Wrong>,
    pub(super) wrong: Vec<Wrong>,
}

impl Ways {
    /// Whether the rows are those that the number is over, as far as the log says.
    pub(super) fn is_of_all(&self, asked: &Asked<'_>) -> bool {
        let is_it =
            |counted: f64| [Some(self.rows), self.over].into_iter().flatten().any(|rows| is(counted, rows as f64));
        asked.counted.is_none_or(is_it) && !asked.facts.is_doubled
    }

    /// Whether a number has digits enough to be held against many ways to compute it. A short one among long ones is exact.
    fn is_telling(&self, asked: &Asked<'_>) -> bool {
        let reported = asked.reported();
        // A share of few rows has few digits, and they leave one number of rows.
        let is_share = |unit: f64| {
            let (rows, share) = (self.over.unwrap_or(self.rows) as f64, reported.over(unit));
            let right = share.value * rows;
            2.0 * share.half * rows <= 1.0 && (right - right.round()).abs() <= 1e-6
        };
        let is_long = |claim: &&RunClaim| {
            Printed::parse(claim.value.as_bytes()).is_some_and(|number| number.is_finite() && number.decimals >= WHOLE)
        };
        reported.value.abs() > TELLING * reported.half
            || asked.beside.iter().any(is_long)
            || [1.0, 100.0].into_iter().any(is_share)
    }

    /// A number against them, as a fraction or a percentage. What none of them gives is open.
    pub(super) fn settle(self, asked: &Asked<'_>, missing: Missing) -> Option<Found> {
        let (is_telling, is_of_all) = (self.is_telling(asked), self.is_of_all(asked));
        let Self { right, doubtful, wrong, rows, .. } = self;
        let decides = is_telling && is_of_all;
        let wrong = if decides { wrong } else { Vec::new() };
        let doubtful = if decides { doubtful } else { Vec::new() };
        let found = settle(asked, right, Vec::new(), missing)?;
        if found.missing.is_none() {
            let lacks_rows = asked.counted.is_some_and(|n| n > rows as f64);
            let is_open = lacks_rows || !is_telling && !is_of_all;
            return Some(if is_open { Found::open(found.derived, SAMPLE) } else { found });
        }
        let first = found.derived;
        if let Some(found) = doubted(asked, &first, doubtful) {
            return Some(found);
        }
        settle(asked, vec![first], wrong, missing)
    }
}

/// Whether a value gives a reported number, up to the roundings of the stages between the two.
pub(super) fn gives(value: Approx, reported: Approx) -> bool {
    judge(reported, value.through_stages(NumberFormat::F64)).is_proven()
}

/// The unit in which a value gives a reported number: 1 of a fraction, 100 of a percentage.
pub(super) fn unit_of(reported: Approx, value: Approx) -> Option<f64> {
    [1.0, 100.0].into_iter().find(|unit| gives(value.scaled(*unit), reported))
}

/// A number that is computed in a way that its name does not say.
fn doubted(asked: &Asked<'_>, right: &Derived, doubtful: Vec<Wrong>) -> Option<Found> {
    let reported = asked.reported();
    let scale = |value: Approx| unit_of(reported, value);
    let (way, scale) = doubtful.into_iter().find_map(|way| scale(way.value).map(|scale| (way, scale)))?;
    let right_value = right.value.value * scale;
    let remark = Remark {
        code: "RT601",
        title: format!(
            "{} {} {}: {} = {}",
            asked.claim.of.metric,
            show(asked.printed.value),
            way.why,
            right.definition,
            show(right_value)
        ),
        help: "compute it as its name says, or give it a name that says how it is computed",
        expected: Some(right_value),
        of: (1, 1),
    };
    Some(Found::proven(Derived::new(way.value.scaled(scale), way.definition)).remarked(remark))
}

/// A number against the right ways to compute it, then against the wrong ones, as a fraction or a percentage. What none of
/// them gives is open.
pub(super) fn settle(asked: &Asked<'_>, right: Vec<Derived>, wrong: Vec<Wrong>, missing: Missing) -> Option<Found> {
    let reported = asked.reported();
    let scale = |value: Approx| unit_of(reported, value);
    let is_known = |value: &Approx| value.value.is_finite();
    let right: Vec<Derived> = right.into_iter().filter(|derived| is_known(&derived.value)).collect();
    if let Some((derived, scale)) = right.iter().find_map(|derived| Some((derived, scale(derived.value)?))) {
        return Some(Found::proven(Derived::new(derived.value.scaled(scale), derived.definition.clone())));
    }
    let first = right.into_iter().next()?;
    let mut wrong = wrong.into_iter().filter(|wrong| is_known(&wrong.value));
    if let Some((wrong, scale)) = wrong.find_map(|wrong| scale(wrong.value).map(|scale| (wrong, scale))) {
        let own = Derived::new(first.value.scaled(scale), first.definition);
        let (theirs, ours) = (show(wrong.value.value * scale), show(own.value.value));
        let arithmetic = format!("{} = {theirs}; {} = {ours}", wrong.definition, own.definition);
        return Some(Found::refuted(own, wrong.cause, &wrong.why, arithmetic));
    }
    Some(Found::open(first, missing))
}
