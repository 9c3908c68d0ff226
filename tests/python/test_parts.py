"""Parts conclude to the bytes of one audit."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

import retally
from retally import parts
from retally.parts import Part, Task

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "fixtures" / "formats" / "native"
LM_EVAL = ROOT / "fixtures" / "formats" / "lm-eval"
LOGS = [NATIVE / "clean-candidates", NATIVE / "bug-mean", LM_EVAL / "mc-and-lastword", LM_EVAL / "stderr-not-divided"]


Groups = list[tuple[tuple[Task, ...], bytes]]


def in_this_process(tasks: Sequence[Task], plan: bytes | None) -> Groups:
    found = [((task,), task.scan(plan).to_bytes()) for task in tasks]
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


def in_groups(tasks: Sequence[Task], plan: bytes | None, size: int = 3) -> Groups:
    """Groups of tasks that follow each other, the last one twice with its tasks in another order."""
    groups = [tuple(tasks[at : at + size]) for at in range(0, len(tasks), size)]
    found = [(group, union(task.scan(plan) for task in group).compact().to_bytes()) for group in groups]
    return [*found, (found[-1][0][::-1], found[-1][1])]


def union(scanned: Iterable[Part]) -> Part:
    return Part(tally for part in scanned for tally in part.tallies())


def written(path: Path, scores: Sequence[float]) -> Path:
    """A log of rows whose scores are right where they are the first log-prob less 1."""
    rows = [{"item": f"q{at}", "tokens": ["a", "b"], "logprobs": [-at / 8, -1.0], "score": score} for at, score in enumerate(scores)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_part_is_compacted_in_a_tree(tmp_path: Path) -> None:
    """Three levels: pairs, pairs of these in another order, and all."""
    log = written(tmp_path / "scores.jsonl", [*(-1 - at / 8 for at in range(40)), -2.5])
    tasks, plan = parts.split(log, 8)
    level = scanned = [task.scan(plan) for task in tasks]
    for _ in range(2):
        level = [union(level[at : at + 2]).compact() for at in range(0, len(level), 2)]
        random.Random(1).shuffle(level)
    assert [len(part) for part in level] == [1, 1]
    report = retally.check(log)
    assert [finding.code for finding in report.failing] == ["RT200"]
    assert union(level).conclude().to_json() == union(level).compact().conclude().to_json() == report.to_json()
    assert union(level).compact() == union(scanned).compact()


def test_ranges_that_adjoin_become_one(tmp_path: Path) -> None:
    log = written(tmp_path / "scores.jsonl", [-1 - at / 8 for at in range(40)])
    tasks, plan = parts.split(log, 6)
    scanned = [task.scan(plan) for task in tasks]
    a, b, c = union(scanned[:2]), union(scanned[2:4]), union(scanned[4:])
    assert (a | b | a).compact() == (a.compact() | b).compact()
    assert a.compact().compact() == a.compact() and Part([]).compact() == Part([])
    # What each range says of the file is there once.
    assert len((a | b | c).compact().to_bytes()) < len((a | b | c).to_bytes()) / 3
    for overlapping in ((a.compact() | a).compact, (a.compact() | a | b | c).conclude):
        with pytest.raises(retally.RetallyError, match=re.escape(f"{log} is in two parts")):
            overlapping()


@pytest.mark.parametrize("log", LOGS[1:3], ids=lambda log: log.name)
def test_groups_have_the_bytes_of_one_audit(log: Path) -> None:
    tasks, plan = parts.split(log, 7)
    assert parts.audit(tasks, plan, in_groups).to_json() == retally.check(log).to_json()


def test_a_group_is_run_again_as_a_whole(tmp_path: Path) -> None:
    """Only the third log calls for another plan than that of its first rows, but a group holds rows of the second one as well."""
    logs = [written(tmp_path / name, [-1 - at / 8 for at in range(8)]) for name in ("1.jsonl", "2.jsonl", "3.jsonl")]
    plan = parts.measure(logs)
    written(logs[2], [*(-1 - at / 8 for at in range(8)), -2.1234567])
    asked: list[list[Task]] = []

    def run(tasks: Sequence[Task], plan: bytes | None) -> Groups:
        asked.append(list(tasks))
        return in_groups(tasks, plan, 2)

    tasks = [Task((str(log),), start, end) for log in logs for start, end in ((0, 200), (200, None))]
    # Groups of rows of 1, of 2 and 3, of 2 and 3.
    tasks = [tasks[at] for at in (0, 1, 2, 4, 3, 5)]
    report = parts.audit(tasks, plan, run)
    assert report.to_json() == retally.check(*logs).to_json()
    # Ranges of one file may need a second turn.
    assert asked == [tasks, tasks[2:], tasks[2:]]


def test_a_task_in_two_groups_is_an_error() -> None:
    tasks, plan = parts.split(NATIVE / "clean-candidates" / "scores.jsonl", 3)

    def run(tasks: Sequence[Task], plan: bytes | None) -> Groups:
        return [*in_groups(tasks[:2], plan, 2), *in_groups(tasks[1:], plan, 2)]

    with pytest.raises(retally.RetallyError, match=r"1 of 3 tasks are in several groups, first Task\(.*scores.jsonl") as raised:
        parts.audit(tasks, plan, run)
    assert str(raised.value).endswith(str(tasks[1]))


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
