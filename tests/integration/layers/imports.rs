//! Resolves `use` trees and paths to modules and the files that define them.
//!
//! Names are resolved without type information: modules, items, `use` declarations with renaming, globs and re-exports.
//! Targets of method calls and of other crates' macros are not visible.

use std::collections::{BTreeMap, BTreeSet};

use syn::ext::IdentExt as _;
use syn::visit::{self, Visit};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The path of a module or of an item from the crate's root: `["tally", "column"]`.
pub(super) type Names = Vec<String>;

/// A `use` of one name: its local name and its target.
struct Alias {
    name: String,
    path: Names,
}

/// A path as written.
struct Mention {
    path: Names,
    /// Whether it is in code that is compiled only for tests.
    test: bool,
    /// Whether it is re-exported here rather than used.
    passed_on: bool,
}

/// One module: a file, or a module in braces inside a file.
#[derive(Default)]
struct Module {
    file: String,
    items: BTreeSet<String>,
    aliases: Vec<Alias>,
    globs: Vec<Names>,
    mentions: Vec<Mention>,
}

/// All modules of a crate.
#[derive(Default)]
pub(super) struct Crate {
    modules: BTreeMap<Names, Module>,
    /// Modules compiled only for tests.
    tests: BTreeSet<Names>,
}

/// A dependency of one file on another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    pub(super) from: String,
    pub(super) to: String,
    /// The item, as a path from the root.
    pub(super) item: String,
}

impl Crate {
    /// Parses sources: the path of each file below `src/`, with `/`, and its text.
    pub(super) fn parse<'s>(files: impl IntoIterator<Item = (&'s str, &'s str)>) -> syn::Result<Self> {
        let mut whole = Self::default();
        for (file, text) in files {
            let parsed = syn::parse_file(text)?;
            let mut reader = Reader { whole: &mut whole, file, module: module_of(file), test: false };
            reader.open();
            reader.visit_file(&parsed);
        }
        Ok(whole)
    }

    /// The top-level modules that each top-level module uses, with one place for each. The root's own items are `lib`.
    pub(super) fn layers(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut found: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (names, module) in &self.modules {
            let own = names.first().map_or("lib", String::as_str);
            let imports = found.entry(own.to_owned()).or_default();
            for mention in &module.mentions {
                let Some(path) = self.absolute(&mention.path, names, 0) else { continue };
                let Some(named) = self.top(&path, 0) else { continue };
                if named != own {
                    imports.entry(named).or_insert_with(|| format!("{}: {}", module.file, mention.path.join("::")));
                }
            }
        }
        found
    }

    /// Dependencies between the files of one top-level module, outside of tests.
    pub(super) fn edges(&self) -> BTreeSet<Edge> {
        let mut found = BTreeSet::new();
        let is_code = |names: &Names| !(0..=names.len()).any(|end| self.tests.contains(&names[..end]));
        for (names, module) in self.modules.iter().filter(|(names, _)| is_code(names)) {
            for mention in module.mentions.iter().filter(|mention| !mention.test && !mention.passed_on) {
                let Some(path) = self.absolute(&mention.path, names, 0) else { continue };
                let Some((home, item)) = self.definition(&path, 0) else { continue };
                let file = &self.modules[&home].file;
                if home.first() == names.first() && *file != module.file {
                    let item = home.iter().map(String::as_str).chain([item.as_str()]).collect::<Vec<_>>().join("::");
                    found.insert(Edge { from: module.file.clone(), to: file.clone(), item });
                }
            }
        }
        found
    }

    /// The top-level module of a path from the root, resolved through the root's re-exports.
    fn top(&self, path: &[String], depth: u8) -> Option<String> {
        let first = path.first()?;
        if self.modules.contains_key(&path[..1]) {
            return Some(first.clone());
        }
        match self.lookup(first, &[], depth)? {
            Found::Here => Some("lib".to_owned()),
            Found::Elsewhere(target) if depth < 8 => self.top(&target, depth + 1),
            Found::Elsewhere(_) => None,
        }
    }

    /// The path from the root for a path in a module; None if it leads out of the crate.
    fn absolute(&self, path: &[String], module: &[String], depth: u8) -> Option<Names> {
        let (first, rest) = path.split_first()?;
        let below = |start: &[String], rest: &[String]| [start, rest].concat();
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" if !rest.is_empty() => Some(below(module, rest)),
            "super" => {
                let mut start = module.split_last()?.1;
                let mut rest = rest;
                while let Some((_, more)) = rest.split_first().filter(|(word, _)| *word == "super") {
                    start = start.split_last()?.1;
                    rest = more;
                }
                Some(below(start, rest))
            }
            _ if depth > 8 => None,
            name => match self.lookup(name, module, depth)? {
                Found::Here => Some(below(module, path)),
                Found::Elsewhere(target) => Some(below(&target, rest)),
            },
        }
    }

    /// The meaning of a name in a module: one of its own modules and items, or an import.
    fn lookup(&self, name: &str, module: &[String], depth: u8) -> Option<Found> {
        let scope = self.modules.get(module)?;
        let child = [module, &[name.to_owned()]].concat();
        if scope.items.contains(name) || self.modules.contains_key(&child) {
            return Some(Found::Here);
        }
        if let Some(alias) = scope.aliases.iter().find(|alias| alias.name == name) {
            // `use regex::Regex` leads out of the crate; resolving `use name` by itself would never end.
            let own = alias.path.first().is_some_and(|first| first == name);
            return if own { None } else { self.absolute(&alias.path, module, depth + 1).map(Found::Elsewhere) };
        }
        for glob in &scope.globs {
            let Some(target) = self.absolute(glob, module, depth + 1) else { continue };
            let Some(target) = self.module(&target, depth + 1) else { continue };
            if target != module && depth < 8 {
                match self.lookup(name, &target, depth + 1) {
                    Some(Found::Here) => return Some(Found::Elsewhere([&target, &[name.to_owned()][..]].concat())),
                    Some(elsewhere) => return Some(elsewhere),
                    None => {}
                }
            }
        }
        None
    }

    /// The module at a path from the root, resolved through re-exports.
    fn module(&self, path: &[String], depth: u8) -> Option<Names> {
        match self.definition(path, depth) {
            Some(_) => None,
            None => self.walk(path, depth).map(|(module, _)| module),
        }
    }

    /// The module that defines the target of a path, and the item's name; None for modules and unknown targets.
    fn definition(&self, path: &[String], depth: u8) -> Option<(Names, String)> {
        let (module, item) = self.walk(path, depth)?;
        Some((module, item?))
    }

    fn walk(&self, path: &[String], depth: u8) -> Option<(Names, Option<String>)> {
        let mut module = Names::new();
        for (at, name) in path.iter().enumerate() {
            if self.modules.contains_key(&path[..=at]) {
                module.push(name.clone());
                continue;
            }
            if depth > 8 {
                return None;
            }
            return match self.lookup(name, &module, depth)? {
                Found::Here => Some((module, Some(name.clone()))),
                Found::Elsewhere(target) => self.walk(&[&target, &path[at + 1..]].concat(), depth + 1),
            };
        }
        Some((module, None))
    }
}

