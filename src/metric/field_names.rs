//! Names of the fields of rows that numbers of a run follow from, other than those of the numbers themselves.

use crate::model::plain_name;

/// Lists of the documents that a search returned.
pub const RETURNED: [&str; 20] = [
    "doc_ids",
    "docs",
    "document_ids",
    "documentids",
    "documents",
    "hits",
    "ranked",
    "ranked_docs",
    "ranked_ids",
    "ranked_list",
    "ranking",
    "results",
    "retrieved",
    "retrieved_doc_ids",
    "retrieved_docs",
    "retrieved_documents",
    "retrieved_ids",
    "returned",
    "top_docs",
    "top_ids",
];
/// Lists of relevant documents, and objects or lists of judged ones.
pub const JUDGED: [&str; 20] = [
    "expected_docs",
    "expected_ids",
    "gold_doc_ids",
    "gold_docs",
    "gold_ids",
    "ground_truth_ids",
    "judgements",
    "judgments",
    "positive_ids",
    "positives",
    "qrel",
    "qrels",
    "relevance_judgments",
    "relevance_map",
    "relevant",
    "relevant_doc_ids",
    "relevant_docs",
    "relevant_documents",
    "relevant_ids",
    "true_ids",
];
/// Lists with the relevance of each returned document.
pub const GAINS: [&str; 10] = [
    "gains",
    "ranked_relevance",
    "rel",
    "relevance",
    "relevance_grades",
    "relevance_labels",
    "relevance_scores",
    "relevances",
    "rels",
    "retrieved_relevance",
];
/// Numbers that are the rank of the relevant document.
pub const RANKS: [&str; 7] =
    ["answer_rank", "first_relevant_rank", "gold_rank", "rank", "rank_of_gold", "relevant_rank", "target_rank"];
/// Lists of the answers to one question.
pub const ANSWERS: [&str; 12] = [
    "answers",
    "extracted_answers",
    "model_answers",
    "parsed_answers",
    "pred",
    "predicted_answers",
    "predictions",
    "preds",
    "sampled_answers",
    "samples",
    "votes",
    "generated_answers",
];
/// Whether a field has one of several names.
#[must_use]
pub fn is_named(field: &str, names: &[&str]) -> bool {
    names.contains(&&*plain_name(field))
}

/// Whether a field says what a search returned.
pub(super) fn is_of_search(field: &str) -> bool {
    [&RETURNED[..], &JUDGED, &GAINS, &RANKS].iter().any(|names| is_named(field, names))
}

/// Whether a field has the answers to a question.
pub(super) fn is_of_votes(field: &str) -> bool {
    is_named(field, &ANSWERS)
}
