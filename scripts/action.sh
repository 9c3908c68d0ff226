#!/usr/bin/env bash
# The steps of the action. Inputs are in RETALLY_*; the shell never evaluates their contents.
set -euo pipefail

output() { if [ -n "${GITHUB_OUTPUT:-}" ]; then printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; fi; }

# Sets the outputs at the end. An output without a value is set to an empty string, so later steps can test for it.
finish() {
    output exit-code "$1"
    output errors "${errors:-}"
    output warnings "${warnings:-}"
    output sarif "${sarif:-}"
    output html "${html:-}"
    output report-json "${report:-}"
    exit "$1"
}

# NAME VALUE EXPECTED. The value is printed on one line and without ##[, so the runner cannot read it as a command.
refuse() {
    local shown
    shown="$(printf '%q' "$2")"
    printf 'retally: %s: expected %s, found %s\n' "$1" "$3" "${shown//##/#\\x23}" >&2
    finish 2
}

# NAME VALUE: an input that must be one line.
one_line() { case "$2" in *[$'\n\r']*) refuse "$1" "$2" 'one line' ;; esac; }
# NAME VALUE: an input that must be true or false.
boolean() { case "$2" in true | false) ;; *) refuse "$1" "$2" 'true or false' ;; esac; }

# Fills the array `lines` with the non-empty lines of a text.
split() {
    local line
    lines=()
    while IFS= read -r line || [ -n "$line" ]; do
        line="${line%$'\r'}"
        if [ -n "$line" ]; then lines+=("$line"); fi
    done <<<"$1"
}

paths_text="${RETALLY_PATHS:-.}"
config="${RETALLY_CONFIG:-}"
fail_on="${RETALLY_FAIL_ON:-}"
version="${RETALLY_VERSION:-}"
category="${RETALLY_SARIF_CATEGORY:-}"
annotations="${RETALLY_ANNOTATIONS:-true}"
summary="${RETALLY_SUMMARY:-true}"
sarif_file="${RETALLY_SARIF_FILE:-}"
html_file="${RETALLY_HTML_FILE:-}"
baseline="${RETALLY_BASELINE:-}"

one_line config "$config"
one_line fail-on "$fail_on"
one_line sarif-file "$sarif_file"
one_line html-file "$html_file"
one_line baseline "$baseline"
boolean annotations "$annotations"
boolean summary "$summary"
if ! [[ "$version" =~ ^[0-9A-Za-z.+-]*$ ]]; then refuse version "$version" 'a version such as 0.1.0'; fi
if ! [[ "$category" =~ ^[0-9A-Za-z._/-]*$ ]]; then refuse sarif-category "$category" 'letters, digits and . _ / -'; fi

temporary="${RUNNER_TEMP:-${TMPDIR:-/tmp}}"
version="${version#v}"
if command -v retally >/dev/null 2>&1; then
    installed="$(retally --version)"
    if [ -n "$version" ] && [ "$installed" != "retally $version" ]; then
        printf 'retally: %s is installed and used; version %s was asked for\n' "$installed" "$version" >&2
    fi
else
    # shellcheck source=scripts/action-install.sh
    source "$(dirname "$0")/action-install.sh"
    program="${RETALLY_DIRECTORY:-$temporary/retally-program}"
    # On Windows a path has a colon, which separates directories in PATH.
    if command -v cygpath >/dev/null 2>&1; then program="$(cygpath -u "$program")"; fi
    # It is there already if it came from the cache.
    if ! [ -x "$program/bin/retally" ] && ! [ -x "$program/bin/retally.exe" ]; then
        install_program "${RETALLY_RELEASE:-$version}" "$program" || finish 2
    fi
    PATH="$program/bin:$PATH"
fi

cd "${GITHUB_WORKSPACE:-.}"
directory="$(mktemp -d "$temporary/retally.XXXXXX")"

command=(retally check --report "json=$directory/report.json" --report "jsonl=$directory/report.jsonl"
    --report "markdown=$directory/report.md")
if [ "$annotations" = true ]; then command+=(--format github); fi
if [ -n "$config" ]; then command+=("--config=$config"); fi
if [ -n "$fail_on" ]; then command+=("--fail-on=$fail_on"); fi
if [ -n "$baseline" ]; then command+=("--baseline=$baseline"); fi
if [ -n "$sarif_file" ]; then command+=(--report "sarif=$sarif_file"); fi
if [ -n "$html_file" ]; then command+=(--report "html=$html_file"); fi
split "${RETALLY_ARGS:-}"
if [ "${#lines[@]}" -gt 0 ]; then command+=("${lines[@]}"); fi
split "$paths_text"
if [ "${#lines[@]}" -eq 0 ]; then lines=(.); fi

code=0
# The summary is written only once, below.
env -u GITHUB_STEP_SUMMARY "${command[@]}" -- "${lines[@]}" || code=$?

if [ -f "$directory/report.json" ]; then report="$directory/report.json"; fi
if [ -f "$directory/report.jsonl" ]; then
    # In a JSON string, quotes are preceded by a backslash, so these can only be the fields of a finding.
    count() {
        awk -v severity="\"severity\":\"$1\"" 'index($0, "{\"type\":\"finding\",") == 1 && index($0, severity) \
            && !index($0, "\"baseline_state\":\"unchanged\"") && !index($0, "\"excepted\":\"") { n++ } \
            END { print n + 0 }' "$directory/report.jsonl"
    }
    errors="$(count error)"
    warnings="$(count warning)"
fi
if [ "$code" -ne 2 ] && [ -n "$sarif_file" ] && [ -f "$sarif_file" ]; then
    sarif="$sarif_file"
    if [ -n "$category" ]; then
        # In a JSON string, these quotes would have backslashes, so only the field itself can match.
        sed -e "s,\"automationDetails\": *{\"id\": *\"\\([^\"\\\\]\\|\\\\.\\)*\",\"automationDetails\":{\"id\":\"retally/${category%/}/\"," \
            "$sarif_file" >"$directory/report.sarif"
        cat "$directory/report.sarif" >"$sarif_file"
    fi
fi
if [ "$code" -ne 2 ] && [ -n "$html_file" ] && [ -f "$html_file" ]; then html="$html_file"; fi
if [ "$summary" = true ] && [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$directory/report.md" ]; then
    cat "$directory/report.md" >>"$GITHUB_STEP_SUMMARY"
fi
finish "$code"
