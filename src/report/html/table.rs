//! A table that fits any screen: no column without content, no empty cell, and on a narrow screen a card per row.

use askama::Template;

/// The kind of a cell's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text of the log.
    Text,
    /// A number, set to the right.
    Number,
    /// A formula, a digest.
    Code,
}

/// A cell: its content, made visible, and a class for its colour.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) class: &'static str,
    /// A place in the page that the cell links to.
    pub(super) link: Option<String>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Cell {
    /// The same with a class.
    pub(super) fn class(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }
}

/// A table before it is drawn.
pub(super) struct Rows {
    caption: String,
    columns: Vec<(&'static str, Kind)>,
    lines: Vec<Vec<Cell>>,
    /// Rows that are shown; the others are folded.
    open: usize,
    is_sortable: bool,
    is_searchable: bool,
}

/// A table as the template takes it.
#[derive(Template)]
#[template(path = "report/table.html")]
pub(super) struct Table {
    caption: String,
    summary: String,
    heads: Vec<Head>,
    shown: Vec<Vec<Drawn>>,
    folded: Vec<Vec<Drawn>>,
    sortable: bool,
    searchable: bool,
}

struct Head {
    name: &'static str,
    numeric: bool,
}

struct Drawn {
    label: &'static str,
    class: String,
    body: String,
}

impl Rows {
    /// A table of such columns.
    pub(super) fn new(caption: impl Into<String>, columns: &[(&'static str, Kind)]) -> Self {
        Self {
            caption: caption.into(),
            columns: columns.to_vec(),
            lines: Vec::new(),
            open: usize::MAX,
            is_sortable: false,
            is_searchable: false,
        }
    }

    /// Folds the rows after the first ones.
    pub(super) fn open(mut self, open: usize) -> Self {
        self.open = open;
        self
    }

    /// The same table, which can be sorted.
    pub(super) fn sortable(mut self) -> Self {
        self.is_sortable = true;
        self
    }

    /// The same table, which can be searched.
    pub(super) fn searchable(mut self) -> Self {
        self.is_searchable = true;
        self
    }

    /// Adds a row.
    pub(super) fn push<const N: usize>(&mut self, cells: [Cell; N]) {
        self.lines.push(cells.into());
    }

    /// The table; None without rows. A column that no row fills is left out, another empty cell is a dash.
    pub(super) fn draw(self) -> Option<Table> {
        let Self { caption, columns, lines: rows, open, is_sortable, is_searchable } = self;
        if rows.is_empty() {
            return None;
        }
        let is_filled = |at: usize| rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.text.is_empty()));
        let filled: Vec<bool> = (0..columns.len()).map(is_filled).collect();
        let heads = columns.iter().zip(&filled).filter(|(_, filled)| **filled);
        let heads = heads.map(|((name, kind), _)| Head { name, numeric: *kind == Kind::Number }).collect();
        let drawn = |row: Vec<Cell>| -> Vec<Drawn> {
            let cells = row.into_iter().zip(&columns).zip(&filled).filter(|(_, filled)| **filled);
            cells.map(|((cell, (name, kind)), _)| draw(cell, name, *kind)).collect()
        };
        let mut shown: Vec<Vec<Drawn>> = rows.into_iter().map(drawn).collect();
        let folded = shown.split_off(open.min(shown.len()));
        let summary = super::words::of(folded.len() as u64, "more row", "more rows");
        Some(Table {
            caption,
            summary,
            heads,
            // Sorting the first rows alone would mislead.
            sortable: is_sortable && folded.is_empty() && shown.len() > 1,
            searchable: is_searchable && shown.len() > 5,
            shown,
            folded,
        })
    }
}

fn draw(cell: Cell, label: &'static str, kind: Kind) -> Drawn {
    use super::svg::escape;
    let text = if cell.text.is_empty() { "–".to_owned() } else { cell.text };
    let inner = match kind {
        Kind::Code => format!("<code>{}</code>", escape(&text)),
        Kind::Text | Kind::Number => format!("<bdi>{}</bdi>", escape(&text)),
    };
    let body = match cell.link {
        Some(place) => format!("<a href=\"#{}\">{inner}</a>", escape(&place)),
        None => inner,
    };
    let class = match (kind, cell.class) {
        (Kind::Number, "") => "n".to_owned(),
        (Kind::Number, class) => format!("n {class}"),
        (_, class) => class.to_owned(),
    };
    Drawn { label, class, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_empty_and_no_column_without_content() {
        let mut rows =
            Rows::new("Items", &[("Item", Kind::Text), ("Task", Kind::Text), ("Score", Kind::Number)]).open(1);
        rows.push(["<q1>".into(), "".into(), "".into()]);
        rows.push(["q2".into(), "".into(), "0.5".into()]);
        let page = rows.draw().unwrap().render().unwrap();
        assert!(!page.contains("Task"), "{page}");
        assert!(
            page.contains("<bdi>&lt;q1&gt;</bdi></th><td class=\"n\" data-label=\"Score\"><bdi>–</bdi></td>"),
            "{page}"
        );
        assert!(page.contains("<summary>1 more row</summary>"), "{page}");
        assert!(Rows::new("None", &[("Item", Kind::Text)]).draw().is_none());
    }
}
