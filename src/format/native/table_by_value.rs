//! The columns of a table with a token per row whose names do not say them, by their values: numbers of the rows from which a
//! number of their block follows.

use std::collections::BTreeSet;
use std::ops::Range;

use csv::ByteRecord;

use crate::format::native::by_value::{self, Following, follow_from, following};
use crate::format::native::csv::CsvReader;
use crate::format::native::group::Group;
use crate::format::native::mapping::Mapping;
use crate::format::native::roles::Role;
use crate::model::Item;
use crate::numeric::Printed;
use crate::source::DelimitedRow;

/// Fewest texts that show something.
const FEWEST: usize = 3;
/// Rows and columns that are examined.
const ROWS: usize = 2048;
const COLUMNS: usize = 32;

/// What the values of a table say of its columns.
pub(super) struct Found {
    /// The mapping with the roles and the claims that they say.
    pub(super) mapping: Mapping,
    /// The columns with what shows their roles.
    pub(super) evidence: Vec<(String, String)>,
}

/// What the values of a column are.
struct Column<'n> {
    name: &'n str,
    /// Least and most of its numbers, if it has nothing else.
    range: Option<(f64, f64)>,
    /// Number of blocks of rows with one value, if no value comes back.
    blocks: Option<usize>,
}

impl<'n> Column<'n> {
    fn of(at: usize, name: &'n str, rows: &[ByteRecord]) -> Self {
        let (mut range, mut is_numbers) = (None::<(f64, f64)>, true);
        let (mut seen, mut blocks) = (BTreeSet::new(), 0);
        let mut previous: Option<&[u8]> = None;
        for cell in rows.iter().map(|row| row.get(at).unwrap_or_default().trim_ascii()) {
            match Printed::parse(cell).filter(Printed::is_finite) {
                Some(number) => {
                    let (least, most) = range.unwrap_or((number.value, number.value));
                    range = Some((least.min(number.value), most.max(number.value)));
                }
                // The first token of a text may have no number.
                None => is_numbers = is_numbers && cell.is_empty(),
            }
            if previous != Some(cell) {
                blocks += 1;
                seen.insert(cell);
                previous = Some(cell);
            }
        }
        let is_whole = seen.len() == blocks;
        Self { name, range: range.filter(|_| is_numbers), blocks: is_whole.then_some(blocks) }
    }

    /// What its numbers may be, per token.
    fn may_be(&self) -> &'static [Role] {
        match self.range {
            Some((least, most)) if most <= 0.0 && least < 0.0 => &[Role::Logprobs],
            Some((least, most)) if least >= 0.0 && most > 1.0 => &[Role::Surprisals],
            Some((least, most)) if least >= 0.0 && most > 0.0 => &[Role::Surprisals, Role::Probs],
            _ => &[],
        }
    }
}

/// The roles that the values say, if some number of the blocks follows from those of one column and of no other one.
pub(super) fn find(header: &[String], rows: &[ByteRecord], mapping: &Mapping) -> Option<Found> {
    let rows = rows.get(..ROWS).unwrap_or(rows);
    let columns: Vec<Column<'_>> =
        header.iter().take(COLUMNS).enumerate().map(|(at, name)| Column::of(at, name, rows)).collect();
    let is_text =
        |column: &&Column<'_>| column.blocks.is_some_and(|blocks| blocks >= FEWEST && 3 * blocks <= 2 * rows.len());
    let item = columns.iter().find(is_text)?;
    let mut best: Option<(Following, Mapping, &str, Vec<String>)> = None;
    let mut is_alone = true;
    for column in columns.iter().filter(|column| column.name != item.name && column.blocks != item.blocks) {
        for role in column.may_be() {
            let path = |role: Role, name: &str| (role, vec![name.to_owned()]);
            let paths = [mapping.paths.clone(), vec![path(Role::Item, item.name), path(*role, column.name)]].concat();
            let read = Mapping { paths, is_deep: true, ..mapping.clone() };
            let Ok(reader) = CsvReader::new(header.to_vec(), rows, read.clone()) else { continue };
            let groups = groups(&reader, rows);
            let (follows, names) = following(&items(&reader, &groups), &read);
            if follows.fields == 0 {
                continue;
            }
            match &best {
                Some((known, ..)) if *known > follows => {}
                Some((known, ..)) if *known == follows => is_alone = false,
                _ => (best, is_alone) = (Some((follows, read, column.name, names)), true),
            }
        }
    }
    let (_, mut read, values, names) = best.filter(|_| is_alone)?;
    let reader = CsvReader::new(header.to_vec(), rows, read.clone()).ok()?;
    let groups = groups(&reader, rows);
    let claims = by_value::of_items(&items(&reader, &groups), &read);
    let mut evidence = vec![
        (item.name.to_owned(), "the same in each block of rows".to_owned()),
        (values.to_owned(), follow_from(&names)),
    ];
    evidence.extend(claims.iter().map(|known| (known.spec.column.name.to_string(), known.evidence.clone())));
    read.is_deep = false;
    read.columns = read.columns.iter().cloned().chain(claims.into_iter().map(|known| known.spec)).collect();
    Some(Found { mapping: read, evidence })
}

/// The first rows, as the candidates that they form. The last one may be cut off.
fn groups(reader: &CsvReader, rows: &[ByteRecord]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (line, row) in (1_u64..).zip(rows) {
        let cells: Vec<Range<usize>> = vec![0..0; row.len()];
        let own = DelimitedRow::of_cells(row, &[], &[], (0, line), &cells);
        match groups.last_mut() {
            Some(group) if reader.goes_on(group, row) => group.push(&own, &cells),
            _ => {
                let mut group = Group::default();
                group.push(&own, &cells);
                groups.push(group);
            }
        }
    }
    groups.pop();
    groups
}

fn items<'g>(reader: &'g CsvReader, groups: &'g [Group]) -> Vec<Item<'g>> {
    groups.iter().filter_map(|group| reader.item(group).ok()).collect()
}
