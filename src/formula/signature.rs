//! Formulas as text: `sum(logprob)/(n+1)`, `exp(-sum(logprob)/n)`, `sum(logprob)[drop first 1]`.

use std::fmt;
use std::str::FromStr;

use crate::formula::{Formula, Output, Reduce, Scale, Span, Term};

/// A text that is not a formula.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a formula: {reason}; examples: sum(logprob), sum(logprob)/n, exp(-sum(logprob)/n), sum(logprob)/bytes"
)]
pub struct FormulaSyntax {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(str::to_owned))
    }
}

impl Formula {
    /// The text of the formula, with something put around what its output function is applied to.
    pub(super) fn written(&self, around: impl Fn(&str) -> String) -> String {
        let (before, after) = match self.output {
            Output::Nats => ("", ""),
            Output::Bits => ("bits(", ")"),
            Output::Log10 => ("log10(", ")"),
            Output::Negated => ("-", ""),
            Output::NegatedBits => ("-bits(", ")"),
            Output::NegatedLog10 => ("-log10(", ")"),
            Output::Exp => ("exp(", ")"),
            Output::ExpNegated => ("exp(-", ")"),
            Output::Exp2 => ("2^(", ")"),
            Output::Exp2Negated => ("2^(-", ")"),
            Output::Exp10Negated => ("10^(-", ")"),
            Output::Percent => ("100*", ""),
        };
        let reduce = match self.reduce {
            Reduce::Sum | Reduce::Mean => "sum",
            Reduce::Product => "prod",
            Reduce::Min => "min",
            Reduce::Max => "max",
            Reduce::First => "first",
            Reduce::Last => "last",
            Reduce::Running => "running",
            Reduce::SumBf16 | Reduce::MeanBf16 => "sum_bf16",
            Reduce::SumF16 | Reduce::MeanF16 => "sum_fp16",
        };
        let mean = if self.reduce.is_mean() { "/n" } else { "" };
        let core = format!("{reduce}({}){}{mean}{}", self.term, self.span, self.scale);
        format!("{before}{}{after}", around(&core))
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LogProb => f.write_str("logprob"),
            Self::Prob => f.write_str("prob"),
            Self::Logit => f.write_str("logit"),
            Self::LinearLogit => f.write_str("linear_logprob"),
            Self::ShortlistLogProb => f.write_str("shortlist_logprob"),
            Self::Top1LogProb => f.write_str("top1_logprob"),
            Self::DoubleSoftmax => f.write_str("double_softmax_logprob"),
            Self::Tempered(tenths) => write!(f, "logprob_at_T{}.{}", tenths / 10, tenths % 10),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continuation => Ok(()),
            Self::WithoutEnd => f.write_str("[without end]"),
            Self::DropFirst(k) => write!(f, "[drop first {k}]"),
            Self::DropLast(k) => write!(f, "[drop last {k}]"),
            Self::WithPrompt(k) => write!(f, "[with last {k} of prompt]"),
            Self::WholeText => f.write_str("[with prompt]"),
            Self::ShiftLater => f.write_str("[shift +1]"),
            Self::ShiftEarlier => f.write_str("[shift -1]"),
            Self::WithPadding => f.write_str("[with padding]"),
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::TokensPlusOne => f.write_str("/(n+1)"),
            Self::TokensMinusOne => f.write_str("/(n-1)"),
            Self::Chars => f.write_str("/chars"),
            Self::Bytes => f.write_str("/bytes"),
            Self::Words => f.write_str("/words"),
            Self::Power(hundredths) => write!(f, "/n^{}", Hundredths(*hundredths)),
            Self::Gnmt(hundredths) => write!(f, "/((5+n)/6)^{}", Hundredths(*hundredths)),
            Self::Padded => f.write_str("/padded"),
            Self::PromptAndContinuation => f.write_str("/(prompt+n)"),
            Self::Squared => f.write_str("/n^2"),
        }
    }
}

