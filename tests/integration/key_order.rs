//! A JSON object has no order: sorting, reversing or shuffling the keys of a log changes no verdict.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use retally::Report;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::support::{check, differs_in_formula_alone, fixture};

/// The order in which the members of an object are written.
#[derive(Clone, Copy, Debug)]
enum Order {
    Sorted,
    Reversed,
    Shuffled,
}

/// The members of an object, in their order and with their digits.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        from.deserialize_map(Object)
    }
}

fn arrange<T>(members: &mut [(String, T)], order: Order, state: &mut u64) {
    match order {
        Order::Sorted => members.sort_by(|a, b| a.0.cmp(&b.0)),
        Order::Reversed => members.reverse(),
        Order::Shuffled => {
            for at in (1..members.len()).rev() {
                *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                members.swap(at, (*state >> 33) as usize % (at + 1));
            }
        }
    }
}

fn write(raw: &str, order: Order, state: &mut u64, out: &mut String) {
    match raw.as_bytes().first() {
        Some(b'{') => {
            let Members(mut members) = serde_json::from_str(raw).unwrap();
            arrange(&mut members, order, state);
            out.push('{');
            for (at, (key, value)) in members.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                out.push_str(&serde_json::to_string(key).unwrap());
                out.push_str(": ");
                write(value.get(), order, state, out);
            }
            out.push('}');
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(raw).unwrap();
            out.push('[');
            for (at, element) in elements.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write(element.get(), order, state, out);
            }
            out.push(']');
        }
        _ => out.push_str(raw),
    }
}

/// A document or JSON Lines with another order of keys. Other text is unchanged.
fn arranged(text: &str, order: Order) -> String {
    let mut state = 1;
    let mut one = |text: &str| {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        let mut out = String::new();
        write(raw.get(), order, &mut state, &mut out);
        Some(out)
    };
    if let Some(mut whole) = one(text) {
        // A document over several lines remains one: a line of JSON may be another format.
        if text.trim().contains('\n') && whole.starts_with('{') {
            whole.insert(1, '\n');
        }
        return whole;
    }
    let lines = text.split_inclusive('\n').map(|line| {
        let body = line.trim_end_matches(['\r', '\n']);
        // Server-sent events.
        let event = if body.starts_with("data: ") { "data: " } else { "" };
        match one(&body[event.len()..]) {
            Some(other) => format!("{event}{other}{}", &line[body.len()..]),
            None => line.to_owned(),
        }
    });
    lines.collect()
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Contents of a report: findings, verdicts, formats, unreadable records.
pub(crate) type Said = (Vec<(String, u64, String)>, BTreeMap<String, [u64; 4]>, Vec<String>, usize);

pub(crate) fn said(report: &Report) -> Said {
    let mut findings: Vec<_> =
        report.findings.iter().map(|found| (found.code.clone(), found.count, found.claim.clone())).collect();
    findings.sort();
    let verdicts = report.summary.verdicts.iter();
    let verdicts =
        verdicts.map(|(claim, own)| (claim.to_string(), [own.proven, own.refuted, own.from_refuted, own.unprovable]));
    let mut formats: Vec<String> = report.inputs.iter().map(|input| input.format.clone()).collect();
    formats.sort();
    (findings, verdicts.collect(), formats, report.errors.len())
}

fn of_folder(folder: &Path) -> Said {
    said(&check(&[folder.to_string_lossy().into_owned()]))
}

/// Compares a folder with its copies in other orders.
fn differences(folder: &Path) -> Vec<String> {
    let files = files(folder);
    let texts: Vec<(&PathBuf, String)> = files
        .iter()
        .filter(|path| !path.ends_with("expected.toml") && !path.ends_with("NOTES.md"))
        .filter_map(|path| Some((path, std::fs::read_to_string(path).ok()?)))
        .collect();
    let mut before = None;
    let mut wrong = Vec::new();
    for order in [Order::Sorted, Order::Reversed, Order::Shuffled] {
        let others: Vec<String> = texts.iter().map(|(_, text)| arranged(text, order)).collect();
        if texts.iter().zip(&others).all(|((_, text), other)| text == other) {
            continue;
        }
        let copy = tempfile::tempdir().unwrap();
        for path in &files {
            let to = copy.path().join(path.strip_prefix(folder).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            match texts.iter().zip(&others).find(|((own, _), _)| *own == path) {
                Some((_, other)) => std::fs::write(to, other).unwrap(),
                None => drop(std::fs::copy(path, to).unwrap()),
            }
        }
        let before = before.get_or_insert_with(|| of_folder(folder));
        let after = of_folder(copy.path());
        if *before != after {
            wrong.push(format!("{} {order:?}:\n{before:?}\n{after:?}", folder.display()));
        }
    }
    wrong
}

#[test]
fn the_order_of_keys_changes_no_verdict() {
    let inside = |folder: PathBuf| {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect::<Vec<_>>()
    };
    let mut folders: Vec<PathBuf> = inside(fixture("formats").into()).into_iter().flat_map(inside).collect();
    folders.retain(|folder| !differs_in_formula_alone(folder));
    assert!(folders.len() > 300);
    let halves: Vec<Vec<&PathBuf>> = (0..2).map(|half| folders.iter().skip(half).step_by(2).collect()).collect();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let work = |half: &Vec<&PathBuf>| half.iter().flat_map(|folder| differences(folder)).collect::<Vec<_>>();
        let threads: Vec<_> = halves.iter().map(|half| scope.spawn(move || work(half))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn numbers_keep_their_digits() {
    let text = "{\"b\": [1.50, {\"d\": 1e-5, \"c\": \"é\"}], \"a\": null}\n";
    assert_eq!(arranged(text, Order::Sorted), "{\"a\": null, \"b\": [1.50, {\"c\": \"é\", \"d\": 1e-5}]}");
    assert_eq!(
        arranged("{\"b\": 1, \"a\": NaN}\r\n{\"b\": 1, \"a\": 2}\r\n", Order::Reversed),
        "{\"b\": 1, \"a\": NaN}\r\n{\"a\": 2, \"b\": 1}\r\n"
    );
}
