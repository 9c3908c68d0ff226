//! Audits split over machines and merged give the same bytes as one audit.

use retally::error::PartError;
use retally::split::{AuditPlan, Part};
use retally::{Config, Error, Report};

use crate::support::{Folder, MEAN, audit, check, contains, fixture, json, retally_in};

/// A part that was written and read back.
fn stored(part: &Part) -> Part {
    let mut bytes = Vec::new();
    part.write(&mut bytes).unwrap();
    let again = Part::read(bytes.as_slice()).unwrap();
    let mut bytes_again = Vec::new();
    again.write(&mut bytes_again).unwrap();
    assert!(bytes_again == bytes, "what was read is what was written");
    again
}

/// The audit of some inputs under the plan that they require by themselves.
fn part(paths: &[String]) -> Part {
    part_under(paths, None, None)
}

fn part_under(paths: &[String], bytes: Option<(u64, u64)>, plan: Option<&AuditPlan>) -> Part {
    let audit = audit(paths);
    let mut inputs = audit.open().unwrap();
    if let Some((start, end)) = bytes {
        inputs.restrict(start, Some(end)).unwrap();
    }
    stored(&audit.part(inputs, plan).unwrap())
}

fn merge(parts: Vec<Part>) -> Result<Report, PartError> {
    retally::split::merge(parts, &Config::default()).map_err(|error| match error {
        Error::Part(error) => error,
        other => panic!("{other}"),
    })
}

