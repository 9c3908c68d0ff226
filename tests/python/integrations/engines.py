"""What holds for every engine: the bytes of one audit, for any number of parts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import retally

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
