//! Integration tests: one binary, a module per subject.

mod cases;
mod laws;
mod layers;
mod logs;
mod rules;
mod support;