/// The report of parts, each made by a function of its index and the plan, with the number of times that the plan of
/// the whole was returned to the parts.
fn settled(count: usize, make: impl Fn(usize, Option<&AuditPlan>) -> Part) -> (Report, usize) {
    let mut plan: Option<AuditPlan> = None;
    for rounds in 0..4 {
        let mut parts: Vec<Part> = (0..count).map(|at| make(at, plan.as_ref())).collect();
        parts.reverse();
        match merge(parts) {
            Ok(report) => return (report, rounds),
            Err(PartError::Plan { plan: needed, .. }) => {
                plan = Some(AuditPlan::read(needed.write().unwrap().as_bytes()).unwrap());
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the plan of the whole does not settle");
}

/// The report of groups of inputs, each group a part.
fn merged(groups: &[Vec<String>]) -> (Report, usize) {
    settled(groups.len(), |at, plan| part_under(&groups[at], None, plan))
}

/// The files of a folder, in order.
fn files(folder: &str) -> Vec<String> {
    let mut files: Vec<String> = std::fs::read_dir(fixture(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path().to_string_lossy().into_owned())
        .filter(|path| !path.ends_with("NOTES.md"))
        .collect();
    files.sort();
    files
}

#[test]
fn any_partition_of_the_inputs_gives_the_report_of_one_audit() {
    // Runs of one file and of several, clean and wrong, with summaries next to their rows.
    let mut all = Vec::new();
    for folder in ["formats/native/bug-mean", "formats/native/clean-items", "formats/lm-eval/stderr-not-divided"] {
        all.extend(files(folder));
    }
    all.extend(["cases/C3.jsonl", "cases/C10.jsonl", "cases/C11.jsonl", "hostile/mess.jsonl"].map(fixture));
    assert!(all.len() >= 8, "{all:?}");
    let whole = json(&check(&all));
    let by = |count: usize, shift: usize| {
        let mut parts: Vec<Vec<String>> = vec![Vec::new(); count];
        for (at, path) in all.iter().enumerate() {
            parts[(at * 7 + shift) % count].push(path.clone());
        }
        parts.into_iter().filter(|paths| !paths.is_empty()).collect::<Vec<_>>()
    };
    for (count, shift) in [(2, 0), (3, 1), (all.len(), 0)] {
        let (report, rounds) = merged(&by(count, shift));
        assert_eq!(json(&report), whole, "{count} parts");
        assert!(rounds <= 1, "{count} parts, {rounds} plans");
    }
}

#[test]
fn a_clean_shard_is_searched_when_another_shard_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(fixture("formats/native/bug-mixture/scores.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let paths: Vec<String> = lines
        .chunks(400)
        .enumerate()
        .map(|(at, lines)| {
            let path = folder.path().join(format!("shard-{at}.jsonl"));
            std::fs::write(&path, lines.join("\n")).unwrap();
            path.to_string_lossy().into_owned()
        })
        .collect();
    let report = check(&paths);
    assert_eq!(report.findings[0].code, "RT707");
    let (together, rounds) = merged(&paths.iter().map(|path| vec![path.clone()]).collect::<Vec<_>>());
    assert_eq!((json(&together), rounds), (json(&report), 1));
    // By itself, the first shard is clean.
    let alone = std::slice::from_ref(&paths[0]);
    assert_eq!(json(&merge(vec![part(alone)]).unwrap()), json(&check(alone)));
    assert!(check(alone).findings.is_empty());
}

/// The plan of inputs from their first rows, after a round trip through a file.
fn planned(paths: &[String]) -> AuditPlan {
    let audit = audit(paths);
    let plan = audit.plan(&audit.open().unwrap());
    assert_eq!(plan.len(), paths.len());
    AuditPlan::read(plan.write().unwrap().as_bytes()).unwrap()
}

#[test]
fn parts_under_a_plan_from_the_first_rows_need_no_second_phase() {
    // A clean shard next to a wrong one. By itself, it would not be searched.
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(fixture("formats/native/bug-mixture/scores.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let shard = |(at, lines): (usize, &[&str])| {
        let path = folder.path().join(format!("shard-{at}.jsonl"));
        std::fs::write(&path, lines.join("\n")).unwrap();
        path.to_string_lossy().into_owned()
    };
    let paths: Vec<String> = lines.chunks(400).enumerate().map(shard).collect();
    let whole = check(&paths);
    assert_eq!(whole.findings[0].code, "RT707");
    let plan = planned(&paths);
    let parts: Vec<Part> = paths.iter().map(|path| part_under(std::slice::from_ref(path), None, Some(&plan))).collect();
    assert_eq!(json(&merge(parts).unwrap()), json(&whole));
}

#[test]
fn a_plan_from_the_first_rows_is_written_by_init_and_read_by_check() {
    let folder = Folder::with(&[("logs/a.jsonl", MEAN), ("retally.toml", "[rules]\nRT407 = \"off\"\n")]);
    let run = |line: &str| {
        let output = retally_in(folder.path()).args(line.split(' ')).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, out, _) = run("init logs --plan plan.json");
    assert_eq!(code, Some(0), "{out}");
    contains(&out, &["wrote plan.json: 1 input\n", "retally check PATH --tally FILE --plan plan.json"]);
    let (code, _, err) = run("init logs --plan plan.json");
    assert_eq!(code, Some(2));
    contains(&err, &["plan.json already exists; replace it with --force"]);
    assert_eq!(run("init logs --plan plan.json --force").0, Some(0));
    assert_eq!(run("check logs --tally a.tally --plan plan.json").0, Some(1));
    assert_eq!(run("merge a.tally --format json").1, run("check logs --format json").1);
    assert_eq!(run("merge a.tally --tally b.tally"), (Some(0), String::new(), String::new()));
    assert_eq!(run("merge b.tally --format json").1, run("check logs --format json").1);
    let (code, _, err) = run("merge a.tally --tally c.tally --format json");
    assert_eq!(code, Some(2));
    contains(&err, &["--tally <FILE>", "cannot be used with"]);
}

#[test]
fn a_plan_that_the_rest_of_a_log_contradicts_is_replaced() {
    // The first 256 KiB follow the sum and have three decimals; later rows do not.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.jsonl").to_string_lossy().into_owned();
    let row = |item: u32, score: &str| {
        format!("{{\"item\": \"q{item}\", \"candidate\": \"a\", \"logprobs\": [-1.25, -1.5], \"score\": {score}}}\n")
    };
    let rows: String = (0..5_000).map(|item| row(item, if item < 4_500 { "-2.750" } else { "-1.3750" })).collect();
    assert!(rows.len() > 1 << 18);
    std::fs::write(&path, rows).unwrap();
    let paths = [path];
    let whole = check(&paths);
    assert_eq!(whole.findings[0].code, "RT707", "{:?}", whole.findings);
    let plan = planned(&paths);
    let needed = match merge(vec![part_under(&paths, None, Some(&plan))]) {
        Err(PartError::Plan { plan, count: 1, all: 1, .. }) => *plan,
        other => panic!("{other:?}"),
    };
    assert_ne!(needed, plan);
    let (report, rounds) = settled(1, |_, later| part_under(&paths, None, Some(later.unwrap_or(&needed))));
    assert_eq!(json(&report), json(&whole));
    assert!(rounds <= 2, "{rounds}");
}

#[test]
fn what_cannot_be_merged_is_refused() {
    let paths = [fixture("cases/C10.jsonl")];
    let twice = merge(vec![part(&paths), part(&paths)]).unwrap_err();
    assert!(matches!(twice, PartError::Twice { .. }), "{twice}");
    assert!(matches!(Part::read(&b"{\"schema_version\": 1}"[..]), Err(PartError::NoTally)));
    assert!(matches!(Part::read(&b""[..]), Err(PartError::NoTally)));
    let mut bytes = Vec::new();
    part(&paths).write(&mut bytes).unwrap();
    bytes.truncate(bytes.len() - 10);
    assert!(matches!(Part::read(bytes.as_slice()), Err(PartError::Damaged(_))));
}

#[test]
fn shards_that_alone_follow_other_conventions_are_judged_as_one() {
    // One shard follows the mean per token, the other per byte. Each is right by itself, but both together cannot be.
    let folder = tempfile::tempdir().unwrap();
    let row = |item: u32, norm: &str| {
        format!(
            "{{\"item\": \"q{item}\", \"candidate\": \"a\", \"continuation\": \"abcdef\", \"tokens\": [\"abc\", \"def\"], \
             \"logprobs\": [-1.25, -1.5], \"score_norm\": {norm}}}\n"
        )
    };
    let shards = [("a.jsonl", "-1.375", 0), ("b.jsonl", "-0.4583333333333333", 10)].map(|(name, norm, from)| {
        let path = folder.path().join(name);
        std::fs::write(&path, (from..from + 4).map(|item| row(item, norm)).collect::<String>()).unwrap();
        path.to_string_lossy().into_owned()
    });
    let report = check(&shards);
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    let (together, rounds) = merged(&shards.iter().map(|path| vec![path.clone()]).collect::<Vec<_>>());
    assert_eq!((json(&together), rounds), (json(&report), 1));
    for shard in &shards {
        let alone = check(std::slice::from_ref(shard));
        assert!(alone.findings.is_empty(), "alone each is right: {:?}", alone.findings);
        assert_eq!(json(&merge(vec![part(std::slice::from_ref(shard))]).unwrap()), json(&alone));
    }
}

#[test]
fn items_that_go_on_in_another_part_are_gathered() {
    let folder = tempfile::tempdir().unwrap();
    let row = |item: u32, candidate: &str| {
        format!(
            "{{\"item\": \"q{item}\", \"candidate\": \"{candidate}\", \"logprobs\": [-1.25, -1.5], \"score\": -2.75, \
             \"picked\": {}}}\n",
            candidate == "a"
        )
    };
    let paths = ["a", "b"].map(|candidate| {
        let path = folder.path().join(format!("{candidate}.jsonl"));
        std::fs::write(&path, (0..9).map(|item| row(item, candidate)).collect::<String>()).unwrap();
        path.to_string_lossy().into_owned()
    });
    let report = check(&paths);
    assert_eq!(report.summary.items, 9);
    let (together, rounds) = merged(&paths.iter().map(|path| vec![path.clone()]).collect::<Vec<_>>());
    assert_eq!((json(&together), rounds), (json(&report), 1));
}

#[test]
fn a_file_split_at_any_byte_gives_the_report_of_one_audit() {
    // A clean log, one cause, a mixture, items over several lines, and unreadable records.
    let logs = [
        "rules/RT701-duplicate-item/bad.jsonl",
        "formats/native/bug-mean/scores.jsonl",
        "formats/native/bug-mixture/scores.jsonl",
        "cases/C10.jsonl",
        "hostile/mess.jsonl",
    ];
    for log in logs {
        let path = fixture(log);
        let size = std::fs::metadata(&path).unwrap().len();
        let whole = json(&check(std::slice::from_ref(&path)));
        for cuts in [vec![size / 2], vec![size / 3, size / 3 + 1, size - 1], vec![1, 2, size / 7]] {
            let mut ends = cuts.clone();
            ends.push(size);
            let starts: Vec<u64> = std::iter::once(0).chain(cuts).collect();
            let one = |at: usize, plan: Option<&AuditPlan>| {
                part_under(std::slice::from_ref(&path), Some((starts[at], ends[at])), plan)
            };
            let (report, rounds) = settled(starts.len(), one);
            assert_eq!(json(&report), whole, "{log} cut at {starts:?}");
            assert!(rounds <= 3, "{log} cut at {starts:?}: {rounds} plans");
        }
    }
}

#[test]
fn byte_ranges_that_do_not_make_up_a_file_are_refused() {
    let paths = [fixture("cases/C10.jsonl")];
    let size = std::fs::metadata(&paths[0]).unwrap().len();
    let of = |start: u64, end: u64| part_under(&paths, Some((start, end)), None);
    let gap = merge(vec![of(0, 10), of(20, size)]).unwrap_err();
    assert!(matches!(gap, PartError::Uncovered { from: 10, to: 20, .. }), "{gap}");
    let no_end = merge(vec![of(0, 10)]).unwrap_err();
    assert!(matches!(no_end, PartError::Uncovered { from: 10, .. }), "{no_end}");
    let overlap = merge(vec![of(0, 20), of(10, size)]).unwrap_err();
    assert!(matches!(overlap, PartError::Twice { .. }), "{overlap}");
    let beside = merge(vec![of(0, size), part(&paths)]).unwrap_err();
    assert!(matches!(beside, PartError::Twice { .. }), "{beside}");
}

#[test]
fn parts_merged_in_any_tree_give_the_report_of_one_audit() {
    let paths =
        ["formats/native/bug-mixture/scores.jsonl", "cases/C10.jsonl", "formats/native/clean-items/scores.jsonl"];
    let paths = paths.map(fixture);
    let size = std::fs::metadata(&paths[0]).unwrap().len();
    let ranges = [(0, size / 7), (size / 7, size / 2), (size / 2, size / 2 + 1), (size / 2 + 1, size)];
    let pieces = |plan: Option<&AuditPlan>| {
        let of_ranges = ranges.iter().map(|range| part_under(&paths[..1], Some(*range), plan));
        let others = [part_under(&paths[1..], None, plan)];
        of_ranges.chain(others).collect::<Vec<Part>>()
    };
    let whole = json(&check(&paths));
    let union = |parts: Vec<Part>| stored(&Part::union(parts).unwrap());
    for turn in 0..5 {
        let (report, rounds) = settled(1, |_, plan| {
            let mut parts = pieces(plan);
            parts.rotate_left(turn);
            match turn {
                0 => {
                    // An engine may compute a part again.
                    parts.push(pieces(plan).swap_remove(1));
                    union(parts)
                }
                1 => parts.into_iter().reduce(|own, next| union(vec![own, next])).unwrap(),
                _ => {
                    let rest = parts.split_off(turn);
                    union(vec![union(rest), union(parts)])
                }
            }
        });
        assert_eq!(json(&report), whole, "{turn}");
        assert!(rounds <= 3);
    }
    let overlap =
        Part::union([(0, 20), (10, size)].map(|range| part_under(&paths[..1], Some(range), None))).unwrap_err();
    assert!(matches!(overlap, PartError::Twice { .. }), "{overlap}");
    let gap = union([(0, 10), (20, size)].map(|range| part_under(&paths[..1], Some(range), None)).into());
    assert!(matches!(merge(vec![gap]).unwrap_err(), PartError::Uncovered { from: 10, to: 20, .. }));
}

#[test]
fn a_plan_of_other_inputs_is_refused() {
    let shards = ["formats/native/bug-mixture/scores.jsonl", "cases/C10.jsonl"].map(fixture);
    let plan = match merge(vec![
        part_under(&shards[..1], Some((0, 9)), None),
        part_under(&shards[..1], Some((9, u64::MAX)), None),
    ]) {
        Err(PartError::Plan { plan, .. }) => *plan,
        other => panic!("{other:?}"),
    };
    let audit = audit(&shards[1..]);
    let refused = audit.part(audit.open().unwrap(), Some(&plan)).unwrap_err();
    assert!(matches!(refused, Error::Part(PartError::NotPlanned { .. })), "{refused}");
}

#[test]
fn a_range_without_a_record_is_a_part() {
    let folder = Folder::with(&[(
        "log.jsonl",
        "{\"item\": \"q0\", \"candidate\": \"a\", \"logprobs\": [-0.5, -1.25], \"score\": -1.75}\n\
         {\"item\": \"q1\", \"candidate\": \"a\", \"logprobs\": [-0.5, -1.5], \"score\": -2.0}\n",
    )]);
    assert_eq!(folder.run("init --plan plan.json log.jsonl").0, 0);
    // The second range lies inside of the first line.
    for (range, code) in [("0..10", 0), ("10..20", 2), ("20..", 0)] {
        let arguments = ["log.jsonl", "--bytes", range, "--tally", range, "--plan", "plan.json"];
        assert_eq!(folder.command(&arguments).status().unwrap().code(), Some(code), "{range}");
    }
    let (code, out, _) = folder.run("merge 0..10 10..20 20.. --format json");
    let (whole_code, whole, _) = folder.run("check log.jsonl --format json");
    assert_eq!((code, out), (whole_code, whole));
    // A part of an input that cannot be read has none.
    let output = folder.command(&["missing.jsonl", "--tally", "missing"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!folder.path().join("missing").exists());
}