struct Hundredths(u16);

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        match part {
            0 => write!(f, "{whole}"),
            part if part % 10 == 0 => write!(f, "{whole}.{}", part / 10),
            part => write!(f, "{whole}.{part:02}"),
        }
    }
}

impl FromStr for Formula {
    type Err = FormulaSyntax;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |reason: &str| FormulaSyntax { text: text.to_owned(), reason: reason.to_owned() };
        let compact = text.trim();
        let (output, inner) = split_output(compact);
        let (reduce_name, rest) = inner.split_once('(').ok_or_else(|| fail("expected `reduce(term)`"))?;
        let (term, rest) = rest.split_once(')').ok_or_else(|| fail("`(` is not closed"))?;
        let term = parse_term(term.trim()).ok_or_else(|| fail("unknown term"))?;
        let (span, rest) = match rest.strip_prefix('[') {
            Some(rest) => {
                let (span, rest) = rest.split_once(']').ok_or_else(|| fail("`[` is not closed"))?;
                (parse_span(span.trim()).ok_or_else(|| fail("unknown span"))?, rest)
            }
            None => (Span::Continuation, rest),
        };
        let mut reduce = match reduce_name.trim() {
            "sum" => Reduce::Sum,
            "mean" | "avg" => Reduce::Mean,
            "prod" | "product" => Reduce::Product,
            "min" => Reduce::Min,
            "max" => Reduce::Max,
            "first" => Reduce::First,
            "last" => Reduce::Last,
            "running" => Reduce::Running,
            "sum_bf16" => Reduce::SumBf16,
            "sum_fp16" => Reduce::SumF16,
            _ => return Err(fail("unknown reduction")),
        };
        let mut rest = rest.trim();
        let over_n = match rest.strip_prefix("/n^").and_then(parse_hundredths) {
            Some(100) => Some(""),
            _ => rest.strip_prefix("/n").filter(|after| after.is_empty() || after.starts_with('/')),
        };
        if let Some(after) = over_n
            && let Some(mean) = match reduce {
                Reduce::Sum => Some(Reduce::Mean),
                Reduce::SumBf16 => Some(Reduce::MeanBf16),
                Reduce::SumF16 => Some(Reduce::MeanF16),
                _ => None,
            }
        {
            reduce = mean;
            rest = after;
        }
        let scale = parse_scale(rest).ok_or_else(|| fail("unknown divisor"))?;
        Ok(Self { term, span, reduce, scale, output })
    }
}

fn split_output(text: &str) -> (Output, &str) {
    const CALLS: [(&str, Output); 9] = [
        ("exp(-", Output::ExpNegated),
        ("exp(", Output::Exp),
        ("2^(-", Output::Exp2Negated),
        ("2^(", Output::Exp2),
        ("10^(-", Output::Exp10Negated),
        ("-bits(", Output::NegatedBits),
        ("-log10(", Output::NegatedLog10),
        ("bits(", Output::Bits),
        ("log10(", Output::Log10),
    ];
    for (prefix, output) in CALLS {
        if let Some(inner) = text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(')')) {
            return (output, inner);
        }
    }
    if let Some(inner) = text.strip_prefix("100*") {
        return (Output::Percent, inner);
    }
    match text.strip_prefix('-') {
        Some(inner) => (Output::Negated, inner),
        None => (Output::Nats, text),
    }
}

fn parse_term(text: &str) -> Option<Term> {
    Some(match text {
        "logprob" => Term::LogProb,
        "prob" => Term::Prob,
        "logit" => Term::Logit,
        "linear_logprob" => Term::LinearLogit,
        "shortlist_logprob" => Term::ShortlistLogProb,
        "top1_logprob" => Term::Top1LogProb,
        "double_softmax_logprob" => Term::DoubleSoftmax,
        other => {
            let (whole, tenths) = other.strip_prefix("logprob_at_T")?.split_once('.')?;
            let whole: u8 = whole.parse().ok()?;
            let tenths: u8 = tenths.parse().ok().filter(|tenths| *tenths < 10)?;
            Term::Tempered(whole.checked_mul(10)?.checked_add(tenths)?)
        }
    })
}

