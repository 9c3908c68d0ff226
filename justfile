# Recipes for development; `just` lists them.

_default:
    @just --list

# All that CI runs.
ready:
    bash .ci/run

# The tests, or those whose names contain a filter.
test filter="":
    cargo test --locked {{filter}}

# Formatting and lints.
lint:
    cargo fmt --check
    cargo clippy --locked --all-targets -- -D warnings

# The API documentation.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

# Licences, sources and advisories of the dependencies (needs cargo-deny).
deny:
    cargo deny --locked check

# The documentation as a site, in target/site/html (needs mdbook).
site:
    cargo build --locked
    scripts/site.py --program target/debug/retally

# Workflows that we run or ship (needs zizmor).
workflows:
    scripts/test-workflows.sh

# Rewrites snapshots and generated text. Read the diff before it is committed.
bless:
    RETALLY_BLESS=1 INSTA_UPDATE=always cargo test --locked -- --test-threads 1
    git status --short
