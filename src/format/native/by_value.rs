//! Numbers whose names promise nothing, such as `reward` or `value`. A number that follows from the tokens in all first
//! records is a claim; others are not.

use crate::config::{ColumnSpec, Promise, both_ends};
use crate::format::json::{Kind, Value};
use crate::format::native::mapping::Mapping;
use crate::format::native::record::item;
use crate::format::native::roles::by_name;
use crate::formula::{Casts, FactsBuilder, Formula, Needs, Output, Scale, SequenceFacts, Span, StepResolutions};
use crate::model::{Candidate, ClaimKind, ColumnId, Item, Logged, plain_name};
use crate::numeric::{Approx, Printed, ResolutionStats};

/// Minimum number of candidates from which a formula is inferred.
const FEWEST: usize = 3;
/// Maximum relative rounding error of a number that counts as evidence.
const OPEN: f64 = 0.01;

/// What a number of a whole text may be, the likeliest first.
const MAY_BE: [(ClaimKind, Formula); 9] = [
    (ClaimKind::Score, Formula::SUM),
    (ClaimKind::MeanLogprob, Formula::MEAN),
    (ClaimKind::TotalLoss, Formula::TOTAL_LOSS),
    (ClaimKind::Loss, Formula::LOSS),
    (ClaimKind::Perplexity, Formula::PERPLEXITY),
    (ClaimKind::SequenceProb, Formula::PRODUCT),
    (ClaimKind::SequenceProb, Formula { output: Output::Exp, ..Formula::MEAN }),
    (ClaimKind::Normalised, Formula { scale: Scale::Chars, ..Formula::SUM }),
    (ClaimKind::Normalised, Formula { scale: Scale::Bytes, ..Formula::SUM }),
];

/// What the words of a name say of a number that is known to come from the tokens.
const WORDS: [(&str, ClaimKind, ClaimKind); 11] = [
    ("sum", ClaimKind::Score, ClaimKind::TotalLoss),
    ("total", ClaimKind::Score, ClaimKind::TotalLoss),
    ("tot", ClaimKind::Score, ClaimKind::TotalLoss),
    ("summed", ClaimKind::Score, ClaimKind::TotalLoss),
    ("cum", ClaimKind::Score, ClaimKind::TotalLoss),
    ("cumulative", ClaimKind::Score, ClaimKind::TotalLoss),
    ("mean", ClaimKind::MeanLogprob, ClaimKind::Loss),
    ("avg", ClaimKind::MeanLogprob, ClaimKind::Loss),
    ("average", ClaimKind::MeanLogprob, ClaimKind::Loss),
    ("ppl", ClaimKind::Perplexity, ClaimKind::Perplexity),
    ("perplexity", ClaimKind::Perplexity, ClaimKind::Perplexity),
];

/// Spans that pipelines take for the continuation by mistake.
const SPANS: [Span; 2] = [Span::DropFirst(1), Span::DropLast(1)];

/// The kind that the words of a name say, for a number of this sign.
fn said(name: &str, is_negative: bool) -> Option<ClaimKind> {
    // Of a path, the field's own name.
    let plain = plain_name(name.rsplit('.').next().unwrap_or(name));
    let mut words = plain.split('_');
    let (_, of_negative, of_positive) = words.find_map(|word| WORDS.iter().find(|(known, ..)| *known == word))?;
    Some(if is_negative { *of_negative } else { *of_positive })
}

/// Longest record that is read for its evidence: a record takes many times its size in memory.
const LONGEST: usize = 1 << 20;

/// Whether a record is short enough to be read for its evidence.
pub(super) fn is_short(record: &Value<'_>) -> bool {
    record.end() - record.start() <= LONGEST
}

/// Whether a record, an object in its lists, or a list in it has numbers under a name without a role.
fn may_have(record: Value<'_>, mapping: &Mapping) -> bool {
    record.members().any(|(key, value)| match value.kind() {
        Kind::Number => by_name(key.raw_str()).is_none() && mapping.column(key.raw_str()).is_none(),
        Kind::Object => {
            by_name(key.raw_str()).is_none()
                && value.members().any(|(_, own)| own.kind() == Kind::Number || may_have(own, mapping))
        }
        Kind::Array => match value.elements().next() {
            Some(first) if first.kind() == Kind::Object => value.elements().any(|entry| may_have(entry, mapping)),
            Some(first) => first.kind() == Kind::Number && by_name(key.raw_str()).is_none(),
            None => false,
        },
        _ => false,
    })
}

