//! Generated candidates: tokens with log-probs, some with prompt, end token and padding.

use retally::formula::Span;

use super::arithmetic::Arithmetic;
use super::random::Random;

/// Pieces of generated words; some have more bytes than characters.
const PIECES: [&str; 16] =
    ["ka", "lo", "mi", "ter", "sun", "ve", "ra", "dot", "pin", "é", "ß", "日", "quo", "zu", "nek", "ash"];

/// Content of a log's candidates besides their tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Minimum and maximum number of tokens in the continuation.
    pub(crate) lengths: (usize, usize),
    /// Whether prompt tokens are logged. The first of them has no log-prob.
    pub(crate) prompt: bool,
    /// Whether the continuation ends with a marked end token.
    pub(crate) end: bool,
    /// Whether padding to a common length is logged.
    pub(crate) padding: bool,
}

/// One candidate.
pub(crate) struct Sequence {
    pub(crate) tokens: Vec<String>,
    /// ln p of each token in its storage format; NaN for the first token of a prompt.
    pub(crate) values: Vec<f64>,
    /// Number of prompt tokens.
    pub(crate) prompt: usize,
    /// Number of tokens in the continuation, including the end token.
    pub(crate) n: usize,
    /// Whether the last of them is the end token.
    pub(crate) end: bool,
}

impl Sequence {
    pub(crate) fn draw(random: &mut Random, layout: &Layout, arithmetic: &Arithmetic) -> Self {
        let (least, most) = layout.lengths;
        let mut n = random.between(least, most);
        let prompt = if layout.prompt { random.between(3, 8) } else { 0 };
        n = n.max(1 + usize::from(layout.end));
        let padding = if layout.padding { most.max(n) - n + 1 } else { 0 };
        let mut tokens: Vec<String> = (0..prompt + n + padding).map(|_| token(random)).collect();
        let mut values: Vec<f64> = tokens.iter().map(|_| arithmetic.stored.round(log_prob(random))).collect();
        if prompt > 0 {
            values[0] = f64::NAN;
        }
        if layout.end {
            "<|end|>".clone_into(&mut tokens[prompt + n - 1]);
        }
        for token in &mut tokens[prompt + n..] {
            "<|pad|>".clone_into(token);
        }
        Self { tokens, values, prompt, n, end: layout.end }
    }

    /// The values of a span; None if the candidate lacks one of its steps.
    pub(crate) fn span(&self, span: Span) -> Option<&[f64]> {
        let (first, end) = (self.prompt, self.prompt + self.n);
        let range = match span {
            Span::Continuation => first..end,
            Span::WithoutEnd if self.end && self.n > 1 => first..end - 1,
            Span::WithoutEnd => first..end,
            Span::DropFirst(k) => first + usize::from(k)..end,
            Span::DropLast(k) => first..end.checked_sub(usize::from(k))?,
            // The first token of a prompt has no log-prob.
            Span::WithPrompt(k) if usize::from(k) < first => first - usize::from(k)..end,
            Span::WholeText if first > 1 => 1..end,
            Span::ShiftLater if end < self.values.len() => first + 1..end + 1,
            Span::ShiftEarlier if first > 1 => first - 1..end - 1,
            Span::WithPadding => first..self.values.len(),
            _ => return None,
        };
        self.values.get(range)
    }

    /// The text of the continuation.
    pub(crate) fn text(&self) -> String {
        self.tokens[self.prompt..self.prompt + self.n - usize::from(self.end)].concat()
    }

    pub(crate) fn padding(&self) -> usize {
        self.values.len() - self.prompt - self.n
    }

    pub(crate) fn segment(&self, at: usize) -> &'static str {
        match at {
            at if at < self.prompt => "prompt",
            at if at >= self.prompt + self.n => "padding",
            at if self.end && at + 1 == self.prompt + self.n => "end",
            _ => "continuation",
        }
    }
}

fn token(random: &mut Random) -> String {
    let mut token = if random.chance(0.7) { " ".to_owned() } else { String::new() };
    for _ in 0..random.between(1, 4) {
        token.push_str(random.pick(&PIECES));
    }
    token
}

/// ln p of a token, distributed as in language models: mostly near 0, some far below, a few exactly 0.
fn log_prob(random: &mut Random) -> f64 {
    let value = match random.between(0, 99) {
        0..=1 => 0.0,
        2..=39 => random.exponential(0.05),
        40..=79 => random.exponential(1.0),
        80..=96 => random.exponential(3.0),
        _ => 6.0 + 9.0 * random.unit(),
    };
    -value.min(15.0)
}
