//! The JSON report: the report model as it is, pretty-printed, with a final newline; and how JSON is written here.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use crate::report::Report;
use crate::report::output::OutputFormat;
use crate::report::visible::{is_hidden, opens_command};

/// This output.
pub static OUTPUT: OutputFormat = OutputFormat {
    name: "json",
    about: "Everything, as one JSON object",
    anchored: false,
    render: |report, _, out| render(report, out),
};

/// Writes the report.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(pretty(report)?.as_bytes())?;
    out.write_all(b"\n")
}

/// A value over several lines.
pub(crate) fn pretty(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(inert(serde_json::to_string_pretty(value)?))
}

/// A value in one line.
pub(crate) fn line(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(inert(serde_json::to_string(value)?))
}

/// The same JSON with everything escaped that a terminal or a CI runner would interpret; it only occurs in strings.
fn inert(json: String) -> String {
    let is_raw = |character: char| character != '\n' && is_hidden(character);
    if !json.contains("##") && !json.chars().any(is_raw) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 64);
    for character in json.chars() {
        if is_raw(character) || (character == '[' && opens_command(&out)) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_change_no_value() {
        let text = "a\u{9b}2J \u{202e} \u{e0041} ##[error]x ##vso[task] [b] é\n";
        let json = pretty(&vec![text]).unwrap();
        assert_eq!(json, "[\n  \"a\\u009b2J \\u202e \\udb40\\udc41 ##\\u005berror]x ##vso\\u005btask] [b] é\\n\"\n]");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [text]);
    }
}
