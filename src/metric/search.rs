//! Searches the column that a reported metric names: over which rows it is a mean, or which other aggregate it is.

use crate::derive::judge;
use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, DOUBLED, NO_FORMULA, RunFacts, SAMPLE};
use crate::metric::columns::ColumnRows;
use crate::metric::definition::is;
use crate::metric::found::{Found, Partial, Remark};
use crate::metric::named::{self, Named};
use crate::metric::wrong::AggregateCause;
use crate::model::plain_name;
use crate::numeric::{Approx, NumberFormat, show};

/// Values that pipelines assign to a row without one.
const CREDITS: [f64; 8] = [1.0, 0.5, 0.25, 0.2, 0.1, -1.0, 10.0, 100.0];
/// Largest value treated as a fraction out of range rather than a percentage.
const LARGEST: f64 = 10.0;
/// Minimum ratio of a number to its half-quantum before a credit is inferred from it.
const TELLING: f64 = 2e3;

/// The column that a metric is about, with its context.
struct Search<'s> {
    asked: &'s Asked<'s>,
    column: Named<'s>,
    reported: Approx,
    rows: u64,
}

/// The result of the column search; None if no column matches the name.
pub(super) fn search(asked: &Asked<'_>) -> Option<Found> {
    if let Some(found) = counted(asked) {
        return Some(found);
    }
    let column = named::column(&asked.claim.of.metric, asked.facts.columns)?;
    let search = Search { asked, column, reported: asked.reported(), rows: asked.facts.columns.rows };
    Some(search.run())
}

/// The number of rows with a value: `faithfulness_n`, `num_faithfulness`.
fn counted(asked: &Asked<'_>) -> Option<Found> {
    let own = plain_name(&asked.claim.of.metric);
    let before = ["n_", "num_", "count_"].iter().find_map(|word| own.strip_prefix(word));
    let bare = before.or_else(|| ["_n", "_count", "_num"].iter().find_map(|word| own.strip_suffix(word)))?;
    let column = named::column(bare, asked.facts.columns)?;
    let derived = Derived::new(Approx::exact(column.rows.numbers as f64), format!("rows with {}", column.name));
    let is_it = asked.printed.decimals <= 0 && is(asked.printed.value, column.rows.numbers as f64);
    is_it.then(|| Found::proven(derived))
}

/// The mean of the column with a name, if every row has a finite value.
pub(super) fn of_whole_column(name: &str, facts: &RunFacts<'_>) -> Option<Derived> {
    let column = named::column(name, facts.columns)?;
    let rows = column.rows;
    let is_whole = rows.numbers == facts.columns.rows && rows.not_finite == 0;
    is_whole.then(|| Derived::new(sum(rows).over(rows.numbers as f64), format!("mean({})", column.name)))
}

