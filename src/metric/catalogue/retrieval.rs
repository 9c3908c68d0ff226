//! Measures of what a search returned: NDCG@k, DCG@k, MRR, precision@k, recall@k, hit@k, MAP, each the mean over queries.
//!
//! Definitions are those of `trec_eval` 9 (`m_ndcg_cut.c`, `m_recip_rank.c`, `m_P.c`, `m_recall.c`, `m_success.c`, `m_map.c`). Gains
//! are linear or 2^relevance − 1, the discount is log2(rank + 1) or, after Järvelin and Kekäläinen, 1 and log2(rank). A query
//! without a relevant document counts as 0 or is left out; both are in use.
//!
//! Not what the name says: an ideal over the returned documents, or over as many judged ones as were returned; an average
//! precision over the relevant documents that were returned (<https://github.com/opensearch-project/search-relevance/pull/39>); a
//! hit rate under the name of recall. Wrong: an ideal in the order of the judgments, which lets NDCG exceed 1; a mean
//! reciprocal rank over the queries with a hit.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::{Found, Remark, Ways, Wrong};
use crate::metric::known::{Kind, Metric};
use crate::metric::ranking::{Discount, Gain, Ideal, Measure, Rankings};
use crate::metric::retrieval_name::{Family, retrieval};
use crate::metric::wrong::AggregateCause;
use crate::numeric::{Approx, NumberFormat, show};

pub(super) static METRIC: Metric = Metric {
    of_columns: Some(of_columns),
    ..Metric::new(
        &[
            "ap",
            "average_precision",
            "dcg",
            "dcg@",
            "hit",
            "hit@",
            "hit_rate",
            "hit_rate@",
            "hits@",
            "map",
            "map@",
            "mean_average_precision",
            "mean_reciprocal_rank",
            "mrr",
            "mrr@",
            "ndcg",
            "ndcg@",
            "p@",
            "precision@",
            "r@",
            "recall@",
            "recip_rank",
            "reciprocal_rank",
        ],
        Kind::Number,
    )
};

/// What the rows do not say.
const JUDGMENTS: Missing =
    ("it is unclear what it is computed over", "the returned documents and all judgments of every query, and the cut");

const GAINS: [(Gain, &str); 2] = [(Gain::Linear, "linear gains"), (Gain::Exponential, "gains of 2^relevance - 1")];
const DISCOUNTS: [(Discount, &str); 2] = [(Discount::Early, ""), (Discount::Late, ", discount from rank 2 on")];

/// The ways to compute a number of a family over the queries of a stream.
struct Search<'s> {
    rankings: &'s Rankings,
    cut: u32,
    ways: Ways,
}

