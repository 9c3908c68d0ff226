//! Which rows of a table with a token per row make up one candidate.
//!
//! Item, candidate, task and filter name it. A table can hold several candidates under one name: of two conditions, of two
//! samples. Then a position that comes again begins the next one, and where there are no positions, a column of text that is
//! constant over blocks of rows does.

use std::collections::{BTreeMap, BTreeSet};

use csv::ByteRecord;

use crate::model::stable_hash;

/// Rows of the head that are looked at.
const LOOKED_AT: usize = 4096;

/// How the rows of a table are grouped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Grouping {
    /// Columns that name the candidate.
    names: Vec<usize>,
    /// Further columns that are constant within a candidate and differ between candidates.
    further: Vec<usize>,
    /// The column with the token's position.
    position: Option<usize>,
}

/// Candidates whose rows have all been read, with the smallest position of each name.
#[derive(Debug, Default)]
pub(super) struct Finished(BTreeMap<u64, i64>);

impl Grouping {
    /// How the rows of a table are grouped, from its first rows. `others` are columns without a role.
    pub(super) fn new(names: Vec<usize>, position: Option<usize>, others: &[usize], rows: &[ByteRecord]) -> Self {
        let mut grouping = Self { names, further: Vec::new(), position };
        let rows = rows.get(..LOOKED_AT).unwrap_or(rows);
        let candidates = grouping.candidates(rows);
        let is_further = |column: &usize| match position {
            Some(_) => tells_apart(*column, &candidates),
            None => blocks(*column, &candidates),
        };
        grouping.further = others.iter().copied().filter(is_further).collect();
        grouping
    }

    /// The rows cut into candidates.
    fn candidates<'r>(&self, rows: &'r [ByteRecord]) -> Vec<Vec<&'r ByteRecord>> {
        let mut candidates: Vec<Vec<&ByteRecord>> = Vec::new();
        for row in rows {
            match candidates.last_mut() {
                Some(group) if self.goes_on(group.iter().copied(), row) => group.push(row),
                _ => candidates.push(vec![row]),
            }
        }
        candidates
    }

    /// Whether a row belongs to the candidate of the rows before it.
    pub(super) fn goes_on<'r>(
        &self,
        mut group: impl Iterator<Item = &'r ByteRecord> + Clone,
        row: &ByteRecord,
    ) -> bool {
        let Some(first) = group.clone().next() else { return false };
        let constant = self.names.iter().chain(if self.position.is_none() { self.further.as_slice() } else { &[] });
        let same = |column: usize| first.get(column) == row.get(column);
        let comes_again = |column: usize| {
            let own = position(row, column);
            own.is_some() && group.any(|earlier| position(earlier, column) == own)
        };
        constant.copied().all(same) && !self.position.is_some_and(comes_again)
    }

    /// A hash of what tells the candidate from others of its item beside its name.
    pub(super) fn distinct(&self, first: &ByteRecord) -> u64 {
        stable_hash(&self.further.iter().map(|column| first.get(*column)).collect::<Vec<_>>())
    }

    /// Notes that all rows of a candidate were read; says whether they continue one that was left before.
    pub(super) fn finish<'r>(
        &self,
        group: impl Iterator<Item = &'r ByteRecord> + Clone,
        finished: &mut Finished,
    ) -> bool {
        let Some(first) = group.clone().next() else { return false };
        let name: Vec<Option<&[u8]>> =
            self.names.iter().chain(&self.further).map(|column| first.get(*column)).collect();
        let positions = group.filter_map(|row| position(row, self.position?));
        let start = positions.min().unwrap_or(i64::MIN);
        match finished.0.entry(stable_hash(&name)) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(start);
                false
            }
            // A candidate that begins where the first of its name began is another one.
            std::collections::btree_map::Entry::Occupied(first) => self.position.is_none() || start > *first.get(),
        }
    }
}

fn position(row: &ByteRecord, column: usize) -> Option<i64> {
    std::str::from_utf8(row.get(column)?.trim_ascii()).ok()?.parse().ok()
}

/// Whether a column is constant within each candidate and not over all of them, with a candidate of several rows to show it.
fn tells_apart(column: usize, candidates: &[Vec<&ByteRecord>]) -> bool {
    let constant = candidates.iter().all(|rows| rows.windows(2).all(|pair| pair[0].get(column) == pair[1].get(column)));
    let values: BTreeSet<Option<&[u8]>> =
        candidates.iter().filter_map(|rows| rows.first()).map(|row| row.get(column)).collect();
    constant && values.len() > 1 && candidates.iter().any(|rows| rows.len() > 1)
}

