//! The resolution of a column of numbers, from its printed digits and its number format.

use serde::{Deserialize, Serialize};

use crate::numeric::{GridStats, NumberFormat, Printed};

/// Classes of values by digits before the point: 0 for |x| < 1, the last for 6 and more.
const CLASSES: usize = 7;
/// Values of a class after which its longest fraction is taken for its resolution.
const ENOUGH: u64 = 20;
/// Inverse of the share of values that have one decimal at most although more are printed, by trimmed zeros.
const RARE: u64 = 200;
/// Bins of the histogram of significant digits: 0 to 17, the last for all beyond.
const DIGITS: usize = 18;
/// Bins of the histogram of decimals: 0 to 18, the last for all beyond.
const BINS: usize = 20;

/// Mergeable statistics of one column. Merging is commutative and associative; the default is its identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolutionStats {
    count: u64,
    decimals: Option<i16>,
    significant: u8,
    /// Values other than 0 that do not end in binary, by their decimals.
    bins: [u64; BINS],
    /// The same by their significant digits.
    digits: [u64; DIGITS],
    classes: [ClassStats; CLASSES],
    formats: [GridStats; 3],
    /// Hashes of some of the values, the smallest ones in order: one number again and again says nothing of a format.
    distinct: [u64; DISTINCT],
}

/// Different values that a format is recognised from.
const DISTINCT: usize = 5;

/// Puts a hash into its place among the smallest.
fn keep_smallest(kept: &mut [u64; DISTINCT], hash: u64) {
    if hash >= kept[DISTINCT - 1] || kept.contains(&hash) {
        return;
    }
    kept[DISTINCT - 1] = hash;
    kept.sort_unstable();
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014) over a value's bits; never the mark of an empty place.
fn value_hash(value: f64) -> u64 {
    let mut hash = value.to_bits();
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (hash ^ (hash >> 31)).min(u64::MAX - 1)
}

/// Values with equally many digits before the point: how many, and their most decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ClassStats {
    count: u64,
    decimals: i16,
}

const FORMATS: [NumberFormat; 3] = [NumberFormat::Bf16, NumberFormat::F16, NumberFormat::F32];

impl Default for ResolutionStats {
    fn default() -> Self {
        Self {
            count: 0,
            decimals: None,
            significant: 0,
            bins: [0; BINS],
            digits: [0; DIGITS],
            classes: [ClassStats::default(); CLASSES],
            formats: [GridStats::default(); 3],
            distinct: [u64::MAX; DISTINCT],
        }
    }
}

impl ResolutionStats {
    /// Adds one number; NaN and infinities are ignored.
    pub fn observe(&mut self, number: &Printed) {
        if !number.value.is_finite() {
            return;
        }
        self.count += 1;
        if self.decimals.is_none_or(|most| number.decimals > most) {
            self.decimals = Some(number.decimals);
        }
        let significant = significant(number);
        self.significant = self.significant.max(significant);
        if number.value == 0.0 {
            return;
        }
        if !ends_in_binary(number) {
            self.digits[usize::from(significant).min(DIGITS - 1)] += 1;
            let bin = usize::try_from(number.decimals.max(0)).unwrap_or(0).min(BINS - 1);
            self.bins[bin] += 1;
        }
        let class = &mut self.classes[class(number.value)];
        class.decimals = if class.count == 0 { number.decimals } else { class.decimals.max(number.decimals) };
        class.count += 1;
        let half = half_of_last_digit(number.decimals) + number.value.abs() * f64::EPSILON;
        for (format, grid) in FORMATS.into_iter().zip(&mut self.formats) {
            grid.observe(number.value, half, format);
        }
        keep_smallest(&mut self.distinct, value_hash(number.value));
    }

