//! Expected calibration error: Σ over bins of (rows of the bin ÷ rows) · |mean confidence − share of right rows|, over bins of
//! equal width (Guo et al. 2017, <https://arxiv.org/abs/1706.04599>). Bins hold either edge.
//!
//! Wrong: the plain mean of the bins' gaps, over the bins with rows or over all; the largest gap.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::{Found, Wrong, settle};
use crate::metric::joint::{BINS, Bin};
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::AggregateCause;
use crate::numeric::{Approx, NumberFormat};

pub(super) static METRIC: Metric =
    Metric { of_columns: Some(of_columns), ..Metric::new(&["ece", "expected_calibration_error"], Kind::Number) };

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
    settle(asked, right, wrong, UNKNOWN_BINS)
}
