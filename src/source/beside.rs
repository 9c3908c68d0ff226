//! Companion files that a format looks for next to an input, compressed or not.

use std::path::{Path, PathBuf};

use crate::model::{NameKind, PACKED};
use crate::source::Input;

/// The file at a path that a format looks for, or a compressed version of it. The path has no compression suffix.
/// Pipes, devices and links that leave the file's directory are ignored.
#[must_use]
pub fn beside(path: &str) -> Option<Input> {
    let packed = PACKED.iter().map(|ending| format!("{path}{ending}"));
    let there = std::iter::once(path.to_owned()).chain(packed).find(|path| is_usable(Path::new(path)))?;
    Some(Input::file(there.clone(), PathBuf::from(there)))
}

/// The other files in the directory of a file that a walk through it would read as logs, by their paths; None where it holds more
/// than so many files, or where the input is no file.
#[must_use]
pub fn files_beside(input: &Input, most: usize) -> Option<Vec<Input>> {
    let own = input.file_path()?;
    let directory = own.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).ok()? {
        if names.len() >= most {
            return None;
        }
        names.push(entry.ok()?.file_name());
    }
    names.sort();
    let shown = input.path.rfind(['/', '\\']).map_or("", |at| input.path.get(..=at).unwrap_or_default());
    let file = |name: std::ffi::OsString| {
        let (path, text) = (directory.join(&name), name.to_string_lossy());
        let is_log = !text.starts_with('.') && NameKind::of(&text) == NameKind::Log;
        let is_other = is_log && Some(name.as_os_str()) != own.file_name() && is_usable(&path);
        is_other.then(|| Input::file(format!("{shown}{text}"), path))
    };
    Some(names.into_iter().filter_map(file).collect())
}

fn is_usable(path: &Path) -> bool {
    let Ok(there) = path.symlink_metadata() else { return false };
    if there.is_file() {
        return true;
    }
    let stays = || {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(path.canonicalize().ok()?.starts_with(directory.canonicalize().ok()?))
    };
    there.is_symlink() && path.is_file() && stays().unwrap_or(false)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests make files to find")]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_plain_before_packed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json").to_string_lossy().into_owned();
        assert!(beside(&path).is_none());
        std::fs::write(format!("{path}.zst"), "x").unwrap();
        assert_eq!(beside(&path).unwrap().path, format!("{path}.zst"));
        std::fs::write(&path, "x").unwrap();
        assert_eq!(beside(&path).unwrap().path, path);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_only_inside_the_directory() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        std::fs::create_dir(folder.path().join("run")).unwrap();
        std::fs::write(at("outside.json"), "x").unwrap();
        std::fs::write(at("run/real.json"), "x").unwrap();
        symlink("real.json", at("run/inside.json")).unwrap();
        symlink("../outside.json", at("run/out.json")).unwrap();
        symlink("/dev/zero", at("run/zero.json")).unwrap();
        let found = ["inside", "out", "zero"].map(|name| beside(&at(&format!("run/{name}.json"))).is_some());
        assert_eq!(found, [true, false, false]);
    }

    #[test]
    fn logs_beside_a_file_are_found_in_order_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| std::fs::write(folder.path().join(name), "{}").unwrap();
        ["own.jsonl", "b.csv", "a.jsonl.gz", ".env", ".hidden.jsonl", "id_rsa", "notes.md"].into_iter().for_each(write);
        std::fs::create_dir(folder.path().join("c.jsonl")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("d.jsonl")).unwrap();
        let own = Input::file("runs/own.jsonl".to_owned(), folder.path().join("own.jsonl"));
        let paths =
            |most| files_beside(&own, most).map(|found| found.into_iter().map(|one| one.path).collect::<Vec<_>>());
        assert_eq!(paths(64).unwrap(), ["runs/a.jsonl.gz", "runs/b.csv"]);
        assert_eq!(paths(3), None);
        assert_eq!(files_beside(&Input::bytes("own.jsonl", *b"{}"), 64).map(|found| found.len()), None);
    }
}
