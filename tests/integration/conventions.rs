//! Every convention that can be declared is checked: it is proven if it holds and refuted if it does not.

use std::path::Path;

use retally::report::{ClaimKey, Rendering, markdown};
use retally::{Audit, Config, Input, Report};

use crate::support::{codes, counts};

/// Log-probs and logits of the tokens of a row.
fn tokens(row: u32) -> (Vec<f64>, Vec<f64>) {
    let n = 2 + row % 4;
    let logprobs: Vec<f64> = (0..n)
        .map(|step| -0.251_837 - 0.371_093 * f64::from((row * 5 + step * 7) % 6) - 0.001_237 * f64::from(row))
        .collect();
    let logits = logprobs.iter().zip(0..).map(|(value, step)| value + 2.0 + f64::from(step % 3) * 0.5).collect();
    (logprobs, logits)
}

/// The report on a log whose claims are `claim(log-probs, logits) + offset(row)`, under one declared convention.
fn report(
    field: &str,
    convention: Option<&str>,
    claim: &dyn Fn(&[f64], &[f64]) -> f64,
    offset: impl Fn(u32) -> f64,
) -> Report {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("scores.jsonl");
    let mut text = String::new();
    for row in 0..40 {
        let (logprobs, logits) = tokens(row);
        let value = claim(&logprobs, &logits) + offset(row);
        let record = serde_json::json!({
            "item": format!("q{}", row / 2), "candidate": format!("c{}", row % 2),
            "tokens": logprobs.iter().map(|_| "x").collect::<Vec<_>>(),
            "logprobs": logprobs, "logits": logits, field: value,
        });
        text.push_str(&format!("{record}\n"));
    }
    #[expect(clippy::disallowed_methods, reason = "the test writes the log that it audits")]
    std::fs::write(&log, text).unwrap();
    let config = convention.map_or_else(Config::default, |formula| {
        let written = format!("[conventions]\n{field} = \"{formula}\"\n");
        Config::parse("retally.toml", &written, Path::new(".")).unwrap()
    });
    Audit::new(config).inputs([log.to_string_lossy()]).run().unwrap()
}

type Claim = fn(&[f64], &[f64]) -> f64;

fn sum(values: &[f64]) -> f64 {
    values.iter().sum()
}

fn probs(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| value.exp()).collect()
}

const CONVENTIONS: [(&str, Claim); 10] = [
    ("sum(logprob)", |p, _| sum(p)),
    ("sum(logprob)/n", |p, _| sum(p) / p.len() as f64),
    ("sum(prob)", |p, _| sum(&probs(p))),
    ("prod(prob)", |p, _| probs(p).iter().product()),
    ("sum(prob)/n", |p, _| sum(&probs(p)) / p.len() as f64),
    ("sum(logit)", |_, l| sum(l)),
    ("min(logprob)", |p, _| p.iter().copied().fold(f64::INFINITY, f64::min)),
    ("running(logprob)", |p, _| (1..=p.len()).map(|end| sum(&p[..end])).sum()),
    ("sum(logprob)[drop first 1]", |p, _| sum(&p[1..])),
    ("exp(-sum(logprob)/n)", |p, _| (-sum(p) / p.len() as f64).exp()),
];

#[test]
fn a_declared_convention_is_proven_where_it_holds() {
    for (formula, claim) in CONVENTIONS {
        let report = report("score", Some(formula), &claim, |_| 0.0);
        let counts = counts(&report, "score");
        assert_eq!((counts.proven, counts.refuted, counts.unprovable), (40, 0, 0), "{formula}");
        assert!(!codes(&report).iter().any(|code| code.starts_with("RT2") || code.starts_with("RT3")), "{formula}");
    }
}

