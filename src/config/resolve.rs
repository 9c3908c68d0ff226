//! The configuration as the stages use it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::config::written::{Fault, Table, Written, parse, unknown_name};
use crate::config::{
    ColumnSpec, Exception, GateConfig, InputConfig, Levels, Paths, UnknownRule, both_ends, codes, gate, read_text,
};
use crate::formula::Formula;
use crate::model::{ClaimKind, Severity};
use crate::numeric::Tolerance;
use crate::rules::Catalogue;

/// The name of the configuration file.
pub const FILE_NAME: &str = "retally.toml";

/// Names of the levels.
const LEVELS: [&str; 4] = ["error", "warning", "note", "off"];

/// A configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}{}: {reason}", position(*.line, *.column))]
pub struct ConfigError {
    /// The file.
    pub path: String,
    /// The line, from 1; 0 for the whole file.
    pub line: usize,
    /// The column in characters, from 1; 0 for the whole file.
    pub column: usize,
    /// What was expected and found.
    pub reason: String,
}

/// `:line:column`; nothing for a file that could not be read at all.
fn position(line: usize, column: usize) -> String {
    if line == 0 { String::new() } else { format!(":{line}:{column}") }
}

/// One entry of `[input]`, `[conventions]` or `[tolerance.claims]`, for checks of names that formats know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The path of the field, of an entry of `[input]`; else empty.
    pub value: String,
    span: Range<usize>,
}

/// The input settings of one part of the file, global or an override.
#[derive(Clone, Debug, Default)]
struct Part {
    roles: BTreeMap<String, String>,
    columns: BTreeMap<String, ColumnSpec>,
    sentinels: Option<Vec<f64>>,
    format: Option<String>,
    header: Option<Vec<String>>,
}

/// A file nearer to an input than the configuration: only what it says of the input is used.
#[derive(Clone, Debug)]
pub(crate) struct Nested {
    pub(crate) config: Config,
    /// Its sections that are not used.
    pub(crate) ignored: Vec<&'static str>,
}

/// The configuration, resolved.
#[derive(Clone, Debug, Default)]
pub struct Config {
    path: String,
    /// Whether files nearer to the inputs are looked for: not where one was named.
    takes_nested: bool,
    text: String,
    whole: Part,
    overrides: Vec<(Paths, Part)>,
    /// The rules that may be named and that an audit asks.
    pub(crate) catalogue: Catalogue,
    /// Rule severities.
    pub(crate) levels: Levels,
    /// What is declared of all numbers.
    pub(crate) tolerance: Tolerance,
    /// The file in the repository (and line) at which findings are shown: `[report] anchor`.
    pub(crate) anchor: Option<String>,
    /// What fails: `[gate]`.
    pub(crate) gate: GateConfig,
    /// Longest record, in bytes: `[limits]`.
    pub(crate) max_record: Option<usize>,
    /// Findings that do not fail: `[[exceptions]]`.
    pub(crate) exceptions: Vec<Exception>,
    /// Keys of `[input]` that name roles, with their places.
    pub(crate) roles: Vec<Entry>,
    /// Keys of `[conventions]`, with their places.
    pub(crate) conventions: Vec<Entry>,
    /// Keys of `[tolerance.claims]`, with their places.
    pub(crate) tolerances: Vec<Entry>,
}

impl Config {
    /// Finds and reads the file at or above the working directory; without one, all defaults apply. Files nearer to the
    /// inputs may map fields: see `Config::nested`.
    pub fn find() -> Result<Self, ConfigError> {
        let found = nearest_file(Path::new("."));
        let config = found.map_or_else(|| Ok(Self::default()), |path| Self::read(&path))?;
        Ok(Self { takes_nested: true, ..config })
    }

    /// The file nearest to an input, where it is another one than this and this was not named. Of such a file, only
    /// `[input]` is used: logs come from elsewhere, and what comes with them may say how to read them, not what fails.
    pub(crate) fn nested(&self, directory: &Path) -> Result<Option<Nested>, ConfigError> {
        let Some(path) = nearest_file(directory).filter(|_| self.takes_nested) else { return Ok(None) };
        let own = Path::new(&self.path).canonicalize().ok();
        if !self.path.is_empty() && own.is_some_and(|own| own == path) {
            return Ok(None);
        }
        Self::read(&path).map(|config| Some(Nested { ignored: config.others(), config }))
    }