enum Found {
    Here,
    Elsewhere(Names),
}

/// The module of a file: `tally/mod.rs` and `tally.rs` are `tally`, `lib.rs` is the root.
fn module_of(file: &str) -> Names {
    let mut names: Names = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if names.last().is_some_and(|last| last == "mod") || names == ["lib"] {
        names.pop();
    }
    names
}

/// Fills the modules of one file.
struct Reader<'c> {
    whole: &'c mut Crate,
    file: &'c str,
    module: Names,
    test: bool,
}

impl Reader<'_> {
    fn open(&mut self) {
        let file = self.file;
        file.clone_into(&mut self.here().file);
    }

    fn here(&mut self) -> &mut Module {
        self.whole.modules.entry(self.module.clone()).or_default()
    }

    fn mention(&mut self, path: Names, passed_on: bool) {
        let test = self.test;
        self.here().mentions.push(Mention { path, test, passed_on });
    }

    /// The names of a `use` tree, one by one.
    fn tree(&mut self, tree: &syn::UseTree, before: &mut Names, public: bool) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(plain(&path.ident));
                self.tree(&path.tree, before, public);
                before.pop();
            }
            syn::UseTree::Name(name) => {
                let name = plain(&name.ident);
                self.alias(before, &name, None, public);
            }
            syn::UseTree::Rename(rename) => {
                let (name, new) = (plain(&rename.ident), plain(&rename.rename));
                self.alias(before, &name, Some(new), public);
            }
            syn::UseTree::Glob(_) => {
                let path = before.clone();
                self.here().globs.push(path.clone());
                self.mention(path, public);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.tree(tree, before, public);
                }
            }
        }
    }

    fn alias(&mut self, before: &[String], name: &str, rename: Option<String>, public: bool) {
        let mut path = before.to_vec();
        if name != "self" {
            path.push(name.to_owned());
        }
        let name = rename.or_else(|| path.last().cloned()).unwrap_or_default();
        self.mention(path.clone(), public);
        self.here().aliases.push(Alias { name, path });
    }

    /// Paths in the tokens of a macro, which cannot be parsed as expressions.
    fn tokens(&mut self, tokens: &TokenStream, before: &[String]) {
        let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let sign = |at: usize, sign: char| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == sign);
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.tokens(&group.stream(), before),
                TokenTree::Ident(ident) => {
                    // Fields, methods and lifetimes are not paths. A name after a leading `::` is another crate.
                    let after = |c: char| at > 0 && sign(at - 1, c);
                    let after_two = |c: char| at > 1 && sign(at - 1, c) && sign(at - 2, c);
                    let outside = after('\'') || after_two(':') || (after('.') && !after_two('.'));
                    let mut path = before.to_vec();
                    path.push(plain(ident));
                    while sign(at + 1, ':') && sign(at + 2, ':') {
                        match tokens.get(at + 3) {
                            Some(TokenTree::Ident(next)) => path.push(plain(next)),
                            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                                self.tokens(&group.stream(), &path);
                            }
                            _ => break,
                        }
                        at += 3;
                    }
                    if !outside && (path.len() > 1 || is_capital(&path[0])) {
                        self.mention(path, false);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn path(&mut self, path: &syn::Path) {
        if path.leading_colon.is_none() {
            let names = path.segments.iter().map(|segment| plain(&segment.ident)).collect();
            self.mention(names, false);
        }
    }
}

