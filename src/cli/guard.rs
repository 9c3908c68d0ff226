//! Which files a report may be written to.

use std::path::{Path, PathBuf};

use crate::cli::files;
use crate::report::visible;
use crate::source;

/// What must not be overwritten.
pub(super) struct Guard<'g> {
    /// Arguments that name inputs.
    pub(super) inputs: &'g [String],
    /// Other files that the command reads: what each is, and its path.
    pub(super) used: Vec<(&'static str, PathBuf)>,
    /// Whether files that retally did not write may be replaced.
    pub(super) overwrite: bool,
}

impl Guard<'_> {
    /// Rejects paths that a report would destroy something at, and paths that are named twice.
    pub(super) fn check<'p>(&self, paths: impl IntoIterator<Item = &'p Path>) -> Result<(), String> {
        let mut seen: Vec<PathBuf> = Vec::new();
        for path in paths {
            let whole = absolute(path);
            if seen.contains(&whole) {
                return Err(format!("two reports would be written to {}", shown(path)));
            }
            self.check_one(path)?;
            seen.push(whole);
        }
        Ok(())
    }

    fn check_one(&self, path: &Path) -> Result<(), String> {
        let whole = absolute(path);
        if is_named(&whole, self.inputs) {
            return Err(format!("{} is an input; a report would overwrite it", shown(path)));
        }
        if let Some((what, _)) = self.used.iter().find(|(_, used)| absolute(used) == whole) {
            return Err(format!("{} is the {what} in use; a report would overwrite it", shown(path)));
        }
        // A report to a device or a pipe replaces nothing.
        let Ok(there) = std::fs::metadata(path) else { return Ok(()) };
        if there.is_dir() {
            return Err(format!("{} is a directory; name a file for the report", shown(path)));
        }
        if !there.is_file() || files::is_replaceable(path).map_err(|error| cannot_tell(path, &error))? {
            return Ok(());
        }
        if !self.overwrite {
            return Err(format!(
                "{} already exists and was not written by retally; name another file, or replace it with --overwrite",
                shown(path)
            ));
        }
        let is_input = |input: &source::Input| input.file_path().is_some_and(|input| absolute(input) == whole);
        if source::discover(self.inputs).inputs.iter().any(is_input) {
            return Err(format!("{} is among the inputs; a report would overwrite it", shown(path)));
        }
        Ok(())
    }
}

/// Rejects a file to write that is named as an input.
pub(super) fn refuse_input(path: &Path, inputs: &[String]) -> Result<(), String> {
    if is_named(&absolute(path), inputs) {
        return Err(format!("{} is an input; a report would overwrite it", shown(path)));
    }
    Ok(())
}

fn is_named(whole: &Path, inputs: &[String]) -> bool {
    inputs.iter().any(|input| input != "-" && absolute(Path::new(input)) == whole)
}

fn cannot_tell(path: &Path, error: &std::io::Error) -> String {
    format!("{} already exists and cannot be read ({error}); name another file for the report", shown(path))
}

fn shown(path: &Path) -> String {
    visible(&path.to_string_lossy()).into_owned()
}

/// A canonical path for comparing files, including files that do not exist yet.
fn absolute(path: &Path) -> PathBuf {
    if let Ok(whole) = path.canonicalize() {
        return whole;
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let parent = parent.canonicalize().unwrap_or_else(|_| parent.to_path_buf());
    path.file_name().map_or(parent.clone(), |name| parent.join(name))
}
