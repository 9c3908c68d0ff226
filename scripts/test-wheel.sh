#!/usr/bin/env bash
# Installs the wheel into a fresh virtual environment and audits a clean and a broken log with it.
set -euo pipefail
cd "$(dirname "$0")/.."

place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
# Uses a separate target directory, so that repeated builds are incremental. Optimisation takes minutes and does not
# affect these checks.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/wheel"
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=0
"$place/venv/bin/pip" install --quiet --disable-pip-version-check .
retally="$place/venv/bin/retally"

expect() {
    local wanted="$1" code=0
    shift
    "$retally" "$@" >"$place/out" 2>&1 || code=$?
    if [ "$code" -ne "$wanted" ]; then
        cat "$place/out" >&2
        echo "expected exit code $wanted, found $code: retally $*" >&2
        exit 1
    fi
}
expect 0 --version
expect 0 check fixtures/formats/native/clean-items
expect 1 check fixtures/formats/native/bug-mean
grep -q 'error\[RT204\]' "$place/out"
echo "$("$retally" --version) from a wheel: a clean log passes, a broken one fails"
