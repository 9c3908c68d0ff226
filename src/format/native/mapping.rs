//! The mapping from the fields of native records to roles and columns of claims.

use std::sync::{Arc, LazyLock};

use crate::config::{ColumnSpec, Promise, accepted, both_ends};
use crate::format::native::pairs::Pairs;
use crate::format::native::roles::{MATCHED, ROLES, Role, SCORES, SUM_OR_MEAN, by_name};
use crate::formula::{Formula, Output};
use crate::model::{CandidateClaim, ClaimKind, ColumnId, StatedTotals};
use crate::numeric::Printed;

/// Settings that the native formats take from the configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Mapping {
    /// Columns of claims; a [`ColumnId`] is an index into this list. Inputs without user-declared columns share one
    /// list.
    pub(super) columns: Arc<[ColumnSpec]>,
    /// Roles with a path given by the user.
    pub(super) paths: Vec<(Role, Vec<String>)>,
    /// Values that mean "no value" in this log, in addition to [`SENTINELS`](crate::format::field::SENTINELS).
    pub(super) sentinels: Vec<f64>,
    /// Whether numbers inside objects count as numbers of their record: while it is not known which of them are claims.
    pub(super) is_deep: bool,
    /// How the fields of a record are those of two texts, where they are.
    pub(super) pairs: Option<Arc<Pairs>>,
}

/// The last keys of a path, which each entry of a list is followed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Inner {
    /// Index of the path in the mapping.
    pub(super) path: u16,
    /// Number of these keys.
    pub(super) rest: u16,
}

/// The column of a claim's name, with the formulas that the name promises.
fn promised(name: &str, kind: ClaimKind) -> ColumnSpec {
    if SUM_OR_MEAN.contains(&name) {
        return ColumnSpec::with_formulas(name, kind, both_ends(&[Formula::LOSS, Formula::TOTAL_LOSS]));
    }
    let promise = if SCORES.contains(&name) { Promise::Score } else { Promise::Formula };
    ColumnSpec { promise, ..ColumnSpec::of_kind(name, kind) }
}

/// The column of a number about a whole text, under a list name or a name that promises no formula.
fn matched(name: &str, kind: ClaimKind) -> ColumnSpec {
    ColumnSpec { promise: Promise::Matched, ..ColumnSpec::of_kind(name, kind) }
}

/// The columns of all claim names, in a fixed order: a column has the same index in every record.
static COLUMNS: LazyLock<Arc<[ColumnSpec]>> = LazyLock::new(|| {
    let mut columns: Vec<ColumnSpec> = Vec::new();
    for role in ROLES {
        if let Role::Claim(kind) = role.role {
            columns.extend(role.strong.iter().chain(role.weak).map(|name| promised(name, kind)));
        }
    }
    columns.extend(MATCHED.iter().map(|(name, kind)| matched(name, *kind)));
    // Surprisals are as often in bits as in nats.
    for spec in columns.iter_mut().filter(|spec| spec.column.name.contains("surprisal")) {
        let in_bits = |formula: &Formula| Formula { output: Output::NegatedBits, ..*formula };
        spec.accepted.extend(spec.accepted.iter().map(in_bits).collect::<Vec<_>>());
    }
    columns.into()
});

impl Mapping {
    /// The columns of all claim names, and the columns declared by the user.
    #[must_use]
    pub(super) fn new(extra: Vec<ColumnSpec>) -> Self {
        let shared = Arc::clone(&COLUMNS);
        if extra.is_empty() {
            return Self { columns: shared, ..Self::default() };
        }
        let mut columns = shared.to_vec();
        for spec in extra {
            match columns.iter_mut().find(|known| known.column.name == spec.column.name) {
                Some(known) => known.refine(&spec),
                // Without a formula there is nothing to check an unknown field against.
                None if spec.accepted.is_empty() => {}
                None => columns.push(spec),
            }
        }
        Self { columns: columns.into(), ..Self::default() }
    }

    /// Takes numbers of these names for scores that texts are compared by, or for numbers that may be none: whether they are
    /// divided by some length is not known.
    pub(super) fn compared<'n>(&mut self, names: impl Iterator<Item = &'n str>, are_scores: bool) {
        let names: Vec<&str> = names.collect();
        for spec in Arc::make_mut(&mut self.columns).iter_mut().filter(|spec| names.contains(&&*spec.column.name)) {
            spec.promise = match spec.promise {
                Promise::Matched if are_scores => Promise::Score,
                Promise::Score | Promise::Formula if !are_scores => Promise::Matched,
                other => other,
            };
        }
    }

    /// Accepts values in nats and in bits, because surprisals do not state their unit.
    pub(super) fn in_nats_or_bits(&mut self) {
        for spec in Arc::make_mut(&mut self.columns) {
            if spec.accepted != accepted(spec.column.kind) {
                continue;
            }
            let of_bits = match spec.column.kind {
                ClaimKind::Perplexity => Formula { output: Output::Exp2Negated, ..Formula::MEAN },
                ClaimKind::SequenceProb => Formula { output: Output::Exp2, ..Formula::SUM },
                ClaimKind::BitsPerByte => Formula { output: Output::Negated, ..Formula::BITS_PER_BYTE },
                _ => continue,
            };
            spec.accepted.extend(both_ends(&[of_bits]));
        }
    }

    /// The totals that the claims of a text state by their names.
    #[must_use]
    pub(super) fn stated(&self, claims: &[CandidateClaim], tokens: Option<i64>) -> StatedTotals {
        let mut stated =
            StatedTotals { tokens: tokens.and_then(|count| u32::try_from(count).ok()), ..Default::default() };
        for claim in claims {
            let (Some(spec), Some(number)) = (self.columns.get(usize::from(claim.of.0)), claim.value.finite()) else {
                continue;
            };
            // The name of a score does not define it, and the name of a loss does not say whether it is a sum.
            let is_plain = spec.promise == Promise::Formula || spec.promise == Promise::Matched;
            let negated = Printed { value: -number.value, ..number };
            let (place, value) = match spec.accepted.first() {
                Some(&Formula::SUM) if is_plain => (&mut stated.total, number),
                Some(&Formula::TOTAL_LOSS) if is_plain && !spec.column.name.contains("surprisal") => {
                    (&mut stated.total, negated)
                }
                Some(&Formula::MEAN) if is_plain && spec.accepted.len() <= 2 => (&mut stated.mean, number),
                Some(&Formula::LOSS) if is_plain && spec.accepted.len() <= 2 => (&mut stated.mean, negated),
                _ => continue,
            };
            place.get_or_insert((claim.of, value));
        }
        stated
    }

    /// The column of a claim's name.
    #[must_use]
    pub(super) fn column(&self, name: &str) -> Option<ColumnId> {
        let index = self.columns.iter().position(|spec| *spec.column.name == *name)?;
        u16::try_from(index).ok().map(ColumnId)
    }
}

impl Mapping {
    /// The column of a field that is a claim by its name.
    pub(super) fn column_of_claim(&self, name: &str) -> Option<ColumnId> {
        match by_name(name) {
            Some((Role::Claim(_), _)) => self.column(name),
            Some(_) => None,
            None => self.column(name),
        }
    }

    /// The keys that lead from each entry of a slot's list to its value.
    pub(super) fn inner(&self, inner: Inner) -> &[String] {
        let path = self.paths.get(usize::from(inner.path)).map_or(&[][..], |(_, path)| path.as_slice());
        path.get(path.len().saturating_sub(usize::from(inner.rest))..).unwrap_or_default()
    }
}
