//! Reads the small files that steer an audit.

use std::io::Read as _;
use std::path::Path;

/// Largest configuration or baseline, in bytes; real ones have a few kilobytes.
const LIMIT: u64 = 16 << 20;

/// The text of a configuration or a baseline. A device or a pipe is refused: it may never end, or never begin.
pub fn read_text(path: &Path) -> Result<String, String> {
    let there = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !there.is_file() {
        let what = if there.is_dir() { "a directory" } else { "a device or a pipe" };
        return Err(format!("expected a regular file, found {what}"));
    }
    #[expect(clippy::disallowed_methods, reason = "this is where the configuration is read")]
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LIMIT {
        return Err("the file is larger than 16 MiB".to_owned());
    }
    String::from_utf8(bytes)
        .map_err(|error| format!("expected UTF-8, found another byte at offset {}", error.utf8_error().valid_up_to()))
}
