//! Rows of a native table: a candidate per row, or a token per row.

use std::borrow::Cow;
use std::ops::Range;

use crate::config::ColumnSpec;
use crate::format::field::{self, flag_text};
use crate::format::native::columns as fields;
use crate::format::native::group::{CsvOrigin, Group};
use crate::format::native::grouping::{Finished, Grouping};
use crate::format::native::mapping::Mapping;
use crate::format::native::record::{LONGEST_DISTINCTION, segment_text, settle_padding};
use crate::format::native::roles::{ROLES, Role, SENTENCE, by_name, key};
use crate::format::native::sentences;
use crate::format::native::slots::SIDE_VALUES;
use crate::format::native::wide::Part;
use crate::format::native::{grading, lists};
use crate::format::window::window;
use crate::format::{Framing, Reader, Sink};
use crate::format::{MappedField, MappedRole};
use crate::model::{
    At, Candidate, CandidateClaim, Claim, ColumnId, Item, Logged, PickRef, Place, RecordError, Segment, SideValue,
    Snippet, Step, Text, stable_hash,
};
use crate::numeric::Printed;
use crate::source::{DelimitedRow, DelimitedRows, Layout, Opened};

/// Two columns with equally good names for one role, unless the user chose one of them.
fn ambiguous<'h>(header: &'h [String], mapping: &Mapping) -> Option<(Role, &'h str, &'h str)> {
    for names in ROLES {
        let role = names.role;
        let mapped = mapping.paths.iter().any(|(known, _)| *known == role);
        if mapped || matches!(role, Role::Claim(_) | Role::Filter) {
            continue;
        }
        let with = |tier: bool| {
            header
                .iter()
                .filter(move |name| by_name(name) == Some((role, tier)))
                .map(String::as_str)
                .collect::<Vec<_>>()
        };
        let (strong, weak) = (with(true), with(false));
        match (strong.as_slice(), weak.as_slice()) {
            ([one, other, ..], _) | ([], [one, other, ..]) => return Some((role, one, other)),
            _ => {}
        }
    }
    None
}

/// Whether a column is used for its role: it has a plain name, or no other column does.
fn is_taken(role: Role, name: &str, header: &[String]) -> bool {
    let mut same = header.iter().filter(|other| by_name(other).is_some_and(|(known, _)| known == role));
    let strong = same.clone().find(|other| by_name(other).is_some_and(|(_, strong)| strong));
    strong.or_else(|| same.next()).is_some_and(|taken| taken == name)
}

/// Drops surprisals if there are log-probs, because they add nothing. Surprisals alone, and the log-probs of minicons,
/// may be in nats or bits. In that case perplexities are accepted in either unit, and probabilities are not checked
/// against values in bits.
fn settle_unit(columns: &mut [Cell], mapping: &mut Mapping, rows: &[csv::ByteRecord], of_minicons: bool) {
    let place = |columns: &[Cell], role: Role| columns.iter().position(|cell| *cell == Cell::Role(role));
    let forget = |columns: &mut [Cell], role: Role| {
        columns.iter_mut().filter(|cell| **cell == Cell::Role(role)).for_each(|cell| *cell = Cell::Other);
    };
    let (logprobs, probs) = (place(columns, Role::Logprobs), place(columns, Role::Probs));
    let surprisals = place(columns, Role::Surprisals);
    let in_bits = match (logprobs, probs) {
        (Some(logprobs), Some(probs)) if of_minicons => sentences::are_in_bits(numbers(rows, logprobs, probs)),
        (None, _) => surprisals.is_some(),
        _ => false,
    };
    if logprobs.is_some() {
        forget(columns, Role::Surprisals);
    }
    if in_bits {
        forget(columns, Role::Probs);
        mapping.in_nats_or_bits();
    }
}

/// Derives from the first rows which rows form a candidate.
fn grouping(columns: &[Cell], rows: &[csv::ByteRecord]) -> Grouping {
    let of = |wanted: fn(&Cell) -> bool| (0..columns.len()).filter(|at| wanted(&columns[*at])).collect::<Vec<_>>();
    let names = of(|cell| matches!(cell, Cell::Role(Role::Item | Role::Candidate | Role::Task | Role::Filter)));
    let position = columns.iter().position(|cell| *cell == Cell::Role(Role::Position));
    Grouping::new(names, position, &of(|cell| *cell == Cell::Other), rows)
}

