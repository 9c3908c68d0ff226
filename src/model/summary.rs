//! What is kept of an item after its tokens are gone: fixed-size summaries.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::{ColumnKey, Place, TokenPath, stable_hash};
use crate::numeric::Approx;

/// What the pipeline reported of a candidate in one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// The column.
    pub column: ColumnKey,
    /// The number within half a quantum of its column; NaN and infinities included. None for null.
    pub number: Option<Approx>,
    /// Whether the candidate with the lowest value in this column is the best one.
    pub lower_is_better: bool,
    /// Which of the principal formulas explain it; 0 when not searched.
    pub explained_by: u128,
    /// Whether the values beneath it contradict it.
    pub refuted: bool,
    /// Whether the column's name promises a formula, or the number follows from the tokens. Any other one may be the reason of
    /// all picks; by itself it proves none and contradicts none.
    pub promises: bool,
}

impl Reported {
    /// The number, negated where a lower one is better: of two merits the larger one is the better one.
    #[must_use]
    pub fn merit(&self) -> Option<Approx> {
        self.number.map(|number| if self.lower_is_better { -number } else { number })
    }
}

/// Number of leading steps that a summary keeps, to see where two candidates part.
pub const OPENING: usize = 4;

/// One candidate without its tokens.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct CandidateSummary {
    /// The candidate's id.
    pub id: Option<String>,
    /// Position in the item, where the record says it.
    pub index: Option<u32>,
    /// The position of its score, or of its record if it has none.
    pub place: Place,
    /// Reported numbers, in the order of the record.
    pub claims: Vec<Reported>,
    /// Σ ln p over the continuation, re-derived from the steps.
    pub total: Option<Approx>,
    /// Value of the primary score column's convention, re-derived.
    pub derived: Option<Approx>,
    /// The same from the steps' own vectors or alternatives, whatever log-prob the steps state; kept where there is a pick.
    pub recomputed: Option<Approx>,
    /// Scored steps.
    pub tokens: u32,
    /// Unicode characters of the continuation, delimiter included.
    pub chars: Option<u32>,
    /// UTF-8 bytes of the continuation, delimiter included.
    pub bytes: Option<u32>,
    /// Words of the continuation.
    pub words: Option<u32>,
    /// Characters (and bytes: delimiters are ASCII) that the format put in front as a delimiter.
    pub delimiter: u32,
    /// Log-likelihood without the context.
    pub unconditional: Option<f64>,
    /// Whether the pipeline says that every token is the most likely one.
    pub greedy: Option<bool>,
    /// Whether every token is the most likely one by its alternatives.
    pub all_top1: Option<bool>,
    /// Whether the pipeline says that it was picked.
    pub picked: Option<bool>,
    /// Whether it is a right answer.
    pub gold: Option<bool>,
    /// Hash and log-prob of the first scored tokens.
    pub opening: Vec<(u64, f64)>,
    /// Hash of the context.
    pub prompt: Option<u64>,
    /// Hash of what was logged of it, to tell it from another one of the same name.
    pub content: u32,
    /// Numbers without a role, by field; kept where a pick may follow from them.
    pub side_values: Vec<(String, f64)>,
    /// Hash of the answer that its text comes to; kept where a pick may name it.
    pub answer: Option<u64>,
    /// Hash of its text; kept where a pick may name it.
    pub text: Option<u64>,
    /// Its tokens, if the item's records are not contiguous and will be gone when it is judged.
    pub path: Option<TokenPath>,
}

/// The hash by which answers and texts are compared with what a pick names.
#[must_use]
pub fn answer_hash(text: &str) -> u64 {
    stable_hash(text.trim())
}

impl CandidateSummary {
    /// The value of a field without a role.
    #[must_use]
    pub fn side_value(&self, field: &str) -> Option<f64> {
        self.side_values.iter().find(|(name, _)| name == field).map(|(_, value)| *value)
    }

    /// What the pipeline reported of it in a column.
    #[must_use]
    pub fn claim(&self, column: &ColumnKey) -> Option<&Reported> {
        self.claims.iter().find(|claim| claim.column == *column)
    }
}