    /// The sections of the file besides `[input]`.
    fn others(&self) -> Vec<&'static str> {
        let sections: [(&'static str, bool); 8] = [
            ("[conventions]", !self.conventions.is_empty()),
            ("[rules]", !self.levels.rules.is_empty()),
            ("[tolerance]", self.tolerance != Tolerance::default() || !self.tolerances.is_empty()),
            ("[report]", self.anchor.is_some()),
            ("[gate]", self.gate != GateConfig::default()),
            ("[limits]", self.max_record.is_some()),
            ("[[exceptions]]", !self.exceptions.is_empty()),
            ("[[overrides]]", !self.overrides.is_empty()),
        ];
        sections.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect()
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let shown = shown(path);
        let text = read_text(path).map_err(|reason| ConfigError {
            path: shown.clone(),
            line: 0,
            column: 0,
            reason: format!("cannot read the configuration: {reason}"),
        })?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let directory = parent.canonicalize().unwrap_or_else(|_| parent.to_path_buf());
        Self::parse(&shown, &text, &directory)
    }

    /// Reads a text; `directory` is what globs are relative to.
    pub fn parse(path: &str, text: &str, directory: &Path) -> Result<Self, ConfigError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut config = Self { path: path.to_owned(), text: text.to_owned(), ..Self::default() };
        match config.resolve(directory) {
            Ok(()) => Ok(config),
            Err(fault) => Err(config.error(&fault.span, fault.reason)),
        }
    }

    fn resolve(&mut self, directory: &Path) -> Result<(), Fault> {
        let written: Written = parse(&self.text)?;
        self.whole = self.part(&written.conventions, &written.input)?;
        self.levels.rules = levels(&written.rules, &self.catalogue)?;
        self.anchor = written.report.anchor.map(toml::Spanned::into_inner);
        self.gate = gate::gate(&written.gate)?;
        if let Some(size) = &written.limits.max_record {
            let fault = |reason| Fault::at(size.span(), format!("max-record: {reason}"));
            self.max_record = Some(bytes(size.get_ref()).map_err(fault)?);
        }
        for exception in &written.exceptions {
            let globs = exception.get_ref().paths.as_deref();
            let paths = globs.map(|globs| Paths::of(globs, directory)).transpose()?;
            let line = self.line(exception.span().start);
            self.exceptions.push(gate::exception(exception, paths, line, &self.catalogue)?);
        }
        if let Some(absolute) = &written.tolerance.absolute {
            self.tolerance.absolute = tolerance(absolute)?;
        }
        if let Some(digits) = &written.tolerance.digits {
            self.tolerance.exact_digits = exact_digits(digits)?;
        }
        for (key, value) in &written.tolerance.claims {
            let name = key.get_ref().clone();
            self.tolerances.push(Entry { key: name.clone(), value: String::new(), span: key.span() });
            let column = self.whole.columns.entry(name.clone());
            column.or_insert_with(|| bare(&name)).tolerance = Some(tolerance(value)?);
        }
        for part in &written.overrides {
            let paths = Paths::of(&part.paths, directory)?;
            let levels = levels(&part.rules, &self.catalogue)?;
            let part = self.part(&part.conventions, &part.input)?;
            self.levels.overrides.push((paths.clone(), levels));
            self.overrides.push((paths, part));
        }
        Ok(())
    }

    fn part(&mut self, conventions: &Table, input: &Table) -> Result<Part, Fault> {
        let mut part = Part::default();
        for (key, value) in conventions {
            self.conventions.push(Entry { key: key.get_ref().clone(), value: String::new(), span: key.span() });
            part.columns.insert(key.get_ref().clone(), convention(key.get_ref(), value)?);
        }
        for (key, value) in input {
            let fault = |expected: &str| Fault::at(value.span(), format!("{}: expected {expected}", key.get_ref()));
            match (key.get_ref().as_str(), value.get_ref()) {
                ("format", toml::Value::String(name)) => part.format = Some(name.clone()),
                ("format", _) => return Err(fault("the name of a format, such as \"native-jsonl\"")),
                ("columns", toml::Value::Array(values)) if !values.is_empty() => {
                    let names: Option<Vec<String>> =
                        values.iter().map(|name| name.as_str().map(str::to_owned)).collect();
                    part.header = Some(names.ok_or_else(|| fault("names, such as [\"item\", \"token\"]"))?);
                }
                ("columns", _) => return Err(fault("a list of names, such as [\"item\", \"token\"]")),
                ("sentinels", toml::Value::Array(values)) => {
                    let numbers: Option<Vec<f64>> = values.iter().map(number).collect();
                    part.sentinels = Some(numbers.ok_or_else(|| fault("numbers, such as [-100.0]"))?);
                }
                ("sentinels", _) => return Err(fault("a list of numbers, such as [-100.0]")),
                (role, toml::Value::String(path)) if !path.trim().is_empty() => {
                    self.roles.push(Entry { key: role.to_owned(), value: path.clone(), span: key.span() });
                    part.roles.insert(role.to_owned(), path.clone());
                }
                _ => return Err(fault("the path of a field, such as \"out.logprobs\"")),
            }
        }
        Ok(part)
    }

    /// Lets only some rules speak: whole codes, or prefixes such as `RT2`. Without any, all do.
    pub fn select(mut self, names: &[String]) -> Result<Self, UnknownRule> {
        self.levels = self.levels.select(codes(names, &self.catalogue)?);
        Ok(self)
    }

    /// Silences some rules: whole codes, or prefixes such as `RT2`.
    pub fn ignore(mut self, names: &[String]) -> Result<Self, UnknownRule> {
        self.levels = self.levels.ignore(codes(names, &self.catalogue)?);
        Ok(self)
    }

    /// Whether nothing was configured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.path.is_empty()
    }

    /// The path of the file; empty without one.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The line that an entry stands in, from 1.
    #[must_use]
    pub fn line_of(&self, entry: &Entry) -> u64 {
        self.line(entry.span.start) as u64
    }

    /// The text of the file; empty without one.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The line of a byte of the text, from 1.
    pub(super) fn line(&self, byte: usize) -> usize {
        self.text.get(..byte).map_or(1, |before| before.matches('\n').count() + 1)
    }

    /// An error about an entry.
    #[must_use]
    pub(crate) fn error_at(&self, entry: &Entry, reason: String) -> ConfigError {
        self.error(&entry.span, reason)
    }

    fn error(&self, span: &Range<usize>, reason: String) -> ConfigError {
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        ConfigError { path: self.path.clone(), line, column, reason }
    }

    /// The settings for an input: the global part, then what a file nearer to the input maps, then every matching
    /// override, in order.
    #[must_use]
    pub(crate) fn input(&self, path: &str, nested: Option<&Nested>) -> InputConfig {
        let mut roles = self.whole.roles.clone();
        let mut columns = self.whole.columns.clone();
        let mut sentinels = self.whole.sentinels.clone();
        let mut format = self.whole.format.clone();
        let mut header = self.whole.header.clone();
        if let Some(own) = nested.map(|nested| &nested.config.whole) {
            roles.extend(own.roles.clone());
            sentinels = own.sentinels.clone().or(sentinels);
            format = own.format.clone().or(format);
            header = own.header.clone().or(header);
        }
        for (_, part) in self.overrides.iter().filter(|(paths, _)| paths.matches(path)) {
            roles.extend(part.roles.clone());
            for (name, spec) in &part.columns {
                columns.entry(name.clone()).or_insert_with(|| bare(name)).refine(spec);
            }
            sentinels = part.sentinels.clone().or(sentinels);
            format = part.format.clone().or(format);
            header = part.header.clone().or(header);
        }
        InputConfig {
            roles: roles.into_iter().collect(),
            columns: columns.into_values().collect(),
            sentinels: sentinels.unwrap_or_default(),
            format,
            header,
        }
    }
}

