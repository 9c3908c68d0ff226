//! What `retally init` writes: a configuration that says what a log was taken for, and files for CI.
//!
//! An audit with the configuration finds what an audit without it finds: a line takes effect only when it says what
//! all rows prove and no other accepted formula fits. Everything else is a comment for the user to decide on.

pub mod ci;
mod evidence;
mod keep;
mod propose;

use std::collections::BTreeMap;

use crate::config::{ColumnSpec, accepted, both_ends};
use crate::engine::{Choice, RecognisedInput, field_shapes};
use crate::format::native::roles::{self, Role};
use crate::format::shape::FieldShape;
use crate::format::{MappedField, MappedRole};
use crate::formula::Formula;
use crate::report::words::{count, rows};
use crate::report::{ClaimKey, ClaimReport, Diagnosis, InputError, Report, visible};

pub use evidence::evidence;
pub use propose::{Proposal, propose};

/// Maximum number of inputs, runs and claims that are listed.
const LISTED: usize = 20;

/// One input as detected.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The path as shown.
    pub path: String,
    /// The name of its format.
    pub format: String,
    /// Whether the configuration can name its fields and conventions.
    pub is_mappable: bool,
    /// What each field was taken for.
    pub mapping: Vec<MappedField>,
    /// The columns of claims that its format knows.
    pub columns: Vec<ColumnSpec>,
    /// What its fields look like, where the configuration can name them.
    pub shapes: Vec<FieldShape>,
}

impl Seen {
    /// The detected properties of an opened input.
    #[must_use]
    pub fn of(opened: &RecognisedInput) -> Self {
        Self {
            path: opened.input.path.clone(),
            format: opened.format.to_owned(),
            is_mappable: opened.is_mappable,
            mapping: opened.reader.mapping(),
            columns: opened.reader.columns().to_vec(),
            shapes: if opened.is_mappable { field_shapes(opened) } else { Vec::new() },
        }
    }

    /// The column of a claim, if the configuration can declare its convention.
    fn column(&self, name: &str) -> Option<&ColumnSpec> {
        self.columns.iter().find(|spec| self.is_mappable && *spec.column.name == *name)
    }
}

/// What takes effect of a new configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Active {
    /// Conventions.
    pub pins: Vec<Pin>,
    /// Fields whose roles were found by their values: the key of the role, and the path.
    pub fields: Vec<(String, String)>,
}

/// A field that may be chosen for a role, and the claims that are proven with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The field.
    pub choice: Choice,
    /// Number of claims that are proven with it and not without it.
    pub proven: u64,
}

impl Open {
    /// The line that chooses the field.
    fn line(&self) -> String {
        format!("{} = {}", key(&self.choice.role), string(&self.choice.field))
    }

    /// What it would prove.
    fn would_prove(&self) -> String {
        match self.proven {
            0 => self.choice.evidence.clone(),
            1 => format!("would prove 1 claim: {}", self.choice.evidence),
            number => format!("would prove {} claims: {}", count(number), self.choice.evidence),
        }
    }
}

/// A convention that can take effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Pin {
    /// The column.
    pub claim: String,
    /// The formula that all its rows match.
    pub formula: Formula,
    /// Other formulas accepted without a configuration.
    pub others: Vec<Formula>,
}

/// The conventions that all rows prove and that say more than the default does.
#[must_use]
pub fn pins(seen: &[Seen], report: &Report) -> Vec<Pin> {
    let claims = by_claim(report);
    let pins = claims.into_iter().filter_map(|(claim, held)| {
        let formula = proven(&held)?;
        let spec = seen.iter().find_map(|input| input.column(claim))?;
        let pinned = both_ends(&[formula]);
        let others: Vec<Formula> = spec.accepted.iter().filter(|other| !pinned.contains(other)).copied().collect();
        (!others.is_empty()).then(|| Pin { claim: claim.to_owned(), formula, others })
    });
    pins.collect()
}

/// Whether a column is a claim by its values, which no name and no declaration says.
fn is_by_value(seen: &[Seen], claim: &str) -> bool {
    let is_found = |field: &MappedField| field.field.path == claim && !field.evidence.is_empty();
    seen.iter().any(|input| input.is_mappable && input.mapping.iter().any(is_found))
}

