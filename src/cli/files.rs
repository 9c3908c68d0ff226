//! Files that are written whole or not at all, and older ones that may not be taken for them.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::facade::Own;

/// Older reports that were removed before their successors are written.
#[derive(Default)]
pub(super) struct Cleared(Vec<(PathBuf, Permissions)>);

impl Cleared {
    /// Removes what retally wrote at these paths. Whatever ends the audit, an older report cannot be mistaken for its result.
    pub(super) fn of<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Result<Self, String> {
        let mut cleared = Vec::new();
        for path in paths {
            let target = target(path);
            let failed = |error: io::Error| format!("cannot remove the older file {}: {error}", path.display());
            let Some(there) = std::fs::metadata(&target).ok().filter(std::fs::Metadata::is_file) else { continue };
            if is_replaceable(&target).map_err(failed)? {
                std::fs::remove_file(&target).map_err(failed)?;
                cleared.push((target, there.permissions()));
            }
        }
        Ok(Self(cleared))
    }

    /// Writes a file; it gets the permissions of the one that was removed.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.write_with(path, |file| file.write_all(bytes))
    }

    /// The same for content that is made while it is written.
    pub(super) fn write_with(&self, path: &Path, content: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
        let target = target(path);
        let removed = self.0.iter().find(|(removed, _)| *removed == target).map(|(_, permissions)| permissions.clone());
        write_to(&target, content, removed)
    }
}

/// Writes a file through a temporary one beside it, so a crash or a full disk leaves the old file intact. A path that
/// is not a regular file, such as a device or a pipe, is written directly.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_to(&target(path), |file| file.write_all(bytes), None)
}

fn write_to(
    target: &Path,
    content: impl FnOnce(&mut File) -> io::Result<()>,
    removed: Option<Permissions>,
) -> io::Result<()> {
    let there = std::fs::metadata(target).ok();
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        return content(&mut std::fs::OpenOptions::new().write(true).open(target)?);
    }
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".retally-").tempfile_in(directory)?;
    content(file.as_file_mut())?;
    file.as_file().sync_all()?;
    permit(file.path(), removed.or_else(|| there.map(|there| there.permissions())))?;
    file.persist(target).map(|_| ()).map_err(|error| error.error)
}

/// What a path leads to: a link's target is what gets replaced or made, and the link stays.
fn target(path: &Path) -> PathBuf {
    /// Links that are followed, as by the system.
    const LINKS: usize = 40;
    if let Ok(whole) = path.canonicalize() {
        return whole;
    }
    let mut at = path.to_path_buf();
    for _ in 0..LINKS {
        let Ok(to) = std::fs::read_link(&at) else { break };
        at = at.parent().unwrap_or(Path::new("")).join(to);
    }
    at
}

/// A temporary file is private to its owner; a report gets the permissions of the file it replaces, or the default ones.
#[cfg(unix)]
fn permit(path: &Path, replaced: Option<Permissions>) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, replaced.unwrap_or_else(|| Permissions::from_mode(0o644)))
}

#[cfg(not(unix))]
fn permit(_path: &Path, _replaced: Option<Permissions>) -> io::Result<()> {
    Ok(())
}

/// Whether a regular file may be replaced without being asked: it holds nothing, or was written by retally and can be
/// written again.
pub(super) fn is_replaceable(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    #[expect(clippy::disallowed_methods, reason = "the command line looks at what it would replace")]
    std::fs::File::open(path)?.take(Own::HEAD as u64).read_to_end(&mut head)?;
    // A report for GitLab without findings is an empty list.
    let is_empty = [b"".as_slice(), b"[]"].contains(&head.trim_ascii());
    Ok(is_empty || Own::of(&head).is_some_and(Own::is_replaceable))
}

/// Reads a file that is not an input of an audit.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    #[expect(clippy::disallowed_methods, reason = "the command line reads its own files")]
    std::fs::read(path)
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
    }

    #[cfg(unix)]
    #[test]
    fn an_older_report_is_removed_and_its_permissions_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let (report, link, notes) = (at("report.txt"), at("link.txt"), at("notes.txt"));
        write(&report, b"no findings \xc2\xb7 1 candidate \xc2\xb7 1 item\n").unwrap();
        write(&notes, b"notes").unwrap();
        std::fs::set_permissions(&report, Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(&report, &link).unwrap();
        let cleared = Cleared::of([link.as_path(), notes.as_path(), &at("missing.txt")]).unwrap();
        assert!(!report.exists() && link.is_symlink() && notes.exists());
        cleared.write(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::io::read_to_string(open(&report)).unwrap(), "new");
        assert_eq!(std::fs::metadata(&report).unwrap().permissions().mode() & 0o777, 0o600);
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
