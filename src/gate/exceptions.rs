//! Findings that the user has decided to live with: `[[exceptions]]` of the configuration.

use crate::config::Exception;
use crate::gate::Gate;
use crate::report::Report;

/// Attaches the reason of an exception to each finding it covers, and returns notes about unused exceptions.
pub(super) fn apply(report: &mut Report, gate: &Gate) -> Vec<String> {
    let mut notes = Vec::new();
    for exception in &gate.config.exceptions {
        let expired = exception.expires.filter(|expires| gate.today.is_some_and(|today| today > *expires));
        let mut covered = 0_usize;
        for finding in &mut report.findings {
            if exception.covers(&finding.code, &finding.task, &finding.claim, &finding.inputs) {
                covered += 1;
                if expired.is_none() {
                    finding.excepted.get_or_insert_with(|| exception.reason.clone());
                }
            }
        }
        let place = format!("{}:{}: the exception for {}", gate.config.path(), exception.line, exception.code);
        match expired {
            Some(date) if covered > 0 => {
                notes.push(format!("{place} expired on {date}; its findings fail again"));
            }
            Some(date) => notes.push(format!("{place} expired on {date} and matches no finding; remove it")),
            None if covered == 0 && is_asked_for(exception, gate) => {
                notes.push(format!("{place} matches no finding; remove it"));
            }
            None => {}
        }
    }
    notes
}

/// Whether a rule that the exception covers is enabled.
fn is_asked_for(exception: &Exception, gate: &Gate) -> bool {
    exception.codes.iter().any(|code| gate.config.levels.is_selected(code))
}
