//! One item as a table of its candidates.
