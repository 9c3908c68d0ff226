//! The rows of one log in every container: the verdicts equal those of the JSON Lines.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::{Float32Type, Float64Type, Int64Type};
use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
};
use retally::{Audit, Config};
use serde_json::Value;

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats").join(path)
}

fn rows() -> Vec<Value> {
    let text = std::fs::read_to_string(fixture("native/clean-candidates/scores.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Proven, refuted and unprovable claims, with the number of findings.
fn verdicts(path: &Path) -> (Value, usize) {
    let report = Audit::new(Config::default()).inputs([path.to_string_lossy()]).threads(2).run().unwrap();
    let mut bytes = Vec::new();
    retally::report::json::render(&report, &mut bytes).unwrap();
    let json: Value = serde_json::from_slice(&bytes).unwrap();
    (json["summary"]["verdicts"].clone(), report.findings.len())
}

fn list<'v>(row: &'v Value, key: &str) -> &'v Vec<Value> {
    row[key].as_array().unwrap()
}

/// The Arrow table, with floats in double or single precision.
fn batch(rows: &[Value], single: bool) -> RecordBatch {
    let integers = |key: &str| Arc::new(rows.iter().map(|row| row[key].as_i64()).collect::<Int64Array>()) as ArrayRef;
    let flags = |key: &str| Arc::new(rows.iter().map(|row| row[key].as_bool()).collect::<BooleanArray>()) as ArrayRef;
    let texts = |key: &str| Arc::new(rows.iter().map(|row| row[key].as_str()).collect::<StringArray>()) as ArrayRef;
    let mut tokens = arrow_array::builder::ListBuilder::new(arrow_array::builder::StringBuilder::new());
    for row in rows {
        for token in list(row, "tokens") {
            tokens.values().append_value(token.as_str().unwrap());
        }
        tokens.append(true);
    }
    let ids = rows.iter().map(|row| Some(list(row, "token_ids").iter().map(Value::as_i64).collect::<Vec<_>>()));
    let logprobs = || rows.iter().map(|row| list(row, "token_logprobs").iter().map(Value::as_f64).collect::<Vec<_>>());
    let scores = rows.iter().map(|row| row["score"].as_f64());
    let (logprobs, scores): (ArrayRef, ArrayRef) = if single {
        let lists = logprobs().map(|list| Some(list.into_iter().map(|x| x.map(|x| x as f32)).collect::<Vec<_>>()));
        let scores = scores.map(|x| x.map(|x| x as f32)).collect::<Float32Array>();
        (Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(lists)), Arc::new(scores))
    } else {
        let lists = ListArray::from_iter_primitive::<Float64Type, _, _>(logprobs().map(Some));
        (Arc::new(lists), Arc::new(scores.collect::<Float64Array>()))
    };
    RecordBatch::try_from_iter([
        ("question_id", integers("question_id")),
        ("choice", integers("choice")),
        ("prompt", texts("prompt")),
        ("continuation", texts("continuation")),
        ("tokens", Arc::new(tokens.finish()) as ArrayRef),
        ("token_ids", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(ids))),
        ("token_logprobs", logprobs),
        ("score", scores),
        ("picked", flags("picked")),
        ("gold", flags("gold")),
    ])
    .unwrap()
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn stream(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn file(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = arrow_ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn keys(rows: &[Value]) -> Vec<String> {
    rows[0].as_object().unwrap().keys().cloned().collect()
}

fn table(rows: &[Value]) -> Vec<u8> {
    let data: Vec<Vec<&Value>> = rows.iter().map(|row| row.as_object().unwrap().values().collect()).collect();
    serde_json::to_vec(&serde_json::json!({"columns": keys(rows), "data": data})).unwrap()
}

fn csv(rows: &[Value], list: impl Fn(&Value) -> String) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(keys(rows)).unwrap();
    for row in rows {
        let cell = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Array(_) => list(value),
            Value::Bool(flag) => if *flag { "True" } else { "False" }.to_owned(),
            other => other.to_string(),
        };
        writer.write_record(row.as_object().unwrap().values().map(cell)).unwrap();
    }
    writer.into_inner().unwrap()
}

