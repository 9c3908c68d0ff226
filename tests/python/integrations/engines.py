"""What holds for every engine: the bytes of one audit, for any number of parts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import retally
from retally import _program, engine, parts

FORMATS = Path(__file__).resolve().parents[3] / "fixtures" / "formats"
# Clean and bad: JSON Lines of a pipeline, and runs of a harness with summaries and recordings beside their rows.
LOGS = ["native/clean-candidates", "native/bug-mixture", "lm-eval/recorded", "lm-eval/bad-recorded-mean"]

Check = Callable[..., retally.Report]


def copied(log: str, to: Path) -> Path:
    """A copy without the files that describe a fixture."""
    folder = to / log.replace("/", "-")
    shutil.copytree(FORMATS / log, folder, ignore=shutil.ignore_patterns("*.toml", "*.md"))
    return folder


def has_the_bytes_of_one_audit(check: Check, log: str, number: int, place: Path) -> None:
    folder = copied(log, place)
    whole = retally.check(folder)
    report = check(str(folder), parts=number)
    assert report.to_json() == whole.to_json()
    assert report.exit_code == whole.exit_code == int("bug" in log or "bad" in log)
    if number == 2:
        assert [report.rows(finding) for finding in report.findings] == [whole.rows(finding) for finding in whole.findings]


def program_that_dies(place: Path) -> Path:
    """A program for workers that kills the one that runs it, once after the file `die-COMMAND` beside it is made."""
    program = place / "retally"
    program.write_text(f'#!/bin/sh\nif rm "{place}/die-$1" 2>/dev/null; then kill -9 $PPID; exit 1; fi\nexec {_program.find()} "$@"\n')
    program.chmod(0o755)
    return program


def merges_in_groups(check: Check, place: Path, die: Path) -> None:
    """More tasks than the driver merges: parts of 16 tasks each, with a wrong score in one of them. A worker that merges dies."""
    die.touch()
    log = place / "scores.jsonl"
    with log.open("w") as file:
        for at in range(200):
            row = {"item": f"q{at}", "tokens": ["a", "b"], "logprobs": [-at / 8, -1.0], "score": -2.5 if at == 150 else -1 - at / 8}
            file.write(json.dumps(row) + "\n")
    tasks, _ = parts.split(log, 40)
    assert len(tasks) > engine.FEW
    report = check(str(log), parts=40)
    assert not die.exists(), "no worker died"
    assert report.to_json() == retally.check(log).to_json()
    assert [finding.code for finding in report.failing] == ["RT200"]


def are_tasks_in_a_row(groups: list[tuple[tuple[parts.Task, ...], bytes]], tasks: list[parts.Task]) -> None:
    """Each part is one scan of tasks that follow each other."""
    found = sorted(sorted(map(tasks.index, group)) for group, _ in groups)
    assert found == [list(range(16)), list(range(16, 32)), list(range(32, len(tasks)))]
    assert all(len(parts.Part.from_bytes(part)) == 1 for _, part in groups)


def reads_remote_files(check: Check, place: Path) -> None:
    """`file://` stands for any store that fsspec opens."""
    good, bad = copied("lm-eval/recorded", place), copied("lm-eval/bad-recorded-mean", place)
    report = check([f"file://{good}", f"file://{bad}"])
    assert [finding.code for finding in report.failing] == ["RT204"]
    assert report.findings[0].locations[0].path.startswith(f"file://{bad}/samples_")
    local: Any = retally.check(good, bad)
    assert report.summary == local.summary
    names = [one.path.rsplit("/", 1)[1] for one in report.inputs]
    assert sorted(names) == sorted(one.path.rsplit("/", 1)[1] for one in local.inputs)
    (single,) = bad.glob("samples_*.jsonl")
    assert not check(f"file://{single}", allow_unproven=True).findings
