#!/usr/bin/env python3
"""Mutates logs of the fixtures and runs the program on them. It must exit in time with 0, 1 or 2, without a panic and
without control characters in its output.

Usage: scripts/mutate-fixtures.py [--minutes 10] [--binary target/debug/retally] [--seed N] [--keep DIRECTORY]

Each run prints its seed; --seed N with --runs 1 repeats one mutation. Failing inputs are kept, and the exit
code is 1.
"""

import argparse
import csv
import io
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUTPUTS = ["text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown", "html"]
TIMEOUT = 60
MEMORY = 6 << 30
# Written verbatim: json.dumps would escape or reject some of them.
RAW = ["NaN", "-Infinity", "1e999", "-0", "1e-999", "0.1" + "0" * 300, "123456789" * 30, "1E5", "00", "\"\\ud800\"", "\"\\u0000\""]
TEXTS = ["", " ", "\x1b[31m", "::error::x", "\u202e", "\u0301", "NaN", "None", "-inf", "1.5", "a" * 5000, "\0", "<b>", "`|*", "\ud800"]
NUMBERS = [0, -1, 1, -0.0, 1e308, -1e308, 5e-324, 2**63, -(2**63), 2**64, 0.1, -100.0, -9999.0, 1e-5, 3, 1.0]


class Raw:
    """A text that is written to JSON verbatim."""

    def __init__(self, text):
        self.text = text


def dumped(value):
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, list) and type(value) is list:
        return "[" + ", ".join(dumped(one) for one in value) + "]"
    if isinstance(value, Members):
        return "{" + ", ".join(json.dumps(key) + ": " + dumped(one) for key, one in value) + "}"
    return json.dumps(value)


class Members(list):
    """An object as a list of its members, which allows duplicate keys."""


def containers(value, found):
    """All lists and objects in a value."""
    if isinstance(value, list):
        found.append(value)
        for one in value:
            containers(one[1] if isinstance(value, Members) else one, found)
    return found


