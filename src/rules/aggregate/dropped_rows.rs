//! RT607: failed rows are left out of the denominator.

use crate::metric::AggregateCause;
use crate::rules::aggregate::{observe, title};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT607-dropped-rows"), check, say).parts(crate::rules::failed_parts);

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    observe(run, seen, |cause| matches!(cause, AggregateCause::DroppedRows));
}

fn say(all: &Observed) -> Message {
    Message::new(title(all, "omits the rows without a value, although n counts them"))
        .help("count a failed row as wrong, or report n as the number of scored rows")
}
