//! RT709: a field that the records of an input have up to a line, but not after it.

use crate::conclude::finding::{Draft, Row};
use crate::config;
use crate::model::{Located, Place};
use crate::report::Evidence;
use crate::report::words::count;
use crate::rules::{Catalogue, Message};
use crate::tally::{Extent, Field, FieldKind, FileTally, Layout, Position};

/// Minimum number of records on each side of a field's end.
const LEAST: u64 = 8;
/// The same if the field continues under another spelling.
const LEAST_RENAMED: (u64, u64) = (2, 3);
/// Maximum number of fields named in a message.
const NAMED: usize = 4;

/// A field with its path, and the records that lack it for any reason.
struct Flat<'l> {
    field: &'l Field,
    path: String,
    depth: usize,
    present: Extent,
    absent: Option<Extent>,
}

impl<'l> Flat<'l> {
    /// All fields of the records.
    fn all(records: &'l Field) -> Vec<Self> {
        let mut all = Vec::new();
        Self::collect(records, "", 1, None, &mut all);
        all
    }

    fn collect(around: &'l Field, prefix: &str, depth: usize, absent: Option<Extent>, all: &mut Vec<Self>) {
        for field in &around.below {
            let Some(present) = field.present else { continue };
            let mut absent = absent;
            Extent::add(&mut absent, field.absent);
            let path = format!("{prefix}{}", field.name);
            let entry = if field.kinds.has(FieldKind::List) { "[0]" } else { "" };
            Self::collect(field, &format!("{path}{entry}."), depth + 1, absent, all);
            all.push(Self { field, path, depth, present, absent });
        }
    }

    /// The last record with the field and the first without it, if all records with it come first.
    fn end(&self) -> Option<Boundary> {
        let absent = self.absent?;
        (self.present.last < absent.first).then_some(Boundary { last: self.present.last, next: absent.first })
    }

    /// The same for a field that begins.
    fn beginning(&self) -> Option<Boundary> {
        let absent = self.absent?;
        (absent.last < self.present.first).then_some(Boundary { last: absent.last, next: self.present.first })
    }

    fn is_kind_of(&self, other: &Self) -> bool {
        let kinds = |flat: &Self| -> Vec<FieldKind> {
            flat.field.kinds.types().filter(|kind| *kind != FieldKind::Null).collect()
        };
        kinds(self).iter().any(|kind| kinds(other).contains(kind))
    }

    fn is_below(&self, other: &Self) -> bool {
        self.path.strip_prefix(&*other.path).is_some_and(|rest| rest.starts_with(['.', '[']))
    }
}

/// The last record before a change and the first after it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Boundary {
    last: Position,
    next: Position,
}

impl Boundary {
    /// Whether each kind has all of its records on one side of the boundary, with kinds on both sides.
    fn splits(self, mut kinds: impl Iterator<Item = Extent> + Clone) -> bool {
        let before = |extent: &Extent| extent.last <= self.last;
        let after = |extent: &Extent| extent.first >= self.next;
        kinds.clone().all(|extent| before(&extent) || after(&extent))
            && kinds.clone().any(|extent| before(&extent))
            && kinds.any(|extent| after(&extent))
    }
}

/// Evidence on whether the records after a boundary are of the same kind as those before.
struct Sides<'l> {
    fields: Vec<Flat<'l>>,
    boundary: Boundary,
    before: u64,
    after: u64,
    /// Whether a value, or the type of a value, shows that the records after it are of another kind.
    are_told_apart: bool,
    /// Whether at least half of the fields continue, under the same name or another.
    are_alike: bool,
    /// Whether rows of one task and filter are on both sides.
    is_within_stream: bool,
}

