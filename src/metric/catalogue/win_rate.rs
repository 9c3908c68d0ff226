//! Win rate: the share of comparisons that a side wins. A tie counts as half (`AlpacaEval`, `alpaca_eval/metrics/winrate.py`), is
//! left out, or is not won. Tie rate and loss rate are the shares of the other outcomes.
//!
//! Wrong: a tie counted as won; the other side's rate.

use std::collections::BTreeMap;

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::{Found, Ways, Wrong};
use crate::metric::known::{Kind, Metric};
use crate::metric::outcomes::{Labels, is_tie};
use crate::metric::wrong::AggregateCause;
use crate::model::plain_name;
use crate::numeric::Approx;

pub(super) static METRIC: Metric = Metric {
    of_columns: Some(of_columns),
    ..Metric::new(&["draw_rate", "loss_rate", "lose_rate", "tie_rate", "win_rate", "winrate"], Kind::Number)
};

/// What the rows do not say.
const SIDES: Missing =
    ("it is unclear which side it is of and what a tie counts", "who won each comparison, under the side's name");

/// Labels of the side that a number without a side's name is of.
const WON: [&str; 7] = ["win", "wins", "won", "model", "candidate", "ours", "true"];
/// Labels of the other side beside these.
const LOST: [&str; 9] = ["loss", "lose", "lost", "losses", "baseline", "reference", "false", "theirs", "opponent"];

/// What a name counts or is the rate of, a win, a tie or a loss, and the words that are left of it.
pub(in crate::metric) fn outcome(name: &str) -> Option<(&'static str, Vec<String>)> {
    const OUTCOMES: [(&str, &[&str]); 3] =
        [("win", &["win", "wins"]), ("tie", &["tie", "ties", "draw", "draws"]), ("loss", &["loss", "losses", "lose"])];
    const EMPTY: [&str; 8] = ["rate", "of", "for", "the", "overall", "mean", "pct", "percent"];
    let own = plain_name(name).replace("winrate", "win_rate");
    let words: Vec<&str> = own.split('_').collect();
    let (what, _) = OUTCOMES.into_iter().find(|(_, known)| words.iter().any(|word| known.contains(word)))?;
    let is_left = |word: &&str| !EMPTY.contains(word) && !OUTCOMES.iter().any(|(_, known)| known.contains(word));
    Some((what, words.into_iter().filter(is_left).map(str::to_owned).collect()))
}

/// Whether a name is that of a rate of outcomes.
pub(in crate::metric) fn is_rate(name: &str) -> bool {
    let has = |word: &str| name.split('_').any(|own| own == word);
    has("winrate") || has("rate") && outcome(name).is_some()
}

/// Whether a label is the side of some words: `model_a` of `a`.
fn is_side(label: &str, words: &[String]) -> bool {
    let own = plain_name(label);
    let parts: Vec<&str> = own.split('_').collect();
    let has_all = words.iter().all(|word| parts.contains(&word.as_str()));
    has_all || parts.iter().all(|part| words.iter().any(|word| word == part)) || own == words.join("_")
}

/// The outcomes of one field.
struct Outcomes<'l> {
    /// Sides with what they won.
    sides: Vec<(&'l str, u64)>,
    ties: u64,
    nothing: u64,
}

impl<'l> Outcomes<'l> {
    fn of(field: &'l Labels) -> Option<Self> {
        let labels: &BTreeMap<String, u64> = field.all()?;
        let numbers: Option<Vec<f64>> = labels.keys().map(|label| label.parse().ok()).collect();
        // Of three numbers the one in the middle is a tie; of 0.5 and 1.5 everybody knows.
        let middle = numbers.filter(|all| all.len() == 3).map(|mut all| {
            all.sort_by(f64::total_cmp);
            all.get(1).copied().unwrap_or(f64::NAN)
        });
        let is_middle = |label: &str| {
            let number: Option<f64> = label.parse().ok();
            number.is_some_and(|own| Some(own) == middle || [0.5, 1.5].contains(&own))
        };
        // The third letter beside A and B is a tie in MT-bench's verdicts.
        let has = |letter: &str| labels.keys().any(|label| label.eq_ignore_ascii_case(letter));
        let is_third = |label: &str| label.eq_ignore_ascii_case("c") && has("a") && has("b") && labels.len() == 3;
        let is_draw = |label: &str| is_tie(label) || is_middle(label) || is_third(label);
        let ties = labels.iter().filter(|(label, _)| is_draw(label)).map(|(_, rows)| rows).sum();
        let sides: Vec<(&str, u64)> =
            labels.iter().filter(|(label, _)| !is_draw(label)).map(|(label, rows)| (label.as_str(), *rows)).collect();
        (1..=2).contains(&sides.len()).then_some(Self { sides, ties, nothing: field.nothing })
    }

    fn judged(&self) -> u64 {
        self.sides.iter().map(|(_, rows)| rows).sum::<u64>() + self.ties
    }