fn python(value: &Value) -> String {
    match value {
        Value::Array(values) => format!("[{}]", values.iter().map(python).collect::<Vec<_>>().join(", ")),
        Value::String(text) if text.contains('\'') => format!("{text:?}"),
        Value::String(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\n', "\\n")),
        other => other.to_string(),
    }
}

#[test]
fn every_container_gives_the_verdicts_of_the_lines() {
    let rows = rows();
    let folder = tempfile::tempdir().unwrap();
    let lines = verdicts(&fixture("native/clean-candidates/scores.jsonl"));
    assert!(lines.0.as_object().is_some_and(|verdicts| !verdicts.is_empty()), "{lines:?}");
    let (double, single) = (batch(&rows, false), batch(&rows, true));
    let all: [(&str, Vec<u8>); 8] = [
        ("double.parquet", parquet(&double)),
        ("single.parquet", parquet(&single)),
        ("single.feather", file(&single)),
        ("double.arrow", file(&double)),
        ("double.arrows", stream(&double)),
        ("rows.table.json", table(&rows)),
        ("json.csv", csv(&rows, Value::to_string)),
        ("python.csv", csv(&rows, python)),
    ];
    for (name, bytes) in all {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(verdicts(&path), lines, "{name}");
    }
}

/// Proven, refuted, following from a refuted number, and unprovable.
fn counts(verdicts: &Value, claim: &str) -> [u64; 4] {
    ["proven", "refuted", "from_refuted", "unprovable"].map(|verdict| verdicts[claim][verdict].as_u64().unwrap_or(0))
}

#[test]
fn what_the_libraries_write() {
    let clean = [
        "arrow-file",
        "arrow-file-dictionary",
        "csv-json-cells",
        "csv-python-cells",
        "feather-lz4",
        "feather-zstd",
        "hf-save-to-disk/scores",
        "mlflow-eval-results-table",
        "parquet-dictionary-large-string",
        "parquet-double-zstd",
        "parquet-float-snappy",
        "parquet-pandas",
        "parquet-plain-gzip-v2pages",
        "parquet-shards",
        "trap-csv-index-column",
        "trap-parquet-nan",
        "trap-parquet-null",
        "tsv",
        "wandb-table",
    ];
    for case in clean {
        let (verdicts, findings) = verdicts(&fixture("tables").join(case));
        assert_eq!((counts(&verdicts, "score"), counts(&verdicts, "pick")), ([120, 0, 0, 0], [30, 0, 0, 0]), "{case}");
        assert_eq!(findings, 0, "{case}");
        let summary = if case.starts_with("hf") { [0; 4] } else { [1, 0, 0, 0] };
        assert_eq!(counts(&verdicts, "run.accuracy"), summary, "{case}");
    }
    let bad = [
        ("bad-csv-first-token-dropped", [0, 120, 0, 0], [0, 0, 30, 0], [0, 0, 1, 0]),
        ("bad-feather-pick", [120, 0, 0, 0], [29, 1, 0, 0], [1, 0, 0, 0]),
        ("bad-mlflow-bits", [0, 120, 0, 0], [0, 0, 30, 0], [0, 0, 1, 0]),
        ("bad-parquet-mean", [12, 108, 0, 0], [3, 0, 27, 0], [0, 0, 1, 0]),
        ("bad-tsv-accuracy", [120, 0, 0, 0], [30, 0, 0, 0], [0, 1, 0, 0]),
    ];
    for (case, score, pick, accuracy) in bad {
        let (verdicts, _) = verdicts(&fixture("tables").join(case));
        let found = ["score", "pick", "run.accuracy"].map(|claim| counts(&verdicts, claim));
        assert_eq!(found, [score, pick, accuracy], "{case}");
    }
}
