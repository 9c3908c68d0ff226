//! Compares the whole check with a bare typed parse of the same file, on one thread.
//!
//! `cargo bench --bench audit` measures 100,000 tokens with top-20 lists. `-- --tokens 2000000` measures the large
//! case, and `-- --write FILE` keeps the generated log for other tools. Prints seconds, MB/s and the ratio, alternating
//! between both, and the peak memory of the process after each size.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark prints times and writes its input"
)]

use std::borrow::Cow;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use retally::{Audit, Config};

/// Tokens per candidate.
const TOKENS: usize = 25;
/// Candidates per item.
const CANDIDATES: usize = 4;
/// Alternatives per token.
const TOP: usize = 20;

/// A deterministic stream of numbers (xorshift; Marsaglia 2003).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Writes a clean log: log-probs of a generated softmax, printed with six decimals, and scores that are their sums.
fn generate(path: &Path, tokens: usize) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for candidate in 0..tokens / TOKENS {
        let (item, choice) = (candidate / CANDIDATES, candidate % CANDIDATES);
        let mut steps = Vec::with_capacity(TOKENS);
        for _ in 0..TOKENS {
            let mut logits: Vec<f64> = (0..TOP).map(|_| 8.0 * random.next()).collect();
            logits.sort_by(|a, b| b.total_cmp(a));
            // Reserves some mass for the rest of the vocabulary.
            let total = logits.iter().map(|logit| retally::numeric::exp(*logit)).sum::<f64>() * 1.25;
            let top: Vec<f64> = logits.iter().map(|logit| logit - retally::numeric::ln(total)).collect();
            let own = (random.next() * random.next() * TOP as f64) as usize;
            steps.push((own, top));
        }
        let round = |value: f64| format!("{value:.6}");
        write!(out, "{{\"question_id\": \"q{item}\", \"choice\": {choice}, \"continuation\": \"")?;
        for (own, _) in &steps {
            write!(out, " w{own}")?;
        }
        write!(out, "\", \"tokens\": [")?;
        for (at, (own, _)) in steps.iter().enumerate() {
            write!(out, "{}\" w{own}\"", if at > 0 { ", " } else { "" })?;
        }
        write!(out, "], \"token_logprobs\": [")?;
        for (at, (own, top)) in steps.iter().enumerate() {
            write!(out, "{}{}", if at > 0 { ", " } else { "" }, round(top[*own]))?;
        }
        write!(out, "], \"top_logprobs\": [")?;
        for (at, (_, top)) in steps.iter().enumerate() {
            write!(out, "{}[", if at > 0 { ", " } else { "" })?;
            for (rank, logprob) in top.iter().enumerate() {
                let comma = if rank > 0 { ", " } else { "" };
                write!(
                    out,
                    "{comma}{{\"token\": \" w{rank}\", \"id\": {}, \"logprob\": {}}}",
                    1000 + rank,
                    round(*logprob)
                )?;
            }
            write!(out, "]")?;
        }
        let score: f64 = steps.iter().map(|(own, top)| top[*own]).sum();
        writeln!(out, "], \"score\": {}}}", round(score))?;
    }
    out.flush()
}

#[derive(serde::Deserialize)]
struct Row<'r> {
    #[serde(borrow)]
    question_id: Cow<'r, str>,
    choice: u32,
    #[serde(borrow)]
    continuation: Cow<'r, str>,
    #[serde(borrow)]
    tokens: Vec<Cow<'r, str>>,
    token_logprobs: Vec<f64>,
    #[serde(borrow)]
    top_logprobs: Vec<Vec<Entry<'r>>>,
    score: f64,
}

#[derive(serde::Deserialize)]
struct Entry<'r> {
    #[serde(borrow)]
    token: Cow<'r, str>,
    id: i64,
    logprob: f64,
}

/// Parses every line into structs and touches every field.
fn typed_parse(path: &Path) -> f64 {
    let Ok(file) = std::fs::File::open(path) else { return f64::NAN };
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut line = String::new();
    let mut sum = 0.0;
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        if let Ok(row) = serde_json::from_str::<Row<'_>>(&line) {
            sum += row.score + row.token_logprobs.iter().sum::<f64>() + f64::from(row.choice);
            sum += (row.question_id.len() + row.continuation.len() + row.tokens.len()) as f64;
            for entry in row.top_logprobs.iter().flatten() {
                sum += entry.logprob + entry.id as f64 + entry.token.len() as f64;
            }
        }
        line.clear();
    }
    sum
}

/// Audits the file on one thread and returns the number of findings.
fn check(path: &Path) -> usize {
    let audit = Audit::new(Config::default()).inputs([path.to_string_lossy()]).threads(1);
    let Ok(report) = audit.run() else { return 0 };
    assert!(report.summary.candidates > 0, "nothing was audited: {:?}", report.errors);
    report.findings.len()
}

/// Peak memory of this process, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn argument(name: &str) -> Option<String> {
    let arguments: Vec<String> = std::env::args().collect();
    arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1).cloned())
}

fn main() {
    let tokens = argument("--tokens").and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let path = argument("--write").map_or_else(|| std::env::temp_dir().join("retally-bench.jsonl"), PathBuf::from);
    if generate(&path, tokens).is_err() {
        println!("cannot write {}", path.display());
        return;
    }
    if argument("--write").is_some() {
        return;
    }
    let megabytes = path.metadata().map_or(0, |metadata| metadata.len()) as f64 / 1e6;
    println!("{tokens} tokens with top-{TOP}, {megabytes:.0} MB, one thread");
    let mut ratios = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        let sum = typed_parse(&path);
        let parse = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let findings = check(&path);
        let whole = start.elapsed().as_secs_f64();
        ratios.push(whole / parse);
        println!(
            "serde_json typed parse {parse:.3} s ({:.0} MB/s); check {whole:.3} s ({:.0} MB/s), {findings} findings; ratio {:.2} [{sum:.0}]",
            megabytes / parse,
            megabytes / whole,
            whole / parse
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.2}; peak memory {} MiB", ratios[ratios.len() / 2], peak());
    let _ = std::fs::remove_file(&path);
}