    /// Adds the statistics of another part of the column.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.decimals = self.decimals.max(other.decimals);
        self.significant = self.significant.max(other.significant);
        let bins = self.bins.iter_mut().zip(&other.bins);
        for (mine, theirs) in bins.chain(self.digits.iter_mut().zip(&other.digits)) {
            *mine += theirs;
        }
        for (mine, theirs) in self.classes.iter_mut().zip(&other.classes) {
            mine.decimals = match (mine.count, theirs.count) {
                (0, _) => theirs.decimals,
                (_, 0) => mine.decimals,
                _ => mine.decimals.max(theirs.decimals),
            };
            mine.count += theirs.count;
        }
        for (mine, theirs) in self.formats.iter_mut().zip(&other.formats) {
            mine.merge(theirs);
        }
        other.distinct.iter().for_each(|hash| keep_smallest(&mut self.distinct, *hash));
    }

    /// Finite numbers seen.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The column's resolution.
    #[must_use]
    pub fn resolution(&self) -> Resolution {
        let Some(decimals) = self.decimals else { return Resolution::exact() };
        let several = self.distinct[DISTINCT - 1] != u64::MAX;
        let recognised = FORMATS
            .into_iter()
            .zip(&self.formats)
            .find(|(_, grid)| several && grid.is_recognised())
            .map(|(format, _)| format);
        Resolution {
            decimals,
            by_class: self.by_class(decimals),
            // Digits below 1 are limited by their number only where the column has fewer of them than decimals.
            significant: if i16::from(self.significant) < decimals { self.significant } else { UNLIMITED },
            stored: recognised.unwrap_or(NumberFormat::F64),
            mixed: self.is_mixed(decimals),
            plain_zeros: self.bins[0].saturating_add(self.bins[1]).saturating_mul(RARE) < self.count,
            declared: 0.0,
            exact_digits: false,
        }
    }

    /// Most decimals by digits before the point: those of the column, unless the values of a class have fewer for
    /// a reason other than trimmed zeros (such as `%.6g`).
    fn by_class(&self, decimals: i16) -> [i16; CLASSES] {
        let mut table = [decimals; CLASSES];
        for (whole, (entry, class)) in (0_i16..).zip(table.iter_mut().zip(&self.classes)).skip(1) {
            let significant = i16::from(self.significant);
            if whole > significant && significant > 1 && class.count > 0 && class.decimals <= 1 {
                // Whole numbers with more digits than any other value has significant ones: `%.4g` prints 12340.
                *entry = significant - whole;
            } else if class.count >= ENOUGH {
                *entry = class.decimals;
            } else if class.count > 0 {
                *entry = class.decimals.max((i16::from(self.significant) - whole).min(decimals));
            }
        }
        table
    }

    /// Whether more values stop short of the column's last digit than trimmed zeros account for: rows printed
    /// with different precision in one column. Trimmed zeros leave two digits fewer in one value of a hundred. A column of
    /// `%.4g` has different decimals in values of different size, so the significant digits have to differ, too.
    fn is_mixed(&self, decimals: i16) -> bool {
        let Ok(last) = usize::try_from(decimals) else { return false };
        let most = usize::from(self.significant);
        if !(3..BINS - 1).contains(&last) || !(3..=15).contains(&most) {
            return false;
        }
        let many = |short: &[u64]| {
            let short = short.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
            short >= 8 && short.saturating_mul(20) > self.count
        };
        many(&self.bins[1..last - 1]) && many(&self.digits[..most - 1])
    }
}

/// What the user declares of all numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tolerance {
    /// Added to the bound of every claim, absolute.
    pub absolute: f64,
    /// Whether the numbers beneath a claim are what was printed of them: no further digits were rounded away.
    pub exact_digits: bool,
}

/// Means "unlimited".
const UNLIMITED: u8 = 17;

/// The resolution of a column.
///
/// Two limits hold at once. A column rounded to 6 decimals prints `-0.5` for −0.500000: trimmed zeros are digits, so
/// the quantum is that of the column's longest fraction. A column printed with `%.6g` has as many digits in
/// front of the point as its values need, so its quantum grows with the value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// Most decimals printed.
    pub decimals: i16,
    /// Most decimals printed by digits before the point, 0 to 6 and more.
    pub by_class: [i16; CLASSES],
    /// Most significant digits of values below 1, where that limits them.
    pub significant: u8,
    /// The coarsest format whose grid all values lie on, where enough of them could have missed it.
    pub stored: NumberFormat,
    /// Whether rows of different precision are mixed, so that each value's own digits count.
    pub mixed: bool,
    /// Whether hardly any other value has as few digits as `0` or `0.0`: zeros are exact then, as floats print them.
    pub plain_zeros: bool,
    /// Tolerance that the user declared, absolute.
    pub declared: f64,
    /// Whether the printed digits are all that there are, as the user declared.
    pub exact_digits: bool,
}

