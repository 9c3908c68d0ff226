"""Audits files, tables and records with the program."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from retally import _program
from retally._sources import Source, Write, is_path, words, writer
from retally.errors import RetallyError
from retally.report import Report

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Log", "assert_clean", "check", "explain", "init", "score", "trace"]

Severity = Literal["error", "warning", "note", "never"]
StrPath = str | os.PathLike[str]


class Judgement(TypedDict, total=False):
    """What decides whether a report passes: parameters of `check` with the same names."""

    baseline: StrPath | None
    select: str | Iterable[str]
    ignore: str | Iterable[str]
    fail_on: Severity | None
    allow_unproven: bool
    today: str | None


class Options(Judgement, total=False):
    """All parameters of `check` besides the sources."""

    config: StrPath | None
    format: str | None
    threads: int | None
    exact_digits: bool


def check(
    *sources: Source,
    config: StrPath | None = None,
    format: str | None = None,
    baseline: StrPath | None = None,
    select: str | Iterable[str] = (),
    ignore: str | Iterable[str] = (),
    fail_on: Severity | None = None,
    threads: int | None = None,
    allow_unproven: bool = False,
    exact_digits: bool = False,
    today: str | None = None,
) -> Report:
    """Audits logs and returns the report.

    Parameters
    ----------
    sources
        Paths and globs, as on the command line (default: the working directory); or a table (`pandas.DataFrame`,
        `polars.DataFrame`, `pyarrow.Table`, any object with `__arrow_c_stream__`), a row per candidate, item or token; or
        records, a sequence of mappings with the same fields as a line of JSON Lines. Log-probs are in nats. A single table
        or sequence is `<stdin>` in the report; several are `source-1.arrow`, `source-2.jsonl` and so on.
    config
        Configuration file (default: the nearest retally.toml at or above the working directory).
    format
        Log format, as listed by `retally formats` (default: detected).
    baseline
        Baseline file: findings listed in it do not fail.
    select, ignore
        Codes of the rules to enable or disable, or prefixes such as `RT2`.
    fail_on
        Minimum severity at which the report is not `ok` (default: as configured, else `error`).
    threads
        Worker threads (default: one per core). The report does not depend on it.
    allow_unproven
        Accept a log of which no number can be checked.
    exact_digits
        Take the numbers as exact, as in an example that was typed by hand.
    today
        Date for expiry checks, such as `2027-01-31` (default: nothing expires).

    Raises
    ------
    RetallyError
        If there is nothing to report on: an option is invalid, or no input can be read. Its text is the program's message.
    """
    log = Log(sources, config, format, words(select), words(ignore), threads, exact_digits)
    judged = _options(("baseline", baseline), ("fail-on", fail_on), ("today", today)) + ["--allow-unproven"] * allow_unproven
    output = log.check(judged)
    return report_of(output, None if any(isinstance(source, Iterator) for source in sources) else log)


def report_of(output: _program.Output, log: Log | None = None) -> Report:
    """The report that the program printed. An audit of which no input was read raises the program's message."""
    if output.exit_code not in (0, 1, 2) or not output.stdout.startswith(b"{"):
        raise RetallyError(output.message(), exit_code=output.exit_code)
    report = Report(output.stdout, exit_code=output.exit_code, message=output.stderr.strip(), log=log)
    if output.exit_code == 2 and not report.inputs:
        reasons = [error.reason for error in report.errors if error.fatal]
        raise RetallyError("; ".join(reasons) or output.message(), report=report)
    return report


def assert_clean(source: Source, *, min_proven: Mapping[str, float] | None = None, **options: Unpack[Options]) -> Report:
    """Audits a log and raises if it does not pass.

    `min_proven` is the share of the claims, from 0 to 1, that must be proven, by the name of the claim as in
    `report.summary.verdicts`; a name that is not among these is a metric of the run: `{"score": 1.0, "accuracy": 1.0}`.
    `options` are the other parameters of `check`.

    Raises
    ------
    RetallyError
        If a finding fails, a minimum is not reached, or the audit is incomplete. Its text is the report's, with the line
        and the arithmetic of each finding; `report` is the report.
    """
    report = check(source, **options)
    report.raise_if_failed()
    for name, least in (min_proven or {}).items():
        verdicts = report.summary.verdicts
        key = name if name in verdicts else f"run.{name}"
        found = verdicts.get(key)
        total = 0 if found is None else found.proven + found.refuted + found.from_refuted + found.unprovable
        share = 0.0 if found is None or total == 0 else found.proven / total
        if share < least:
            proven = 0 if found is None else found.proven
            to_log = {claim.missing for claim in report.claims if claim.claim == key and claim.missing}
            advice = f"; log {', '.join(sorted(to_log))}" if to_log else ""
            message = f"{proven} of {total} claims of `{name}` are proven (expected at least {least:.0%}){advice}"
            raise RetallyError(message, report=report, exit_code=1)
    return report


