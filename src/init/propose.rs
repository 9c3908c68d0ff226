//! The decision which lines of a new configuration take effect.

use std::path::Path;

use crate::config::{Config, FILE_NAME};
use crate::facade::{Audit, Error, Inputs};
use crate::init::{self, Pin, Seen};
use crate::report::Report;

/// A configuration for some logs.
pub struct Proposal {
    /// The text of the file.
    pub text: String,
    /// The report that an audit gives, with the file and without it.
    pub report: Report,
}

/// The configuration that says what the logs of an audit show. `inputs` are those that the audit opened.
pub fn propose(audit: &Audit, inputs: Inputs) -> Result<Proposal, Error> {
    let seen: Vec<Seen> = inputs.opened.iter().map(Seen::of).collect();
    let errors = inputs.errors.clone();
    let report = audit.run_on(inputs);
    let again = |text: &str| audit.with_config(Config::parse(FILE_NAME, text, Path::new("."))?).run();
    let active = settled(init::pins(&seen, &report), &report, &again)?;
    Ok(Proposal { text: init::configuration(&seen, &errors, &report, &active), report })
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
