#!/usr/bin/env bash
# Opens HTML reports of fixtures in headless Chromium; see tests/browser/test.mjs for the checks. Needs node and
# Chromium (CHROMIUM overrides /usr/bin/chromium).
set -euo pipefail
cd "$(dirname "$0")/.."

# Uses the program built for the tests: a plain build enables other features of the dependencies and recompiles them.
cargo test --locked --quiet --no-run --test integration
retally="${CARGO_TARGET_DIR:-target}/debug/retally"
pages="$(mktemp -d)"
trap 'rm -rf "$pages"' EXIT

number=0
page() {
    number=$((number + 1))
    # Most of these logs have findings: exit code 1 is not a failure here, but 2 is.
    "$retally" check "$@" --report "html=$pages/$number-$(basename "$1").html" >/dev/null || [ $? -eq 1 ]
}
page fixtures/formats/native/clean-items
page fixtures/formats/native/bug-mean
page fixtures/formats/native/bug-mixture
page fixtures/formats/lm-eval/stderr-not-divided
page fixtures/cases/C3.jsonl
page fixtures/cases/C9.jsonl
page fixtures/cases/C10.jsonl
page fixtures/rules/RT708-unreadable-record/bad.jsonl
for log in fixtures/hostile/*.jsonl; do
    page "$log"
done

(cd tests/browser && npm ci --silent --no-audit --no-fund)
node tests/browser/test.mjs "$pages"/*.html