impl Search<'_> {
    fn mean(&self, measure: Measure) -> Option<Approx> {
        let rows = self.rankings.rows as f64;
        // Tools add up in single precision as often as in double.
        Some(Approx::exact(self.rankings.mean(self.cut, measure)?).rounded(rows + 64.0, NumberFormat::F64))
    }

    /// A measure that its name may stand for, over all queries and over those with a relevant document.
    fn right(&mut self, measure: Measure, words: &str) {
        let Some(mean) = self.mean(measure) else { return };
        self.ways.right.push(Derived::new(mean, format!("mean({words}) over {} queries", self.rankings.rows)));
        let with = self.rankings.rows - self.rankings.without;
        if self.rankings.without > 0 && with > 0 {
            let value = mean.scaled(self.rankings.rows as f64 / with as f64);
            let words = format!("mean({words}) over the {with} queries with a relevant document");
            self.ways.right.push(Derived::new(value, words));
        }
    }

    fn other(&self, measure: Measure, words: &str, why: &str) -> Option<Wrong> {
        Some(Wrong::new(AggregateCause::Mismatch, self.mean(measure)?, words, why))
    }

    fn doubtful(&mut self, measure: Measure, words: &str, why: &str) {
        let other = self.other(measure, words, why);
        self.ways.doubtful.extend(other);
    }

    fn wrong(&mut self, measure: Measure, words: &str, why: &str) {
        let other = self.other(measure, words, why);
        self.ways.wrong.extend(other);
    }

    fn ndcg(&mut self) {
        let is_judged = self.rankings.judged == self.rankings.rows;
        for (gain, gains) in GAINS {
            for (discount, late) in DISCOUNTS {
                let of = |ideal| Measure::Ndcg(gain, discount, ideal);
                let words = format!("ndcg with {gains}{late}");
                if !is_judged {
                    self.right(of(Ideal::Returned), &format!("{words}, ideal over the returned documents"));
                    self.right(of(Ideal::Top), &format!("{words}, ideal over the documents within the cut"));
                    continue;
                }
                self.right(of(Ideal::Judged), &words);
                let returned = "takes its ideal over the returned documents, not over all judged ones";
                self.doubtful(of(Ideal::Returned), &format!("{words}, ideal over the returned documents"), returned);
                self.doubtful(of(Ideal::Top), &format!("{words}, ideal over the documents within the cut"), returned);
                let count = "takes its ideal over only as many judged documents as were returned";
                self.doubtful(of(Ideal::Count), &format!("{words}, ideal over as many as were returned"), count);
                let unsorted = "takes its ideal over the judgments in the order in which they are logged, unsorted";
                self.wrong(of(Ideal::Unsorted), &format!("{words}, ideal unsorted"), unsorted);
            }
        }
    }

    fn reciprocal(&mut self) {
        self.right(Measure::Reciprocal, "1/rank of the first relevant document");
        if self.rankings.zeros > 0 {
            self.right(Measure::ReciprocalFromZero, "1/(rank + 1), ranks from 0");
        }
        let hits = self.rankings.rows - self.rankings.missed;
        if self.rankings.missed > self.rankings.without
            && hits > 0
            && let Some(mean) = self.mean(Measure::Reciprocal)
        {
            let why = format!("leaves out the {} queries without a relevant document returned", self.rankings.missed);
            let value = mean.scaled(self.rankings.rows as f64 / hits as f64);
            let words = format!("mean over the {hits} queries with a hit");
            self.ways.wrong.push(Wrong::new(AggregateCause::Mismatch, value, &words, &why));
        }
    }

    fn average(&mut self) {
        self.right(Measure::Average, "Σ precision at relevant documents / relevant documents");
        self.right(Measure::AverageCapped, "Σ precision at relevant documents / min(relevant documents, k)");
        let words = "Σ precision at relevant documents / relevant documents that were returned";
        if self.rankings.judged < self.rankings.rows {
            return self.right(Measure::AverageOfFound, words);
        }
        let why = "divides by the relevant documents that were returned, not by all relevant ones";
        self.doubtful(Measure::AverageOfFound, words, why);
    }

    fn fill(&mut self, family: Family) {
        match family {
            Family::Ndcg => self.ndcg(),
            Family::Dcg => {
                for (gain, gains) in GAINS {
                    for (discount, late) in DISCOUNTS {
                        self.right(Measure::Dcg(gain, discount), &format!("dcg with {gains}{late}"));
                    }
                }
            }
            Family::Reciprocal => self.reciprocal(),
            Family::Precision => {
                self.right(Measure::Precision, "relevant documents/k");
                self.right(Measure::PrecisionOfReturned, "relevant documents/returned documents");
            }
            Family::Recall => {
                self.right(Measure::Recall, "relevant documents returned/relevant documents");
                self.right(Measure::RecallCapped, "relevant documents returned/min(relevant documents, k)");
                let why = "counts a query as 1 if any relevant document is returned, which is a hit rate";
                self.doubtful(Measure::Hit, "queries with a hit/queries", why);
            }
            Family::Hit => {
                self.right(Measure::Hit, "queries with a relevant document");
                if self.rankings.zeros > 0 {
                    self.right(Measure::HitFromZero, "queries with a relevant document, ranks from 0");
                }
                let why = "is the share of relevant documents that are returned, which is a recall";
                self.doubtful(Measure::Recall, "relevant documents returned/relevant documents", why);
            }
            Family::Average => self.average(),
        }
    }
}

fn of_columns(asked: &Asked<'_>) -> Option<Found> {
    let columns = asked.facts.columns;
    let rankings = &columns.facts.rankings;
    let (family, cut) = retrieval(&asked.claim.of.metric)?;
    if rankings.rows == 0 || rankings.rows < columns.rows.max(asked.facts.items) {
        return None;
    }
    let ways = Ways { rows: rankings.rows, ..Ways::default() };
    let mut search = Search { rankings, cut, ways };
    search.fill(family);
    let found = search.ways.settle(asked, JUDGMENTS)?;
    if found.cause.is_some() {
        return Some(beyond_one(found, asked));
    }
    if found.missing.is_none() && found.remark.is_none() {
        return Some(with_rows(found, asked, rankings, family, cut));
    }
    Some(found)
}

/// A wrong number whose rows exceed the range of its metric says so.
fn beyond_one(found: Found, asked: &Asked<'_>) -> Found {
    let columns = &asked.facts.columns.columns;
    let own = retrieval(&asked.claim.of.metric);
    let field = columns.iter().find(|(name, rows)| retrieval(name) == own && rows.numbers > 0);
    let Some((_, rows)) = field.filter(|(_, rows)| rows.beyond > 0) else { return found };
    let high = rows.range.map_or(f64::NAN, |(_, high)| high);
    if high <= 1.0 {
        return found;
    }
    let why = format!("{}: it is above 1 in {} of {} rows, up to {}", found.why, rows.beyond, rows.numbers, show(high));
    Found { cause: Some(AggregateCause::Percent), why, ..found }
}

