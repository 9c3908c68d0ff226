//! Audits for tests.

use retally::Options;
use retally::engine::Settings;
use retally::report::Report;

/// Path of a fixture.
pub(crate) fn fixture(path: &str) -> String {
    format!("{}/fixtures/{path}", env!("CARGO_MANIFEST_DIR"))
}

/// The report on some paths.
pub(crate) fn check(paths: &[String]) -> Report {
    check_with(paths, &Settings::default())
}

/// The report on some paths, run in a certain way.
pub(crate) fn check_with(paths: &[String], settings: &Settings) -> Report {
    let options = Options { paths: paths.to_vec(), settings: settings.clone(), ..Options::default() };
    let inputs = retally::open(&options);
    retally::check(inputs, settings)
}

/// The codes of a report's findings, sorted.
pub(crate) fn codes(report: &Report) -> Vec<&str> {
    let mut codes: Vec<&str> = report.findings.iter().map(|finding| finding.code.as_str()).collect();
    codes.sort_unstable();
    codes
}

/// The report as JSON text.
pub(crate) fn json(report: &Report) -> String {
    let mut bytes = Vec::new();
    retally::report::json::render(report, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The report as plain text.
pub(crate) fn text(report: &Report) -> String {
    let mut bytes = Vec::new();
    retally::report::text::render(report, retally::report::text::Style::default(), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap().replace(&format!("{}/", env!("CARGO_MANIFEST_DIR")), "")
}
