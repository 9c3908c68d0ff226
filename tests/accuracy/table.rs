//! The measured figures as Markdown.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::arithmetic::format_name;
use super::judge::{HALF, Outcome};
use super::log::{BEYOND, Class, Log};

/// Summary of a log and the audit's answer, the input of the tables.
pub(crate) struct Measured {
    pub(crate) class: Class,
    pub(crate) seed: u64,
    pub(crate) kind: String,
    /// Value of each dimension of [`DIMENSIONS`].
    pub(crate) dimensions: Vec<String>,
    pub(crate) rows: usize,
    pub(crate) outcome: Outcome,
}

/// Dimensions by which correct logs are broken down.
const DIMENSIONS: [&str; 7] = ["stored", "reduction", "cast", "claim printed", "name", "form", "steps printed"];
/// Maximum lines in a table of failures.
const WORST: usize = 12;
/// Minimum number of logs of a listed combination.
const FEWEST: usize = 10;

impl Measured {
    pub(crate) fn new(log: &Log, outcome: Outcome) -> Self {
        let arithmetic = &log.arithmetic;
        let dimensions = vec![
            format_name(arithmetic.stored).to_owned(),
            arithmetic.reduction.name().to_owned(),
            format_name(arithmetic.cast).to_owned(),
            arithmetic.claim.name(),
            log.name.to_owned(),
            log.shape.name().to_owned(),
            arithmetic.steps.name(),
        ];
        let (class, seed, rows) = (log.class, log.seed, log.rows.len());
        Self { class, seed, kind: log.kind.clone(), dimensions, rows, outcome }
    }

    /// The value of a dimension of [`DIMENSIONS`].
    pub(crate) fn dimension(&self, name: &str) -> &str {
        DIMENSIONS.iter().position(|known| *known == name).map_or("", |at| &self.dimensions[at])
    }

    pub(crate) fn is_right(&self) -> bool {
        self.outcome.is_right(self.class)
    }
}

/// A figure of the table.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) logs: usize,
    /// Number of logs for which it holds; for figures that must be 0, for which it does not hold.
    pub(crate) count: usize,
    /// The required minimum share; None if no log may be counted.
    pub(crate) least: Option<f64>,
}

impl Figure {
    /// Whether the requirement is met.
    pub(crate) fn is_met(&self) -> bool {
        match self.least {
            Some(least) => self.count as f64 >= least * self.logs as f64,
            None => self.count == 0,
        }
    }

    /// The share of the logs.
    pub(crate) fn share(&self) -> f64 {
        if self.logs == 0 { 1.0 } else { self.count as f64 / self.logs as f64 }
    }
}

/// The figures in the order of the table.
pub(crate) fn figures(all: &[Measured]) -> Vec<Figure> {
    let figure = |name, class: Class, least, holds: &dyn Fn(&Outcome) -> bool| {
        let of: Vec<&Measured> = all.iter().filter(|log| log.class == class).collect();
        let count = of.iter().filter(|log| holds(&log.outcome)).count();
        Figure { name, logs: of.len(), count, least }
    };
    let beyond = || all.iter().filter(|log| log.class == Class::HalfSum && log.kind.ends_with(BEYOND));
    vec![
        figure("correct logs: a certain finding", Class::Correct, None, &|log| !log.certain.is_empty()),
        figure("unknown quantities: a certain finding", Class::Unknown, None, &|log| !log.certain.is_empty()),
        figure("half-precision sums: another cause than RT805", Class::HalfSum, None, &|log| {
            log.certain.iter().any(|code| code != HALF)
        }),
        Figure {
            name: "half-precision sums beyond rounding: RT805",
            logs: beyond().count(),
            count: beyond().filter(|log| log.outcome.codes.iter().any(|code| code == HALF)).count(),
            least: Some(1.0),
        },
        figure("single deviation: detected", Class::Single, Some(1.0), &|log| log.detected),
        figure("single deviation: named, or one of an ambiguous pair", Class::Single, Some(0.99), &|log| log.named),
        figure("pair of deviations: detected", Class::Pair, Some(1.0), &|log| log.detected),
        figure("pair of deviations: explained", Class::Pair, Some(0.95), &|log| log.named),
        figure("mixture: both named and the boundary right", Class::Mixture, Some(0.97), &|log| {
            log.named && log.placed
        }),
        figure("end token in some rows: both spans named", Class::EndInSome, Some(0.97), &|log| log.named),
        figure("5 % of the rows wrong: exactly those listed", Class::Few, Some(1.0), &|log| log.listed),
        figure("false proofs: constant or coarse column proven", Class::Coarse, None, &|log| log.proven > 0),
        Figure {
            name: "column not read",
            logs: all.len(),
            count: all.iter().filter(|log| !log.outcome.read).count(),
            least: None,
        },
    ]
}

/// All tables.
pub(crate) fn markdown(all: &[Measured]) -> String {
    let mut text = String::from("| figure | logs | measured | must be | |\n|---|---|---|---|---|\n");
    for figure in figures(all).iter().filter(|figure| figure.logs > 0) {
        let (measured, must) = match figure.least {
            None => (figure.count.to_string(), "0".to_owned()),
            Some(least) => (format!("{} ({})", figure.count, percent(figure.share())), percent(least)),
        };
        let met = if figure.is_met() { "met" } else { "not met" };
        let _ = writeln!(text, "| {} | {} | {measured} | {must} | {met} |", figure.name, figure.logs);
    }
    let correct: Vec<&Measured> = all.iter().filter(|log| log.class == Class::Correct).collect();
    if !correct.is_empty() {
        text.push_str("\n## Correct logs with a certain finding\n");
        text.push_str(&by_dimension(&correct));
        text.push_str(&by_pair(&correct));
        text.push_str(&by_code(&correct));
    }
    for class in Class::ALL.into_iter().filter(|class| *class != Class::Correct) {
        let of: Vec<&Measured> = all.iter().filter(|log| log.class == class).collect();
        if of.iter().any(|log| !log.is_right()) {
            let _ = writeln!(text, "\n## Failures: {}", class.name());
            text.push_str(&by_kind(&of));
        }
    }
    text
}

