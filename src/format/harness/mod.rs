//! Evaluation harnesses: rows per document, and the metrics of a run.

mod alpaca_eval;
mod bigcode;
mod bigscience;
mod dclm;
mod deepeval;
mod evalscope;
mod every_eval_ever;
mod harbor;
mod helm;
mod inspect;
mod lighteval;
mod lm_eval;
mod olmes;
mod openai_evals;
mod opencompass;
mod promptfoo;
mod sacrebleu;
mod swe_bench;
mod verifiers;

use crate::format::Format;

pub(super) static FORMATS: &[&dyn Format] = &[
    &lm_eval::SAMPLES,
    &lm_eval::RESULTS,
    &lm_eval::RECORDING,
    &lm_eval::LMMS_SAMPLES,
    &lm_eval::LMMS_RESULTS,
    &lm_eval::BY_TASK,
    &lm_eval::OLD_ROWS,
    &lm_eval::OLD_RESULTS,
    &helm::SCENARIO_STATE,
    &helm::PER_INSTANCE,
    &helm::STATS,
    &olmes::PREDICTIONS,
    &olmes::METRICS,
    &olmes::REQUESTS,
    &olmes::ROWS,
    &olmes::TASKS,
    &lighteval::DETAILS,
    &lighteval::RESULTS,
    &inspect::JSON,
    &inspect::EVAL,
    &opencompass::PPL,
    &opencompass::LL,
    &opencompass::CLP,
    &opencompass::GEN,
    &opencompass::VALUES,
    &opencompass::RESULTS,
    &evalscope::PREDICTIONS,
    &evalscope::REVIEWS,
    &evalscope::REPORT,
    &evalscope::OLD_PREDICTIONS,
    &evalscope::OLD_REVIEWS,
    &promptfoo::JSON,
    &promptfoo::LINES,
    &openai_evals::EVENTS,
    &every_eval_ever::AGGREGATE,
    &every_eval_ever::INSTANCES,
    &bigcode::RESULTS,
    &bigcode::GENERATIONS,
    &sacrebleu::SCORES,
    &deepeval::RUN,
    &swe_bench::REPORT,
    &swe_bench::INSTANCE,
    &harbor::JOB,
    &harbor::TRIAL,
    &verifiers::ROLLOUTS,
    &verifiers::METADATA,
    &alpaca_eval::ANNOTATIONS,
    &alpaca_eval::LEADERBOARD,
    &bigscience::RESULTS,
    &dclm::RESULTS,
];
