//! A number as a log prints it: its value and its number of digits.

/// A printed number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Printed {
    /// The value, correctly rounded; NaN and infinities included.
    pub value: f64,
    /// Digits after the decimal point, less the exponent: `1e-3` has 3, `12` has 0, `1e5` has −5.
    pub decimals: i16,
    /// Digits from the first that is not 0 to the last printed one; at least 1.
    pub significant: u8,
}

/// Powers of ten that are exact in f64.
const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

impl Printed {
    /// Reads exactly one number: sign, digits, fraction, exponent; or NaN, inf, Infinity in any case.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (negative, digits) = match text.first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let mut mantissa: u64 = 0;
        let mut significant: u32 = 0;
        let mut decimals: i32 = 0;
        let mut any = false;
        let mut point = false;
        let mut at = 0;
        while let Some(&byte) = digits.get(at) {
            match byte {
                b'0'..=b'9' => {
                    any = true;
                    // Leading zeros are not significant; 19 digits always fit into 64 bits.
                    if significant > 0 || byte != b'0' {
                        significant += 1;
                        if significant <= 19 {
                            mantissa = mantissa * 10 + u64::from(byte - b'0');
                        }
                    }
                    decimals += i32::from(point);
                }
                b'.' if !point => point = true,
                _ => break,
            }
            at += 1;
        }
        if !any {
            return special(digits, negative);
        }
        let mut exponent: i32 = 0;
        if let Some(b'e' | b'E') = digits.get(at) {
            let (sign, power) = match digits.get(at + 1) {
                Some(b'-') => (-1, digits.get(at + 2..)?),
                Some(b'+') => (1, digits.get(at + 2..)?),
                _ => (1, digits.get(at + 1..)?),
            };
            if power.is_empty() || !power.iter().all(u8::is_ascii_digit) {
                return None;
            }
            // Far beyond any f64 the exponent's size no longer matters.
            exponent = sign * power.iter().fold(0_i32, |sum, digit| (sum * 10 + i32::from(digit - b'0')).min(9999));
        } else if at != digits.len() {
            return None;
        }
        let decimals = decimals - exponent;
        let value = if significant <= 15 || (significant <= 19 && mantissa < 1 << 53) {
            exact(mantissa, decimals)
        } else {
            None
        };
        let value = match value {
            Some(value) => {
                if negative {
                    -value
                } else {
                    value
                }
            }
            None => std::str::from_utf8(text).ok()?.parse().ok()?,
        };
        Some(Self {
            value,
            decimals: i16::try_from(decimals.clamp(-999, 9999)).unwrap_or(i16::MAX),
            significant: u8::try_from(significant.clamp(1, 255)).unwrap_or(u8::MAX),
        })
    }

    /// A value without a text: f64's own digits.
    #[must_use]
    pub fn from_f64(value: f64) -> Self {
        Self { value, decimals: 17, significant: 17 }
    }

    /// Whether it is neither NaN nor infinite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.value.is_finite()
    }
}

/// mantissa · 10^−decimals where one correctly rounded operation gives it (Clinger's fast path).
fn exact(mantissa: u64, decimals: i32) -> Option<f64> {
    let power = *EXACT.get(usize::try_from(decimals.unsigned_abs()).ok()?)?;
    let mantissa = mantissa as f64;
    if decimals >= 0 {
        Some(mantissa / power)
    } else {
        let value = mantissa * power;
        (value <= 9_007_199_254_740_992.0).then_some(value)
    }
}

fn special(digits: &[u8], negative: bool) -> Option<Printed> {
    let value = if digits.eq_ignore_ascii_case(b"nan") {
        f64::NAN
    } else if digits.eq_ignore_ascii_case(b"inf") || digits.eq_ignore_ascii_case(b"infinity") {
        if negative { f64::NEG_INFINITY } else { f64::INFINITY }
    } else {
        return None;
    };
    Some(Printed { value, decimals: 0, significant: 1 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(text: &str) -> (i16, u8) {
        let number = Printed::parse(text.as_bytes()).unwrap();
        (number.decimals, number.significant)
    }

    #[test]
    fn digits_are_counted_as_printed() {
        assert_eq!(parts("-0.739802"), (6, 6));
        assert_eq!(parts("-1.500000"), (6, 7));
        assert_eq!(parts("1e-3"), (3, 1));
        assert_eq!(parts("-1.0000001e-07"), (14, 8));
        assert_eq!(parts("12"), (0, 2));
        assert_eq!(parts("1e5"), (-5, 1));
        assert_eq!(parts("0.000"), (3, 1));
    }

    #[test]
    fn words_for_what_is_no_number() {
        assert!(Printed::parse(b"NaN").unwrap().value.is_nan());
        assert_eq!(Printed::parse(b"-Infinity").unwrap().value, f64::NEG_INFINITY);
        assert_eq!(Printed::parse(b"inf").unwrap().value, f64::INFINITY);
        for text in ["", "-", ".", "1.2.3", "1e", "1e+", "0x1", " 1", "1 ", "--1", "e5"] {
            assert_eq!(Printed::parse(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_value_is_the_correctly_rounded_one(
            text in r"-?[0-9]{1,25}(\.[0-9]{0,25})?([eE][+-]?[0-9]{1,3})?"
        ) {
            let number = Printed::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(number.value.to_bits(), text.parse::<f64>().unwrap().to_bits());
        }

        #[test]
        fn any_f64_comes_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = format!("{value:e}");
            prop_assert_eq!(Printed::parse(text.as_bytes()).unwrap().value.to_bits(), bits);
        }
    }
}
