//! Turns a column's explanation into a diagnosis and a finding: the formula, the rows, the effect.

use crate::audit::ColumnPlan;
use crate::conclude::diagnosis::{self, Explanation, Member};
use crate::conclude::figure;
use crate::conclude::finding::{Draft, Row, Stream, UNEXPLAINED, cause_of, location};
use crate::conclude::picks;
use crate::config::Promise;
use crate::formula::{Constant, Deviations, Formula, Grammar, GrammarEntry, Output, Scale, Span, describe};
use crate::model::Severity;
use crate::numeric::{self, show};
use crate::report::words::{accuracy_change, count, number, picks_change, rows, some};
use crate::report::{ColumnEvidence, Diagnosis, Evidence, Impact, Location, Number, RowGroup};
use crate::rules::{Cause, Message, Rule};
use crate::tally::{ClaimRow, ColumnTally, Fit, FormulaCount, ItemTally, RowRef};

/// The conclusions from a column's tally.
pub(super) struct Diagnosed {
    pub(super) draft: Option<Draft>,
    pub(super) diagnosis: Diagnosis,
    /// The formula that the claims follow; the convention, if no other formula explains them.
    pub(super) found: Formula,
}

/// A column with its explanation.
pub(super) struct Explained<'e> {
    pub(super) name: &'e str,
    pub(super) column: &'e ColumnTally,
    pub(super) plan: &'e ColumnPlan,
    pub(super) explanation: &'e Explanation,
}

/// Draws conclusions from a column's tally: a diagnosis, and a finding if the column does not follow its convention.
/// `decides` means that this convention gives the same recomputed picks as the primary column's convention.
pub(super) fn diagnose(explained: &Explained<'_>, items: &ItemTally, decides: bool, stream: &Stream<'_>) -> Diagnosed {
    let Explained { name, column, plan, explanation } = *explained;
    let mixed = items.mixed.get(&plan.spec.column).map_or(0, |kept| kept.items);
    let grammar = plan.grammar.as_deref();
    let convention = plan.convention();
    let proven = diagnosis::verdicts(column, plan.chosen, explanation).proven;
    let wanted = decides && !is_right(explanation);
    let impact = wanted.then(|| impact(items, is_to_the_digit(column, explanation))).flatten();
    let mut diagnosis = Diagnosis {
        run: stream.run.to_owned(),
        task: stream.task.to_owned(),
        claim: name.to_owned(),
        convention: convention.to_string(),
        best: match explanation {
            Explanation::Follows if proven > 0 => Some(convention.to_string()),
            Explanation::AsRight { at } => Some(diagnosis::entry(grammar, *at).to_string()),
            _ => None,
        },
        explained: proven,
        decidable: column.judged,
        total: column.judged,
        runner_up: None,
        gap_bits: 0.0,
        ambiguous: false,
        impact: impact.clone(),
        groups: Vec::new(),
        figure: figure::figure(column, explanation),
    };
    let found = figure::found(explanation, plan);
    let flips = impact.as_ref().map(|impact| impact.flips);
    let writer = Writer { name, column, plan, grammar, convention, items, mixed, flips, stream };
    let draft = match explanation {
        Explanation::Follows | Explanation::Unknown | Explanation::AsRight { .. } | Explanation::MaybeHalf => None,
        Explanation::Stub => writer.stub(),
        Explanation::Shift(constant) => writer.shift(*constant),
        Explanation::Nothing => writer.nothing(),
        Explanation::Mixture(members) => {
            diagnosis.explained = members.iter().map(|member| member.rows).sum();
            diagnosis.groups = members.iter().map(|member| writer.group(member)).collect();
            writer.mixture(members)
        }
        Explanation::Formula { at, runner_up, ambiguous, rest, exact } => {
            let (at, runner_up, ambiguous) = (*at, *runner_up, *ambiguous);
            let counted = column.formulas.get(at).copied().unwrap_or_default();
            diagnosis.best = Some(diagnosis::entry(grammar, at).to_string());
            (diagnosis.explained, diagnosis.decidable) = if *exact {
                (counted.exact, column.judged)
            } else {
                (counted.decisive, column.judged - counted.undecidable)
            };
            diagnosis.runner_up = runner_up.map(|(at, _)| diagnosis::entry(grammar, at).to_string());
            diagnosis.gap_bits = runner_up.map_or(0.0, |(_, gap)| (gap * 10.0).round() / 10.0);
            diagnosis.ambiguous = ambiguous;
            writer.formula(&Found { at, runner_up, ambiguous, rest: *rest, exact: *exact })
        }
    };
    let draft = draft.map(|mut draft| {
        draft.impact_lines.extend(impact.as_ref().map(|impact| impact_line(impact, &convention.to_string())));
        draft
    });
    Diagnosed { draft, diagnosis, found }
}

