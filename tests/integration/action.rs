//! The action: its script runs as on the runner, and `action.yml` and `.pre-commit-hooks.yaml` are parsed as YAML.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use yaml_rust2::{Yaml, YamlLoader};

use crate::support::{GOOD, root};

/// The score is the mean: RT204. The item's name looks like a finding and like a command of the runner.
const MEAN: &str = r#"{"item": "q0\",\"severity\":\"error\"\n::error::x", "candidate": "a", "continuation": "The cat sat", "tokens": ["The", " cat", " sat"], "logprobs": [-1.500000, -0.800000, -1.200000], "score": -1.166667}
{"item": "q1", "candidate": "a", "continuation": "A dog", "tokens": ["A", " dog"], "logprobs": [-0.412345, -2.312111], "score": -1.362228}
"#;
const OUTPUTS: [&str; 6] = ["exit-code", "errors", "warnings", "sarif", "html", "report-json"];

fn yaml(name: &str) -> Yaml {
    let text = std::fs::read_to_string(root().join(name)).unwrap();
    YamlLoader::load_from_str(&text).unwrap().remove(0)
}

/// The results of a run of the script.
struct Ran {
    code: i32,
    outputs: BTreeMap<String, String>,
    summary: String,
    stdout: String,
    stderr: String,
}

/// A workspace on a simulated runner.
struct Runner(TempDir);

impl Runner {
    fn new() -> Self {
        let runner = Self(tempfile::tempdir().unwrap());
        for directory in ["work", "temp"] {
            std::fs::create_dir(runner.0.path().join(directory)).unwrap();
        }
        runner.write("good.jsonl", GOOD);
        runner.write("mean.jsonl", MEAN);
        runner
    }

