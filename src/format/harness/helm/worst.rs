//! Numbers of a run over an instance and its perturbed copies: the worst of them, and the original's of those that have a copy.
//!
//! `compute_worst_case_metrics` in `helm/benchmark/metrics/metric.py`: of each instance the minimum over the original and its
//! copies, by perturbation and over all that are about robustness or fairness; the mean over instances. An instance without any
//! copy counts with its original in the last two.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::field;
use crate::format::harness::helm::{context_of, instance_id, is_result, perturbed};
use crate::format::json::{Kind, Tape, Value};
use crate::source::{Elements, SourceError, beside};

/// Numbers of instances that are kept. In a larger run the worst cases cannot be proven.
const KEPT: usize = 1 << 18;

/// What is computed of an instance and its copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    /// The worst.
    Worst,
    /// The original.
    Original,
}

impl On {
    /// Of a perturbation's `computed_on`; None for the numbers of the copies themselves.
    pub(super) fn of(perturbation: Value<'_>) -> Option<Self> {
        match perturbation.get("computed_on")?.as_str()?.as_ref() {
            "worst" => Some(Self::Worst),
            "original" => Some(Self::Original),
            _ => None,
        }
    }

    /// The name of such a number of a metric.
    pub(super) fn name(self, metric: &str, perturbation: &str) -> String {
        let word = if self == Self::Worst { "worst" } else { "original" };
        format!("{metric} ({perturbation}, {word})")
    }
}

/// A number of one copy of an instance.
#[derive(Clone, Debug)]
struct Copied {
    perturbation: String,
    robustness: bool,
    fairness: bool,
    least: f64,
}

/// The numbers of an instance for one metric.
#[derive(Clone, Debug, Default)]
struct OfInstance {
    /// The original's least value, sum and count.
    original: Option<(f64, f64, f64)>,
    copies: Vec<Copied>,
}

/// The numbers of a run's instances, by the context and id of the original, and by metric.
#[derive(Clone, Debug, Default)]
pub(super) struct Instances {
    all: BTreeMap<(String, String), BTreeMap<String, OfInstance>>,
    /// Metrics with several numbers of one copy, such as those of the windows of a long text.
    several: BTreeSet<String>,
}

impl Instances {
    /// Reads the file of a directory; empty if there is none, or if it is too large to be kept.
    pub(super) fn in_directory(directory: &str) -> Self {
        let mut all = Self::default();
        let input = beside(&format!("{directory}/per_instance_stats.json"));
        let Some(Ok(stream)) = input.map(|input| input.open()) else { return all };
        let Ok(elements) = Elements::new(stream) else { return all };
        let mut tape = Tape::default();
        let mut kept = 0;
        for element in elements {
            match element {
                Ok(element) => {
                    if let Ok(row) = tape.parse(&element.bytes) {
                        kept += all.add(row);
                    }
                }
                Err(SourceError::TooLong { .. }) => {}
                Err(_) => break,
            }
            if kept > KEPT {
                return Self::default();
            }
        }
        all.leave_out();
        all
    }

    /// Leaves out what would be over other instances than in the run: metrics with several numbers of one copy, and those of
    /// copies without their original.
    fn leave_out(&mut self) {
        let mut out = std::mem::take(&mut self.several);
        let without = |(_, own): &(&String, &OfInstance)| own.original.is_none();
        out.extend(self.all.values().flatten().filter(without).map(|(metric, _)| metric.clone()));
        for metrics in self.all.values_mut() {
            metrics.retain(|metric, _| !out.contains(metric));
        }
    }

    /// Adds the numbers of an instance or a copy, and counts them.
    fn add(&mut self, row: Value<'_>) -> usize {
        let Some(id) = row.get("instance_id").and_then(field::id) else { return 0 };
        let id = instance_id(&id, row.get("train_trial_index").and_then(field::integer).unwrap_or(0));
        let mut kept = 0;
        for stat in row.get("stats").into_iter().flat_map(|stats| stats.elements()) {
            let number = |key: &str| stat.get(key).and_then(field::printed).map(|number| number.value);
            let (Some(name), Some(sum), Some(count)) = (stat.get("name"), number("sum"), number("count")) else {
                continue;
            };
            let Some(metric) = name.get("name").and_then(|name| name.as_str()) else { continue };
            let Some(least) = number("min").filter(|_| count > 0.0 && is_result(&metric)) else { continue };
            let metric = metric.into_owned();
            let own =
                self.all.entry((context_of(name, None), id.clone())).or_default().entry(metric.clone()).or_default();
            let before = own.original.is_some();
            match name.get("perturbation").filter(|own| own.kind() == Kind::Object) {
                None if before => {
                    self.several.insert(metric);
                }
                None => own.original = Some((least, sum, count)),
                Some(one) => {
                    let is = |key: &str| one.get(key).and_then(|flag| flag.as_bool()) == Some(true);
                    let (robustness, fairness) = (is("robustness"), is("fairness"));
                    let perturbation = perturbed(one);
                    if own.copies.iter().any(|copy| copy.perturbation == perturbation) {
                        self.several.insert(metric);
                    }
                    own.copies.push(Copied { perturbation, robustness, fairness, least });
                }
            }
            kept += 1;
        }
        kept
    }

    /// The numbers of an instance by name, each with its sum and count.
    pub(super) fn of(&self, context: &str, id: &str) -> Vec<(String, f64, f64)> {
        let mut numbers = Vec::new();
        let Some(metrics) = self.all.get(&(context.to_owned(), id.to_owned())) else { return numbers };
        for (metric, own) in metrics {
            let Some((least, sum, count)) = own.original else { continue };
            let worst = |is_one: &dyn Fn(&Copied) -> bool| {
                own.copies.iter().filter(|copy| is_one(copy)).map(|copy| copy.least).fold(least, f64::min)
            };
            numbers.push((On::Worst.name(metric, "robustness"), worst(&|copy| copy.robustness), 1.0));
            numbers.push((On::Worst.name(metric, "fairness"), worst(&|copy| copy.fairness), 1.0));
            for copy in &own.copies {
                let perturbation = &copy.perturbation;
                numbers.push((On::Worst.name(metric, perturbation), copy.least.min(least), 1.0));
                numbers.push((On::Original.name(metric, perturbation), sum, count));
            }
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_an_instance_by_perturbation() {
        let mut all = Instances::default();
        let stat = |more: &str, value: &str| {
            format!(
                r#"{{"instance_id": "id1", "stats": [{{"name": {{"name": "exact_match", "split": "test"{more}}}, "count": 1, "sum": {value}, "min": {value}}}]}}"#
            )
        };
        let typos =
            r#", "perturbation": {"name": "typos", "robustness": true, "fairness": false, "computed_on": "perturbed"}"#;
        let mut tape = Tape::default();
        for row in [stat("", "1"), stat(typos, "0")] {
            all.add(tape.parse(row.as_bytes()).unwrap());
        }
        let mut twice = all.clone();
        twice.add(tape.parse(stat("", "1").as_bytes()).unwrap());
        twice.leave_out();
        assert_eq!(twice.of("test", "id1"), vec![]);
        all.leave_out();
        let found = all.of("test", "id1");
        let of = |name: &str| found.iter().find(|own| own.0 == format!("exact_match ({name})")).map(|own| own.1);
        assert_eq!(of("robustness, worst"), Some(0.0));
        assert_eq!(of("fairness, worst"), Some(1.0));
        assert_eq!(of("typos, worst"), Some(0.0));
        assert_eq!(of("typos, original"), Some(1.0));
        assert_eq!(all.of("test", "id2"), vec![]);
    }
}
