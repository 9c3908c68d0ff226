//! Numbers for people.

/// A number with ten significant digits at most and no trailing zeros.
#[must_use]
pub fn show(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || (size != 0.0 && !(1e-5..1e15).contains(&size)) {
        return format!("{value:e}");
    }
    let whole = format!("{size:.0}").len();
    let text = format!("{value:.*}", 10_usize.saturating_sub(whole));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_digits_without_trailing_zeros() {
        assert_eq!(show(0.5), "0.5");
        assert_eq!(show(200.0), "200");
        assert_eq!(show(1.0 / 3.0), "0.333333333");
        assert_eq!(show(1e-7), "1e-7");
        assert_eq!(show(f64::NAN), "NaN");
    }
}