#[test]
fn a_declared_convention_is_refuted_where_it_does_not_hold() {
    for (formula, claim) in CONVENTIONS {
        let report = report("score", Some(formula), &claim, |row| 0.0371 * f64::from(1 + row % 7));
        let counts = counts(&report, "score");
        assert_eq!((counts.proven, counts.unprovable), (0, 0), "{formula}");
        assert_eq!(counts.refuted, 40, "{formula}");
        assert!(report.findings.iter().any(|finding| finding.claim == "score"), "{formula}");
    }
}

#[test]
fn a_sequence_probability_is_checked_without_being_declared() {
    let product: Claim = |p, _| probs(p).iter().product();
    let right = report("sequence_prob", None, &product, |_| 0.0);
    assert_eq!(counts(&right, "sequence_prob").proven, 40);
    let mean: Claim = |p, _| (sum(p) / p.len() as f64).exp();
    let wrong = report("sequence_prob", None, &mean, |_| 0.0);
    assert_eq!(counts(&wrong, "sequence_prob").refuted, 40);
    assert_eq!(wrong.findings.iter().filter(|finding| finding.claim == "sequence_prob").count(), 1);
}

#[test]
fn a_column_named_like_a_metric_of_a_run_stays_a_column() {
    let log = br#"{"item": "q0", "tokens": ["a", "b"], "logprobs": [-0.5, -0.25], "run": {"acc": -0.75}}"#;
    let config =
        Config::parse("retally.toml", "[conventions]\n\"run.acc\" = \"sum(logprob)\"\n", Path::new(".")).unwrap();
    let report = Audit::new(config).input(Input::bytes("scores.jsonl", &log[..])).run().unwrap();
    let claims: Vec<&ClaimKey> = report.claims.iter().map(|claim| &claim.claim).collect();
    assert_eq!(claims, [&ClaimKey::column("run.acc")]);
    assert_eq!(counts(&report, "column.run.acc").proven, 1);
    let mut page = Vec::new();
    markdown::render(&report, &Rendering::default(), &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("1 proven, in 1 record of 1 file."), "{page}");
}

/// 24 items with three samples each: correct samples by item and sample, a pick of the sample with the highest score,
/// and a correctness given by `correct`.
fn samples(correct: impl Fn(u32, bool, bool) -> bool) -> Report {
    let mut text = String::new();
    for item in 0..24_u32 {
        let right = |sample: u32| (item * 7 + sample * 5).is_multiple_of(4);
        let pick = item % 3;
        let candidates: Vec<serde_json::Value> = (0..3)
            .map(|sample| {
                let (logprobs, _) = tokens(item + 2 * sample);
                let logprobs: Vec<f64> =
                    logprobs.iter().map(|value| if sample == pick { value / 8.0 } else { *value }).collect();
                serde_json::json!({ "logprobs": logprobs, "score": sum(&logprobs), "is_gold": right(sample) })
            })
            .collect();
        let record = serde_json::json!({
            "item": format!("q{item}"), "candidates": candidates, "pick": pick,
            "correct": correct(item, right(pick), (0..3).any(right)),
        });
        text.push_str(&format!("{record}\n"));
    }
    Audit::new(Config::default()).input(Input::bytes("samples.jsonl", text.into_bytes())).run().unwrap()
}

#[test]
fn correctness_of_samples_may_ask_whether_any_is_right() {
    let contradicts = |report: &Report| codes(report).contains(&"RT611");
    let of_any = samples(|_, _, any| any);
    assert!(!contradicts(&of_any), "{:?}", codes(&of_any));
    assert_eq!((counts(&of_any, "correct").proven, counts(&of_any, "correct").refuted), (24, 0));
    let of_pick = samples(|_, pick, _| pick);
    assert_eq!((contradicts(&of_pick), counts(&of_pick, "correct").proven), (false, 24));
    // If one row agrees with neither, the rows are checked against the picks.
    let wrong = samples(|item, _, any| any != (item == 4));
    assert!(contradicts(&wrong));
    assert!(counts(&wrong, "correct").refuted >= 4);
    // Always true, although some items have no correct sample.
    let constant = samples(|_, _, _| true);
    assert!(contradicts(&constant));
}
