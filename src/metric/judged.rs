//! Judges the metrics that a pipeline reported for a run against its rows.
//!
//! Runs once per stream. The rules of the family `aggregate` report the causes found here. Each wrong number gets one
//! cause, so it produces one finding.

use crate::derive::judge as compare;
use crate::metric::aggregate::{self, Derived};
use crate::metric::alone::alone;
use crate::metric::answer::{
    Answer, Asked, CUSTOM, DOUBLED, FEW, LOST, Missing, NO_FORMULA, NO_ROWS, NO_VALUE, RANDOM, RunFacts, SAMPLE,
};
use crate::metric::catalogue::{self, by_name};
use crate::metric::columns::ColumnRows;
use crate::metric::definition::is;
use crate::metric::found::{Found, Partial, Remark, gives};
use crate::metric::known::Kind;
use crate::metric::named;
use crate::metric::parts::judge_whole;
use crate::metric::reward_sums;
use crate::metric::rows::MetricRows;
use crate::metric::search::{self, search};
use crate::metric::spread::spread;
use crate::metric::wrong::{self, AggregateCause, Refuted, Without};
use crate::model::{Aggregation, RunClaim, Verdict};
use crate::numeric::{Approx, NumberFormat, Printed, half_of_last_digit, show};

/// Minimum number of decimals that shows that a file prints all digits of its numbers.
const FULL: i16 = 12;

/// One reported metric.
#[derive(Clone, Debug)]
pub struct JudgedMetric<'c> {
    /// The claim.
    pub claim: &'c RunClaim,
    /// The number as reported; NaN for "no value".
    pub reported: f64,
    /// The formula, such as `mean(acc)`.
    pub definition: String,
    /// The number derived from the rows.
    pub recomputed: Option<f64>,
    /// The tolerance.
    pub bound: f64,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it cannot be decided, and what to log.
    pub missing: Option<Missing>,
    /// Why it is wrong.
    pub cause: Option<AggregateCause>,
    /// What the number is instead, phrased to follow its name; empty if the cause says it.
    pub why: String,
    /// The arithmetic that shows it, in one line.
    pub arithmetic: String,
    /// The rows left out, if the metric matches only without them and nothing in the log says so.
    pub partial: Option<Partial>,
    /// A warning for the reader.
    pub remark: Option<Remark>,
}

impl JudgedMetric<'_> {
    /// The metric as named in messages: `acc`, or `acc_stderr`.
    #[must_use]
    pub fn name(&self) -> String {
        if self.claim.of.stderr { format!("{}_stderr", self.claim.of.metric) } else { self.claim.of.metric.clone() }
    }

    /// Whether it is the number of items.
    #[must_use]
    pub fn is_count(&self) -> bool {
        catalogue::is_count(self.claim)
    }

    fn refute(&mut self, cause: AggregateCause, arithmetic: String) {
        self.verdict = Verdict::Refuted;
        self.missing = None;
        self.cause = Some(cause);
        self.arithmetic = arithmetic;
    }

    /// Takes over the result of a column search.
    fn take(&mut self, found: Found) {
        let Found { verdict, derived, cause, why, arithmetic, partial, remark, missing } = found;
        self.recomputed = Some(derived.value.value);
        self.bound = derived.value.half;
        self.definition = derived.definition;
        (self.verdict, self.cause, self.why) = (verdict, cause, why);
        (self.arithmetic, self.partial, self.missing) = (arithmetic, partial, missing);
        self.remark = remark;
    }
}

/// Judges the metrics reported for one stream of rows.
#[must_use]
pub fn judge<'c>(claims: &[&'c RunClaim], facts: &RunFacts<'_>) -> Vec<JudgedMetric<'c>> {
    let parse = |claim: &RunClaim| Printed::parse(claim.value.as_bytes());
    let is_full = claims.iter().any(|claim| parse(claim).is_some_and(|number| number.decimals >= FULL));
    let counted = claims.iter().find(|claim| catalogue::is_count(claim)).and_then(|claim| parse(claim));
    let counted = counted.map(|number| number.value);
    // A log may hold only some of the rows that a scorer counts.
    let scored =
        || claims.iter().filter(|claim| claim.of.aggregation == Some(Aggregation::Rows)).find_map(|claim| parse(claim));
    let counted = counted.or_else(|| scored().map(|number| number.value).filter(|n| *n > facts.items as f64));
    // What has no value and no rows says nothing.
    let says = |claim: &&&RunClaim| {
        let has_nothing = claim.value.is_empty() && claim.of.aggregation == Some(Aggregation::Other);
        !has_nothing || claim.of.group.is_some() || named::column(&claim.of.metric, facts.columns).is_some()
    };
    let of_run = Stated { beside: claims, counted, is_full };
    claims.iter().filter(says).map(|claim| judge_one(claim, facts, &of_run)).collect()
}

