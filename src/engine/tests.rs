use std::io::Write as _;

use super::*;
use crate::config::InputConfig;
use crate::source::Input;

/// Rows of one token; every seventh one is not JSON.
fn rows(count: usize) -> String {
    let row = |at: usize| match at % 7 {
        6 => "no json\n".to_owned(),
        _ => format!("{{\"item\": \"q{at}\", \"tokens\": [\"a\"], \"logprobs\": [-0.{at}], \"score\": -0.{at}}}\n"),
    };
    (10..10 + count).map(row).collect()
}

fn opened(name: &str, bytes: &[u8], format: Option<&str>) -> RecognisedInput {
    open(Input::bytes(name, bytes), &InputConfig::default(), format).unwrap().ok().unwrap()
}

fn audited(input: &RecognisedInput, settings: &Settings) -> FileTally {
    let plan = FilePlan::new(input.reader.columns(), settings.tolerance);
    one(input, 0, &plan, settings.threads, settings)
}

/// Line, column and reason of each record that could not be read.
fn errors(tally: &FileTally) -> Vec<(u64, u64, &str)> {
    tally.errors.kept().iter().map(|error| (error.place.line, error.place.column, error.reason.as_str())).collect()
}

#[test]
fn reading_in_order_and_side_by_side_give_one_tally() {
    let input = opened("log.jsonl", rows(40).as_bytes(), None);
    let in_order = audited(&input, &Settings::default());
    assert_eq!((in_order.records, in_order.candidates, in_order.steps, in_order.unreadable), (40, 34, 34, 6));
    assert_eq!(errors(&in_order)[0].0, 4, "line 4 is the first that is not JSON");
    for (threads, unit_bytes) in [(2, 100), (3, 1), (4, 1 << 20)] {
        let settings = Settings { threads, unit_bytes, ..Settings::default() };
        assert_eq!(audited(&input, &settings), in_order, "{threads} threads, units of {unit_bytes} bytes");
    }
}

#[test]
fn an_early_end_is_an_error_and_the_records_before_it_count() {
    let packed = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    // Two members of one gzip file, the second only a header.
    let mut bytes = packed(&rows(3));
    let second = packed(&rows(30));
    bytes.extend_from_slice(&second[..10]);
    let input = opened("log.jsonl.gz", &bytes, None);
    for threads in [1, 3] {
        let tally = audited(&input, &Settings { threads, ..Settings::default() });
        assert_eq!((tally.records, tally.candidates, tally.unreadable), (3, 3, 1), "{threads} threads");
        let found = errors(&tally);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].2.contains("unexpected end of stream after line 3"), "{found:?}");
    }
}

#[test]
fn members_of_a_document_are_records_at_their_own_places() {
    let member = |at: usize, score: &str| {
        let label = |name: &str| {
            format!("\"label: {name}\": {{\"testing input\": \"x\", \"prompt\": \"x\", \"Loglikelihood\": {score}}}")
        };
        format!("\"{at}\": {{{}, {}, \"prediction\": \"A\"}}", label("A"), label("B"))
    };
    let whole = format!("{{{},\n  {},\n  {}}}", member(0, "-1.5"), member(1, "\"x\""), member(2, "-2.5"));
    let input = opened("local_ll.json", whole.as_bytes(), Some("opencompass-ll"));
    assert!(matches!(input.reader.framing(), Framing::Nested([])));
    let tally = audited(&input, &Settings::default());
    assert_eq!((tally.records, tally.candidates), (3, 4));
    let column = whole.lines().nth(1).and_then(|line| line.find("\"x\"}")).map(|at| at as u64 + 1);
    assert_eq!(errors(&tally).iter().map(|error| (error.0, Some(error.1))).collect::<Vec<_>>(), [(2, column)]);

    // Without its last member and its end, the document has the records before.
    let cut = &whole[..whole.rfind("\n  \"2\"").unwrap()];
    let tally = audited(&opened("local_ll.json", cut.as_bytes(), Some("opencompass-ll")), &Settings::default());
    assert_eq!((tally.records, tally.candidates, errors(&tally).len()), (2, 2, 2), "{:?}", errors(&tally));
}
