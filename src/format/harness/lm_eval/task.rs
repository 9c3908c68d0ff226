//! Task settings from the results file, for the rows in the same directory.

use crate::format::json::{Kind, Value};
use crate::format::records::beside;
use crate::source::MAX_RECORD;

/// Context needed to read the rows of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TaskConfig {
    /// The harness's version.
    pub(super) version: Option<String>,
    /// The task, if the results name it.
    pub(super) task: Option<String>,
    /// The delimiter between context and choice; None if unknown.
    pub(super) delimiter: Option<String>,
    /// `multiple_choice`, `loglikelihood`, `loglikelihood_rolling` or `generate_until`.
    pub(super) output_type: Option<String>,
    /// The field or template of the context.
    pub(super) doc_to_text: Option<String>,
    /// The field or template of the target.
    pub(super) doc_to_target: Option<String>,
    /// Whether the task's configuration was found. Without it, custom code of the task may compute the metrics.
    pub(super) known: bool,
    /// Whether custom code of the task computes the row metrics.
    pub(super) custom: bool,
}

impl TaskConfig {
    /// Reads the results file of the same run next to a samples file, if it exists.
    pub(super) fn beside(path: &str, name: &str) -> Self {
        let date = super::date(name);
        let results = if date.is_empty() { "results.json".to_owned() } else { format!("results_{date}.json") };
        let directory = path.rfind(['/', '\\']).map_or("", |at| path.get(..=at).unwrap_or_default());
        let found = beside(&format!("{directory}{results}"), MAX_RECORD as u64, |root| Some(Self::of(root, name)));
        found.unwrap_or_else(|| Self { task: task_of(name), ..Self::default() })
    }

    fn of(root: Value<'_>, name: &str) -> Self {
        let configs = root.get("configs");
        let task = task_of(name).or_else(|| {
            // Before 0.4.3 the file is named after the model's arguments, and the name ends with the task.
            let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            let names = configs.into_iter().flat_map(|configs| configs.members()).map(|(key, _)| key.raw());
            let names = names.filter_map(|raw| std::str::from_utf8(raw).ok()).filter(|task| stem.ends_with(task));
            names.max_by_key(|task| task.len()).map(str::to_owned)
        });
        Self::of_task(root, task)
    }

    /// The settings of a task in the results.
    pub(super) fn of_task(root: Value<'_>, task: Option<String>) -> Self {
        let text = |value: Option<Value<'_>>| value.and_then(|value| value.as_str()).map(std::borrow::Cow::into_owned);
        let version = text(root.get("lm_eval_version"));
        let config = task.as_deref().and_then(|task| root.get("configs")?.get(task));
        let field = |key: &str| config.and_then(|config| config.get(key));
        // A chat template starts a new turn for the answer, so there is no delimiter unless the prompt begins the
        // answer.
        let chat = root.get("chat_template").is_some_and(|value| value.kind() == Kind::String)
            && text(field("gen_prefix")).is_none_or(|prefix| prefix.is_empty());
        // The preview of 0.5 counts the delimiter as part of the choice.
        let counted = version.as_deref().is_some_and(|version| version.starts_with("0.5"));
        let delimiter = if chat || counted { Some(String::new()) } else { text(field("target_delimiter")) };
        Self {
            version,
            delimiter,
            output_type: text(field("output_type")),
            doc_to_text: text(field("doc_to_text")),
            doc_to_target: text(field("doc_to_target")),
            known: config.is_some(),
            custom: field("process_results").is_some_and(|value| value.kind() == Kind::String),
            task,
        }
    }
}

/// The task in a file name: between the first and the last `_`.
fn task_of(name: &str) -> Option<String> {
    let date = super::date(name);
    let rest = name.strip_prefix("samples_")?;
    let end = rest.find(date).filter(|_| !date.is_empty())?;
    let task = rest.get(..end)?.strip_suffix('_')?;
    Some(task.to_owned())
}

#[cfg(test)]
mod tests {
    use super::task_of;

    #[test]
    fn a_task_may_hold_underscores() {
        assert_eq!(task_of("samples_local_mc_mi_2026-11-23T09-19-08.998309.jsonl").unwrap(), "local_mc_mi");
        assert_eq!(task_of("model_task.jsonl"), None);
    }
}