/// Whether every row is a text of its own: no two neighbouring rows belong to one candidate, and the table has neither
/// tokens nor positions.
fn rows_are_texts(columns: &[Cell], rows: &[csv::ByteRecord]) -> bool {
    let tells = |cell: &Cell| matches!(cell, Cell::Role(Role::Item | Role::Candidate | Role::Task | Role::Filter));
    let names: Vec<usize> = (0..columns.len()).filter(|at| tells(&columns[*at])).collect();
    let same = |pair: &[csv::ByteRecord]| names.iter().all(|column| pair[0].get(*column) == pair[1].get(*column));
    !rows.is_empty() && !rows.windows(2).any(same)
}

/// The numbers of two columns in some rows.
fn numbers(rows: &[csv::ByteRecord], one: usize, other: usize) -> impl Iterator<Item = (f64, f64)> {
    rows.iter().filter_map(move |row| {
        let number = |column: usize| row.get(column).and_then(|cell| Printed::parse(cell.trim_ascii()));
        Some((number(one)?.value, number(other)?.value))
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Role(Role),
    Claim(ColumnId),
    Other,
}

pub(super) struct CsvReader {
    pub(super) delimiter: u8,
    /// Whether the first row has the names of the columns.
    pub(super) has_header: bool,
    /// Columns whose roles their values say, with what shows it.
    pub(super) evidence: Vec<(String, String)>,
    pub(super) header: Vec<String>,
    columns: Vec<Cell>,
    mapping: Mapping,
    per_token: bool,
    /// How rows form a candidate, in a table with one row per token.
    grouping: Grouping,
    /// Whether it is a table of [`sentences`].
    of_minicons: bool,
    /// Which of the texts or models of a row this reader reads, and whether it is the first one.
    pub(super) part: Option<(Part, bool)>,
}

/// Readers of the same rows, one for each of their texts or models.
pub(super) struct WideReader(pub(super) Vec<CsvReader>);

impl Reader for WideReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        self.0.first().map_or(&[], |reader| &reader.mapping.columns)
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        read_rows(&self.0, file, stream, out);
    }

    fn mapping(&self) -> Vec<MappedField> {
        let mut fields: Vec<MappedField> = Vec::new();
        for field in self.0.iter().flat_map(Reader::mapping) {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        fields
    }
}

/// Reads the rows of a table with one reader or several.
fn read_rows(readers: &[CsvReader], file: u32, stream: Opened, out: &mut dyn Sink) {
    let Some(reader) = readers.first() else { return };
    let (layout, max_record) = (stream.layout.clone(), stream.max_record);
    let mut rows = DelimitedRows::new(stream, reader.delimiter).limited(max_record);
    let mut parts: Vec<Candidates<'_>> = readers.iter().map(|reader| Candidates::new(reader, file, &layout)).collect();
    let mut is_header = reader.has_header;
    loop {
        let line = rows.line();
        match rows.row() {
            Ok(Some(_)) if is_header => is_header = false,
            Ok(Some(row)) => {
                for candidates in &mut parts {
                    candidates.row(&row, out);
                }
            }
            Ok(None) => break,
            Err(error) => {
                out.record();
                let place = Place { file, line, column: 1, ..Place::default() };
                out.error(row_error(place, &[], error.to_string(), true));
                // None of its cells are known.
                for candidates in &mut parts {
                    candidates.lose(&csv::ByteRecord::new());
                }
            }
        }
    }
    for candidates in &mut parts {
        candidates.end(out);
    }
}

impl Reader for CsvReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        &self.mapping.columns
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        read_rows(std::slice::from_ref(self), file, stream, out);
    }

    fn mapping(&self) -> Vec<MappedField> {
        let role = |cell: &Cell| match cell {
            Cell::Role(role) => Some(MappedRole::Role(*role)),
            Cell::Claim(column) => {
                let spec = self.mapping.columns.get(usize::from(column.0))?;
                Some(MappedRole::Claim(spec.accepted.first().copied()))
            }
            Cell::Other => None,
        };
        let fields = self.columns.iter().zip(&self.header);
        let evidence = |name: &String| self.evidence.iter().find(|(known, _)| known == name);
        let field = |(cell, name): (&Cell, &String)| {
            let mut field = MappedField::new(role(cell)?, name.clone());
            if let Cell::Claim(column) = cell {
                let own = self.mapping.columns.get(usize::from(column.0)).map(|spec| spec.column.name.to_string());
                field.column = own.filter(|own| own != name).unwrap_or_default();
            }
            field.evidence = evidence(name).map(|(_, evidence)| evidence.clone()).unwrap_or_default();
            Some(field)
        };
        fields.filter_map(field).collect()
    }
}

