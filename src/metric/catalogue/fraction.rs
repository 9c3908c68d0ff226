//! Fractions whose rows other code computes: F1, recall, precision, pass@k. Only their range is known.

use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::OF_FRACTIONS;

pub(super) static METRIC: Metric =
    Metric { variants: OF_FRACTIONS, ..Metric::new(&["f1", "recall", "precision", "pass@"], Kind::Fraction) };

#[cfg(test)]
mod tests {
    use crate::metric::tests::{Run, verdict_of};
    use crate::model::Verdict;

    #[test]
    fn a_fraction_lies_between_0_and_1() {
        let run = Run { items: 2, ..Run::default() };
        assert_eq!(verdict_of("f1", "0.8", &run), Verdict::Unprovable);
        assert_eq!(verdict_of("f1", "1.2", &run), Verdict::Refuted);
        assert_eq!(verdict_of("pass@1", "-0.1", &run), Verdict::Refuted);
    }
}
