//! Checks the table of modules in `docs/architecture.md`: a module imports only what the table lists, and the files
//! within a module have no circular dependencies.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use imports::{Crate, Edge};

use crate::support::{entries, root};

/// A row of the table: the modules that a module may import. None: all.
type Allowed = Option<BTreeSet<String>>;

/// The rows of the table under `## Modules`, in order. A row may cover several modules.
fn table(page: &str) -> Vec<(String, Allowed)> {
    let section = page.split("\n## ").find(|section| section.starts_with("Modules\n")).expect("a section `Modules`");
    let mut rows = Vec::new();
    let table = section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    for line in table.skip(2) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [modules, _, imports, ..] = cells[..] else { panic!("a row needs three cells: {line}") };
        let words = imports.split(", ").map(|word| word.trim_matches('`'));
        let allowed = match imports {
            "all" => None,
            "–" => Some(BTreeSet::new()),
            _ => Some(words.map(str::to_owned).collect()),
        };
        for module in modules.split(", ") {
            rows.push((module.trim_matches('`').trim_end_matches(".rs").to_owned(), allowed.clone()));
        }
    }
    rows
}

/// Errors in the table itself: a module may import only from rows above its own.
fn disorder(table: &[(String, Allowed)]) -> Vec<String> {
    let mut above: BTreeSet<&str> = BTreeSet::new();
    let mut wrong = Vec::new();
    for (module, allowed) in table {
        for import in allowed.iter().flatten().filter(|import| !above.contains(import.as_str())) {
            wrong.push(format!("`{module}` lists `{import}`, which has no row above it"));
        }
        if !above.insert(module) {
            wrong.push(format!("`{module}` has two rows"));
        }
    }
    wrong
}

/// Imports that the table does not list, and modules without a row.
fn forbidden(table: &[(String, Allowed)], sources: &Crate) -> Vec<String> {
    let rows: BTreeMap<&str, &Allowed> = table.iter().map(|(module, allowed)| (module.as_str(), allowed)).collect();
    let mut wrong = Vec::new();
    for (module, imports) in sources.layers() {
        let Some(row) = rows.get(module.as_str()) else {
            wrong.push(format!("`{module}` has no row in the table"));
            continue;
        };
        let Some(allowed) = row else { continue };
        for (import, place) in imports.iter().filter(|(import, _)| !allowed.contains(*import)) {
            wrong.push(format!("{module} → {import} ({place})"));
        }
    }
    wrong
}

/// Whether a `mod.rs` names files of its own folder, which is its purpose.
fn is_contents(edge: &Edge) -> bool {
    edge.from.strip_suffix("mod.rs").is_some_and(|folder| edge.to.starts_with(folder))
}

/// Groups of files that depend on themselves through others, with the dependencies between them.
fn circles(edges: &BTreeSet<Edge>) -> Vec<Vec<&Edge>> {
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| !is_contents(edge)) {
        needs.entry(&edge.from).or_default().insert(&edge.to);
    }
    let reach = |start| {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<&str> = vec![start];
        while let Some(file) = next.pop() {
            next.extend(needs.get(file).into_iter().flatten().filter(|file| seen.insert(file)));
        }
        seen
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = needs.keys().map(|file| (*file, reach(*file))).collect();
    let both = |a: &str, b: &str| {
        reached.get(a).is_some_and(|r| r.contains(b)) && reached.get(b).is_some_and(|r| r.contains(a))
    };
    let mut groups: BTreeMap<&str, Vec<&Edge>> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| !is_contents(edge) && both(&edge.from, &edge.to)) {
        let first = reached.keys().find(|file| both(file, &edge.from)).expect("a file of the circle");
        groups.entry(first).or_default().push(edge);
    }
    groups.into_values().collect()
}