/// Information that the metrics of a run state together.
struct Stated<'s> {
    beside: &'s [&'s RunClaim],
    /// The stated number of rows.
    counted: Option<f64>,
    /// Whether the numbers are printed with all their digits.
    is_full: bool,
}

/// Marks accuracies whose picks follow from refuted scores. They match the picks, but the picks themselves are in
/// doubt.
pub fn from_refuted(judged: &mut [JudgedMetric<'_>]) {
    let is_share = |claim: &RunClaim| catalogue::is_share_of_items(claim) || catalogue::is_named_share_of_items(claim);
    for metric in judged.iter_mut().filter(|metric| metric.verdict == Verdict::Proven && is_share(metric.claim)) {
        metric.verdict = Verdict::FromRefuted;
    }
}

/// Leaves open what does not match rows of which some could not be read. What matches them is proven all the same, and a
/// number outside its range is wrong whatever the rows are.
pub fn with_lost_rows(judged: &mut [JudgedMetric<'_>]) {
    let is_of_rows = |metric: &&mut JudgedMetric<'_>| metric.recomputed.is_some_and(f64::is_finite);
    for metric in judged.iter_mut().filter(|metric| metric.verdict == Verdict::Refuted).filter(is_of_rows) {
        metric.verdict = Verdict::Unprovable;
        metric.missing = Some(LOST);
        metric.cause = None;
        metric.why.clear();
        metric.arithmetic.clear();
    }
}

fn judge_one<'c>(claim: &'c RunClaim, facts: &RunFacts<'_>, stated: &Stated<'_>) -> JudgedMetric<'c> {
    let Stated { beside, counted, is_full } = *stated;
    let mut judged = JudgedMetric {
        claim,
        reported: f64::NAN,
        definition: String::new(),
        recomputed: None,
        bound: 0.0,
        verdict: Verdict::Unprovable,
        missing: Some(NO_VALUE),
        cause: None,
        why: String::new(),
        arithmetic: String::new(),
        partial: None,
        remark: None,
    };
    let printed = Printed::parse(claim.value.as_bytes());
    let Some(printed) = printed.filter(Printed::is_finite) else {
        let is_null = claim.value.is_empty() && facts.columns.rows > 0;
        if let Some(printed) = printed.or_else(|| is_null.then(|| Printed::from_f64(f64::NAN))) {
            not_finite(&mut judged, &Asked { claim, printed, counted: None, facts, beside });
        }
        return judged;
    };
    judged.reported = printed.value;
    let rows = facts.rows.get(claim.of.row_metric());
    if claim.of.custom && rows.is_none() && !catalogue::is_share_of_items(claim) {
        judged.missing = Some(CUSTOM);
        return judged;
    }
    let asked = Asked { claim, printed, counted, facts, beside };
    let (derived, otherwise) = match answer(&asked, rows) {
        Answer::Missing(missing) => {
            judged.missing = Some(missing);
            let reported = Approx::new(printed.value, half(claim, &printed, is_full));
            let found = of_exclusive_columns(&asked, reported)
                .or_else(|| of_columns(&asked, rows))
                .or_else(|| judge_whole(&asked));
            let has_rows = facts.items > 0 || facts.columns.rows > 0;
            let of_others = || (!has_rows).then(|| alone(&asked)).flatten();
            if let Some(found) = found.or_else(|| of_exclusive(&asked, reported)).or_else(of_others) {
                judged.take(found);
            }
            if judged.verdict == Verdict::Unprovable {
                out_of_range(&mut judged, rows);
            }
            if judged.verdict == Verdict::Refuted {
                judged.remark = None;
            }
            return judged;
        }
        Answer::Derived(derived) => (derived, None),
        Answer::Maybe(derived, missing) => (derived, Some(missing)),
    };
    let reported = Approx::new(printed.value, half(claim, &printed, is_full));
    let compared = compare(reported, derived.value);
    judged.definition = derived.definition;
    judged.recomputed = Some(compared.expected);
    judged.bound = compared.within;
    judged.missing = None;
    let is_sample = counted.is_some_and(|counted| !is(counted, facts.items as f64));
    // Over fewer rows than the n says it may still agree by chance.
    let lacks_rows = counted.is_some_and(|counted| counted > facts.items as f64) && !catalogue::is_named_count(claim);
    if compared.is_proven() && lacks_rows {
        judged.missing = Some(SAMPLE);
    } else if compared.is_proven() {
        judged.verdict = Verdict::Proven;
        judged.partial = partial(&asked, rows, reported, derived.value);
    } else if facts.is_doubled {
        judged.missing = Some(DOUBLED);
    } else if let Some(missing) = otherwise {
        judged.missing = Some(missing);
        let of_parts = || catalogue::is_count(claim).then(|| judge_whole(&asked)).flatten();
        let is_proven = |found: &Found| found.verdict == Verdict::Proven;
        if let Some(found) = of_columns(&asked, rows).filter(is_proven).or_else(|| of_parts().filter(is_proven)) {
            judged.take(found);
        }
    } else if is_sample && !catalogue::is_named_count(claim) {
        judged.missing = Some(SAMPLE);
    } else {
        explain(&mut judged, rows, facts, reported, derived.value);
    }
    judged
}