/// A number that candidates have: a claim by its column, or one under a name without a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field<'n> {
    Claim(ColumnId),
    Side(&'n str),
}

impl<'n> Field<'n> {
    /// All that some candidates have, in the order in which they come.
    pub(super) fn all<'t: 'n>(candidates: impl Iterator<Item = &'n Candidate<'t>>) -> Vec<Self> {
        let mut fields = Vec::new();
        for candidate in candidates {
            let sides = candidate.side_values.iter().map(|side| Self::Side(&side.name));
            for field in sides.chain(candidate.claims.iter().map(|claim| Self::Claim(claim.of))) {
                if !fields.contains(&field) {
                    fields.push(field);
                }
            }
        }
        fields
    }

    /// The number of a candidate; None without a finite one.
    pub(super) fn number(self, candidate: &Candidate<'_>) -> Option<Printed> {
        match self {
            Self::Claim(column) => candidate.claims.iter().find(|claim| claim.of == column)?.value.finite(),
            Self::Side(name) => Some(candidate.side_values.iter().find(|side| side.name == name)?.value),
        }
    }

    /// The same as a plain number, which may be infinite.
    pub(super) fn value(self, candidate: &Candidate<'_>) -> Option<f64> {
        match self {
            Self::Claim(column) => candidate.claims.iter().find(|claim| claim.of == column)?.value.value(),
            Self::Side(_) => self.number(candidate).map(|number| number.value),
        }
    }
}

/// The candidates of items whose tokens are logged.
fn with_tokens<'i, 't>(items: &'i [Item<'t>]) -> impl Iterator<Item = &'i Candidate<'t>> {
    items.iter().flat_map(|item| &item.candidates).filter(|candidate| !candidate.steps.is_empty())
}

/// A column that is a claim by its values.
pub(super) struct Known {
    pub(super) spec: ColumnSpec,
    /// What the values show.
    pub(super) evidence: String,
}

