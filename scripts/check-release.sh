#!/usr/bin/env bash
# Checks that a tag is the version of Cargo.toml, that Cargo.lock agrees, and that the changelog has a section for it, which it
# writes to target/release-notes.md. Usage: scripts/check-release.sh v0.1.0
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    printf 'check-release: %s\n' "$1" >&2
    exit 1
}

tag="${1:?usage: scripts/check-release.sh TAG}"
version="$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)"
[ "$tag" = "v$version" ] || fail "the tag is $tag, the version in Cargo.toml is $version (expected v$version)"
locked="$(grep -A 1 -x 'name = "retally"' Cargo.lock | sed -n 's/^version = "\(.*\)"$/\1/p')"
[ "$locked" = "$version" ] || fail "the version in Cargo.lock is $locked, in Cargo.toml $version"

mkdir -p target
awk -v heading="## [$version]" '
    index($0, heading) == 1 { inside = 1; next }
    inside && /^## / { exit }
    inside { print }
' CHANGELOG.md >target/release-notes.md
grep -q '[^[:space:]]' target/release-notes.md || fail "CHANGELOG.md has no section ## [$version], or it is empty"
printf 'retally %s: notes in target/release-notes.md\n' "$version"
