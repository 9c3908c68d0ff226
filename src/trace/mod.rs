//! One item step by step.
