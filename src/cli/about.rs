//! What the program says of itself: version, completions, man pages.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::catalogue::Catalogue;
use crate::cli::{Cli, Failure, files, print};

/// Arguments of `completions`.
#[derive(clap::Args)]
pub(super) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Arguments of `man`.
#[derive(clap::Args)]
pub(super) struct Man {
    /// Write one page per command to this directory (default: print the main page).
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// The version; with `verbose` also the build and the digest of the rules.
pub(super) fn version(verbose: bool) -> Result<ExitCode, Failure> {
    let mut text = format!("retally {}\n", env!("CARGO_PKG_VERSION"));
    if verbose {
        let catalogue = Catalogue::default();
        let (digest, all) = (catalogue.digest(), catalogue.rules().len());
        let features = if cfg!(feature = "arrow") { "arrow" } else { "none" };
        text.push_str(&format!(
            "target    {}\nprofile   {}\ncompiler  {}\nfeatures  {features}\nrules     {all}, digest {digest}\nreport    schema version {}\n",
            env!("RETALLY_TARGET"),
            env!("RETALLY_PROFILE"),
            env!("RETALLY_RUSTC"),
            crate::report::SCHEMA_VERSION,
        ));
    }
    print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn completions(args: &Completions) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "retally", &mut script);
    print(&script)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn man(args: &Man) -> Result<ExitCode, Failure> {
    let failed = |error: io::Error| format!("cannot write the page: {error}");
    let mut command = Cli::command();
    command.build();
    match &args.output {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page).map_err(failed)?;
            print(&page).map_err(failed)?;
        }
        Some(directory) => {
            std::fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
            pages(&command, "retally", directory)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the page of a command and those of its subcommands.
fn pages(command: &clap::Command, name: &str, directory: &Path) -> Result<(), String> {
    let path = directory.join(format!("{name}.1"));
    let failed = |error: io::Error| format!("cannot write {}: {error}", path.display());
    // clap keeps names for as long as the program runs; there are a dozen.
    let named = command.clone().name(name.to_owned().leak() as &'static str);
    let mut page = Vec::new();
    clap_mangen::Man::new(named).render(&mut page).map_err(failed)?;
    files::write(&path, &page).map_err(failed)?;
    for part in command.get_subcommands().filter(|part| part.get_name() != "help" && !part.is_hide_set()) {
        pages(part, &format!("{name}-{}", part.get_name()), directory)?;
    }
    Ok(())
}
