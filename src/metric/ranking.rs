//! Measures of what a search returned, for each query and each way to compute them that is in use.
//!
//! NDCG after Järvelin and Kekäläinen 2002 (<https://doi.org/10.1145/582415.582418>) with linear gains, as `trec_eval`
//! computes it (`m_ndcg_cut.c`), or with 2^relevance − 1 (Burges et al. 2005). The ideal is over all judged documents; tools
//! have taken it over those returned (<https://github.com/o19s/quepid/issues/836>), over as many judged ones as were returned
//! (<https://github.com/elastic/elasticsearch/pull/154362>), or in the order of the judgments
//! (<https://github.com/opensearch-project/search-relevance/issues/191>).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::capped::kept;
use crate::metric::fixed::FixedSum;
use crate::metric::retrieval_name::{Family, retrieval};
use crate::model::{Returned, RowField};
use crate::numeric::{log2, pow};

/// Ranks that measures are cut at.
const CUTS: [u32; 16] = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 25, 30, 50, 100, 200, 1000];
/// No cut.
pub(super) const WHOLE: u32 = u32::MAX;
/// Fields of rows that are compared with the measures.
const FIELDS: usize = 16;

/// What a relevance is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Gain {
    /// The relevance itself.
    Linear,
    /// 2^relevance − 1.
    Exponential,
}

/// What a gain is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Discount {
    /// log2(rank + 1).
    Early,
    /// 1 for the first document, then log2(rank).
    Late,
}

/// What an NDCG is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ideal {
    /// The best order of all judged documents.
    Judged,
    /// The best order of all documents that were returned.
    Returned,
    /// The best order of those that were returned within the cut.
    Top,
    /// The best order of all judged documents, of as many as were returned.
    Count,
    /// The judged documents in the order logged.
    Unsorted,
}

/// A measure of one query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Measure {
    /// Discounted gains ÷ those of an ideal.
    Ndcg(Gain, Discount, Ideal),
    /// Discounted gains.
    Dcg(Gain, Discount),
    /// 1 ÷ rank of the first relevant document.
    Reciprocal,
    /// The same, of ranks that count from 0.
    ReciprocalFromZero,
    /// Relevant documents ÷ cut.
    Precision,
    /// Relevant documents ÷ documents returned within the cut.
    PrecisionOfReturned,
    /// Relevant documents returned ÷ relevant documents.
    Recall,
    /// The same, ÷ the cut where that is less.
    RecallCapped,
    /// Whether any relevant document was returned.
    Hit,
    /// The same, of ranks that count from 0.
    HitFromZero,
    /// Σ of the precisions at relevant documents ÷ relevant documents.
    Average,
    /// The same, ÷ the cut where that is less.
    AverageCapped,
    /// The same, ÷ the relevant documents that were returned.
    AverageOfFound,
}

/// Rows that have a field of a measure's name.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct FieldRows {
    /// Rows with a number.
    pub rows: u64,
    /// Of these, rows in which each measure gives it.
    pub agreeing: BTreeMap<Measure, u64>,
}

/// What the queries of a stream give.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Rankings {
    /// Queries.
    pub rows: u64,
    /// Of these, queries of which all judged documents are known.
    pub judged: u64,
    /// Queries without a relevant document, among those judged or, where these are not known, returned.
    pub without: u64,
    /// Queries without a relevant document returned.
    pub missed: u64,
    /// Queries whose rank was logged as 0.
    pub zeros: u64,
    /// Σ of each measure, by cut.
    pub sums: BTreeMap<(u32, Measure), FixedSum>,
    /// Fields of the rows that have a measure's name.
    pub fields: BTreeMap<String, FieldRows>,
}

fn gain(gain: Gain, relevance: f64) -> f64 {
    match gain {
        Gain::Linear => relevance,
        Gain::Exponential => pow(2.0, relevance) - 1.0,
    }
}

fn discounted(own: Gain, discount: Discount, rank: u32, relevance: f64) -> f64 {
    let divisor = match discount {
        Discount::Early => log2(f64::from(rank) + 1.0),
        Discount::Late if rank < 2 => 1.0,
        Discount::Late => log2(f64::from(rank)),
    };
    gain(own, relevance) / divisor
}

/// Σ of the discounted gains of documents in an order.
fn in_order(own: Gain, discount: Discount, relevances: impl Iterator<Item = f64>) -> f64 {
    (1..).zip(relevances).map(|(rank, relevance)| discounted(own, discount, rank, relevance)).sum()
}

fn sorted(relevances: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut all: Vec<f64> = relevances.filter(|own| *own > 0.0).collect();
    all.sort_by(|a, b| b.total_cmp(a));
    all
}

/// What both the numerator and the ideals of a query need.
struct Query<'r> {
    returned: &'r Returned,
    /// Relevances of judged documents, highest first.
    judged: Option<Vec<f64>>,
    /// Those of returned ones.
    found: Vec<f64>,
}

