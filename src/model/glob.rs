//! Globs over paths and names, compiled the same way everywhere.

use globset::{GlobBuilder, GlobSet};

/// Deepest nesting of braces; a deeper glob could exhaust the stack of the thread that compiles it.
const DEPTH: usize = 32;

/// A compiled glob. In a glob over paths, only `**` matches `/`.
pub fn glob(pattern: &str, over_paths: bool) -> Result<GlobSet, String> {
    let depths = pattern.bytes().scan(0_usize, |depth, byte| {
        match byte {
            b'{' => *depth += 1,
            b'}' => *depth = depth.saturating_sub(1),
            _ => {}
        }
        Some(*depth)
    });
    if depths.max().unwrap_or(0) > DEPTH {
        return Err(format!("braces are nested more than {DEPTH} deep; write it as several globs"));
    }
    let built = GlobBuilder::new(pattern).literal_separator(over_paths).build();
    // A set says what a matcher of its own would panic about: that the glob is too large to compile.
    built.and_then(|glob| GlobSet::builder().add(glob).build()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_of_any_depth_are_compiled_or_refused() {
        let nested = |depth: usize| format!("{}a{}", "{".repeat(depth), "}".repeat(depth));
        assert!(glob(&nested(32), true).unwrap().is_match("a"));
        for depth in [33, 125, 100_000] {
            let error = glob(&nested(depth), true).unwrap_err();
            assert_eq!(error, "braces are nested more than 32 deep; write it as several globs");
        }
        assert!(glob("a[", true).is_err());
        assert!(!glob("*.jsonl", true).unwrap().is_match("a/b.jsonl"));
        assert!(glob("*.jsonl", false).unwrap().is_match("a/b.jsonl"));
    }
}
