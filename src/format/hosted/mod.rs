//! Hosted APIs, gateways in front of them, and tracers.

mod bedrock;
mod cohere;
mod copies;
mod gateway;
mod gemini;
mod langchain;
mod langfuse_scores;
mod nested;

use crate::format::Format;

/// In the order of the documentation.
pub(super) static FORMATS: &[&dyn Format] = &[
    &gemini::GEMINI,
    &cohere::V2,
    &cohere::V1,
    &copies::MISTRAL,
    &copies::TOGETHER,
    &copies::FIREWORKS,
    &bedrock::BEDROCK,
    &gateway::LITELLM,
    &gateway::LANGFUSE,
    &langfuse_scores::SCORES,
    &gateway::OTEL,
    &gateway::MLFLOW,
    &langchain::LANGCHAIN,
];