/// Half-quantum of a reported number. A harness prints all digits, so `0.3` is exact; a summary may round each number
/// separately.
fn half(claim: &RunClaim, printed: &Printed, is_full: bool) -> f64 {
    let stored = NumberFormat::F64.half_ulp(printed.value);
    if let Some(decimals) = claim.of.decimals {
        return half_of_last_digit(decimals) + stored;
    }
    let harness = claim.of.aggregation.is_some() || !claim.of.filter.is_empty();
    let whole = printed.decimals <= 0 && (is(printed.value, 0.0) || is(printed.value, 1.0));
    let counts = by_name(&claim.of.metric).is_some_and(|metric| matches!(metric.kind, Kind::Items | Kind::Count));
    if counts && !claim.of.stderr || whole || (harness && is_full) {
        stored
    } else {
        half_of_last_digit(printed.decimals)
    }
}

/// The number that the log gives for a metric.
fn answer(asked: &Asked<'_>, rows: Option<&MetricRows>) -> Answer {
    let metric = by_name(&asked.claim.of.metric);
    match (rows, asked.claim.of.stderr) {
        (Some(_), false) if catalogue::is_count(asked.claim) => of_run(asked),
        (Some(rows), false) => of_rows(asked.claim, rows),
        (Some(rows), true) => stderr_of_rows(asked.claim, rows),
        (None, false) => of_run(asked),
        (None, true) => metric.and_then(|metric| metric.stderr_of_run(asked)).unwrap_or(Answer::Missing(RANDOM)),
    }
}

/// Derived from items and tokens, for metrics without logged rows.
fn of_run(asked: &Asked<'_>) -> Answer {
    let claim = asked.claim;
    let is_share = catalogue::is_share_of_items(claim) || catalogue::is_named_share_of_items(claim);
    if is_share && is_percent(claim) {
        let answer = catalogue::percentage(asked);
        return if claim.of.custom { answer.doubted(CUSTOM) } else { answer };
    }
    let known = by_name(&claim.of.metric).and_then(|metric| metric.of_run(asked));
    let is_unknown = asked.facts.tokens.tokens == 0 || claim.of.aggregation == Some(Aggregation::Other);
    known.unwrap_or(Answer::Missing(if is_unknown { NO_ROWS } else { NO_FORMULA }))
}

/// Derived from the plain fields of the rows: by the metric's definition, otherwise from the column with its name.
fn of_columns(asked: &Asked<'_>, rows: Option<&MetricRows>) -> Option<Found> {
    let columns = asked.facts.columns;
    if asked.claim.of.stderr || rows.is_some() || columns.rows == 0 && columns.facts.rows == 0 {
        return None;
    }
    if let Some(found) = of_counted(asked).or_else(|| of_weight(asked)) {
        return Some(found);
    }
    let known = catalogue::of_columns(&asked.claim.of.metric).and_then(|of| of(asked));
    match known.or_else(|| spread(asked)) {
        Some(found) if found.verdict != Verdict::Unprovable || found.remark.is_some() => Some(found),
        known => search(asked).or(known),
    }
}

