//! A new configuration joined with one that exists: what is declared stays as it is written, and what is not is added.

/// The name of a section, from its header.
fn section(line: &str) -> Option<&str> {
    let line = line.trim();
    let name = line.strip_prefix('[').filter(|rest| !rest.starts_with('['))?.split(']').next()?;
    Some(name.trim())
}

/// The entries in effect of some sections, with the name of their section: the lines of a text that retally wrote.
fn entries(text: &str) -> Vec<(&str, &str)> {
    let mut at = "";
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(name) = section(line) {
            at = name;
        } else if line.contains(" = ") && !line.starts_with('#') {
            found.push((at, line));
        }
    }
    found
}

/// The keys that a configuration declares in a section; None for a text that is no TOML.
fn declared(text: &str, section: &str) -> Option<Vec<String>> {
    let table: toml::Table = text.parse().ok()?;
    let keys = table.get(section).and_then(toml::Value::as_table).map(|entries| entries.keys().cloned().collect());
    Some(keys.unwrap_or_default())
}

/// The text of an existing configuration with the entries in effect of a new one that it does not declare. Where they cannot be
/// added, the existing text.
#[must_use]
pub(super) fn joined(existing: &str, new: &str) -> String {
    let mut text = existing.to_owned();
    for (name, line) in entries(new) {
        let key: Option<String> = line.parse::<toml::Table>().ok().and_then(|table| table.keys().next().cloned());
        let (Some(key), Some(known)) = (key, declared(&text, name)) else { continue };
        if known.contains(&key) {
            continue;
        }
        let with = added(&text, name, line);
        // A header may be part of a text of several lines.
        if declared(&with, name).is_some_and(|known| known.contains(&key)) {
            text = with;
        }
    }
    text
}

/// A text with one more entry under a section's header.
fn added(text: &str, name: &str, line: &str) -> String {
    let mut out = String::with_capacity(text.len() + line.len() + 16);
    let mut is_added = false;
    for own in text.split_inclusive('\n') {
        out.push_str(own);
        if !is_added && section(own) == Some(name) {
            if !own.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(line);
            out.push('\n');
            is_added = true;
        }
    }
    if !is_added {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(&format!("\n[{name}]\n{line}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_declared_stays_and_what_is_not_is_added() {
        let new =
            "[conventions]\n# a = \"x\"\nscore = \"sum(logprob)\"\nll = \"sum(logprob)\"\n\n[input]\nitem = \"uid\"\n";
        let existing = "# mine\n[conventions] # kept\nscore = \"sum(logprob)/n\"\n[rules]\nRT407 = \"off\"";
        let expected = "# mine\n[conventions] # kept\nll = \"sum(logprob)\"\nscore = \"sum(logprob)/n\"\n[rules]\nRT407 = \"off\"\n\n[input]\nitem = \"uid\"\n";
        assert_eq!(joined(existing, new), expected);
        assert_eq!(joined(expected, new), expected, "nothing is added twice");
        assert_eq!(joined("", new).parse::<toml::Table>().unwrap().len(), 2);
        assert_eq!(joined("no toml", new), "no toml");
    }

    #[test]
    fn a_header_in_a_text_is_no_section() {
        let existing = "[report]\nanchor = \"\"\"\n[input]\n\"\"\"\n";
        assert_eq!(joined(existing, "[input]\nitem = \"uid\"\n"), existing);
    }
}
