//! `docs/metrics.md` is generated from the files of the metrics: the head of each file, under its names.

use std::fmt::Write as _;
use std::path::Path;

/// The names of the metrics in a file.
fn names(source: &str) -> Vec<String> {
    let of_one = |block: &str| {
        let list = block.split("Kind::").next().unwrap_or_default();
        list.split('"').skip(1).step_by(2).map(|name| format!("`{name}`")).collect::<Vec<_>>()
    };
    source.split("Metric::new(").skip(1).flat_map(of_one).collect()
}

fn page() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/metric/catalogue");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut page = "# Metrics\n\nWhat each known metric is, which wrong ways to compute it are recognised, and where the definition \
                    is from. A name that ends with `@` or `^` stands for all that begin so. Any other number of a summary \
                    is held against the column of the rows that has its name: its mean over the rows with a value, over all rows, \
                    over groups, by weights, its sum, lowest and highest value.\n"
        .to_owned();
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap().replace("\r\n", "\n");
        let names = names(source.split("#[cfg(test)]").next().unwrap());
        if names.is_empty() {
            continue;
        }
        let head: Vec<&str> = source
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        write!(page, "\n## {}\n{}\n", names.join(", "), head.join("\n")).unwrap();
    }
    page
}

#[test]
fn the_page_says_what_the_files_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    if std::env::var_os("RETALLY_BLESS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(written == page(), "docs/metrics.md is not what the files say: set RETALLY_BLESS to write it");
}