impl Query<'_> {
    fn ndcg(&self, cut: u32, values: &mut Vec<(Measure, f64)>) {
        let within = || self.returned.relevant.iter().filter(|(rank, _)| *rank <= cut);
        let most = cut as usize;
        let documents = self.returned.documents.unwrap_or(WHOLE) as usize;
        let top = sorted(within().map(|(_, relevance)| *relevance));
        for own in [Gain::Linear, Gain::Exponential] {
            for discount in [Discount::Early, Discount::Late] {
                let dcg: f64 = within().map(|(rank, relevance)| discounted(own, discount, *rank, *relevance)).sum();
                values.push((Measure::Dcg(own, discount), dcg));
                let best = |all: &[f64], most: usize| in_order(own, discount, all.iter().copied().take(most));
                let mut ideals = vec![(Ideal::Returned, best(&self.found, most)), (Ideal::Top, best(&top, most))];
                if let (Some(judged), Some(logged)) = (&self.judged, &self.returned.judged) {
                    ideals.push((Ideal::Judged, best(judged, most)));
                    ideals.push((Ideal::Count, best(judged, most.min(documents))));
                    ideals.push((Ideal::Unsorted, best(logged, most)));
                }
                let share = |ideal: f64| if ideal > 0.0 { dcg / ideal } else { 0.0 };
                values.extend(ideals.into_iter().map(|(of, ideal)| (Measure::Ndcg(own, discount, of), share(ideal))));
            }
        }
    }

    fn sets(&self, cut: u32, values: &mut Vec<(Measure, f64)>) {
        let ranks: Vec<u32> =
            self.returned.relevant.iter().map(|(rank, _)| *rank).filter(|rank| *rank <= cut).collect();
        let (hits, first) = (ranks.len() as f64, ranks.first().copied());
        let zero = self.returned.is_rank_zero;
        values.push((Measure::Reciprocal, first.map_or(0.0, |rank| 1.0 / f64::from(rank))));
        let from_zero = if zero { 1.0 } else { first.map_or(0.0, |rank| 1.0 / (f64::from(rank) + 1.0)) };
        values.push((Measure::ReciprocalFromZero, from_zero));
        values.push((Measure::Hit, f64::from(u8::from(first.is_some()))));
        let is_before = zero || first.is_some_and(|rank| rank < cut);
        values.push((Measure::HitFromZero, f64::from(u8::from(is_before))));
        if let Some(documents) = self.returned.documents {
            let within = f64::from(documents.min(cut));
            values
                .push((Measure::Precision, if cut == WHOLE { hits / within.max(1.0) } else { hits / f64::from(cut) }));
            values.push((Measure::PrecisionOfReturned, hits / within.max(1.0)));
        }
        let precisions: f64 = (1..).zip(&ranks).map(|(count, rank)| f64::from(count) / f64::from(*rank)).sum();
        values.push((Measure::AverageOfFound, precisions / hits.max(1.0)));
        if let Some(judged) = &self.judged {
            let all = (judged.len() as f64).max(1.0);
            let capped = all.min(f64::from(cut));
            values.push((Measure::Recall, hits / all));
            values.push((Measure::RecallCapped, hits / capped));
            values.push((Measure::Average, precisions / all));
            values.push((Measure::AverageCapped, precisions / capped));
        }
    }

    fn values(&self, cut: u32) -> Vec<(Measure, f64)> {
        let mut values = Vec::with_capacity(40);
        self.ndcg(cut, &mut values);
        self.sets(cut, &mut values);
        values
    }
}

/// Half of the last digit that a number would be printed with, a little wider for single precision.
fn half(number: f64) -> f64 {
    let printed = number.to_string();
    let decimals = printed.split_once('.').map_or(0, |(_, digits)| digits.len());
    (0.501 * pow(10.0, -(decimals as f64))).max(2e-7 * number.abs())
}

