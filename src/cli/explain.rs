//! `retally explain` and `retally rules`.

use std::io::Write;
use std::process::ExitCode;

use crate::catalogue::Catalogue;
use crate::cli::Failure;

/// Arguments of `explain`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The rule's code, such as RT204.
    code: String,
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
    let rule = catalogue.by_code(&args.code).ok_or_else(|| {
        let nearest = catalogue
            .rules()
            .iter()
            .map(|rule| rule.page().code)
            .min_by_key(|code| strsim::levenshtein(code, &args.code.to_uppercase()))
            .unwrap_or("RT204");
        format!("unknown rule code `{}`; did you mean `{nearest}`? (run `retally rules` for a list)", args.code)
    })?;
    let page = rule.page();
    let text = format!(
        "{} {}\n{} · {} · {}\n\n{}",
        page.code,
        page.name,
        page.severity.word(),
        page.certainty.word(),
        page.scope,
        page.body
    );
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
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
    std::io::stdout().write_all(&out)?;
    Ok(ExitCode::SUCCESS)
}