/// Whether no row refutes the column.
fn is_right(explanation: &Explanation) -> bool {
    let is_held = matches!(explanation, Explanation::Follows | Explanation::AsRight { .. });
    is_held || matches!(explanation, Explanation::Unknown | Explanation::MaybeHalf)
}

/// The formula that a column's claims are checked against: the convention, or an equally valid one.
pub(super) fn held_to(plan: &ColumnPlan, explanation: &Explanation, judged: u64) -> String {
    match explanation {
        Explanation::AsRight { at } => diagnosis::entry(plan.grammar.as_deref(), *at).to_string(),
        Explanation::Unknown => String::new(),
        // A column that promises no formula and follows none is checked against nothing.
        Explanation::Follows if plan.spec.promise == Promise::Matched && judged == 0 => String::new(),
        _ => plan.convention().to_string(),
    }
}

/// One formula as a column's explanation, see [`Explanation::Formula`].
struct Found {
    at: usize,
    runner_up: Option<(usize, f64)>,
    ambiguous: bool,
    rest: u64,
    exact: bool,
}

struct Writer<'w> {
    name: &'w str,
    column: &'w ColumnTally,
    plan: &'w ColumnPlan,
    grammar: Option<&'w Grammar>,
    convention: Formula,
    items: &'w ItemTally,
    mixed: u64,
    /// Picks that change under the convention.
    flips: Option<u64>,
    stream: &'w Stream<'w>,
}