/// The same of plain fields of the rows that are yes or no: the mean over them all, beside the n of rows × fields.
fn of_exclusive_columns(asked: &Asked<'_>, reported: Approx) -> Option<Found> {
    let columns = asked.facts.columns;
    let is_flag = |own: &&ColumnRows| {
        let (values, squares) = (own.values.value(), own.squares.value());
        own.numbers == columns.rows && own.beyond == 0 && own.not_finite == 0 && is(values, squares)
    };
    let flags: Vec<(&String, &ColumnRows)> = columns.named().filter(|(_, own)| is_flag(own)).collect();
    let rows = columns.rows as f64;
    let sum: f64 = flags.iter().map(|(_, own)| own.values.value()).sum();
    let constant = Approx::exact(1.0).over(flags.len() as f64);
    let is_counted = asked.counted.is_some_and(|counted| is(counted, rows * flags.len() as f64));
    let is_of_all = named::column(&asked.claim.of.metric, columns).is_none() && !asked.claim.of.stderr;
    if flags.len() < 2 || columns.rows == 0 || !is_counted || !is_of_all || !is(sum, rows) || !gives(constant, reported)
    {
        return None;
    }
    let names: Vec<&str> = flags.iter().map(|(name, _)| name.as_str()).collect();
    let why = format!(
        "is the mean over {}, which add up to 1, so that any model gets {}; n is {} rows × {} fields",
        names.join(", "),
        show(reported.value),
        columns.rows,
        flags.len()
    );
    let means = flags.iter().map(|(name, own)| format!("{name} {}", show(own.values.value() / rows)));
    let derived = Derived::new(Approx::exact(f64::NAN), "mean over exclusive metrics");
    Some(Found::refuted(derived, AggregateCause::Mismatch, &why, means.collect::<Vec<_>>().join(", ")))
}

/// A declared weight of the rewards, against the weight that their rows follow.
fn of_weight(asked: &Asked<'_>) -> Option<Found> {
    let part = asked.claim.of.metric.strip_prefix(reward_sums::WEIGHTS)?.strip_prefix('.')?;
    let solved = asked.facts.columns.facts.reward_sums.solve(|_| None)?;
    let weight = Approx::exact(solved.weight(part)?).rounded(16.0, NumberFormat::F32);
    let derived = Derived::new(weight, format!("weight of {part} in {}", solved.formula(&solved.weights)));
    // The rule on the rewards says what the rows follow instead.
    Some(if gives(weight, asked.reported()) { Found::proven(derived) } else { Found::open(derived, NO_FORMULA) })
}

/// The mean of what a format finds over several rows.
fn of_counted(asked: &Asked<'_>) -> Option<Found> {
    let own = asked.facts.columns.facts.counted.get(&asked.claim.of.metric)?;
    let sum = Approx::exact(own.sum.value.value());
    let sum = Approx::running_sum(sum, own.sum.size.value(), own.rows, NumberFormat::F64);
    let derived = Derived::new(sum.over(own.count.value.value()), format!("mean over {} instances", own.rows));
    let reported = asked.reported();
    Some(if asked.facts.is_doubled {
        Found::open(derived, DOUBLED)
    } else if gives(derived.value, reported) {
        Found::proven(derived)
    } else {
        let arithmetic = format!("{} = {}", derived.definition, show(derived.value.value));
        Found::refuted(derived, AggregateCause::Mismatch, "", arithmetic)
    })
}