impl Default for Resolution {
    fn default() -> Self {
        Self::exact()
    }
}

impl Resolution {
    /// That of f64 values printed with all their digits.
    #[must_use]
    pub fn exact() -> Self {
        Self {
            decimals: 17,
            by_class: [17; CLASSES],
            significant: UNLIMITED,
            stored: NumberFormat::F64,
            mixed: false,
            plain_zeros: false,
            declared: 0.0,
            exact_digits: false,
        }
    }

    /// Maximum distance of a printed value from the original, absolute.
    #[must_use]
    pub fn half_quantum(&self, number: &Printed) -> f64 {
        if self.exact_digits {
            return self.declared;
        }
        let class = class(number.value);
        // Whole numbers with places left open have one more for every digit beyond those of their class.
        let more = if self.by_class[class] < 0 { digits_beyond_classes(number.value) } else { 0 };
        let limit = self.by_class[class] - more;
        let is_plain_zero = self.plain_zeros && number.value == 0.0 && number.decimals <= 1;
        let own = self.mixed && !is_plain_zero;
        let mut half = half_of_last_digit(if own { number.decimals.min(limit) } else { limit });
        if class == 0 && self.significant < UNLIMITED && number.value != 0.0 {
            half = half.max(half_of_last_digit(i16::from(self.significant) + zeros_after_point(number.value)));
        }
        // What was stored in a coarser format was rounded twice: to its grid, and to the printed digits. A stored 0.125 that is
        // printed as 0.12 has the grid of 0.125.
        let stored = self.stored.half_ulp(number.value.abs() + half);
        let half = if self.stored == NumberFormat::F64 { half.max(stored) } else { half + stored };
        half + self.declared
    }
}

/// Whether a number has no more binary places than it has decimals: 0.5, 0.25 and 0.375 have few digits however they are
/// printed, so that these say nothing of a column's precision.
fn ends_in_binary(number: &Printed) -> bool {
    let places = u32::try_from(number.decimals).unwrap_or(0).min(60);
    places > 0 && (number.value * (1_u64 << places) as f64).fract() == 0.0
}

/// Digits that count: the last zeros of a whole number may only hold its place, and `.0` is how floats print it.
fn significant(number: &Printed) -> u8 {
    if number.decimals > 1 || number.value.fract() != 0.0 || number.value == 0.0 {
        return number.significant;
    }
    let mut value = number.value.abs();
    let mut digits = number.significant.saturating_sub(u8::try_from(number.decimals.max(0)).unwrap_or(0));
    while digits > 1 && value % 10.0 == 0.0 {
        value /= 10.0;
        digits -= 1;
    }
    digits
}

/// The class of a value: its digits before the point, 0 below 1.
fn class(value: f64) -> usize {
    const POWERS: [f64; CLASSES - 1] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5];
    let size = value.abs();
    // Log-probs are small: most stop at the first or second comparison.
    POWERS.iter().take_while(|power| size >= **power).count()
}

/// Digits before the point beyond those of the last class.
fn digits_beyond_classes(value: f64) -> i16 {
    let (mut size, mut more) = (value.abs(), 0);
    while size >= 1e6 && size.is_finite() {
        size /= 10.0;
        more += 1;
    }
    more
}

/// Zeros between the point and the first other digit of a value below 1.
fn zeros_after_point(value: f64) -> i16 {
    const POWERS: [f64; 16] =
        [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15, 1e-16];
    let zeros = |size: f64| i16::try_from(POWERS.iter().take_while(|power| size < **power).count()).unwrap_or(0);
    let (mut size, mut before) = (value.abs(), 0);
    while size > 0.0 && size < POWERS[POWERS.len() - 1] {
        size *= 1e16;
        before += 16;
    }
    before + zeros(size)
}

