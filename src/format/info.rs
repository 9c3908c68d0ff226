//! What `retally formats` and the documentation say of a format.

/// What a format is, what it is recognised by, and what can be said of its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatInfo {
    /// Its name, as for `--input-format`: lower case, with hyphens.
    pub name: &'static str,
    /// What it is in a few words.
    pub about: &'static str,
    /// The tool, and its versions whose logs were tried.
    pub tool: &'static str,
    /// The files that hold it.
    pub files: &'static str,
    /// What it is recognised by.
    pub recognised_by: &'static str,
    /// The numbers that are recomputed.
    pub proven: &'static str,
    /// The numbers that never can be, and why.
    pub unprovable: &'static str,
    /// Base of the logarithms and direction of the fields, where they differ from nats.
    pub base: &'static str,
    /// Values that mean "no value".
    pub sentinels: &'static str,
    /// What a naive reader would get wrong.
    pub traps: &'static str,
}