impl Rankings {
    pub(super) fn observe(&mut self, returned: &Returned, row: &[RowField<'_>]) {
        let query = Query {
            returned,
            judged: returned.judged.as_ref().map(|judged| sorted(judged.iter().copied())),
            found: sorted(returned.relevant.iter().map(|(_, relevance)| *relevance)),
        };
        self.rows += 1;
        self.judged += u64::from(query.judged.is_some());
        self.without += u64::from(query.judged.as_ref().unwrap_or(&query.found).is_empty());
        self.missed += u64::from(query.found.is_empty());
        self.zeros += u64::from(returned.is_rank_zero);
        for cut in CUTS.into_iter().chain([WHOLE]) {
            for (measure, value) in query.values(cut) {
                self.sums.entry((cut, measure)).or_default().add(value);
            }
        }
        for field in row {
            let Some((family, cut)) = retrieval(&field.name) else { continue };
            let Some(number) = field.number().filter(|number| number.is_finite()) else { continue };
            let Some(own) = kept(&mut self.fields, &field.name, FIELDS) else { continue };
            own.rows += 1;
            for (measure, value) in query.values(cut) {
                if measure.is_of(family) && (number - value).abs() <= half(number) {
                    *own.agreeing.entry(measure).or_default() += 1;
                }
            }
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.judged += other.judged;
        self.without += other.without;
        self.missed += other.missed;
        self.zeros += other.zeros;
        for (key, sum) in other.sums {
            self.sums.entry(key).or_default().merge(sum);
        }
        for (name, theirs) in other.fields {
            let Some(own) = kept(&mut self.fields, &name, FIELDS) else { continue };
            own.rows += theirs.rows;
            for (measure, rows) in theirs.agreeing {
                *own.agreeing.entry(measure).or_default() += rows;
            }
        }
    }

    /// The mean of a measure over all queries; None for a cut that is not kept.
    #[must_use]
    pub fn mean(&self, cut: u32, measure: Measure) -> Option<f64> {
        let sum = self.sums.get(&(cut, measure))?;
        (self.rows > 0).then(|| sum.value() / self.rows as f64)
    }
}

impl Measure {
    /// Whether numbers of a family's name may be it.
    #[must_use]
    pub fn is_of(self, family: Family) -> bool {
        match self {
            Self::Ndcg(..) => family == Family::Ndcg,
            Self::Dcg(..) => family == Family::Dcg,
            Self::Reciprocal | Self::ReciprocalFromZero => family == Family::Reciprocal,
            Self::Precision | Self::PrecisionOfReturned => family == Family::Precision,
            Self::Recall | Self::RecallCapped => family == Family::Recall,
            Self::Hit | Self::HitFromZero => family == Family::Hit,
            Self::Average | Self::AverageCapped | Self::AverageOfFound => family == Family::Average,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(relevant: &[(u32, f64)], documents: u32, judged: Option<&[f64]>) -> Rankings {
        let mut all = Rankings::default();
        let judged = judged.map(<[f64]>::to_vec);
        let returned =
            Returned { relevant: relevant.to_vec(), documents: Some(documents), judged, is_rank_zero: false };
        all.observe(&returned, &[]);
        all
    }

    fn near(all: &Rankings, cut: u32, measure: Measure, right: f64) {
        let found = all.mean(cut, measure).unwrap();
        assert!((found - right).abs() < 1e-12, "{measure:?}@{cut}: {found}, not {right}");
    }

    #[test]
    fn ndcg_by_hand() {
        // Relevances 3, 0, 2 in this order; judged are 3, 2 and one more of 2 that was not returned.
        let all = means(&[(1, 3.0), (3, 2.0)], 3, Some(&[2.0, 3.0, 2.0]));
        let ndcg = |ideal| Measure::Ndcg(Gain::Linear, Discount::Early, ideal);
        // 3/1 + 2/2 = 4; ideal 3/1 + 2/log2(3) + 2/2.
        let second = 2.0 / log2(3.0);
        near(&all, 3, ndcg(Ideal::Judged), 4.0 / (4.0 + second));
        near(&all, 3, ndcg(Ideal::Returned), 4.0 / (3.0 + second));
        near(&all, 3, ndcg(Ideal::Unsorted), 4.0 / (2.0 + 3.0 / log2(3.0) + 1.0));
        // 7/1 + 3/2 = 8.5.
        near(&all, 3, Measure::Dcg(Gain::Exponential, Discount::Early), 8.5);
        // 3 + 2/log2(3).
        near(&all, 3, Measure::Dcg(Gain::Linear, Discount::Late), 3.0 + second);
        near(&all, 1, ndcg(Ideal::Judged), 1.0);
    }

    #[test]
    fn sets_by_hand() {
        let all = means(&[(2, 1.0), (5, 1.0)], 5, Some(&[1.0, 1.0, 1.0, 0.0]));
        near(&all, WHOLE, Measure::Reciprocal, 0.5);
        near(&all, 1, Measure::Reciprocal, 0.0);
        near(&all, 10, Measure::Precision, 0.2);
        near(&all, 10, Measure::PrecisionOfReturned, 0.4);
        near(&all, 5, Measure::Recall, 2.0 / 3.0);
        near(&all, 2, Measure::RecallCapped, 0.5);
        near(&all, 1, Measure::Hit, 0.0);
        near(&all, 2, Measure::Hit, 1.0);
        // (1/2 + 2/5) ÷ 3, ÷ 2.
        near(&all, 5, Measure::Average, 0.3);
        near(&all, 5, Measure::AverageOfFound, 0.45);
        assert_eq!((all.without, all.missed, all.judged), (0, 0, 1));
    }

    #[test]
    fn any_order_and_partition_gives_the_same() {
        let one = means(&[(1, 1.0)], 4, None);
        let mut other = means(&[(3, 2.0)], 4, None);
        let mut whole = one.clone();
        whole.merge(other.clone());
        other.merge(one);
        assert_eq!(whole, other);
        assert_eq!((whole.rows, whole.judged), (2, 0));
    }
}
