//! JSON Lines: one finding per line, then one line with the rest of the report.

use std::io::{self, Write};

use serde::Serialize;

use crate::report::json;
use crate::report::output::OutputFormat;
use crate::report::{
    BaselineCounts, ClaimReport, Coverage, Diagnosis, Finding, GateReport, InputError, InputReport, MetricReport,
    Report, Silenced, Summary, Tool,
};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'r> {
    Finding(&'r Finding),
    Summary {
        schema_version: u32,
        tool: &'r Tool,
        inputs: &'r [InputReport],
        summary: &'r Summary,
        diagnoses: Vec<Diagnosis>,
        claims: &'r [ClaimReport],
        metrics: &'r [MetricReport],
        coverage: &'r [Coverage],
        skipped_fields: &'r [String],
        errors: &'r [InputError],
        #[serde(skip_serializing_if = "<[Silenced]>::is_empty")]
        silenced: &'r [Silenced],
        baseline: Option<BaselineCounts>,
        gate: Option<&'r GateReport>,
    },
}

/// This output.
pub static OUTPUT: OutputFormat = OutputFormat {
    name: "jsonl",
    about: "One finding per line as JSON, then the summary",
    anchored: false,
    render: |report, _, out| render(report, out),
};

/// Writes the report without the data of the charts.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let without_figures = |diagnosis: &Diagnosis| Diagnosis { figure: None, ..diagnosis.clone() };
    let summary = Line::Summary {
        schema_version: report.schema_version,
        tool: &report.tool,
        inputs: &report.inputs,
        summary: &report.summary,
        diagnoses: report.diagnoses.iter().map(without_figures).collect(),
        claims: &report.claims,
        metrics: &report.metrics,
        coverage: &report.coverage,
        skipped_fields: &report.skipped_fields,
        errors: &report.errors,
        silenced: &report.silenced,
        baseline: report.baseline,
        gate: report.gate.as_ref(),
    };
    for line in report.findings.iter().map(Line::Finding).chain([summary]) {
        writeln!(out, "{}", json::line(&line)?)?;
    }
    Ok(())
}
