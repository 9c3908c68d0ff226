//! Whether a file is a report of this program: what may be replaced by a new one, and is no log.

/// Bytes from the start of a file that [`written_as`] looks at.
pub(crate) const HEAD: usize = 64 << 10;

/// Whether a file starts as a JSON object with this first key, in quotes.
pub(crate) fn has_first_key(head: &[u8], key: &str) -> bool {
    let first = head.trim_ascii_start().strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    first.is_some_and(|first| first.starts_with(key.as_bytes()))
}

/// The name of the output that wrote a file with this start; None for anything else.
///
/// Forms for machines are recognised by their first keys, however the white space was changed. Text is recognised by the
/// heading of its first finding, at its start or below the verdict, or by its line of counts.
#[must_use]
pub(crate) fn written_as(head: &[u8]) -> Option<&'static str> {
    let head = head.get(..HEAD).unwrap_or(head);
    // Nearly all files that are looked at are logs, and these hold neither.
    let is_likely = || [b"retally".as_slice(), b"\"RT"].iter().any(|mark| memchr::memmem::find(head, mark).is_some());
    if matches!(head.trim_ascii_start().first(), Some(b'{' | b'[')) && !is_likely() {
        return None;
    }
    let text = String::from_utf8_lossy(head);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).trim_start();
    match text.as_bytes().first()? {
        b'{' | b'[' => json(text),
        b'<' => markup(text),
        b'#' => text.starts_with("## retally: ").then_some("markdown"),
        _ => plain(text),
    }
}

fn json(text: &str) -> Option<&'static str> {
    /// What the first keys of a report fit in.
    const KEYS: usize = 4 << 10;
    let dense: String = text.chars().filter(|character| !character.is_ascii_whitespace()).take(KEYS).collect();
    let tool = dense.contains("\"tool\":{\"name\":\"retally\"");
    if dense.starts_with("{\"schema_version\":") && tool {
        return Some("json");
    }
    if dense.starts_with("{\"$schema\":") && dense.contains("\"driver\":{\"name\":\"retally\"") {
        return Some("sarif");
    }
    let is_issue = |start: &str, name: &str| dense.starts_with(start) && dense.contains(name);
    if is_issue("[{\"description\":\"RT", "\"check_name\":\"RT")
        || is_issue("[{\"description\":", "\"check_name\":\"silenced\"")
    {
        return Some("gitlab");
    }
    let is_line = |line: &str| line.starts_with("{\"type\":\"finding\",\"code\":\"RT") || is_summary(line);
    // The last line may be cut off where the head ends.
    let whole = text.rsplit_once('\n').map_or(text, |(whole, _)| whole);
    whole.lines().all(is_line).then_some("jsonl")
}

/// The last line of a report in JSON Lines.
fn is_summary(line: &str) -> bool {
    line.starts_with("{\"type\":\"summary\",\"schema_version\":") && line.contains("\"tool\":{\"name\":\"retally\"")
}

fn markup(text: &str) -> Option<&'static str> {
    if text.starts_with("<!doctype html>") && text.contains("\n<title>retally: ") {
        return Some("html");
    }
    (text.starts_with("<?xml ") && text.contains("\n<testsuites name=\"retally\"")).then_some("junit")
}

fn plain(text: &str) -> Option<&'static str> {
    let below_verdict = text.split_once("\n\n").filter(|(verdict, _)| !verdict.contains('\n')).map(|(_, rest)| rest);
    if heads_finding(text) || below_verdict.is_some_and(heads_finding) || text.lines().any(is_count) {
        return Some("text");
    }
    let first = text.lines().next()?;
    let is_concise = first.ends_with(" row)") || first.ends_with(" rows)");
    (is_concise && first.match_indices(": ").any(|(at, _)| heads_concise(&first[at + 2..]))).then_some("concise")
}

/// Whether a text begins as a finding of the text report does: `error[RT204]: `.
fn heads_finding(text: &str) -> bool {
    code(text).is_some_and(|rest| rest.starts_with("]: "))
}

/// The same of a line of `concise`: `error[RT204] `.
fn heads_concise(text: &str) -> bool {
    code(text).is_some_and(|rest| rest.starts_with("] "))
}

/// What follows a severity and a code.
fn code(text: &str) -> Option<&str> {
    let rest = ["error", "warning", "note"].iter().find_map(|severity| text.strip_prefix(severity))?;
    let rest = rest.strip_prefix("[RT")?;
    let digits = rest.get(..3).is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    digits.then(|| &rest[3..])
}

/// Whether a line is the text report's line of counts, such as `no findings · 1 candidate · 1 item`.
fn is_count(line: &str) -> bool {
    let parts: Vec<&str> = line.split(" · ").flat_map(|part| part.split(" - ")).collect();
    let [findings, candidates, items] = parts.as_slice() else { return false };
    let counts = |text: &str, noun: &str| {
        let number = text.strip_suffix(noun).or_else(|| text.strip_suffix('s').and_then(|one| one.strip_suffix(noun)));
        number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()) && number.ends_with(' '))
    };
    let found = ["no findings", "no new findings"].contains(findings)
        || findings.split(", ").all(|part| ["error", "warning", "note"].iter().any(|noun| counts(part, noun)));
    found && counts(candidates, "candidate") && counts(items, "item")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_counts_is_known_in_every_number() {
        for line in [
            "no findings · 1 candidate · 1 item",
            "no new findings - 12,818 candidates - 3,204 items",
            "1 error, 2 warnings, 1 note · 0 candidates · 0 items",
        ] {
            assert!(is_count(line), "{line}");
        }
        for line in ["no findings", "2 apples · 1 candidate · 1 item", "no findings · candidates · items", ""] {
            assert!(!is_count(line), "{line}");
        }
    }

    #[test]
    fn what_merely_mentions_the_program_is_no_report() {
        for text in [
            "# Notes on retally\n",
            "retally found nothing\n",
            "{\"type\": \"finding\", \"code\": \"RT204\"}\n",
            "{\"type\":\"finding\",\"code\":\"RT204\"}\n{\"item\":\"q0\",\"score\":-1.5}\n",
            "{\"schema_version\":2,\"tool\":{\"name\":\"other\"}}",
            "[]",
            "",
            "error[E0382]: borrow of moved value\n",
            "error: error[RT204]\n",
        ] {
            assert_eq!(written_as(text.as_bytes()), None, "{text}");
        }
        let line = "a.jsonl:1:156: error[RT204] `score` is the mean of the log-probs, not their sum (2 rows)\n";
        assert_eq!(written_as(line.as_bytes()), Some("concise"));
        assert_eq!(written_as(b"error[RT204]: `score` is"), Some("text"));
        // A long report, whose line of counts is behind its head.
        let long = "1 error found; 2 of 2 claims are refuted\n\nerror[RT204]: `score` is the mean".to_owned();
        assert_eq!(written_as((long + &" of".repeat(HEAD)).as_bytes()), Some("text"));
        assert_eq!(written_as(b"Notes\nof a day\n\nerror[RT204]: `score` is"), None);
    }
}