impl Writer<'_> {
    fn decimals(&self) -> i16 {
        self.plan.resolution.decimals
    }

    fn number(&self, value: f64) -> String {
        number(value, self.decimals())
    }

    fn draft(&self, code: &str, cause: Vec<String>, message: Message, count: u64, rows: &[ClaimRow]) -> Option<Draft> {
        let rule = self.stream.catalogue.by_code(code)?;
        Some(self.draft_of(rule, cause, message, count, rows))
    }

    fn draft_of(
        &self,
        rule: &'static Rule,
        cause: Vec<String>,
        message: Message,
        count: u64,
        rows: &[ClaimRow],
    ) -> Draft {
        let evidence = Evidence::Column(self.numbers(rows));
        let rows = rows
            .iter()
            .map(|row| Row { located: row.located.clone(), item: row.item.clone(), candidate: row.candidate.clone() })
            .collect();
        Draft {
            rule,
            severity: rule.page().severity,
            claim: self.name.to_owned(),
            task: self.stream.task.to_owned(),
            cause,
            message,
            count,
            judged: self.column.judged.max(count),
            rows,
            evidence,
            evidence_lines: Vec::new(),
            impact_lines: Vec::new(),
            impact: None,
            deviation: None,
        }
    }

    /// The numbers common to all findings about the column; `rows` are the displayed ones.
    fn numbers(&self, rows: &[ClaimRow]) -> ColumnEvidence {
        let first = rows.first();
        let fit = first.and_then(|row| Some((row.convention?, row.claimed.half)));
        ColumnEvidence {
            rows: self.column.judged,
            reported: first.map(|row| Number(row.claimed.value)),
            convention: fit.map(|(fit, _)| Number(fit.derived.value)),
            bound: fit.map(|(fit, half)| Number(fit.derived.half + half)),
            flips: self.flips,
            ..ColumnEvidence::default()
        }
    }

    fn formula(&self, explanation: &Found) -> Option<Draft> {
        let Found { at, runner_up, ambiguous, rest, exact } = *explanation;
        let entry = diagnosis::entry(self.grammar, at);
        let found = entry.formula;
        let name = entry.to_string();
        let deviations = Deviations { convention: self.convention, found };
        let counted = self.column.formulas.get(at).copied().unwrap_or_default();
        let words = (entry.described(), describe(&self.convention));
        let cause = Cause { column: self.name, deviations: &deviations, found: &words.0, convention: &words.1 };
        let rule = self
            .stream
            .catalogue
            .rules()
            .iter()
            .copied()
            .find(|rule| rule.cause.is_some_and(|cause| (cause.matches)(&deviations)));
        // The constant is the cause if the formula around it is the convention.
        let rule = match entry.constant {
            Constant::Power(_) if found == self.convention => self.stream.catalogue.by_code("RT207"),
            Constant::Shift(_) if found == self.convention => self.stream.catalogue.by_code("RT215"),
            Constant::Offset(_) if found == self.convention => self.stream.catalogue.by_code("RT206"),
            _ => rule,
        };
        let speaker = rule.and_then(|rule| rule.cause).filter(|_| entry.constant == Constant::None);
        let mut message = match speaker {
            Some(speaker) => (speaker.say)(&cause),
            None => Message::new(format!("`{}` is {}, not {}", self.name, words.0, words.1)),
        };
        if message.help.is_empty() {
            message.help = if entry.constant == Constant::None {
                format!(
                    "report {}; if {} is intended, declare it: {} = \"{found}\" under [conventions] in retally.toml",
                    words.1, words.0, self.name
                )
            } else {
                format!("report {}, or log the constant and what it is for", words.1)
            };
        }
        let index = u16::try_from(at).unwrap_or(u16::MAX);
        let principal = self.column.rows_by_formula.get(&index).map(crate::tally::Smallest::kept);
        let shown: Vec<ClaimRow> = match principal {
            Some(rows) => rows.to_vec(),
            None => self
                .column
                .rows
                .kept()
                .iter()
                .filter(|row| row.fits.iter().any(|fit| fit.formula == index))
                .cloned()
                .collect(),
        };
        let shown = match shown {
            _ if exact => self.column.rounded_rows.kept().to_vec(),
            shown if shown.is_empty() => self.column.rows.kept().to_vec(),
            shown => shown,
        };
        if let Some(row) = shown.first() {
            message.label = self.arithmetic(row, &entry, index);
        }
        let rule = rule.or_else(|| self.stream.catalogue.by_code("RT200"))?;
        let mut parts = vec![name.clone()];
        // Rows that the formula does not explain have a separate cause. A baseline entry for the formula alone must not
        // cover them.
        parts.extend((rest > 0).then(|| UNEXPLAINED.to_owned()));
        let half_precision = found.reduce.half_precision().is_some();
        let explained = if exact { counted.exact } else { counted.decisive };
        let mut draft = self.draft_of(rule, cause_of(parts), message, explained, &shown);
        let is_plain = entry.constant == Constant::None && rest == 0 && !ambiguous;
        draft.deviation = is_plain.then(|| deviations.found_parts());
        if half_precision {
            draft.evidence_lines.extend(self.sizes_of_errors());
            // Noise that changes no pick is a warning.
            if self.flips.is_some_and(|flips| flips > 0) {
                draft.severity = Severity::Error;
            }
        }
        if exact {
            draft.evidence_lines.push(self.to_the_digit(&name));
            draft
                .evidence_lines
                .extend(runner_up.filter(|_| ambiguous).map(|(other, _)| self.ambiguity(&found, other)));
            draft.evidence = Evidence::Column(ColumnEvidence {
                formulas: vec![name.clone()],
                explained: Some(counted.exact),
                decidable: Some(self.column.judged),
                ..self.numbers(&shown)
            });
            return Some(draft);
        }
        let decidable = self.column.judged - counted.undecidable;
        draft.evidence_lines.push(self.matches(&name, &counted, rest));
        if rest > 0 {
            draft.evidence_lines.push(format!("{} refuted {} remain unexplained", count(rest), rows(rest)));
        }
        draft.evidence_lines.extend(runner_up.filter(|_| ambiguous).map(|(other, _)| self.ambiguity(&found, other)));
        draft.evidence = Evidence::Column(ColumnEvidence {
            formulas: vec![name.clone()],
            explained: Some(counted.decisive),
            decidable: Some(decidable),
            undecidable: Some(counted.undecidable),
            against: Some(counted.against),
            ..self.numbers(&shown)
        });
        Some(draft)
    }

    /// Size of the deviations from the convention: in the sampled row with the largest one, and in the median row.
    fn sizes_of_errors(&self) -> Option<String> {
        let mut errors: Vec<f64> =
            self.column.sample.marks().iter().map(|mark| (mark.reported - mark.derived).abs()).collect();
        errors.sort_by(f64::total_cmp);
        let (middle, largest) = (errors.get(errors.len() / 2)?, errors.last()?);
        Some(format!(
            "off by up to {} and typically by {} (median) in {} {}",
            show(*largest),
            show(*middle),
            count(errors.len() as u64),
            if errors.len() as u64 == self.column.judged { rows(self.column.judged) } else { "sampled rows" }
        ))
    }

    /// States in how many rows a formula and the convention match.
    fn matches(&self, name: &str, counted: &FormulaCount, rest: u64) -> String {
        let decidable = self.column.judged - counted.undecidable;
        let extent = match decidable {
            1 if counted.decisive == 1 => "the only row".to_owned(),
            all if counted.decisive == all => format!("all {} {}", count(all), rows(all)),
            all => format!("{} of {} {}", count(counted.decisive), count(all), rows(all)),
        };
        let against = if counted.against == 0 { "none".to_owned() } else { count(counted.against) };
        let convention = self.convention;
        let mut line =
            format!("{name} matches {extent} where it differs from {convention}; {convention} matches {against}");
        let same = format!("{} {}", count(counted.undecidable), rows(counted.undecidable));
        // Rows in which both formulas give the same value fit both, unless neither explains them.
        if counted.undecidable > 0 && rest == 0 {
            line.push_str(&format!(" ({same} fit both)"));
        } else if counted.undecidable > 0 {
            line.push_str(&format!(" (both give the same value in {same})"));
        }
        line
    }

    /// States that a formula gives the printed claims exactly, while the convention would need rounding.
    fn to_the_digit(&self, found: &str) -> String {
        let closeness = &self.column.closeness;
        format!(
            "{found} gives the printed number to its last digit in {}; {} only if the printed digits are rounded by up to {:.1e} \
             (in {} of {} {})",
            if self.column.judged == 1 {
                "the only row".to_owned()
            } else {
                format!("all {} rows", count(self.column.judged))
            },
            self.convention,
            closeness.widest,
            count(closeness.rounded),
            count(self.column.judged),
            rows(self.column.judged)
        )
    }

    fn ambiguity(&self, found: &Formula, other: usize) -> String {
        let other = diagnosis::entry(self.grammar, other);
        format!("ambiguous: {other} also matches; {}", telling(found, &other.formula))
    }

    /// Expected and found value; each number can be derived from the displayed ones.
    fn arithmetic(&self, row: &ClaimRow, found: &GrammarEntry, index: u16) -> String {
        let mut parts = vec![format!("reported {}", self.number(row.claimed.value))];
        if let Some(fit) = row.convention {
            parts.push(self.term(&self.convention, &fit, row));
        }
        if let Some(fit) = row.fits.iter().find(|fit| fit.formula == index) {
            parts.push(match found.constant {
                Constant::None => self.term(&found.formula, fit, row),
                _ => format!("{found} = {}", self.number(fit.derived.value)),
            });
        }
        parts.join("; ")
    }

    /// A formula with its numbers: `sum(logprob)/n = -3.347117/3 = -1.115706`.
    fn term(&self, formula: &Formula, fit: &Fit, row: &ClaimRow) -> String {
        let value = self.number(fit.derived.value);
        let n = f64::from(fit.n);
        // A mean that is stated without its tokens has no token count.
        let is_mean = formula.reduce.is_mean() && fit.n > 0;
        if is_mean || formula.scale != Scale::None {
            let total = if is_mean { fit.base * n } else { fit.base };
            let divisor = if is_mean { n } else { fit.divisor };
            return format!("{formula} = {} = {value}", self.quotient(total, divisor, formula.output));
        }
        let plain_sum = formula.span == Span::Continuation
            && formula.term == crate::formula::Term::LogProb
            && formula.reduce == crate::formula::Reduce::Sum
            && formula.output == Output::Nats;
        if plain_sum && row.n as usize == row.steps.len() && row.n > 1 && row.n <= 5 {
            let steps: Vec<String> = row.steps.iter().map(|step| self.number(*step)).collect();
            return format!("{formula} = {} = {value}", steps.join(" + ").replace("+ -", "- "));
        }
        format!("{formula} = {value}")
    }

    /// A total over its divisor, under the function that turns it into the reported number: `exp(3.347117/3)`.
    fn quotient(&self, total: f64, divisor: f64, output: Output) -> String {
        let over = |total: f64| format!("{}/{}", self.number(total), trimmed(divisor));
        // Not `-total`, which turns 0 into -0.
        let (as_is, turned) = (over(total), over(0.0 - total));
        match output {
            Output::Nats => as_is,
            Output::Bits => format!("{as_is}/ln(2)"),
            Output::Log10 => format!("{as_is}/ln(10)"),
            Output::Negated => turned,
            Output::NegatedBits => format!("{turned}/ln(2)"),
            Output::NegatedLog10 => format!("{turned}/ln(10)"),
            Output::Exp => format!("exp({as_is})"),
            Output::ExpNegated => format!("exp({turned})"),
            Output::Exp2 => format!("2^({as_is})"),
            Output::Exp2Negated => format!("2^({turned})"),
            Output::Exp10Negated => format!("10^({turned})"),
            Output::Percent => format!("100*{as_is}"),
        }
    }

    fn stub(&self) -> Option<Draft> {
        let shown = self.column.rows.kept();
        let rows_all = self.column.zero_without_cause;
        let rows = if rows_all >= self.column.judged {
            "every row".to_owned()
        } else {
            format!("{} of {} rows", count(rows_all), count(self.column.judged))
        };
        let message = Message::new(format!(
            "`{}` is {} in {rows} although the tokens' log-probs do not sum to 0",
            self.name,
            if self.column.judged == 0 { "null" } else { "0" }
        ))
        .label(shown.first().map_or_else(String::new, |row| {
            format!(
                "reported {}; {}",
                self.number(row.claimed.value),
                row.convention.map_or_else(String::new, |fit| self.term(&self.convention, &fit, row))
            )
        }))
        .help("report the computed score, or omit the field");
        self.draft("RT210", vec!["stub".to_owned()], message, rows_all, shown)
    }

    fn shift(&self, constant: f64) -> Option<Draft> {
        let shown = self.column.rows.kept();
        let by = self.number(constant);
        let message = Message::new(format!("`{}` is off by the constant {by} in every row", self.name))
            .label(shown.first().map_or_else(String::new, |row| {
                let derived = row.convention.map_or_else(String::new, |fit| self.term(&self.convention, &fit, row));
                format!("reported {}; {derived}; difference {by}", self.number(row.claimed.value))
            }))
            .help("remove the constant, or log it as a step");
        let mut draft = self.draft("RT215", vec!["shift".to_owned()], message, self.column.refuted, shown)?;
        draft.evidence_lines.push(format!(
            "in {} of {} rows, reported - {} = {by} within the bound",
            count(self.column.judged),
            count(self.column.judged),
            self.convention
        ));
        draft.evidence = Evidence::Column(ColumnEvidence { constant: Some(Number(constant)), ..self.numbers(shown) });
        Some(draft)
    }

    fn nothing(&self) -> Option<Draft> {
        let shown = if self.column.unexplained_rows.kept().is_empty() {
            self.column.rows.kept()
        } else {
            self.column.unexplained_rows.kept()
        };
        let refuted = self.column.judged - self.column.accepted.get(self.plan.chosen).copied().unwrap_or(0);
        let row = shown.first()?;
        let fit = row.convention?;
        let off = (row.claimed.value - fit.derived.value).abs();
        let message = Message::new(format!(
            "`{}` does not match {} or any known formula",
            self.name,
            describe(&self.convention)
        ))
        .label(format!(
            "reported {}; {}; off by {}, bound {:.1e}",
            self.number(row.claimed.value),
            self.term(&self.convention, &fit, row),
            self.number(off),
            fit.derived.half + row.claimed.half
        ))
        .help("compare the row's steps with what the pipeline summed; log the logits (or the normaliser) of each step for a closer look; if the field is not a log-prob, set RT200 = \"off\" under [rules]");
        let mut draft = self.draft("RT200", vec![UNEXPLAINED.to_owned()], message, refuted, shown)?;
        draft.evidence_lines.push(format!(
            "{} of {} {} do not match {}; {} do",
            count(refuted),
            count(self.column.judged),
            rows(self.column.judged),
            self.convention,
            count(self.column.judged - refuted)
        ));
        let near = |nearest: &Fit| {
            nearest.formula != 0 && (row.claimed.value - nearest.derived.value).abs() <= NEAR * row.claimed.value.abs()
        };
        if let Some(nearest) = row.nearest.filter(near) {
            let formula = diagnosis::entry(self.grammar, usize::from(nearest.formula));
            draft.evidence_lines.push(format!(
                "nearest: {formula} = {}, off by {}",
                self.number(nearest.derived.value),
                self.number((row.claimed.value - nearest.derived.value).abs())
            ));
        }
        draft.evidence = Evidence::Column(ColumnEvidence { off_by: Some(Number(off)), ..self.numbers(shown) });
        Some(draft)
    }

    fn mixture(&self, members: &[Member]) -> Option<Draft> {
        let entries: Vec<GrammarEntry> =
            members.iter().map(|member| diagnosis::entry(self.grammar, member.at)).collect();
        // The groups differ only in the end token.
        let convention = Formula { span: Span::Continuation, ..self.convention };
        let ends_only = self.column.with_end > 0
            && entries.iter().all(|entry| {
                let at_ends = matches!(entry.formula.span, Span::Continuation | Span::WithoutEnd);
                let rest = Formula { span: Span::Continuation, ..entry.formula };
                at_ends && rest == convention && entry.constant == Constant::None
            });
        let within_items = self.mixed > 0 && self.mixed * 5 >= self.items.items;
        let code = if ends_only {
            "RT306"
        } else if within_items {
            "RT411"
        } else {
            "RT707"
        };
        let signatures: Vec<String> = entries.iter().map(ToString::to_string).collect();
        let title = match code {
            "RT306" => format!("the end token counts in some rows of `{}` but not in others", self.name),
            "RT411" => format!("candidates of one item have a `{}` of different formulas", self.name),
            _ => format!("`{}` follows {} formulas in different rows", self.name, members.len()),
        };
        let deviating = members.iter().filter(|member| member.at != 0);
        let wrong: u64 = deviating.clone().map(|member| member.rows).sum();
        let first_wrong = deviating.clone().min_by(|a, b| a.first.cmp(&b.first))?;
        let index = u16::try_from(first_wrong.at).unwrap_or(u16::MAX);
        let shown: Vec<ClaimRow> =
            self.column.rows_by_formula.get(&index).map(|rows| rows.kept().to_vec()).unwrap_or_default();
        let found = diagnosis::entry(self.grammar, first_wrong.at);
        let label = shown.first().map_or_else(String::new, |row| self.arithmetic(row, &found, index));
        let message = Message::new(title)
            .label(label)
            .help(format!("score all rows with one formula ({}), then recompute the aggregate", self.convention));
        let set = members.iter().fold(0_u128, |set, member| set | 1 << member.at);
        let explained =
            self.column.groups.iter().filter(|(own, _)| **own & set != 0).map(|(_, group)| group.rows).sum();
        let rest = self.column.judged.saturating_sub(explained);
        let mut parts = signatures.clone();
        parts.extend((rest > 0).then(|| UNEXPLAINED.to_owned()));
        let mut draft = self.draft(code, cause_of(parts), message, wrong, &shown)?;
        for (member, signature) in members.iter().zip(&signatures) {
            draft.evidence_lines.push(format!(
                "{} {} match only {signature}: item {} (line {}) to item {} (line {})",
                count(member.rows),
                rows(member.rows),
                member.first.item,
                member.first.line,
                member.last.item,
                member.last.line
            ));
        }
        if code == "RT411" {
            let (mixed, items) = (count(self.mixed), count(self.items.items));
            draft.evidence_lines.push(format!("in {mixed} of {items} items no formula matches all candidates"));
            let is_one_of = |formula: Formula| entries.iter().any(|entry| entry.formula == formula);
            if is_one_of(Formula::SUM) && is_one_of(Formula::MEAN) {
                draft.impact_lines.extend(picks::sum_or_mean(self.items));
            }
        } else if let [a, b] = members {
            if (a.last.file, a.last.line) < (b.first.file, b.first.line) {
                draft.evidence_lines.push(format!(
                    "the formula changes between line {} (item {}) and line {} (item {})",
                    a.last.line, a.last.item, b.first.line, b.first.item
                ));
            } else {
                draft.evidence_lines.push("the two groups alternate".to_owned());
            }
        }
        if rest > 0 {
            draft.evidence_lines.push(format!("{} {} match none of them", count(rest), rows(rest)));
        }
        draft.evidence = Evidence::Column(ColumnEvidence { formulas: signatures, ..self.numbers(&shown) });
        Some(draft)
    }

    fn group(&self, member: &Member) -> RowGroup {
        RowGroup {
            formula: diagnosis::entry(self.grammar, member.at).to_string(),
            rows: member.rows,
            first: self.row_location(&member.first),
            last: self.row_location(&member.last),
        }
    }

    fn row_location(&self, row: &RowRef) -> Location {
        let located = crate::model::Located {
            place: crate::model::Place {
                file: row.file,
                line: row.line,
                column: row.column,
                field: self.name.to_owned(),
                span: row.span.clone(),
            },
            ..Default::default()
        };
        location(&Row { located, item: row.item.clone(), candidate: String::new() }, self.stream.paths)
    }
}

