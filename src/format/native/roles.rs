//! The field names that pipelines use, and the role of each.

use std::sync::LazyLock;

use crate::model::ClaimKind;

/// The role of a field in a native record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The item's id.
    Item,
    /// The candidate's id or position.
    Candidate,
    /// The task.
    Task,
    /// Distinguishes several rows of one item: a filter, a repeat, an epoch.
    Filter,
    /// The context.
    Prompt,
    /// The scored text.
    Continuation,
    /// The list of nested candidates.
    Candidates,
    /// Token texts, or one object per token.
    Tokens,
    /// Token ids.
    TokenIds,
    /// Log-probs of the tokens, in nats.
    Logprobs,
    /// Surprisals of the tokens: −log-prob, in nats or bits.
    Surprisals,
    /// Probabilities of the tokens.
    Probs,
    /// Raw logits of the tokens, or one vector per token.
    Logits,
    /// Top-k alternatives per token.
    TopK,
    /// Logits over the vocabulary per token.
    LogitVectors,
    /// Log-probs over the vocabulary per token.
    LogprobVectors,
    /// Probabilities over the vocabulary per token.
    ProbVectors,
    /// prompt / continuation / end / padding per token.
    Segments,
    /// 1 for scored tokens, 0 for others.
    Mask,
    /// Whether a token is the end of the sequence.
    EndFlags,
    /// Position of a token in its candidate (one token per row).
    Position,
    /// A claim on the candidate.
    Claim(ClaimKind),
    /// Number of tokens in the candidate.
    TokenCount,
    /// Whether every token is the most likely one.
    Greedy,
    /// Whether this candidate was picked.
    Picked,
    /// Which candidate was picked.
    Pick,
    /// Which candidate is correct, or whether this one is.
    Gold,
    /// Whether the item was answered correctly.
    Correct,
}

impl Role {
    /// Whether the role is a list with one number per token.
    #[must_use]
    pub fn is_per_token(self) -> bool {
        matches!(self, Self::Logprobs | Self::Surprisals | Self::Probs | Self::Logits)
    }

    /// Whether it is a list with a vector over the vocabulary per token.
    #[must_use]
    pub fn is_vector(self) -> bool {
        matches!(self, Self::LogitVectors | Self::LogprobVectors | Self::ProbVectors)
    }
}

/// A role with its field names: strong ones, and weak ones that are used only if no strong name is present.
pub struct RoleNames {
    /// The role.
    pub role: Role,
    /// Description, for the documentation.
    pub about: &'static str,
    /// Unambiguous names.
    pub strong: &'static [&'static str],
    /// Ambiguous names, which other fields have as well.
    pub weak: &'static [&'static str],
}

const fn names(
    role: Role,
    about: &'static str,
    strong: &'static [&'static str],
    weak: &'static [&'static str],
) -> RoleNames {
    RoleNames { role, about, strong, weak }
}