/// The number of bytes that a size such as `512 MiB`, `1GiB` or `65536` means: at least 1 KiB, at most 1 GiB.
pub fn bytes(text: &str) -> Result<usize, String> {
    let expected = || format!("expected a size from 1 KiB to 1 GiB, such as \"512 MiB\", found \"{text}\"");
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let bits = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        _ => return Err(expected()),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << bits));
    let bytes = bytes.filter(|bytes| (1 << 10..=1 << 30).contains(bytes));
    bytes.and_then(|bytes| usize::try_from(bytes).ok()).ok_or_else(expected)
}

/// The configuration at or above a directory. A pipe or a device of that name is one that cannot be read, not none.
fn nearest_file(directory: &Path) -> Option<PathBuf> {
    let directory = directory.canonicalize().ok()?;
    directory.ancestors().map(|directory| directory.join(FILE_NAME)).find(|path| path.exists() && !path.is_dir())
}

/// A path as messages show it: below the working directory, relative to it.
fn shown(path: &Path) -> String {
    let below = std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok());
    below.unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn bare(name: &str) -> ColumnSpec {
    ColumnSpec::with_formulas(name, ClaimKind::Score, Vec::new())
}

fn number(value: &toml::Value) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "sentinels are small whole numbers")]
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
}

fn tolerance(value: &Spanned<f64>) -> Result<f64, Fault> {
    let number = *value.get_ref();
    if number.is_finite() && number >= 0.0 {
        Ok(number)
    } else {
        Err(Fault::at(value.span(), format!("expected a tolerance of at least 0, found {number}")))
    }
}

