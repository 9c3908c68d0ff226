//! Workflows that the repository runs or ships, and what a release is made of: actions are pinned, rights are stated per
//! job, and the parts of a release agree on names and versions. `scripts/test-workflows.sh` runs zizmor on the same files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use yaml_rust2::{Yaml, YamlLoader};

use crate::support::root;

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn yaml(text: &str) -> Yaml {
    YamlLoader::load_from_str(text).unwrap().remove(0)
}

/// A template of `retally init --ci` as it is written for `runs/`.
fn template(name: &str) -> String {
    read(&format!("templates/ci/{name}")).replace("@PATHS@", "runs/").replace("@VERSION@", "9.8.7")
}

/// The workflows, by where they are: files, the template, and the complete ones among the examples of the documentation.
fn workflows() -> BTreeMap<String, String> {
    let mut found = BTreeMap::from([("templates/ci/github.yml".to_owned(), template("github.yml"))]);
    for entry in std::fs::read_dir(root().join(".github/workflows")).unwrap() {
        let path = format!(".github/workflows/{}", entry.unwrap().file_name().to_str().unwrap());
        found.insert(path.clone(), read(&path));
    }
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.to_lowercase().ends_with(".md") {
            continue;
        }
        for (at, block) in read(&format!("docs/{name}")).split("```yaml\n").skip(1).enumerate() {
            let block = block.split("```").next().unwrap();
            if block.contains("\njobs:\n") {
                found.insert(format!("docs/{name} {at}"), block.to_owned());
            }
        }
    }
    assert!(found.len() >= 4, "{:?}", found.keys());
    found
}

/// A name of a tag can be moved to other code; the hash of a commit cannot.
#[test]
fn actions_of_others_are_pinned_to_one_commit_each() {
    let mut all = workflows();
    all.insert("action.yml".to_owned(), read("action.yml"));
    let mut pins: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in all {
        for line in text.lines() {
            let Some((_, used)) = line.split_once("uses: ") else { continue };
            if used.starts_with("./") {
                continue;
            }
            let (action, pin) = used.split_once('@').unwrap();
            let (commit, version) = pin.split_once(" # v").unwrap_or_else(|| panic!("{path}: {line}"));
            assert!(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()), "{path}: {line}");
            assert!(version.split('.').count() == 3, "{path}: {line}");
            pins.entry(action.to_owned()).or_default().insert(pin.to_owned());
        }
    }
    assert!(pins.len() > 10, "{pins:?}");
    for (action, pins) in pins {
        assert_eq!(pins.len(), 1, "{action}: {pins:?}");
    }
}

#[test]
fn a_workflow_has_no_rights_but_those_of_its_jobs() {
    for (path, text) in workflows() {
        let file = yaml(&text);
        assert!(file["permissions"].as_hash().is_some_and(yaml_rust2::yaml::Hash::is_empty), "{path}");
        assert!(!file["concurrency"].is_badvalue(), "{path}");
        for (name, job) in file["jobs"].as_hash().unwrap() {
            let name = name.as_str().unwrap();
            assert!(job["permissions"].as_hash().is_some(), "{path}: {name}");
            let is_ours = path.starts_with(".github/");
            assert!(!is_ours || job["timeout-minutes"].as_i64().is_some(), "{path}: {name}");
            for step in job["steps"].as_vec().unwrap() {
                let run = step["run"].as_str().unwrap_or("");
                assert!(!run.contains("${{"), "{path}: {name}: an expression in a script is run: {run}");
                if step["uses"].as_str().is_some_and(|used| used.starts_with("actions/checkout@")) {
                    assert_eq!(step["with"]["persist-credentials"].as_bool(), Some(false), "{path}: {name}");
                }
            }
        }
    }
}

