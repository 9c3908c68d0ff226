"""Audits split over processes and machines. Merged, the parts give the bytes of one audit of everything.

The plan of an audit says how finely each column is printed and which formula it follows. Parts are made under one plan:
first the plan is measured from the start of each log, then the parts are audited under it. Where the rest of a log calls
for another plan, the parts concerned are audited again.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from retally import _program
from retally._sources import words
from retally.audit import Severity, StrPath, report_of
from retally.errors import PlanError, RetallyError
from retally.report import Report

__all__ = ["Part", "Task", "audit", "measure", "split"]

_MAGIC = b"retally part 1\n"
# A plan settles after resolutions, conventions and the search; byte ranges of one file may need a second turn of these.
_ROUNDS = 6


class Part:
    """The audit of some inputs, before anything is concluded.

    `a | b` is both parts: in any order and any grouping they conclude to the same report. A part that is there twice, such
    as one that an engine computed again, counts once.
    """

    def __init__(self, tallies: Iterable[bytes]) -> None:
        self._tallies = {hashlib.blake2b(tally, digest_size=16).digest(): tally for tally in tallies}

    @classmethod
    def scan(
        cls,
        paths: StrPath | Iterable[StrPath],
        plan: bytes | None = None,
        *,
        bytes_range: tuple[int, int | None] | None = None,
        config: StrPath | None = None,
        format: str | None = None,
        threads: int | None = None,
        directory: StrPath | None = None,
    ) -> Part:
        """Audits inputs.

        `plan` is what `measure` or a `PlanError` gives; without it, the plan that these inputs alone call for.
        `bytes_range` is the start and the end (exclusive; None for the end of the file) of the bytes to audit, of one plain
        file of lines: lines that start in it. `directory` is where relative paths begin.
        """
        given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
        options = ["--tally", "-", "--allow-unproven", "--fail-on", "never"]
        if bytes_range is not None:
            start, end = bytes_range
            options += ["--bytes", f"{start}..{'' if end is None else end}"]
        options += ["--config", os.path.abspath(config)] if config is not None else []
        options += ["--input-format", format] if format else []
        options += ["--threads", str(threads)] if threads else []
        with tempfile.TemporaryDirectory(prefix="retally-") as place:
            if plan is not None:
                Path(place, "plan.json").write_bytes(plan)
                options += ["--plan", os.path.join(place, "plan.json")]
            arguments = ["check", *options, "--", *(os.fspath(path) for path in given)]
            output = _program.run(arguments, directory=None if directory is None else os.fspath(directory))
        if not output.stdout:
            raise RetallyError(output.message(), exit_code=output.exit_code)
        return cls([output.stdout])

    def __or__(self, other: Part) -> Part:
        both = Part([])
        both._tallies = {**self._tallies, **other._tallies}
        return both

    def __len__(self) -> int:
        """Number of scans in it."""
        return len(self._tallies)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Part) and self._tallies.keys() == other._tallies.keys()

    def __hash__(self) -> int:
        return hash(frozenset(self._tallies))

    def compact(self) -> Part:
        """The same part as one scan, so that parts are merged in a tree: byte ranges that adjoin become one.

        The scans in it are not told apart any more. `a | a` counts once, `a.compact() | a` is an error for a part of several
        scans, since these overlap.

        Raises
        ------
        RetallyError
            If parts overlap.
        """
        if len(self) < 2:
            return self
        with tempfile.TemporaryDirectory(prefix="retally-") as place:
            output = _program.run(["merge", "--tally", "-", "--", *self._written(place)])
        return Part([output.checked()])

    def _written(self, place: str) -> list[str]:
        """The paths of its tallies, written to a directory."""
        paths = [os.path.join(place, f"{at}.tally") for at in range(len(self))]
        for path, tally in zip(paths, self.tallies(), strict=True):
            Path(path).write_bytes(tally)
        return paths

    def tallies(self) -> tuple[bytes, ...]:
        """The files of `retally check --tally` that it consists of, in an order that follows from their content."""
        return tuple(self._tallies[key] for key in sorted(self._tallies))

    def to_bytes(self) -> bytes:
        """The part as bytes, the same for equal parts."""
        return _MAGIC + b"".join(struct.pack(">Q", len(tally)) + tally for tally in self.tallies())

    @classmethod
    def from_bytes(cls, data: bytes) -> Part:
        """Reads what `to_bytes` gave."""
        if not data.startswith(_MAGIC):
            raise RetallyError("not a part: expected bytes of Part.to_bytes()")
        tallies, at = [], len(_MAGIC)
        while at < len(data):
            start = at + 8
            if start > len(data) or start + struct.unpack(">Q", data[at:start])[0] > len(data):
                raise RetallyError(f"the part ends in the middle: expected more than its {len(data):,} bytes")
            at = start + struct.unpack(">Q", data[at:start])[0]
            tallies.append(data[start:at])
        return cls(tallies)

    def conclude(
        self,
        *,
        config: StrPath | None = None,
        baseline: StrPath | None = None,
        select: str | Iterable[str] = (),
        ignore: str | Iterable[str] = (),
        fail_on: Severity | None = None,
        allow_unproven: bool = False,
        today: str | None = None,
    ) -> Report:
        """The report of all inputs in it, with the bytes of one audit. The parameters are those of `check`.

        Raises
        ------
        PlanError
            If inputs were audited under another plan than all of them together need. It has that plan.
        RetallyError
            If parts are missing or overlap.
        """
        options = ["--format", "json"]
        for name, value in (
            ("config", config),
            ("baseline", baseline),
            ("select", words(select)),
            ("ignore", words(ignore)),
            ("fail-on", fail_on),
            ("today", today),
        ):
            if value:
                options += [f"--{name}", os.fspath(value)]
        options += ["--allow-unproven"] * allow_unproven
        with tempfile.TemporaryDirectory(prefix="retally-") as place:
            plan = Path(place, "plan.json")
            output = _program.run(["merge", *options, "--plan", str(plan), "--", *self._written(place)])
            if output.exit_code == 2 and not output.stdout and plan.exists():
                # What follows is the advice for the command line.
                needed = output.message().partition(": write the plan with")[0]
                raise PlanError(f"{needed}; scan them again under the `plan` of this error", plan.read_bytes())
        return report_of(output)


@dataclass(frozen=True)
class Task:
    """What one scan reads: whole inputs, or a byte range of one."""

    paths: tuple[str, ...]
    start: int | None = None
    """First byte; None for whole inputs."""
    end: int | None = None
    """The byte behind the last one; None for the end of the file."""
    directory: str | None = None
    """Where relative paths begin."""
    copies: tuple[str, ...] = ()
    """Remote files to copy first, under their addresses."""

    def scan(self, plan: bytes | None = None, **options: Any) -> Part:
        """The part, by `Part.scan`."""
        bytes_range = None if self.start is None else (self.start, self.end)
        return Part.scan(self.paths, plan, bytes_range=bytes_range, directory=self.directory, **options)

    def to_json(self) -> str:
        """The task as text, for an engine that moves rows of plain columns."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Task:
        """Reads what `to_json` gave."""
        fields = json.loads(text)
        return cls(**{**fields, "paths": tuple(fields["paths"]), "copies": tuple(fields["copies"])})


