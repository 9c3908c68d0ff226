//! The numbers behind a finding. What a rule counts has fixed names; names of the log stand under `parts` only.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number of a report. JSON has no number for NaN and the infinities: they stand as the strings `NaN`, `inf` and `-inf`.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub f64);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.total_cmp(&other.0).is_eq()
    }
}

impl Eq for Number {}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() { serializer.serialize_f64(self.0) } else { serializer.collect_str(&self.0) }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Number;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number, or one of the strings NaN, inf and -inf")
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Number, E> {
                Ok(Number(value))
            }

            #[expect(clippy::cast_precision_loss, reason = "numbers are written as f64: whole ones may lack the point")]
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }

            #[expect(clippy::cast_precision_loss, reason = "numbers are written as f64: whole ones may lack the point")]
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Number, E> {
                match value {
                    "NaN" => Ok(Number(f64::NAN)),
                    "inf" => Ok(Number(f64::INFINITY)),
                    "-inf" => Ok(Number(f64::NEG_INFINITY)),
                    other => Err(de::Error::invalid_value(de::Unexpected::Str(other), &self)),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// The numbers behind a finding, by what found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Evidence {
    /// A rule looked at steps, candidates, items or reported numbers.
    Rule(RuleEvidence),
    /// A column of claims was held to its convention.
    Column(ColumnEvidence),
    /// Records could not be read.
    Records {
        /// How many.
        records: u64,
    },
}

/// What a rule saw.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleEvidence {
    /// How often the rule could look.
    pub judged: u64,
    /// How often it saw the defect.
    pub failed: u64,
    /// The value in the row that is farthest beyond the bound.
    pub found: Option<Number>,
    /// What is due there, or the limit.
    pub expected: Option<Number>,
    /// How far the two may lie apart there.
    pub within: Option<Number>,
    /// Counts of the rule's own, by its names.
    pub counts: BTreeMap<String, u64>,
    /// Sums of the rule's own.
    pub sums: BTreeMap<String, Number>,
    /// Moments of the rule's own.
    pub moments: BTreeMap<String, Moments>,
    /// Histograms of the rule's own.
    pub histograms: BTreeMap<String, Vec<Bin>>,
    /// How often the defect was seen under each name of the log, such as a metric's.
    pub parts: BTreeMap<String, u64>,
}

/// First and second moments of pairs of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moments {
    /// Number of pairs.
    pub n: u64,
    /// Means of the first and the second numbers.
    pub means: [Number; 2],
    /// Their variances.
    pub variances: [Number; 2],
    /// Their covariance.
    pub covariance: Number,
}

/// A bin of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    /// What is counted, such as a position.
    pub bin: u64,
    /// How often.
    pub count: u64,
}

/// A column of claims against its convention. What does not apply to the finding is None.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ColumnEvidence {
    /// Judged rows of the column.
    pub rows: u64,
    /// The claim in the first row shown.
    pub reported: Option<Number>,
    /// The value there under the convention.
    pub convention: Option<Number>,
    /// The hard bound between the two.
    pub bound: Option<Number>,
    /// The formula that explains the column, or those of a mixture.
    pub formulas: Vec<String>,
    /// Rows that the formula explains and in which it differs from the convention.
    pub explained: Option<u64>,
    /// Rows that can tell.
    pub decidable: Option<u64>,
    /// Rows that cannot.
    pub undecidable: Option<u64>,
    /// Rows that can tell and follow the convention.
    pub against: Option<u64>,
    /// The constant by which all claims are off.
    pub constant: Option<Number>,
    /// Distance of the first row shown to its convention, where no formula explains it.
    pub off_by: Option<Number>,
    /// Picks that change under the convention.
    pub flips: Option<u64>,
}

impl Evidence {
    /// All single numbers by name, those that JSON has a number for. Sums and counts of a rule stand under its names for
    /// them, parts as `parts.NAME`.
    #[must_use]
    pub fn numbers(&self) -> BTreeMap<String, serde_json::Number> {
        let mut numbers = BTreeMap::new();
        let mut put = |name: &str, number: Option<serde_json::Number>| {
            numbers.extend(number.map(|number| (name.to_owned(), number)));
        };
        let real = |number: Option<Number>| number.and_then(|number| serde_json::Number::from_f64(number.0));
        let whole = |count: Option<u64>| count.map(serde_json::Number::from);
        match self {
            Self::Rule(rule) => {
                rule.counts.iter().for_each(|(name, times)| put(name, whole(Some(*times))));
                rule.sums.iter().for_each(|(name, sum)| put(name, real(Some(*sum))));
                for (name, failed) in &rule.parts {
                    put(&format!("parts.{name}"), whole(Some(*failed)));
                }
                put("judged", whole(Some(rule.judged)));
                put("failed", whole(Some(rule.failed)));
                put("found", real(rule.found));
                put("expected", real(rule.expected));
                put("within", real(rule.within));
            }
            Self::Column(column) => {
                put("rows", whole(Some(column.rows)));
                for (name, number) in [
                    ("reported", column.reported),
                    ("convention", column.convention),
                    ("bound", column.bound),
                    ("constant", column.constant),
                    ("off_by", column.off_by),
                ] {
                    put(name, real(number));
                }
                for (name, count) in [
                    ("explained", column.explained),
                    ("decidable", column.decidable),
                    ("undecidable", column.undecidable),
                    ("against", column.against),
                    ("flips", column.flips),
                ] {
                    put(name, whole(count));
                }
            }
            Self::Records { records } => put("records", whole(Some(*records))),
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_json_cannot_hold_are_read_back() {
        let values = [1.5, -0.0, 3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324];
        let text = serde_json::to_string(&values.map(Number)).unwrap();
        assert_eq!(text, "[1.5,-0.0,3.0,\"NaN\",\"inf\",\"-inf\",5e-324]");
        assert_eq!(serde_json::from_str::<Vec<Number>>(&text).unwrap(), values.map(Number));
        assert_eq!(serde_json::from_str::<Vec<Number>>("[3, -3]").unwrap(), [Number(3.0), Number(-3.0)]);
        assert!(serde_json::from_str::<Number>("\"many\"").unwrap_err().to_string().contains("expected a number"));
    }

    #[test]
    fn a_name_of_the_log_overwrites_no_number() {
        let evidence = Evidence::Rule(RuleEvidence {
            judged: 12,
            failed: 2,
            found: Some(Number(0.5)),
            parts: BTreeMap::from([("found".to_owned(), 1), ("judged".to_owned(), 1)]),
            ..RuleEvidence::default()
        });
        let numbers = evidence.numbers();
        let number = |name: &str| numbers[name].as_f64();
        assert_eq!((number("found"), number("judged"), number("failed")), (Some(0.5), Some(12.0), Some(2.0)));
        assert_eq!((number("parts.found"), number("parts.judged")), (Some(1.0), Some(1.0)));
        let text = serde_json::to_string(&evidence).unwrap();
        assert_eq!(serde_json::from_str::<Evidence>(&text).unwrap(), evidence);
    }
}