    /// The sides that a number may be of, and whether its name says which.
    fn sides_of(&self, words: &[String]) -> (Vec<(&'l str, u64)>, bool) {
        let known: Vec<(&str, u64)> = if words.is_empty() {
            let is_known = |label: &str| WON.contains(&&*plain_name(label));
            self.sides.iter().copied().filter(|(label, _)| is_known(label)).collect()
        } else {
            self.sides.iter().copied().filter(|(label, _)| is_side(label, words)).collect()
        };
        if known.len() == 1 { (known, true) } else { (self.sides.clone(), false) }
    }
}

fn of_columns(asked: &Asked<'_>) -> Option<Found> {
    let columns = asked.facts.columns;
    let (what, words) = outcome(&asked.claim.of.metric)?;
    let fields = || columns.joint.outcomes.fields.values().filter(|field| field.rows == columns.rows);
    // Of two fields nobody says which it is.
    let field = fields().next().filter(|_| fields().count() == 1)?;
    let outcomes = Outcomes::of(field)?;
    let (sides, is_named) = outcomes.sides_of(&words);
    let judged = outcomes.judged();
    let mut totals = vec![(judged, "comparisons")];
    totals.extend((outcomes.nothing > 0).then_some((columns.rows, "rows")));
    let mut ways = Ways { rows: columns.rows, over: Some(judged), ..Ways::default() };
    let share = |count: f64, of: u64| Approx::exact(count).over(of as f64);
    let ties = outcomes.ties as f64;
    if what != "win" {
        let lost = outcomes.sides.iter().filter(|(label, _)| LOST.contains(&&*plain_name(label)));
        let counts: Vec<(String, f64)> = match what {
            "tie" => vec![("ties".to_owned(), ties)],
            _ => lost.map(|(label, rows)| (format!("`{label}`"), *rows as f64)).collect(),
        };
        for (of, words) in &totals {
            ways.right.extend(
                counts.iter().map(|(label, count)| Derived::new(share(*count, *of), format!("{label}/{words}"))),
            );
        }
        return ways.settle(asked, SIDES);
    }
    for (side, won) in &sides {
        let won = *won as f64;
        for (of, words) in &totals {
            let own = |value: f64, of: u64, rule: &str| Derived::new(share(value, of), format!("{rule}, `{side}`"));
            ways.right.push(own(won + ties / 2.0, *of, &format!("(won + ties/2)/{words}")));
            ways.right.push(own(won, *of, &format!("won/{words}, a tie not won")));
        }
        let decided = judged - outcomes.ties;
        ways.right.push(Derived::new(share(won, decided), format!("won/(won + lost), ties left out, `{side}`")));
        if is_named && outcomes.ties > 0 {
            let value = share(won + ties, judged);
            let why = "counts every tie as won";
            ways.wrong.push(Wrong::new(AggregateCause::Mismatch, value, "(won + ties)/comparisons", why));
        }
    }
    let other = outcomes.sides.iter().find(|(label, _)| sides.iter().all(|(side, _)| side != label));
    if let Some((label, won)) = other.filter(|_| is_named) {
        let why = format!("is the win rate of the other side, `{label}`");
        for value in [share(*won as f64 + ties / 2.0, judged), share(*won as f64, judged - outcomes.ties)] {
            ways.wrong.push(Wrong::new(AggregateCause::Mismatch, value, &format!("win rate of `{label}`"), &why));
        }
    }
    ways.settle(asked, SIDES)
}

#[cfg(test)]
mod tests {
    use crate::metric::alike::tests::Nowhere;
    use crate::metric::columns::RowColumns;
    use crate::metric::tests::found;
    use crate::model::{FieldValue, RowField, Text, Verdict};

    /// 4 × A, 2 × B, 2 ties.
    fn columns(labels: [&'static str; 3]) -> RowColumns {
        let mut all = RowColumns::default();
        for (at, label) in (1..).zip([0, 0, 0, 0, 1, 1, 2, 2]) {
            let value = FieldValue::Text(Text::plain(labels[label]));
            all.observe(at, &[RowField::new("winner".into(), value)], &[], &Nowhere);
        }
        all
    }

    #[test]
    fn each_rule_for_ties_by_hand() {
        let all = columns(["model_a", "model_b", "tie"]);
        let of = |name: &str, printed: &str| found(super::of_columns, &all, 8, name, printed).unwrap();
        // 5/8, 4/8, 4/6.
        for printed in ["0.625", "62.5", "0.500", "0.6667"] {
            assert_eq!(of("win_rate_a", printed).verdict, Verdict::Proven, "{printed}");
        }
        assert_eq!(of("tie_rate", "0.25").verdict, Verdict::Proven);
        assert!(of("win_rate_a", "0.7500").why.contains("tie"));
        assert!(of("model_b_win_rate", "0.6250").why.contains("other side"));
        assert_eq!(of("win_rate_a", "0.111").verdict, Verdict::Unprovable);
        // Nobody says whose it is.
        assert_eq!(of("win_rate", "0.375").verdict, Verdict::Proven);
        assert_eq!(of("win_rate", "0.7500").verdict, Verdict::Unprovable);
    }

    #[test]
    fn wins_and_losses_name_the_side() {
        let all = columns(["win", "loss", "draw"]);
        let of = |name: &str, printed: &str| found(super::of_columns, &all, 8, name, printed).unwrap();
        assert_eq!(of("win_rate", "0.625").verdict, Verdict::Proven);
        assert_eq!(of("loss_rate", "0.25").verdict, Verdict::Proven);
        assert_eq!(of("win_rate", "0.7500").verdict, Verdict::Refuted);
    }
}
