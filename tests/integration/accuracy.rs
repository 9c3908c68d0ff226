//! A small run of the accuracy benchmark, to prevent regressions. `docs/accuracy.md` has the results of a large run.

#[path = "../accuracy/mod.rs"]
mod truth;

use retally::numeric::NumberFormat;

use truth::arithmetic::{Printing, Reduction};
use truth::{Class, Measured, Settings, figures, judge, markdown, measure};

/// Figures with the minimum share of logs for which they must hold; for faults, the maximum share. These are the
/// requirements of `docs/accuracy.md`, and the logs of the seed below meet them.
const LIMITS: [(&str, Limit); 13] = [
    ("correct logs: a certain finding", Limit::Most(0.0)),
    ("unknown quantities: a certain finding", Limit::Most(0.0)),
    ("half-precision sums: another cause than RT805", Limit::Most(0.0)),
    ("half-precision sums beyond rounding: RT805", Limit::Least(1.0)),
    ("false proofs: constant or coarse column proven", Limit::Most(0.0)),
    ("single deviation: detected", Limit::Least(1.0)),
    ("single deviation: named, or one of an ambiguous pair", Limit::Least(0.99)),
    ("pair of deviations: detected", Limit::Least(1.0)),
    ("pair of deviations: explained", Limit::Least(0.95)),
    ("mixture: both named and the boundary right", Limit::Least(0.97)),
    ("end token in some rows: both spans named", Limit::Least(0.97)),
    ("5 % of the rows wrong: exactly those listed", Limit::Least(1.0)),
    ("column not read", Limit::Most(0.0)),
];

#[derive(Clone, Copy)]
enum Limit {
    Least(f64),
    Most(f64),
}

fn small_run(only: Option<Class>, logs: usize) -> Vec<Measured> {
    measure(&Settings { logs, seed: 5, only, threads: 2 }, &|_, _| ())
}

#[test]
fn the_audit_is_right_as_often_as_before() {
    let measured = small_run(None, 60);
    let table = markdown(&measured);
    let figures = figures(&measured);
    for (name, limit) in LIMITS {
        let figure = figures.iter().find(|figure| figure.name == name).unwrap();
        let holds = match limit {
            Limit::Least(share) => figure.share() >= share,
            Limit::Most(share) => figure.share() <= share,
        };
        assert!(figure.logs > 0 && holds, "{name}\n{table}");
    }
}

/// Logs at the edges of number formats: a power of two between a number and its rounded value, numbers below the
/// smallest normal one, digits that depend on the magnitude.
const AT_THE_EDGE: [(Class, u64); 18] = [
    (Class::HalfSum, 0x51a0_9708_24a6_64b5),
    (Class::HalfSum, 0x7cff_5010_28e8_352e),
    (Class::Correct, 0x168f_f6ac_cccc_f0e2),
    (Class::Correct, 0x52e0_1021_90ee_5c4b),
    (Class::Correct, 0x63ea_0418_efd6_6dea),
    (Class::Unknown, 0x9045_efa4_6077_c310),
    (Class::HalfSum, 0x7b03_5c12_10f3_55fb),
    (Class::Few, 0xc3ad_04c1_8901_821a),
    (Class::Correct, 0x0e15_6f3b_006d_af75),
    (Class::Correct, 0x0d3e_586a_7538_8ed8),
    (Class::Correct, 0x6408_72cb_466e_b16d),
    (Class::Correct, 0xb0b0_de37_662b_d88f),
    (Class::Correct, 0xdce2_4916_7ffa_4a6e),
    (Class::Few, 0x2488_25b7_77d3_f2b8),
    (Class::Few, 0x5088_d42d_2f97_1e44),
    (Class::Few, 0x61fa_9642_d669_8ab1),
    (Class::Few, 0x71a0_9041_a151_56da),
    (Class::Few, 0xb6dd_04fd_dd2b_9032),
];

#[test]
fn logs_at_the_edges_of_formats_are_judged_right() {
    for (class, seed) in AT_THE_EDGE {
        let outcome = judge(&truth::Log::draw(class, seed).unwrap());
        assert!(outcome.is_right(class), "{} {seed:016x}: {}", class.name(), outcome.said);
    }
}

/// Double-precision sums without a cast, in columns whose name means sum or mean.
#[test]
fn correct_logs_in_double_precision_have_no_finding() {
    let promised =
        ["sum_logprob", "score", "loglikelihood", "mean_logprob", "mean_nll", "total_nll", "ppl", "perplexity"];
    let mut measured = small_run(Some(Class::Correct), 150);
    measured.retain(|log| {
        let exact = ["reduction", "cast"].into_iter().all(|name| log.dimension(name) == "f64");
        exact && promised.contains(&log.dimension("name"))
    });
    assert!(measured.len() >= 15, "{} logs", measured.len());
    assert!(measured.iter().all(Measured::is_right), "{}", markdown(&measured));
}

#[test]
fn a_seed_is_a_log() {
    for class in Class::ALL {
        let draw = || truth::Log::draw(class, 77).unwrap().bytes();
        assert_eq!(draw(), draw(), "{}", class.name());
    }
}

/// The same output as Python for each format.
#[test]
fn numbers_are_printed_as_by_c() {
    for (value, digits, text) in [
        (-3.5, 5, "-3.5"),
        (123_456.0, 5, "1.2346e+05"),
        (12_340.0, 4, "1.234e+04"),
        (1234.0, 4, "1234"),
        (-0.000_123_44, 4, "-0.0001234"),
        (0.000_012_344, 4, "1.234e-05"),
        (9.9996, 4, "10"),
        (0.0, 4, "0"),
    ] {
        assert_eq!(Printing::General(digits).text(value), text);
    }
    assert_eq!(Printing::Scientific(3).text(-0.001_234_4), "-1.234e-03");
    assert_eq!(Printing::Single.text(-0.587_391_4), "-0.5873914");
    assert_eq!(Printing::Double.text(-2.0), "-2.0");
}

#[test]
fn half_a_place_follows_the_digits() {
    assert_eq!(Printing::Fixed(2).half(-3.0), 0.005);
    assert_eq!(Printing::General(4).half(12_340.0), 5.0);
    assert_eq!(Printing::General(4).half(-0.001_234), 0.000_000_5);
    assert_eq!(Printing::Scientific(3).half(12.34), 0.005);
}

#[test]
fn a_running_sum_in_half_precision_stops_growing() {
    let values = vec![-1.0; 400];
    assert_eq!(Reduction::Half(NumberFormat::Bf16).sum(&values), -256.0);
    assert_eq!(Reduction::Half(NumberFormat::F16).sum(&values), -400.0);
    assert_eq!(Reduction::SinglePairwise.sum(&[0.1, 0.2, 0.3]), f64::from(0.1_f32 + (0.2_f32 + 0.3_f32)));
    assert_eq!(Reduction::SingleBackwards.sum(&[1e8, 1.0, 1.0]), 1e8);
}