fn percent(share: f64) -> String {
    format!("{:.1} %", (share * 1000.0).floor() / 10.0)
}

/// Logs and wrong ones.
#[derive(Default)]
struct Count<'m> {
    logs: usize,
    wrong: usize,
    example: Option<&'m Measured>,
}

impl<'m> Count<'m> {
    fn add(&mut self, log: &'m Measured) {
        self.logs += 1;
        if !log.is_right() {
            self.wrong += 1;
            // The smallest log is the easiest to inspect.
            self.example = self.example.filter(|known| known.rows <= log.rows).or(Some(log));
        }
    }

    fn share(&self) -> f64 {
        self.wrong as f64 / self.logs.max(1) as f64
    }

    fn seed(&self) -> String {
        self.example.map_or_else(String::new, |log| format!("`{:016x}`", log.seed))
    }
}

fn by_dimension(logs: &[&Measured]) -> String {
    let mut text = String::from("\n| dimension | value | logs | false alarms | |\n|---|---|---|---|---|\n");
    for (at, dimension) in DIMENSIONS.iter().enumerate() {
        let mut counts: BTreeMap<&str, Count<'_>> = BTreeMap::new();
        for log in logs {
            counts.entry(&log.dimensions[at]).or_default().add(log);
        }
        for (value, count) in counts {
            let share = percent(count.share());
            let _ = writeln!(text, "| {dimension} | {value} | {} | {} | {share} |", count.logs, count.wrong);
        }
    }
    text
}

/// The worst combinations of two values.
fn by_pair(logs: &[&Measured]) -> String {
    let mut counts: BTreeMap<(usize, &str, usize, &str), Count<'_>> = BTreeMap::new();
    for log in logs {
        for (a, first) in log.dimensions.iter().enumerate() {
            for (b, second) in log.dimensions.iter().enumerate().skip(a + 1) {
                counts.entry((a, first, b, second)).or_default().add(log);
            }
        }
    }
    let mut worst: Vec<_> = counts.into_iter().filter(|(_, count)| count.logs >= FEWEST && count.wrong > 0).collect();
    worst.sort_by(|a, b| b.1.share().total_cmp(&a.1.share()).then(b.1.wrong.cmp(&a.1.wrong)));
    let mut text = String::from("\n| combination | logs | false alarms | | seed |\n|---|---|---|---|---|\n");
    for ((a, first, b, second), count) in worst.iter().take(WORST) {
        let _ = writeln!(
            text,
            "| {} {first}, {} {second} | {} | {} | {} | {} |",
            DIMENSIONS[*a],
            DIMENSIONS[*b],
            count.logs,
            count.wrong,
            percent(count.share()),
            count.seed()
        );
    }
    text
}

fn by_code(logs: &[&Measured]) -> String {
    let mut counts: BTreeMap<&str, Count<'_>> = BTreeMap::new();
    for log in logs {
        for code in &log.outcome.certain {
            counts.entry(code).or_default().add(log);
        }
    }
    let mut text = String::from("\n| code | logs | seed | what it says there |\n|---|---|---|---|\n");
    for (code, count) in counts {
        let said = count.example.map_or("", |log| log.outcome.said.as_str());
        let _ = writeln!(text, "| {code} | {} | {} | {} |", count.wrong, count.seed(), cell(said));
    }
    text
}

/// Failures of logs with known faults, by arithmetic and format, and by the kind of change.
fn by_kind(logs: &[&Measured]) -> String {
    let mut text = String::new();
    for (at, dimension) in DIMENSIONS.iter().enumerate() {
        let mut counts: BTreeMap<&str, Count<'_>> = BTreeMap::new();
        for log in logs {
            counts.entry(&log.dimensions[at]).or_default().add(log);
        }
        let parts = counts.iter().map(|(value, count)| format!("{value} {} of {}", count.wrong, count.logs));
        let _ = writeln!(text, "\n{dimension}: {}.", parts.collect::<Vec<_>>().join(", "));
    }
    let mut counts: BTreeMap<&str, Count<'_>> = BTreeMap::new();
    for log in logs {
        // A pair or a mixture counts for each of its parts.
        for kind in log.kind.split(" and ").flat_map(|kind| kind.split(", then ")) {
            counts.entry(kind).or_default().add(log);
        }
    }
    let mut worst: Vec<_> = counts.into_iter().filter(|(_, count)| count.wrong > 0).collect();
    worst.sort_by_key(|(_, count)| Reverse(count.wrong));
    text.push_str("\n| with | logs | failures | seed | column, arithmetic | said |\n|---|---|---|---|---|---|\n");
    for (kind, count) in worst {
        let Some(example) = count.example else { continue };
        let what = ["name", "stored", "steps printed", "reduction", "cast", "claim printed"];
        let what = what.map(|name| example.dimension(name)).join(", ");
        let said = cell(&example.outcome.said);
        let _ = writeln!(text, "| {kind} | {} | {} | {} | {what} | {said} |", count.logs, count.wrong, count.seed());
    }
    text
}

/// Text for a cell of a table.
fn cell(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}