/// Maximum relative distance of a formula from a claim for it to be shown. The nearest of a thousand formulas is not
/// informative by itself.
const NEAR: f64 = 0.01;

/// A divisor without needless decimals.
fn trimmed(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.4}") }
}

/// The rows or fields to log that would distinguish two formulas.
fn telling(a: &Formula, b: &Formula) -> String {
    let differing: Vec<crate::formula::Part> = Deviations { convention: *a, found: *b }.parts().collect();
    let field = match differing.first() {
        Some(crate::formula::Part::Term) => "log each token's logit and log-prob",
        Some(crate::formula::Part::Span) => "log which tokens are prompt, continuation, end and padding",
        Some(crate::formula::Part::Scale) => "log candidates of other lengths, and their text",
        _ => "log candidates with more tokens",
    };
    field.to_owned()
}

/// Whether another formula gives every claim to its last digit, so the claims have no precision beyond the printed
/// digits.
fn is_to_the_digit(column: &ColumnTally, explanation: &Explanation) -> bool {
    matches!(explanation, Explanation::Formula { at, .. } if diagnosis::is_exact(column, *at))
}

/// The effect of recomputed scores. If the printed digits are complete, they decide. Otherwise only changes that
/// rounding cannot undo count, and further changes by the digits are undecided.
fn impact(items: &ItemTally, to_the_digit: bool) -> Option<Impact> {
    if items.comparable == 0 {
        return None;
    }
    let switched = if to_the_digit { &items.by_digits } else { &items.certain };
    let share = |right: u64| (items.graded > 0).then(|| right as f64 / items.graded as f64);
    let flipped = if switched.flips > 0 { &switched.flipped } else { &items.by_digits.flipped };
    Some(Impact {
        items: items.comparable,
        flips: switched.flips,
        undecided: items.by_digits.flips.saturating_sub(switched.flips),
        flipped: flipped.kept().iter().map(|flip| flip.item.clone()).collect(),
        graded: items.graded,
        accuracy_before: share(items.right_before),
        accuracy_after: share(switched.right_after),
        gained: switched.gained,
        lost: switched.lost,
        mcnemar_p: (items.graded > 0).then(|| numeric::mcnemar_exact(switched.gained, switched.lost)),
    })
}

fn impact_line(impact: &Impact, convention: &str) -> String {
    let ids = |total: u64| some(impact.flipped.iter().map(String::as_str), 3, total);
    let mut line = match (impact.flips, impact.undecided) {
        (0, 0) => picks_change(0, impact.items),
        (flips, 0) => format!("{} ({})", picks_change(flips, impact.items), ids(flips)),
        (0, open) => format!(
            "the digits do not decide whether {} of {} {} ({}): at the printed digits, yes; rounding could undo it",
            count(open),
            count(impact.items),
            if impact.items == 1 { "pick changes" } else { "picks change" },
            ids(open)
        ),
        (flips, open) => format!(
            "{} ({}); {} more at the printed digits, where rounding could undo it",
            picks_change(flips, impact.items),
            ids(flips),
            count(open)
        ),
    };
    if let (Some(before), Some(after), Some(p)) = (impact.accuracy_before, impact.accuracy_after, impact.mcnemar_p) {
        let under = format!("under {convention}");
        line.push_str(&accuracy_change((before, "as reported"), (after, &under), impact.gained, impact.lost, p));
    }
    line
}
