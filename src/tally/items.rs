//! State kept for judged items: verdicts, picks, impact, metric rows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::metric::{MetricRows, RowColumns, TokenTotals};
use crate::model::{ColumnKey, VerdictCounts};
use crate::tally::{ComparisonSketch, Exemplar, PickReasons, Smallest, Switched};

/// Items whose candidates' claims in one column follow different formulas.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Mixed {
    /// Number of items.
    pub items: u64,
    /// The first of them.
    pub rows: Smallest<Exemplar, 5>,
}

/// Picks and correctness that follow from refuted claims of one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FromRefuted {
    /// Number of picks.
    pub picks: u64,
    /// Reported correctness of such picks.
    pub correct: u64,
}

/// Reported correctness compared with "any of the candidates is correct", the usual question for several samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AnyRight {
    /// Items whose correctness contradicts their pick.
    pub contradicted: u64,
    /// Items whose correctness agrees with this reading.
    pub agreed: u64,
    /// Items without a correct candidate.
    pub none: u64,
}

impl AnyRight {
    /// Whether the correctness of all `judged` items has this meaning. It requires enough items that the pick does not
    /// explain, and enough items that could have refuted it.
    #[must_use]
    pub fn explains(&self, judged: u64) -> bool {
        /// Minimum number of items of either kind.
        const FEWEST: u64 = 3;
        self.agreed == judged && self.contradicted >= FEWEST && self.none >= FEWEST
    }
}

/// Reported correctness beside the picks that the convention gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OfRecomputed {
    /// Items whose correctness is that of the recomputed pick.
    pub agreed: u64,
    /// Items whose correctness is another one.
    pub contradicted: u64,
}

/// Reported correctness beside whether pick and gold are one label, where no candidates are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SameLabel {
    /// Items whose correctness agrees.
    pub agreed: u64,
    /// Items whose correctness disagrees.
    pub contradicted: u64,
    /// Items with numeric labels and no correctness: pick and gold may count from different starts.
    pub numbers: u64,
}

impl SameLabel {
    /// Whether the correctness is a comparison of these fields. Otherwise, more than a few rows would contradict it.
    #[must_use]
    pub fn decides(&self) -> bool {
        self.agreed >= 3 * self.contradicted
    }
}

/// The results of judging the items of one stream.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct ItemTally {
    /// Fields seen in any row, as a set.
    pub fields: u32,
    /// Columns that picks follow from: the first score of a candidate, otherwise its first claim.
    pub primaries: BTreeSet<ColumnKey>,
    /// Items judged.
    pub items: u64,
    /// Number of picks per position.
    pub pick_positions: BTreeMap<u32, u64>,
    /// Number of correct answers per position.
    pub gold_positions: BTreeMap<u32, u64>,
    /// Whether the reported pick follows from the reported scores.
    pub picks: VerdictCounts,
    /// What the picks follow from.
    pub reasons: PickReasons,
    /// Picks that follow only from refuted claims, by their column.
    pub from_refuted: BTreeMap<ColumnKey, FromRefuted>,
    /// Whether the reported correctness follows from the reported pick and the gold answer.
    pub correct: VerdictCounts,
    /// Whether it means instead that any of the candidates is correct.
    pub any_right: AnyRight,
    /// Whether it follows from the recomputed picks.
    pub of_recomputed: OfRecomputed,
    /// Whether it follows from pick and gold as labels.
    pub same_label: SameLabel,
    /// Whether the greedy flag follows from the alternatives.
    pub greedy: VerdictCounts,
    /// Items with a reported pick and a gold answer.
    pub scored: u64,
    /// Items with both whose reported pick is the gold answer.
    pub right: u64,
    /// Items with a reported correctness.
    pub reported: u64,
    /// Items with a reported correctness of true.
    pub reported_right: u64,
    /// Items whose pick can be recomputed under the convention and compared with the reported one.
    pub comparable: u64,
    /// Comparable items whose pick certainly changes.
    pub certain: Switched,
    /// The items that the convention decides most clearly, with their tokens.
    pub comparisons: Smallest<ComparisonSketch, 3>,
    /// Comparable items whose pick changes by the printed digits, regardless of rounding.
    pub by_digits: Switched,
    /// Comparable items with a gold answer.
    pub graded: u64,
    /// Graded items that are correct as reported.
    pub right_before: u64,
    /// Items whose candidates' claims follow different formulas, by column.
    pub mixed: BTreeMap<ColumnKey, Mixed>,
    /// Totals over all candidates.
    pub tokens: TokenTotals,
    /// Metrics of single items, by name.
    pub metrics: BTreeMap<String, MetricRows>,
    /// Items without a metric.
    pub unmeasured: u64,
    /// The plain fields of records.
    pub columns: RowColumns,
}

