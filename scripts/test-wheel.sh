#!/usr/bin/env bash
# Installs the wheel into a fresh virtual environment, audits a clean and a broken log with its program and its package, and packs it
# as a release does. RETALLY_WHEEL is the wheel (default: it is built, not optimised).
set -euo pipefail
cd "$(dirname "$0")/.."

# The program and the package of the wheel, and no others.
unset RETALLY_BIN PYTHONPATH
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
if [ -n "${RETALLY_WHEEL:-}" ]; then
    mkdir "$place/dist"
    cp "$RETALLY_WHEEL" "$place/dist/"
else
    # Uses a separate target directory, so that repeated builds are incremental. Optimisation takes minutes and does not
    # affect these checks.
    export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/wheel"
    export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=0
    "$place/venv/bin/pip" wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$place/dist" .
fi
"$place/venv/bin/pip" install --quiet --disable-pip-version-check --no-index "$place"/dist/retally-*.whl
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

# The package, which finds the program beside it. No other package is installed.
"$place/venv/bin/python" - <<'PYTHON'
import json
import sys
import time

import retally

started = time.perf_counter()
clean = retally.check("fixtures/formats/native/clean-items")
print(f"{(time.perf_counter() - started) * 1000:.0f} ms for an audit from Python")
assert clean.ok and not clean.findings
with open("fixtures/formats/native/bug-mean/scores.jsonl") as file:
    rows = [json.loads(line) for line in file]
report = retally.check(rows)
assert [finding.code for finding in report.findings] == ["RT204"]
assert (len(report.rows(report.findings[0])), len(report.flips())) == (1001, 27)
try:
    retally.assert_clean(rows)
except retally.RetallyError as error:
    assert "RT204" in str(error)
else:
    sys.exit("a broken log is clean")
PYTHON
"$place/venv/bin/python" -c '
from importlib.metadata import entry_points, files
assert any(str(file).endswith("retally/py.typed") for file in files("retally"))
for group in ("pytest11", "inspect_ai"):
    assert [one.name for one in entry_points(group=group)] == ["retally"], group
'
imported="$("$place/venv/bin/python" -X importtime -c 'import retally' 2>&1 | sed -n 's/.*| *\([0-9]*\) | retally$/\1/p')"
echo "$(stat -c %s "$place"/dist/retally-*.whl) bytes of wheel; import retally takes $imported microseconds"
[ "$imported" -lt 30000 ]

# The archive of a release: complete, with a digest that holds, and the same twice.
pack() { python3 scripts/pack.py --target test --output "$1" "$place"/dist/retally-*.whl >/dev/null; }
pack "$place/once"
pack "$place/twice"
cmp "$place/once/retally-test.tar.gz" "$place/twice/retally-test.tar.gz"
(cd "$place/once" && sha256sum --check --quiet retally-test.tar.gz.sha256)
tar -xzf "$place/once/retally-test.tar.gz" -C "$place"
retally="$place/retally-test/retally"
expect 0 check fixtures/formats/native/clean-items
for file in README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT completions/_retally completions/retally.fish man/man1/retally-check.1; do
    [ -s "$place/retally-test/$file" ] || { echo "the archive has no $file" >&2; exit 1; }
done
bash -n "$place/retally-test/completions/retally.bash"
grep -q '"bomFormat": *"CycloneDX"' "$place/once/retally-test.cdx.json"
echo "the archive of a release is complete"