def other(dice, value):
    """A replacement for a value."""
    kind = dice.randrange(9)
    if kind == 0:
        return Raw(dice.choice(RAW))
    if kind == 1:
        return dice.choice(TEXTS)
    if kind == 2:
        return dice.choice(NUMBERS)
    if kind == 3:
        return dice.choice([None, True, False, [], Members(), [[]], [None], [value], Members([("a", value)])])
    if kind == 4 and isinstance(value, (int, float)) and not isinstance(value, bool):
        return value + dice.choice([1, -1, 1e-9, value, -2 * value, 0.5])
    if kind == 5:
        return Raw("[" * 200 + "]" * 200)
    if kind == 6 and isinstance(value, str):
        at = dice.randrange(len(value) + 1)
        return value[:at] + dice.choice(TEXTS) + value[at:]
    if kind == 7 and isinstance(value, list):
        return value * dice.choice([2, 3, 50]) if len(value) < 500 else value[: len(value) // 2]
    return str(value) if not isinstance(value, list) else 7


def mutate_json(dice, value):
    """Changes a value in place, at a few positions; returns it."""
    for _ in range(dice.choice([1, 1, 1, 2, 5])):
        found = [one for one in containers(value, []) if one]
        if not found:
            return other(dice, value)
        place = dice.choice(found)
        at = dice.randrange(len(place))
        action = dice.randrange(8)
        if action == 0:
            del place[at]
        elif action == 1:
            place.insert(dice.randrange(len(place) + 1), place[at])
        elif action == 2:
            dice.shuffle(place)
        elif action == 3 and isinstance(place, Members):
            key, one = place[at]
            name = dice.choice([key.upper(), key + " ", "x", "", dice.choice(place)[0], dice.choice(TEXTS).replace("\ud800", "")])
            place[at] = (name, one)
        elif isinstance(place, Members):
            key, one = place[at]
            place[at] = (key, other(dice, one))
        else:
            place[at] = other(dice, place[at])
    return value


def parsed(text):
    return json.loads(text, object_pairs_hook=Members)


def mutate_lines(dice, text):
    lines = text.split("\n")
    for _ in range(dice.choice([1, 1, 2, 4])):
        at = dice.randrange(len(lines))
        try:
            lines[at] = dumped(mutate_json(dice, parsed(lines[at])))
        except (ValueError, RecursionError):
            lines[at] = lines[at][: dice.randrange(len(lines[at]) + 1)]
    if dice.randrange(4) == 0:
        at = dice.randrange(len(lines))
        lines.insert(dice.randrange(len(lines) + 1), dice.choice([lines[at], lines[at][: len(lines[at]) // 2], "", "null", "[]"]))
    return dice.choice(["\n", "\n", "\r\n"]).join(lines)


def mutate_table(dice, text, delimiter):
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    for _ in range(dice.choice([1, 2, 5])):
        row = dice.choice(rows)
        if row:
            at = dice.randrange(len(row))
            action = dice.randrange(5)
            if action == 0:
                del row[at]
            elif action == 1:
                row.insert(at, row[at])
            else:
                row[at] = dice.choice([*RAW, *TEXTS, "[" + row[at], row[at] * 2]).replace("\ud800", "?")
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=dice.choice(["\n", "\r\n"])).writerows(rows)
    return out.getvalue()


def mutate_bytes(dice, data):
    data = bytearray(data)
    for _ in range(dice.choice([1, 3, 20])):
        if data:
            at = dice.randrange(len(data))
            action = dice.randrange(3)
            if action == 0:
                data[at] = dice.randrange(256)
            elif action == 1:
                del data[at : at + dice.choice([1, 10, 1000])]
            else:
                data[at:at] = data[at : at + dice.choice([1, 10, 1000])]
    return bytes(data)


def mutated(dice, path, data):
    if dice.randrange(8) == 0:
        return mutate_bytes(dice, data)
    try:
        text = data.decode()
        if path.endswith((".csv", ".tsv")):
            return mutate_table(dice, text, "\t" if path.endswith(".tsv") else ",").encode("utf-8", "replace")
        if path.endswith(".json"):
            return dumped(mutate_json(dice, parsed(text))).encode("utf-8", "replace")
        if path.endswith(".jsonl"):
            return mutate_lines(dice, text).encode("utf-8", "replace")
    except (ValueError, RecursionError, csv.Error, IndexError):
        pass
    return mutate_bytes(dice, data)


def logs():
    """Fixture folders with logs, and their files."""
    found = []
    for directory, _, names in sorted(os.walk(os.path.join(ROOT, "fixtures"))):
        own = [name for name in sorted(names) if not name.endswith((".toml", ".md"))]
        own = [name for name in own if os.path.getsize(os.path.join(directory, name)) < 60_000]
        if own:
            found.append((directory, own))
    return found


def acts(text, output):
    allowed = "\n"
    if output in ("json", "jsonl", "sarif", "gitlab"):
        return any(ord(c) < 32 and c not in allowed for c in text)
    return any((ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202a\u202b\u202c\u202d\u202e\u200b") and c not in allowed for c in text)


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run(arguments, seed, found):
    """Runs one mutation; returns the problem, if any, and its directory."""
    dice = random.Random(seed)
    directory, names = dice.choice(found)
    copy = tempfile.mkdtemp(prefix="retally-mutate-")
    for name in names:
        shutil.copy(os.path.join(directory, name), copy)
    name = dice.choice(names)
    target = os.path.join(copy, name)
    with open(target, "rb") as file:
        data = file.read()
    with open(target, "wb") as file:
        file.write(mutated(dice, name, data))
    output = dice.choice(OUTPUTS)
    command = [arguments.binary, "check", ".", "--format", output, "--threads", str(dice.choice([1, 2]))]
    try:
        done = subprocess.run(command, cwd=copy, capture_output=True, timeout=TIMEOUT, preexec_fn=limited)
    except subprocess.TimeoutExpired:
        return f"no end after {TIMEOUT} s", copy, directory
    error = done.stderr.decode("utf-8", "replace")
    out = done.stdout.decode("utf-8", "replace")
    wrong = None
    if done.returncode not in (0, 1, 2):
        wrong = f"exit code {done.returncode}: {error[:500]}"
    elif "panicked" in error:
        wrong = error[:500]
    elif acts(out, output):
        wrong = f"a control character in the output {output}"
    return wrong, copy, directory


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--runs", type=int, help="stop after this many mutations")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000_007)
    parser.add_argument("--binary", default=os.path.join(ROOT, "target/debug/retally"))
    parser.add_argument("--keep", default=".", help="directory for failing inputs")
    arguments = parser.parse_args()
    arguments.binary = os.path.abspath(arguments.binary)
    if not os.path.exists(arguments.binary):
        sys.exit(f"{arguments.binary} does not exist: build it, or name it with --binary")
    found = logs()
    print(f"seed {arguments.seed}, {len(found)} folders", flush=True)
    end = time.monotonic() + 60 * arguments.minutes
    count, broken = 0, 0
    while time.monotonic() < end and count != arguments.runs:
        seed = arguments.seed + count
        wrong, copy, directory = run(arguments, seed, found)
        count += 1
        if wrong:
            broken += 1
            kept = os.path.join(arguments.keep, f"broken-{seed}")
            shutil.move(copy, kept)
            print(f"seed {seed} ({os.path.relpath(directory, ROOT)}, kept in {kept}): {wrong}", flush=True)
        else:
            shutil.rmtree(copy)
    print(f"{count} mutations from seed {arguments.seed}, {broken} broken")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
