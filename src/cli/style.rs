//! How text is drawn: colours, characters and width, as the terminal and the environment say.

use std::io::{self, IsTerminal};

use clap::ValueEnum;

use crate::report::text::Style;

/// When to use colours.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

/// The style of text for standard output or for a file.
pub(super) fn style(color: Color, width: Option<usize>, to_stdout: bool) -> Style {
    let usual = Style::default();
    let to_terminal = to_stdout && io::stdout().is_terminal();
    let coloured = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => auto_colour(to_terminal, |name| std::env::var(name).ok()),
    };
    let columns = || {
        let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        set.or_else(|| Some(usize::from(terminal_size::terminal_size()?.0.0))).filter(|_| to_terminal)
    };
    let width = width.or_else(columns).unwrap_or(usual.width);
    Style { colour: coloured, unicode: is_utf8(), width: width.max(40), ..usual }
}

/// `NO_COLOR` disables colours, then `CLICOLOR_FORCE` enables them; otherwise any terminal but a dumb one gets them.
fn auto_colour(to_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    if is_set("NO_COLOR") {
        return false;
    }
    if is_set("CLICOLOR_FORCE") && variable("CLICOLOR_FORCE").as_deref() != Some("0") {
        return true;
    }
    to_terminal && variable("TERM").as_deref() != Some("dumb") && variable("CLICOLOR").as_deref() != Some("0")
}

pub(super) fn is_utf8() -> bool {
    is_utf8_locale(|name| std::env::var(name).ok())
}

/// Whether the locale's encoding is UTF-8, which is also the default.
fn is_utf8_locale(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| variable(name).filter(|set| !set.is_empty()));
    locale.is_none_or(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'v>(set: &'v [(&'v str, &'v str)]) -> impl Fn(&str) -> Option<String> + 'v {
        |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn colours_follow_the_environment() {
        assert!(auto_colour(true, with(&[])));
        assert!(!auto_colour(false, with(&[])));
        assert!(!auto_colour(true, with(&[("TERM", "dumb")])));
        assert!(auto_colour(false, with(&[("CLICOLOR_FORCE", "1")])));
        assert!(!auto_colour(false, with(&[("CLICOLOR_FORCE", "0")])));
        assert!(!auto_colour(true, with(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")])));
    }

    #[test]
    fn the_first_locale_that_is_set_decides() {
        assert!(is_utf8_locale(with(&[])));
        assert!(is_utf8_locale(with(&[("LANG", "en_GB.UTF-8")])));
        assert!(!is_utf8_locale(with(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")])));
        assert!(is_utf8_locale(with(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")])));
    }
}
