//! Transcendental functions from one pinned pure-Rust source. The standard library's come from the
//! platform's C library and differ from one to the next in the last bit.

/// ln 2.
pub const LN_2: f64 = std::f64::consts::LN_2;
/// ln 10.
pub const LN_10: f64 = std::f64::consts::LN_10;

/// e to the power of x.
#[must_use]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// e to the power of x, minus 1, without cancellation near 0.
#[must_use]
pub fn exp_m1(x: f64) -> f64 {
    libm::expm1(x)
}

/// Natural logarithm.
#[must_use]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// ln(1 + x), without cancellation near 0.
#[must_use]
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

/// Logarithm to base 2.
#[must_use]
pub fn log2(x: f64) -> f64 {
    libm::log2(x)
}

/// Logarithm to base 10.
#[must_use]
pub fn log10(x: f64) -> f64 {
    libm::log10(x)
}

/// x to the power of y.
#[must_use]
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// Square root; correctly rounded everywhere.
#[must_use]
pub fn sqrt(x: f64) -> f64 {
    libm::sqrt(x)
}
