//! Claims that could not be checked, and the field to log.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::audit::ColumnPlan;
use crate::conclude::diagnosis::{self, Explanation};
use crate::conclude::picks::Picks;
use crate::config::{Levels, Promise};
use crate::model::Place;
use crate::numeric::show;
use crate::report::{ClaimKey, Coverage, InputError};
use crate::rules::{Catalogue, Fields};
use crate::tally::{ColumnTally, Gap, ItemTally};

/// Gaps collected over all runs.
#[derive(Default)]
pub(super) struct Gaps {
    claims: BTreeMap<(ClaimKey, Cow<'static, str>, &'static str), u64>,
    seen: Fields,
    looked: bool,
    refused: RefusedRows,
}

/// Unreadable rows, by the directory of the metrics that they may decide.
#[derive(Default)]
pub(super) struct RefusedRows {
    /// The directory of each input.
    directories: Vec<String>,
    /// Why the rows of a directory are not read, as a sentence.
    by_directory: BTreeMap<String, String>,
}

impl RefusedRows {
    /// Maximum number of fields named.
    const NAMED: usize = 8;

    /// Collects the inputs with rows that no format recognises.
    pub(super) fn new(errors: &[InputError], paths: &[&str]) -> Self {
        let directory = |path: &str| path.rsplit_once('/').map_or(".", |(directory, _)| directory).to_owned();
        let mut by_directory = BTreeMap::new();
        for error in errors.iter().filter(|error| !error.fields.is_empty()) {
            let mut fields: Vec<&str> = error.fields.iter().take(Self::NAMED).map(String::as_str).collect();
            if error.fields.len() > Self::NAMED {
                fields.push("…");
            }
            let name = error.path.rsplit('/').next().unwrap_or(&error.path);
            let sentence = format!(
                "the rows in `{name}` are not read: unrecognised log format with the fields {}",
                fields.join(", ")
            );
            by_directory.entry(directory(&error.path)).or_insert(sentence);
        }
        Self { directories: paths.iter().map(|path| directory(path)).collect(), by_directory }
    }

    /// Why the rows in a metric's directory are not read.
    fn of(&self, place: &Place) -> Option<&str> {
        let directory = self.directories.get(place.file as usize)?;
        self.by_directory.get(directory).map(String::as_str)
    }
}

impl Gaps {
    /// No gaps yet, in an audit that refused some rows.
    pub(super) fn new(refused: RefusedRows) -> Self {
        Self { refused, ..Self::default() }
    }

    /// Claims of a column that could not be judged.
    pub(super) fn column(&mut self, name: &str, column: &ColumnTally, plan: &ColumnPlan, explanation: &Explanation) {
        let gaps: u64 = column.gaps.values().sum();
        let undecided = diagnosis::verdicts(column, plan.chosen, explanation).unprovable - gaps;
        if undecided > 0 {
            let (reason, log) = match explanation {
                Explanation::Unknown => {
                    (unknown(column, plan), "its formula under [conventions], or a name that says what it is")
                }
                Explanation::MaybeHalf => (
                    "the claims follow if a sum was added up in 16 bits, and too few rows show that it was".into(),
                    "more rows, or more digits of the number",
                ),
                _ => (too_coarse(column, plan), "more digits of the log-probs and of the number"),
            };
            let key = (ClaimKey::column(name), reason, log);
            *self.claims.entry(key).or_default() += undecided;
        }
        for (gap, count) in &column.gaps {
            let (reason, log) = match gap {
                Gap::NoSteps => ("no token-level values are logged", "logprobs (one per token)"),
                Gap::UnknownSteps => ("some scored tokens have no log-prob", "a log-prob for every scored token"),
                Gap::NoClaim => ("the claim has no value", name_of_claim()),
                Gap::SeveralClaims => (
                    "the tokens of one candidate have different values of it",
                    "one number per candidate, in every row of it or in one",
                ),
                Gap::NoField => ("some rows lack the field", "the field in every row"),
                Gap::NoOperand => ("its formula needs the text or its length", "continuation (the scored text)"),
            };
            *self.claims.entry((ClaimKey::column(name), reason.into(), log)).or_default() += count;
        }
    }

    /// Picks and flags that could not be judged. `beside` names the numbers that are proven from reported correctness.
    pub(super) fn picks(&mut self, items: &ItemTally, picks: &Picks<'_>, beside: &str) {
        let mut add = |what: ClaimKey, count: u64, reason: Cow<'static, str>, log: &'static str| {
            if count > 0 {
                *self.claims.entry((what, reason, log)).or_default() += count;
            }
        };
        let unprovable = picks.verdicts().unprovable;
        let undecided = unprovable.saturating_sub(items.picks.unprovable);
        if let Some(reason) = picks.undecided() {
            add(ClaimKey::Pick, undecided, reason.into(), "more items, or what decides the pick");
        }
        add(
            ClaimKey::Pick,
            unprovable - undecided,
            "scores or the picked candidate are missing".into(),
            "score of every candidate",
        );
        let lacks_pick = format!("the pick or the gold answer is missing{beside}");
        add(ClaimKey::Correct, items.correct.unprovable, lacks_pick.into(), "pick and gold");
        let lacks_top = "no alternatives are logged";
        add(ClaimKey::Greedy, items.greedy.unprovable, lacks_top.into(), "top_logprobs (with token ids)");
    }

