"""The report of an audit."""

from __future__ import annotations

import csv
import html
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from retally import _program, model
from retally.errors import RetallyError

if TYPE_CHECKING:
    import pandas
    import polars

__all__ = ["Flip", "Report", "Row"]

Format = Literal["text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown", "html"]
Table = Literal["findings", "claims", "metrics", "coverage", "inputs", "errors"]

# The format of a file by its ending.
_ENDINGS: dict[str, Format] = {
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".jsonl": "jsonl",
    ".md": "markdown",
    ".sarif": "sarif",
    ".txt": "text",
    ".xml": "junit",
}


@dataclass(frozen=True)
class Row:
    """A row that shows a finding."""

    path: str
    """The input."""
    line: int
    """Line, from 1."""
    column: int
    """Column in bytes, from 1."""
    field: str
    """Path of the field inside the record."""
    task: str
    """The task; empty if the log has none."""
    item: str
    """Id of the item."""
    candidate: str | None
    """Id or position of the candidate; None for a finding about an item."""
    claim: str
    """The column, the metric or the field that the finding is about."""
    reported: float | None
    """The number in the log, in the unit of its column; None for a finding that is not about a number."""
    recomputed: float | None
    """The number that it should be, or the limit that it passes."""


@dataclass(frozen=True)
class Flip:
    """An item whose pick changes once the numbers are right."""

    task: str
    """The task; empty if the log has none."""
    item: str
    """Id of the item."""
    reported: str
    """Id or position of the candidate that was picked."""
    recomputed: str
    """Id or position of the candidate that wins."""
    gold: str | None
    """The right candidate; None unless exactly one is logged."""
    was_right: bool | None
    """Whether the reported pick is right; None if no gold answer is logged."""
    is_right: bool | None
    """Whether the recomputed pick is right; None likewise."""
    code: str
    """Code of the finding that changes the pick."""
    path: str
    """The input."""
    line: int
    """Line of the item, from 1."""


class Log(Protocol):
    """An audited log, to be read once more."""

    @property
    def is_in_memory(self) -> bool:
        """Whether any source is a table or records."""
        ...

    def rows(self, table: str) -> bytes:
        """Writes every row that shows a finding to a CSV file; gives the JSON report of this reading."""
        ...

    def flips(self) -> bytes:
        """Every item whose pick changes, as JSON."""
        ...


