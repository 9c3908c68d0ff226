"""Parts conclude to the bytes of one audit."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

import retally
from retally import parts
from retally.parts import Part, Task

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "fixtures" / "formats" / "native"
LM_EVAL = ROOT / "fixtures" / "formats" / "lm-eval"
LOGS = [NATIVE / "clean-candidates", NATIVE / "bug-mean", LM_EVAL / "mc-and-lastword", LM_EVAL / "stderr-not-divided"]


def in_this_process(tasks: Sequence[Task], plan: bytes | None) -> list[tuple[Task, bytes]]:
    found = [(task, task.scan(plan).to_bytes()) for task in tasks]
    # In another order, and one of them twice, as an engine that runs a task again gives them.
    random.Random(0).shuffle(found)
    return [*found, found[0]]


@pytest.mark.parametrize("number", [1, 2, 7, 64])
@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_the_report_has_the_bytes_of_one_audit(log: Path, number: int) -> None:
    tasks, plan = parts.split(log, number)
    # The small files are a task of their own.
    assert number / 2 <= len(tasks) <= number + (number > 1)
    assert parts.audit(tasks, plan, in_this_process).to_json() == retally.check(log).to_json()


def test_parts_without_a_plan_settle_on_one() -> None:
    tasks, _ = parts.split(NATIVE / "bug-mixture" / "scores.jsonl", 5)
    assert len(tasks) == 5
    report = parts.audit(tasks, None, in_this_process)
    assert report.to_json() == retally.check(NATIVE / "bug-mixture" / "scores.jsonl").to_json()


def test_a_plan_error_has_the_plan() -> None:
    tasks, _ = parts.split(NATIVE / "bug-mixture", 5)
    whole = Part([])
    for task in tasks:
        whole |= task.scan()
    with pytest.raises(retally.PlanError) as raised:
        whole.conclude()
    path = NATIVE / "bug-mixture" / "scores.jsonl"
    assert str(raised.value).endswith(
        f"inputs need another plan than the one that they were audited under, first {path}; scan them again under the `plan` of this error"
    )
    assert str(path) in json.loads(raised.value.plan)["inputs"]


def test_merging_is_lawful() -> None:
    tasks, plan = parts.split(NATIVE / "clean-candidates" / "scores.jsonl", 3)
    a, b, c = (task.scan(plan) for task in tasks)
    assert (a | b) | c == a | (b | c) == c | a | b | a
    assert ((a | b) | c).to_bytes() == (c | b | a | b).to_bytes()
    assert Part.from_bytes((a | b).to_bytes()) == b | a and len(a | b | a) == 2
    assert a == tasks[0].scan(plan, threads=1)


def test_a_missing_part_is_named() -> None:
    tasks, plan = parts.split(NATIVE / "clean-candidates" / "scores.jsonl", 3)
    with pytest.raises(retally.RetallyError, match="no part covers the bytes from"):
        (tasks[0].scan(plan) | tasks[2].scan(plan)).conclude()
    with pytest.raises(retally.RetallyError, match="1 of 3 tasks gave no part"):
        parts.audit(tasks, plan, lambda tasks, plan: in_this_process(tasks[:2], plan))


def test_what_is_no_part() -> None:
    with pytest.raises(retally.RetallyError, match="not a part"):
        Part.from_bytes(b"x")
    whole = Part.scan(NATIVE / "clean-candidates").to_bytes()
    with pytest.raises(retally.RetallyError, match="ends in the middle"):
        Part.from_bytes(whole[:-1])


def test_a_task_survives_the_way_through_an_engine() -> None:
    for task in (Task(("a", "b")), Task(("a",), 0, None), Task(("a",), 5, 9, "/data")):
        assert Task.from_json(task.to_json()) == task


def test_a_directory_with_an_unreadable_file_is_one_task(tmp_path: Path) -> None:
    (tmp_path / "scores.jsonl").write_bytes((NATIVE / "clean-candidates" / "scores.jsonl").read_bytes())
    (tmp_path / "empty.jsonl").write_bytes(b"")
    tasks, plan = parts.split(tmp_path, 4)
    assert tasks == [Task((str(tmp_path),))]
    assert parts.audit(tasks, plan, in_this_process).to_json() == retally.check(tmp_path).to_json()