/// Whether the digits beneath a claim are exact or rounded.
fn exact_digits(value: &Spanned<String>) -> Result<bool, Fault> {
    match value.get_ref().as_str() {
        "exact" => Ok(true),
        "rounded" => Ok(false),
        other => {
            let unknown = unknown_name("value of digits", other, &["exact", "rounded"]);
            Err(Fault::at(value.span(), unknown))
        }
    }
}

/// A formula, a list of formulas, or a table with `formula` and `lower_is_better`.
fn convention(name: &str, value: &Spanned<toml::Value>) -> Result<ColumnSpec, Fault> {
    let fault = |reason: String| Fault::at(value.span(), reason);
    let expected = || fault(format!("{name}: expected a formula, such as \"sum(logprob)/n\", or a list of formulas"));
    let mut spec = bare(name);
    let written = match value.get_ref() {
        toml::Value::Table(table) => {
            let known = ["formula", "lower_is_better"];
            if let Some(unknown) = table.keys().find(|key| !known.contains(&key.as_str())) {
                return Err(fault(unknown_name("key", unknown, &known)));
            }
            if let Some(lower) = table.get("lower_is_better") {
                let lower = lower.as_bool();
                spec.lower = Some(lower.ok_or_else(|| fault("lower_is_better: expected true or false".to_owned()))?);
            }
            match table.get("formula") {
                Some(formula) => formula,
                None if spec.lower.is_some() => return Ok(spec),
                None => return Err(expected()),
            }
        }
        other => other,
    };
    let texts: Vec<&str> = match written {
        toml::Value::String(text) => vec![text],
        toml::Value::Array(values) if !values.is_empty() => {
            values.iter().map(toml::Value::as_str).collect::<Option<_>>().ok_or_else(expected)?
        }
        _ => return Err(expected()),
    };
    let mut formulas: Vec<Formula> = Vec::new();
    for text in texts {
        formulas.push(text.parse().map_err(|error: crate::formula::FormulaSyntax| fault(error.to_string()))?);
    }
    spec.accepted = both_ends(&formulas);
    Ok(spec)
}