/// A number that follows from the searches, although the rows' own values of it are others in most rows.
fn with_rows(found: Found, asked: &Asked<'_>, rankings: &Rankings, family: Family, cut: u32) -> Found {
    let mut fields = rankings.fields.iter().filter(|(name, _)| retrieval(name) == Some((family, cut)));
    let Some((name, own)) = fields.next() else { return found };
    let most = own.agreeing.values().max().copied().unwrap_or(0);
    if own.rows != rankings.rows || most * 2 > own.rows {
        return found;
    }
    let (metric, reported) = (&asked.claim.of.metric, show(asked.printed.value));
    let title = format!(
        "{metric} {reported} follows from the returned documents, but `{name}` of {} of {} rows does not",
        own.rows - most,
        own.rows
    );
    let remark = Remark {
        code: "RT611",
        title,
        help: "compute the rows' values and the mean from the same documents and judgments",
        expected: None,
        of: (own.rows - most, own.rows),
    };
    found.remarked(remark)
}

#[cfg(test)]
mod tests {
    use crate::metric::AggregateCause;
    use crate::metric::alike::tests::Nowhere;
    use crate::metric::columns::RowColumns;
    use crate::metric::found::Found;
    use crate::model::{Returned, RowFact, Verdict};

    /// Three queries: relevances by rank of what was returned, and all judgments.
    fn columns() -> RowColumns {
        let mut all = RowColumns::default();
        let queries = [
            (vec![(1, 1.0), (3, 2.0)], vec![1.0, 2.0, 2.0]),
            (vec![(2, 3.0)], vec![0.0, 3.0]),
            (Vec::new(), vec![0.0, 1.0]),
        ];
        for (at, (relevant, judged)) in (1..).zip(queries) {
            let returned = Returned { relevant, documents: Some(3), judged: Some(judged), is_rank_zero: false };
            all.observe(at, &[], &[RowFact::Returned(returned)], &Nowhere);
        }
        all
    }

    fn found(name: &str, printed: &str) -> Option<Found> {
        crate::metric::tests::found(super::of_columns, &columns(), 3, name, printed)
    }

    #[test]
    fn each_measure_by_hand() {
        let verdict = |name: &str, printed: &str| found(name, printed).unwrap().verdict;
        // (1 + 1/2 + 0) ÷ 3; the first two only.
        assert_eq!(verdict("mrr", "0.5"), Verdict::Proven);
        assert_eq!(found("mrr", "0.750").unwrap().cause, Some(AggregateCause::Mismatch));
        assert_eq!(verdict("mrr", "0.6123"), Verdict::Unprovable);
        // (2/3 + 1 + 0) ÷ 3 = 5/9; hits 2/3.
        assert_eq!(verdict("recall@3", "0.5556"), Verdict::Proven);
        assert!(found("recall@3", "0.6667").unwrap().remark.is_some());
        assert_eq!(verdict("hit@3", "0.6667"), Verdict::Proven);
        assert_eq!(verdict("precision@3", "0.3333"), Verdict::Proven);
        // ((1 + 2/3) ÷ 3 + 1/2 + 0) ÷ 3.
        assert_eq!(verdict("MAP", "0.35185"), Verdict::Proven);
        assert!(found("map", "0.44444").unwrap().remark.is_some());
    }

    #[test]
    fn ndcg_and_its_ideals_by_hand() {
        let log = crate::numeric::log2;
        // 1 + 2/2 = 2 of 2 + 2/log2 3 + 1/2; 3/log2 3 of 3; 0.
        let right = (2.0 / (2.5 + 2.0 / log(3.0)) + 1.0 / log(3.0)) / 3.0;
        // Of those returned: 2 + 1/log2 3.
        let returned = (2.0 / (2.0 + 1.0 / log(3.0)) + 1.0 / log(3.0)) / 3.0;
        // In the order logged: 1 + 2/log2 3 + 2/2; 0 + 3/log2 3.
        let unsorted = (2.0 / (2.0 + 2.0 / log(3.0)) + 1.0) / 3.0;
        let of = |value: f64| found("ndcg@10", &format!("{value:.9}")).unwrap();
        assert_eq!(of(right).verdict, Verdict::Proven);
        assert!(of(right).remark.is_none());
        assert!(of(returned).remark.unwrap().title.contains("over the returned documents"));
        assert_eq!(of(unsorted).verdict, Verdict::Refuted);
        assert_eq!(of(0.123_456_789).verdict, Verdict::Unprovable);
        assert_eq!(found("ndcg@10", &format!("{:.7}", right * 100.0)).unwrap().verdict, Verdict::Proven);
    }
}