/// Assembles the candidates of a table from its rows, in order.
pub(super) struct Candidates<'c> {
    reader: &'c CsvReader,
    file: u32,
    layout: &'c Layout,
    /// The candidate whose rows are currently read.
    group: Group,
    finished: Finished,
    /// The cells of a row.
    cells: Vec<Range<usize>>,
    /// The readable cells of the first and the last unreadable row since the last readable one.
    lost: Option<(csv::ByteRecord, csv::ByteRecord)>,
}

impl<'c> Candidates<'c> {
    pub(super) fn new(reader: &'c CsvReader, file: u32, layout: &'c Layout) -> Self {
        let (group, finished) = (Group::default(), Finished::default());
        Self { reader, file, layout, group, finished, cells: Vec::new(), lost: None }
    }

    /// Whether no other reader counts the same rows.
    fn counts(&self) -> bool {
        self.reader.part.as_ref().is_none_or(|(_, is_first)| *is_first)
    }

    pub(super) fn row(&mut self, row: &DelimitedRow<'_>, out: &mut dyn Sink) {
        if self.counts() {
            out.record();
        }
        let (expected, found) = (self.reader.header.len(), row.record.len());
        if expected != found && !self.counts() {
            self.lose(row.record);
            return;
        }
        if expected != found {
            let reason = format!("expected {expected} cells, as in the header, but found {found}");
            let span = self.layout.map(row.offset, &[]).span(0, row.bytes.len());
            let place = Place { file: self.file, line: row.line, column: 1, field: String::new(), span };
            out.error(row_error(place, row.bytes, reason, true));
            self.lose(row.record);
            return;
        }
        let (reader, first) = (self.reader, self.group.rows.first());
        let goes_on = reader.goes_on(&self.group, row.record);
        let mut is_torn = false;
        if let Some((nearest, last)) = self.lost.take().filter(|_| reader.per_token) {
            let of_last = first.is_some_and(|first| reader.grouping.may_be_of(&first.record, &nearest));
            let of_next = reader.grouping.may_be_of(row.record, &last);
            // If the unreadable rows match neither neighbour, their cells are probably shifted.
            self.group.is_torn |= goes_on || of_last || !of_next;
            is_torn = !goes_on && (of_next || !of_last);
        }
        if !goes_on {
            self.flush(out);
            self.group.is_torn = is_torn;
        }
        if let Some(position) = reader.grouping.position(row.record) {
            self.group.positions.insert(position);
        }
        row.cells(&mut self.cells);
        self.group.push(row, &self.cells);
    }

    /// Handles the end of the table.
    pub(super) fn end(&mut self, out: &mut dyn Sink) {
        if let (Some((lost, _)), Some(first)) = (self.lost.take(), self.group.rows.first()) {
            self.group.is_torn |= self.reader.per_token && self.reader.grouping.may_be_of(&first.record, &lost);
        }
        self.flush(out);
    }

    /// Records a row that could not be read completely.
    pub(super) fn lose(&mut self, record: &csv::ByteRecord) {
        let (_, last) = self.lost.get_or_insert_with(|| (record.clone(), csv::ByteRecord::new()));
        last.clone_from(record);
    }

    /// Emits the current candidate and clears its rows.
    fn flush(&mut self, out: &mut dyn Sink) {
        self.send(out);
        self.group.clear();
    }

    fn send(&mut self, out: &mut dyn Sink) {
        let (reader, group) = (self.reader, &self.group);
        let Some(first) = group.rows.first() else { return };
        let is_torn_off =
            reader.per_token && reader.grouping.finish(&first.record, &group.positions, &mut self.finished);
        let item = if is_torn_off {
            let reason = "the rows of one candidate are not contiguous; sort the file by item, candidate and position";
            Err((0, reason.to_owned()))
        } else {
            reader.item(group)
        };
        match item {
            Ok(item) => {
                let map = self.layout.map(group.offset, &[]);
                out.item(&item, &CsvOrigin { file: self.file, group, map, header: &reader.header });
                let mut cells = (0..reader.header.len()).map(|column| group.value(column));
                out.cells((group.start(), 1), &reader.header, &mut cells);
            }
            Err((row, reason)) => self.refuse(row, reason, out),
        }
    }