fn files(folder: &Path, found: &mut Vec<(String, String)>) {
    for path in entries(folder) {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("src/main.rs") {
            let name = path.strip_prefix(root().join("src")).unwrap().to_string_lossy().replace('\\', "/");
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn sources() -> Crate {
    let mut found = Vec::new();
    files(&root().join("src"), &mut found);
    Crate::parse(found.iter().map(|(file, text)| (file.as_str(), text.as_str()))).unwrap()
}

fn architecture() -> Vec<(String, Allowed)> {
    table(&std::fs::read_to_string(root().join("docs/architecture.md")).unwrap())
}

#[test]
fn modules_import_what_their_row_lists() {
    let table = architecture();
    assert!(table.len() > 10, "{table:?}");
    let wrong = [disorder(&table), forbidden(&table, &sources())].concat();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_of_a_module_need_each_other_in_one_direction() {
    let edges = sources().edges();
    assert!(edges.len() > 100, "only {} needs between files were seen", edges.len());
    let mut text = String::new();
    for circle in circles(&edges) {
        text.push_str("circle:\n");
        for edge in circle {
            text.push_str(&format!("  {} needs {} for {}\n", edge.from, edge.to, edge.item));
        }
    }
    assert!(text.is_empty(), "{text}");
}

/// A crate of a few files, including `a.rs`.
fn small(a: &str) -> Crate {
    let files = [
        ("lib.rs", "pub mod a; pub mod b; pub mod c; pub use b::deep::Thing; pub use c::*; pub fn joined() {}"),
        ("a.rs", a),
        (
            "b/mod.rs",
            "mod deep; mod side; pub use deep::{Thing, make as made}; pub(crate) use side::Side; pub const B: u8 = 0;",
        ),
        ("b/deep.rs", "pub struct Thing; pub fn make() {}"),
        ("b/side.rs", "pub struct Side;"),
        ("c.rs", "pub enum Kind { One } pub fn count() {}"),
    ];
    Crate::parse(files).unwrap()
}

fn imported(a: &str) -> Vec<String> {
    small(a).layers()["a"].keys().cloned().collect()
}

#[test]
fn every_way_to_name_a_module_is_seen() {
    for (source, expected) in [
        ("use crate::b::Thing;", &["b"][..]),
        ("use crate::{b::{Thing, deep::{self}}, c};", &["b", "c"]),
        ("use super::b; use self::inner::X; mod inner { use super::super::c::Kind; pub struct X; }", &["b", "c"]),
        ("mod inner { mod further { use super::super::super::b::*; } }", &["b"]),
        ("fn f() { use crate::c::Kind::*; }", &["c"]),
        ("use crate::Thing;", &["b"]),
        ("fn f() { crate::count(); }", &["c"]),
        ("fn f() { crate::joined(); }", &["lib"]),
        ("use crate as whole; fn f() { whole::b::made(); }", &["b"]),
        ("fn f() -> Option<crate::b::Thing> { None }", &["b"]),
        ("fn f(x: u8) -> bool { matches!(x, crate::c::LIMIT) }", &["c"]),
        ("fn f(x: crate::c::Kind) { let crate::c::Kind::One = x; }", &["c"]),
        ("fn f() { println!(\"{}\", crate::b::B + [super::c::count()].len()); }", &["b", "c"]),
        ("macro_rules! m { () => { $crate::b::made() } }", &["b"]),
        ("make! { use crate::{b::{Thing}, c}; }", &["b", "c"]),
        ("struct S { #[serde(with = \"crate::c::text\")] f: u8 }", &["c"]),
        ("impl From<crate::b::Thing> for u8 {}", &["b"]),
        ("#[cfg(test)] mod tests { use crate::c; }", &["c"]),
    ] {
        assert_eq!(imported(source), expected, "{source}");
    }
}

#[test]
fn what_names_no_module_of_the_crate_is_not_seen() {
    for source in [
        "use std::b; use ::c::d; use serde::c as x;",
        "//! [`crate::b`]\n/// [`crate::c::Kind`]\nfn f() {}",
        "pub(in crate::b) fn f() {}",
        "fn f(b: u8) -> u8 { let c = b; println!(\"{c} crate::b\"); c }",
        "fn f(x: X) { x.b().c; }",
        "mod b { pub struct Y; } fn f(_: b::Y) {}",
    ] {
        assert_eq!(imported(source), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn an_import_that_is_not_listed_and_a_module_without_a_row_are_errors() {
    let page = "# Page\n## Modules\n| module | holds | imports |\n|---|---|---|\n| `c` | c | – |\n| `b` | b | c |\n| `a` | a | {} |\n| `lib.rs` | all | all |\n\n## Next\n";
    let wrong = |imports: &str, source: &str| {
        let table = table(&page.replace("{}", imports));
        [disorder(&table), forbidden(&table, &small(source))].concat()
    };
    assert_eq!(wrong("b, c", "use crate::{b, c};"), Vec::<String>::new());
    assert_eq!(wrong("c", "use crate::{b, c};"), ["a → b (a.rs: crate::b)"]);
    assert_eq!(wrong("–", "fn f() { crate::b::made() }"), ["a → b (a.rs: crate::b::made)"]);
    assert_eq!(wrong("b, z", "use crate::b;"), ["`a` lists `z`, which has no row above it"]);
    let table = table("\n## Modules\n| `c` | c | – |\n");
    assert!(forbidden(&table, &small("")).contains(&"`a` has no row in the table".to_owned()));
}

fn circle_in(files: &[(&str, &str)]) -> Vec<String> {
    let edges = Crate::parse(files.iter().copied()).unwrap().edges();
    circles(&edges).concat().iter().map(|edge| format!("{} → {}", edge.from, edge.to)).collect()
}

#[test]
fn a_circle_of_files_is_seen_through_what_their_folder_passes_on() {
    let files = [
        ("a/mod.rs", "mod x; mod y; mod z; pub use x::X; pub use y::Y; pub use z::Z;"),
        ("a/x.rs", "use super::Y; pub struct X(Y);"),
        ("a/y.rs", "pub struct Y; fn f() { crate::a::z::make(); }"),
        ("a/z.rs", "pub struct Z; pub fn make() { vec![super::X::new()]; }"),
    ];
    assert_eq!(circle_in(&files), ["a/x.rs → a/y.rs", "a/y.rs → a/z.rs", "a/z.rs → a/x.rs"]);
    let mut cut = files;
    cut[3].1 = "pub struct Z; pub fn make() {} #[cfg(test)] mod tests { use super::super::X; }";
    assert_eq!(circle_in(&cut), Vec::<String>::new(), "tests are no code");
}

#[test]
fn a_folder_may_name_what_it_holds() {
    let files = [
        ("a/mod.rs", "mod x; pub struct A; pub const ALL: [x::X; 1] = [x::X];"),
        ("a/x.rs", "pub struct X; use super::A;"),
    ];
    assert_eq!(circle_in(&files), Vec::<String>::new());
}
