//! `results_<date>.json`: the metrics of the run.

use crate::config::{ColumnSpec, InputConfig};
use crate::format::harness::lm_eval::dump;
use crate::format::harness::lm_eval::reported::report;
use crate::format::json::{Kind, Value};
use crate::format::mapped::{MappedField, described};
use crate::format::origin::read_document;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::source::Opened;

/// The run-level metrics.
pub(in crate::format) static RESULTS: Results = Results { is_fork: false };
/// The results of lmms-eval, which have the same shape.
pub(in crate::format) static LMMS_RESULTS: Results = Results { is_fork: true };

pub(in crate::format) struct Results {
    is_fork: bool,
}

static INFO: FormatInfo = FormatInfo {
    name: "lm-eval-results",
    about: "metrics of lm-evaluation-harness (results_<date>.json)",
    tool: "lm-evaluation-harness 0.4.0 to 0.4.13, 0.5 preview",
    files: "`results_<date>.json`, joined to the samples by date; what `simple_evaluate` returns, with the rows under `samples`",
    recognised_by: "`results` and `configs`",
    proven: "means, perplexities, Brier score, standard errors of means, groups",
    unprovable: "bootstrapped standard errors: they depend on Python's generator",
    base: "e; bits per byte in base 2",
    sentinels: "\"N/A\"",
    traps: "a group may weight its tasks by size or equally, and the file does not say which",
};

static FORK: FormatInfo = FormatInfo {
    name: "lmms-eval-results",
    about: "metrics of lmms-eval (<date>_results.json)",
    tool: "lmms-eval 0.7",
    files: "`<date>_results.json`, joined to the samples by date",
    recognised_by: "`results` and `configs` with `lmms_eval_version`",
    proven: "means and their standard errors",
    unprovable: "clustered standard errors; bootstrapped ones",
    base: "none",
    sentinels: "\"N/A\"",
    traps: "stderr and stderr_clt are the same number",
};

/// Keys that only the fork writes.
const FORK_ONLY: [&str; 3] = ["lmms_eval_version", "efficiency", "git_branch"];

fn is_results(root: Value<'_>) -> bool {
    let is = |key: &str| root.get(key).is_some_and(|value| value.kind() == Kind::Object);
    is("results") && is("configs") && (is("n-shot") || is("versions"))
}

impl Format for Results {
    fn tool(&self) -> &'static str {
        if self.is_fork { "lmms-eval" } else { "lm-eval" }
    }

    fn info(&self) -> &'static FormatInfo {
        if self.is_fork { &FORK } else { &INFO }
    }

    fn is_summary(&self) -> bool {
        true
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let is_own = |root: Value<'_>| FORK_ONLY.iter().any(|key| root.get(key).is_some()) == self.is_fork;
        let likely = if !head.is_cut() {
            head.document().is_some_and(|root| is_results(root) && is_own(root))
        } else if self.is_fork {
            let start = head.bytes.get(..64).unwrap_or(head.bytes);
            !super::lmms::key(head.name).is_empty() && memchr::memmem::find(start, b"\"results\"").is_some()
        } else {
            // Larger than what recognition reads, or cut off: the first key and the name have to do, or rows inside.
            let start = head.bytes.get(..64).unwrap_or(head.bytes);
            let is_named = head.name.starts_with("results") && memchr::memmem::find(start, b"\"results\"").is_some();
            is_named || head.document().is_some_and(|root| is_results(root) && dump::rows(head).is_some())
        };
        if likely {
            Confidence { percent: 95, evidence: "one object with results, configs and versions".to_owned() }
        } else {
            Confidence::default()
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        if !self.is_fork && dump::rows(head).is_some() {
            return Ok(Box::new(dump::reader(head)));
        }
        let version = head.document().filter(|_| !head.is_cut()).and_then(|root| root.get("lm_eval_version")?.as_str());
        let key = if self.is_fork { super::lmms::key(head.name) } else { super::date(head.name) };
        Ok(Box::new(ResultsReader { key: key.to_owned(), version: version.map(std::borrow::Cow::into_owned) }))
    }
}

struct ResultsReader {
    key: String,
    version: Option<String>,
}

impl Reader for ResultsReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        &[]
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        read_document(file, stream, out, report);
    }

    fn mapping(&self) -> Vec<MappedField> {
        described(&[("metrics", "results.<task>.\"<metric>,<filter>\"")])
    }

    fn version(&self) -> Option<String> {
        self.version.clone()
    }

    fn run_key(&self) -> String {
        self.key.clone()
    }
}