/// What says of the logs how they were read: the roles that their values say, and the claims that follow in all rows, or those
/// that are refuted, too.
#[must_use]
pub fn found_by_value(seen: &[Seen], report: &Report, with_refuted: bool) -> Active {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut pins = Vec::new();
    let mappable = || seen.iter().filter(|input| input.is_mappable);
    for field in mappable().flat_map(|input| &input.mapping).filter(|field| !field.evidence.is_empty()) {
        if let MappedRole::Role(role) = field.role {
            let key = roles::key(role);
            if !fields.iter().any(|(known, _)| *known == key) {
                fields.push((key, field.field.path.clone()));
            }
        }
    }
    if fields.is_empty() {
        return Active::default();
    }
    for (claim, held) in by_claim(report) {
        let Some(spec) = seen.iter().find_map(|input| input.column(claim)).filter(|_| is_by_value(seen, claim)) else {
            continue;
        };
        let refuted = || held.first().filter(|_| with_refuted).and_then(|claim| claim.convention.parse().ok());
        let Some(formula) = proven(&held).or_else(refuted) else { continue };
        let key = roles::key(Role::Claim(spec.column.kind));
        let is_free = !fields.iter().any(|(known, _)| *known == key);
        let is_usual = accepted(spec.column.kind).contains(&formula);
        if is_free {
            fields.push((key, claim.to_owned()));
        }
        if !is_free || !is_usual {
            pins.push(Pin { claim: claim.to_owned(), formula, others: Vec::new() });
        }
    }
    Active { pins, fields }
}

/// Whether all rows of a column prove its convention.
#[must_use]
pub fn is_proven(report: &Report, claim: &str) -> bool {
    by_claim(report).get(claim).is_some_and(|held| proven(held).is_some())
}

/// A configuration that only declares one formula for each column.
#[must_use]
pub fn pinned<'p>(pins: impl IntoIterator<Item = (&'p str, Formula)>) -> String {
    let lines = pins.into_iter().map(|(claim, formula)| format!("{} = {}\n", key(claim), string(&formula.to_string())));
    format!("[conventions]\n{}", lines.collect::<String>())
}

/// Claims that are checked against a formula, by name.
fn by_claim(report: &Report) -> BTreeMap<&str, Vec<&ClaimReport>> {
    let mut claims: BTreeMap<&str, Vec<&ClaimReport>> = BTreeMap::new();
    for claim in report.claims.iter().filter(|claim| !claim.convention.is_empty()) {
        if let ClaimKey::Column(name) = &claim.claim {
            claims.entry(name).or_default().push(claim);
        }
    }
    claims
}

/// The one formula that all rows of a column prove.
fn proven(held: &[&ClaimReport]) -> Option<Formula> {
    let first = held.first()?;
    let whole = held.iter().all(|claim| {
        let verdicts = claim.verdicts;
        claim.convention == first.convention && verdicts.proven > 0 && verdicts.proven == verdicts.total()
    });
    first.convention.parse().ok().filter(|_| whole)
}

/// The address of the schema of a configuration; nothing before the documentation has an address.
fn schema() -> String {
    match env!("CARGO_PKG_HOMEPAGE") {
        "" => String::new(),
        base => format!("#:schema {base}/retally.schema.json\n"),
    }
}

/// The configuration as a text, with what takes effect of it.
#[must_use]
pub fn configuration(
    seen: &[Seen],
    errors: &[InputError],
    report: &Report,
    active: &Active,
    choices: &[Open],
) -> String {
    let mut text = schema();
    text.push_str(
        "# How retally read these logs. Remove the leading # to activate a line; unchanged, the file does not affect the\n\
         # result of an audit.\n#\n",
    );
    let inputs = seen.iter().map(|input| format!("{}: {}", visible(&input.path), input.format));
    let unread = errors.iter().map(|error| format!("{}: not read: {}", visible(&error.path), visible(&error.reason)));
    listed(&mut text, inputs.chain(unread).collect());
    text.push_str("\n# The formula that each column is checked against. From a list, the formula that matches most rows is used.\n");
    text.push_str("[conventions]\n");
    conventions(&mut text, seen, report, &active.pins);
    text.push_str(
        "\n# Field of each role, as recognised. Keys and list positions are joined by dots, also through lists: \"out.pieces.lp\".\n",
    );
    text.push_str("[input]\n");
    input_fields(&mut text, seen, &active.fields);
    for (at, open) in choices.iter().enumerate() {
        let input = &open.choice.input;
        if at == 0 || choices.get(at - 1).is_some_and(|before| before.choice.input != *input) {
            text.push_str(&format!("# {}: these fields fit alike; activate one of them:\n", visible(input)));
        }
        text.push_str(&format!("# {}  # {}\n", open.line(), visible(&open.would_prove())));
    }
    text.push_str(
        "# Numbers that mean \"no value\" in these logs.\n# sentinels = [-100.0]\n\n\
         # Rule severities: error, warning, note or off. Run `retally rules` for a list of rules.\n[rules]\n# RT407 = \"off\"\n\n\
         # When an audit fails.\n[gate]\n# fail-on = \"warning\"\n",
    );
    minimums(&mut text, report);
    text.push_str(
        "\n# The file of the repository that produced the logs; code scanning shows findings there.\n[report]\n\
         # anchor = \"eval/run.py:12\"\n\n\
         # An accepted finding, with the reason. To accept all current findings, use a baseline:\n\
         # retally baseline create\n# [[exceptions]]\n# code = \"RT404\"\n# paths = [\"legacy/**\"]\n# claim = \"score\"\n\
         # reason = \"ties in these old runs were broken by hand\"\n# expires = \"2099-12-31\"\n",
    );
    text
}

