//! What the arithmetic of other programs leaves open in a number whose operands a log does not hold, so that no
//! [`Approx`](crate::numeric::Approx) can be carried through it. Absolute, in nats or in probability. With u = 2^−24, the
//! unit roundoff of single precision.

/// The same log-prob of a token, written in two places. It is the difference of a logit and a logsumexp; each rounds by u
/// times its size, and sizes up to 16 are usual: 16·u ≈ 1e-6.
pub const TOKEN: f64 = 1e-6;

/// How far above 0 a log-prob, or above 1 a probability, may lie when it was normalised over few tokens: logits up to 128
/// in size round by 128·u ≈ 8e-6.
pub const SOFTMAX: f64 = 1e-5;

/// The difference of a logit and a log-prob, of sizes up to 512, after three roundings: 3·512·u ≈ 9e-5.
pub const SHIFT: f64 = 1e-4;

/// The logarithm of the mass of a whole vocabulary. A denominator that is summed one by one in single precision was
/// off by up to 8e-4 over 2^17 and more tokens; the bound that always holds, γ, would be 8e-3.
pub const NORMALISER: f64 = 1e-3;