fn parse_span(text: &str) -> Option<Span> {
    let number = |prefix: &str| text.strip_prefix(prefix)?.trim().parse::<u8>().ok().filter(|k| *k > 0);
    Some(match text {
        "without end" => Span::WithoutEnd,
        "with prompt" => Span::WholeText,
        "with padding" => Span::WithPadding,
        "shift +1" => Span::ShiftLater,
        "shift -1" => Span::ShiftEarlier,
        _ => {
            if let Some(k) = number("drop first ") {
                Span::DropFirst(k)
            } else if let Some(k) = number("drop last ") {
                Span::DropLast(k)
            } else {
                let k = text.strip_prefix("with last ")?.strip_suffix(" of prompt")?;
                Span::WithPrompt(k.parse().ok().filter(|k| *k > 0)?)
            }
        }
    })
}

fn parse_scale(text: &str) -> Option<Scale> {
    Some(match text.trim() {
        "" => Scale::None,
        "/(n+1)" | "/n+1" => Scale::TokensPlusOne,
        "/(n-1)" | "/n-1" => Scale::TokensMinusOne,
        "/chars" => Scale::Chars,
        "/bytes" => Scale::Bytes,
        "/words" => Scale::Words,
        "/padded" => Scale::Padded,
        "/(prompt+n)" => Scale::PromptAndContinuation,
        other => match other.strip_prefix("/n^") {
            Some(power) => Scale::power(parse_hundredths(power)?),
            None => Scale::Gnmt(parse_hundredths(other.strip_prefix("/((5+n)/6)^")?)?),
        },
    })
}

fn parse_hundredths(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let part = match part.len() {
        1 => part.parse::<u16>().ok()?.checked_mul(10)?,
        2 => part.parse().ok()?,
        _ => return None,
    };
    whole.parse::<u16>().ok()?.checked_mul(100)?.checked_add(part)
}

