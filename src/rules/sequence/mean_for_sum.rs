//! RT204: a mean where a sum is declared, or the reverse.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT204-mean-for-sum"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    deviations.term().is_none()
        && deviations.found.term != Term::Prob
        && deviations.output().is_none()
        && matches!(deviations.reduce(), Some(Reduce::Mean | Reduce::Sum))
        && deviations.scale().is_none()
}

fn say(cause: &Cause<'_>) -> Message {
    let (found, due) = match cause.deviations.found.reduce {
        Reduce::Mean => ("mean", "sum"),
        _ => ("sum", "mean"),
    };
    let (column, formula) = (cause.column, cause.deviations.found);
    let title = match cause.deviations.parts().count() {
        1 => format!("`{column}` is the {found} of the log-probs, not their {due}"),
        _ => format!("`{column}` is {}, not {}", cause.found, cause.convention),
    };
    Message::new(title)
        .help(format!("report the {due}; if the {found} is intended, declare it: {column} = \"{formula}\" under [conventions] in retally.toml"))
}
