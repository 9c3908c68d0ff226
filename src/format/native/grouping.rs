//! Groups the rows of a table with one token per row into candidates.
//!
//! A candidate is named by item, candidate, task and filter. A table can hold several candidates under one name, such
//! as two conditions or two samples. In that case a repeated position starts the next candidate, whichever column holds
//! the positions. Without positions, a text column that is constant over blocks of rows separates the candidates.

use std::collections::{BTreeMap, BTreeSet};

use csv::ByteRecord;

use crate::model::stable_hash;

/// Maximum rows of the head that are examined.
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
    /// Whether neighbouring rows of one candidate share a position: the pieces of a word.
    shared: bool,
}

/// Candidates whose rows have all been read, with the smallest position of each name.
#[derive(Debug, Default)]
pub(super) struct Finished(BTreeMap<u64, i64>);

impl Grouping {
    /// Derives the grouping from the first rows. `others` are the columns without a role.
    pub(super) fn new(names: Vec<usize>, position: Option<usize>, others: &[usize], rows: &[ByteRecord]) -> Self {
        let rows = rows.get(..LOOKED_AT).unwrap_or(rows);
        let position = position.or_else(|| others.iter().copied().find(|column| counts_up(*column, &names, rows)));
        let mut grouping = Self { names, further: Vec::new(), position, shared: false };
        grouping.look(others, rows);
        if !grouping.neighbours_differ(rows) {
            grouping.shared = true;
            grouping.look(others, rows);
        }
        grouping
    }

    /// Finds the further columns for the current grouping.
    fn look(&mut self, others: &[usize], rows: &[ByteRecord]) {
        let candidates = self.candidates(rows);
        let is_further = |column: &usize| match self.position {
            Some(_) => tells_apart(*column, &candidates),
            None => blocks(*column, &candidates),
        };
        self.further = others.iter().copied().filter(is_further).collect();
    }

    /// Whether neighbouring rows with the same name and position always differ in a further column. If so, they end one
    /// candidate and start the next; otherwise they are the pieces of a word.
    fn neighbours_differ(&self, rows: &[ByteRecord]) -> bool {
        rows.windows(2).all(|pair| {
            let same = |column: &usize| pair[0].get(*column) == pair[1].get(*column);
            let at_one_place = self.position(&pair[0]).is_some() && self.position(&pair[0]) == self.position(&pair[1]);
            !at_one_place || !self.names.iter().all(same) || !self.further.iter().all(same)
        })
    }

    /// The rows grouped into candidates.
    fn candidates<'r>(&self, rows: &'r [ByteRecord]) -> Vec<Vec<&'r ByteRecord>> {
        let mut candidates: Vec<Vec<&ByteRecord>> = Vec::new();
        let mut positions = Positions::default();
        for row in rows {
            match candidates.last_mut() {
                Some(group) if group.first().is_some_and(|first| self.goes_on(first, &positions, row)) => {
                    group.push(row);
                }
                _ => {
                    positions = Positions::default();
                    candidates.push(vec![row]);
                }
            }
            if let Some(position) = self.position(row) {
                positions.insert(position);
            }
        }
        candidates
    }

    /// The position of a row's token, if the table has positions.
    pub(super) fn position(&self, row: &ByteRecord) -> Option<i64> {
        position(row, self.position?)
    }

    /// Whether a row continues the candidate with this first row and these positions.
    pub(super) fn goes_on(&self, first: &ByteRecord, positions: &Positions, row: &ByteRecord) -> bool {
        let further: &[usize] = if self.position.is_none() { &self.further } else { &[] };
        self.names.iter().chain(further).all(|column| first.get(*column) == row.get(*column))
            && self
                .position(row)
                .is_none_or(|position| self.shared && positions.last == Some(position) || !positions.contains(position))
    }

    /// Whether a partly read row may belong to the candidate with this first row.
    pub(super) fn may_be_of(&self, first: &ByteRecord, lost: &ByteRecord) -> bool {
        self.names.iter().all(|column| lost.get(*column).is_none_or(|cell| first.get(*column) == Some(cell)))
    }

    /// A hash of the columns, besides the name, that distinguish the candidate from others of its item.
    pub(super) fn distinct(&self, first: &ByteRecord) -> u64 {
        stable_hash(&self.further.iter().map(|column| first.get(*column)).collect::<Vec<_>>())
    }

    /// Records that a candidate is complete. Returns whether its rows continue an earlier candidate.
    pub(super) fn finish(&self, first: &ByteRecord, positions: &Positions, finished: &mut Finished) -> bool {
        let columns = self.names.iter().chain(&self.further);
        let name = stable_hash(&columns.map(|column| first.get(*column)).collect::<Vec<_>>());
        let start = positions.least().unwrap_or(i64::MIN);
        match finished.0.entry(name) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(start);
                false
            }
            // A candidate that starts at the first position of the earlier one is a new candidate.
            std::collections::btree_map::Entry::Occupied(first) => self.position.is_none() || start > *first.get(),
        }
    }
}