/// A mean over several metrics, if exactly one of them holds in every row. It is the same for any model.
fn of_exclusive(asked: &Asked<'_>, reported: Approx) -> Option<Found> {
    let (facts, all) = (asked.facts, asked.facts.rows);
    let is_other = asked.claim.of.aggregation == Some(Aggregation::Other) && !asked.claim.of.stderr;
    let is_whole = all.values().all(|rows| rows.numbers == facts.items && rows.rows == facts.items && !rows.custom);
    if !is_other || all.len() < 2 || facts.items == 0 || !is_whole || catalogue::is_count(asked.claim) {
        return None;
    }
    let (items, sum) = (facts.items as f64, all.values().map(|rows| rows.values.value()).sum::<f64>());
    let constant = Approx::exact(1.0).over(all.len() as f64);
    if !is(sum, items) || !gives(constant, reported) {
        return None;
    }
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    let means = all.iter().map(|(name, rows)| format!("{name} {}", show(rows.values.value() / items)));
    let counted = asked.counted.filter(|counted| is(*counted, items * all.len() as f64));
    let counted = counted.map_or_else(String::new, |counted| {
        format!("; n is {} = {} rows × {} metrics", show(counted), facts.items, all.len())
    });
    let why = format!(
        "is the mean over {}, which add up to 1, so that any model gets {}{counted}",
        names.join(", "),
        show(reported.value)
    );
    let derived = Derived::new(Approx::exact(f64::NAN), "mean over exclusive metrics");
    Some(Found::refuted(derived, AggregateCause::Mismatch, &why, means.collect::<Vec<_>>().join(", ")))
}

/// The aggregation: as stated by the format, otherwise as defined for the metric's name.
fn aggregation(claim: &RunClaim) -> Option<Aggregation> {
    claim.of.aggregation.or_else(|| by_name(&claim.of.metric)?.aggregation)
}

fn of_rows(claim: &RunClaim, rows: &MetricRows) -> Answer {
    let derive = |aggregation: Aggregation| aggregation.derive(claim.of.row_metric(), rows);
    if rows.custom || claim.of.custom {
        // A mean is a mean, whichever code computes the rows.
        let derived = claim.of.aggregation.and_then(derive);
        return derived.map_or(Answer::Missing(CUSTOM), |derived| Answer::Maybe(derived, CUSTOM));
    }
    match aggregation(claim) {
        None | Some(Aggregation::Other) => Answer::Missing(NO_FORMULA),
        Some(aggregation) => derive(aggregation).map_or(Answer::Missing(NO_ROWS), Answer::Derived),
    }
}

fn stderr_of_rows(claim: &RunClaim, rows: &MetricRows) -> Answer {
    let Some(aggregation) = aggregation(claim).filter(|aggregation| aggregation.has_stderr()) else {
        return Answer::Missing(RANDOM);
    };
    if rows.rows < 2 {
        return Answer::Missing(FEW);
    }
    let scaled = |own: Derived| Derived { value: own.value.scaled(aggregation.unit()), ..own };
    match aggregate::stderr(rows).map(scaled) {
        Some(derived) if rows.custom => Answer::Maybe(derived, CUSTOM),
        Some(derived) => Answer::Derived(derived),
        None => Answer::Missing(NO_ROWS),
    }
}

/// Finds the cause of a wrong number.
fn explain(
    judged: &mut JudgedMetric<'_>,
    rows: Option<&MetricRows>,
    facts: &RunFacts<'_>,
    claim: Approx,
    right: Approx,
) {
    let is_percent = is_percent(judged.claim);
    let refuted = Refuted { claim, right, definition: &judged.definition, rows, facts, is_percent };
    let shown = show(right.value);
    let what = match (judged.claim.of.stderr, aggregation(judged.claim)) {
        (true, _) => Some(Without::Stderr),
        (false, Some(Aggregation::Mean)) => Some(Without::Mean),
        (false, Some(Aggregation::Rows)) => Some(Without::Rows),
        _ => None,
    };
    if let Some((value, why)) = rows.zip(what).and_then(|(rows, what)| wrong::without_failed(claim, rows, what)) {
        judged.why = why;
        let arithmetic =
            format!("{} over all rows: {shown}; without those with `error`: {}", judged.definition, show(value.value));
        return judged.refute(AggregateCause::DroppedRows, arithmetic);
    }
    let (cause, arithmetic) = if judged.claim.of.stderr {
        wrong::explain(&refuted, wrong::OF_STDERRS)
            .unwrap_or_else(|| (AggregateCause::Stderr, format!("sd/√{} = {shown}", wrong::rows(&refuted))))
    } else {
        wrong::explain(&refuted, catalogue::variants(judged.claim)).unwrap_or_else(|| {
            let own = format!("{} = {shown}", judged.definition);
            let is_fraction = by_name(&judged.claim.of.metric).is_some_and(|metric| metric.kind == Kind::Fraction);
            let other = wrong::other_unit(claim, right).filter(|_| !is_fraction);
            (AggregateCause::Mismatch, other.map_or_else(|| own.clone(), |other| format!("{own}; {other}")))
        })
    };
    judged.refute(cause, arithmetic);
}

