//! RT212: a score is in another base of the logarithm than declared.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT212-wrong-log-base"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    base(deviations.convention.output) != base(deviations.found.output)
}

/// The base that an output's logarithm has.
fn base(output: Output) -> u8 {
    match output {
        Output::Bits | Output::NegatedBits | Output::Exp2 | Output::Exp2Negated => 2,
        Output::Log10 | Output::NegatedLog10 | Output::Exp10Negated => 10,
        _ => 0,
    }
}
fn say(cause: &Cause<'_>) -> Message {
    cause.message("report nats (base e), or put the base into the field name")
}
