//! What was seen of the logs: each field with its values, its role and what was proven of it.

use crate::format::MappedRole;
use crate::format::native::roles::{self, Role};
use crate::format::shape::FieldShape;
use crate::init::{LISTED, Open, Seen, by_claim, distinct, fitting, line};
use crate::report::words::{count, rows};
use crate::report::{ClaimKey, ClaimReport, InputError, Report, visible};

/// One line about a field.
struct Line {
    path: String,
    what: String,
    role: String,
    verdict: String,
}

/// Longest path and longest description that others are aligned with.
const WIDEST: usize = 40;

/// The inputs with their fields, then what has to be decided.
#[must_use]
pub fn evidence(seen: &[Seen], errors: &[InputError], report: &Report, choices: &[Open]) -> String {
    let mut text = String::new();
    for input in seen.iter().take(LISTED) {
        let known = report.inputs.iter().find(|known| known.path == input.path);
        let records = known.map_or(0, |known| known.records);
        let noun = if records == 1 { "record" } else { "records" };
        text.push_str(&format!("{}: {} {noun}, {}\n", visible(&input.path), count(records), input.format));
        fields(&mut text, input, report);
    }
    if seen.len() > LISTED {
        text.push_str(&format!("… and {} more files\n", count((seen.len() - LISTED) as u64)));
    }
    // What is asked below needs no other word.
    let is_asked = |error: &&InputError| choices.iter().any(|open| open.choice.input == error.path);
    for error in errors.iter().filter(|error| !is_asked(error)).take(LISTED) {
        text.push_str(&format!("{}: not read: {}\n", visible(&error.path), visible(&error.reason)));
    }
    let chosen = |open: &Open| {
        format!("`{}`: [input] {} {}", visible(&open.choice.input), open.line(), visible(&open.would_prove()))
    };
    let open: Vec<String> = choices.iter().map(chosen).chain(questions(seen, report)).collect();
    if !open.is_empty() {
        text.push_str("to decide:\n");
        for question in open {
            text.push_str(&format!("  {question}\n"));
        }
    }
    text
}

/// A path without the marks of lists.
fn plain(path: &str) -> String {
    path.replace("[]", "")
}

fn fields(text: &mut String, input: &Seen, report: &Report) {
    let lines: Vec<Line> = input.shapes.iter().map(|shape| of_field(shape, input, report)).collect();
    let width = |of: fn(&Line) -> &str| {
        lines.iter().map(|line| of(line).chars().count()).filter(|width| *width <= WIDEST).max()
    };
    let (paths, whats) = (width(|line| &line.path).unwrap_or(0), width(|line| &line.what).unwrap_or(0));
    let pad = |text: &str, width: usize| " ".repeat(width.saturating_sub(text.chars().count()));
    let mut left = 0;
    for (at, line) in lines.iter().enumerate() {
        if line.role.is_empty() && at >= LISTED {
            left += 1;
            continue;
        }
        let mut out = format!("  {}{}  ", line.path, pad(&line.path, paths));
        if line.role.is_empty() {
            out.push_str("not used");
        } else {
            out.push_str(&format!("{}{}  → {}", line.what, pad(&line.what, whats), line.role));
        }
        if !line.verdict.is_empty() {
            out.push_str(&format!("  ({})", line.verdict));
        }
        text.push_str(out.trim_end());
        text.push('\n');
    }
    if left > 0 {
        text.push_str(&format!("  … and {left} more that are not used\n"));
    }
}