/// How the pipeline named a candidate.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub enum Choice {
    /// Not logged.
    #[default]
    Missing,
    /// By position; may lie outside.
    Index(i64),
    /// By id or text.
    Id(String),
}

impl Choice {
    /// What is named, as text.
    #[must_use]
    pub fn name(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Missing => None,
            Self::Index(index) => Some(index.to_string().into()),
            Self::Id(id) => Some(id.into()),
        }
    }

    /// The hash of what is named, to compare with answers and texts.
    #[must_use]
    pub fn answer(&self) -> Option<u64> {
        self.name().map(|name| answer_hash(&name))
    }
}

/// The position that a letter names: A is the first.
fn letter(id: &str) -> Option<usize> {
    match id.trim().as_bytes() {
        [letter @ b'A'..=b'Z'] => Some(usize::from(letter - b'A')),
        _ => None,
    }
}

/// One item without its tokens. Items whose candidates are spread over several records are merged from parts.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct ItemSummary {
    /// The item's id.
    pub id: String,
    /// Its candidates; in order of position once [`ItemSummary::settle`] has run.
    pub candidates: Vec<CandidateSummary>,
    /// The candidate that the pipeline chose.
    pub pick: Choice,
    /// The right candidate.
    pub gold: Choice,
    /// Whether the pipeline says that the item is right.
    pub correct: Option<bool>,
    /// Where the item starts.
    pub place: Place,
    /// Fields that its records have, as a set.
    pub fields: u32,
}

impl ItemSummary {
    /// Adds another part of the same item. The earlier part's item-level fields win, so that the order of
    /// merging does not matter.
    pub fn merge(&mut self, mut other: Self) {
        if other.place < self.place {
            std::mem::swap(self, &mut other);
        }
        self.fields |= other.fields;
        for candidate in other.candidates {
            self.add(candidate);
        }
        if self.pick == Choice::Missing {
            self.pick = other.pick;
        }
        if self.gold == Choice::Missing {
            self.gold = other.gold;
        }
        self.correct = self.correct.or(other.correct);
    }

    /// Adds a candidate. One of the same name with the same content is the same one, logged twice (which RT701 reports):
    /// the first of them is kept, and a log that repeats itself costs no memory.
    fn add(&mut self, candidate: CandidateSummary) {
        let named = candidate.id.is_some() || candidate.index.is_some();
        let same = |own: &&mut CandidateSummary| {
            (&own.id, own.index, own.content) == (&candidate.id, candidate.index, candidate.content)
        };
        match self.candidates.iter_mut().find(same).filter(|_| named) {
            Some(own) if candidate.place < own.place => *own = candidate,
            Some(_) => {}
            None => self.candidates.push(candidate),
        }
    }

    /// Sorts the candidates by logged position if all have one; otherwise keeps their order.
    pub fn settle(&mut self) {
        if self.candidates.iter().all(|candidate| candidate.index.is_some()) {
            self.candidates.sort_by(|a, b| (a.index, &a.place).cmp(&(b.index, &b.place)));
        } else {
            self.candidates.sort_by(|a, b| a.place.cmp(&b.place));
        }
    }

    /// Position of the picked candidate, if the log names one that exists: the first of those with the answer that it names.
    #[must_use]
    pub fn picked(&self) -> Option<usize> {
        self.resolve(&self.pick).or_else(|| self.flagged(|candidate| candidate.picked))
    }

    /// Whether a candidate is as good as the picked one: itself, or one that comes to the same answer where an answer was
    /// picked.
    #[must_use]
    pub fn is_same_answer(&self, pick: usize, other: usize) -> bool {
        let answer = |at: usize| self.candidates.get(at).and_then(|candidate| candidate.answer);
        pick == other || self.names_answer() && answer(pick).is_some() && answer(pick) == answer(other)
    }

    /// Whether the pick is the answer of a candidate and no candidate by itself.
    #[must_use]
    pub fn names_answer(&self) -> bool {
        self.candidates.iter().any(|candidate| candidate.answer.is_some() && candidate.answer == self.pick.answer())
    }

