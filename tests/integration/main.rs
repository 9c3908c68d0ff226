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

mod about;
mod accounting;
mod accuracy;
#[cfg(unix)]
mod action;
mod answers;
mod bounds;
mod cases;
mod cli;
mod commands;
#[cfg(feature = "arrow")]
mod containers;
mod conventions;
#[cfg(unix)]
mod faults;
mod files;
mod formats;
mod fuzz;
mod gate;
mod golden;
mod hostile;
mod html;
mod init;
mod instructions;
mod key_order;
mod laws;
mod layers;
mod library;
mod lm_eval;
mod logs;
mod metrics;
mod outputs;
mod packing;
mod parts;
mod rows;
mod rules;
mod schemas;
mod spans;
mod spellings;
mod support;
mod tables;
mod text;
mod watch;
mod workflows;