def measure(paths: StrPath | Iterable[StrPath], *, format: str | None = None) -> bytes:
    """The plan that the first rows of all inputs call for, under the nearest retally.toml."""
    return _measure(paths, format)[0]


def _measure(paths: StrPath | Iterable[StrPath], format: str | None = None) -> tuple[bytes, bool]:
    """The plan, and whether it has all inputs: a file that cannot be read has none."""
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    with tempfile.TemporaryDirectory(prefix="retally-") as place:
        plan = Path(place, "plan.json")
        options = ["--input-format", format] if format else []
        output = _program.run(["init", "--plan", str(plan), *options, "--", *(os.fspath(path) for path in given)])
        output.checked()
        return plan.read_bytes(), "not read: " not in output.stderr


def split(paths: StrPath | Iterable[StrPath], parts: int, *, format: str | None = None) -> tuple[list[Task], bytes]:
    """Cuts an audit of local files into about as many tasks, of about the same size, and the plan for them.

    Plain files of JSON Lines are cut into byte ranges at line starts; others are one task each. Paths of which a file
    cannot be read are one task together, since the report has to name it.
    """
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    plan, is_complete = _measure(given, format)
    if not is_complete or parts <= 1:
        return [Task(tuple(os.fspath(path) for path in given))], plan
    inputs = list(json.loads(plan)["inputs"])
    sizes = {path: os.path.getsize(path) for path in inputs}
    target = max(1, sum(sizes.values()) // parts)
    tasks: list[Task] = []
    small: list[str] = []
    for path in inputs:
        pieces = max(1, round(sizes[path] / target)) if _is_lines(path) else 1
        if pieces > 1:
            cuts = _line_starts(path, sizes[path], pieces)
            tasks += [Task((path,), start, end) for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
            continue
        # Small files share a task.
        small.append(path)
        if sum(sizes[path] for path in small) >= target:
            tasks.append(Task(tuple(small)))
            small = []
    return tasks + ([Task(tuple(small))] if small else []), plan


def _is_lines(path: str) -> bool:
    """Whether a file has a JSON object per line, as far as its first line shows."""
    if not path.endswith((".jsonl", ".ndjson")):
        return False
    with open(path, "rb") as file:
        line = file.readline(64 << 20)
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _line_starts(path: str, size: int, pieces: int) -> list[int]:
    """Where to cut: the starts of lines behind equal shares of the file, without the first one. No range is without a line."""
    found: list[int] = []
    with open(path, "rb") as file:
        for piece in range(1, pieces):
            file.seek(max(size * piece // pieces - 1, 0))
            file.readline()
            at = file.tell()
            if at < size and at > (found[-1] if found else 0):
                found.append(at)
    return found


Run = Callable[[Sequence[Task], bytes | None], Iterable[tuple[tuple[Task, ...], bytes]]]
"""Scans tasks under a plan and gives the bytes of one part for each group of them: in any order, and a group may come twice.

A task is in one group. It may be a group of its own.
"""


def audit(tasks: Sequence[Task], plan: bytes | None, run: Run, **options: Any) -> Report:
    """The report of all tasks. `run` scans them on some engine; `options` are those of `Part.conclude`.

    Where an input needs another plan, its tasks are run again under it, with all others of their groups: a part is made
    again as a whole.
    """
    parts: dict[frozenset[Task], Part] = {}
    for _ in range(_ROUNDS):
        made = frozenset[Task]().union(*parts)
        for group, data in run([task for task in tasks if task not in made], plan):
            # The tasks of a group that is made again may have another order.
            parts[frozenset(group)] = Part.from_bytes(data)
        _check_once(tasks, parts)
        whole = Part(tally for part in parts.values() for tally in part.tallies())
        try:
            return whole.conclude(**options)
        except PlanError as error:
            stale = _stale(tasks, plan, error.plan)
            parts = {group: part for group, part in parts.items() if group.isdisjoint(stale)}
            plan = error.plan
    raise RetallyError(f"the plan of the parts did not settle in {_ROUNDS} rounds; audit the logs with `retally check`")


def _check_once(tasks: Sequence[Task], groups: Iterable[frozenset[Task]]) -> None:
    """Raises an error unless each task is in one group."""
    count = Counter(task for group in groups for task in group)
    missing = [task for task in tasks if task not in count]
    if missing:
        raise RetallyError(f"{len(missing)} of {len(tasks)} tasks gave no part, first {missing[0]}")
    twice = [task for task in count if count[task] > 1]
    if twice:
        raise RetallyError(f"{len(twice)} of {len(tasks)} tasks are in several groups, first {min(twice, key=Task.to_json)}")


def _stale(tasks: Sequence[Task], old: bytes | None, new: bytes) -> list[Task]:
    before: Mapping[str, Any] = json.loads(old)["inputs"] if old else {}
    after: Mapping[str, Any] = json.loads(new)["inputs"]
    changed = {path for path, plan in after.items() if before.get(path) != plan}
    # A task with other paths than inputs, such as a directory, may hold any of them.
    return [task for task in tasks if any(path in changed or path not in after for path in task.paths)]
