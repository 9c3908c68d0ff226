//! The laws: any partition, order, packing and number of threads gives the same result, and rounding refutes nothing.

use std::io::Write;
use std::path::PathBuf;

use proptest::prelude::*;
use retally::internals::config::InputConfig;
use retally::internals::engine::{self, RecognisedInput, Settings};
use retally::internals::tally::{FileTally, KeptRef};
use retally::numeric::NumberFormat;
use retally::{Input, Report};

use crate::support::{audit, check, codes, counts, fixture, json};

#[test]
fn threads_and_units_do_not_show() {
    for folder in ["bug-mixture", "clean-items", "bug-mean"] {
        let paths = [fixture(&format!("formats/native/{folder}"))];
        let with = |threads, unit| json(&audit(&paths).threads(threads).unit_bytes(unit).run().unwrap());
        let one = with(1, 1 << 20);
        for (threads, unit) in [(1, 700), (2, 1 << 20), (2, 5000), (3, 1)] {
            assert_eq!(with(threads, unit), one, "{folder} {threads} {unit}");
        }
    }
}

fn findings(report: &Report) -> Vec<(String, u64, String)> {
    report.findings.iter().map(|finding| (finding.code.clone(), finding.count, finding.fingerprint.clone())).collect()
}

fn write(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> String {
    let path: PathBuf = folder.path().join(name);
    std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    path.to_string_lossy().into_owned()
}

/// A token per row, from candidates per line.
fn as_csv(rows: &[serde_json::Value]) -> String {
    let mut out = String::from("question_id,choice,position,token_id,logprob,score,picked,gold\n");
    for row in rows {
        let steps = row["token_logprobs"].as_array().unwrap().iter().zip(row["token_ids"].as_array().unwrap());
        for (position, (logprob, id)) in steps.enumerate() {
            out += &format!(
                "{},{},{position},{id},{logprob},{},{},{}\n",
                row["question_id"],
                row["choice"],
                row["score"],
                row["picked"],
                if row["gold"] == true { "True" } else { "False" }
            );
        }
    }
    out
}

#[test]
fn packing_order_shape_and_splitting_do_not_change_the_findings() {
    for name in ["bug-mean", "bug-mixture", "clean-candidates"] {
        let text = std::fs::read_to_string(fixture(&format!("formats/native/{name}/scores.jsonl"))).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let rows: Vec<serde_json::Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let folder = || tempfile::tempdir().unwrap();
        let audit = |folder: &tempfile::TempDir| findings(&check(&[folder.path().to_string_lossy().into_owned()]));

        let plain = folder();
        write(&plain, "a.jsonl", text.as_bytes());
        let expected = audit(&plain);

        let packed = folder();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        write(&packed, "a.jsonl.gz", &encoder.finish().unwrap());
        assert_eq!(audit(&packed), expected, "{name} gz");

        let packed = folder();
        write(&packed, "a.jsonl.zst", &zstd::encode_all(text.as_bytes(), 1).unwrap());
        assert_eq!(audit(&packed), expected, "{name} zst");

        let reversed = folder();
        let backwards: Vec<&str> = lines.iter().rev().copied().collect();
        write(&reversed, "a.jsonl", backwards.join("\r\n").as_bytes());
        assert_eq!(audit(&reversed), expected, "{name} reversed");

        // All first candidates before all second ones: no two records of an item are adjacent.
        let scattered = folder();
        let mut apart = lines.clone();
        apart.sort_by_key(|line| line.split("\"choice\": ").nth(1).and_then(|rest| rest.chars().next()));
        write(&scattered, "a.jsonl", apart.join("\n").as_bytes());
        assert_eq!(audit(&scattered), expected, "{name} scattered");
        let report = check(&[scattered.path().to_string_lossy().into_owned()]);
        assert_eq!(report.summary.items, 300, "{name} scattered");

        let split = folder();
        write(&split, "a.jsonl", lines[..501].join("\n").as_bytes());
        write(&split, "b.jsonl", lines[501..].join("\n").as_bytes());
        assert_eq!(audit(&split), expected, "{name} split");

        let table = folder();
        write(&table, "a.csv", as_csv(&rows).as_bytes());
        assert_eq!(audit(&table), expected, "{name} csv");

        let list = folder();
        write(&list, "a.json", serde_json::to_string_pretty(&rows).unwrap().as_bytes());
        assert_eq!(audit(&list), expected, "{name} json");
    }
}

fn opened(path: &str) -> RecognisedInput {
    let input = Input::file(path.to_owned(), path.into());
    engine::open(input, &InputConfig::default(), None).unwrap().unwrap()
}

#[test]
fn an_input_gives_the_same_alone_and_beside_others_with_its_columns() {
    // Different digits, with and without the search, items over several lines, unreadable records.
    let paths = [
        "formats/native/clean-items/items.jsonl.gz",
        "formats/native/bug-mean/scores.jsonl",
        "formats/native/bug-mixture/scores.jsonl",
        "cases/C10.jsonl",
        "hostile/mess.jsonl",
    ]
    .map(fixture);
    let inputs: Vec<RecognisedInput> = paths.iter().map(|path| opened(path)).collect();
    for unpacked in [0, 100] {
        let together = engine::run(&inputs, &Settings { unpacked, threads: 2, ..Settings::default() });
        for (at, path) in (0_u32..).zip(&paths) {
            let alone = engine::run(&[opened(path)], &Settings::default());
            assert_eq!(together.plans[at as usize], alone.plans[0], "{path}");
            let mut own = KeptRef::from(&alone.tally.files[&0]).get().into_owned();
            own.renumber(at);
            let kept = &together.tally.files[&at];
            assert_eq!((kept.records, kept.unreadable()), (own.records, own.unreadable), "{path}");
            // Compares the stored form, in which NaN equals itself.
            let stored = |tally: &FileTally| postcard::to_stdvec(tally).unwrap();
            assert!(stored(&KeptRef::from(kept).get()) == stored(&own), "{path}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn tallies_are_a_commutative_monoid(unit in 300_usize..60_000, seed: u64) {
        let input = [opened(&fixture("formats/native/bug-mixture/scores.jsonl"))];
        let settings = Settings { unit_bytes: unit, ..Settings::default() };
        let plans = engine::run(&input, &settings).plans;
        let merge = |parts: &[FileTally]| parts.iter().fold(FileTally::default(), |mut all, part| { all.merge(part.clone()); all });
        let parts = engine::audit_units(&input[0], &plans[0], &settings);
        let whole = merge(&parts);

        let mut shuffled = parts.clone();
        let mut state = seed | 1;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(at, (state >> 33) as usize % (at + 1));
        }
        prop_assert_eq!(&merge(&shuffled), &whole);

        let middle = shuffled.len() / 2;
        let mut left = merge(&shuffled[..middle]);
        left.merge(merge(&shuffled[middle..]));
        prop_assert_eq!(&left, &whole);

        let mut with_identity = whole.clone();
        with_identity.merge(FileTally::default());
        prop_assert_eq!(&with_identity, &whole);
    }
}

/// How a log's numbers were stored and printed.
#[derive(Clone, Copy, Debug)]
enum Storage {
    Decimals(usize),
    Format(NumberFormat),
}

impl Storage {
    fn print(self, value: f64) -> String {
        match self {
            Self::Decimals(17) => format!("{value}"),
            Self::Decimals(decimals) => {
                let text = format!("{value:.decimals$}");
                // As printed by Python's round() and repr().
                let text = text.trim_end_matches('0').trim_end_matches('.');
                if text.contains('.') { text.to_owned() } else { format!("{text}.0") }
            }
            Self::Format(format) => format!("{}", format.round(value)),
        }
    }
}

/// A log of n candidates, four per item: log-probs and their sums, computed before they are stored.
fn constructed(n: usize, seed: u64, storage: Storage, wrong: Option<(usize, f64)>) -> String {
    let mut state = seed | 1;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut out = String::new();
    for at in 0..n {
        let length = 1 + (random() * 12.0) as usize;
        let steps: Vec<f64> = (0..length).map(|_| retally::numeric::ln(random().max(1e-9)) * 1.7).collect();
        let mut score: f64 = steps.iter().sum();
        if let Some((_, by)) = wrong.filter(|(row, _)| *row == at) {
            score += by;
        }
        let steps: Vec<String> = steps.iter().map(|step| storage.print(*step)).collect();
        out += &format!(
            "{{\"item\": \"q{}\", \"candidate\": \"{}\", \"logprobs\": [{}], \"score\": {}}}\n",
            at / 4,
            at % 4,
            steps.join(", "),
            storage.print(score)
        );
    }
    out
}

fn storages() -> Vec<Storage> {
    vec![
        Storage::Decimals(3),
        Storage::Decimals(4),
        Storage::Decimals(6),
        Storage::Decimals(17),
        Storage::Format(NumberFormat::Bf16),
        Storage::Format(NumberFormat::F16),
        Storage::Format(NumberFormat::F32),
    ]
}

fn audit_text(text: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "scores.jsonl", text.as_bytes());
    check(&[path])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]

    #[test]
    fn rounding_is_no_contradiction(seed: u64) {
        for storage in storages() {
            let report = audit_text(&constructed(10_000, seed, storage, None));
            let score = counts(&report, "score");
            prop_assert_eq!((score.proven, score.refuted, score.unprovable), (10_000, 0, 0), "{:?}", storage);
            let errors = report.summary.findings.error;
            prop_assert_eq!(errors, 0, "{:?} {:?}", storage, codes(&report));
        }
    }

    #[test]
    fn one_wrong_score_is_found_in_its_row(seed: u64, row in 0_usize..2000) {
        for storage in storages() {
            let clean = constructed(2000, seed, storage, None);
            // The bound of that row, as the audit states it for a score that is far off.
            let far = audit_text(&constructed(2000, seed, storage, Some((row, -50.0))));
            prop_assert_eq!(codes(&far).first().copied(), Some("RT200"), "{:?}", storage);
            let bound = far.findings[0].evidence.numbers()["bound"].as_f64().unwrap();
            let report = audit_text(&constructed(2000, seed, storage, Some((row, -3.0 * bound))));
            prop_assert_eq!(counts(&report, "score").refuted, 1, "{:?} bound {}", storage, bound);
            let finding = report.findings.iter().find(|finding| finding.severity == retally::report::Severity::Error).unwrap();
            prop_assert_eq!(finding.locations[0].line, row as u64 + 1);
            prop_assert!(clean.lines().count() == 2000);
        }
    }
}
