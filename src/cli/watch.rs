//! `retally watch`: an audit while the evaluation runs.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use crate::Watch;
use crate::cli::Failure;
use crate::cli::check::Gated;
use crate::cli::verdict::exit_code;
use crate::gate::Outcome;
use crate::model::Certainty;
use crate::report::text::{self, Style};
use crate::report::{Finding, Report};

/// After a report that took t, the next one waits at least t times this factor.
const CALM: u32 = 10;

/// Arguments of `watch`.
#[derive(clap::Args)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    gated: Gated,
    /// Stop after this many seconds without new data (default: watch until Ctrl-C).
    #[arg(long, value_name = "SECONDS")]
    until_idle: Option<f64>,
    /// Seconds between checks for new data.
    #[arg(long, value_name = "SECONDS", default_value = "1")]
    interval: f64,
}

pub(super) fn run(args: &WatchArgs) -> Result<ExitCode, Failure> {
    let gated = &args.gated;
    let interval = seconds("--interval", args.interval)?;
    let idle = args.until_idle.map(|idle| seconds("--until-idle", idle)).transpose()?;
    let audit = gated.audit(&[])?;
    let gate = gated.gate(&audit, gated.verdict.baseline()?);
    let with = gated.outputs.rendering(audit.config(), gated.command("check"));
    let used = audit.config().clone();
    let mut watch = Watch::new(audit)?;
    let stop = interrupt()?;
    let cleared = gated.clear(&used, &[], None)?;
    let mut told = BTreeSet::new();
    let mut last_change = now();
    let mut pause = interval;
    while !stop.requested() {
        if watch.look() {
            let begun = now();
            last_change = begun;
            let mut report = watch.report();
            report.gate(&gate);
            tell(&report, &mut told, with.style);
            pause = interval.max(begun.elapsed() * CALM);
        } else if idle.is_some_and(|idle| last_change.elapsed() >= idle) {
            break;
        }
        stop.wait(idle.map_or(pause, |idle| pause.min(idle)));
    }
    let mut report = watch.finish();
    let outcome = report.gate(&gate);
    super::say_undone(&report, outcome, &gated.outputs);
    gated.outputs.write(&report, &with, (outcome != Outcome::Undone).then_some(&cleared))?;
    Ok(ExitCode::from(exit_code(outcome)))
}

fn seconds(name: &str, value: f64) -> Result<Duration, String> {
    Duration::try_from_secs_f64(value).map_err(|_| format!("{name}: {value} is not a number of seconds"))
}

#[expect(clippy::disallowed_methods, reason = "watching depends on time; reports do not")]
fn now() -> Instant {
    Instant::now()
}

/// Prints findings that have become certain since the last call on standard error; the report itself comes at the end.
fn tell(report: &Report, told: &mut BTreeSet<String>, style: Style) {
    let is_new = |finding: &&Finding| finding.certainty == Certainty::Certain && !told.contains(&finding.fingerprint);
    let new: Vec<Finding> = report.findings.iter().filter(is_new).cloned().collect();
    if new.is_empty() {
        return;
    }
    told.extend(new.iter().map(|finding| finding.fingerprint.clone()));
    let mut bytes = format!("after {} records:\n", report.summary.records).into_bytes();
    let plain = Style { colour: false, ..style };
    let new = Report { findings: new, ..report.clone() };
    if text::findings(&new, plain, &mut bytes).is_ok() {
        // Standard error may be closed; the report must still be written.
        let _ = io::stderr().write_all(&bytes);
    }
}

/// Ctrl-C as a request to stop: the report is still written.
struct Stop {
    flag: Arc<AtomicBool>,
    signal: mpsc::Receiver<()>,
}

impl Stop {
    fn requested(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// Waits for at most `time`; the signal ends the wait.
    fn wait(&self, time: Duration) {
        // A timeout and a dropped sender both mean to continue.
        let _ = self.signal.recv_timeout(time);
    }
}

fn interrupt() -> Result<Stop, String> {
    let flag = Arc::new(AtomicBool::new(false));
    let (send, signal) = mpsc::channel();
    let shared = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        // A second Ctrl-C exits without the report.
        if shared.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        let _ = send.send(());
    })
    .map_err(|error| format!("cannot listen for Ctrl-C: {error}"))?;
    Ok(Stop { flag, signal })
}
