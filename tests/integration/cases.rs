//! The worked cases: number, verdict, code and message.

use retally::report::Evidence;

use crate::support::{check, codes, counts, fixture, text};

/// Checks the code of a case and phrases in its text.
fn case(path: &str, code: Option<&str>, says: &[&str]) -> retally::report::Report {
    let report = check(&[fixture(&format!("cases/{path}"))]);
    assert_eq!(codes(&report), code.into_iter().collect::<Vec<_>>(), "{path}");
    let text = text(&report);
    for part in says {
        assert!(text.contains(part), "{path}: expected `{part}` in\n{text}");
    }
    report
}

#[test]
fn c1_total_log_likelihood() {
    let report = case("C1-right.jsonl", None, &["score     proven"]);
    assert_eq!(counts(&report, "score").proven, 1);
    case(
        "C1-wrong.jsonl",
        Some("RT204"),
        &[
            "`score` is the mean of the log-probs, not their sum",
            "reported -1.166667; sum(logprob) = -1.500000 - 0.800000 - 1.200000 = -3.500000; sum(logprob)/n = -3.500000/3 = -1.166667",
        ],
    );
}

#[test]
fn c2_the_same_from_another_model() {
    case(
        "C2.jsonl",
        Some("RT200"),
        &[
            "does not match the sum of the log-probs or any known formula",
            "sum(logprob) = -1.500000 - 0.900000 - 1.200000 = -3.600000",
            "off by 0.100000",
        ],
    );
}

#[test]
fn c3_two_paths() {
    let report = case("C3.jsonl", Some("RT401"), &["-2.4", "-2.3", "0.1000 nats more", "-0.9 against -1.2"]);
    assert_eq!(counts(&report, "score").proven, 2);
}

#[test]
fn c4_summed_logits() {
    let report = case(
        "C4.jsonl",
        Some("RT202"),
        &[
            "`score` is the sum of the raw logits",
            "sum(logit) matches all 2 rows where it differs from sum(logprob)",
            "1 of 1 pick changes",
        ],
    );
    assert!(report.findings[0].help.contains("it does not cancel"));
    let Evidence::Column(evidence) = &report.findings[0].evidence else { panic!("{:?}", report.findings[0]) };
    let expected = evidence.convention.unwrap().0;
    assert!((expected - -1.411_907_165_643_678_6).abs() < 5e-16, "{expected}");
}

#[test]
fn c5_greedy_on_a_tie() {
    case(
        "C5.jsonl",
        Some("RT401"),
        &["-1.3862943611198906", "-0.6931925794591621", "0.6931 nats more", "tie at step 1"],
    );
}

#[test]
fn c6_shortlist_softmax() {
    let report = case("C6.jsonl", Some("RT107"), &["at all 22 steps", "over a subset that changes from step to step"]);
    let Evidence::Rule(evidence) = &report.findings[0].evidence else { panic!("{:?}", report.findings[0]) };
    let worst = evidence.found.unwrap().0 - evidence.expected.unwrap().0;
    assert!((worst - 1.964_277).abs() < 1e-5, "{worst}");
}

#[test]
fn c7_linear_normalisation() {
    let report = case(
        "C7.jsonl",
        Some("RT106"),
        &[
            "logits divided by their sum",
            "sum(linear_logprob) matches all 7 rows where it differs from",
            "at 39 of 39 steps",
        ],
    );
    assert_eq!(counts(&report, "score").refuted, 7);
}

#[test]
fn c8_high_confidence_wrong_token() {
    let report = case("C8.jsonl", Some("RT112"), &["at all 20 steps whose token is not the top alternative"]);
    assert_eq!(report.findings[0].count, 20);
}

#[test]
fn c9_should_have_generated_it() {
    case("C9.jsonl", Some("RT401"), &["the pick is the greedy path", "0.7000 nats more"]);
}

#[test]
fn c10_padding_in_the_sum() {
    case("C10.jsonl", Some("RT307"), &["with the padding"]);
}

#[test]
fn c11_two_normalisers_in_one_column() {
    let report = case(
        "C11.jsonl",
        Some("RT411"),
        &["candidates of one item have a `score` of different formulas", "6 rows match only sum(logprob)/n"],
    );
    assert_eq!(counts(&report, "total_logprob").proven, 12);
    assert_eq!(counts(&report, "mean_logprob").proven, 12);
    assert_eq!(counts(&report, "score").refuted, 6);
}

#[test]
fn c12_an_older_script_for_some_rows() {
    case(
        "C12",
        Some("RT707"),
        &[
            "42 rows match only sum(logprob): item q0",
            "29 rows match only sum(logprob)/n: item q14",
            "between line 42 (item q13) and line 43 (item q14)",
        ],
    );
}

/// A case with the digits printed in a book.
fn typed(name: &str, code: Option<&str>, says: &[&str]) -> retally::report::Report {
    case(&format!("{name}-typed.jsonl"), code, says)
}

#[test]
fn typed_numbers_that_add_up_are_proven() {
    let report = typed("C1", None, &["score     proven"]);
    assert_eq!(counts(&report, "score").proven, 1);
}

#[test]
fn typed_numbers_that_only_rounding_explains_are_not_decided() {
    for (name, reported) in [("C2-typed", "-3.5"), ("C2-typed-other", "-3.7")] {
        let says =
            format!("give sum(logprob) = -3.6; {reported} would need rounding of up to 0.2: too coarse to decide");
        let report = case(&format!("{name}.jsonl"), None, &[&says, "log more digits"]);
        let verdicts = counts(&report, "score");
        assert_eq!((verdicts.proven, verdicts.refuted, verdicts.unprovable), (0, 0, 1), "{name}");
    }
}

#[test]
fn typed_numbers_that_are_declared_exact_are_held_to_their_digits() {
    let path = fixture("cases/C2-typed.jsonl");
    let declared = retally::Config::parse("retally.toml", "[tolerance]\ndigits = \"exact\"", std::path::Path::new("."));
    for audit in [
        crate::support::audit(std::slice::from_ref(&path)).exact_digits(true),
        retally::Audit::new(declared.unwrap()).inputs([path.clone()]),
    ] {
        let report = audit.run().unwrap();
        assert_eq!(codes(&report), ["RT200"]);
        let text = text(&report);
        assert!(text.contains("sum(logprob) = -1.5 - 0.9 - 1.2 = -3.6; off by 0.1"), "{text}");
    }
}

#[test]
fn a_typed_pick_is_held_to_the_printed_scores() {
    let report = typed("C3", Some("RT401"), &["-2.4", "-2.3", "0.1000 nats more", "at step 1", "-0.9 against -1.2"]);
    assert_eq!(counts(&report, "score").proven, 2);
}

#[test]
fn the_impact_of_typed_logits_is_that_of_their_digits() {
    let report = typed("C4", Some("RT202"), &["sum(logit) matches all 2 rows", "1 of 1 pick changes"]);
    let impact = report.diagnoses[0].impact.as_ref().unwrap();
    assert_eq!((impact.items, impact.flips, impact.undecided), (1, 1, 0));
}

#[test]
fn shares_of_typed_logits_are_linear() {
    let report = case("C7-typed.jsonl", Some("RT106"), &["at 4 of 4 steps the probability is the logit divided by"]);
    assert_eq!(report.findings[0].count, 4);
}
