//! Which inputs a part of the configuration is about.

use std::path::{Path, PathBuf};

use globset::GlobSet;
use toml::Spanned;

use crate::config::written::Fault;
use crate::model::glob;

/// The inputs that an override applies to.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    globs: Vec<GlobSet>,
    names: Vec<GlobSet>,
    directory: PathBuf,
}

impl Paths {
    /// The inputs that globs of a configuration in a directory match.
    pub(super) fn of(written: &[Spanned<String>], directory: &Path) -> Result<Self, Fault> {
        let (mut globs, mut names) = (Vec::new(), Vec::new());
        for written in written {
            let text = written.get_ref();
            let text = text.strip_prefix("./").unwrap_or(text);
            let text = if text.ends_with('/') { format!("{text}**") } else { text.to_owned() };
            let built =
                glob(&text, true).map_err(|reason| Fault::at(written.span(), format!("invalid glob: {reason}")))?;
            if text.contains('/') {
                globs.push(built);
            } else {
                names.push(built);
            }
        }
        Ok(Self { globs, names, directory: directory.to_path_buf() })
    }

    /// Whether an input with this displayed path matches: globs are relative to the configuration's directory
    /// or to the working directory; a glob without `/` is matched against the file name.
    #[must_use]
    pub fn matches(&self, shown: &str) -> bool {
        let name = shown.rsplit('/').next().unwrap_or(shown);
        let any = |globs: &[GlobSet], path: &Path| globs.iter().any(|glob| glob.is_match(path));
        if any(&self.names, Path::new(name)) || any(&self.globs, Path::new(shown)) {
            return true;
        }
        let Ok(whole) = Path::new(shown).canonicalize() else { return false };
        whole.strip_prefix(&self.directory).is_ok_and(|below| any(&self.globs, below))
    }
}
