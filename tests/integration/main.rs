//! Integration tests: one binary, a module per subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests stop at the first surprise and make their own files"
)]

mod cases;
mod commands;
mod conventions;
mod formats;
mod golden;
mod hostile;
mod html;
mod laws;
mod layers;
mod logs;
mod parts;
mod rules;
mod support;
mod watch;
