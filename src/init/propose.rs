//! The decision which lines of a new configuration take effect.

use std::path::Path;

use crate::config::{Config, FILE_NAME};
use crate::facade::{Audit, Error, Inputs};
use crate::init::{self, Active, Open, Pin, Seen, keep};
use crate::report::Report;

/// A configuration for some logs.
pub struct Proposal {
    /// The text of the file.
    pub text: String,
    /// What was seen of the logs, as lines.
    pub evidence: String,
    /// The report that an audit gives, with the file and without it.
    pub report: Report,
}

/// The configuration that says what the logs of an audit show. `inputs` are those that the audit opened; `existing` is the text of
/// the configuration that it has, whose entries stay.
pub fn propose(audit: &Audit, mut inputs: Inputs, existing: Option<&str>) -> Result<Proposal, Error> {
    let seen: Vec<Seen> = inputs.opened.iter().map(Seen::of).collect();
    let errors = inputs.errors.clone();
    let choices = std::mem::take(&mut inputs.choices);
    let report = audit.run_on(inputs);
    let again = |text: &str| {
        let whole = existing.map_or_else(|| text.to_owned(), |existing| keep::joined(existing, text));
        audit.with_config(Config::parse(FILE_NAME, &whole, Path::new("."))?).run()
    };
    let known = proven(&report);
    let choices: Vec<Open> = choices
        .into_iter()
        .map(|choice| {
            let with = again(&format!("[input]\n{} = {}\n", choice.role, init::string(&choice.field)));
            // Of a choice that cannot be read alone, its values say what it would prove.
            let proven = with.map_or(0, |with| proven(&with).saturating_sub(known));
            Open { choice, proven }
        })
        .collect();
    let evidence = init::evidence(&seen, &errors, &report, &choices);
    let pins = settled(init::pins(&seen, &report), &report, &again)?;
    let text = |active: &Active| init::configuration(&seen, &errors, &report, active, &choices);
    let mut active = Active { pins: pins.clone(), fields: Vec::new() };
    // What the values say takes effect as a whole or not at all.
    for with_refuted in [true, false] {
        let by_value = init::found_by_value(&seen, &report, with_refuted);
        let with_values = Active { pins: [pins.clone(), by_value.pins].concat(), fields: by_value.fields };
        if with_values != active && again(&text(&with_values)).is_ok_and(|with| is_same(&with, &report)) {
            active = with_values;
            break;
        }
    }
    let text = text(&active);
    let text = existing.map_or_else(|| text.clone(), |existing| keep::joined(existing, &text));
    Ok(Proposal { text, evidence, report })
}

/// The number of claims that an audit proves.
fn proven(report: &Report) -> u64 {
    report.summary.verdicts.values().map(|verdicts| verdicts.proven).sum()
}

/// Whether two audits say the same of the logs.
fn is_same(one: &Report, other: &Report) -> bool {
    one.findings == other.findings
        && one.claims == other.claims
        && one.metrics == other.metrics
        && one.summary == other.summary
        && one.errors == other.errors
}

/// The conventions that no other usual formula could stand for, and that change no finding.
fn settled(pins: Vec<Pin>, report: &Report, again: &dyn Fn(&str) -> Result<Report, Error>) -> Result<Vec<Pin>, Error> {
    let mut active = Vec::new();
    for pin in pins {
        let mut only = true;
        for other in &pin.others {
            only = only && !init::is_proven(&again(&init::pinned([(pin.claim.as_str(), *other)]))?, &pin.claim);
        }
        if only {
            active.push(pin);
        }
    }
    if active.is_empty() {
        return Ok(active);
    }
    let with = again(&init::pinned(active.iter().map(|pin| (pin.claim.as_str(), pin.formula))))?;
    let same = with.findings == report.findings && with.claims == report.claims;
    Ok(if same { active } else { Vec::new() })
}