impl Search<'_> {
    fn run(&self) -> Found {
        let (rows, name) = (self.column.rows, self.column.name);
        let sum = sum(rows);
        let mean = derived(sum.over(rows.numbers as f64), format!("mean({name})"));
        if let Some(found) = self.out_of_range(&mean) {
            return found;
        }
        let is_of_others = self.asked.counted.is_some_and(|n| !is(n, self.rows as f64) && !is(n, rows.numbers as f64));
        if let Some(scale) = self.scale(&mean) {
            // Few digits of a number over other rows may agree with these by chance.
            let lacks_rows = self.asked.counted.is_some_and(|n| n > self.rows as f64);
            return if is_of_others && (lacks_rows || !self.is_telling()) && !self.asked.facts.is_doubled {
                Found::open(mean, SAMPLE)
            } else {
                self.over_rows_with_a_value(mean, scale)
            };
        }
        let others = [self.over_all(sum), self.credited(sum), self.of_groups(), self.weighed(), self.plain(sum)];
        if let Some(found) = others.into_iter().flatten().next() {
            return found;
        }
        if self.asked.facts.is_doubled {
            return Found::open(mean, DOUBLED);
        }
        if self.asked.counted.is_some_and(|n| !is(n, self.rows as f64)) {
            return Found::open(mean, SAMPLE);
        }
        if !self.promises() {
            return Found::open(mean, NO_FORMULA);
        }
        let arithmetic = format!("{} = {} over {} rows", mean.definition, show(mean.value.value), rows.numbers);
        Found::refuted(mean, AggregateCause::Mismatch, "", arithmetic)
    }

    /// Rows of a fraction above 1, if other rows show that the column holds no percentages.
    fn out_of_range(&self, mean: &Derived) -> Option<Found> {
        let ColumnRows { numbers, beyond, inside, .. } = *self.column.rows;
        let (_, high) = self.column.rows.range?;
        let is_fraction = inside * 4 >= numbers && high <= LARGEST;
        (named::is_bounded(self.column.name) && beyond > 0 && is_fraction && self.is_it(mean.value)).then(|| {
            let why = format!("is outside 0 … 1 in {beyond} of {numbers} rows, up to {}", show(high));
            let arithmetic = format!("{} = {}", mean.definition, show(mean.value.value));
            let unknown = Derived::new(Approx::exact(f64::NAN), mean.definition.clone());
            Found::refuted(unknown, AggregateCause::Percent, &why, arithmetic)
        })
    }

    /// Whether it has too many digits to match by chance.
    fn is_telling(&self) -> bool {
        self.reported.value.abs() > TELLING * self.reported.half
    }

    fn is_it(&self, value: Approx) -> bool {
        judge(self.reported, value).is_proven()
    }

    /// The factor, 1 or 100, that turns a derived number into the reported one.
    fn scale(&self, derived: &Derived) -> Option<f64> {
        [1.0, 100.0].into_iter().find(|scale| self.is_it(derived.value.scaled(*scale)))
    }

    fn proven(&self, value: Approx, definition: String) -> Option<Found> {
        let own = derived(value, definition);
        let scale = self.scale(&own)?;
        Some(Found::proven(scaled(own, scale)))
    }

    /// The result for a mean of the rows with a value: they are all rows, the summary states their number, or neither.
    fn over_rows_with_a_value(&self, mean: Derived, scale: f64) -> Found {
        let (over, of) = (self.column.rows.numbers, self.rows);
        let with_zeros = mean.value.scaled(scale * over as f64 / of as f64);
        let own = scaled(mean, scale);
        if over >= of || self.is_it(with_zeros) || self.states(over) {
            return Found { remark: self.any_sample(), ..Found::proven(own) };
        }
        let shared = self.asked.facts.columns.left_out(self.column.name);
        let partial = Partial { over, of, with_zeros: with_zeros.value, shared };
        // An n beside it says how many rows were read. That the others are in its denominator, only their failure says.
        let have_failed = self.asked.facts.columns.have_failed(self.column.name);
        if have_failed && self.asked.counted.is_some_and(|counted| is(counted, of as f64)) {
            let why = format!("is over {over} of {of} rows, although n counts them all: {}", partial.left_out());
            let arithmetic =
                format!("{} = {}; with these as 0: {}", own.definition, show(own.value.value), show(with_zeros.value));
            let right = derived(with_zeros, format!("sum({})/rows", self.column.name));
            return Found::refuted(right, AggregateCause::DroppedRows, &why, arithmetic);
        }
        Found { partial: Some(partial), ..Found::proven(own) }
    }

    /// A remark if a column counts a row as correct when any of its samples is, and another column has the share of
    /// correct samples.
    fn any_sample(&self) -> Option<Remark> {
        /// Minimum number of rows that show it.
        const FEWEST: u64 = 3;
        let mut pairs = self.asked.facts.columns.joint.any_of.iter();
        let ((_, share), own) = pairs.find(|((name, _), _)| name == self.column.name)?;
        if own.rows != self.rows || own.others > 0 || own.low < FEWEST {
            return None;
        }
        let (name, mean) = (self.column.name, own.sum.value() / own.rows as f64);
        let (metric, value) = (&self.asked.claim.of.metric, show(self.asked.printed.value));
        let least = own.least.map_or_else(String::new, |least| format!(", down to {}", show(least)));
        Some(Remark {
            code: "RT611",
            title: format!(
                "{metric} {value} is the mean of {name}, which is 1 in {} rows whose {share} is below 0.5{least}: it says whether \
                 any sample is right; the mean of {share} is {}",
                own.low,
                show(mean)
            ),
            help: "average the share of right samples (pass@1), or call the number pass@n",
            expected: Some(mean),
            of: (own.low, own.rows),
        })
    }

    /// Whether the summary states that the mean is over this many rows.
    fn states(&self, over: u64) -> bool {
        let is_count = |name: &str| {
            let (name, own) = (plain_name(name), plain_name(&self.asked.claim.of.metric));
            let about = name.strip_prefix(&*own).or_else(|| name.strip_suffix(&*own));
            about.is_some_and(|rest| !rest.is_empty())
        };
        let beside = self.asked.beside.iter().filter(|claim| is_count(&claim.of.metric));
        let mut stated = beside.filter_map(|claim| self.asked.number(&claim.of.metric));
        stated.any(|stated| is(stated, over as f64)) || self.asked.counted.is_some_and(|own| is(own, over as f64))
    }

    /// The mean over all rows, with 0 for rows without a value.
    fn over_all(&self, sum: Approx) -> Option<Found> {
        let missing = self.missing()?;
        let words = format!("sum({})/rows, {missing} without a value as 0", self.column.name);
        self.proven(sum.over(self.rows as f64), words)
    }

    fn missing(&self) -> Option<u64> {
        self.rows.checked_sub(self.column.rows.numbers).filter(|missing| *missing > 0)
    }

    /// The mean over all rows, with a constant for rows without a value.
    fn credited(&self, sum: Approx) -> Option<Found> {
        let missing = self.missing()?;
        let told = self.is_telling();
        let given = |credit: f64| (sum + Approx::exact(credit * missing as f64)).over(self.rows as f64);
        let credit = CREDITS.into_iter().find(|credit| told && self.is_it(given(*credit)))?;
        let shared = self.asked.facts.columns.left_out(self.column.name);
        let partial = Partial {
            over: self.column.rows.numbers,
            of: self.rows,
            with_zeros: sum.over(self.rows as f64).value,
            shared,
        };
        let why = format!("counts the rows without a value as {}: {}", show(credit), partial.left_out());
        let right = derived(sum.over(self.column.rows.numbers as f64), format!("mean({})", self.column.name));
        let zeros = show(partial.with_zeros);
        let arithmetic = format!("mean over the others: {}; with 0 for these: {zeros}", show(right.value.value));
        Some(Found::refuted(right, AggregateCause::Credit, &why, arithmetic))
    }

    /// The mean of the groups' means.
    fn of_groups(&self) -> Option<Found> {
        self.column.rows.groups.iter().find_map(|(field, groups)| {
            let means = groups.values().map(|part| Approx::exact(part.sum.value()).over(part.rows as f64));
            let value = Approx::sum(means, NumberFormat::F64).over(groups.len() as f64);
            let words = format!("mean over `{field}` of mean({})", self.column.name);
            (groups.len() > 1).then(|| self.proven(value, words)).flatten()
        })
    }

    /// The mean weighted by another column.
    fn weighed(&self) -> Option<Found> {
        self.column.rows.weighted.iter().find_map(|(field, own)| {
            let name = self.column.name;
            let value = Approx::exact(own.sum.value()).over(own.weights.value());
            self.proven(value, format!("sum({name}*{field})/sum({field})"))
        })
    }

    /// The sum, the lowest or the highest value.
    fn plain(&self, sum: Approx) -> Option<Found> {
        let name = self.column.name;
        let (low, high) = self.column.rows.range?;
        let whole = [(sum, "sum"), (Approx::exact(low), "min"), (Approx::exact(high), "max")];
        let (value, word) = whole.into_iter().find(|(value, _)| self.is_it(*value))?;
        // The highest of zeros and ones matches too many metrics by chance.
        let tells = word == "sum" || low < 0.0 || high > 1.0;
        tells.then(|| Found::proven(derived(value, format!("{word}({name})"))))
    }

    /// Whether it is the share of hits at the first rank, of a field that says whether the pick is the right answer.
    fn is_of_picks(&self) -> bool {
        let facts = self.asked.facts;
        let marks = facts.right.filter(|_| facts.doubt.is_none());
        let is_mark = |(right, known): (u64, u64)| {
            known == self.rows && is(right as f64, self.column.rows.values.value()) && self.column.rows.beyond == 0
        };
        ["hit@1", "hits@1", "hit_at_1", "hits_at_1"].contains(&&*plain_name(&self.asked.claim.of.metric))
            && marks.is_some_and(is_mark)
    }

    /// Whether the name promises the mean of the column: it says so, or it is the column's own name and the column
    /// holds shares, which are always averaged.
    fn promises(&self) -> bool {
        let Named { name, rows, says_mean, is_same, is_qualified } = &self.column;
        let metric = &self.asked.claim.of.metric;
        if named::is_no_mean(metric) || named::is_extensive(metric) || named::is_no_mean(name) {
            return false;
        }
        // Unknown fields may have grouped the rows before averaging, and rows may be weighted.
        let is_whole = rows.numbers == self.rows && rows.not_finite == 0;
        let is_of_shares = rows.beyond == 0 && (0.0..=1.0).contains(&self.reported.value);
        let is_named = named::is_share(metric) || *is_same || *says_mean || *is_qualified || self.is_of_picks();
        is_whole && is_named && (is_of_shares || *says_mean) && !metric.contains('.')
    }
}

fn derived(value: Approx, definition: String) -> Derived {
    Derived::new(value.through_stages(NumberFormat::F64), definition)
}

fn scaled(derived: Derived, scale: f64) -> Derived {
    if is(scale, 1.0) {
        return derived;
    }
    Derived::new(derived.value.scaled(scale), format!("{}*{}", show(scale), derived.definition))
}

/// Σ of a column, with the rounding error of a pipeline's running sum.
pub(super) fn sum(rows: &ColumnRows) -> Approx {
    Approx::running_sum(Approx::exact(rows.values.value()), rows.sizes.value(), rows.numbers, NumberFormat::F64)
}