/// All roles with their names. This is the only such list.
pub static ROLES: &[RoleNames] = &[
    names(
        Role::Item,
        "id of the item (string or integer); `sentence_id` if there is no other",
        &["item", "item_id", "question_id", "doc_id", "example_id", "sample_id", "instance_id", "document_id", "qid"],
        &["id", "uid", "idx", "index"],
    ),
    names(
        Role::Candidate,
        "id or position of the candidate",
        &["candidate", "candidate_id", "choice_id", "choice_index", "option_id", "beam_id", "hypothesis_id", "beam"],
        &["choice", "option", "sample", "rank"],
    ),
    names(Role::Task, "task or data set of the row", &["task", "task_name"], &["dataset", "subset"]),
    names(
        Role::Filter,
        "distinguishes several rows of one item; all of them count",
        &["filter", "repeat", "epoch", "run", "model", "model_name", "checkpoint", "seed", "trial", "split"],
        &[],
    ),
    names(
        Role::Prompt,
        "context that the candidate is conditioned on",
        &["prompt", "context"],
        &["input", "question", "query"],
    ),
    names(
        Role::Continuation,
        "scored text of the candidate",
        &["continuation", "completion", "candidate_text", "choice_text"],
        &["text", "response", "output"],
    ),
    names(
        Role::Candidates,
        "list of the item's candidates, an object each",
        &["candidates", "hypotheses", "beams", "continuations"],
        &["choices", "options", "samples", "completions"],
    ),
    names(
        Role::Tokens,
        "token texts, or an object per token",
        &["tokens", "token_strings", "token_texts", "output_tokens"],
        &["token"],
    ),
    names(Role::TokenIds, "token ids", &["token_ids", "output_token_ids", "token_id"], &["ids"]),
    names(
        Role::Logprobs,
        "log-prob of each token, in nats",
        &["token_logprobs", "token_log_probs", "per_token_logprobs", "output_token_logprobs"],
        &["logprobs", "log_probs", "logprob", "log_prob", "lp"],
    ),
    names(
        Role::Surprisals,
        "surprisal of each token, −log-prob, in nats or bits; not read beside log-probs",
        &["token_surprisals", "per_token_surprisals"],
        &["surprisals", "surprisal"],
    ),
    names(
        Role::Probs,
        "probability of each token",
        &["token_probs", "token_probabilities"],
        &["probs", "prob", "probabilities", "probability"],
    ),
    names(Role::Logits, "raw logit of each token", &["token_logits"], &["logits", "logit"]),
    names(
        Role::TopK,
        "alternatives of each token: a list of {token, id, logprob}, or a map from text to log-prob",
        &["top_logprobs", "topk_logprobs", "top_k_logprobs"],
        &["alternatives", "top_k"],
    ),
    names(Role::LogitVectors, "logits over the vocabulary, a list per token", &["logit_vectors", "full_logits"], &[]),
    names(
        Role::LogprobVectors,
        "log-probs over the vocabulary, a list per token",
        &["logprob_vectors", "full_logprobs"],
        &[],
    ),
    names(
        Role::ProbVectors,
        "probabilities over the vocabulary, a list per token",
        &["prob_vectors", "full_probs"],
        &[],
    ),
    names(Role::Segments, "`prompt`, `continuation`, `end` or `padding` for each token", &["segments", "segment"], &[]),
    names(
        Role::Mask,
        "1 for a scored token, 0 for any other",
        &["loss_mask", "completion_mask", "response_mask", "continuation_mask"],
        &["mask"],
    ),
    names(Role::EndFlags, "whether each token is the end of the sequence", &["is_eos", "is_end"], &["eos"]),
    names(
        Role::Position,
        "position of the token in its candidate (CSV, a token per row)",
        &["position", "token_position", "token_index"],
        &["pos"],
    ),
    names(
        Role::Claim(ClaimKind::Score),
        "total log-prob of the candidate, in nats",
        &[
            "sequence_score",
            "total_logprob",
            "total_log_prob",
            "cumulative_logprob",
            "cum_logprob",
            "sum_logprob",
            "sum_logprobs",
            "logprob_sum",
            "sequence_logprob",
            "seq_logprob",
            "loglikelihood",
            "log_likelihood",
            "score",
            "ll",
        ],
        &[],
    ),
    names(
        Role::Claim(ClaimKind::MeanLogprob),
        "mean log-prob per token, in nats",
        &[
            "mean_logprob",
            "avg_logprob",
            "average_logprob",
            "mean_log_prob",
            "avg_log_prob",
            "logprob_mean",
            "mean_token_logprob",
        ],
        &[],
    ),
    names(Role::Claim(ClaimKind::Perplexity), "perplexity per token", &["perplexity", "ppl", "token_perplexity"], &[]),
    names(
        Role::Claim(ClaimKind::Loss),
        "mean negative log-likelihood per token, in nats; a surprisal in nats or bits",
        &[
            "loss",
            "nll",
            "mean_nll",
            "avg_nll",
            "cross_entropy",
            "negative_log_likelihood",
            "mean_surprisal",
            "avg_surprisal",
            "average_surprisal",
        ],
        &[],
    ),
    names(
        Role::Claim(ClaimKind::TotalLoss),
        "total negative log-likelihood of the candidate; a surprisal in nats or bits",
        &[
            "sum_surprisal",
            "total_surprisal",
            "surprisal_sum",
            "sentence_surprisal",
            "sum_nll",
            "total_nll",
            "total_loss",
        ],
        &[],
    ),
    names(
        Role::Claim(ClaimKind::SequenceProb),
        "probability of the whole candidate",
        &["sequence_prob", "sequence_probability", "seq_prob", "joint_prob", "total_prob"],
        &[],
    ),
    names(
        Role::Claim(ClaimKind::BitsPerByte),
        "bits per UTF-8 byte of the continuation",
        &["bits_per_byte", "bpb"],
        &[],
    ),
    names(
        Role::Claim(ClaimKind::Normalised),
        "a score divided by an unspecified length",
        &[
            "score_norm",
            "normalized_score",
            "normalised_score",
            "norm_score",
            "length_normalized_score",
            "score_normalized",
        ],
        &[],
    ),
    names(
        Role::TokenCount,
        "number of scored tokens, where the tokens are not logged",
        &[
            "num_tokens",
            "n_tokens",
            "token_count",
            "tokens_count",
            "num_output_tokens",
            "n_output_tokens",
            "num_completion_tokens",
            "completion_tokens",
            "num_scored_tokens",
            "scored_tokens",
        ],
        &[],
    ),
    names(Role::Greedy, "whether every token is the most likely one", &["is_greedy"], &["greedy"]),
    names(
        Role::Picked,
        "whether this candidate was picked",
        &["picked", "is_picked", "selected", "is_selected"],
        &["chosen"],
    ),
    names(
        Role::Pick,
        "position or id of the candidate that was picked",
        &[
            "pick",
            "prediction",
            "predicted",
            "pred",
            "predicted_index",
            "prediction_index",
            "pred_index",
            "selected_index",
            "chosen_index",
        ],
        &["argmax", "best"],
    ),
    names(
        Role::Gold,
        "position or id of the right candidate; on a candidate: whether it is right",
        &["gold", "gold_index", "gold_id", "is_gold", "answer_index", "label_index", "correct_index"],
        &["label", "answer"],
    ),
    names(
        Role::Correct,
        "whether the item was answered correctly",
        &["correct", "is_correct"],
        &["acc", "correctness"],
    ),
];