    /// Reports a row of the candidate that cannot be used.
    fn refuse(&self, row: usize, reason: String, out: &mut dyn Sink) {
        let Some(row) = self.group.rows.get(row) else { return };
        let span = self.layout.map(self.group.offset, &[]).span(row.bytes.start, row.bytes.end);
        let place = Place { file: self.file, line: row.line, column: 1, field: String::new(), span };
        let bytes = self.group.bytes.get(row.bytes.clone()).unwrap_or_default();
        out.error(row_error(place, bytes, reason, false));
    }
}

impl CsvReader {
    /// The reader of a table with these columns, whose first rows are given.
    pub(super) fn new(header: Vec<String>, rows: &[csv::ByteRecord], mut mapping: Mapping) -> Result<Self, String> {
        if let Some((role, one, other)) = ambiguous(&header, &mapping) {
            let key = key(role);
            return Err(format!(
                "the columns `{one}` and `{other}` could both be the {key}; say which in retally.toml: [input] {key} = \"{one}\""
            ));
        }
        let mut columns: Vec<Cell> = Vec::with_capacity(header.len());
        for name in &header {
            let mapped = mapping.paths.iter().find(|(_, path)| path.join(".") == *name).map(|(role, _)| *role);
            let role = mapped.or_else(|| by_name(name).map(|(role, _)| role));
            columns.push(match role {
                Some(Role::Claim(_)) => mapping.column(name).map_or(Cell::Other, Cell::Claim),
                Some(role) if mapped.is_some() || role == Role::Filter || is_taken(role, name, &header) => {
                    Cell::Role(role)
                }
                _ => mapping.column(name).map_or(Cell::Other, Cell::Claim),
            });
        }
        let is = |cell: &Cell, is: fn(Role) -> bool| matches!(cell, Cell::Role(role) if is(*role));
        let has_tokens = columns.iter().any(|cell| is(cell, |role| matches!(role, Role::Position | Role::Tokens)));
        let has_values = columns.iter().any(|cell| is(cell, Role::is_per_token));
        // If each row is a text, its numbers belong to the text.
        let per_token = has_tokens || (has_values && !rows_are_texts(&columns, rows));
        if !per_token {
            for (cell, name) in columns.iter_mut().zip(&header) {
                if is(cell, Role::is_per_token) {
                    *cell = mapping.column(name).map_or(Cell::Other, Cell::Claim);
                }
            }
        }
        if let Some(at) = header.iter().position(|name| name == SENTENCE) {
            let has = |role: Role| columns.contains(&Cell::Role(role));
            // A sentence within an item is a candidate of it.
            let role = if has(Role::Item) { Role::Candidate } else { Role::Item };
            let is_free = !has(role);
            if let Some(cell) = columns.get_mut(at).filter(|cell| is_free && **cell == Cell::Other) {
                *cell = Cell::Role(role);
            }
        }
        let of_minicons = sentences::has_columns(&header);
        if of_minicons {
            for (cell, name) in columns.iter_mut().zip(&header) {
                match name.as_str() {
                    sentences::POSITION => *cell = Cell::Role(Role::Position),
                    sentences::RANK => *cell = Cell::Other,
                    _ => {}
                }
            }
        }
        settle_unit(&mut columns, &mut mapping, rows, of_minicons);
        let grouping = if per_token { grouping(&columns, rows) } else { Grouping::default() };
        let (delimiter, has_header, evidence) = (b',', true, Vec::new());
        let part = None;
        Ok(Self { delimiter, has_header, evidence, header, columns, mapping, per_token, grouping, of_minicons, part })
    }

    /// A hash of the cells without a role that distinguish a row from other rows of its item. If a row is a whole
    /// candidate, its short cells count. Fractions do not count: they are measured values, not settings.
    fn distinct(&self, row: &csv::ByteRecord) -> u64 {
        if self.per_token {
            return self.grouping.distinct(row);
        }
        let others = self.columns.iter().zip(row).enumerate().filter(|(_, (cell, _))| **cell == Cell::Other);
        let chosen = others.filter(|(_, (_, raw))| {
            let is_fraction = Printed::parse(raw).is_some_and(|number| number.decimals > 0 || !number.is_finite());
            raw.len() <= LONGEST_DISTINCTION && !is_fraction
        });
        stable_hash(&chosen.map(|(column, (_, raw))| (column, raw)).collect::<Vec<_>>())
    }

    /// Whether a row belongs to the candidate whose rows were read last.
    pub(super) fn goes_on(&self, group: &Group, row: &csv::ByteRecord) -> bool {
        let first = group.rows.first().filter(|_| self.per_token);
        first.is_some_and(|first| self.grouping.goes_on(&first.record, &group.positions, row))
    }

