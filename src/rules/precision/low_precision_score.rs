//! RT801: scores lie on the grid of a 16-bit format, coarse enough for ties.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::candidate(page!("RT801-low-precision-score"), check, say)
    .counts(&[COARSE_SCORES, BF16_SCORES])
    .when(|all| all.failed >= 50 && all.count(COARSE_SCORES) * 2 >= all.failed);

/// 16-bit scores whose spacing is at least [`COARSE`].
const COARSE_SCORES: Key<u64> = Key::new(0, "coarse");
/// Scores in bf16.
const BF16_SCORES: Key<u64> = Key::new(1, "bf16");

/// Spacing at which candidates of ordinary tasks start to tie.
const COARSE: f64 = 0.0078;

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    for (claim, column) in view.claims(ClaimKind::Score) {
        let Some(number) = claim.value.finite() else { continue };
        let format = column.resolution.stored;
        let low = matches!(format, numeric::NumberFormat::Bf16 | numeric::NumberFormat::F16);
        let spacing = 2.0 * format.half_ulp(number.value);
        seen.count(COARSE_SCORES, u64::from(low && spacing >= COARSE));
        seen.count(BF16_SCORES, u64::from(format == numeric::NumberFormat::Bf16));
        seen.judge(claim.at, !low, || {
            let detail = format!("{} is on a grid with steps of {}", number.value, numeric::show(spacing));
            Evidence::at_most(COARSE).found(spacing).detail(detail)
        });
    }
}

fn say(all: &Observed) -> Message {
    let format = if all.count(BF16_SCORES) > 0 { "bf16" } else { "fp16" };
    let widest = all.worst.as_ref().map_or(0.0, |row| row.evidence.found);
    Message::new(format!(
        "all {} scores are on the {format} grid, with steps of up to {}, so close candidates tie or change order",
        all.failed,
        numeric::show(widest)
    ))
    .help("compute the log-softmax and the sum in single precision (softmax_dtype float32)")
}
