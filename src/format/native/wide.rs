//! Tables whose columns stand side by side for two texts of a minimal pair, or for several models.

use std::borrow::Cow;
use std::collections::BTreeSet;

use csv::ByteRecord;

use crate::format::field::flag_text;
use crate::format::native::group::Group;
use crate::format::native::pairs::{Pairs, are_minimal as are_even, is_text};
use crate::format::native::roles::{Role, by_name};
use crate::model::Item;
use crate::numeric::Printed;

/// Rows that are examined.
const ROWS: usize = 2048;
/// Most models of one table.
const MODELS: usize = 64;
/// Longest id of a pair.
const LONGEST: usize = 64;
/// Names of a token's text in tables of words.
const WORDS: [&str; 4] = ["word", "words", "region", "form"];
/// Words in the names of numbers that are no model.
const NO_MODEL: [&str; 24] = [
    "avg",
    "bits",
    "char",
    "delta",
    "diff",
    "id",
    "len",
    "log",
    "max",
    "mean",
    "min",
    "n",
    "nats",
    "next",
    "no",
    "norm",
    "normalized",
    "per",
    "prev",
    "rank",
    "ratio",
    "std",
    "sum",
    "total",
];

/// One of the texts or models of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A text of a minimal pair.
    Side {
        label: &'static str,
        is_right: bool,
        /// The column that says whether the right text is preferred.
        verdict: Option<usize>,
    },
    /// A model by its name.
    Model(String),
}

impl Part {
    /// What an item read from the columns of this part is besides.
    pub(super) fn settle<'r>(&self, item: &mut Item<'r>, group: &'r Group, is_first: bool) {
        if !is_first {
            item.row.clear();
            item.facts.clear();
        }
        match self {
            Self::Model(name) if item.filter.is_empty() => item.filter = Cow::Owned(name.clone()),
            Self::Model(name) => item.filter = Cow::Owned(format!("{}, {name}", item.filter)),
            Self::Side { label, is_right, verdict } => {
                let row = group.rows.first();
                let said = verdict.zip(row).and_then(|(column, row)| {
                    Some((flag_text(row.record.get(column)?.trim_ascii())?, group.at(row, column)))
                });
                item.correct = None;
                item.complete = false;
                for candidate in &mut item.candidates {
                    candidate.id = Some(Cow::Borrowed(label));
                    candidate.index = None;
                    if let Some((verdict, at)) = said {
                        candidate.picked = Some((verdict == *is_right, at));
                        candidate.gold = Some((*is_right, at));
                    }
                }
            }
        }
    }
}

/// The names of the columns as one part reads them.
pub(super) struct Columns {
    pub(super) header: Vec<String>,
    pub(super) part: Part,
}

/// The parts of a table; empty for one whose columns have one text and model.
pub(super) fn parts(header: &[String], rows: &[ByteRecord]) -> Vec<Columns> {
    let rows = rows.get(..ROWS).unwrap_or(rows);
    if rows.is_empty() {
        return Vec::new();
    }
    let found = sides(header, rows).unwrap_or_default();
    if found.is_empty() { models(header, rows) } else { found }
}

/// Whether a name is that of a number of a text, or of a value per token.
fn is_number_of_text(name: &str) -> bool {
    by_name(name).is_some_and(|(role, _)| matches!(role, Role::Claim(_)) || role.is_per_token())
}

fn cells(rows: &[ByteRecord], column: usize) -> impl Iterator<Item = &[u8]> {
    rows.iter().map(move |row| row.get(column).unwrap_or_default().trim_ascii())
}

/// The numbers of a column; None where a cell is something else. The first value of a text may be missing.
fn numbers(rows: &[ByteRecord], column: usize) -> Option<Vec<f64>> {
    let cells = cells(rows, column).filter(|cell| !cell.is_empty());
    let numbers: Option<Vec<f64>> =
        cells.map(|cell| Printed::parse(cell).filter(Printed::is_finite).map(|number| number.value)).collect();
    numbers.filter(|numbers| !numbers.is_empty())
}

