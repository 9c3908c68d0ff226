//! Which inputs a part of the configuration is about.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use toml::Spanned;

use crate::config::written::Fault;

/// The inputs that an override applies to.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    globs: GlobSet,
    names: GlobSet,
    directory: PathBuf,
}

impl Paths {
    /// The inputs that globs of a configuration in a directory match.
    pub(super) fn of(globs: &[Spanned<String>], directory: &Path) -> Result<Self, Fault> {
        let (mut whole, mut names) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for glob in globs {
            let fault = |error: globset::Error| Fault::at(glob.span(), error.to_string());
            let text = glob.get_ref();
            let text = text.strip_prefix("./").unwrap_or(text);
            let text = if text.ends_with('/') { format!("{text}**") } else { text.to_owned() };
            let built = GlobBuilder::new(&text).literal_separator(true).build().map_err(fault)?;
            if text.contains('/') {
                whole.add(built)
            } else {
                names.add(built)
            };
        }
        let built = |builder: GlobSetBuilder| builder.build().map_err(|error| Fault::at(0..0, error.to_string()));
        Ok(Self { globs: built(whole)?, names: built(names)?, directory: directory.to_path_buf() })
    }

    /// Whether an input with this displayed path matches: globs are relative to the configuration's directory
    /// or to the working directory; a glob without `/` is matched against the file name.
    #[must_use]
    pub fn matches(&self, shown: &str) -> bool {
        let name = shown.rsplit('/').next().unwrap_or(shown);
        if self.names.is_match(name) || self.globs.is_match(shown) {
            return true;
        }
        let Ok(whole) = Path::new(shown).canonicalize() else { return false };
        whole.strip_prefix(&self.directory).is_ok_and(|below| self.globs.is_match(below))
    }
}
