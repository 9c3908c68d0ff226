//! Expected calibration error: Σ over bins of (rows of the bin ÷ rows) · |mean confidence − share of right rows|, over bins of
//! equal width (Guo et al. 2017, <https://arxiv.org/abs/1706.04599>), which hold either edge, or of equally many rows (Nixon et al.
//! 2019, <https://arxiv.org/abs/1904.01685>; `numpy.array_split` of the sorted rows).
//!
//! Wrong: equal width under the name of the adaptive error; the plain mean of the bins' gaps, over the bins with rows or over all; the largest gap.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Answer, Asked, Missing, NO_ROWS};
use crate::metric::found::{Found, Ways, Wrong, settle};
use crate::metric::joint::{BINS, Bin, Calibration};
use crate::metric::known::{Kind, Metric};
use crate::metric::rows::MetricRows;
use crate::metric::wrong::AggregateCause;
use crate::model::{Aggregation, plain_name};
use crate::numeric::{Approx, NumberFormat};

pub(super) static METRIC: Metric =
    Metric { of_columns: Some(of_columns), ..Metric::new(&["ece", "expected_calibration_error"], Kind::Number) };

pub(super) static ADAPTIVE: Metric = Metric {
    of_columns: Some(of_columns),
    ..Metric::new(&["ace", "adaptive_calibration_error", "adaptive_ece", "aece", "ece_equal_mass"], Kind::Number)
};

/// HELM's with one bin, over the instances that have both numbers (`helm/benchmark/metrics/basic_metrics.py`).
pub(super) static ONE_BIN: Metric = Metric { of_run: Some(of_one_bin), ..Metric::new(&["ece_1_bin"], Kind::Number) };

fn of_one_bin(asked: &Asked<'_>) -> Answer {
    let whole = |name: &str| asked.facts.rows.get(name).filter(|own| own.rows > 0 && own.numbers == own.rows);
    let (Some(confidence), Some(right)) = (whole("max_prob"), whole("exact_match")) else {
        return Answer::Missing(NO_ROWS);
    };
    // The mean over trials does not follow from the bins over all trials.
    if confidence.rows != right.rows || asked.claim.of.aggregation == Some(Aggregation::Other) {
        return Answer::Missing(NO_ROWS);
    }
    let mean = |own: &MetricRows| {
        let sum = Approx::exact(own.values.value());
        Approx::running_sum(sum, own.sizes.value(), own.rows, NumberFormat::F64).over(own.rows as f64)
    };
    let gap = (mean(confidence) - mean(right)).abs().through_stages(NumberFormat::F64);
    Answer::Derived(Derived::new(gap, "|mean(max_prob) - mean(exact_match)|"))
}

/// What the confidences do not say.
const UNKNOWN_BINS: Missing = ("its bins are not known", "n_bins, and whether bins have equal width");