    fn workspace(&self) -> std::path::PathBuf {
        self.0.path().join("work")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.workspace().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs the steps of `action.yml` with these inputs; the others have their defaults.
    fn run(&self, inputs: &[(&str, &str)]) -> Ran {
        let programs = Path::new(env!("CARGO_BIN_EXE_retally")).parent().unwrap();
        self.run_with(&format!("{}:{}", programs.display(), std::env::var("PATH").unwrap()), "main", inputs)
    }

    /// A step of `action.yml` as a command, with another search path for programs and the action at some commit.
    /// `program` are the outputs of the step that finds the program.
    fn step(
        &self,
        id: &str,
        (path, reference): (&str, &str),
        inputs: &[(&str, &str)],
        program: &BTreeMap<String, String>,
    ) -> Command {
        let action = yaml("action.yml");
        let steps = action["runs"]["steps"].as_vec().unwrap();
        let step = steps.iter().find(|step| step["id"].as_str() == Some(id)).unwrap();
        let mut command = Command::new("bash");
        command.args(["-e", "-c", step["run"].as_str().unwrap()]).current_dir(self.0.path());
        command.env("PATH", path).env("CARGO_HOME", self.0.path().join("cargo"));
        let root = root().to_str().unwrap();
        for (name, value) in step["env"].as_hash().unwrap() {
            let expression = value.as_str().unwrap().strip_prefix("${{ ").unwrap().strip_suffix(" }}").unwrap();
            let value = match (expression.strip_prefix("inputs."), expression.strip_prefix("steps.program.outputs.")) {
                (Some(input), _) => match inputs.iter().find(|(name, _)| *name == input) {
                    Some((_, value)) => (*value).to_owned(),
                    None => action["inputs"][input]["default"].as_str().unwrap().to_owned(),
                },
                (_, Some(output)) => program.get(output).cloned().unwrap_or_default(),
                _ => match expression {
                    "github.action_path" | "github.action_repository" => root.to_owned(),
                    "github.action_ref" => reference.to_owned(),
                    _ => panic!("{expression}"),
                },
            };
            command.env(name.as_str().unwrap(), value);
        }
        command
            .env("GITHUB_SERVER_URL", "https://forge.example")
            .env("GITHUB_OUTPUT", self.0.path().join("output"))
            .env("GITHUB_STEP_SUMMARY", self.0.path().join("summary"))
            .env("GITHUB_WORKSPACE", self.workspace())
            .env("RUNNER_TEMP", self.0.path().join("temp"));
        command
    }

    /// The outputs of the step that finds the program.
    fn program(&self, at: (&str, &str), inputs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let output = self.0.path().join("output");
        std::fs::write(&output, "").unwrap();
        let done = self.step("program", at, inputs, &BTreeMap::new()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let set = std::fs::read_to_string(&output).unwrap();
        set.lines().map(|line| line.split_once('=').unwrap()).map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn run_with(&self, path: &str, reference: &str, inputs: &[(&str, &str)]) -> Ran {
        let (output, summary) = (self.0.path().join("output"), self.0.path().join("summary"));
        let program = self.program((path, reference), inputs);
        std::fs::write(&output, "").unwrap();
        std::fs::write(&summary, "before\n").unwrap();
        let mut command = self.step("audit", (path, reference), inputs, &program);
        let done = command.output().unwrap();
        let set = std::fs::read_to_string(&output).unwrap();
        let pairs = set.lines().map(|line| line.split_once('=').unwrap());
        let outputs: BTreeMap<String, String> =
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(set.lines().count(), OUTPUTS.len(), "each output is set once: {set}");
        assert_eq!(outputs.keys().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(OUTPUTS));
        Ran {
            code: done.status.code().unwrap(),
            outputs,
            summary: std::fs::read_to_string(&summary).unwrap(),
            stdout: String::from_utf8(done.stdout).unwrap(),
            stderr: String::from_utf8(done.stderr).unwrap(),
        }
    }
}

impl Ran {
    fn set(&self, names: &[&str]) -> Vec<&str> {
        names.iter().map(|name| self.outputs[*name].as_str()).collect()
    }

    /// Lines that the runner would execute as commands.
    fn commands(&self) -> Vec<&str> {
        let obeyed = |line: &&str| line.trim_start().starts_with("::") || line.contains("##[");
        self.stdout.lines().chain(self.stderr.lines()).filter(obeyed).collect()
    }
}

#[test]
fn every_input_is_used_and_every_output_is_set() {
    let action = yaml("action.yml");
    assert_eq!(action["runs"]["using"].as_str(), Some("composite"));
    let steps = action["runs"]["steps"].as_vec().unwrap();
    let used: Vec<&str> = steps.iter().filter_map(|step| step["uses"].as_str()).collect();
    assert!(used.len() == 1 && used[0].starts_with("actions/cache@"), "no action of others: {used:?}");
    for run in steps.iter().filter_map(|step| step["run"].as_str()) {
        assert!(!run.contains("${{"), "inputs in the text of a script would be run");
    }
    let script = ["scripts/action.sh", "scripts/action-install.sh"]
        .map(|name| std::fs::read_to_string(root().join(name)).unwrap())
        .concat();
    assert!(!script.contains("${{") && !script.contains("eval "), "{script}");
    let audit = steps.iter().find(|step| step["id"].as_str() == Some("audit")).unwrap();
    let names = |of: &Yaml| -> BTreeSet<String> {
        of.as_hash().unwrap().keys().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let expected = [
        "paths",
        "config",
        "fail-on",
        "version",
        "args",
        "sarif-category",
        "annotations",
        "summary",
        "sarif-file",
        "html-file",
        "baseline",
    ];
    assert_eq!(names(&action["inputs"]), expected.map(str::to_owned).into());
    for input in expected {
        let variable = format!("RETALLY_{}", input.to_uppercase().replace('-', "_"));
        assert_eq!(audit["env"][variable.as_str()].as_str(), Some(format!("${{{{ inputs.{input} }}}}").as_str()));
        assert!(script.contains(&format!("${{{variable}:-")), "{variable}");
        assert!(action["inputs"][input]["description"].as_str().is_some_and(|text| text.ends_with('.')), "{input}");
    }
    assert_eq!(names(&action["outputs"]), OUTPUTS.map(str::to_owned).into());
    for output in OUTPUTS {
        let value = format!("${{{{ steps.audit.outputs.{output} }}}}");
        assert_eq!(action["outputs"][output]["value"].as_str(), Some(value.as_str()));
    }
}

#[test]
fn a_clean_log_passes() {
    let runner = Runner::new();
    let ran = runner.run(&[("paths", "good.jsonl"), ("html-file", "report.html"), ("sarif-file", "retally.sarif")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let expected = ["0", "0", "0", "retally.sarif", "report.html"];
    assert_eq!(ran.set(&["exit-code", "errors", "warnings", "sarif", "html"]), expected);
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&ran.outputs["report-json"]).unwrap()).unwrap();
    assert_eq!(report["summary"]["verdicts"]["score"]["proven"], 1);
    assert!(runner.workspace().join("report.html").is_file());
    assert!(ran.summary.starts_with("before\n") && ran.summary.len() > 100, "{}", ran.summary);
    assert!(ran.commands().is_empty(), "{:?}", ran.commands());
}

#[test]
fn a_wrong_log_fails_and_says_where() {
    let runner = Runner::new();
    // The logs of one directory are one run. Here there are two.
    runner.write("wrong/mean.jsonl", MEAN);
    let inputs =
        [("paths", "good.jsonl\r\n\nwrong/mean.jsonl\n"), ("sarif-file", "out.sarif"), ("sarif-category", "nightly/a")];
    let ran = runner.run(&inputs);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(ran.set(&["exit-code", "errors", "warnings", "sarif", "html"]), ["1", "1", "0", "out.sarif", ""]);
    assert_eq!(ran.commands().len(), 1, "{:?}", ran.commands());
    assert!(ran.commands()[0].starts_with("::error file=") && ran.commands()[0].contains("RT204"));
    assert!(ran.summary.contains("RT204"), "{}", ran.summary);
    let sarif = std::fs::read_to_string(runner.workspace().join("out.sarif")).unwrap();
    let sarif: serde_json::Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(sarif["runs"][0]["automationDetails"]["id"], "retally/nightly/a/");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "RT204");
    let quiet =
        runner.run(&[("paths", "mean.jsonl"), ("annotations", "false"), ("summary", "false"), ("fail-on", "never")]);
    assert_eq!((quiet.code, quiet.summary.as_str()), (0, "before\n"));
    assert_eq!(quiet.set(&["exit-code", "errors"]), ["0", "1"]);
    assert!(quiet.commands().is_empty(), "{:?}", quiet.commands());
}

#[test]
fn configuration_baseline_and_further_arguments_are_handed_on() {
    let runner = Runner::new();
    runner.write("c.toml", "[conventions]\nscore = \"sum(logprob)/n\"\n");
    assert_eq!(runner.run(&[("paths", "mean.jsonl"), ("config", "c.toml")]).code, 0);
    let ran = runner.run(&[("paths", "mean.jsonl"), ("args", "--ignore\nRT204\n--report\nconcise=a b.txt")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(runner.workspace().join("a b.txt").is_file());
    let create = Command::new(env!("CARGO_BIN_EXE_retally"))
        .args(["baseline", "create", "mean.jsonl", "--output", "known.json"])
        .current_dir(runner.workspace())
        .output();
    assert!(create.unwrap().status.success());
    let ran = runner.run(&[("paths", "mean.jsonl"), ("baseline", "known.json")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.set(&["errors", "warnings"]), ["0", "0"], "a known finding is no error");
    assert_eq!(runner.run(&[("paths", "mean.jsonl"), ("baseline", "missing.json")]).code, 2);
}

#[test]
fn an_unusable_input_is_2_and_leaves_no_result() {
    let runner = Runner::new();
    let files = [("summary", "false"), ("sarif-file", "old.sarif"), ("html-file", "old.html")];
    assert_eq!(runner.run(&[[("paths", "good.jsonl")].as_slice(), &files].concat()).code, 0);
    assert!(runner.workspace().join("old.sarif").exists() && runner.workspace().join("old.html").exists());
    let ran = runner.run(&[("paths", "missing.jsonl"), ("sarif-file", "old.sarif"), ("html-file", "old.html")]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.set(&OUTPUTS), ["2", "", "", "", "", ""]);
    assert!(!runner.workspace().join("old.sarif").exists() && !runner.workspace().join("old.html").exists());
    assert_eq!(ran.summary, "before\n");
    let wrong = [
        ("annotations", "yes"),
        ("summary", ""),
        ("fail-on", "sometimes"),
        ("version", "1; touch ran"),
        ("sarif-category", "a,b"),
        ("html-file", "a\nerrors=0\nb"),
        ("config", "a\n::error::x"),
        ("sarif-file", "x\r##[error]y"),
        ("baseline", "a\nb"),
        ("args", "--no-such-option"),
    ];
    for (name, value) in wrong {
        let ran = runner.run(&[("paths", "good.jsonl"), (name, value)]);
        let expected = if (name, value) == ("summary", "") { 0 } else { 2 };
        assert_eq!(ran.code, expected, "{name}={value:?}: {}", ran.stderr);
        assert_eq!(ran.outputs["exit-code"], expected.to_string());
        assert!(ran.commands().is_empty(), "{name}={value:?}: {:?}", ran.commands());
    }
}

/// A runner on which retally is missing: a directory of programs that has these tools and no others.
fn bare(runner: &Runner, tools: &[&str]) -> std::path::PathBuf {
    let programs = runner.0.path().join("bin");
    std::fs::create_dir(&programs).unwrap();
    let common = [
        "bash",
        "env",
        "mktemp",
        "awk",
        "sed",
        "cat",
        "dirname",
        "mkdir",
        "cp",
        "uname",
        "head",
        "find",
        "sort",
        "xargs",
        "sha256sum",
        "cut",
        "ln",
    ];
    for name in common.iter().chain(tools) {
        let path = std::env::var_os("PATH").unwrap();
        let found = std::env::split_paths(&path).map(|path| path.join(name)).find(|path| path.exists());
        std::os::unix::fs::symlink(found.unwrap(), programs.join(name)).unwrap();
    }
    programs
}

/// Writes a script among the programs of a runner.
fn stand_in(programs: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let file = programs.join(name);
    std::fs::write(&file, format!("#!/usr/bin/env bash\nset -eu\n{script}")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn where_retally_is_missing_it_is_installed() {
    let cases = [
        ("cargo", "", "main", "install --quiet --locked --root DIRECTORY --path ROOT"),
        (
            "cargo",
            "v9.8.7",
            "main",
            "install --quiet --locked --root DIRECTORY --git https://forge.example/ROOT --tag v9.8.7 retally",
        ),
        (
            "cargo",
            "",
            "v9.8.7",
            "install --quiet --locked --root DIRECTORY --git https://forge.example/ROOT --tag v9.8.7 retally",
        ),
        ("python3", "", "main", "-m pip install --quiet ROOT"),
        ("python3", "9.8.7", "main", "-m pip install --quiet retally==9.8.7"),
    ];
    for (installer, version, reference, expected) in cases {
        let runner = Runner::new();
        let programs = bare(&runner, &[]);
        let directory = runner.0.path().join("temp/retally-program");
        // Prints its arguments, and creates the program where the real installer would. `venv` copies it.
        let there = if installer == "cargo" { directory.clone() } else { directory.join("venv") };
        let script = format!(
            "mkdir -p '{there}'\n\
             if [ \"$2\" = venv ]; then cp \"$0\" '{there}/python'; exit; fi\n\
             echo \"$*\" >'{log}'\nln -s '{program}' '{there}/retally'\n",
            there = there.join("bin").display(),
            log = runner.0.path().join("asked").display(),
            program = env!("CARGO_BIN_EXE_retally"),
        );
        stand_in(&programs, installer, &script);
        let ran =
            runner.run_with(programs.to_str().unwrap(), reference, &[("paths", "good.jsonl"), ("version", version)]);
        assert_eq!(ran.code, 0, "{installer} {version}: {}", ran.stderr);
        let asked = std::fs::read_to_string(runner.0.path().join("asked")).unwrap();
        let expected = expected.replace("ROOT", root().to_str().unwrap());
        assert_eq!(asked.trim(), expected.replace("DIRECTORY", directory.to_str().unwrap()));
        // What came from the cache is not installed again.
        std::fs::remove_file(runner.0.path().join("asked")).unwrap();
        let ran =
            runner.run_with(programs.to_str().unwrap(), reference, &[("paths", "good.jsonl"), ("version", version)]);
        assert_eq!((ran.code, runner.0.path().join("asked").exists()), (0, false), "{}", ran.stderr);
    }
    let runner = Runner::new();
    let ran = runner.run(&[("paths", "good.jsonl"), ("version", "9.8.7")]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("version 9.8.7 was asked for"), "{}", ran.stderr);
    // An installer that fails is an audit that is incomplete.
    for installer in ["cargo", "python3"] {
        let runner = Runner::new();
        let programs = bare(&runner, &[]);
        stand_in(&programs, installer, "exit 3\n");
        let ran = runner.run_with(programs.to_str().unwrap(), "main", &[("paths", "good.jsonl")]);
        assert_eq!((ran.code, ran.outputs["exit-code"].as_str()), (2, "2"), "{}", ran.stderr);
    }
}

/// The archive of a release is taken where there is one, if its digest is right.
#[cfg(target_os = "linux")]
#[test]
fn a_release_is_downloaded() {
    // As it is, and with its last digit in front.
    for (digest, code) in [("s/^//", 0), (r"s/^\(.*\)\(.\)  /\2\1  /", 2)] {
        let runner = Runner::new();
        let programs = bare(&runner, &["tar", "gzip"]);
        let place = runner.0.path();
        let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let name = format!("retally-{target}.tar.gz");
        let packed = place.join("release").join(format!("retally-{target}"));
        std::fs::create_dir_all(&packed).unwrap();
        stand_in(&packed, "retally", &format!("exec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_retally")));
        let pack = format!(
            "cd release && tar -czf {name} retally-{target} && sha256sum {name} | sed '{digest}' >{name}.sha256"
        );
        assert!(Command::new("bash").args(["-e", "-c", &pack]).current_dir(place).status().unwrap().success());
        // The last argument is the address.
        let script = format!(
            "while [ $# -gt 1 ]; do if [ \"$1\" = --output ]; then to=$2; fi; shift; done\n\
             echo \"$1\" >>'{0}/asked'\ncp '{0}/release/'\"${{1##*/}}\" \"$to\"\n",
            place.display()
        );
        stand_in(&programs, "curl", &script);
        let ran = runner.run_with(programs.to_str().unwrap(), "v9.8.7", &[("paths", "good.jsonl")]);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        let base = format!("https://forge.example/{}/releases/download/v9.8.7/{name}", root().to_str().unwrap());
        let asked = std::fs::read_to_string(place.join("asked")).unwrap();
        assert_eq!(asked, format!("{base}\n{base}.sha256\n"));
        assert_eq!(ran.stderr.contains("the digest does not match"), code == 2, "{}", ran.stderr);
    }
}

/// An action that is pinned, by a tag or by the hash of its commit, takes the release of that version; anything else is
/// built. Only what is built or downloaded anew has another key.
#[test]
fn the_program_is_that_of_the_pinned_version() {
    let runner = Runner::new();
    let programs = bare(&runner, &[]);
    let path = programs.to_str().unwrap();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let version = env!("CARGO_PKG_VERSION");
    stand_in(
        &programs,
        "git",
        &format!("[ \"$1 $3\" = 'ls-remote refs/tags/v{version}' ]\necho '{commit}\trefs/tags/v'\n"),
    );
    let find = |reference: &str, asked: &str| {
        let found = runner.program((path, reference), &[("version", asked)]);
        (found["release"].clone(), found["key"].clone())
    };
    assert_eq!(find("v9.8.7", "").0, "9.8.7");
    assert_eq!(find("v9.8.7", "v1.2.3").0, "1.2.3");
    assert_eq!(find(commit, "").0, version);
    for reference in ["main", "v9", "", "89abcdef0123456789abcdef0123456701234567"] {
        assert_eq!(find(reference, "").0, "", "{reference}");
    }
    assert_eq!(find("main", "").1, find("v9", "").1);
    assert_ne!(find("main", "").1, find("v9.8.7", "").1);
    assert!(find("v9.8.7", "").1.ends_with("-v9.8.7"));
    let there = Path::new(env!("CARGO_BIN_EXE_retally")).parent().unwrap();
    assert!(runner.program((&format!("{}:{path}", there.display()), "main"), &[]).is_empty());
    assert!(runner.program((path, "main"), &[("version", "1; touch ran")]).is_empty());
}

#[test]
fn nothing_in_an_input_is_run() {
    let runner = Runner::new();
    let name = "it's a \"log\" $(touch ran) `touch ran`; touch ran & ${HOME} * ::error::x.jsonl";
    runner.write(name, GOOD);
    let outputs = [("html-file", "$(touch ran) \".html"), ("sarif-file", "`touch ran`'.sarif")];
    let ran = runner.run(&[("paths", name), outputs[0], outputs[1]]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.set(&["sarif", "html"]), [outputs[1].1, outputs[0].1]);
    // Each line is a path, never an option or a command.
    let ran = runner.run(&[("paths", "good.jsonl\n--fail-on=never\n; touch ran")]);
    assert_eq!(ran.code, 2);
    let ran = runner.run(&[("paths", "good.jsonl"), ("args", "$(touch ran)\n; touch ran")]);
    assert_eq!(ran.code, 2);
    for place in [runner.workspace(), runner.0.path().to_path_buf()] {
        assert!(!place.join("ran").exists());
    }
    assert!(ran.commands().is_empty(), "{:?}", ran.commands());
}

#[test]
fn the_hooks_of_pre_commit_are_two_ways_to_install_one_command() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hooks = hooks.as_vec().unwrap();
    let field = |at: usize, name: &str| hooks[at][name].as_str().unwrap().to_owned();
    assert_eq!(hooks.len(), 2);
    assert_eq!([field(0, "id"), field(0, "language")], ["retally", "rust"]);
    assert_eq!([field(1, "id"), field(1, "language")], ["retally-wheel", "python"]);
    for hook in hooks {
        assert_eq!(hook["entry"].as_str(), Some("retally check"));
        assert_eq!(hook["require_serial"].as_bool(), Some(true), "several processes would each see a part of a run");
        let files = hook["files"].as_str().unwrap();
        for (name, is_log) in [
            ("runs/a.jsonl", true),
            ("a.ndjson.gz", true),
            ("r/results_2026-01-01.json", true),
            ("results_x.json.zst", true),
            ("package.json", false),
            ("myresults_x.json", false),
            ("a.jsonl.txt", false),
        ] {
            assert_eq!(is_found(files, name), is_log, "{name}");
        }
    }
}

/// Whether a pattern is found in a name.
fn is_found(pattern: &str, name: &str) -> bool {
    let mut grep = Command::new("grep").args(["-qE", pattern]).stdin(Stdio::piped()).spawn().unwrap();
    writeln!(grep.stdin.take().unwrap(), "{name}").unwrap();
    grep.wait().unwrap().success()
}
