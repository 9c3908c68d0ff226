//! The name of the model that a log is of, where its first records or its document say it.

use crate::format::Head;
use crate::format::json::{Kind, Value};

/// Keys that name a model, the most telling first.
const KEYS: [&str; 9] = [
    "model_name",
    "model",
    "model_id",
    "modelName",
    "modelId",
    "model_name_or_path",
    "served_model_name",
    "model_path",
    "model_args",
];
/// Levels of objects that are looked into.
const LEVELS: usize = 3;
/// Longest name, in bytes.
const LONGEST: usize = 200;

/// The model's name.
#[must_use]
pub fn model_name(head: &Head<'_>) -> Option<String> {
    head.records().next().and_then(named).or_else(|| head.document().and_then(named))
}

/// Looks level by level: what is said of the whole record is nearer to its start than what is said of a part.
fn named(root: Value<'_>) -> Option<String> {
    let mut level = vec![root];
    for _ in 0..LEVELS {
        for value in &level {
            let names = KEYS.iter().filter_map(|key| value.get(key)?.as_str());
            let mut names = names.map(|name| name.trim().to_owned());
            if let Some(name) = names.find(|name| !name.is_empty() && name.len() <= LONGEST) {
                return Some(name);
            }
        }
        let objects = level.iter().flat_map(|value| value.members().map(|(_, member)| member));
        level = objects.filter(|member| member.kind() == Kind::Object).collect();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        model_name(&Head::new("a.jsonl", "a.jsonl", text.as_bytes(), true))
    }

    #[test]
    fn the_name_nearest_to_the_root_is_taken() {
        assert_eq!(of(r#"{"id": 1, "model": "gpt-4"}"#).as_deref(), Some("gpt-4"));
        assert_eq!(of(r#"{"config": {"model": "hf", "model_name": "org/7b"}}"#).as_deref(), Some("org/7b"));
        assert_eq!(of(r#"{"a": {"model": "deep"}, "model": "near"}"#).as_deref(), Some("near"));
        assert_eq!(of(r#"{"model": {"name": "x"}, "score": 1}"#), None);
        assert_eq!(of(r#"{"model": ""}"#), None);
        assert_eq!(of("not json"), None);
    }
}
