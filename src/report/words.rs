//! Numbers as sentences show them.

use crate::model::{Verdict, VerdictCounts};

/// A count with thousands separators.
#[must_use]
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number with as many decimals as its column prints, at most 12; whole f64 digits beyond that.
#[must_use]
pub(crate) fn number(value: f64, decimals: i16) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    match usize::try_from(decimals) {
        Ok(decimals) if decimals <= 12 => {
            let text = format!("{value:.decimals$}");
            // A value below the printed digits would read as nothing at all.
            if value != 0.0 && text.trim_matches(['-', '0', '.']).is_empty() { format!("{value:.3e}") } else { text }
        }
        _ if value != 0.0 && !(1e-5..1e15).contains(&value.abs()) => format!("{value:e}"),
        _ => value.to_string(),
    }
}

/// A p-value to two digits.
#[must_use]
pub(crate) fn p_value(p: f64) -> String {
    if p >= 0.01 { format!("{p:.2}") } else { format!("{p:.1e}") }
}

/// The first few ids of a list.
#[must_use]
pub(crate) fn some<'i>(ids: impl IntoIterator<Item = &'i str>, shown: usize, total: u64) -> String {
    let ids: Vec<&str> = ids.into_iter().take(shown).collect();
    let more = if (ids.len() as u64) < total { ", …" } else { "" };
    format!("{}{more}", ids.join(", "))
}

/// Text of at most so many characters, with an ellipsis where it is cut.
#[must_use]
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(most.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// "row" or "rows".
#[must_use]
pub(crate) fn rows(number: u64) -> &'static str {
    if number == 1 { "row" } else { "rows" }
}

/// How many of the picks change, as in `27 of 300 picks change`.
#[must_use]
pub(crate) fn picks_change(flips: u64, items: u64) -> String {
    let picks = if items == 1 { "pick" } else { "picks" };
    let change = if flips == 1 { "changes" } else { "change" };
    format!("{} of {} {picks} {change}", count(flips), count(items))
}

/// What a change does to the accuracy, after a semicolon: each accuracy with the words that say whose it is.
#[must_use]
pub(crate) fn accuracy_change(before: (f64, &str), after: (f64, &str), gained: u64, lost: u64, p: f64) -> String {
    format!(
        "; accuracy {:.4} {}, {:.4} {} ({} gained, {} lost, p = {})",
        before.0,
        before.1,
        after.0,
        after.1,
        count(gained),
        count(lost),
        p_value(p)
    )
}

/// The place of a verdict in the order of a reader's interest: what is wrong comes first.
#[must_use]
pub(crate) fn order(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Refuted => 0,
        Verdict::FromRefuted => 1,
        Verdict::Unprovable => 2,
        Verdict::Proven => 3,
    }
}

/// One verdict for a set of them: the gravest.
#[must_use]
pub(crate) fn verdict(counts: &VerdictCounts) -> Verdict {
    if counts.refuted > 0 {
        Verdict::Refuted
    } else if counts.from_refuted > 0 {
        Verdict::FromRefuted
    } else if counts.proven > 0 {
        Verdict::Proven
    } else {
        Verdict::Unprovable
    }
}