    /// Claims of any kind for which something is missing.
    pub(super) fn missing(&mut self, what: &ClaimKey, reason: Cow<'static, str>, log: &'static str, count: u64) {
        *self.claims.entry((what.clone(), reason, log)).or_default() += count;
    }

    /// A run metric for which something is missing, such as unreadable rows in its directory.
    pub(super) fn of_run(&mut self, what: &ClaimKey, place: &Place, reason: &'static str, log: &'static str) {
        let (reason, log) = match self.refused.of(place) {
            Some(refused) => (refused.to_owned().into(), "rows of a known format, or map their fields under [input]"),
            None => (reason.into(), log),
        };
        *self.claims.entry((what.clone(), reason, log)).or_default() += 1;
    }

    /// Fields of a stream, for rules that could not run.
    pub(super) fn rules(&mut self, fields: Fields) {
        self.seen = self.seen.with(fields);
        self.looked = true;
    }

    /// Fields that an enabled rule needs but no row has, in the order of [`Fields::NAMES`].
    pub(super) fn skipped_fields(&self, catalogue: &Catalogue, levels: &Levels) -> Vec<String> {
        if !self.looked {
            return Vec::new();
        }
        let mut needed = Fields(0);
        for rule in catalogue.rules() {
            let page = rule.page();
            // Only rollouts have log-probs from two sides. Other logs do not lack them.
            let skipped = !self.seen.has(page.fields()) && !page.needs.contains(&"engine_logprobs");
            if skipped && levels.of(page.code, page.severity, "").is_some() {
                needed = needed.with(page.fields());
            }
        }
        needed.names().filter(|name| !self.seen.has(Fields::named(name))).map(str::to_owned).collect()
    }

    /// All gaps, in a fixed order.
    pub(super) fn into_coverage(self) -> Vec<Coverage> {
        self.claims
            .into_iter()
            .map(|((what, reason, log), count)| Coverage {
                what,
                reason: reason.into_owned(),
                log: log.to_owned(),
                count,
            })
            .collect()
    }
}

/// A bound with two digits.
fn at_most(bound: f64) -> String {
    let places = -crate::numeric::log10(bound).floor() + 1.0;
    if (0.0..15.0).contains(&places) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie within range")]
        let text = format!("{bound:.*}", places as usize);
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        show(bound)
    }
}

/// Why a number is an unknown quantity. This includes a number whose name promises nothing and which follows from the
/// tokens in only some rows.
fn unknown(column: &ColumnTally, plan: &ColumnPlan) -> Cow<'static, str> {
    let follows = column.accepted.get(plan.chosen).copied().unwrap_or(0);
    if plan.spec.promise == Promise::Matched && follows > 0 {
        let formula = plan.convention();
        return format!(
            "`{}` does not say what it is: {formula} gives {} of {} rows, and none gives all",
            plan.spec.column.name, follows, column.judged
        )
        .into();
    }
    match column.closeness.claims {
        Some((low, high)) if high > 0.0 => {
            format!("its values, from {} to {}, are no log-probs: an unknown quantity", show(low), show(high)).into()
        }
        _ => "nothing relates its values to the tokens: an unknown quantity".into(),
    }
}

/// Why rows within rounding are not proven, with the first of them.
fn too_coarse(column: &ColumnTally, plan: &ColumnPlan) -> Cow<'static, str> {
    if let Some(cast) = diagnosis::possible_cast(column, plan.chosen) {
        return format!(
            "the claims follow if a result was stored as {} before it was printed, and have too few digits to show that it was",
            cast.format.name()
        )
        .into();
    }
    let row = column.rounded_rows.kept().first();
    let Some((row, fit)) = row.and_then(|row| Some((row, row.convention?))) else {
        return "its digits are as coarse as the values, or it is one number for different tokens: rounding alone may make \
                it agree"
            .into();
    };
    format!(
        "the printed numbers give {} = {}; {} would need rounding of up to {}: too coarse to decide",
        plan.convention(),
        show(fit.derived.value),
        show(row.claimed.value),
        at_most(fit.derived.half + row.claimed.half)
    )
    .into()
}

fn name_of_claim() -> &'static str {
    "the number instead of null"
}