    /// Whether the log says anything about which candidate was picked. What names one of a single candidate is a class or an
    /// answer.
    #[must_use]
    pub fn has_pick(&self) -> bool {
        (self.pick != Choice::Missing && self.candidates.len() >= 2)
            || self.candidates.iter().any(|candidate| candidate.picked.is_some())
    }

    /// Whether a candidate is a right answer, if the log says.
    #[must_use]
    pub fn is_gold(&self, position: usize) -> Option<bool> {
        match &self.gold {
            Choice::Missing => self.candidates.get(position)?.gold,
            choice => {
                let own = self.candidates.get(position)?.answer;
                let right = self.resolve(choice)?;
                Some(right == position || own.is_some() && own == choice.answer())
            }
        }
    }

    /// Whether pick and gold are one label, where no candidates are logged that they could name: letters or numbers. Other
    /// texts a grader may call equal that are not.
    #[must_use]
    pub fn is_same_label(&self) -> Option<bool> {
        if self.candidates.len() >= 2 {
            return None;
        }
        let label = |id: &str| if id.trim().len() == 1 { letter(&id.to_ascii_uppercase()) } else { None };
        match (&self.pick, &self.gold) {
            (Choice::Index(pick), Choice::Index(gold)) => Some(pick == gold),
            (Choice::Id(pick), Choice::Id(gold)) => label(pick).zip(label(gold)).map(|(pick, gold)| pick == gold),
            _ => None,
        }
    }

    /// Whether the answer that was picked is right, if the log says; `pick` is its candidate, where it names one.
    #[must_use]
    pub fn is_right(&self, pick: Option<usize>) -> Option<bool> {
        self.is_same_label().or_else(|| self.is_gold(pick?))
    }

    /// Position of the right candidate where there is exactly one.
    #[must_use]
    pub fn gold_position(&self) -> Option<usize> {
        self.resolve(&self.gold).or_else(|| self.flagged(|candidate| candidate.gold))
    }

    fn resolve(&self, choice: &Choice) -> Option<usize> {
        let by_id = |id: &str| self.candidates.iter().position(|candidate| candidate.id.as_deref() == Some(id));
        let by = |named: fn(&CandidateSummary) -> Option<u64>| {
            let wanted = choice.answer()?;
            self.candidates.iter().position(|candidate| named(candidate) == Some(wanted))
        };
        match choice {
            Choice::Missing => None,
            Choice::Id(id) => by_id(id)
                .or_else(|| by(|candidate| candidate.answer))
                .or_else(|| by(|candidate| candidate.text))
                .or_else(|| letter(id).filter(|position| *position < self.candidates.len())),
            // A number that is one candidate's answer and another one's position names neither.
            Choice::Index(index) if by(|candidate| candidate.answer).is_some() => {
                let answer = by(|candidate| candidate.answer);
                let position = usize::try_from(*index).ok().filter(|index| *index < self.candidates.len());
                answer.filter(|answer| position.is_none_or(|position| position == *answer))
            }
            // One candidate is no choice: the number is a class.
            Choice::Index(_) if self.candidates.len() < 2 => None,
            Choice::Index(index) => {
                let position = usize::try_from(*index).ok().filter(|index| *index < self.candidates.len())?;
                // Candidates that carry their position are found by it, since some may be missing.
                match self.candidates.iter().position(|candidate| candidate.index.map(i64::from) == Some(*index)) {
                    Some(found) => Some(found),
                    None if self.candidates.iter().all(|candidate| candidate.index.is_none()) => Some(position),
                    None => None,
                }
            }
        }
    }

    fn flagged(&self, flag: impl Fn(&CandidateSummary) -> Option<bool>) -> Option<usize> {
        let mut found = None;
        for (position, candidate) in self.candidates.iter().enumerate() {
            if flag(candidate) == Some(true) && found.replace(position).is_some() {
                return None;
            }
        }
        found
    }
}