/// The rows that a proven mean leaves out: of a share of correct items, or of a mean of row values. None if the share
/// is declared to cover only rows with a value, if the other rows belong to other metrics, or if the digits cannot
/// tell.
fn partial(asked: &Asked<'_>, rows: Option<&MetricRows>, reported: Approx, derived: Approx) -> Option<Partial> {
    let Asked { claim, facts, counted, .. } = *asked;
    let is_mean = |own: Aggregation| matches!(own, Aggregation::Mean | Aggregation::PercentMean);
    let over = match rows {
        _ if claim.of.stderr => return None,
        Some(rows) => {
            let without = facts.unmeasured + rows.not_finite;
            let is_whole = rows.numbers + without == facts.items;
            (is_whole && aggregation(claim).is_some_and(is_mean)).then_some(rows.numbers)?
        }
        None if catalogue::is_named_share_of_items(claim) || catalogue::is_share_of_items(claim) => {
            let (right, known) = facts.right?;
            let unit = if is_percent(claim) { 100.0 } else { 1.0 };
            let of_known = Approx::exact(unit * right as f64).over(known as f64);
            let is_of_known = compare(derived, of_known).is_proven();
            let is_stated = counted.is_some_and(|counted| is(counted, known as f64));
            (is_of_known && !is_stated).then_some(known)?
        }
        None => return None,
    };
    if over == 0 || over >= facts.items {
        return None;
    }
    let with_zeros = derived.scaled(over as f64 / facts.items as f64);
    let differs = !compare(reported, with_zeros).is_proven();
    let shared = named::column(&claim.of.metric, facts.columns).and_then(|column| facts.columns.left_out(column.name));
    differs.then_some(Partial { over, of: facts.items, with_zeros: with_zeros.value, shared })
}

/// Refutes a number that is NaN, infinite or null if the rows give a finite one.
fn not_finite(judged: &mut JudgedMetric<'_>, asked: &Asked<'_>) {
    let Asked { claim, facts, .. } = *asked;
    let rows = facts.rows.get(claim.of.row_metric());
    let hidden = claim.of.custom || facts.is_doubled || rows.is_some_and(|rows| rows.not_finite > 0);
    let derived = match answer(asked, rows) {
        Answer::Derived(derived) => derived,
        Answer::Missing(_) if rows.is_none() && !claim.of.stderr => {
            let Some(derived) = search::of_whole_column(&claim.of.metric, facts) else { return };
            derived
        }
        _ => return,
    };
    if hidden || !derived.value.value.is_finite() {
        return;
    }
    judged.reported = asked.printed.value;
    judged.recomputed = Some(derived.value.value);
    judged.bound = derived.value.half;
    let arithmetic = format!("{} = {} over the rows", derived.definition, show(derived.value.value));
    judged.refute(AggregateCause::NotFinite, arithmetic);
    judged.definition = derived.definition;
}

/// Refutes a fraction outside its range, whatever the rows are.
fn out_of_range(judged: &mut JudgedMetric<'_>, rows: Option<&MetricRows>) {
    let is_fraction = by_name(&judged.claim.of.metric).is_some_and(|metric| metric.kind == Kind::Fraction);
    let is_bare = !judged.claim.of.stderr && rows.is_none() && judged.claim.of.aggregation.is_none();
    // Above 100 it is not a percentage either. Some harnesses define `exact_match` differently.
    let range = if is_fraction && is_bare && !(0.0..=1.0).contains(&judged.reported) {
        "0 … 1"
    } else if judged.claim.of.aggregation == Some(Aggregation::Other)
        && !judged.claim.of.stderr
        && catalogue::is_no_share(&judged.claim.of.metric, judged.reported)
    {
        "0 … 1, also as a percentage"
    } else {
        return;
    };
    judged.refute(AggregateCause::Percent, format!("{} is outside {range}", show(judged.reported)));
}

/// Whether the format declares a number as a percentage.
fn is_percent(claim: &RunClaim) -> bool {
    claim.of.aggregation == Some(Aggregation::PercentMean)
}