fn of_columns(asked: &Asked<'_>) -> Option<Found> {
    let own = &asked.facts.columns.joint.calibration;
    if own.rows == 0 || own.rows != asked.facts.columns.rows {
        return None;
    }
    let stated = ["n_bins", "num_bins", "bins"].iter().find_map(|name| asked.number(name));
    let is_stated = |bins: u32| stated.is_none_or(|stated| (stated - f64::from(bins)).abs() < 0.5);
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    for bins in BINS.into_iter().filter(|bins| is_stated(*bins)) {
        for map in [&own.upper, &own.lower] {
            let of: Vec<&Bin> = map.range((bins, 0)..(bins + 1, 0)).map(|(_, bin)| bin).collect();
            let gaps = || of.iter().map(|bin| Approx::exact(bin.gap()));
            let weighed = of.iter().map(|bin| Approx::exact(bin.gap()).scaled(bin.rows as f64));
            let value = Approx::sum(weighed, NumberFormat::F32).over(own.rows as f64);
            right.push(Derived::new(value, format!("sum(rows*gap)/n over {bins} bins of equal width")));
            let sum = Approx::sum(gaps(), NumberFormat::F32);
            let why = "weighs all bins alike, whatever their rows";
            for (count, words) in [(of.len() as f64, "with rows"), (f64::from(bins), "of all")] {
                let words = format!("plain mean of the gaps of the {bins} bins {words}");
                wrong.push(Wrong::new(AggregateCause::MeanOfMeans, sum.over(count), &words, why));
            }
            let largest = of.iter().map(|bin| bin.gap()).fold(0.0, f64::max);
            let why = "is the largest gap of a bin (MCE)";
            let words = format!("largest gap of {bins} bins");
            wrong.push(Wrong::new(
                AggregateCause::Mismatch,
                Approx::exact(largest).rounded(8.0, NumberFormat::F64),
                &words,
                why,
            ));
        }
    }
    let mass: Vec<Derived> =
        BINS.into_iter().filter(|bins| is_stated(*bins)).flat_map(|bins| of_equal_mass(own, bins)).collect();
    if is_adaptive(&asked.claim.of.metric) {
        let why = "is over bins of equal width, not of equally many rows";
        let width = right.into_iter().map(|own| Wrong::new(AggregateCause::Mismatch, own.value, &own.definition, why));
        return Ways { rows: own.rows, right: mass, wrong: width.collect(), ..Ways::default() }
            .settle(asked, UNKNOWN_BINS);
    }
    right.extend(mass);
    settle(asked, right, wrong, UNKNOWN_BINS)
}

fn is_adaptive(name: &str) -> bool {
    ADAPTIVE.names.contains(&&*plain_name(name))
}

/// The error over bins of equally many rows: the first ones hold one more, or they end at whole parts of n. Of rows with one
/// confidence either the right ones come first or the others.
fn of_equal_mass(own: &Calibration, bins: u32) -> Vec<Derived> {
    if own.sorted.has_more || own.rows < u64::from(bins) {
        return Vec::new();
    }
    let (n, parts) = (own.rows, u64::from(bins));
    let edges = |is_first: bool| {
        move |bin: u64| if is_first { bin * (n / parts) + bin.min(n % parts) } else { bin * n / parts }
    };
    let mut errors: Vec<Derived> = Vec::new();
    for is_right_first in [true, false] {
        let mut rows: Vec<(f64, bool, u64)> =
            own.sorted.rows.iter().map(|((bits, right), times)| (f64::from_bits(*bits), *right, *times)).collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(if is_right_first { b.1.cmp(&a.1) } else { a.1.cmp(&b.1) }));
        for is_first in [true, false] {
            let value =
                Approx::exact(mass_error(&rows, n, parts, edges(is_first))).rounded(n as f64, NumberFormat::F64);
            let words = format!("sum(rows*gap)/n over {bins} bins of equally many rows");
            if errors.iter().all(|known| !known.value.agrees(value)) {
                errors.push(Derived::new(value, words));
            }
        }
    }
    errors
}

fn mass_error(rows: &[(f64, bool, u64)], n: u64, bins: u64, edge: impl Fn(u64) -> u64) -> f64 {
    let mut rows = rows.iter().copied();
    let (mut sum, mut current, mut seen) = (0.0, rows.next(), 0_u64);
    for bin in 1..=bins {
        let mut gap = 0.0;
        while let Some((confidence, right, left)) = current.filter(|_| seen < edge(bin)) {
            let taken = left.min(edge(bin) - seen);
            gap += taken as f64 * (confidence - f64::from(u8::from(right)));
            seen += taken;
            current = if taken < left { Some((confidence, right, left - taken)) } else { rows.next() };
        }
        sum += f64::abs(gap);
    }
    sum / n as f64
}

#[cfg(test)]
mod tests {
    use super::mass_error;

    #[test]
    fn bins_of_equally_many_rows_by_hand() {
        let rows = [(0.2, false, 1), (0.4, true, 1), (0.6, true, 2), (0.9, false, 1)];
        // Three and two rows: |0.2 − 0.6 − 0.4| + |−0.4 + 0.9|, over 5.
        assert!((mass_error(&rows, 5, 2, |bin| if bin == 1 { 3 } else { 5 }) - 1.3 / 5.0).abs() < 1e-12);
    }
}