impl<'l> Sides<'l> {
    fn of(layout: &'l Layout, boundary: Boundary) -> Self {
        let fields = Flat::all(&layout.records);
        let ended = fields.iter().filter(|flat| flat.end() == Some(boundary));
        let before = ended.clone().map(|flat| flat.field.count).max().unwrap_or_default();
        let is_part = |flat: &Flat<'_>| ended.clone().any(|end| end.path == flat.path || end.is_below(flat));
        let are_told_apart = fields.iter().filter(|flat| !is_part(flat)).any(|flat| {
            boundary.splits(flat.field.kinds.extents())
                || flat
                    .field
                    .values
                    .extents()
                    .is_some_and(|extents| boundary.splits(extents.collect::<Vec<_>>().into_iter()))
        });
        let had: Vec<&Flat<'_>> =
            fields.iter().filter(|flat| flat.depth == 1 && flat.present.first <= boundary.last).collect();
        let goes_on = |flat: &Flat<'_>| {
            flat.present.last >= boundary.next
                || fields
                    .iter()
                    .any(|other| other.present.first >= boundary.next && is_spelling(&other.path, &flat.path))
        };
        let kept = had.iter().filter(|flat| goes_on(flat)).count();
        let is_within_stream = layout.streams.extents().is_some_and(|mut streams| {
            streams.any(|extent| extent.first <= boundary.last && extent.last >= boundary.next)
        });
        Self {
            boundary,
            before,
            after: layout.records.count.saturating_sub(before),
            are_told_apart,
            are_alike: 2 * kept >= had.len(),
            is_within_stream,
            fields,
        }
    }

    fn ended(&self) -> impl Iterator<Item = &Flat<'l>> {
        self.fields.iter().filter(|flat| flat.end() == Some(self.boundary))
    }

    /// Fields that no record up to the boundary has, and at least half of those after it have.
    fn begun(&self) -> impl Iterator<Item = &Flat<'l>> {
        let is_new = |flat: &&Flat<'l>| flat.present.first >= self.boundary.next && 2 * flat.field.count >= self.after;
        self.fields.iter().filter(is_new)
    }

    /// The field with the name of an ended one, in another spelling or at another place.
    fn respelled(&self, ended: &Flat<'_>) -> Option<&Flat<'l>> {
        let spellings = self.begun().filter(|begun| is_spelling(&begun.path, &ended.path) && begun.is_kind_of(ended));
        spellings.min_by_key(|begun| (begun.depth.abs_diff(ended.depth), begun.path.len()))
    }

    /// Whether the replacement of an ended field is sufficient evidence that it is the same field.
    fn is_renamed(&self, ended: &Flat<'_>, begun: &Flat<'_>) -> bool {
        let is_wrapped = || {
            let own = |flat: &&Flat<'_>| flat.depth == 1;
            self.ended().filter(own).count() >= 2 && self.ended().filter(own).all(|flat| self.respelled(flat).is_some())
        };
        let is_moved = around(&begun.path) != around(&ended.path);
        self.before >= LEAST_RENAMED.0
            && self.after >= LEAST_RENAMED.1
            && self.are_alike
            && (!is_moved || !self.are_told_apart || is_wrapped())
    }

    /// Whether a field that ends without a respelled replacement was lost, or continues under an unrelated name.
    fn is_lost(&self, ended: &Flat<'_>) -> bool {
        let explains = |begun: &Flat<'_>| {
            let is_null = begun.field.kinds.types().all(|kind| kind == FieldKind::Null);
            !is_null && !self.may_replace(ended, begun)
        };
        self.before >= LEAST
            && self.after >= LEAST
            && self.are_alike
            && self.is_within_stream
            && !self.are_told_apart
            && !self.begun().any(explains)
    }

    /// Whether a new field could hold the content of an ended one: values of the same type, and many different ones.
    fn may_replace(&self, ended: &Flat<'_>, begun: &Flat<'_>) -> bool {
        let holds_many = begun.field.values.extents().is_none() || begun.field.kinds.has(FieldKind::Numbers);
        begun.beginning() == Some(self.boundary) && begun.is_kind_of(ended) && holds_many
    }
}

/// The path of the object around a field.
fn around(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(around, _)| around)
}

