//! Files that are written whole or not at all.

use std::io::{self, Write};
use std::path::Path;

/// Writes a file through a temporary one beside it, so a crash or a full disk leaves the old file intact. A path that
/// is not a regular file, such as a device or a pipe, is written directly.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link's target is what gets replaced; the link stays.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let there = std::fs::metadata(&target).ok();
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        #[expect(clippy::disallowed_methods, reason = "the command line is where files are written")]
        return std::fs::write(&target, bytes);
    }
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".retally-").tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    permit(file.path(), there.as_ref())?;
    file.persist(&target).map(|_| ()).map_err(|error| error.error)
}

/// A temporary file is private to its owner; a report gets the permissions of the file it replaces, or the default ones.
#[cfg(unix)]
fn permit(path: &Path, replaced: Option<&std::fs::Metadata>) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let permissions = replaced.map_or_else(|| std::fs::Permissions::from_mode(0o644), std::fs::Metadata::permissions);
    std::fs::set_permissions(path, permissions)
}

#[cfg(not(unix))]
fn permit(_path: &Path, _replaced: Option<&std::fs::Metadata>) -> io::Result<()> {
    Ok(())
}

/// Reads a file that is not an input of an audit.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    #[expect(clippy::disallowed_methods, reason = "the command line reads its own files")]
    std::fs::read(path)
}

/// Removes a regular file if it exists; leaves anything else alone.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    if !path.is_file() {
        return Ok(());
    }
    std::fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        write(&path, b"old, and longer").unwrap();
        write(&path, b"new").unwrap();
        let text = std::io::read_to_string(open(&path)).unwrap();
        assert_eq!(text, "new");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        assert!(write(&directory.path().join("missing/report.json"), b"x").is_err());
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("a"), directory.path().join("b"));
        write(&path, b"old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::io::read_to_string(open(&path)).unwrap(), "new");
    }

    #[expect(clippy::disallowed_methods, reason = "the test reads what was written")]
    fn open(path: &Path) -> std::fs::File {
        std::fs::File::open(path).unwrap()
    }
}
