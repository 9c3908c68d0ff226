//! `retally report`: a stored report in another form.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use serde::Deserialize;

use crate::cli::{Failure, outputs, quoted};
use crate::config::Config;
use crate::report::text::Detail;
use crate::report::{Report, SCHEMA_VERSION, visible};

/// Size limit of a report, in bytes; audits write far smaller ones for logs of any size.
const LIMIT: u64 = 1 << 30;

/// Arguments of `report`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// A report written by `retally check --format json`, or - for standard input.
    #[arg(value_name = "REPORT")]
    path: String,
    /// Also show findings in the baseline.
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    outputs: outputs::Outputs,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let config = Config::find()?;
    let used = (!config.is_empty()).then(|| ("configuration", config.path().into())).into_iter().collect();
    let cleared = args.outputs.clear(std::slice::from_ref(&args.path), used, &[], None)?;
    let report = read(&args.path).map_err(|reason| format!("{}: {reason}", visible(&args.path)))?;
    let command = format!("retally report {}", quoted(&args.path));
    let mut with = args.outputs.rendering(&config, command);
    with.style.detail = Detail::of(false, args.verbose);
    args.outputs.write(&report, &with, Some(&cleared))?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Deserialize)]
struct Version {
    schema_version: u32,
}

fn read(path: &str) -> Result<Report, String> {
    let mut bytes = Vec::new();
    let read = if path == "-" {
        std::io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes)
    } else {
        #[expect(clippy::disallowed_methods, reason = "a report is not an input of an audit")]
        std::fs::File::open(Path::new(path)).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| format!("cannot read the report: {error}"))?;
    if bytes.len() as u64 > LIMIT {
        return Err(format!("the report exceeds the limit of {LIMIT} bytes"));
    }
    let unexpected = "not a JSON report (expected the output of `retally check --format json`)";
    // The version first: a report of another version has other fields, and the message should say so.
    let version: Version = serde_json::from_slice(&bytes).map_err(|error| format!("{unexpected}: {error}"))?;
    if version.schema_version != SCHEMA_VERSION {
        return Err(format!(
            "the report has schema version {}, but this retally reads version {SCHEMA_VERSION}; run the audit again",
            version.schema_version
        ));
    }
    serde_json::from_slice(&bytes).map_err(|error| format!("{unexpected}: {error}"))
}
