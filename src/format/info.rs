//! Description of a format, for `retally formats` and the documentation.

/// A format's description: its tool, how it is recognised, and which of its numbers can be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatInfo {
    /// Name, as for `--input-format`: lower case, with hyphens.
    pub name: &'static str,
    /// Short description.
    pub about: &'static str,
    /// The tool, and the versions whose logs were tested.
    pub tool: &'static str,
    /// The files that hold it.
    pub files: &'static str,
    /// Features used to recognise it.
    pub recognised_by: &'static str,
    /// The numbers that are recomputed.
    pub proven: &'static str,
    /// The numbers that cannot be proven, and the reason.
    pub unprovable: &'static str,
    /// Base of the logarithms and direction of the fields, if they differ from nats.
    pub base: &'static str,
    /// Values that mean "no value".
    pub sentinels: &'static str,
    /// Mistakes that a naive reader would make.
    pub traps: &'static str,
}
