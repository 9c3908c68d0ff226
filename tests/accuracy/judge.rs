//! Compares the audit's answer on a log with the truth.

use retally::formula::Formula;
use retally::report::{Certainty, ClaimKey, Diagnosis, Evidence, Location, Report};
use retally::{Audit, Config, Input};

use super::log::{Class, Log, Row};
use super::recipe::Recipe;

/// The rule for sums added up in half precision.
pub(crate) const HALF: &str = "RT805";

/// The audit's answer on one log.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub(crate) struct Outcome {
    /// Codes of all findings.
    pub(crate) codes: Vec<String>,
    /// Codes of certain findings.
    pub(crate) certain: Vec<String>,
    /// Whether the column was judged at all.
    pub(crate) read: bool,
    /// Whether a certain finding is about the column.
    pub(crate) detected: bool,
    /// Whether the true formulas are reported, each as the best one or as one of an ambiguous pair.
    pub(crate) named: bool,
    /// Whether the change of a mixture is located between its groups.
    pub(crate) placed: bool,
    /// Whether exactly the wrong rows are refuted, and only wrong ones are displayed.
    pub(crate) listed: bool,
    pub(crate) proven: u64,
    /// The audit's answer in brief, to inspect a failure.
    pub(crate) said: String,
}

impl Outcome {
    /// Whether the audit gives the answer required by the log's class.
    pub(crate) fn is_right(&self, class: Class) -> bool {
        self.read
            && match class {
                Class::Correct => self.certain.is_empty(),
                Class::Single | Class::Pair => self.detected && self.named,
                Class::Mixture => self.named && self.placed,
                Class::EndInSome => self.named,
                Class::Few => self.listed,
                Class::HalfSum => self.certain.iter().all(|code| code == HALF),
                Class::Coarse => self.proven == 0,
                Class::Unknown => self.certain.is_empty(),
            }
    }
}

/// Audits a log.
pub(crate) fn judge(log: &Log) -> Outcome {
    let input = Input::bytes(log.shape.file(), log.bytes().into_bytes());
    let report = Audit::new(Config::default()).input(input).threads(1).run();
    let Ok(report) = report else { return Outcome::default() };
    let verdicts =
        report.claims.iter().filter(|claim| claim.claim == ClaimKey::column(log.name)).map(|claim| claim.verdicts);
    let (proven, refuted, all) = verdicts.fold((0, 0, 0), |(proven, refuted, all), counts| {
        (proven + counts.proven, refuted + counts.refuted, all + counts.proven + counts.refuted + counts.unprovable)
    });
    let certain = report.findings.iter().filter(|finding| finding.certainty == Certainty::Certain);
    let detected = certain.clone().any(|finding| finding.claim == log.name);
    let diagnosis = report.diagnoses.iter().find(|diagnosis| diagnosis.claim == log.name);
    let groups = diagnosis.map_or(&[][..], |diagnosis| &diagnosis.groups);
    let named = match log.class {
        Class::Mixture | Class::EndInSome => (0..log.recipes.len()).all(|at| {
            let rows: Vec<&Row> = log.rows.iter().filter(|row| row.follows == at).collect();
            let group =
                |signature: &str| recipe(signature).is_some_and(|said| same(log, &rows, &said, &log.recipes[at]));
            groups.iter().any(|found| group(&found.formula))
        }),
        _ => {
            let rows: Vec<&Row> = log.rows.iter().collect();
            let truth = log.recipes.last().copied();
            let said = named(&report, diagnosis);
            truth.is_some_and(|truth| said.iter().any(|said| same(log, &rows, said, &truth)))
        }
    };
    Outcome {
        codes: report.findings.iter().map(|finding| finding.code.clone()).collect(),
        certain: certain.map(|finding| finding.code.clone()).collect(),
        // An unknown quantity need not be a claim.
        read: report.errors.is_empty() && (all == log.rows.len() as u64 || log.class == Class::Unknown),
        detected,
        named,
        placed: is_placed(log, groups.iter().map(|group| (&group.first, &group.last))),
        listed: is_listed(log, &report, refuted),
        proven,
        said: format!("proven {proven}, refuted {refuted}; {}", said(&report, diagnosis)),
    }
}