/// ½·10^−decimals: half of the last digit of a number with so many decimals.
pub(crate) fn half_of_last_digit(decimals: i16) -> f64 {
    const TABLE: [f64; 20] = [
        0.5, 0.5e-1, 0.5e-2, 0.5e-3, 0.5e-4, 0.5e-5, 0.5e-6, 0.5e-7, 0.5e-8, 0.5e-9, 0.5e-10, 0.5e-11, 0.5e-12,
        0.5e-13, 0.5e-14, 0.5e-15, 0.5e-16, 0.5e-17, 0.5e-18, 0.5e-19,
    ];
    match usize::try_from(decimals) {
        Ok(place) if place < TABLE.len() => TABLE[place],
        _ => 0.5 * crate::numeric::pow(10.0, -f64::from(decimals)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stats(texts: &[&str]) -> ResolutionStats {
        let mut stats = ResolutionStats::default();
        for text in texts {
            stats.observe(&Printed::parse(text.as_bytes()).unwrap());
        }
        stats
    }

    fn half(resolution: &Resolution, value: f64) -> f64 {
        resolution.half_quantum(&Printed::from_f64(value))
    }

    #[test]
    fn large_numbers_of_few_digits_leave_their_last_places_open() {
        let column = stats(&["1.7e+06", "1.234e+05", "12.34", "2.345e+07"]).resolution();
        let half = |text: &str| column.half_quantum(&Printed::parse(text.as_bytes()).unwrap());
        assert_eq!([half("1.234e+05"), half("1.7e+06"), half("2.345e+07")], [50.0, 500.0, 5000.0]);
    }

    #[test]
    fn values_of_different_size_with_equally_many_digits_are_not_mixed() {
        // Four digits each, without zeros at the end, as `%.4g` prints them.
        let digits = (0..400).map(|at| (1000 + 7 * at).to_string());
        let texts = digits.enumerate().map(|(at, digits)| match at % 4 {
            0 => format!("0.00{}", digits.trim_end_matches('0')),
            1 => format!("0.{}", digits.trim_end_matches('0')),
            place => format!("{}.{}", &digits[..place - 1], digits[place - 1..].trim_end_matches('0')),
        });
        let texts: Vec<String> = texts.collect();
        let texts: Vec<&str> = texts.iter().map(|text| text.trim_end_matches('.')).collect();
        let column = stats(&texts).resolution();
        assert!(!column.mixed);
        assert_eq!(half(&column, 2.4), 0.5e-3);
        let rows = (0..40).map(|at| if at % 4 == 0 { format!("-1.{at:02}") } else { format!("-1.2345{at:02}") });
        let rows: Vec<String> = rows.collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        assert!(stats(&rows).resolution().mixed);
    }

    #[test]
    fn a_stored_number_has_the_grid_of_its_own_place() {
        let column =
            Resolution { decimals: 2, by_class: [2; CLASSES], stored: NumberFormat::Bf16, ..Resolution::exact() };
        // 0.1253 is stored as 0.125 and printed as 0.12; what lies further off was never near it.
        assert_eq!(half(&column, 0.12), 0.005 + 1.0 / 2048.0);
        assert_eq!(half(&column, 0.11), 0.005 + 1.0 / 4096.0);
    }

    #[test]
    fn small_probabilities_have_the_digits_that_are_printed() {
        let column = stats(&["1.518e-31", "0.02903", "0.8281", "7.48e-05", "6.428e-22"]).resolution();
        let half = |text: &str| column.half_quantum(&Printed::parse(text.as_bytes()).unwrap());
        assert_eq!(half("1.518e-31"), 0.5e-34);
        assert_eq!(half("6.428e-22"), 0.5e-25);
        assert_eq!(half("7.48e-05"), 0.5e-8);
        assert_eq!([zeros_after_point(1.2e-16), zeros_after_point(9.9e-33), zeros_after_point(0.5)], [15, 32, 0]);
    }

    #[test]
    fn trimmed_zeros_are_digits() {
        let resolution = stats(&["-0.739802", "-1.5", "-1.163982"]).resolution();
        assert_eq!(half(&resolution, -1.5), 0.5e-6);
    }

    #[test]
    fn significant_digits_follow_the_value() {
        let resolution = stats(&["-12.3456", "-0.00123456", "-1.23456", "-0.123456"]).resolution();
        assert_eq!(half(&resolution, -12.3456), 0.5e-4);
        assert_eq!(half(&resolution, -0.001_234_56), 0.5e-8);
        assert_eq!(half(&resolution, -0.123_456), 0.5e-6);
    }

    #[test]
    fn zeros_before_the_point_may_only_hold_a_place() {
        let resolution = stats(&["-12340.0", "-12.34", "-0.5512", "-1.013", "-771.9"]).resolution();
        assert_eq!(half(&resolution, -12340.0), 5.0);
        assert_eq!(half(&resolution, -12.34), 0.5e-2);
        let fixed = stats(&["-12340.0", "-12.3", "-0.5"]).resolution();
        assert_eq!(half(&fixed, -12.3), 0.5e-1);
    }

    #[test]
    fn a_format_is_recognised_only_with_enough_evidence() {
        let value = |at: u32| NumberFormat::Bf16.round(-0.37 - 0.217 * f64::from(at));
        let column = |n: u32| {
            let mut stats = ResolutionStats::default();
            for at in 0..n {
                stats.observe(&Printed::parse(format!("{}", value(at)).as_bytes()).unwrap());
            }
            stats.resolution()
        };
        assert_eq!(column(40).stored, NumberFormat::Bf16);
        assert_eq!(column(5).stored, NumberFormat::Bf16);
        assert_eq!(column(4).stored, NumberFormat::F64);
        assert_eq!(stats(&["-1.375"; 40]).resolution().stored, NumberFormat::F64);
    }

    #[test]
    fn rows_of_different_precision_are_noticed() {
        let fine: Vec<String> = (0..90).map(|at| format!("-{:.6}", 0.123_457 + f64::from(at) * 0.013_577)).collect();
        let coarse: Vec<String> = (0..30).map(|at| format!("-{:.3}", 0.123 + f64::from(at) * 0.017)).collect();
        let fine: Vec<&str> = fine.iter().map(String::as_str).collect();
        let coarse: Vec<&str> = coarse.iter().map(String::as_str).collect();
        assert!(!stats(&fine).resolution().mixed);
        let mut both = stats(&fine);
        both.merge(&stats(&coarse));
        assert!(both.resolution().mixed);
        assert_eq!(both.resolution().half_quantum(&Printed::parse(b"-0.123").unwrap()), 0.5e-3);
    }

    #[test]
    fn halves_and_quarters_are_no_coarser_rows() {
        // Numbers of bfloat16 as single precision prints them, with a zero among them.
        let values = (0..200_u32).map(|at| NumberFormat::Bf16.round(-0.03 - 0.011 * f64::from(at)));
        let texts: Vec<String> = values.map(|value| format!("{value}")).chain(["-0.0".to_owned()]).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let column = stats(&texts).resolution();
        assert!(!column.mixed && column.plain_zeros);
        assert!(column.half_quantum(&Printed::parse(b"-0.0").unwrap()) < 1e-9);
    }

    proptest! {
        #[test]
        fn merging_is_lawful(values in prop::collection::vec(-50.0..0.0_f64, 0..60), cut in 0_usize..60, decimals in 1_usize..9) {
            let texts: Vec<String> = values.iter().map(|value| format!("{value:.decimals$}")).collect();
            let all: Vec<&str> = texts.iter().map(String::as_str).collect();
            let cut = cut.min(all.len());
            let (mut a, mut b) = (stats(&all[..cut]), stats(&all[cut..]));
            let whole = stats(&all);
            let (first, second) = (a.clone(), b.clone());
            a.merge(&second);
            b.merge(&first);
            prop_assert_eq!(&a, &whole);
            prop_assert_eq!(&b, &whole);
        }
    }
}