fn of_field(shape: &FieldShape, input: &Seen, report: &Report) -> Line {
    let list = input.mapping.iter().find(|field| field.role == MappedRole::Role(Role::Candidates));
    let list = list.map(|field| field.field.path.as_str()).unwrap_or_default();
    let own = plain(&shape.path);
    let is_field = |path: &str, is_nested: bool| {
        own == path
            || is_nested
                && own.strip_prefix(list).and_then(|own| own.strip_prefix('.')).is_some_and(|own| {
                    // The options of an item may be named by their labels.
                    own.strip_prefix("*.").unwrap_or(own) == path
                })
    };
    let mapped: Vec<_> =
        input.mapping.iter().filter(|field| is_field(&field.field.path, field.field.is_nested)).collect();
    let claim = mapped.iter().find(|field| matches!(field.role, MappedRole::Claim(_)));
    let role = mapped.iter().find_map(|field| match field.role {
        MappedRole::Role(role) => Some(roles::key(role)),
        _ => None,
    });
    let path = visible(&shape.path).into_owned();
    let Some(claim) = claim else {
        if let Some(verdict) = of_run(&own, input, report) {
            return Line { path, what: shape.what.clone(), role: "number of the run".to_owned(), verdict };
        }
        return Line { path, what: shape.what.clone(), role: role.unwrap_or_default(), verdict: String::new() };
    };
    let name = if claim.column.is_empty() { claim.field.path.as_str() } else { claim.column.as_str() };
    let column = input.column(name).map(|spec| roles::key(Role::Claim(spec.column.kind)));
    let is_own = |held: &&ClaimReport| matches!(&held.claim, ClaimKey::Column(known) if known == name);
    let held: Vec<&ClaimReport> = report.claims.iter().filter(is_own).collect();
    let (what, verdict) = judged(&held, &shape.what);
    Line { path, what, role: column.unwrap_or_else(|| "claim".to_owned()), verdict }
}

/// What was found of a number in a summary.
fn of_run(name: &str, input: &Seen, report: &Report) -> Option<String> {
    let key = format!("run.{name}");
    let verdicts = report.summary.verdicts.iter().find(|(claim, _)| claim.to_string() == key);
    let (_, verdicts) = verdicts.filter(|_| input.columns.is_empty())?;
    let verdict = match (verdicts.refuted, verdicts.unprovable, verdicts.from_refuted) {
        (0, 0, 0) => "proven",
        (0, 0, _) => "follows from a refuted number",
        (0, ..) => "cannot be checked",
        _ => "refuted",
    };
    Some(verdict.to_owned())
}

/// What was found of a claim's rows.
fn judged(held: &[&ClaimReport], what: &str) -> (String, String) {
    let (mut proven, mut refuted, mut all) = (0, 0, 0);
    for claim in held {
        proven += claim.verdicts.proven;
        refuted += claim.verdicts.refuted;
        all += claim.verdicts.total();
    }
    let formulas: Vec<&str> =
        held.iter().map(|claim| claim.convention.as_str()).filter(|formula| !formula.is_empty()).collect();
    let formula = distinct(&formulas).join(" or ");
    match (proven, refuted) {
        _ if all == 0 => (what.to_owned(), "no row has it".to_owned()),
        _ if formula.is_empty() => (what.to_owned(), "cannot be checked".to_owned()),
        (0, 0) => (what.to_owned(), "cannot be checked".to_owned()),
        (_, 0) if proven == all => (format!("= {formula} in {} of {}", count(proven), count(all)), "proven".to_owned()),
        (_, 0) => {
            (format!("= {formula} in {} of {}", count(proven), count(all)), "others cannot be checked".to_owned())
        }
        _ => (format!("= {formula} in {} of {}", count(proven), count(all)), format!("{} refuted", count(refuted))),
    }
}

/// What the logs leave open, with what each answer would prove.
fn questions(seen: &[Seen], report: &Report) -> Vec<String> {
    let mut open = Vec::new();
    for (name, held) in by_claim(report) {
        let can_be_declared = seen.iter().any(|input| input.column(name).is_some());
        for claim in held {
            let shown = visible(name);
            for (formula, fit) in fitting(claim, report).into_iter().filter(|_| can_be_declared) {
                let declared = line(name, formula);
                open.push(format!(
                    "`{shown}`: [conventions] {} would prove {} {}; without it they are refuted",
                    declared.trim_end(),
                    count(fit),
                    rows(fit)
                ));
            }
            if claim.verdicts.unprovable > 0 && !claim.missing.is_empty() {
                let number = claim.verdicts.unprovable;
                open.push(format!("`{shown}`: to check {} {}, log {}", count(number), rows(number), claim.missing));
            }
        }
    }
    open.sort();
    open.dedup();
    let left = open.len().saturating_sub(LISTED);
    open.truncate(LISTED);
    if left > 0 {
        open.push(format!("… and {left} more"));
    }
    open
}
