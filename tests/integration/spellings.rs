//! The same log in other spellings gives the same results: line ends, white space, exponents, another directory, other
//! logs next to it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;

use crate::key_order::{Said, files, said};
use crate::support::{check, differs_in_formula_alone, fixture, logs};

/// A spelling of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// Windows line ends.
    CarriageReturns,
    /// White space between all tokens of a JSON text.
    Spaced,
    /// `-1.25` as `-125e-2`, `0.001` as `1e-3`, in JSON.
    Exponents,
}

/// A number as its digits with an exponent in place of the point; None for whole numbers and those with an exponent.
fn with_exponent(number: &str) -> Option<String> {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.')?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let all = format!("{whole}{fraction}");
    let all = all.trim_start_matches('0');
    Some(format!("{sign}{}e-{}", if all.is_empty() { "0" } else { all }, fraction.len()))
}

/// The JSON text in another spelling. Strings are unchanged.
fn respelled(text: &str, spelling: Spelling) -> String {
    let (mut out, mut at) = (String::new(), 0);
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        let from = at;
        at += 1;
        match byte {
            b'"' => {
                while let Some(inside) = bytes.get(at) {
                    at += if *inside == b'\\' { 2 } else { 1 };
                    if *inside == b'"' {
                        break;
                    }
                }
                out.push_str(&text[from..at]);
            }
            b'-' | b'0'..=b'9' => {
                while bytes.get(at).is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
                    at += 1;
                }
                let number = &text[from..at];
                let other = with_exponent(number).filter(|_| spelling == Spelling::Exponents);
                out.push_str(other.as_deref().unwrap_or(number));
            }
            b'{' | b'}' | b'[' | b']' | b':' | b',' if spelling == Spelling::Spaced => {
                write!(out, " {} \t", char::from(*byte)).unwrap();
            }
            _ => out.push(char::from(*byte)),
        }
    }
    out
}

/// A file in another spelling; None if it is the same.
fn other(name: &str, text: &str, spelling: Spelling) -> Option<String> {
    let is_json = |text: &str| serde_json::from_str::<&RawValue>(text).is_ok();
    let other = match spelling {
        Spelling::CarriageReturns => text.replace("\r\n", "\n").replace('\n', "\r\n"),
        _ if name.contains(".csv") || name.contains(".tsv") => return None,
        _ if is_json(text) => respelled(text, spelling),
        _ => {
            let lines = text.split_inclusive('\n').map(|line| {
                if line.starts_with(['{', '[']) && is_json(line) { respelled(line, spelling) } else { line.to_owned() }
            });
            lines.collect()
        }
    };
    (other != text).then_some(other)
}

fn of_paths(paths: &[&Path]) -> Said {
    let paths: Vec<String> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    said(&check(&paths))
}

/// Copies a folder's files, some in another spelling; returns whether any file differs.
fn copy(folder: &Path, to: &Path, spelling: Option<Spelling>) -> bool {
    let mut changed = false;
    for path in files(folder) {
        let target = to.join(path.strip_prefix(folder).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        let is_log = !["expected.toml", "NOTES.md", "retally.toml"].contains(&&*name);
        let text = std::fs::read_to_string(&path).ok().filter(|_| is_log);
        match text.zip(spelling).and_then(|(text, spelling)| other(&name, &text, spelling)) {
            Some(other) => {
                std::fs::write(target, other).unwrap();
                changed = true;
            }
            None => drop(std::fs::copy(&path, target).unwrap()),
        }
    }
    changed
}

/// The combined results of two unrelated logs.
fn together(one: &Said, other: Said) -> Said {
    let mut all = one.clone();
    all.0.extend(other.0);
    all.0.sort();
    for (claim, counts) in other.1 {
        let own = all.1.entry(claim).or_default();
        own.iter_mut().zip(counts).for_each(|(own, count)| *own += count);
    }
    all.2.extend(other.2);
    all.2.sort();
    all.3 += other.3;
    all
}

/// The results of a folder in other spellings and places, if they differ.
fn differences(number: usize, folder: &Path) -> Vec<String> {
    let before = of_paths(&[folder]);
    let mut wrong = Vec::new();
    let mut compare = |how: &str, after: Said, before: &Said| {
        if after != *before {
            wrong.push(format!("{} {how}:\n{before:?}\n{after:?}", folder.display()));
        }
    };
    // Each spelling is used for every third folder, which covers all of them for every format.
    let spelling = [Spelling::CarriageReturns, Spelling::Spaced, Spelling::Exponents][number % 3];
    let place = tempfile::tempdir().unwrap();
    let elsewhere = place.path().join("another run (2)");
    if copy(folder, &elsewhere, Some(spelling)) {
        compare(&format!("{spelling:?}"), of_paths(&[&elsewhere]), &before);
    }
    let beside = PathBuf::from(fixture("formats/native/clean-items"));
    // A log beside itself is one log.
    if number.is_multiple_of(8) && folder != beside {
        // Another log adds its own results and changes nothing else, whatever the formats.
        let both = together(&before, of_paths(&[&beside]));
        compare("beside another log", of_paths(&[folder, &beside]), &both);
    }
    wrong
}

#[test]
fn a_log_in_another_spelling_or_place_says_the_same() {
    let mut folders: Vec<PathBuf> = logs().into_iter().filter(|path| path.is_dir()).collect();
    folders.retain(|folder| !differs_in_formula_alone(folder));
    assert!(folders.len() > 400);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let folders = &folders;
        let work = move |half: usize| {
            let own = folders.iter().enumerate().skip(half).step_by(2);
            own.flat_map(|(number, folder)| differences(number, folder)).collect::<Vec<_>>()
        };
        let threads = [0, 1].map(|half| scope.spawn(move || work(half)));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn numbers_keep_their_digits_in_another_spelling() {
    let exponents = |text: &str| respelled(text, Spelling::Exponents);
    assert_eq!(
        exponents(r#"{"a": [-1.25, 0.0010, 7, 1.5e-3, -0.0], "b": "1.5"}"#),
        r#"{"a": [-125e-2, 10e-4, 7, 1.5e-3, -0e-1], "b": "1.5"}"#
    );
    assert_eq!(respelled(r#"{"a": "b,\"{"}"#, Spelling::Spaced), " { \t\"a\" : \t \"b,\\\"{\" } \t");
}
