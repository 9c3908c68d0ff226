//! One audit, many reports: which formats go where, and how they are written.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::Config;
use crate::cli::files::Cleared;
use crate::cli::guard::Guard;
use crate::cli::style::{Color, style};
use crate::report::text::Style;
use crate::report::{Anchor, Anchors, OUTPUTS, OutputFormat, Rendering, Report, github, html, markdown, text};

/// The hint for findings that can only point at the log.
const UNANCHORED: &str = "anchor is unset, so findings point at the log, which is rarely in the repository; \
     name the run's script or configuration with --anchor PATH or [report] anchor\n";

/// Arguments of every command that writes a report.
#[derive(clap::Args)]
pub(super) struct Outputs {
    /// Output format of the report.
    #[arg(long, value_parser = format(), default_value = text::OUTPUT.name)]
    pub(super) format: &'static OutputFormat,
    /// Write the report to a file.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also write a report to a file, such as json=report.json; can be repeated.
    #[arg(long = "report", value_name = "FORMAT=PATH", value_parser = target)]
    reports: Vec<Target>,
    /// Also replace files that retally did not write; inputs, configurations and baselines are never replaced.
    #[arg(long)]
    overwrite: bool,
    /// File in the repository (and line) at which code scanning and annotations show findings.
    #[arg(long, value_name = "PATH[:LINE]")]
    pub(super) anchor: Option<String>,
    /// When to use colours.
    #[arg(long, value_enum, default_value = "auto")]
    color: Color,
    /// Width of the text report in columns.
    #[arg(long, value_name = "N", hide = true)]
    width: Option<usize>,
}

/// A report to write to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    format: &'static OutputFormat,
    path: PathBuf,
}

/// Parses the name of an output.
fn format() -> impl TypedValueParser<Value = &'static OutputFormat> {
    let values = OUTPUTS.iter().map(|format| PossibleValue::new(format.name).help(format.about));
    PossibleValuesParser::new(values)
        .try_map(|name| OUTPUTS.iter().copied().find(|format| format.name == name).ok_or("no output of this name"))
}

/// Parses `FORMAT=PATH`.
fn target(text: &str) -> Result<Target, String> {
    let (name, path) = text.split_once('=').filter(|(_, path)| !path.is_empty()).ok_or("expected FORMAT=PATH")?;
    let format = OUTPUTS.iter().copied().find(|format| format.name == name).ok_or_else(|| {
        let names: Vec<&str> = OUTPUTS.iter().map(|format| format.name).collect();
        match crate::config::nearest(name, names.iter().copied()) {
            Some(near) => format!("unknown output format `{name}`; did you mean `{near}`?"),
            None => format!("unknown output format `{name}` (expected one of {})", names.join(", ")),
        }
    })?;
    Ok(Target { format, path: PathBuf::from(path) })
}

impl Outputs {
    /// Removes older reports at the paths to be written, and older ones of `others` (a tally, a table of rows), once nothing is
    /// found that would be destroyed. `inputs` are the arguments that name inputs, `used` other files that are read. A plan is written only where one is
    /// needed, so an older one stays until then.
    pub(super) fn clear(
        &self,
        inputs: &[String],
        used: Vec<(&'static str, PathBuf)>,
        others: &[&Path],
        plan: Option<&Path>,
    ) -> Result<Cleared, String> {
        let others = || others.iter().copied();
        Guard { inputs, used, overwrite: self.overwrite }.check(self.paths().chain(others()).chain(plan))?;
        Cleared::of(self.paths().chain(others()))
    }

    /// Whether the report is text on standard output, for people to read.
    pub(super) fn is_for_people(&self) -> bool {
        *self.format == text::OUTPUT
    }

    /// Whether a report is a page that describes the files and lists what changes.
    pub(super) fn has_page(&self) -> bool {
        *self.format == html::OUTPUT || self.reports.iter().any(|target| *target.format == html::OUTPUT)
    }

    /// The files to be written.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.output.as_deref().into_iter().chain(self.reports.iter().map(|target| target.path.as_path()))
    }

    /// What outputs need besides the report.
    pub(super) fn rendering(&self, config: &Config, command: String) -> Rendering {
        Rendering {
            style: style(self.color, self.width, self.output.is_none()),
            anchors: self.anchors(config),
            catalogue: config.catalogue.clone(),
            command,
        }
    }