/// The recipes that a report names for a column with one deviation in all rows.
fn named(report: &Report, diagnosis: Option<&Diagnosis>) -> Vec<Recipe> {
    let Some(diagnosis) = diagnosis else { return Vec::new() };
    let second = diagnosis.runner_up.as_ref().filter(|_| diagnosis.ambiguous);
    let formulas = diagnosis.best.iter().chain(second).filter_map(|signature| recipe(signature));
    let convention = recipe(&diagnosis.convention);
    let shifts = report.findings.iter().filter(|finding| finding.claim == diagnosis.claim);
    let shifts = shifts.filter_map(|finding| match &finding.evidence {
        Evidence::Column(column) => Some(Recipe { shift: column.constant?.0, ..convention? }),
        _ => None,
    });
    formulas.chain(shifts).collect()
}

/// The recipe for a signature: a formula, with an optional `a*` before it and `+ b` after it.
fn recipe(signature: &str) -> Option<Recipe> {
    if let Ok(formula) = signature.parse::<Formula>() {
        return Some(Recipe::of(formula));
    }
    for (separator, sign) in [(" + ", 1.0), (" - ", -1.0)] {
        if let Some((rest, shift)) = signature.rsplit_once(separator)
            && let (Ok(shift), Some(inner)) = (shift.trim().parse::<f64>(), recipe(rest.trim()))
        {
            return Some(Recipe { shift: inner.shift + sign * shift, ..inner });
        }
    }
    let (factor, rest) = signature.split_once('*')?;
    let inner = recipe(rest.trim())?;
    Some(Recipe { factor: inner.factor * factor.trim().parse::<f64>().ok()?, ..inner })
}

/// Whether two recipes are the same function on this log, within its digits.
fn same(log: &Log, rows: &[&Row], a: &Recipe, b: &Recipe) -> bool {
    a == b
        || rows.iter().all(|row| {
            let known = |recipe: &Recipe| recipe.known(&row.sequence, &log.arithmetic);
            match (known(a), known(b)) {
                (Some(a), Some(b)) => a.agrees(&b),
                (a, b) => a.is_none() && b.is_none(),
            }
        })
}

/// The number of an item from its id in the log.
fn item(location: &Location) -> Option<usize> {
    location.item.strip_prefix('q')?.parse().ok()
}

/// Whether two groups of rows meet where the recipe changes. Rows that fit both recipes may lie between them.
fn is_placed<'l>(log: &Log, groups: impl Iterator<Item = (&'l Location, &'l Location)>) -> bool {
    let Some(change) = log.deviating().map(|row| row.item).min() else { return false };
    let mut ranges: Vec<(usize, usize)> =
        groups.filter_map(|(first, last)| Some((item(first)?, item(last)?))).collect();
    ranges.sort_unstable();
    let [(_, end), (start, _)] = ranges[..] else { return false };
    let [first, second] = log.recipes[..] else { return false };
    let unclear = |row: &Row| !log.differs(row, &first, &second);
    let between = log.rows.iter().filter(|row| row.item > end && row.item < start);
    end < change && change <= start && between.into_iter().all(unclear)
}

/// Whether the number of refuted rows equals the number of wrong rows, and only wrong rows are displayed.
fn is_listed(log: &Log, report: &Report, refuted: u64) -> bool {
    let wrong: Vec<&Row> = log.deviating().collect();
    // The low precision of a score's storage is a finding about the column, not about its wrong rows.
    let of_rows = |code: &str| code != "RT801";
    let mut shown =
        report.findings.iter().filter(|finding| finding.claim == log.name && of_rows(&finding.code)).peekable();
    shown.peek().is_some()
        && refuted == wrong.len() as u64
        && shown.flat_map(|finding| &finding.locations).all(|location| {
            let item = item(location);
            wrong.iter().any(|row| Some(row.item) == item && is_candidate(row, location))
        })
}

fn is_candidate(row: &Row, location: &Location) -> bool {
    let candidate = location.candidate.as_str();
    candidate == row.id().to_string() || candidate == row.candidate.to_string() || candidate.is_empty()
}

fn said(report: &Report, diagnosis: Option<&Diagnosis>) -> String {
    let mut parts: Vec<String> = report.findings.iter().map(|finding| finding.code.clone()).collect();
    if let Some(diagnosis) = diagnosis {
        parts.extend(diagnosis.best.clone());
        parts.extend(diagnosis.runner_up.iter().filter(|_| diagnosis.ambiguous).map(|other| format!("or {other}")));
        parts.extend(diagnosis.groups.iter().map(|group| format!("{} in {}", group.formula, group.rows)));
    }
    parts.extend(report.errors.first().map(|error| error.reason.clone()));
    parts.join("; ")
}
