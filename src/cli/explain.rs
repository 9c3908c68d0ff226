//! `retally explain` and `retally rules`.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use crate::catalogue::Catalogue;
use crate::cli::style::{Color, style};
use crate::cli::{Failure, page};
use crate::report::page_of;
use crate::rules::Page;

/// Arguments of `explain`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Codes or names of rules, such as RT204 or mean-for-sum.
    #[arg(required = true, value_name = "RULE")]
    rules: Vec<String>,
}

/// Arguments of `rules`.
#[derive(clap::Args)]
pub(super) struct RulesArgs {
    /// Output format of the list.
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    format: String,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let catalogue = Catalogue::default();
    // A wrong name is said before anything is printed.
    let pages = args.rules.iter().map(|given| find(&catalogue, given)).collect::<Result<Vec<_>, _>>()?;
    let texts: Vec<String> = pages.into_iter().map(text).collect();
    super::print(texts.join("\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The page of a rule by its code or name, upper or lower case.
fn find<'c>(catalogue: &'c Catalogue, given: &str) -> Result<&'c Page, String> {
    let pages = || catalogue.rules().iter().map(|rule| rule.page());
    let is_it = |page: &&Page| page.code.eq_ignore_ascii_case(given) || page.name.eq_ignore_ascii_case(given);
    if let Some(page) = pages().find(is_it) {
        return Ok(page);
    }
    let near = crate::config::nearest(given, pages().flat_map(|page| [page.code, page.name]));
    // Part of a name may be all that is remembered.
    let lower = given.to_lowercase();
    let holding: Vec<String> = pages()
        .filter(|page| lower.len() > 2 && page.name.contains(&lower))
        .map(|page| format!("{} {}", page.code, page.name))
        .collect();
    let hint = match (near, holding.as_slice()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, []) => "run `retally rules` for a list".to_owned(),
        (None, some) => format!("did you mean {}?", some.join(" or ")),
    };
    Err(format!("unknown rule `{given}`; {hint}"))
}

/// A page: as it is written, or for a terminal.
fn text(page: &Page) -> String {
    let head = format!("{} {}", page.code, page.name);
    let facts =
        format!("{} · {} · {}\n{}", page.severity.word(), page.certainty.word(), page.scope, page_of(page.code));
    if !io::stdout().is_terminal() {
        return format!("{head}\n{facts}\n\n{}", page.body);
    }
    let style = style(Color::Auto, None, true);
    let bold = |text: &str| if style.colour { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() };
    let mut lines = vec![bold(&head), facts, String::new()];
    lines.extend(page::lines(page.body, style.width, bold));
    lines.push(String::new());
    lines.join("\n")
}

pub(super) fn rules(args: &RulesArgs) -> Result<ExitCode, Failure> {
    let catalogue = Catalogue::default();
    let mut out = Vec::new();
    if args.format == "json" {
        let list: Vec<serde_json::Value> = catalogue
            .rules()
            .iter()
            .map(|rule| {
                let page = rule.page();
                serde_json::json!({
                    "code": page.code,
                    "name": page.name,
                    "family": page.family,
                    "scope": page.scope,
                    "needs": page.needs,
                    "severity": page.severity.word(),
                    "certainty": page.certainty.word(),
                    "summary": page.summary,
                })
            })
            .collect();
        serde_json::to_writer_pretty(&mut out, &list)?;
        out.push(b'\n');
    } else {
        for rule in catalogue.rules() {
            let page = rule.page();
            writeln!(out, "{}  {:<30} {:<8} {}", page.code, page.name, page.severity.word(), page.summary)?;
        }
    }
    super::print(&out)?;
    Ok(ExitCode::SUCCESS)
}
