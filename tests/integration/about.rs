//! The program's description of itself, and its answers to typing errors.

use std::path::Path;
use std::process::{Command, Stdio};

/// Exit code, standard output, standard error.
fn retally(arguments: &[&str]) -> (i32, String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_retally"))
        .args(arguments)
        .current_dir(root.join("fixtures"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_version_is_one_line_and_more_when_asked() {
    let (code, plain, _) = retally(&["--version"]);
    assert_eq!((code, plain.as_str()), (0, concat!("retally ", env!("CARGO_PKG_VERSION"), "\n")));
    for arguments in [&["--version", "-v"][..], &["-vV"], &["-V", "--verbose"]] {
        let (code, long, _) = retally(arguments);
        assert_eq!(code, 0);
        assert!(long.starts_with(&plain), "{long}");
        for line in [
            "target    ",
            "profile   ",
            "compiler  rustc 1.",
            "features  ",
            &format!("rules     {}, digest ", retally::catalogue::Catalogue::default().rules().len()),
            "report    schema version 2",
        ] {
            assert!(long.contains(line), "{line:?} in {long}");
        }
        assert!(!long.contains(env!("CARGO_MANIFEST_DIR")), "{long}");
    }
    assert_eq!(retally(&["-v"]).0, 2);
    assert_eq!(retally(&[]).0, 2);
}

#[test]
fn the_digest_of_the_rules_is_that_of_their_pages() {
    let mut pages: Vec<_> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("RT"))
        .collect();
    pages.sort();
    let mut hasher = blake3::Hasher::new();
    for page in pages {
        let text = std::fs::read(page).unwrap();
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(&text);
    }
    let digest = &hasher.finalize().to_hex().to_string()[..32];
    assert!(retally(&["-vV"]).1.contains(&format!("digest {digest}\n")));
}

#[test]
fn completions_load_in_their_shell() {
    for (shell, part) in
        [("zsh", "#compdef retally"), ("fish", "complete -c retally"), ("powershell", "Register-ArgumentCompleter")]
    {
        let (code, script, _) = retally(&["completions", shell]);
        assert_eq!(code, 0);
        assert!(script.contains(part), "{shell}: {script}");
        assert!(script.contains("baseline") && script.contains("fail-on"), "{shell}");
    }
    let (_, script, _) = retally(&["completions", "bash"]);
    // Completions for `retally ch` followed by Tab, and then for `--fail-on `.
    let probe = format!(
        "{script}\nCOMP_WORDS=(retally ch); COMP_CWORD=1; _retally retally ch retally; echo \"${{COMPREPLY[*]}}\"\n\
         COMP_WORDS=(retally check --fail-on ''); COMP_CWORD=3; _retally retally '' --fail-on; echo \"${{COMPREPLY[*]}}\"\n"
    );
    let output = Command::new("bash").args(["--norc", "-c", &probe]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "check\nerror warning note never\n");
}

#[test]
fn every_command_has_a_manual_page() {
    let (code, page, _) = retally(&["man"]);
    assert_eq!(code, 0);
    assert!(page.contains(".TH retally 1") && page.contains("retally\\-check(1)"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("man1");
    assert_eq!(retally(&["man", "--output", &to.to_string_lossy()]).0, 0);
    for name in
        ["retally", "retally-check", "retally-baseline", "retally-baseline-create", "retally-watch", "retally-merge"]
    {
        let page = std::fs::read_to_string(to.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(&format!(".TH {name} 1")), "{name}: {page}");
    }
    let check = std::fs::read_to_string(to.join("retally-check.1")).unwrap();
    assert!(check.contains("\\-\\-fail\\-on") && check.contains("\\-\\-baseline"), "{check}");
}

#[test]
fn quiet_leaves_findings_and_errors() {
    assert_eq!(retally(&["check", "--quiet", "formats/native/clean-candidates"]), (0, String::new(), String::new()));
    let (code, out, _) = retally(&["check", "-q", "formats/native/bug-mean"]);
    assert_eq!(code, 1);
    assert!(out.starts_with("error[RT204]") && !out.contains("proven"), "{out}");
    let (code, out, _) = retally(&["check", "-q", "missing.jsonl"]);
    assert_eq!((code, out.contains("missing.jsonl")), (2, true));
}

#[test]
fn a_typing_error_is_met_with_what_was_meant() {
    for (arguments, hint) in [
        (&["chekc", "cases/C1-right.jsonl"][..], "'check'"),
        (&["check", "cases/C1-right.jsonl", "--fromat", "json"], "'--format'"),
        (&["check", "cases/C1-right.jsonl", "--format", "jsno"], "'json'"),
        (&["check", "cases/C1-right.jsonl", "--fail-on", "eror"], "'error'"),
        (&["check", "cases/C1-right.jsonl", "--report", "htlm=x"], "did you mean `html`?"),
        (&["check", "cases/C1-right.jsonl", "--input-format", "lm-eval-sample"], "did you mean `lm-eval-samples`"),
        (&["check", "cases/C1-right.jsonl", "--select", "RT240"], "did you mean `RT"),
        (&["explain", "RT24"], "did you mean `RT2"),
        (&["completions", "bsh"], "'bash'"),
    ] {
        let (code, out, err) = retally(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.contains(hint), "{arguments:?}: {err}");
    }
}