    fn anchors(&self, config: &Config) -> Anchors {
        let here = std::env::current_dir().unwrap_or_default();
        let root = here.ancestors().find(|directory| directory.join(".git").exists()).unwrap_or(&here);
        let mut anchors = Anchors {
            root: root.to_string_lossy().into_owned(),
            directory: here.to_string_lossy().into_owned(),
            ..Anchors::default()
        };
        let anchor = |text: &str| {
            let (path, line) = match text.rsplit_once(':').map(|(path, line)| (path, line.parse())) {
                Some((path, Ok(line))) => (path, line),
                _ => (text, 1),
            };
            Anchor { path: anchors.relative(path), line: u64::max(line, 1) }
        };
        let named = self.anchor.as_deref().or(config.anchor.as_deref()).map(anchor);
        let mut conventions = std::collections::BTreeMap::new();
        let file = (!config.is_empty()).then(|| Anchor { path: anchors.relative(config.path()), line: 1 });
        if let Some(file) = &file {
            for entry in &config.conventions {
                conventions
                    .entry(entry.key.clone())
                    .or_insert_with(|| Anchor { line: config.line_of(entry), ..file.clone() });
            }
        }
        anchors.named = named;
        anchors.conventions = conventions;
        anchors.config = file;
        anchors
    }

    /// Writes the report in all requested formats; files only if the audit is complete.
    pub(super) fn write(&self, report: &Report, with: &Rendering, to: Option<&Cleared>) -> Result<(), String> {
        self.deliver(report, with, to, print)
    }

    /// The same where something else goes to standard output.
    pub(super) fn write_files(&self, report: &Report, with: &Rendering, to: Option<&Cleared>) -> Result<(), String> {
        self.deliver(report, with, to, |_| Ok(()))
    }

    fn deliver(
        &self,
        report: &Report,
        with: &Rendering,
        to: Option<&Cleared>,
        print: impl Fn(&[u8]) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut formats = std::iter::once(self.format).chain(self.reports.iter().map(|target| target.format));
        if formats.any(|format| format.anchored) && with.anchors.is_log() && !report.findings.is_empty() {
            // Standard error may be closed; the report must still be written.
            let _ = io::stderr().write_all(UNANCHORED.as_bytes());
        }
        let mut bytes = Vec::new();
        self.format.render(report, with, &mut bytes).map_err(|error| failed(&error))?;
        if self.output.is_none() || to.is_none() {
            print(&bytes)?;
        }
        if *self.format == github::OUTPUT {
            summarise(report, with)?;
        }
        let Some(to) = to else { return Ok(()) };
        if let Some(path) = &self.output {
            save(to, path, &bytes)?;
        }
        let plain = Style { detail: with.style.detail, ..style(Color::Never, self.width, false) };
        let plain = Rendering { style: plain, ..with.clone() };
        for target in &self.reports {
            let mut bytes = Vec::new();
            target.format.render(report, &plain, &mut bytes).map_err(|error| failed(&error))?;
            save(to, &target.path, &bytes)?;
        }
        Ok(())
    }
}

/// Appends the review report to the job summary file that GitHub Actions names, which may already have
/// content.
fn summarise(report: &Report, with: &Rendering) -> Result<(), String> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else { return Ok(()) };
    let mut bytes = Vec::new();
    markdown::OUTPUT.render(report, with, &mut bytes).map_err(|error| failed(&error))?;
    let appended = std::fs::OpenOptions::new().append(true).create(true).open(&path);
    appended
        .and_then(|mut file| file.write_all(&bytes))
        .map_err(|error| format!("cannot append to the job summary {}: {error}", Path::new(&path).display()))
}

fn failed(error: &io::Error) -> String {
    format!("cannot write the report: {error}")
}

fn save(to: &Cleared, path: &Path, bytes: &[u8]) -> Result<(), String> {
    to.write(path, bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Writes to standard output; a closed pipe is not an error.
fn print(bytes: &[u8]) -> Result<(), String> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(failed(&error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_format_and_a_path() {
        let expected = Target { format: &crate::report::json::OUTPUT, path: PathBuf::from("C:\\a=b.json") };
        assert_eq!(target("json=C:\\a=b.json"), Ok(expected));
        assert_eq!(target("json"), Err("expected FORMAT=PATH".to_owned()));
        assert_eq!(target("json="), Err("expected FORMAT=PATH".to_owned()));
        assert!(target("jsnl=x").unwrap_err().contains("did you mean `jsonl`?"));
        assert!(target("spreadsheet=x").unwrap_err().contains("expected one of text, concise"));
    }
}