/// Comment lines, the first of many.
fn listed(text: &mut String, lines: Vec<String>) {
    let left = lines.len().saturating_sub(LISTED);
    for line in lines.into_iter().take(LISTED) {
        text.push_str(&format!("# {line}\n"));
    }
    if left > 0 {
        text.push_str(&format!("# … and {} more\n", count(left as u64)));
    }
}

fn conventions(text: &mut String, seen: &[Seen], report: &Report, active: &[Pin]) {
    let claims = by_claim(report);
    if claims.is_empty() {
        text.push_str("# No claims were found. Example:\n# score = \"sum(logprob)\"\n");
    }
    for (claim, held) in claims {
        if seen.iter().all(|input| input.column(claim).is_none()) {
            let formulas: Vec<&str> = held.iter().map(|held| held.convention.as_str()).collect();
            let line = format!(
                "# {} is checked against {}, as defined by its format.\n",
                visible(claim),
                distinct(&formulas).join(", ")
            );
            text.push_str(&line);
        } else if let Some(pin) = active.iter().find(|pin| pin.claim == claim) {
            let number: u64 = held.iter().map(|held| held.verdicts.proven).sum();
            let why = format!(
                "# Proven in all {} {}; no other usual formula matches them all.\n",
                count(number),
                rows(number)
            );
            text.push_str(&why);
            text.push_str(&line(claim, &pin.formula.to_string()));
        } else {
            undecided(text, claim, &held, report);
        }
    }
}

/// A column without an active setting: its verdicts in each run, and the lines that could be activated.
fn undecided(text: &mut String, claim: &str, held: &[&ClaimReport], report: &Report) {
    let mut lines: Vec<String> = Vec::new();
    let mut formulas: Vec<&str> = Vec::new();
    if let Some(one) = as_one(held) {
        lines.push(known(&one));
        formulas.extend(held.first().map(|claim| claim.convention.as_str()));
    } else {
        for of in held {
            let place = if held.len() > 1 { place(of) } else { String::new() };
            lines.push(format!("{place}{}", known(of)));
            let fitting = fitting(of, report);
            let several = fitting.len() > 1;
            for (formula, fit) in &fitting {
                lines.push(format!("{place}{} {} match {formula}: is that intended?", count(*fit), rows(*fit)));
            }
            if several {
                lines.push(format!("{place}the rows use different formulas; no single setting can fix that."));
            }
            formulas.extend(fitting.iter().map(|(formula, _)| *formula));
            if fitting.is_empty() {
                formulas.push(&of.convention);
            }
        }
    }
    listed(text, lines);
    for formula in distinct(&formulas) {
        if formula.parse::<Formula>().is_ok() {
            text.push_str(&format!("# {}", line(claim, formula)));
        }
    }
}

/// One statement about a column in several runs, if they agree and nothing is refuted.
fn as_one(held: &[&ClaimReport]) -> Option<ClaimReport> {
    let mut one = (*held.first()?).clone();
    for claim in &held[1..] {
        if claim.convention != one.convention {
            return None;
        }
        one.verdicts.merge(&claim.verdicts);
        if one.missing.is_empty() {
            one.missing.clone_from(&claim.missing);
        }
    }
    (one.verdicts.refuted == 0).then_some(one)
}

/// The formulas that rows match where a claim's convention does not hold.
fn fitting<'r>(claim: &ClaimReport, report: &'r Report) -> Vec<(&'r str, u64)> {
    let of_claim = |found: &Diagnosis| matches!(&claim.claim, ClaimKey::Column(name) if *name == found.claim);
    let same = |found: &&Diagnosis| found.run == claim.run && found.task == claim.task && of_claim(found);
    let found = report.diagnoses.iter().find(same).filter(|_| claim.verdicts.refuted > 0);
    let Some(found) = found else { return Vec::new() };
    if !found.groups.is_empty() {
        return found.groups.iter().map(|group| (group.formula.as_str(), group.rows)).collect();
    }
    let best = found.best.as_deref().filter(|best| *best != found.convention);
    best.map(|best| (best, found.explained)).into_iter().collect()
}

fn place(claim: &ClaimReport) -> String {
    let task = if claim.task.is_empty() { String::new() } else { format!(", task {}", visible(&claim.task)) };
    format!("{}{task}: ", visible(&claim.run))
}