/// The two texts of a minimal pair.
fn sides(header: &[String], rows: &[ByteRecord]) -> Option<Vec<Columns>> {
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    let pairs = Pairs::among(&names, |_| false)?;
    let place = |name: &str| header.iter().position(|own| own == name);
    let has_numbers = pairs
        .fields
        .iter()
        .filter(|field| is_number_of_text(&field.name))
        .all(|field| field.keys.iter().all(|key| place(key).is_some_and(|column| numbers(rows, column).is_some())));
    // The table itself is one of texts where it has such columns of its own.
    if !has_numbers || names.iter().any(|name| is_number_of_text(name)) {
        return None;
    }
    let item = item(header, rows)?;
    let verdict = pairs.verdict.as_deref().and_then(place);
    let verdict = verdict.filter(|column| cells(rows, *column).all(|cell| flag_text(cell).is_some()));
    let of_side = |(side, label): (usize, &'static str)| {
        let mut own = header.to_vec();
        own.get_mut(item)?.clone_from(&"item".to_owned());
        for field in &pairs.fields {
            let column = field.keys.get(side).and_then(|key| place(key))?;
            let name = if is_text(&field.name) { "continuation" } else { field.name.as_str() };
            if !own.iter().any(|known| known == name) {
                own.get_mut(column)?.clone_from(&name.to_owned());
            }
        }
        Some(Columns { header: own, part: Part::Side { label, is_right: side == 0, verdict } })
    };
    pairs.sides.into_iter().enumerate().map(of_side).collect()
}

/// Whether the texts of a minimal pair have as many words in nearly all rows.
pub(super) fn are_minimal(columns: &Columns, header: &[String], rows: &[ByteRecord]) -> bool {
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    let Some(pairs) = Pairs::among(&names, |_| false) else { return false };
    let Some(field) = pairs.fields.iter().find(|field| is_text(&field.name)) else { return false };
    let column = |key: &String| header.iter().position(|name| name == key);
    let [Some(right), Some(wrong)] = field.keys.each_ref().map(column) else { return false };
    let words = |row: &ByteRecord, column: usize| {
        let text = std::str::from_utf8(row.get(column)?).ok()?;
        Some(text.split_whitespace().count())
    };
    let is_side = matches!(columns.part, Part::Side { .. });
    is_side && are_even(rows.iter().map(|row| words(row, right).zip(words(row, wrong))))
}

/// The column that names the rows: by its name, or the first one whose values are short and all different.
fn item(header: &[String], rows: &[ByteRecord]) -> Option<usize> {
    let by_name = header.iter().position(|name| by_name(name).is_some_and(|(role, _)| role == Role::Item));
    by_name.or_else(|| {
        (0..header.len()).find(|column| {
            let is_name = |cell: &&[u8]| {
                let is_fraction = Printed::parse(cell).is_some_and(|number| number.decimals > 0);
                !cell.is_empty() && cell.len() <= LONGEST && !cell.contains(&b' ') && !is_fraction
            };
            let names: BTreeSet<&[u8]> = cells(rows, *column).filter(is_name).collect();
            names.len() == rows.len() && rows.len() > 1
        })
    })
}

/// A name as that of a number and of a model, in either order.
fn split(name: &str) -> Option<(&str, &str)> {
    let is_model = |tag: &str| !tag.is_empty() && !tag.split('_').any(|word| NO_MODEL.contains(&word));
    let at: Vec<usize> = name.match_indices('_').map(|(at, _)| at).collect();
    // The longest name of a number counts.
    let before = at.iter().rev().map(|at| (&name[..*at], &name[at + 1..]));
    let behind = at.iter().map(|at| (&name[at + 1..], &name[..*at]));
    before.chain(behind).find(|(base, tag)| is_number_of_text(base) && is_model(tag))
}

