//! Helpers for several tests: the report on a fixture, a folder with logs, the built program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use retally::report::text::{Detail, Style};
use retally::report::{ClaimKey, VerdictCounts};
use retally::{Audit, Config, Report};
use tempfile::TempDir;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Path of a fixture.
pub(crate) fn fixture(path: &str) -> String {
    format!("{}/fixtures/{path}", env!("CARGO_MANIFEST_DIR"))
}

/// Reports on fixtures. Several tests look at those of all fixtures.
static KNOWN: Mutex<BTreeMap<String, Arc<OnceLock<Report>>>> = Mutex::new(BTreeMap::new());

/// The report on some paths. That on a single fixture is made once.
pub(crate) fn check(paths: &[String]) -> Report {
    match paths {
        [path] if path.starts_with(&fixture("")) => {
            let slot = Arc::clone(KNOWN.lock().unwrap().entry(path.clone()).or_default());
            slot.get_or_init(|| audit(paths).run().unwrap()).clone()
        }
        _ => audit(paths).run().unwrap(),
    }
}

/// The audit of some paths, without a configuration.
pub(crate) fn audit(paths: &[String]) -> Audit {
    Audit::new(Config::default()).inputs(paths)
}

/// The codes of a report's findings, sorted.
pub(crate) fn codes(report: &Report) -> Vec<&str> {
    let mut codes: Vec<&str> = report.findings.iter().map(|finding| finding.code.as_str()).collect();
    codes.sort_unstable();
    codes
}

/// The verdicts on a claim, by its key in the JSON report.
pub(crate) fn counts(report: &Report, claim: &str) -> VerdictCounts {
    report.summary.verdicts[&ClaimKey::from(claim.to_owned())]
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
    // In full, and without lines that are folded.
    let style = Style { width: 1000, detail: Detail::Known, ..Style::default() };
    retally::report::text::render(report, style, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap().replace(&format!("{}/", env!("CARGO_MANIFEST_DIR")), "")
}

/// A log whose score is the sum of the log-probs.
pub(crate) const GOOD: &str = r#"{"item": "q0", "candidate": "a", "continuation": "The cat sat", "tokens": ["The", " cat", " sat"], "logprobs": [-1.500000, -0.800000, -1.200000], "score": -3.500000}
"#;

/// A log with the mean of the log-probs as score, in place of their sum: RT204.
pub(crate) const MEAN: &str = r#"{"item": "q0", "candidate": "a", "continuation": "The cat sat", "tokens": ["The", " cat", " sat"], "logprobs": [-1.500000, -0.800000, -1.200000], "score": -1.166667}
{"item": "q1", "candidate": "a", "continuation": "A dog", "tokens": ["A", " dog"], "logprobs": [-0.412345, -2.312111], "score": -1.362228}
"#;

/// Every output that can be written to a file.
pub(crate) const FORMATS: [&str; 10] =
    ["text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown", "html"];

/// A temporary folder with files.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text.as_bytes());
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// The program with a command, run in the folder.
    pub(crate) fn retally(&self, name: &str) -> Command {
        let mut command = retally_in(self.path());
        command.arg(name);
        command
    }

    /// `check` with arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.retally("check");
        command.args(arguments);
        command
    }

    /// The results of a command line whose words contain no spaces.
    #[track_caller]
    pub(crate) fn run(&self, line: &str) -> (i32, String, String) {
        run_in(self.path(), line)
    }

    /// The results of `check`.
    pub(crate) fn check(&self, arguments: &[&str]) -> (i32, String, String) {
        seen(&self.command(arguments).output().unwrap())
    }
}

/// The built program, run in a directory, without environment variables that affect its output.
pub(crate) fn retally_in(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retally"));
    command.current_dir(directory).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "TERM", "COLUMNS", "GITHUB_STEP_SUMMARY"] {
        command.env_remove(name);
    }
    command
}

pub(crate) fn run_in(directory: &Path, line: &str) -> (i32, String, String) {
    seen(&retally_in(directory).args(line.split_whitespace()).output().unwrap())
}

/// Exit code, standard output, standard error.
pub(crate) fn seen(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[track_caller]
pub(crate) fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "expected `{part}` in:\n{text}");
    }
}

/// Violations of a schema by a value.
pub(crate) fn complaints(schema: &jsonschema::Validator, value: &serde_json::Value) -> Vec<String> {
    schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The entries of a directory, in order.
pub(crate) fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// The folders in a directory, in order.
pub(crate) fn folders(directory: &Path) -> Vec<PathBuf> {
    entries(directory).into_iter().filter(|path| path.is_dir()).collect()
}

/// Whether laws about reading and writing may leave a log out. Its rows are those of `bug-mean` or `bug-argmax_token`, and
/// only the formula of the wrong score differs, so what is read is the same. With `RETALLY_ALL_LOGS=1` nothing is left out.
pub(crate) fn differs_in_formula_alone(log: &Path) -> bool {
    const FORMULAS: [&str; 8] =
        ["div_n_plus_1", "drop_first", "negated", "perplexity", "prod_probs", "sum_logits", "sum_probs", "tempered"];
    let name = log.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("bug-"));
    let of_native = log.parent().is_some_and(|parent| parent.ends_with("formats/native"));
    of_native && name.is_some_and(|name| FORMULAS.contains(&name)) && std::env::var_os("RETALLY_ALL_LOGS").is_none()
}

/// Every log of the fixtures except the hostile ones: a file, or a folder that is one run.
pub(crate) fn logs() -> Vec<PathBuf> {
    let fixtures = root().join("fixtures");
    let mut logs = entries(&fixtures.join("cases"));
    logs.retain(|path| path.extension().is_none_or(|ending| ending != "md"));
    for rule in entries(&fixtures.join("rules")) {
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        let found = entries(&rule).into_iter();
        logs.extend(found.filter(|path| name(path).starts_with("bad") || name(path).starts_with("look-alike")));
    }
    // Logs of real tools: each folder is one run.
    for format in entries(&fixtures.join("formats")) {
        logs.extend(entries(&format).into_iter().filter(|path| path.is_dir()));
    }
    logs
}
