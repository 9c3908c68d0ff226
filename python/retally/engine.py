"""What the engines have in common: the tasks of an audit, the scan of one, and the merging of their parts in a tree."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from retally import parts, remote
from retally._sources import words
from retally.audit import Log
from retally.errors import RetallyError
from retally.parts import Part, Run, Task
from retally.report import Report

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from retally.audit import Judgement, StrPath

__all__ = ["FEW", "GROUP", "audit", "compact", "scan", "tasks_of"]

GROUP = 16
"""About how many parts a worker merges into one. A plan that changes for one of them makes all of them again."""
FEW = 32
"""Up to so many tasks, the driver merges all parts itself."""


def audit(
    paths: str | StrPath | Iterable[StrPath],
    run: Run,
    *,
    number: int,
    format: str | None = None,
    **options: Unpack[Judgement],
) -> Report:
    """Audits logs in about `number` tasks that `run` scans on an engine."""
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    far = [os.fspath(path) for path in given if remote.is_remote(path)]
    if far and len(far) < len(given):
        raise RetallyError("cannot audit local and remote paths together; call `check` for each")
    if far:
        # What they hold is seen where they are read: the first plan follows from the parts.
        return parts.audit(remote.tasks(far), None, run, **options)
    tasks, plan = parts.split(given, number, format=format)
    report = parts.audit(tasks, plan, run, **options)
    report.log = Log(given, None, format, words(options.get("select", "")), words(options.get("ignore", "")))
    return report


def scan(task: str, plan: bytes | None, format: str | None = None) -> bytes:
    """The part of a task, both as an engine moves them. It uses one thread: the engine runs as many tasks as it has cores."""
    of = Task.from_json(task)
    if of.copies:
        with remote.local(of.copies) as directory:
            return Task(of.paths, directory=directory).scan(plan, format=format, threads=1).to_bytes()
    return of.scan(plan, format=format, threads=1).to_bytes()


def compact(found: Iterable[bytes]) -> bytes:
    """The parts of some tasks as one, both as an engine moves them."""
    return Part(tally for data in found for tally in Part.from_bytes(data).tallies()).compact().to_bytes()


def tasks_of(lines: str) -> tuple[Task, ...]:
    """The tasks of a part, as an engine moves them: a line of JSON each."""
    return tuple(Task.from_json(line) for line in lines.split("\n"))