    /// The number of a column without a role, if all rows of a candidate have the same.
    fn shared<'r>(&'r self, group: &'r Group, column: usize) -> Option<SideValue<'r>> {
        let first = group.rows.first()?.record.get(column)?;
        let is_shared = group.rows.iter().all(|row| row.record.get(column) == Some(first));
        let name = self.header.get(column).filter(|_| is_shared)?;
        Some(SideValue { name: Cow::Borrowed(name), value: Printed::parse(first)? })
    }

    /// The rows of one candidate as a part of an item.
    pub(super) fn item<'r>(&'r self, group: &'r Group) -> Result<Item<'r>, (usize, String)> {
        let rows = &group.rows;
        let first = rows.first().map(|row| group.at(row, 0)).unwrap_or_default();
        let distinct = rows.first().map_or(0, |row| self.distinct(&row.record));
        let mut item = Item { at: first, distinct, ..Item::default() };
        let mut candidate = Candidate { at: first, ..Candidate::default() };
        let mut positions: Vec<(i64, usize)> = Vec::new();
        let mut tokens = None;
        for (index, row) in rows.iter().enumerate() {
            let mut step = Step { at: group.at(row, 0), ..Step::default() };
            let mut position = i64::try_from(index).unwrap_or(i64::MAX);
            for (column, (cell, raw)) in self.columns.iter().zip(row.record.iter()).enumerate() {
                let here = group.at(row, column);
                let number = |what: &str| self.number(raw, what).map_err(|reason| (index, reason));
                match cell {
                    Cell::Claim(id) => {
                        let value = match raw.trim_ascii() {
                            b"" => Logged::Missing,
                            _ => number(self.header.get(column).map_or("score", String::as_str))?,
                        };
                        claim(&mut candidate.claims, Claim { of: *id, value, at: here });
                    }
                    Cell::Role(role) => match role {
                        Role::Logprobs => (step.logprob, step.at) = (number("logprob")?, here),
                        Role::Surprisals => (step.logprob, step.at) = (number("surprisal")?.negated(), here),
                        Role::Probs => step.prob = number("prob")?,
                        Role::Logits => step.logit = number("logit")?,
                        Role::Tokens => step.token = std::str::from_utf8(raw).ok().map(Text::plain),
                        Role::TokenIds => step.token_id = integer(raw),
                        Role::TokenCount => tokens = integer(raw),
                        Role::Position => position = integer(raw).unwrap_or(position),
                        Role::Segments => {
                            step.segment = segment_text(raw)
                                .ok_or((index, "segment: expected prompt, continuation, end or padding".to_owned()))?;
                        }
                        Role::Mask if flag_text(raw) == Some(false) => step.segment = Segment::Prompt,
                        Role::EndFlags if flag_text(raw) == Some(true) => step.segment = Segment::End,
                        role if index == 0 => {
                            let name = self.header.get(column).map_or("", String::as_str);
                            item_cell(*role, name, raw, here, &mut item, &mut candidate);
                        }
                        _ => {}
                    },
                    Cell::Other if !self.per_token && candidate.side_values.len() < SIDE_VALUES => {
                        if let (Some(number), Some(name)) = (Printed::parse(raw), self.header.get(column)) {
                            let side = SideValue { name: Cow::Borrowed(name), value: number };
                            candidate.side_values.push(side);
                        }
                    }
                    Cell::Other if self.mapping.is_deep && index == 0 => {
                        candidate.side_values.extend(self.shared(group, column));
                    }
                    Cell::Other => {}
                }
            }
            positions.push((position, index));
            candidate.steps.push(step);
        }
        if self.per_token {
            // Rows may be in reverse order. The position column gives the order of the tokens.
            positions.sort_unstable();
            let steps = std::mem::take(&mut candidate.steps);
            candidate.steps = positions.iter().filter_map(|(_, index)| steps.get(*index).copied()).collect();
            if self.columns.contains(&Cell::Role(Role::Surprisals)) {
                settle_padding(&mut candidate.steps);
            }
            if group.is_torn {
                // At least one token is unknown, and so is the total.
                candidate.steps.push(Step { at: first, logprob: Logged::Null, ..Step::default() });
            }
            if self.of_minicons
                && let [first, _, ..] = candidate.steps.as_mut_slice()
                && first.logprob.finite().is_some_and(|number| number.value == 0.0)
            {
                first.logprob = Logged::Null;
            }
        } else {
            candidate.steps.clear();
            let cells = rows.first().map(|row| self.header.iter().zip(row.record.iter()));
            item.row = cells.into_iter().flatten().filter_map(|(name, raw)| fields::cell(name, raw)).collect();
            item.facts =
                item.row.iter().find_map(|field| lists::of_cell(&field.name, &field.value)).into_iter().collect();
            item.facts.extend(grading::graded(&item.id, &item.row));
            candidate.stated = self.mapping.stated(&candidate.claims, tokens);
        }
        item.complete = candidate.id.is_none() && candidate.picked.is_none() && candidate.gold.is_none();
        item.candidates.push(candidate);
        if let Some((part, is_first)) = &self.part {
            part.settle(&mut item, group, *is_first);
        }
        Ok(item)
    }