fn plain(ident: &proc_macro2::Ident) -> String {
    ident.unraw().to_string()
}

fn is_capital(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return attribute.path().is_ident("test") };
        let condition = list.tokens.to_string();
        let mut words = condition.split(|c: char| !c.is_alphanumeric());
        list.path.is_ident("cfg") && words.clone().any(|word| word == "test") && words.all(|word| word != "not")
    })
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name(item: &syn::Item) -> Option<&proc_macro2::Ident> {
    match item {
        syn::Item::Const(item) => Some(&item.ident),
        syn::Item::Enum(item) => Some(&item.ident),
        syn::Item::Fn(item) => Some(&item.sig.ident),
        syn::Item::Macro(item) => item.ident.as_ref(),
        syn::Item::Static(item) => Some(&item.ident),
        syn::Item::Struct(item) => Some(&item.ident),
        syn::Item::Trait(item) => Some(&item.ident),
        syn::Item::Type(item) => Some(&item.ident),
        syn::Item::Union(item) => Some(&item.ident),
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_file(&mut self, file: &'ast syn::File) {
        // Items of the module itself are its names; items inside functions are not.
        self.declare(&file.items);
        visit::visit_file(self, file);
    }

    fn visit_item(&mut self, item: &'ast syn::Item) {
        let before = self.test;
        self.test |= is_for_tests(attributes(item));
        visit::visit_item(self, item);
        self.test = before;
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(plain(&item.ident));
        match &item.content {
            Some((_, items)) => {
                self.open();
                self.declare(items);
                for item in items {
                    self.visit_item(item);
                }
            }
            None if self.test => {
                self.whole.tests.insert(self.module.clone());
            }
            None => {}
        }
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            let public = !matches!(item.vis, syn::Visibility::Inherited);
            self.tree(&item.tree, &mut Names::new(), public);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.path(path);
        visit::visit_path(self, path);
    }

    fn visit_expr_path(&mut self, expression: &'ast syn::ExprPath) {
        // A single lower-case name is a variable, unless it is called.
        if expression.path.get_ident().is_none_or(|ident| is_capital(&plain(ident))) {
            visit::visit_expr_path(self, expression);
        }
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(called) = &*call.func {
            self.path(&called.path);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, makro: &'ast syn::Macro) {
        self.path(&makro.path);
        self.tokens(&makro.tokens, &[]);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        // Links in documentation are not imports.
        let syn::Meta::List(list) = &attribute.meta else { return };
        self.tokens(&list.tokens, &[]);
        // serde takes paths of functions as text.
        for token in list.tokens.clone().into_iter().filter(|_| list.path.is_ident("serde")) {
            let text = syn::parse_str::<syn::LitStr>(&token.to_string());
            if let Ok(path) = text.and_then(|text| text.parse::<syn::Path>()) {
                self.path(&path);
            }
        }
    }

    // `pub(in crate::format)` restricts visibility and is not an import.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}

impl Reader<'_> {
    fn declare(&mut self, items: &[syn::Item]) {
        let names: Vec<String> = items.iter().filter_map(name).map(plain).collect();
        self.here().items.extend(names);
    }
}