/// The first step of the files for CI works before and after the first release.
#[cfg(unix)]
#[test]
fn files_for_ci_install_a_wheel_of_the_repository_or_the_release() {
    use std::os::unix::fs::PermissionsExt as _;
    let github = yaml(&template("github.yml"));
    let steps = github["jobs"]["audit"]["steps"].as_vec().unwrap();
    let install = steps.iter().find(|step| step["name"].as_str() == Some("Install retally")).unwrap();
    let gitlab = yaml(&template("gitlab.yml"));
    let steps = [
        ("bash", "pipx", install["run"].as_str().unwrap(), "install "),
        ("sh", "pip", gitlab["retally"]["script"][0].as_str().unwrap(), "install --quiet "),
    ];
    for (shell, installer, script, words) in steps {
        let folder = tempfile::tempdir().unwrap();
        let programs = folder.path().join("programs");
        std::fs::create_dir_all(&programs).unwrap();
        std::fs::create_dir(folder.path().join("a b")).unwrap();
        let executable = |name: &str, script: &str| {
            std::fs::write(programs.join(name), format!("#!/bin/sh\n{script}")).unwrap();
            std::fs::set_permissions(programs.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        executable(installer, "echo \"$*\" >>asked\n");
        let run = || {
            let path = format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display());
            let mut command = Command::new(shell);
            command.args(["-e", "-c", script]).current_dir(folder.path()).env("PATH", path);
            assert!(command.output().unwrap().status.success(), "{script}");
            std::fs::read_to_string(folder.path().join("asked")).unwrap_or_default()
        };
        assert_eq!(run(), format!("{words}retally==9.8.7\n"), "{shell}");
        std::fs::remove_file(folder.path().join("asked")).unwrap();
        std::fs::write(folder.path().join("a b/retally-0.1.0-py3-none-any.whl"), "").unwrap();
        assert_eq!(run(), format!("{words}./a b/retally-0.1.0-py3-none-any.whl\n"), "{shell}");
        std::fs::remove_file(folder.path().join("asked")).unwrap();
        executable("retally", "");
        assert_eq!(run(), "", "{shell}: it is installed");
    }
}

/// Archives are built for the targets that the action looks for, under the names that cargo-binstall looks for.
#[test]
fn the_parts_of_a_release_have_the_same_names() {
    let release = yaml(&read(".github/workflows/release.yml"));
    let strings = |list: &Yaml, key: &str| -> BTreeSet<String> {
        let value = |one: &Yaml| if key.is_empty() { one.clone() } else { one[key].clone() };
        list.as_vec().unwrap().iter().map(|one| value(one).into_string().unwrap()).collect()
    };
    let built = strings(&release["jobs"]["build"]["strategy"]["matrix"]["include"], "target");
    assert_eq!(built, strings(&release["jobs"]["attest"]["strategy"]["matrix"]["target"], ""));
    let action = read("scripts/action-install.sh");
    let looked_for: BTreeSet<String> = action
        .lines()
        .filter_map(|line| line.split_once(") echo ")?.1.strip_suffix(" ;;").map(str::to_owned))
        .filter(|target| target.contains('-'))
        .collect();
    assert_eq!(looked_for, built);
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let package = &manifest["package"];
    let binstall = &package["metadata"]["binstall"];
    assert_eq!(
        binstall["pkg-url"].as_str().unwrap(),
        "{ repo }/releases/download/v{ version }/retally-{ target }{ archive-suffix }"
    );
    assert_eq!(binstall["bin-dir"].as_str().unwrap(), "retally-{ target }/{ bin }{ binary-ext }");
    let zipped: Vec<&String> = binstall["overrides"].as_table().unwrap().keys().collect();
    assert_eq!(zipped, built.iter().filter(|target| target.contains("windows")).collect::<Vec<_>>());

    // The image is built with the minimum version, which rust-toolchain.toml has not fallen behind.
    let version = package["rust-version"].as_str().unwrap();
    assert!(read("Dockerfile").contains(&format!("\nFROM rust:{version}-slim-bookworm AS build\n")));
    let numbers = |text: &str| -> Vec<u32> { text.split('.').map(|part| part.parse().unwrap()).collect() };
    let toolchain: toml::Table = read("rust-toolchain.toml").parse().unwrap();
    assert!(numbers(toolchain["toolchain"]["channel"].as_str().unwrap()) >= numbers(version));
    // The base of addresses of the documentation, to which outputs add a path.
    let homepage = package["homepage"].as_str().unwrap();
    assert!(homepage.starts_with("https://") && !homepage.ends_with('/'), "{homepage}");
}

/// What the program is built from is all in the crate, and so in the source distribution and the container's context.
#[test]
fn what_the_program_is_built_from_is_published() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let included = manifest["package"]["include"].as_array().unwrap();
    let ignored = read(".dockerignore");
    for directory in ["benches", "build.rs", "rules", "src", "templates"] {
        assert!(included.iter().any(|one| one.as_str() == Some(&format!("/{directory}"))), "{directory}");
        assert!(ignored.contains(&format!("\n!{directory}\n")), "{directory}");
    }
}

#[cfg(unix)]
#[test]
fn a_release_needs_its_version_and_its_changes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("scripts")).unwrap();
    for name in ["scripts/check-release.sh", "Cargo.toml", "Cargo.lock"] {
        std::fs::copy(root().join(name), at(name)).unwrap();
    }
    let version = env!("CARGO_PKG_VERSION");
    let check = |changes: &str, tag: &str| {
        std::fs::write(at("CHANGELOG.md"), changes).unwrap();
        let output = Command::new("bash").arg(at("scripts/check-release.sh")).arg(tag).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let changes = format!(
        "# Changelog\n## [Unreleased]\n- no\n\n## [{version}] - 2027-01-01\n### Added\n- yes\n## [0.0.1]\n- no\n"
    );
    assert_eq!(check(&changes, &format!("v{version}")), (true, String::new()));
    let notes = std::fs::read_to_string(at("target/release-notes.md")).unwrap();
    assert_eq!(notes, "### Added\n- yes\n");
    for (changes, tag, error) in [
        (changes.as_str(), "v99.0.0", "the tag is v99.0.0"),
        (changes.as_str(), version, "expected v"),
        ("# Changelog\n## [Unreleased]\n- no\n", &format!("v{version}"), "has no section"),
    ] {
        let (passed, said) = check(changes, tag);
        assert!(!passed && said.contains(error), "{tag}: {said}");
    }
}

/// The scripts of a release are run by the workflow as they are.
#[cfg(unix)]
#[test]
fn scripts_are_executable() {
    use std::os::unix::fs::PermissionsExt as _;
    let text = workflows().into_values().collect::<String>();
    let mut count = 0;
    for word in text.split_whitespace().filter(|word| word.starts_with("scripts/")) {
        let mode = std::fs::metadata(root().join(Path::new(word))).unwrap().permissions().mode();
        assert!(mode & 0o111 != 0, "{word}");
        count += 1;
    }
    assert!(count >= 5);
}