def score(source: Source, *, config: StrPath | None = None, format: str | None = None) -> list[dict[str, Any]]:
    """Log p (in nats), mean and perplexity of each candidate, and the winner of each item under sum and under mean.

    One dictionary per item: `task`, `item`, `candidates` (`candidate`, `tokens`, `logprob`, `mean`, `perplexity`,
    `missing`), `best_by_sum`, `best_by_mean` (positions in `candidates`) and `differs`.
    """
    result = json.loads(_of_items("score", source, config, format, []))
    return list(result)


def trace(
    source: Source, item: str, *, candidate: str | None = None, config: StrPath | None = None, format: str | None = None
) -> dict[str, Any]:
    """One item step by step: running totals (in nats) and the arithmetic of each number, as `retally trace --format json`."""
    options = ["--item", item] + (["--candidate", candidate] if candidate is not None else [])
    return dict(json.loads(_of_items("trace", source, config, format, options)))


def explain(*codes: str) -> str:
    """The page of each rule, by code or name, such as `RT204` or `mean-for-sum`."""
    return _program.run(["explain", *codes]).checked().decode()


def init(
    *paths: StrPath, output: StrPath = "retally.toml", format: str | None = None, force: bool = False
) -> Path:
    """Writes a commented configuration from the logs, and returns its path."""
    options = ["--output", os.fspath(output)] + (["--input-format", format] if format else []) + ["--force"] * force
    _program.run(["init", *options, "--", *(os.fspath(path) for path in paths or (".",))]).checked()
    return Path(output)


def _of_items(command: str, source: Source, config: StrPath | None, format: str | None, options: Sequence[str]) -> bytes:
    return Log((source,), config, format).run(command, [*options, "--format", "json"]).checked()


def _options(*named: tuple[str, object]) -> list[str]:
    return [word for name, value in named if value for word in (f"--{name}", str(value))]


@dataclass(frozen=True)
class Log:
    """Sources, with the parameters of `check` on which its findings depend. They can be read more than once."""

    sources: Sequence[Source]
    config: StrPath | None = None
    format: str | None = None
    select: str = ""
    ignore: str = ""
    threads: int | None = None
    exact_digits: bool = False
    directory: str = dataclasses.field(default_factory=os.getcwd)
    """Where relative paths and the search for retally.toml begin."""

    @property
    def is_in_memory(self) -> bool:
        """Whether any source is a table or records."""
        return not all(is_path(source) for source in self.sources)

    def run(self, command: str, options: Sequence[str]) -> _program.Output:
        """Runs a command on the sources."""
        options = [*options, *_options(("input-format", self.format))]
        with _given(self.sources, self.config, self.directory) as given:
            arguments = [command, *given.options, *options, "--", *given.paths]
            return _program.run(arguments, write=given.write, directory=given.directory)

    def check(self, options: Sequence[str]) -> _program.Output:
        """Audits them."""
        own = _options(("select", self.select), ("ignore", self.ignore), ("threads", self.threads))
        return self.run("check", ["--format", "json", *options, *own, *self._digits])

    @property
    def _digits(self) -> list[str]:
        return ["--exact-digits"] if self.exact_digits else []

    def rows(self, table: str) -> bytes:
        """Writes every row that shows a finding to a CSV file; gives the JSON report of this reading."""
        # The table is not written where nothing was judged.
        output = self.check(["--rows", table, "--allow-unproven", "--fail-on", "never"])
        if output.exit_code != 0:
            reasons = [f"{error.path}: {error.reason}" for error in report_of(output).errors if error.fatal]
            raise RetallyError("; ".join(reasons) or output.message(), exit_code=output.exit_code)
        return output.stdout

    def flips(self) -> bytes:
        """Every item whose pick changes, as JSON."""
        return self.run("flips", ["--format", "json", *self._digits]).checked()


@dataclass(frozen=True)
class _Given:
    """Sources as the program takes them."""

    paths: list[str]
    options: list[str]
    directory: str
    """Where the program runs."""
    write: Write | None = None


@contextlib.contextmanager
def _given(sources: Sequence[Source], config: StrPath | None, directory: str) -> Iterator[_Given]:
    options = [] if config is None else ["--config", os.fspath(config)]
    in_memory = [source for source in sources if not is_path(source)]
    if not in_memory:
        paths = [os.fspath(source) for source in sources if is_path(source)] or ["."]
        if "-" in paths:
            raise RetallyError("`-` is standard input on the command line; pass the table or the records themselves")
        yield _Given(paths, options, directory)
    elif len(sources) == 1:
        yield _Given(["-"], options, directory, writer(sources[0])[1])
    elif len(in_memory) < len(sources):
        raise RetallyError("cannot audit paths and objects in memory together; call `check` for each, or write the objects to files")
    else:
        # In a directory of their own, so that the report names them without the directory.
        found = config or _nearest_config(directory)
        options = [] if found is None else ["--config", os.path.join(directory, found)]
        with tempfile.TemporaryDirectory(prefix="retally-") as place:
            paths = []
            for at, source in enumerate(sources, 1):
                ending, write = writer(source)
                paths.append(f"source-{at}{ending}")
                with open(os.path.join(place, paths[-1]), "wb") as to:
                    write(to)
            yield _Given(paths, options, place)


def _nearest_config(directory: str) -> Path | None:
    here = Path(directory)
    return next((path for place in (here, *here.parents) if (path := place / "retally.toml").is_file()), None)
