#!/usr/bin/env bash
# Where the action takes the program from. Run as a step, it prints three outputs: `release`, the version of a release or nothing
# for the action's own sources; `directory`, where the program is installed; `key`, under which that directory is cached. An
# installed retally needs none of them. scripts/action.sh reads the functions and installs.
set -euo pipefail

here="${RETALLY_ACTION_PATH:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
server="${GITHUB_SERVER_URL:-https://github.com}"

# The target of the archives of a release for this machine; nothing for others.
target() {
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64) echo x86_64-unknown-linux-gnu ;;
        Linux-aarch64) echo aarch64-unknown-linux-gnu ;;
        Darwin-x86_64) echo x86_64-apple-darwin ;;
        Darwin-arm64) echo aarch64-apple-darwin ;;
        MINGW*-x86_64 | MSYS*-x86_64) echo x86_64-pc-windows-msvc ;;
    esac
}

# The release that the action is pinned to: the one that was asked for, else that of the action's tag, by its name or by the
# hash of its commit. Nothing for a branch or any other commit, whose program is built from its own sources.
release() {
    local version="${RETALLY_VERSION:-}" ref="${RETALLY_ACTION_REF:-}" tag commits
    if [ -n "$version" ]; then
        echo "${version#v}"
    elif [[ "$ref" =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
        echo "${ref#v}"
    elif [[ "$ref" =~ ^[0-9a-f]{40}$ ]] && [ -n "${RETALLY_ACTION_REPOSITORY:-}" ] && command -v git >/dev/null 2>&1; then
        tag="v$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/Cargo.toml" | head -n 1)"
        commits="$(git ls-remote "$server/$RETALLY_ACTION_REPOSITORY" "refs/tags/$tag" "refs/tags/$tag^{}" 2>/dev/null || true)"
        case "$commits" in *"$ref"*) echo "${tag#v}" ;; esac
    fi
}

# A digest of what the program is built from.
sources() {
    (cd "$here" && find Cargo.lock Cargo.toml build.rs src rules templates -type f -print0 | LC_ALL=C sort -z \
        | xargs -0 cat | { sha256sum 2>/dev/null || shasum -a 256; } | cut -c 1-40)
}

# Installs the release of a version from its archive into a directory. Fails if there is no such archive; a wrong digest is an error.
from_archive() {
    local version="$1" directory="$2" target name url place
    target="$(target)"
    if [ -z "$target" ] || [ -z "${RETALLY_ACTION_REPOSITORY:-}" ] || ! command -v curl >/dev/null 2>&1; then return 1; fi
    name="retally-$target.tar.gz"
    case "$target" in *windows*) name="retally-$target.zip" ;; esac
    url="$server/$RETALLY_ACTION_REPOSITORY/releases/download/v$version/$name"
    place="$(mktemp -d)"
    curl --fail --silent --show-error --location --retry 3 --output "$place/$name" "$url" || return 1
    curl --fail --silent --show-error --location --retry 3 --output "$place/$name.sha256" "$url.sha256" || return 1
    if ! (cd "$place" && { sha256sum --check --quiet "$name.sha256" 2>/dev/null || shasum -a 256 --check --quiet "$name.sha256"; }); then
        printf 'retally: %s: the digest does not match\n' "$url" >&2
        return 2
    fi
    mkdir -p "$directory/bin"
    case "$name" in
        *.zip) unzip -q "$place/$name" -d "$place" ;;
        *) tar -xzf "$place/$name" -C "$place" ;;
    esac && cp "$place/retally-$target"/retally* "$directory/bin/"
}

# Installs into a directory with cargo, or with pip where cargo is missing. A system Python may refuse installations; a virtual
# environment does not.
from_sources() {
    local version="$1" directory="$2" what
    if command -v cargo >/dev/null 2>&1 && { [ -z "$version" ] || [ -n "${RETALLY_ACTION_REPOSITORY:-}" ]; }; then
        if [ -z "$version" ]; then
            cargo install --quiet --locked --root "$directory" --path "$here"
        else
            cargo install --quiet --locked --root "$directory" --git "$server/$RETALLY_ACTION_REPOSITORY" --tag "v$version" retally
        fi
        return
    fi
    what="$here"
    if [ -n "$version" ]; then what="retally==$version"; fi
    python3 -m venv "$directory/venv" \
        && "$directory/venv/bin/python" -m pip install --quiet "$what" \
        && mkdir -p "$directory/bin" \
        && ln -sf "$directory/venv/bin/retally" "$directory/bin/retally"
}

# Installs a release, or the sources for an empty version.
install_program() {
    local version="$1" directory="$2" code=0
    if [ -n "$version" ]; then
        from_archive "$version" "$directory" || code=$?
        if [ "$code" -eq 0 ]; then return; fi
        if [ "$code" -eq 2 ]; then return 1; fi
    fi
    from_sources "$version" "$directory"
}

# As a step of the action, not read by the script of the audit.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    # What is not a version is refused by the audit, which sets the outputs.
    if ! [[ "${RETALLY_VERSION:-}" =~ ^[0-9A-Za-z.+-]*$ ]] || command -v retally >/dev/null 2>&1; then exit 0; fi
    version="$(release)"
    if [ -n "$version" ]; then what="v$version"; else what="$(sources)"; fi
    {
        printf 'release=%s\n' "$version"
        printf 'directory=%s\n' "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/retally-program"
        printf 'key=retally-%s-%s-%s\n' "$(uname -s)" "$(uname -m)" "$what"
    } >>"${GITHUB_OUTPUT:-/dev/stdout}"
fi
