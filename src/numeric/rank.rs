//! Rank correlation.

/// Spearman's rank correlation of pairs: the correlation of their ranks, equal numbers sharing the mean of theirs. NaN for
/// fewer than two pairs or where one side is constant.
#[must_use]
pub fn spearman(pairs: &[(f64, f64)]) -> f64 {
    let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (x, y) = (ranks(&x), ranks(&y));
    let mean = (pairs.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    product(&x, &y) / crate::numeric::sqrt(product(&x, &x) * product(&y, &y))
}

/// The rank of each number, from 0.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let same = |at: &&usize| values[**at].total_cmp(&values[order[start]]).is_eq();
        let end = start + order[start..].iter().take_while(same).count();
        for at in &order[start..end] {
            ranks[*at] = (start + end - 1) as f64 / 2.0;
        }
        start = end;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_that_rise_together_are_one_and_ties_share_theirs() {
        assert_eq!(spearman(&[(1.0, -3.0), (2.0, -2.0), (9.0, 5.0)]), 1.0);
        assert_eq!(spearman(&[(1.0, 3.0), (2.0, 2.0), (9.0, -5.0)]), -1.0);
        assert_eq!(ranks(&[2.0, 1.0, 2.0, 0.0]), [2.5, 1.0, 2.5, 0.0]);
        // By hand: ranks (0, 1, 2, 3) against (1, 0, 3, 2): 1 − 6·4 ÷ (4·15) = 0.6.
        assert!((spearman(&[(0.0, 1.0), (1.0, 0.0), (2.0, 3.0), (3.0, 2.0)]) - 0.6).abs() < 1e-15);
        assert!(spearman(&[(1.0, 2.0), (1.0, 3.0)]).is_nan());
    }
}