/// The positions of a candidate's tokens: usually one range, ascending or descending.
#[derive(Debug, Default)]
pub(super) struct Positions {
    range: Option<(i64, i64)>,
    rest: BTreeSet<i64>,
    last: Option<i64>,
}

impl Positions {
    /// Adds a position.
    pub(super) fn insert(&mut self, position: i64) {
        self.last = Some(position);
        match &mut self.range {
            Some((low, high)) if (*low..=*high).contains(&position) => {}
            None => self.range = Some((position, position)),
            Some((_, high)) if high.checked_add(1) == Some(position) => *high = position,
            Some((low, _)) if low.checked_sub(1) == Some(position) => *low = position,
            Some(_) => {
                self.rest.insert(position);
            }
        }
    }

    fn contains(&self, position: i64) -> bool {
        self.range.is_some_and(|(low, high)| (low..=high).contains(&position)) || self.rest.contains(&position)
    }

    fn least(&self) -> Option<i64> {
        let range = self.range.map(|(low, _)| low);
        range.into_iter().chain(self.rest.first().copied()).min()
    }
}

fn position(row: &ByteRecord, column: usize) -> Option<i64> {
    std::str::from_utf8(row.get(column)?.trim_ascii()).ok()?.parse().ok()
}

/// Whether a column without a role holds positions: under each name it counts up by one, always from its value in the
/// first row.
fn counts_up(column: usize, names: &[usize], rows: &[ByteRecord]) -> bool {
    let Some(start) = rows.first().and_then(|row| position(row, column)) else { return false };
    let mut steps = 0;
    for pair in rows.windows(2) {
        let same = names.iter().all(|name| pair[0].get(*name) == pair[1].get(*name));
        match (position(&pair[0], column), position(&pair[1], column)) {
            (Some(_), Some(next)) if next == start => {}
            (Some(last), Some(next)) if same && next == last + 1 => steps += 1,
            _ => return false,
        }
    }
    steps > 0
}

/// Whether a column is constant within each candidate but differs between candidates. At least one candidate must have
/// several rows.
fn tells_apart(column: usize, candidates: &[Vec<&ByteRecord>]) -> bool {
    let constant = candidates.iter().all(|rows| rows.windows(2).all(|pair| pair[0].get(column) == pair[1].get(column)));
    let values: BTreeSet<Option<&[u8]>> =
        candidates.iter().filter_map(|rows| rows.first()).map(|row| row.get(column)).collect();
    constant && values.len() > 1 && candidates.iter().any(|rows| rows.len() > 1)
}

/// Whether a text column splits most items into the same number of blocks of two or more rows, and no value reappears
/// in an item after its block has ended.
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
        let mut sizes = Vec::new();
        for rows in grouping.candidates(rows) {
            let mut positions = Positions::default();
            rows.iter().filter_map(|row| grouping.position(row)).for_each(|position| positions.insert(position));
            sizes.push((rows.len(), grouping.finish(rows[0], &positions, &mut finished)));
        }
        sizes
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
    fn positions_are_recognised_without_their_name() {
        let apart = rows("0 good 1 a\n0 good 2 b\n1 good 1 d\n0 bad 1 a\n0 bad 2 c\n1 bad 1 d\n1 bad 2 e");
        let grouping = Grouping::new(vec![0], None, &[1, 2, 3], &apart);
        assert_eq!((grouping.position, grouping.further.as_slice()), (Some(2), &[1][..]));
        assert_eq!(groups(&grouping, &apart), [(2, false), (1, false), (2, false), (2, false)]);
        // Sentence lengths do not count up.
        let lengths = rows("0 2 a\n0 2 b\n1 1 d");
        assert_eq!(Grouping::new(vec![0], None, &[1, 2], &lengths).position, None);
    }

    #[test]
    fn the_pieces_of_a_word_share_its_position() {
        let pieces = rows("0 0 wa\n0 0 w0b\n0 1 w1\n0 2 w2a\n0 2 w2b\n1 0 v0\n1 1 v1");
        let grouping = Grouping::new(vec![0], Some(1), &[2], &pieces);
        assert_eq!(groups(&grouping, &pieces), [(5, false), (2, false)]);
        // Only the first word is in pieces.
        let first = rows("0 0 wa\n0 0 wb\n0 1 w1\n1 0 v0\n1 1 v1");
        let grouping = Grouping::new(vec![0], Some(1), &[2], &first);
        assert_eq!(groups(&grouping, &first), [(3, false), (2, false)]);
        // Two samples of such words: the position restarts after it has advanced.
        let samples = rows("0 0 wa\n0 0 wb\n0 1 w1\n0 0 wa\n0 0 wb\n0 1 w1");
        let grouping = Grouping::new(vec![0], Some(1), &[2], &samples);
        assert_eq!(groups(&grouping, &samples), [(3, false), (3, false)]);
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
        // A tag per word is not a condition.
        let tagged = rows("0 DT a\n0 NN b\n0 NN c\n1 NN d\n1 NN e\n1 VB f");
        assert_eq!(Grouping::new(vec![0], None, &[1, 2], &tagged).further, Vec::<usize>::new());
    }
}