/// The columns of fields without a role that follow from the tokens wherever the records have them.
pub(super) fn columns(records: &[Value<'_>], mapping: &Mapping) -> Vec<Known> {
    let records = || records.iter().filter(|record| is_short(record));
    // Most logs have no such number: their records need not be read for it.
    if !records().any(|record| may_have(*record, mapping)) {
        return Vec::new();
    }
    let mapping = &Mapping { is_deep: true, ..mapping.clone() };
    let items: Vec<Item<'_>> = records().filter_map(|record| item(*record, mapping).ok()).collect();
    of_items(&items, mapping)
}

/// The same for items that were read while it was not known which of their numbers are claims.
pub(super) fn of_items(items: &[Item<'_>], mapping: &Mapping) -> Vec<Known> {
    let mut names: Vec<&str> = Vec::new();
    for side in with_tokens(items).flat_map(|candidate| &candidate.side_values) {
        if mapping.column(&side.name).is_none() && !names.contains(&&*side.name) {
            names.push(&side.name);
        }
    }
    if names.is_empty() {
        return Vec::new();
    }
    let rows = Rows::of(items);
    names.into_iter().filter_map(|name| rows.column(name)).collect()
}

/// The numbers of items that follow from the values that were taken for those of their tokens, in all candidates: claims by
/// name, and those that nothing is known of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Following {
    /// How many numbers, over all candidates.
    pub(super) numbers: usize,
    /// In how many fields.
    pub(super) fields: usize,
}

/// Counts the numbers of items that follow from the values of their tokens, with the names of their fields.
pub(super) fn following(items: &[Item<'_>], mapping: &Mapping) -> (Following, Vec<String>) {
    let rows = Rows::of(items);
    let spec = |column: ColumnId| mapping.columns.get(usize::from(column.0));
    // What a name says of a number is evidence, too, where a usual mistake gives it.
    let by_mistake = |field: &Field<'_>| mistaken().any(|formula| rows.follow(*field, &formula));
    let follows = |field: &Field<'_>| match *field {
        Field::Claim(column) => {
            let accepted = |spec: &ColumnSpec| spec.accepted.iter().any(|formula| rows.follow(*field, formula));
            spec(column).is_some_and(|spec| accepted(spec) || by_mistake(field))
        }
        Field::Side(name) => {
            MAY_BE.iter().any(|(_, formula)| rows.follow(*field, formula))
                || (said(name, true).is_some() && by_mistake(field))
        }
    };
    let (mut found, mut names) = (Following::default(), Vec::new());
    for field in Field::all(with_tokens(items)).into_iter().filter(follows) {
        found.fields += 1;
        found.numbers += rows.with(field).count();
        names.push(match field {
            Field::Claim(column) => spec(column).map(|spec| spec.column.name.to_string()).unwrap_or_default(),
            Field::Side(name) => name.to_owned(),
        });
    }
    (found, names)
}

/// That the numbers of some fields follow from the values of tokens.
pub(super) fn follow_from(names: &[String]) -> String {
    let verb = if names.len() == 1 { "follows" } else { "follow" };
    format!("`{}` {verb} from them", names.join("`, `"))
}

/// The formulas of [`MAY_BE`] over the spans that are taken by mistake.
fn mistaken() -> impl Iterator<Item = Formula> {
    MAY_BE.iter().flat_map(|(_, formula)| SPANS.map(|span| Formula { span, ..*formula }))
}

/// Candidates with what formulas start from.
struct Rows<'i, 't>(Vec<(&'i Candidate<'t>, SequenceFacts)>);

impl<'i, 't> Rows<'i, 't> {
    fn of(items: &'i [Item<'t>]) -> Self {
        let resolutions = resolutions(with_tokens(items));
        let formulas: Vec<Formula> = MAY_BE.iter().map(|(_, formula)| *formula).chain(mistaken()).collect();
        let needs = Needs::of(&formulas);
        let mut builder = FactsBuilder::default();
        let facts = |candidate| (candidate, builder.gather(candidate, &resolutions, &needs).clone());
        Self(with_tokens(items).map(facts).collect())
    }

    /// The candidates that have a field, with its number.
    fn with(&self, field: Field<'_>) -> impl Iterator<Item = (Printed, &SequenceFacts)> {
        self.0.iter().filter_map(move |(candidate, facts)| Some((field.number(candidate)?, facts)))
    }

    /// Whether a formula gives the number of nearly every candidate that has one, and that of enough different ones closely.
    fn follow(&self, field: Field<'_>, formula: &Formula) -> bool {
        follows(&self.with(field).collect::<Vec<_>>(), formula, EXCEPT).is_some()
    }

    /// How many candidates of a claim a formula gives the number of, if these are most.
    fn claimed(&self, field: Field<'_>, formula: &Formula) -> Option<usize> {
        follows(&self.with(field).collect::<Vec<_>>(), formula, EXCEPT_OF_CLAIM)
    }

    /// The column of a field that follows from the tokens. What its name says is what it is held to.
    fn column(&self, name: &str) -> Option<Known> {
        let field = Field::Side(name);
        let all = self.with(field).count();
        let fits = MAY_BE.iter().find_map(|(kind, formula)| {
            let formulas = both_ends(&[*formula]);
            let fit = formulas.iter().filter_map(|formula| self.claimed(field, formula)).max()?;
            Some((*kind, formulas, fit))
        });
        let is_negative = self.with(field).all(|(number, _)| number.value <= 0.0);
        if let Some(kind) = said(name, is_negative)
            && (fits.is_some() || mistaken().any(|formula| self.claimed(field, &formula).is_some()))
        {
            let evidence = match &fits {
                Some((_, formulas, fit)) => evidence(formulas, *fit, all),
                None => format!("follows from the tokens in most of {all} sampled candidates, without one of them"),
            };
            return Some(Known { spec: ColumnSpec::of_kind(name, kind), evidence });
        }
        let (kind, formulas, fit) = fits?;
        let evidence = evidence(&formulas, fit, all);
        let spec = ColumnSpec { promise: Promise::Matched, ..ColumnSpec::with_formulas(name, kind, formulas) };
        Some(Known { spec, evidence })
    }
}

/// How many candidates the first of some formulas gives the number of.
fn evidence(formulas: &[Formula], fit: usize, all: usize) -> String {
    formulas.first().map_or_else(String::new, |formula| format!("= {formula} in {fit} of {all} sampled candidates"))
}

/// One of so many rows may have another number: a log with an error in some rows is still read, and a number that follows in
/// most of them is a claim.
const EXCEPT: usize = 10;
const EXCEPT_OF_CLAIM: usize = 2;

