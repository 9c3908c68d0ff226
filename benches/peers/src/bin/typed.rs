//! A typed parse with `serde_json` of every line of a file, and nothing more: `typed FILE SHAPE`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
#[allow(dead_code, reason = "fields are parsed, not read")]
struct Native {
    item: String,
    candidate: u32,
    tokens: Option<Vec<String>>,
    logprobs: Vec<f64>,
    score: f64,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "fields are parsed, not read")]
struct Entry {
    token: String,
    logprob: f64,
    bytes: Option<Vec<u8>>,
    top_logprobs: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Content {
    content: Vec<Entry>,
}

#[derive(Deserialize)]
struct Choice {
    logprobs: Content,
}

#[derive(Deserialize)]
struct Response {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Chat {
    response: Response,
    logprob_sum: f64,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "fields are parsed, not read")]
struct Listed {
    logprob: f64,
    rank: u32,
    decoded_token: String,
}

#[derive(Deserialize)]
struct Output {
    token_ids: Vec<u32>,
    cumulative_logprob: f64,
    logprobs: Vec<BTreeMap<String, Listed>>,
}

#[derive(Deserialize)]
struct Vllm {
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "fields are parsed, not read")]
struct Sample {
    doc_id: u64,
    doc: serde_json::Value,
    target: serde_json::Value,
    arguments: serde_json::Value,
    resps: Vec<Vec<(f64, bool)>>,
    filtered_resps: Vec<(f64, bool)>,
    acc: f64,
}

fn each<T: DeserializeOwned>(path: &str, of: impl Fn(&T) -> f64) -> (u64, f64) {
    let file = std::fs::File::open(path).expect("the file opens");
    let (mut count, mut sum, mut line) = (0, 0.0, Vec::new());
    let mut reader = BufReader::with_capacity(1 << 20, file);
    while reader.read_until(b'\n', &mut line).expect("a line is read") > 0 {
        let record: T = serde_json::from_slice(&line).expect("a record of this shape");
        sum += of(&record);
        count += 1;
        line.clear();
    }
    (count, sum)
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(shape)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: typed FILE SHAPE");
        std::process::exit(2);
    };
    let (count, sum) = match shape.as_str() {
        "chat" => each::<Chat>(&path, |chat| {
            chat.logprob_sum + chat.response.choices.iter().map(|choice| choice.logprobs.content.len() as f64).sum::<f64>()
        }),
        "vllm" => each::<Vllm>(&path, |row| {
            row.outputs.iter().map(|own| own.cumulative_logprob + (own.token_ids.len() + own.logprobs.len()) as f64).sum()
        }),
        "lm-eval" => each::<Sample>(&path, |row| row.acc),
        _ => each::<Native>(&path, |row| row.score),
    };
    println!("{count} {sum:.6}");
}