/// Whether a column of text cuts most items into the same number of blocks of two rows or more, and no value comes again in
/// an item once its block has ended.
fn blocks(column: usize, items: &[Vec<&ByteRecord>]) -> bool {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for rows in items {
        let mut seen: BTreeSet<&[u8]> = BTreeSet::new();
        for block in rows.chunk_by(|a, b| a.get(column) == b.get(column)) {
            let value = block.first().and_then(|row| row.get(column)).unwrap_or_default();
            let is_number = std::str::from_utf8(value).is_ok_and(|text| text.trim().parse::<f64>().is_ok());
            if block.len() < 2 || value.is_empty() || is_number || !seen.insert(value) {
                return false;
            }
        }
        *counts.entry(seen.len()).or_default() += 1;
    }
    counts.iter().max_by_key(|(_, items)| **items).is_some_and(|(blocks, of)| *blocks > 1 && of * 2 > items.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<ByteRecord> {
        text.lines().map(|line| line.split(' ').map(str::as_bytes).collect()).collect()
    }

    /// The sizes of the candidates, and which of them continue an earlier one.
    fn groups(grouping: &Grouping, rows: &[ByteRecord]) -> Vec<(usize, bool)> {
        let mut finished = Finished::default();
        let candidates = grouping.candidates(rows);
        candidates.iter().map(|rows| (rows.len(), grouping.finish(rows.iter().copied(), &mut finished))).collect()
    }

    #[test]
    fn a_position_that_comes_again_begins_another_candidate() {
        let adjacent = rows("0 good 0 a\n0 good 1 b\n0 bad 0 a\n0 bad 1 c\n1 good 0 d\n1 bad 0 d\n1 bad 1 e");
        let grouping = Grouping::new(vec![0], Some(2), &[1, 3], &adjacent);
        assert_eq!(grouping.further, [1]);
        assert_eq!(groups(&grouping, &adjacent), [(2, false), (2, false), (1, false), (2, false)]);
        let apart = rows("0 good 0 a\n0 good 1 b\n1 good 0 d\n0 bad 0 a\n0 bad 1 c\n1 bad 0 d\n1 bad 1 e");
        let grouping = Grouping::new(vec![0], Some(2), &[1, 3], &apart);
        assert_eq!(groups(&grouping, &apart), [(2, false), (1, false), (2, false), (2, false)]);
    }

    #[test]
    fn reversed_rows_are_one_candidate() {
        let reversed = rows("0 x 2 c\n0 x 1 b\n0 x 0 a\n1 x 1 b\n1 x 0 a");
        let grouping = Grouping::new(vec![0], Some(2), &[1, 3], &reversed);
        assert_eq!(groups(&grouping, &reversed), [(3, false), (2, false)]);
    }

    #[test]
    fn rows_that_continue_a_candidate_are_told() {
        let torn = rows("0 x 0 a\n0 x 1 b\n1 x 0 c\n0 x 2 d");
        let grouping = Grouping::new(vec![0], Some(2), &[1, 3], &torn);
        assert_eq!(groups(&grouping, &torn), [(2, false), (1, false), (1, true)]);
        let without = rows("0 a\n0 b\n1 c\n0 d");
        let grouping = Grouping::new(vec![0], None, &[1], &without);
        assert_eq!(groups(&grouping, &without), [(2, false), (1, false), (1, true)]);
    }

    #[test]
    fn without_positions_blocks_of_text_tell_candidates_apart() {
        let table =
            rows("0 good a NN\n0 good b NN\n0 bad a NN\n0 bad c VB\n1 good d NN\n1 good e NN\n1 bad d NN\n1 bad f NN");
        let grouping = Grouping::new(vec![0], None, &[1, 2, 3], &table);
        assert_eq!(grouping.further, [1]);
        assert_eq!(groups(&grouping, &table), [(2, false); 4]);
        // A tag per word is no condition.
        let tagged = rows("0 DT a\n0 NN b\n0 NN c\n1 NN d\n1 NN e\n1 VB f");
        assert_eq!(Grouping::new(vec![0], None, &[1, 2], &tagged).further, Vec::<usize>::new());
    }
}