/// The formula in words, for use after "is" in a sentence.
#[must_use]
pub fn describe(formula: &Formula) -> String {
    let term = match formula.term {
        Term::LogProb => "log-probs".to_owned(),
        Term::Prob => "probabilities".to_owned(),
        Term::Logit => "raw logits".to_owned(),
        Term::LinearLogit => "logs of logits divided by their sum".to_owned(),
        Term::ShortlistLogProb => "log-probs renormalised over the top-k list".to_owned(),
        Term::Top1LogProb => "log-probs of the most likely token".to_owned(),
        Term::DoubleSoftmax => "log-probs after a second softmax".to_owned(),
        Term::Tempered(tenths) => format!("log-probs at temperature {}.{}", tenths / 10, tenths % 10),
    };
    let span = match formula.span {
        Span::Continuation => String::new(),
        Span::WithoutEnd => " without the end token".to_owned(),
        Span::DropFirst(1) => " without the first token".to_owned(),
        Span::DropFirst(k) => format!(" without the first {k} tokens"),
        Span::DropLast(1) => " without the last token".to_owned(),
        Span::DropLast(k) => format!(" without the last {k} tokens"),
        Span::WithPrompt(1) => " with the last prompt token".to_owned(),
        Span::WithPrompt(k) => format!(" with the last {k} prompt tokens"),
        Span::WholeText => " with all prompt tokens".to_owned(),
        Span::ShiftLater => " shifted by one position to the right".to_owned(),
        Span::ShiftEarlier => " shifted by one position to the left".to_owned(),
        Span::WithPadding => " with the padding".to_owned(),
    };
    let reduce = match formula.reduce {
        Reduce::Sum => "the sum of the ",
        Reduce::Mean => "the mean of the ",
        Reduce::Product => "the product of the ",
        Reduce::Min => "the smallest of the ",
        Reduce::Max => "the largest of the ",
        Reduce::First => "the first of the ",
        Reduce::Last => "the last of the ",
        Reduce::Running => "the sum of the running sums of the ",
        Reduce::SumBf16 => "the sum in bf16 of the ",
        Reduce::MeanBf16 => "the mean in bf16 of the ",
        Reduce::SumF16 => "the sum in fp16 of the ",
        Reduce::MeanF16 => "the mean in fp16 of the ",
    };
    let scale = match formula.scale {
        Scale::None => String::new(),
        Scale::TokensPlusOne => " divided by the number of tokens + 1".to_owned(),
        Scale::TokensMinusOne => " divided by the number of tokens - 1".to_owned(),
        Scale::Chars => " per character".to_owned(),
        Scale::Bytes => " per byte".to_owned(),
        Scale::Words => " per word".to_owned(),
        Scale::Power(alpha) => format!(" divided by the number of tokens to the power {}", Hundredths(alpha)),
        Scale::Gnmt(alpha) => format!(" divided by the length penalty ((5+n)/6)^{}", Hundredths(alpha)),
        Scale::Padded => " divided by the padded length".to_owned(),
        Scale::PromptAndContinuation => " divided by the length of prompt and continuation".to_owned(),
        Scale::Squared => " divided by the number of tokens twice".to_owned(),
    };
    let core = format!("{reduce}{term}{span}{scale}");
    match formula.output {
        Output::Nats => core,
        Output::Bits => format!("{core}, in base 2"),
        Output::Log10 => format!("{core}, in base 10"),
        Output::Negated => format!("the negative of {core}"),
        Output::NegatedBits => format!("the negative of {core}, in base 2"),
        Output::NegatedLog10 => format!("the negative of {core}, in base 10"),
        Output::Exp => format!("exp of {core}"),
        Output::ExpNegated => format!("exp of the negative of {core}"),
        Output::Exp2 => format!("2 to the power of {core} in nats"),
        Output::Exp2Negated => format!("2 to the negative power of {core} in nats"),
        Output::Exp10Negated => format!("10 to the negative power of {core} in nats"),
        Output::Percent => format!("100 times {core}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_formula_parses_back_from_its_signature() {
        for term in Term::ALL {
            for span in Span::ALL {
                for reduce in Reduce::ALL {
                    for scale in Scale::ALL {
                        for output in Output::ALL {
                            let formula = Formula { term, span, reduce, scale, output };
                            assert_eq!(formula.to_string().parse::<Formula>(), Ok(formula), "{formula}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn signatures_read_as_written_by_users() {
        assert_eq!("sum(logprob)/n".parse::<Formula>(), Ok(Formula::MEAN));
        assert_eq!("mean(logprob)".parse::<Formula>(), Ok(Formula::MEAN));
        assert_eq!("sum(logprob)/n^1.0".parse::<Formula>(), Ok(Formula::MEAN));
        assert_eq!("sum(logprob)/n^0".parse::<Formula>(), Ok(Formula::SUM));
        let squared = Formula { scale: Scale::Squared, ..Formula::SUM };
        assert_eq!("sum(logprob)/n^2".parse::<Formula>(), Ok(squared));
        assert_eq!("sum(logprob)/n^02.0".parse::<Formula>(), Ok(squared));
        let greatest = Formula { reduce: Reduce::Max, scale: Scale::Power(100), ..Formula::SUM };
        assert_eq!("max(logprob)/n^1".parse::<Formula>(), Ok(greatest));
        assert_eq!("exp(-sum(logprob)/n)".parse::<Formula>(), Ok(Formula::PERPLEXITY));
        assert_eq!(Formula::PRODUCT.to_string(), "prod(prob)");
        assert_eq!(Formula::BITS_PER_BYTE.to_string(), "-bits(sum(logprob)/bytes)");
        assert!("sum(logprobs)".parse::<Formula>().is_err());
    }
}