    /// A number; empty cells and the usual words for missing values are null.
    fn number(&self, raw: &[u8], what: &str) -> Result<Logged, String> {
        let raw = raw.trim_ascii();
        if raw.is_empty() || field::is_nothing(raw) {
            return Ok(Logged::Null);
        }
        match Printed::parse(raw) {
            Some(number) => Ok(field::logged(number, &self.mapping.sentinels)),
            // A yes or no is a mark and no log-prob.
            None if flag_text(raw).is_some() => Ok(Logged::Null),
            None => Err(format!("{what}: expected a number, found \"{}\"", String::from_utf8_lossy(raw))),
        }
    }
}

/// Adds a claim from one row of a candidate. Empty cells are ignored; conflicting numbers are not a claim about the
/// candidate.
fn claim(claims: &mut Vec<CandidateClaim>, stated: CandidateClaim) {
    let Some(known) = claims.iter_mut().find(|known| known.of == stated.of) else {
        claims.push(stated);
        return;
    };
    match (known.value, stated.value) {
        (_, Logged::Missing | Logged::Null) | (Logged::Several, _) => {}
        (Logged::Missing | Logged::Null, _) => *known = stated,
        (one, other) if is_same(one, other) => {}
        _ => known.value = Logged::Several,
    }
}

/// Whether two cells hold the same number; NaN equals NaN.
fn is_same(one: Logged, other: Logged) -> bool {
    let bits = |logged: Logged| logged.value().map(f64::to_bits);
    bits(one) == bits(other)
}

fn item_cell<'r>(role: Role, name: &str, raw: &'r [u8], here: At, item: &mut Item<'r>, candidate: &mut Candidate<'r>) {
    let text = std::str::from_utf8(raw).ok();
    let cow = || text.map(Cow::Borrowed).unwrap_or_default();
    let reference = || match (integer(raw), text.filter(|text| !text.is_empty())) {
        (Some(index), _) => PickRef::Index(index, here),
        (None, Some(text)) => PickRef::Id(Text::plain(text), here),
        (None, None) => PickRef::Missing,
    };
    match role {
        Role::Item => item.id = cow(),
        Role::Task => item.task = cow(),
        Role::Filter if item.filter.is_empty() => item.filter = cow(),
        Role::Filter => item.filter = format!("{}, {}", item.filter, cow()).into(),
        Role::Candidate => {
            candidate.id = Some(cow());
            candidate.index = integer(raw).and_then(|index| u32::try_from(index).ok());
        }
        Role::Prompt => candidate.prompt = text.map(Text::plain),
        Role::Continuation => candidate.continuation = text.map(Text::plain),
        Role::Greedy => candidate.greedy = flag_text(raw).map(|greedy| (greedy, here)),
        Role::Picked => candidate.picked = flag_text(raw).map(|picked| (picked, here)),
        Role::Pick => item.pick = reference(),
        Role::Correct => item.correct = flag_text(raw).map(|correct| (correct, here)),
        Role::Gold => {
            // A column that marks correct candidates per row holds 0 or 1 under a name such as `is_…`, or True/False.
            let spelled = matches!(raw, b"true" | b"True" | b"TRUE" | b"false" | b"False" | b"FALSE");
            if spelled || name.starts_with("is_") {
                candidate.gold = flag_text(raw).map(|gold| (gold, here));
            } else {
                item.gold = reference();
            }
        }
        _ => {}
    }
}

fn integer(raw: &[u8]) -> Option<i64> {
    std::str::from_utf8(raw.trim_ascii()).ok()?.parse().ok()
}

fn row_error(place: Place, row: &[u8], reason: String, unreadable: bool) -> RecordError {
    let snippet = if row.is_empty() { Snippet::default() } else { window(row, 0, row.len()) };
    RecordError { place, reason, snippet, unreadable }
}
