//! Inference engines: the tokens that a server or library generated, with their log-probs.

mod ctranslate2;
mod expected_score;
mod llama_cpp;
mod openai;
pub(in crate::format) mod own_entry;
pub(in crate::format) mod payload;
mod response_events;
mod sglang;
mod small;
mod stream;
mod tensorrt_llm;
mod tgi;
mod transformers;
mod vllm;
pub(in crate::format) mod wrapped;

use crate::format::Format;

pub(super) static FORMATS: &[&dyn Format] = &[
    &openai::CHAT,
    &stream::STREAM,
    &openai::COMPLETIONS,
    &openai::RESPONSES,
    &response_events::RESPONSE_EVENTS,
    &openai::BATCH,
    &vllm::SERVER,
    &vllm::OFFLINE,
    &vllm::GENERATE,
    &sglang::SGLANG,
    &tgi::TGI,
    &llama_cpp::LLAMA_CPP,
    &small::OLLAMA,
    &small::MLX_LM,
    &transformers::TRANSFORMERS,
    &tensorrt_llm::TENSORRT_LLM,
    &ctranslate2::CTRANSLATE2,
];