class Report:
    """What an audit found.

    `exit_code` is that of `retally check`: 0 nothing fails, 1 a finding fails, 2 the audit is incomplete. The other fields
    are those of the JSON report. `to_json` gives its bytes, which are the same as the program's.

    A report of tables or records keeps a reference to them: `rows` and `flips` read them once more. A report that was
    loaded, was unpickled without its records, was concluded from parts or is of an iterator does not know its log:
    `report.log = retally.audit.Log([path])` names it.
    """

    def __init__(self, data: bytes, *, exit_code: int, message: str = "", log: Log | None = None) -> None:
        self._bytes = data
        self.log = log
        """What `rows` and `flips` read; None if the report does not know its log."""
        self.exit_code = exit_code
        self.message = message
        """What the program said besides the report, such as why nothing could be checked; may be empty."""

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Report:
        """Reads a report that `save` or `retally check --format json` wrote. Its exit code is that of its gate."""
        data = Path(path).read_bytes()
        report = cls(data, exit_code=0)
        _program.run(["report", "-", "--format", "concise"], write=lambda to: to.write(data)).checked()
        incomplete = any(error.fatal for error in report.errors) or not report.inputs
        report.exit_code = 2 if incomplete else int(report.gate is not None and not report.gate.passed)
        return report

    @cached_property
    def document(self) -> model.Document:
        """The whole report."""
        return model.Document.from_dict(self.to_dict())

    @property
    def ok(self) -> bool:
        """Whether the audit is complete and nothing fails."""
        return self.exit_code == 0

    @property
    def findings(self) -> tuple[model.Finding, ...]:
        """Findings by severity, then number of rows, then code. One cause is one finding."""
        return self.document.findings

    @property
    def claims(self) -> tuple[model.Claim, ...]:
        """Per run, task and kind of claim: the convention, the verdicts, and the field to log."""
        return self.document.claims

    @property
    def metrics(self) -> tuple[model.Metric, ...]:
        """The metrics reported for a run, each with the value recomputed from its rows."""
        return self.document.metrics

    @property
    def coverage(self) -> tuple[model.Coverage, ...]:
        """Claims that could not be checked, and the field to log."""
        return self.document.coverage

    @property
    def diagnoses(self) -> tuple[model.Diagnosis, ...]:
        """The diagnosis of each column of claims, including proven ones."""
        return self.document.diagnoses

    @property
    def errors(self) -> tuple[model.InputError, ...]:
        """Unreadable inputs and records."""
        return self.document.errors

    @property
    def gate(self) -> model.Gate | None:
        """Whether the report passes; None in a report that was not judged."""
        return self.document.gate

    @property
    def inputs(self) -> tuple[model.Input, ...]:
        """The inputs, ordered by path."""
        return self.document.inputs

    @property
    def summary(self) -> model.Summary:
        """Counts over all inputs."""
        return self.document.summary

    @property
    def verdicts(self) -> model.Verdicts:
        """All claims by verdict."""
        kinds = self.summary.verdicts.values()
        sums = {field.name: sum(getattr(kind, field.name) for kind in kinds) for field in fields(model.Verdicts)}
        return model.Verdicts(**sums)

    @property
    def failing(self) -> tuple[model.Finding, ...]:
        """Findings that make the exit code 1: severe enough, not in the baseline and not excepted."""
        new = [one for one in self.findings if one.baseline_state != "unchanged" and one.excepted is None]
        # Findings are ordered by severity, and the gate counts those from its severity on.
        return tuple(new[: self.gate.failing if self.gate else 0])

    def raise_if_failed(self) -> None:
        """Raises RetallyError with the text of the report unless it is `ok`."""
        if not self.ok:
            text = self.to_text().strip()
            raise RetallyError(
                f"{self.message}\n{text}".strip() if self.exit_code == 2 else text, report=self, exit_code=self.exit_code
            )

    # Tables.

    def table(self, of: Table = "findings") -> list[dict[str, Any]]:
        """A table of the report as records with plain values.

        `findings` has the first location of each finding in its columns `path`, `line`, `column`, `field`, `item` and
        `candidate`; `claims` has a column per verdict.
        """
        if of == "findings":
            return [_finding(finding) for finding in self.to_dict()["findings"]]
        if of == "claims":
            return [{**_without(claim, "verdicts"), **claim["verdicts"]} for claim in self.to_dict()["claims"]]
        rows: list[dict[str, Any]] = self.to_dict()[of]
        if of == "metrics":
            return [{**row, "unchecked_rows": row.get("unchecked_rows", 0)} for row in rows]
        return [_without(row, "fields") for row in rows]

    def to_pandas(self, of: Table = "findings") -> pandas.DataFrame:
        """A table of the report as a `pandas.DataFrame`."""
        import pandas

        return pandas.DataFrame(self.table(of), columns=list(_COLUMNS[of]))

    def to_polars(self, of: Table = "findings") -> polars.DataFrame:
        """A table of the report as a `polars.DataFrame`."""
        import polars

        types: dict[type, Any] = {str: polars.String, int: polars.Int64, float: polars.Float64, bool: polars.Boolean}
        return polars.DataFrame(self.table(of), schema={name: types[type_] for name, type_ in _COLUMNS[of].items()})

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The findings as an Arrow stream (needs pyarrow)."""
        import pyarrow

        types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_()}
        schema = pyarrow.schema([(name, types[type_]) for name, type_ in _COLUMNS["findings"].items()])
        return pyarrow.Table.from_pylist(self.table(), schema=schema).__arrow_c_stream__(requested_schema)

    def rows(self, finding: model.Finding) -> tuple[Row, ...]:
        """Every row that shows a finding, in the order of the log, which is read once more.

        A finding about a number of the whole run has no rows of its own: the places that the report shows are given.
        Control characters in texts are escaped.

        Raises
        ------
        RetallyError
            If the report does not know its log, the log has changed, or a file in it cannot be read.
        """
        with tempfile.TemporaryDirectory(prefix="retally-") as place:
            table = os.path.join(place, "rows.csv")
            again = json.loads(self._read_again().rows(table))
            counts = {one["fingerprint"]: one["count"] for one in again["findings"]}
            if counts.get(finding.fingerprint) != finding.count:
                now = counts.get(finding.fingerprint, 0)
                raise RetallyError(f"{finding.code}: {now:,} rows show it now, {finding.count:,} in the report: the log has changed")
            with open(table, encoding="utf-8", newline="") as file:
                return tuple(_row(row) for row in _cells(file) if row["fingerprint"] == finding.fingerprint)

    def flips(self) -> tuple[Flip, ...]:
        """Every item whose pick changes under a finding of the report, in the order of the log, which is read once more.

        Picks that change at the printed digits, where rounding could undo it, are listed only for a report made with
        `exact_digits=True`.

        Raises
        ------
        RetallyError
            As `rows`.
        """
        codes = {finding.code for finding in self.findings}
        found: list[dict[str, Any]] = json.loads(self._read_again().flips())
        return tuple(Flip(path=one.pop("file"), **one) for one in found if one["code"] in codes)

    def _read_again(self) -> Log:
        if self.log is None:
            raise RetallyError("the report does not know its log, which is read once more for this: set `report.log = retally.audit.Log([path])`")
        return self.log

    def __getstate__(self) -> dict[str, object]:
        # A report that moves between processes does not take the audited data along.
        log = None if self.log is not None and self.log.is_in_memory else self.log
        return {**self.__dict__, "log": log}

    def flat_metrics(self, prefix: str = "retally/") -> dict[str, float]:
        """The report as numbers under flat names, for a tracker.

        `ok` (0 or 1), `exit_code`, `findings/error`, `claims/proven` and the other counts, `claims/proven_share`, and per
        metric of a run `metric/<task>/<name>/reported`, `…/recomputed` and `…/proven` (0 or 1).
        """
        verdicts = self.verdicts
        total = verdicts.proven + verdicts.refuted + verdicts.from_refuted + verdicts.unprovable
        flat: dict[str, float] = {"ok": float(self.ok), "exit_code": self.exit_code}
        flat |= {f"findings/{field.name}": getattr(self.summary.findings, field.name) for field in fields(model.FindingCounts)}
        flat |= {f"claims/{field.name}": getattr(verdicts, field.name) for field in fields(model.Verdicts)}
        flat["claims/proven_share"] = verdicts.proven / total if total else 0.0
        flat |= {name: getattr(self.summary, name) for name in ("records", "items", "candidates", "steps")}
        for metric in self.metrics:
            key = f"metric/{metric.task}/{metric.metric}" if metric.task else f"metric/{metric.metric}"
            try:
                flat[f"{key}/reported"] = float(metric.reported)
            except ValueError:
                pass
            if metric.recomputed is not None:
                flat[f"{key}/recomputed"] = metric.recomputed
            flat[f"{key}/proven"] = float(metric.verdict == "proven")
        return {prefix + name: value for name, value in flat.items()}

    # Renderings.

    def to_dict(self) -> dict[str, Any]:
        """The JSON report as dictionaries and lists. NaN and infinities in `evidence` are strings."""
        return dict(json.loads(self._bytes))

    def to_json(self) -> bytes:
        """The JSON report, with the bytes that the program wrote."""
        return self._bytes

    def to_text(self) -> str:
        """The text report, without colours."""
        return self.render("text")

    def to_markdown(self) -> str:
        """One page for a code review."""
        return self.render("markdown")

    def to_html(self) -> str:
        """One self-contained page with pictures."""
        return self.render("html")

    def render(self, format: Format) -> str:
        """The report in a format of the program."""
        if format == "json":
            return self._bytes.decode()
        arguments = ["report", "-", "--format", format, "--color", "never"]
        return _program.run(arguments, write=lambda to: to.write(self._bytes)).checked().decode()

    def save(self, path: str | os.PathLike[str], format: Format | None = None) -> Path:
        """Writes the report to a file. The format follows from the ending, such as `.html`, `.json`, `.md` or `.sarif`."""
        to = Path(path)
        chosen = format or _ENDINGS.get(to.suffix.lower())
        if chosen is None:
            raise RetallyError(f"cannot tell the format of {to} from its ending (expected {', '.join(_ENDINGS)}); name it: format=\"html\"")
        to.write_text(self.render(chosen), encoding="utf-8", newline="")
        return to

    def frame(self, height: int = 640) -> _Frame:
        """The HTML page in a frame, for a notebook. `height` is in pixels."""
        return _Frame(self.to_html(), height)

    def headline(self) -> str:
        """The verdict in one line."""
        counts, verdicts = self.summary.findings, self.verdicts
        found = [f"{count:,} {word}{'s' * (count != 1)}" for count, word in ((counts.error, "error"), (counts.warning, "warning"), (counts.note, "note")) if count]
        total = verdicts.proven + verdicts.refuted + verdicts.from_refuted + verdicts.unprovable
        parts = [", ".join(found) or "no findings", f"{verdicts.proven:,} of {total:,} claims proven"]
        if verdicts.refuted:
            parts.append(f"{verdicts.refuted:,} refuted")
        if verdicts.unprovable:
            parts.append(f"{verdicts.unprovable:,} unprovable")
        codes = sorted({finding.code for finding in self.findings if finding.severity == "error"})
        word = {0: "passed", 1: "failed"}.get(self.exit_code, "incomplete")
        return f"{word}: {' · '.join(parts)}" + (f" ({', '.join(codes)})" if codes else "")

    def __repr__(self) -> str:
        return f"<retally.Report {self.headline()}>"

    def __str__(self) -> str:
        return self.to_text()

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def _repr_html_(self) -> str:
        return _card(self)


@dataclass(frozen=True)
class _Frame:
    page: str
    height: int

    def _repr_html_(self) -> str:
        # Scripts of the page run, without access to the notebook.
        page = html.escape(self.page, quote=True)
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{page}" style="width:100%;height:{int(self.height)}px;border:1px solid #8884">'
            "</iframe>"
        )


def _cells(file: Iterable[str]) -> Iterator[dict[str, str]]:
    # An id may be a whole prompt: the limit of the module is 131,072 characters.
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield from csv.DictReader(file)
    finally:
        csv.field_size_limit(limit)


def _row(cells: Mapping[str, str]) -> Row:
    return Row(
        path=_text(cells["file"]),
        line=int(cells["line"]),
        column=int(cells["column"]),
        field=_text(cells["field"]),
        task=_text(cells["task"]),
        item=_text(cells["item"]),
        candidate=_text(cells["candidate"]) or None,
        claim=_text(cells["claim"]),
        reported=float(cells["reported"]) if cells["reported"] else None,
        recomputed=float(cells["recomputed"]) if cells["recomputed"] else None,
    )


def _text(cell: str) -> str:
    # The program keeps spreadsheets from taking a text for a formula.
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell


def described(finding: model.Finding) -> str:
    """One finding as text: its message, the first location, the arithmetic there, evidence, impact and fix."""
    lines = [f"{finding.severity}[{finding.code}]: {finding.message}"]
    if finding.locations:
        at = finding.locations[0]
        lines.append(f"  --> {at.path}:{at.line}:{at.column}" + (f" ({at.field})" if at.field else ""))
    lines += [f"      {finding.label}"] if finding.label else []
    lines += [f"evidence  {line}" for line in finding.evidence_lines]
    lines += [f"impact    {line}" for line in finding.impact_lines]
    lines += [f"fix       {finding.help}", f"more      retally explain {finding.code}"]
    return "\n".join(_visible(line) for line in lines)


def _card(report: Report) -> str:
    """The verdict and the first findings as a card that reads on light and dark pages."""
    colour = {0: "#1a7f37", 1: "#cf222e"}.get(report.exit_code, "#9a6700")
    lines = []
    for finding in report.findings[:5]:
        at = finding.locations[0] if finding.locations else None
        where = f"{at.path}:{at.line}" if at else ""
        impact = "".join(f"<br>{html.escape(_visible(line))}" for line in finding.impact_lines)
        lines.append(
            f"<tr><td style='text-align:left;vertical-align:top'><b>{html.escape(finding.code)}</b> {html.escape(finding.severity)}</td>"
            f"<td style='text-align:left'>{html.escape(_visible(finding.message))}{impact}<br>"
            f"<code>{html.escape(_visible(where))}</code> · {finding.count:,} of {finding.judged:,}</td></tr>"
        )
    more = len(report.findings) - 5
    if more > 0:
        lines.append(f"<tr><td></td><td style='text-align:left'>{more} more</td></tr>")
    table = f"<table style='margin-top:.5em'>{''.join(lines)}</table>" if lines else ""
    return (
        f"<div style='border-left:4px solid {colour};padding:.4em .8em;margin:.3em 0'>"
        f"<b>retally</b> {html.escape(report.headline())}{table}</div>"
    )


def _visible(text: str) -> str:
    """Text of a log with control and directional characters shown, as the program shows them."""
    return "".join(c if c.isprintable() or c == " " else c.encode("unicode_escape").decode() for c in text)


def _without(record: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != key}


def _finding(finding: dict[str, Any]) -> dict[str, Any]:
    first = finding["locations"][0] if finding["locations"] else {}
    return {name: finding[name] if name in finding else first.get(name) for name in _COLUMNS["findings"]}


_COLUMNS: dict[Table, dict[str, type]] = {
    "findings": {
        "code": str,
        "name": str,
        "severity": str,
        "certainty": str,
        "task": str,
        "claim": str,
        "message": str,
        "help": str,
        "count": int,
        "judged": int,
        "path": str,
        "line": int,
        "column": int,
        "field": str,
        "item": str,
        "candidate": str,
        "label": str,
        "fingerprint": str,
        "baseline_state": str,
        "excepted": str,
    },
    "claims": {
        "run": str,
        "task": str,
        "claim": str,
        "convention": str,
        "missing": str,
        "proven": int,
        "refuted": int,
        "from_refuted": int,
        "unprovable": int,
    },
    "metrics": {
        "run": str,
        "task": str,
        "metric": str,
        "definition": str,
        "reported": str,
        "recomputed": float,
        "within": float,
        "verdict": str,
        "unchecked_rows": int,
    },
    "coverage": {"what": str, "reason": str, "log": str, "count": int},
    "inputs": {"path": str, "format": str, "format_version": str, "records": int},
    "errors": {"kind": str, "path": str, "line": int, "column": int, "reason": str, "fatal": bool},
}
