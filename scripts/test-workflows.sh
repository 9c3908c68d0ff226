#!/usr/bin/env bash
# Runs zizmor, and actionlint where it is installed, on every workflow that we run or ship: .github/, action.yml, the file of
# `retally init --ci github`, and the complete workflows among the examples of docs/. Nothing is fetched.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v zizmor >/dev/null 2>&1; then
    echo 'zizmor is missing: pip install zizmor' >&2
    exit 1
fi
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
mkdir -p "$place/.github/workflows"
cp action.yml "$place/"
cp .github/dependabot.yml "$place/.github/"
cp .github/workflows/*.yml "$place/.github/workflows/"
sed -e 's|"@PATHS@"|"runs/"|' -e 's|@VERSION@|0.1.0|' templates/ci/github.yml >"$place/.github/workflows/init-ci.yml"
# A block of YAML with jobs is a workflow.
awk -v place="$place/.github/workflows" '
    /^```yaml$/ { inside = 1; text = ""; next }
    /^```$/ && inside {
        inside = 0
        if (text ~ /\njobs:\n/) {
            count++
            name = FILENAME
            gsub(/[^a-z]/, "-", name)
            printf "%s", text >(place "/" name "-" count ".yml")
        }
    }
    inside { text = text $0 "\n" }
' docs/*.md
ls "$place"/.github/workflows/docs-ci-md-*.yml >/dev/null

zizmor --offline --quiet --persona pedantic "$place"
if command -v actionlint >/dev/null 2>&1; then
    (cd "$place" && git init --quiet && actionlint)
fi
echo "$(find "$place" -name '*.yml' | wc -l) files: no finding"