fn known(claim: &ClaimReport) -> String {
    let verdicts = claim.verdicts;
    let name = format!("{} is checked against {}", visible(&claim.claim.to_string()), claim.convention);
    let all = verdicts.total();
    if verdicts.refuted > 0 {
        return format!("{name}; {} of {} {} are refuted.", count(verdicts.refuted), count(all), rows(all));
    }
    if verdicts.unprovable > 0 {
        let missing = if claim.missing.is_empty() { String::new() } else { format!("; log {}", claim.missing) };
        return format!(
            "{name}; {} of {} {} cannot be checked{missing}.",
            count(verdicts.unprovable),
            count(all),
            rows(all)
        );
    }
    if all == 0 {
        return format!("{name}; no row has this field.");
    }
    format!("{name}; proven in all {} {}.", count(all), rows(all))
}

/// One entry of `[conventions]`.
fn line(claim: &str, formula: &str) -> String {
    format!("{} = {}\n", key(claim), string(formula))
}

fn distinct<'t>(texts: &[&'t str]) -> Vec<&'t str> {
    let mut found = Vec::new();
    for text in texts {
        if !found.contains(text) {
            found.push(*text);
        }
    }
    found
}

/// The entries of `[input]`: those of fields that are known by their values take effect, others are commented out.
fn input_fields(text: &mut String, seen: &[Seen], active: &[(String, String)]) {
    if !active.is_empty() {
        text.push_str("# Found by their values; no name says them:\n");
        for (role, field) in active {
            text.push_str(&format!("{} = {}\n", key(role), string(field)));
        }
    }
    let formats = distinct(&seen.iter().map(|input| input.format.as_str()).collect::<Vec<_>>());
    let mut fields: Vec<(Role, &str, &str)> = Vec::new();
    for input in seen.iter().filter(|input| input.is_mappable) {
        for mapped in &input.mapping {
            let (MappedRole::Role(role), field) = (&mapped.role, &mapped.field.path) else { continue };
            let is_active = active.iter().any(|(key, path)| *key == roles::key(*role) && path == field);
            if !is_active && !fields.iter().any(|(known, same, _)| known == role && same == field) {
                fields.push((*role, field, &input.path));
            }
        }
    }
    let known = seen.iter().filter(|input| !input.is_mappable).map(|input| input.format.as_str());
    for format in distinct(&known.collect::<Vec<_>>()) {
        text.push_str(&format!("# The format {} defines its fields; they are not mapped.\n", visible(format)));
    }
    if let [format] = formats.as_slice() {
        text.push_str(&format!("# format = {}\n", string(format)));
    }
    for (role, field, path) in &fields {
        let several = fields.iter().filter(|(other, _, _)| other == role).count() > 1;
        let place = if several { format!("  # in {}", visible(path)) } else { String::new() };
        text.push_str(&format!("# {} = {}{place}\n", key(&roles::key(*role)), string(field)));
    }
}

/// Minimums that hold now.
fn minimums(text: &mut String, report: &Report) {
    let whole = report
        .summary
        .verdicts
        .iter()
        .filter(|(_, verdicts)| verdicts.proven > 0 && verdicts.proven == verdicts.total());
    let names: Vec<String> =
        whole.take(LISTED).map(|(claim, _)| format!("{} = 1.0", key(&claim.to_string()))).collect();
    if names.is_empty() {
        text.push_str("# The share of claims that must be proven.\n# min-proven = { score = 1.0 }\n");
    } else {
        text.push_str("# The share of claims that must be proven; all of these are now.\n");
        text.push_str(&format!("# min-proven = {{ {} }}\n", names.join(", ")));
    }
}

/// A key of TOML: bare where that is possible.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { string(name) }
}

/// A basic string of TOML, which YAML reads as well. What could hide or be taken for something else is an escape.
pub(super) fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // Two of them and a bracket are a command to a CI runner.
            '#' => out.push_str("\\u0023"),
            ' '..='~' => out.push(character),
            letter if letter.is_alphanumeric() => out.push(letter),
            other => out.push_str(&format!("\\U{:08X}", u32::from(other))),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_strings_are_read_back_as_they_were() {
        let names = [
            "score",
            "a b",
            "",
            "out.norm",
            "é漢",
            "\"",
            "\\",
            "a\nb = 1\n[gate]",
            "\u{0}\u{7f}\u{1b}[31m\u{202e}\t\r",
            "##[error]x",
            "'''",
            "{{ x }}",
            "\u{1f600}",
            "=#",
        ];
        for name in names {
            let text = format!("{} = {}\n", key(name), string(name));
            assert_eq!(text.lines().count(), 1, "{text}");
            assert_eq!(visible(text.trim_end()), text.trim_end(), "nothing hides in {text}");
            let read: toml::Table = text.parse().unwrap();
            assert_eq!(read.get(name).and_then(toml::Value::as_str), Some(name), "{text}");
        }
        assert_eq!(key("mean_logprob"), "mean_logprob");
    }
}
