//! Linear equations.

/// Minimum pivot that counts as non-zero, relative to the largest.
const PIVOT: f64 = 1e-6;

/// The solution of linear equations, each followed by its right-hand side; None if it is not unique.
pub(super) fn eliminate(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let width = rows.len();
    let largest = rows.iter().enumerate().map(|(at, row)| row[at].abs()).fold(0.0, f64::max);
    for at in 0..width {
        let pivot = (at..width).max_by(|a, b| rows[*a][at].abs().total_cmp(&rows[*b][at].abs()))?;
        rows.swap(at, pivot);
        let own = rows[at].clone();
        if own[at].abs() <= PIVOT * largest {
            return None;
        }
        for other in rows.iter_mut().skip(at + 1) {
            let factor = other[at] / own[at];
            other.iter_mut().zip(&own).for_each(|(value, own)| *value -= factor * own);
        }
    }
    let mut solved = vec![0.0; width];
    for at in (0..width).rev() {
        let known: f64 = (at + 1..width).map(|other| rows[at][other] * solved[other]).sum();
        solved[at] = (rows[at][width] - known) / rows[at][at];
    }
    Some(solved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_are_solved_or_not() {
        // x + y = 3, x − y = 1.
        assert_eq!(eliminate(vec![vec![1.0, 1.0, 3.0], vec![1.0, -1.0, 1.0]]), Some(vec![2.0, 1.0]));
        assert_eq!(eliminate(vec![vec![1.0, 1.0, 3.0], vec![2.0, 2.0, 6.0]]), None);
    }
}