/// Whether two paths end in the same name, ignoring case and punctuation.
fn is_spelling(one: &str, other: &str) -> bool {
    let name = |path: &str| -> String {
        let last = path.rsplit('.').next().unwrap_or(path);
        last.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    one != other && !name(one).is_empty() && name(one) == name(other)
}

/// A field that ended, and its replacement.
pub(super) struct Change {
    boundary: Boundary,
    before: u64,
    after: u64,
    fields: Vec<String>,
    /// The most similar name after the change, and whether it is the same name in another spelling.
    near: Option<(String, bool)>,
}

/// The fields of an input that end in the middle although the audit uses them.
pub(super) fn changes(layout: &Layout) -> Vec<Change> {
    let found = Flat::all(&layout.found);
    let mut boundaries: Vec<Boundary> =
        found.iter().flat_map(|flat| [flat.end(), flat.beginning()]).flatten().collect();
    boundaries.sort();
    boundaries.dedup();
    boundaries.into_iter().filter_map(|boundary| change(layout, &found, boundary)).collect()
}

fn change(layout: &Layout, found: &[Flat<'_>], boundary: Boundary) -> Option<Change> {
    let sides = Sides::of(layout, boundary);
    let read: Vec<&str> =
        found.iter().filter(|flat| flat.end() == Some(boundary)).map(|flat| flat.path.as_str()).collect();
    // Rows may leave out texts and ids, but not reported numbers or the values that they follow from.
    let is_number_lost = read.iter().any(|name| name.starts_with(['=', '~']) || NUMBERS.contains(name));
    let mut ended: Vec<(&Flat<'_>, Option<&Flat<'_>>)> =
        sides.ended().map(|flat| (flat, sides.respelled(flat))).collect();
    // Fields below an ended field add no information.
    ended.retain(|(flat, _)| !sides.ended().any(|around| flat.is_below(around)));
    // Fields that the audit used come first.
    let is_read = |flat: &Flat<'_>| read.iter().any(|name| name.trim_start_matches(['=', '~']) == flat.path);
    ended.sort_by_key(|(flat, near)| (near.is_none(), !is_read(flat)));
    let (first, near) = ended.first()?;
    let holds = match near {
        Some(near) => sides.is_renamed(first, near),
        None => is_number_lost && sides.is_lost(first),
    };
    if !holds {
        return None;
    }
    let near = near.map(|near| (near.path.clone(), true)).or_else(|| Some((nearest(&sides, first)?, false)));
    Some(Change {
        boundary,
        before: sides.before,
        after: sides.after,
        fields: ended.iter().map(|(flat, _)| flat.path.clone()).collect(),
        near,
    })
}

/// Values that claims follow from, by their names in `audit`.
const NUMBERS: [&str; 4] = ["tokens", "alternatives", "pick", "correct"];

/// The name after the boundary that is most similar to an ended field.
fn nearest(sides: &Sides<'_>, ended: &Flat<'_>) -> Option<String> {
    let new: Vec<&str> =
        sides.begun().filter(|begun| sides.may_replace(ended, begun)).map(|begun| begun.path.as_str()).collect();
    config::nearest(&ended.path, new.iter().copied()).or_else(|| new.first().copied()).map(str::to_owned)
}

impl Change {
    /// The finding.
    pub(super) fn draft(&self, file: u32, catalogue: &Catalogue) -> Option<Draft> {
        let rule = catalogue.by_code("RT709")?;
        let first = self.fields.first()?;
        let mut names: Vec<String> = self.fields.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
        if self.fields.len() > NAMED {
            names.push(format!("{} more", self.fields.len() - NAMED));
        }
        let (all, end) = (names.join(", "), if names.len() == 1 { "ends" } else { "end" });
        let (last, next) = (self.boundary.last.0, self.boundary.next.0);
        // The records of a document may share one line.
        let end = if last == next {
            format!("{end} at record {}", count(self.before))
        } else {
            format!("{end} at line {last}")
        };
        let near = match &self.near {
            Some((near, true)) => format!("; they have `{near}`"),
            Some((near, false)) => format!("; the nearest field of theirs is `{near}`"),
            None => String::new(),
        };
        let title = format!(
            "{all} {end}: the {} records up to it have {}, the {} after it do not{near}",
            count(self.before),
            if names.len() == 1 { "it" } else { "them" },
            count(self.after),
        );
        let help = match &self.near {
            Some((near, true)) => format!("write `{first}` under one name in every record; after that it is `{near}`"),
            Some((near, false)) => {
                format!("write `{first}` under one name in every record; after that it may be `{near}`")
            }
            None => format!("write `{first}` in every record, as null where there is no value"),
        };
        let place = Place { file, line: next, column: self.boundary.next.1, field: String::new(), span: None };
        Some(Draft {
            rule,
            severity: rule.page().severity,
            claim: first.clone(),
            task: String::new(),
            cause: self.near.iter().map(|(near, _)| near.clone()).collect(),
            message: Message::new(title).label(format!("`{first}` is missing from here on")).help(help),
            count: self.after,
            judged: self.before + self.after,
            rows: vec![Row {
                located: Located { place, ..Located::default() },
                item: String::new(),
                candidate: String::new(),
            }],
            evidence: Evidence::Records { records: self.after },
            evidence_lines: Vec::new(),
            impact_lines: Vec::new(),
            impact: None,
            deviation: None,
        })
    }
}

/// Counts the rows that lack each column: the verdicts of a column must add up to the rows of its input. After a field
/// of the input ended, records without any content count as rows.
pub(super) fn count_lacking(file: &mut FileTally, has_change: bool) {
    use crate::tally::Gap;
    let columns: std::collections::BTreeSet<_> =
        file.streams.values().flat_map(|stream| stream.columns.keys().cloned()).collect();
    for stream in file.streams.values_mut() {
        let bare = if has_change { stream.bare } else { 0 };
        for column in stream.columns.values_mut() {
            let lacking = (stream.candidates + bare).saturating_sub(column.candidates);
            if lacking > 0 {
                *column.gaps.entry(Gap::NoField).or_default() += lacking;
            }
        }
        // Records without content name no task either, so they count as rows of every column.
        if has_change && bare > 0 && stream.candidates == 0 {
            for column in &columns {
                *stream.columns.entry(column.clone()).or_default().gaps.entry(Gap::NoField).or_default() += bare;
            }
        }
    }
}