/// How many rows a formula gives the number of, if these are nearly all and enough different ones closely.
fn follows(rows: &[(Printed, &SequenceFacts)], formula: &Formula, except: usize) -> Option<usize> {
    let mut stats = ResolutionStats::default();
    for (number, _) in rows {
        stats.observe(number);
    }
    let resolution = stats.resolution();
    let mut close: Vec<f64> = Vec::new();
    let mut other = 0_usize;
    for (number, facts) in rows {
        let claim = Approx::of_column(number, &resolution);
        let Some(derived) = facts.evaluate(formula, &Casts::default()).filter(|derived| claim.agrees(*derived)) else {
            other += 1;
            if other > rows.len() / except {
                return None;
            }
            continue;
        };
        if claim.half + derived.half <= OPEN * claim.value.abs() && !close.contains(&claim.value) {
            close.push(claim.value);
        }
    }
    (close.len() >= FEWEST).then(|| rows.len() - other)
}

/// Resolutions of the tokens' values, from their digits.
fn resolutions<'c, 't: 'c>(candidates: impl Iterator<Item = &'c Candidate<'t>>) -> StepResolutions {
    let (mut logprob, mut prob, mut logit) =
        (ResolutionStats::default(), ResolutionStats::default(), ResolutionStats::default());
    let see = |stats: &mut ResolutionStats, value: &Logged| {
        if let Logged::Number(number) = value {
            stats.observe(number);
        }
    };
    for step in candidates.flat_map(|candidate| candidate.steps.iter()) {
        see(&mut logprob, &step.logprob);
        see(&mut prob, &step.prob);
        see(&mut logit, &step.logit);
    }
    StepResolutions {
        logprob: logprob.resolution(),
        prob: prob.resolution(),
        logit: logit.resolution(),
        ..StepResolutions::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::Tape;

    /// The fields that are read as claims, with their kinds.
    fn found(records: &[&str]) -> Vec<(String, ClaimKind)> {
        let mut tapes: Vec<Tape> = records.iter().map(|_| Tape::default()).collect();
        let values: Vec<Value<'_>> =
            tapes.iter_mut().zip(records).map(|(tape, record)| tape.parse(record.as_bytes()).unwrap()).collect();
        let columns = columns(&values, &Mapping::new(Vec::new()));
        columns.into_iter().map(|known| (known.spec.column.name.to_string(), known.spec.column.kind)).collect()
    }

    #[test]
    fn a_number_that_follows_from_the_tokens_in_all_records_is_a_claim() {
        let records = [
            r#"{"item": "a", "logprobs": [-0.5, -0.25], "value": -0.75, "q": 0.6873, "reward": 1.0, "cost": -0.375}"#,
            r#"{"item": "b", "logprobs": [-1.5, -0.5, -1.0], "value": -3.0, "q": 0.3679, "reward": 0.0, "cost": -1.0}"#,
            r#"{"item": "c", "logprobs": [-0.125, -0.5], "value": -0.625, "q": 0.7316, "reward": 1.0, "cost": 3.0}"#,
        ];
        // exp of the mean: e^-0.375 = 0.6873, e^-1 = 0.3679, e^-0.3125 = 0.7316.
        let value = ("value".to_owned(), ClaimKind::Score);
        assert_eq!(found(&records), [value, ("q".to_owned(), ClaimKind::SequenceProb)]);
        // Two records may match by chance.
        assert_eq!(found(&records[..2]), []);
    }

    #[test]
    fn a_name_that_says_what_a_number_is_is_believed() {
        // The first token is left out of the total, and the average is a sum.
        let records = [
            r#"{"item": "a", "logprobs": [-0.5012, -0.2503], "text_total": -0.2503, "text_avg": 0.7515, "letters_sum": 3}"#,
            r#"{"item": "b", "logprobs": [-1.5, -0.5, -1.0041], "text_total": -1.5041, "text_avg": 3.0041, "letters_sum": 4}"#,
            r#"{"item": "c", "logprobs": [-0.1251, -0.5007], "text_total": -0.5007, "text_avg": 0.6258, "letters_sum": 5}"#,
        ];
        assert_eq!(
            found(&records),
            [("text_total".to_owned(), ClaimKind::Score), ("text_avg".to_owned(), ClaimKind::Loss)]
        );
    }

    #[test]
    fn constants_and_coarse_numbers_are_no_evidence() {
        let record =
            |value: &str| format!(r#"{{"item": "a", "logprobs": [-0.5, -0.75], "value": {value}, "rating": -1}}"#);
        let same = [record("-1.25"), record("-1.25"), record("-1.25")];
        assert_eq!(found(&same.each_ref().map(String::as_str)), []);
    }
}