/// The models of a table with a token per row whose columns are named after them.
fn models(header: &[String], rows: &[ByteRecord]) -> Vec<Columns> {
    let role = |name: &str| by_name(name).map(|(role, _)| role);
    let has_tokens = header.iter().any(|name| WORDS.contains(&name.as_str()) || role(name) == Some(Role::Tokens));
    let Some(item) = header.iter().position(|name| role(name) == Some(Role::Item)) else { return Vec::new() };
    let blocks = cells(rows, item).collect::<BTreeSet<_>>().len();
    if !has_tokens || header.iter().any(|name| is_number_of_text(name)) || 2 * blocks > rows.len() {
        return Vec::new();
    }
    let named: Vec<Option<(&str, &str)>> =
        header.iter().map(|name| if by_name(name).is_some() { None } else { split(name) }).collect();
    let is_of_tokens = |column: usize, base: &str| {
        let numbers = numbers(rows, column).unwrap_or_default();
        match role(base) {
            Some(Role::Logprobs) => numbers.iter().any(|own| *own < 0.0) && numbers.iter().all(|own| *own <= 0.0),
            Some(Role::Surprisals) => numbers.iter().any(|own| *own > 0.0) && numbers.iter().all(|own| *own >= 0.0),
            _ => false,
        }
    };
    let mut tags: Vec<&str> = Vec::new();
    for (column, name) in named.iter().enumerate() {
        if let Some((base, tag)) = name
            && is_of_tokens(column, base)
            && !tags.contains(tag)
        {
            tags.push(tag);
        }
    }
    let of_model = |tag: &str| {
        let own = header.iter().zip(&named).map(|(name, named)| match named {
            Some((base, own)) if *own == tag => (*base).to_owned(),
            _ if WORDS.contains(&name.as_str()) && !header.iter().any(|name| role(name) == Some(Role::Tokens)) => {
                "token".to_owned()
            }
            _ => name.clone(),
        });
        Columns { header: own.collect(), part: Part::Model(tag.to_owned()) }
    };
    if tags.len() > MODELS { Vec::new() } else { tags.into_iter().map(of_model).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(table: &str) -> Vec<String> {
        let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(table.as_bytes());
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows: Vec<ByteRecord> = reader.into_byte_records().map(Result::unwrap).collect();
        parts(&header, &rows).into_iter().map(|part| part.header.join(",")).collect()
    }

    #[test]
    fn columns_of_two_texts_are_those_of_one_each() {
        let table = "n,sentence_good,sentence_bad,lp_good,lp_bad,correct\n1,a b,b a,-1.5,-2.5,True\n2,c d,d c,-3.5,-2.5,False\n";
        let expected =
            ["item,continuation,sentence_bad,lp,lp_bad,correct", "item,sentence_good,continuation,lp_good,lp,correct"];
        assert_eq!(headers(table), expected);
        // Numbers of the whole row, and numbers that are none of a text.
        assert_eq!(headers("n,lp_good,lp_bad,score\n1,-1.5,-2.5,1\n2,-3.5,-2.5,2\n"), Vec::<String>::new());
        assert_eq!(headers("n,n_correct,n_incorrect\n1,3,2\n2,4,1\n"), Vec::<String>::new());
    }

    #[test]
    fn columns_of_models_are_those_of_one_each() {
        let table = "item,word,surprisal_gpt2,surprisal_llama_7b,total_surprisal_gpt2\n1,a,1.5,2.5,3\n1,b,1.5,0.5,3\n2,a,1,2,3\n2,b,2,3,3\n";
        let expected = [
            "item,token,surprisal,surprisal_llama_7b,total_surprisal",
            "item,token,surprisal_gpt2,surprisal,total_surprisal_gpt2",
        ];
        assert_eq!(headers(table), expected);
        for other in [
            "item,word,logprob_sum,logprob_mean\n1,a,-1,-2\n1,b,-1,-2\n2,a,-1,-2\n2,b,-1,-2\n",
            "item,word,prob_yes,prob_no\n1,a,0.5,0.5\n1,b,0.25,0.75\n2,a,0.5,0.5\n2,b,0.25,0.75\n",
            "item,region,surprisal_gpt2\n1,a,-1\n1,b,2\n2,a,-1\n2,b,-2\n",
            "item,word,surprisal_gpt2\n1,a,1\n2,b,2\n3,a,1\n",
        ] {
            assert_eq!(headers(other), Vec::<String>::new(), "{other}");
        }
    }
}