fn levels(table: &Table, catalogue: &Catalogue) -> Result<BTreeMap<String, Option<Severity>>, Fault> {
    let mut levels = BTreeMap::new();
    for (key, value) in table {
        let rule = catalogue.by_code(key.get_ref());
        let rule = rule.ok_or_else(|| Fault::at(key.span(), UnknownRule::new(key.get_ref(), catalogue).to_string()))?;
        let level = match value.get_ref().as_str() {
            Some("error") => Some(Severity::Error),
            Some("warning") => Some(Severity::Warning),
            Some("note") => Some(Severity::Note),
            Some("off") => None,
            Some(other) => return Err(Fault::at(value.span(), unknown_name("level", other, &LEVELS))),
            None => return Err(Fault::at(value.span(), format!("expected one of {}", LEVELS.join(", ")))),
        };
        levels.insert(rule.page().code.to_owned(), level);
    }
    Ok(levels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::accepted;

    fn read(text: &str) -> Result<Config, String> {
        Config::parse("retally.toml", text, Path::new("/runs")).map_err(|error| error.to_string())
    }

    fn formulas(config: &InputConfig, name: &str) -> Vec<String> {
        let spec = config.columns.iter().find(|spec| *spec.column.name == *name);
        spec.map(|spec| spec.accepted.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    #[test]
    fn every_key_is_read() {
        let config = read(
            r#"
            [conventions]
            score = "sum(logprob)/n"
            cost = { formula = ["-sum(logprob)", "-sum(logprob)/n"], lower_is_better = true }
            [input]
            item = "uid"
            logprobs = "out.lps"
            sentinels = [-100, -99.5]
            format = "native-jsonl"
            [tolerance]
            absolute = 1e-4
            claims = { perplexity = 0.5 }
            "#,
        )
        .unwrap();
        let input = config.input("a.jsonl", None);
        assert_eq!(formulas(&input, "score"), ["sum(logprob)/n", "sum(logprob)[without end]/n"]);
        assert_eq!(formulas(&input, "cost").len(), 4);
        let cost = input.columns.iter().find(|spec| &*spec.column.name == "cost").unwrap();
        assert!(cost.lower_is_better());
        let pair = |role: &str, path: &str| (role.to_owned(), path.to_owned());
        assert_eq!(input.roles, [pair("item", "uid"), pair("logprobs", "out.lps")]);
        assert_eq!(input.sentinels, [-100.0, -99.5]);
        assert_eq!(input.format.as_deref(), Some("native-jsonl"));
        assert!((config.tolerance.absolute - 1e-4).abs() < 1e-18);
        let perplexity = input.columns.iter().find(|spec| &*spec.column.name == "perplexity").unwrap();
        assert_eq!((perplexity.tolerance, perplexity.accepted.len()), (Some(0.5), 0));
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_place() {
        let message = |text: &str| read(text).unwrap_err();
        assert_eq!(
            message("\n[convention]\n"),
            "retally.toml:2:2: unknown key `convention`; did you mean `conventions`?"
        );
        assert_eq!(
            message("[tolerance]\nabsolut = 1.0"),
            "retally.toml:2:1: unknown key `absolut`; did you mean `absolute`?"
        );
        assert!(
            message("[[overrides]]\npath = [\"a\"]").starts_with("retally.toml:2:1: unknown key `path`; did you mean")
        );
        assert!(
            message("[conventions]\nscore = \"sum(lp)\"").starts_with("retally.toml:2:9: `sum(lp)` is not a formula")
        );
        assert!(message("[conventions]\nscore = 1").starts_with("retally.toml:2:9: score: expected a formula"));
        assert!(message("[conventions]\nscore = { formulas = \"sum(logprob)\" }").contains("did you mean `formula`"));
        assert!(message("[input]\nitem = 1").starts_with("retally.toml:2:8: item: expected the path"));
        assert!(message("[input]\nsentinels = -1.0").contains("expected a list of numbers"));
        assert!(message("[rules]\nRX1 = \"off\"").starts_with("retally.toml:2:1: unknown rule code `RX1`"));
        assert!(message("[tolerance]\nabsolute = -1.0").starts_with("retally.toml:2:12: expected a tolerance"));
        assert!(message("[[overrides]]\npaths = [\"a[\"]").starts_with("retally.toml:2:10: "));
        assert!(message("[input]\nitem = \"a\"\nitem = \"b\"").starts_with("retally.toml:3:1: "));
        assert!(message("[input\n").starts_with("retally.toml:1:"));
    }

    #[test]
    fn overrides_hold_for_their_paths_and_the_last_one_wins() {
        let config = read(
            r#"
            [conventions]
            score = "sum(logprob)/n"
            mean = "sum(logprob)/n"
            [input]
            item = "uid"
            [[overrides]]
            paths = ["old/**", "*.csv"]
            conventions = { score = "sum(logprob)" }
            input = { item = "qid", sentinels = [-5.0] }
            [[overrides]]
            paths = ["old/b/"]
            conventions = { score = "sum(logprob)/bytes" }
            "#,
        )
        .unwrap();
        let first = |path: &str| formulas(&config.input(path, None), "score").first().cloned().unwrap_or_default();
        assert_eq!(first("new/a.jsonl"), "sum(logprob)/n");
        assert_eq!(first("old/a.jsonl"), "sum(logprob)");
        assert_eq!(first("./deep/er/a.csv"), "sum(logprob)");
        assert_eq!(first("old/b/c/a.jsonl"), "sum(logprob)/bytes");
        let old = config.input("old/a.jsonl", None);
        assert_eq!((old.roles[0].1.as_str(), old.sentinels.as_slice()), ("qid", [-5.0].as_slice()));
        assert_eq!(formulas(&old, "mean")[0], "sum(logprob)/n");
        assert_eq!(config.input("new/a.jsonl", None).roles[0].1, "uid");
    }

    #[test]
    fn a_column_keeps_its_kind_and_takes_the_formula() {
        let mut perplexity = ColumnSpec::of_kind("ppl", ClaimKind::Perplexity);
        assert!(perplexity.lower_is_better());
        perplexity.refine(&bare("ppl"));
        assert_eq!(perplexity.accepted, accepted(ClaimKind::Perplexity));
        let mean = ColumnSpec::with_formulas("ppl", ClaimKind::Score, both_ends(&[Formula::MEAN]));
        perplexity.refine(&mean);
        assert_eq!((perplexity.column.kind, perplexity.lower_is_better()), (ClaimKind::Perplexity, false));
    }

    #[test]
    fn a_finding_about_several_inputs_has_the_loudest_level() {
        let off = BTreeMap::from([("RT204".to_owned(), None)]);
        let old = Paths::of(&[], Path::new("/runs")).unwrap();
        assert!(!old.matches("old/a"));
        let glob: Spanned<String> = Spanned::new(0..1, "old/**".to_owned());
        let levels =
            Levels { overrides: vec![(Paths::of(&[glob], Path::new("/runs")).unwrap(), off)], ..Levels::default() };
        assert_eq!(levels.of_all("RT204", Severity::Error, ["old/a"]), None);
        assert_eq!(levels.of_all("RT204", Severity::Error, ["old/a", "new/a"]), Some(Severity::Error));
        assert_eq!(levels.of_all("RT205", Severity::Note, ["old/a"]), Some(Severity::Note));
        let ignored = levels.clone().ignore(vec!["RT205".to_owned()]);
        assert_eq!(ignored.of_all("RT205", Severity::Note, ["old/a"]), None);
        let selected = levels.select(vec!["RT205".to_owned()]);
        assert_eq!(selected.of_all("RT204", Severity::Error, ["new/a"]), None);
    }

    #[test]
    fn a_nested_file_maps_fields_and_decides_nothing() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir_all(at("runs/a")).unwrap();
        let nested = "[input]\nitem = \"uid\"\n[gate]\nfail-on = \"never\"\n[rules]\nRT204 = \"off\"\n";
        #[expect(clippy::disallowed_methods, reason = "the test makes files to find")]
        for (name, text) in [(FILE_NAME, "[tolerance]\nabsolute = 0.5"), ("runs/retally.toml", nested)] {
            std::fs::write(at(name), text).unwrap();
        }
        let named = Config::read(&at(FILE_NAME)).unwrap();
        assert!(named.nested(&at("runs/a")).unwrap().is_none());
        let config = Config { takes_nested: true, ..named };
        assert!(config.nested(root.path()).unwrap().is_none());
        let nested = config.nested(&at("runs/a")).unwrap().unwrap();
        assert_eq!(nested.ignored, ["[rules]", "[gate]"]);
        let input = config.input("runs/a/x.jsonl", Some(&nested));
        assert_eq!(input.roles, [("item".to_owned(), "uid".to_owned())]);
        assert_eq!(config.levels.of("RT204", Severity::Error, "runs/a/x.jsonl"), Some(Severity::Error));
    }
}