impl ItemTally {
    /// Whether reported correctness follows from the pick, or from whether any of the candidates is correct.
    #[must_use]
    pub fn correctness(&self) -> VerdictCounts {
        let VerdictCounts { proven, refuted, unprovable, .. } = self.correct;
        if self.any_right.explains(proven + refuted) {
            return self.correct.explained();
        }
        let SameLabel { agreed, contradicted, .. } = self.same_label;
        if !self.same_label.decides() {
            let (proven, refuted) = (proven - agreed, refuted - contradicted);
            return VerdictCounts { proven, refuted, unprovable: unprovable + agreed + contradicted, ..self.correct };
        }
        self.correct
    }

    /// Whether reported correctness follows from the picks that the convention gives, in all rows, and contradicts the logged
    /// picks in some.
    #[must_use]
    pub fn is_right_of_recomputed(&self) -> bool {
        /// Fewest rows that tell the two apart.
        const FEWEST: u64 = 3;
        let OfRecomputed { agreed, contradicted } = self.of_recomputed;
        contradicted == 0 && agreed == self.correct.proven + self.correct.refuted && self.correct.refuted >= FEWEST
    }

    /// Adds what another worker judged.
    pub fn merge(&mut self, other: Self) {
        self.fields |= other.fields;
        self.primaries.extend(other.primaries);
        self.items += other.items;
        for (position, count) in other.pick_positions {
            *self.pick_positions.entry(position).or_default() += count;
        }
        for (position, count) in other.gold_positions {
            *self.gold_positions.entry(position).or_default() += count;
        }
        self.picks.merge(&other.picks);
        self.reasons.merge(other.reasons);
        for (column, theirs) in other.from_refuted {
            let own = self.from_refuted.entry(column).or_default();
            own.picks += theirs.picks;
            own.correct += theirs.correct;
        }
        self.correct.merge(&other.correct);
        self.any_right.contradicted += other.any_right.contradicted;
        self.any_right.agreed += other.any_right.agreed;
        self.any_right.none += other.any_right.none;
        self.of_recomputed.agreed += other.of_recomputed.agreed;
        self.of_recomputed.contradicted += other.of_recomputed.contradicted;
        self.same_label.agreed += other.same_label.agreed;
        self.same_label.contradicted += other.same_label.contradicted;
        self.same_label.numbers += other.same_label.numbers;
        self.greedy.merge(&other.greedy);
        self.scored += other.scored;
        self.right += other.right;
        self.reported += other.reported;
        self.reported_right += other.reported_right;
        self.comparable += other.comparable;
        self.certain.merge(other.certain);
        self.by_digits.merge(other.by_digits);
        self.comparisons.merge(other.comparisons);
        self.graded += other.graded;
        self.right_before += other.right_before;
        for (column, mixed) in other.mixed {
            let kept = self.mixed.entry(column).or_default();
            kept.items += mixed.items;
            kept.rows.merge(mixed.rows);
        }
        self.tokens.merge(&other.tokens);
        self.unmeasured += other.unmeasured;
        self.columns.merge(other.columns);
        for (name, rows) in other.metrics {
            self.metrics.entry(name).or_default().merge(rows);
        }
    }
}
