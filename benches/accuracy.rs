//! Measures the audit's accuracy on generated logs with known truth.
//!
//! `cargo bench --bench accuracy -- --logs 2000 --seed 1` generates 2,000 correct logs and smaller numbers of logs with
//! one deviation, two deviations, a mixture, a few wrong rows, half-precision sums and uninformative columns. It prints
//! how often the audit is right. `--only CLASS` selects one class, `--log SEED` one log of it. `--write DIR` writes the
//! logs that the audit gets wrong, each with its truth. `--markdown` prints the page `docs/accuracy.md`. With
//! `--assert` the exit status is 1 unless all limits are met.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::disallowed_methods,
    clippy::cast_sign_loss,
    reason = "a benchmark prints figures and writes the logs that it made"
)]

#[path = "../tests/accuracy/mod.rs"]
mod accuracy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use accuracy::{Class, Log, Measured, Outcome, Settings, figures, judge, markdown, measure};

/// The head of `docs/accuracy.md`.
const INTRODUCTION: &str = "\
# Accuracy
How often the audit is right, measured on freshly made logs whose truth is known. The command below draws the logs and prints
this page; a seed gives the same logs on every machine. Figures that do not meet their demand are marked as such.

The logs have the native forms, outputs of vLLM and responses of the OpenAI chat API; 5 to 5,000 rows of 1 to 2,000 tokens;
log-probs stored as double, single, bfloat16 or half precision and printed with all digits or with fewer; sums in double
precision or in single precision in three orders; results cast to a smaller format, divided, exponentiated and printed. A
deviation is drawn from those that pipelines have had. A log is drawn again until its digits show what is to be found: at
least five rows in which the true formula differs from what is right by twice what rounding leaves open.

A formula counts as named right if it is the same function of the log as the true one, as far as the log's digits go.
`-- --only CLASS --log SEED --write DIR` writes one log of the tables below to a file, with its truth; `retally check` on that
file shows the report.
";

struct Arguments {
    settings: Settings,
    log: Option<u64>,
    write: Option<PathBuf>,
    markdown: bool,
    assert: bool,
}

fn arguments() -> Arguments {
    let words: Vec<String> = std::env::args().collect();
    let has = |name: &str| words.iter().any(|word| word == name);
    let value = |name: &str| words.iter().position(|word| word == name).and_then(|at| words.get(at + 1)).cloned();
    let cores = || std::thread::available_parallelism().map_or(1, Into::into);
    let class = |name: String| Class::ALL.into_iter().find(|class| class.name() == name).unwrap();
    Arguments {
        settings: Settings {
            logs: value("--logs").map_or(2000, |text| text.parse().unwrap()),
            seed: value("--seed").map_or(1, |text| text.parse().unwrap()),
            only: value("--only").map(class),
            threads: value("--threads").map_or_else(cores, |text| text.parse().unwrap()),
        },
        log: value("--log").map(|text| u64::from_str_radix(&text, 16).unwrap()),
        write: value("--write").map(PathBuf::from),
        markdown: has("--markdown"),
        assert: has("--assert"),
    }
}

/// The truth of a log and the audit's answer, as text.
fn words(log: &Log, outcome: &Outcome) -> String {
    let mut text = format!(
        "class {}, seed {:016x}, {} rows, {}\ncolumn {}: {}\n{:?}\n",
        log.class.name(),
        log.seed,
        log.rows.len(),
        log.shape.name(),
        log.name,
        log.kind,
        log.arithmetic
    );
    for (at, recipe) in log.recipes.iter().enumerate() {
        let rows = log.rows.iter().filter(|row| row.follows == at).count();
        text.push_str(&format!("{rows} rows: {} * {} + {}\n", recipe.factor, recipe.formula, recipe.shift));
    }
    let right = if outcome.is_right(log.class) { "right" } else { "wrong" };
    text.push_str(&format!("audit: {right}; certain {:?}; {}\n", outcome.certain, outcome.said));
    text
}

fn write(log: &Log, outcome: &Outcome, folder: &Path) {
    let folder = folder.join(format!("{}-{:016x}", log.class.name(), log.seed));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(log.shape.file()), log.bytes()).unwrap();
    std::fs::write(folder.join("truth.txt"), words(log, outcome)).unwrap();
}

fn main() -> ExitCode {
    let arguments = arguments();
    if let (Some(seed), Some(class)) = (arguments.log, arguments.settings.only) {
        let log = Log::draw(class, seed).unwrap();
        let outcome = judge(&log);
        print!("{}", words(&log, &outcome));
        if let Some(folder) = &arguments.write {
            write(&log, &outcome, folder);
        }
        return ExitCode::SUCCESS;
    }
    let measured: Vec<Measured> = measure(&arguments.settings, &|log, outcome| {
        if let Some(folder) = arguments.write.as_ref().filter(|_| !outcome.is_right(log.class)) {
            write(log, outcome, folder);
        }
    });
    let Settings { logs, seed, .. } = arguments.settings;
    let mut command = format!("cargo bench --bench accuracy -- --logs {logs} --seed {seed}");
    if let Some(class) = arguments.settings.only {
        command.push_str(&format!(" --only {}", class.name()));
    }
    if arguments.markdown {
        println!("{INTRODUCTION}");
        command.push_str(" --markdown");
    }
    println!("retally {}, `{command}`:\n", env!("CARGO_PKG_VERSION"));
    print!("{}", markdown(&measured));
    let unmet = figures(&measured).iter().filter(|figure| !figure.is_met()).count();
    if arguments.assert && unmet > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