/// Names of losses that are as often a sum as a mean. Either is accepted, if all rows use the same.
pub const SUM_OR_MEAN: &[&str] = &["loss", "nll", "cross_entropy", "negative_log_likelihood"];

/// Names of scores that grades, rewards and similarities also have.
pub const SCORES: &[&str] = &["score", "sequence_score", "loglikelihood", "log_likelihood", "ll"];

/// Names of numbers about a whole text that may be a sum, a mean, or not a log-prob at all.
pub const MATCHED: &[(&str, ClaimKind)] = &[
    ("logprob", ClaimKind::Score),
    ("logprobs", ClaimKind::Score),
    ("log_prob", ClaimKind::Score),
    ("log_probs", ClaimKind::Score),
    ("lp", ClaimKind::Score),
    ("surprisal", ClaimKind::TotalLoss),
    ("prob", ClaimKind::SequenceProb),
    ("probability", ClaimKind::SequenceProb),
    ("confidence", ClaimKind::SequenceProb),
];

/// The field that names the item if no other field does. Next to an item field, it names a part of the item.
pub const SENTENCE: &str = "sentence_id";

/// What tells most names apart: the length, the first and the last byte.
type Shape = (usize, u8, u8);

fn shape(name: &str) -> Option<Shape> {
    let bytes = name.as_bytes();
    Some((bytes.len(), *bytes.first()?, *bytes.last()?))
}

/// A name with its shape, its role, and whether it is unambiguous.
type Named = (Shape, &'static str, (Role, bool));

/// All names by their shape. Every field of every record is looked up several times: this takes less than a hash.
static BY_NAME: LazyLock<Vec<Named>> = LazyLock::new(|| {
    let of = |names: &'static [&'static str], role: Role, is_strong: bool| {
        names.iter().filter_map(move |name| Some((shape(name)?, *name, (role, is_strong))))
    };
    let all = ROLES.iter().flat_map(|role| of(role.strong, role.role, true).chain(of(role.weak, role.role, false)));
    let mut all: Vec<Named> = all.collect();
    all.sort_by_key(|(shape, name, (_, is_strong))| (*shape, *name, !is_strong));
    all
});

/// The role of a field name, and whether the name is unambiguous.
#[must_use]
pub fn by_name(name: &str) -> Option<(Role, bool)> {
    let own = shape(name)?;
    let start = BY_NAME.partition_point(|(shape, ..)| *shape < own);
    let alike = BY_NAME.get(start..)?.iter().take_while(|(shape, ..)| *shape == own);
    alike.clone().find(|(_, known, _)| *known == name).map(|(.., role)| *role)
}

/// All names of claims.
pub fn claim_names() -> impl Iterator<Item = &'static str> {
    let claims = ROLES.iter().filter(|names| matches!(names.role, Role::Claim(_)));
    claims.flat_map(|names| names.strong.iter().chain(names.weak).copied())
}

/// The name of a role in `[input]` of `retally.toml`.
#[must_use]
pub fn key(role: Role) -> String {
    match role {
        Role::Item => "item".to_owned(),
        Role::TopK => "top_logprobs".to_owned(),
        Role::EndFlags => "is_eos".to_owned(),
        role => ROLES
            .iter()
            .find(|names| names.role == role)
            .and_then(|names| match role {
                Role::Logprobs => Some("logprobs"),
                Role::Surprisals => Some("surprisals"),
                Role::Probs => Some("probs"),
                Role::Logits => Some("logits"),
                Role::Mask => Some("mask"),
                Role::Claim(ClaimKind::Score) => Some("score"),
                Role::Claim(ClaimKind::TotalLoss) => Some("total_loss"),
                Role::Claim(ClaimKind::Normalised) => Some("normalised_score"),
                _ => names.strong.first().copied(),
            })
            .unwrap_or_default()
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_has_two_roles() {
        let mut seen: Vec<&str> = ROLES.iter().flat_map(|role| role.strong.iter().chain(role.weak).copied()).collect();
        let total = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), total);
    }

    #[test]
    fn keys_are_unique() {
        let mut keys: Vec<String> = ROLES.iter().map(|names| key(names.role)).collect();
        let total = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), total);
    }
}
