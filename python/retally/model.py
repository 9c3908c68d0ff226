"""The report of an audit as dataclasses, generated from docs/report.schema.json by scripts/python-model.py.

A field has the name, the meaning and the unit of its key in the JSON report. Lines and columns start at 1, columns count
bytes, log-probs are in nats. NaN and infinities, which the JSON report writes as strings, are floats here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "Baseline",
    "Bin",
    "CandidatePath",
    "ChangedPick",
    "ChangedPicks",
    "Claim",
    "ColumnEvidence",
    "Comparison",
    "Coverage",
    "Diagnosis",
    "Document",
    "Evidence",
    "Figure",
    "File",
    "Finding",
    "FindingCounts",
    "Gate",
    "Group",
    "Impact",
    "Input",
    "InputError",
    "Location",
    "Metric",
    "Moments",
    "Point",
    "RecordEvidence",
    "RuleEvidence",
    "Silenced",
    "Snippet",
    "Span",
    "Step",
    "Summary",
    "Tool",
    "Verdicts",
]


def _number(value: Any) -> float:
    """A number as JSON or, for NaN and infinities, as a string."""
    return float(value)


@dataclass(frozen=True)
class Input:
    """One input."""

    path: str
    """The path as given."""
    format: str
    """The detected format."""
    format_version: str | None
    """Version of the tool that wrote it, if the log contains it."""
    records: int
    """Records read."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Input:
        """Reads the JSON object."""
        return cls(
            path=data["path"],
            format=data["format"],
            format_version=data["format_version"],
            records=data["records"],
        )


@dataclass(frozen=True)
class File:
    """The file of an input."""

    path: str
    """The path of its input."""
    bytes: int | None
    """Its size; null for what is no file."""
    sha256: str | None
    """Its SHA-256 digest; null for what is no file."""
    model: str | None
    """The model that it names, if any."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> File:
        """Reads the JSON object."""
        return cls(
            path=data["path"],
            bytes=data["bytes"],
            sha256=data["sha256"],
            model=data["model"],
        )


@dataclass(frozen=True)
class FindingCounts:
    """Findings by severity."""

    error: int
    warning: int
    note: int

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FindingCounts:
        """Reads the JSON object."""
        return cls(
            error=data["error"],
            warning=data["warning"],
            note=data["note"],
        )


@dataclass(frozen=True)
class Summary:
    """Counts over all inputs."""

    records: int
    items: int
    candidates: int
    steps: int
    """Tokens read."""
    findings: FindingCounts
    """Findings by severity."""
    verdicts: dict[str, Verdicts]
    """Verdicts by claim: a column's name (after `column.` where it reads like another key), pick, correct, greedy, rows.<metric> or run.<metric>."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Summary:
        """Reads the JSON object."""
        return cls(
            records=data["records"],
            items=data["items"],
            candidates=data["candidates"],
            steps=data["steps"],
            findings=FindingCounts.from_dict(data["findings"]),
            verdicts={key: Verdicts.from_dict(entry) for key, entry in data["verdicts"].items()},
        )


@dataclass(frozen=True)
class Verdicts:
    """Claims by verdict."""

    proven: int
    refuted: int
    from_refuted: int
    """Claims that follow from a refuted number."""
    unprovable: int

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Verdicts:
        """Reads the JSON object."""
        return cls(
            proven=data["proven"],
            refuted=data["refuted"],
            from_refuted=data["from_refuted"],
            unprovable=data["unprovable"],
        )


@dataclass(frozen=True)
class Snippet:
    """The text around the first location."""

    text: str
    cut_before: bool
    cut_after: bool
    mark: int
    """Byte offset of the marked value inside the text."""
    mark_len: int
    """Its length in bytes."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Snippet:
        """Reads the JSON object."""
        return cls(
            text=data["text"],
            cut_before=data["cut_before"],
            cut_after=data["cut_after"],
            mark=data["mark"],
            mark_len=data["mark_len"],
        )


@dataclass(frozen=True)
class Finding:
    """One cause."""

    code: str
    name: str
    family: str
    severity: Literal["error", "warning", "note"]
    """Its severity, as configured by the user if set."""
    certainty: Literal["certain", "statistical", "advisory"]
    message: str
    """What is wrong, in one line."""
    help: str
    """How to fix the pipeline."""
    count: int
    """Rows that show it."""
    judged: int
    """Rows judged for it in the runs that show it."""
    inputs: tuple[str, ...]
    """Its inputs."""
    locations: tuple[Location, ...]
    """The first of these rows."""
    evidence: Evidence
    fingerprint: str
    """Identity of the cause; does not change with rows, paths or versions."""
    cause: tuple[str, ...]
    """The parts of the fingerprint besides code, claim and task; may be empty."""
    baseline_state: Literal["new", "unchanged"] | None
    """Whether it is in the baseline; null without one."""
    excepted: str | None
    """The reason of the exception that covers it."""
    task: str
    claim: str
    """The column or metric of the finding."""
    label: str
    """The arithmetic of the first row shown."""
    evidence_lines: tuple[str, ...]
    """The evidence, as sentences."""
    impact_lines: tuple[str, ...]
    """The impact, as sentences."""
    snippet: Snippet
    """The text around the first location."""
    impact: Impact | None = None
    """What changes, as numbers; absent where the diagnosis of a column has them, or nothing changes."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        """Reads the JSON object."""
        return cls(
            code=data["code"],
            name=data["name"],
            family=data["family"],
            severity=data["severity"],
            certainty=data["certainty"],
            message=data["message"],
            help=data["help"],
            count=data["count"],
            judged=data["judged"],
            inputs=tuple(data["inputs"]),
            locations=tuple(Location.from_dict(entry) for entry in data["locations"]),
            evidence=_evidence(data["evidence"]),
            fingerprint=data["fingerprint"],
            cause=tuple(data["cause"]),
            baseline_state=data["baseline_state"],
            excepted=data["excepted"],
            task=data["task"],
            claim=data["claim"],
            label=data["label"],
            evidence_lines=tuple(data["evidence_lines"]),
            impact_lines=tuple(data["impact_lines"]),
            snippet=Snippet.from_dict(data["snippet"]),
            impact=Impact.from_dict(data["impact"]) if "impact" in data else None,
        )


@dataclass(frozen=True)
class RuleEvidence:
    """What a rule saw."""

    kind: Literal["rule"]
    judged: int
    """How often the rule could look."""
    failed: int
    """How often it saw the defect."""
    found: float | None
    """The value in the row that is farthest beyond the bound."""
    expected: float | None
    """What is due there, or the limit."""
    within: float | None
    """How far the two may lie apart there."""
    counts: dict[str, int]
    """Counts of the rule's own, by its names."""
    sums: dict[str, float]
    """Sums of the rule's own."""
    moments: dict[str, Moments]
    """Moments of the rule's own."""
    histograms: dict[str, tuple[Bin, ...]]
    """Histograms of the rule's own."""
    parts: dict[str, int]
    """How often the defect was seen under each name of the log, such as a metric's."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RuleEvidence:
        """Reads the JSON object."""
        return cls(
            kind=data["kind"],
            judged=data["judged"],
            failed=data["failed"],
            found=None if data["found"] is None else _number(data["found"]),
            expected=None if data["expected"] is None else _number(data["expected"]),
            within=None if data["within"] is None else _number(data["within"]),
            counts=dict(data["counts"]),
            sums={key: _number(entry) for key, entry in data["sums"].items()},
            moments={key: Moments.from_dict(entry) for key, entry in data["moments"].items()},
            histograms={key: tuple(Bin.from_dict(entry) for entry in entry) for key, entry in data["histograms"].items()},
            parts=dict(data["parts"]),
        )


@dataclass(frozen=True)
class ColumnEvidence:
    """A column of claims against its convention. What does not apply is null."""

    kind: Literal["column"]
    rows: int
    """Judged rows of the column."""
    reported: float | None
    """The claim in the first row shown."""
    convention: float | None
    """The value there under the convention."""
    bound: float | None
    """The hard bound between the two."""
    formulas: tuple[str, ...]
    """The formula that explains the column, or those of a mixture."""
    explained: int | None
    """Rows that the formula explains and in which it differs from the convention."""
    decidable: int | None
    """Rows in which the formula differs from the convention."""
    undecidable: int | None
    """Rows that cannot."""
    against: int | None
    """Of the rows in which the two differ, those that follow the convention."""
    constant: float | None
    """The constant by which all claims are off."""
    off_by: float | None
    """Distance of the first row shown to its convention, where no formula explains it."""
    flips: int | None
    """Picks that change under the convention."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ColumnEvidence:
        """Reads the JSON object."""
        return cls(
            kind=data["kind"],
            rows=data["rows"],
            reported=None if data["reported"] is None else _number(data["reported"]),
            convention=None if data["convention"] is None else _number(data["convention"]),
            bound=None if data["bound"] is None else _number(data["bound"]),
            formulas=tuple(data["formulas"]),
            explained=data["explained"],
            decidable=data["decidable"],
            undecidable=data["undecidable"],
            against=data["against"],
            constant=None if data["constant"] is None else _number(data["constant"]),
            off_by=None if data["off_by"] is None else _number(data["off_by"]),
            flips=data["flips"],
        )


@dataclass(frozen=True)
class RecordEvidence:
    """Records that cannot be read."""

    kind: Literal["records"]
    records: int
    """How many."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RecordEvidence:
        """Reads the JSON object."""
        return cls(
            kind=data["kind"],
            records=data["records"],
        )


@dataclass(frozen=True)
class Moments:
    """First and second moments of pairs of numbers."""

    n: int
    """Number of pairs."""
    means: tuple[float, ...]
    """Means of the first and the second numbers."""
    variances: tuple[float, ...]
    """Their variances."""
    covariance: float

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Moments:
        """Reads the JSON object."""
        return cls(
            n=data["n"],
            means=tuple(_number(entry) for entry in data["means"]),
            variances=tuple(_number(entry) for entry in data["variances"]),
            covariance=_number(data["covariance"]),
        )


@dataclass(frozen=True)
class Bin:
    """A bin of a histogram."""

    bin: int
    """What is counted, such as a position."""
    count: int
    """How often."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Bin:
        """Reads the JSON object."""
        return cls(
            bin=data["bin"],
            count=data["count"],
        )


@dataclass(frozen=True)
class Location:
    """A location in a log."""

    path: str
    """The path as given; <stdin> for standard input."""
    line: int
    """Line, from 1; 0 for a whole input."""
    column: int
    """Column in bytes, from 1."""
    field: str
    """Path of the field inside the record, such as candidates[1].score."""
    span: Span | None
    """The bytes of the value; null where the file has none for it, such as a row of Parquet."""
    item: str
    """Id of the item; may be empty."""
    candidate: str
    """Id or position of the candidate; empty for a whole item."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Location:
        """Reads the JSON object."""
        return cls(
            path=data["path"],
            line=data["line"],
            column=data["column"],
            field=data["field"],
            span=None if data["span"] is None else Span.from_dict(data["span"]),
            item=data["item"],
            candidate=data["candidate"],
        )


@dataclass(frozen=True)
class Span:
    """Bytes of a file, from 0."""

    start: int
    """Offset of the first byte."""
    end: int
    """Offset after the last byte."""
    packed: bool
    """Whether the file is compressed; the offsets then count its unpacked bytes."""
    member: str | None
    """The member of the archive whose unpacked bytes are counted; null for a file that is no archive."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Span:
        """Reads the JSON object."""
        return cls(
            start=data["start"],
            end=data["end"],
            packed=data["packed"],
            member=data["member"],
        )


@dataclass(frozen=True)
class Diagnosis:
    """One column of claims."""

    run: str
    task: str
    claim: str
    convention: str
    """The formula that it is checked against."""
    best: str | None
    """The formula that explains it best."""
    explained: int
    """Rows that the best formula explains, of the decidable ones."""
    decidable: int
    """Rows where the best formula differs from the convention."""
    total: int
    """Judged rows."""
    runner_up: str | None
    gap_bits: float | None
    """How much better the best is than the runner-up, in bits; null if unbounded."""
    ambiguous: bool
    impact: Impact | None
    groups: tuple[Group, ...]
    """Groups of rows, if no single formula explains all."""
    figure: Figure | None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Diagnosis:
        """Reads the JSON object."""
        return cls(
            run=data["run"],
            task=data["task"],
            claim=data["claim"],
            convention=data["convention"],
            best=data["best"],
            explained=data["explained"],
            decidable=data["decidable"],
            total=data["total"],
            runner_up=data["runner_up"],
            gap_bits=data["gap_bits"],
            ambiguous=data["ambiguous"],
            impact=None if data["impact"] is None else Impact.from_dict(data["impact"]),
            groups=tuple(Group.from_dict(entry) for entry in data["groups"]),
            figure=None if data["figure"] is None else Figure.from_dict(data["figure"]),
        )


@dataclass(frozen=True)
class Group:
    """Rows that one formula explains."""

    formula: str
    rows: int
    first: Location
    last: Location

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Group:
        """Reads the JSON object."""
        return cls(
            formula=data["formula"],
            rows=data["rows"],
            first=Location.from_dict(data["first"]),
            last=Location.from_dict(data["last"]),
        )


@dataclass(frozen=True)
class Impact:
    """The impact of a wrong column."""

    items: int
    """Items whose pick can be recomputed."""
    flips: int
    """Items whose pick changes."""
    flipped: tuple[str, ...]
    """Ids of the first of them."""
    graded: int
    """Those of them with a gold answer."""
    accuracy_before: float | None
    accuracy_after: float | None
    gained: int
    """Wrong before, right after."""
    lost: int
    """Right before, wrong after."""
    mcnemar_p: float | None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Impact:
        """Reads the JSON object."""
        return cls(
            items=data["items"],
            flips=data["flips"],
            flipped=tuple(data["flipped"]),
            graded=data["graded"],
            accuracy_before=data["accuracy_before"],
            accuracy_after=data["accuracy_after"],
            gained=data["gained"],
            lost=data["lost"],
            mcnemar_p=data["mcnemar_p"],
        )


@dataclass(frozen=True)
class Coverage:
    """Claims that could not be checked."""

    what: str
    reason: str
    log: str
    """The field to log."""
    count: int
    """Number of affected claims; 0 for a rule."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Coverage:
        """Reads the JSON object."""
        return cls(
            what=data["what"],
            reason=data["reason"],
            log=data["log"],
            count=data["count"],
        )


@dataclass(frozen=True)
class InputError:
    """An unreadable input or record."""

    kind: Literal["unreadable", "empty", "unrecognised", "unusable", "record"]
    """What is wrong: the input cannot be opened, is empty, is no log that is known, cannot be read as its format; or a record cannot be read."""
    path: str
    line: int
    """0 for the whole input."""
    column: int
    """0 for the whole input."""
    reason: str
    fatal: bool
    """Whether the audit is incomplete without it."""
    fields: tuple[str, ...]
    """The fields of its first rows, where it has rows that no format recognises."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> InputError:
        """Reads the JSON object."""
        return cls(
            kind=data["kind"],
            path=data["path"],
            line=data["line"],
            column=data["column"],
            reason=data["reason"],
            fatal=data["fatal"],
            fields=tuple(data["fields"]),
        )


@dataclass(frozen=True)
class Claim:
    """The verdicts on one claim of one task."""

    run: str
    task: str
    claim: str
    convention: str
    """The formula that it is checked against; may be empty."""
    verdicts: Verdicts
    missing: str
    """The field to log so that unprovable ones can be checked; may be empty."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Claim:
        """Reads the JSON object."""
        return cls(
            run=data["run"],
            task=data["task"],
            claim=data["claim"],
            convention=data["convention"],
            verdicts=Verdicts.from_dict(data["verdicts"]),
            missing=data["missing"],
        )


@dataclass(frozen=True)
class Metric:
    """A metric reported for a run, with the value recomputed from its rows."""

    run: str
    task: str
    metric: str
    definition: str
    """Its formula over the rows."""
    reported: str
    """As printed."""
    recomputed: float | None
    within: float
    """The tolerance."""
    verdict: Literal["proven", "refuted", "from_refuted", "unprovable"]
    unchecked_rows: int | None = None
    """Rows beneath a proven number whose own values nothing in the log checks; absent without any."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Metric:
        """Reads the JSON object."""
        return cls(
            run=data["run"],
            task=data["task"],
            metric=data["metric"],
            definition=data["definition"],
            reported=data["reported"],
            recomputed=data["recomputed"],
            within=data["within"],
            verdict=data["verdict"],
            unchecked_rows=data["unchecked_rows"] if "unchecked_rows" in data else None,
        )


@dataclass(frozen=True)
class Figure:
    """The data of the charts of one column."""

    points: tuple[Point, ...]
    """A sample of the judged rows; all rows of a small log."""
    rows: int
    """Judged rows, of which the points are a sample."""
    before: tuple[int, ...]
    """Rows by (reported − recomputed) ÷ bound, in 15 bins."""
    after: tuple[int, ...]
    """The same for the formula that explains the column; empty without one."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Figure:
        """Reads the JSON object."""
        return cls(
            points=tuple(Point.from_dict(entry) for entry in data["points"]),
            rows=data["rows"],
            before=tuple(data["before"]),
            after=tuple(data["after"]),
        )


@dataclass(frozen=True)
class Point:
    """One judged row."""

    input: int
    """Index in inputs."""
    line: int
    tokens: int
    reported: float
    recomputed: float
    within: float
    status: Literal["follows", "explained", "unexplained"]
    """What explains the row: the convention, the detected formula, or neither."""
    found: float | None
    group: int | None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Point:
        """Reads the JSON object."""
        return cls(
            input=data["input"],
            line=data["line"],
            tokens=data["tokens"],
            reported=data["reported"],
            recomputed=data["recomputed"],
            within=data["within"],
            status=data["status"],
            found=data["found"],
            group=data["group"],
        )


@dataclass(frozen=True)
class Comparison:
    """Two candidates of one item, step by step."""

    input: int
    """Index in inputs."""
    line: int
    run: str
    task: str
    item: str
    convention: str
    """The formula that decides."""
    picked: CandidatePath
    wins: CandidatePath
    prompt: str | None = None
    """The end of the prompt; absent if the log does not have it."""
    gold: str | None = None
    """The right candidate; absent if the log names none."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Comparison:
        """Reads the JSON object."""
        return cls(
            input=data["input"],
            line=data["line"],
            run=data["run"],
            task=data["task"],
            item=data["item"],
            convention=data["convention"],
            picked=CandidatePath.from_dict(data["picked"]),
            wins=CandidatePath.from_dict(data["wins"]),
            prompt=data["prompt"] if "prompt" in data else None,
            gold=data["gold"] if "gold" in data else None,
        )


@dataclass(frozen=True)
class CandidatePath:
    """One candidate's tokens."""

    candidate: str
    reported: float | None
    recomputed: float | None
    steps: tuple[Step, ...]
    """Its first steps."""
    total_steps: int

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CandidatePath:
        """Reads the JSON object."""
        return cls(
            candidate=data["candidate"],
            reported=data["reported"],
            recomputed=data["recomputed"],
            steps=tuple(Step.from_dict(entry) for entry in data["steps"]),
            total_steps=data["total_steps"],
        )


@dataclass(frozen=True)
class Step:
    """One token of a candidate."""

    token: str
    logprob: float | None
    counts: bool
    """Whether it counts under the convention."""
    counted: bool
    """Whether it counts under the formula that explains the column."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Step:
        """Reads the JSON object."""
        return cls(
            token=data["token"],
            logprob=data["logprob"],
            counts=data["counts"],
            counted=data["counted"],
        )


@dataclass(frozen=True)
class Baseline:
    """Findings compared with a baseline."""

    new: int
    """Findings that are not in it, or whose entry no longer applies."""
    known: int
    """Findings in the baseline."""
    stale: int
    """Stale entries."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Baseline:
        """Reads the JSON object."""
        return cls(
            new=data["new"],
            known=data["known"],
            stale=data["stale"],
        )


@dataclass(frozen=True)
class Gate:
    """The result of the gate."""

    passed: bool
    """Whether nothing fails."""
    failing: int
    """Findings that fail."""
    failures: tuple[str, ...]
    """Other failures, as sentences."""
    notes: tuple[str, ...]
    """Notes that fail nothing, as sentences."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Gate:
        """Reads the JSON object."""
        return cls(
            passed=data["passed"],
            failing=data["failing"],
            failures=tuple(data["failures"]),
            notes=tuple(data["notes"]),
        )


@dataclass(frozen=True)
class ChangedPick:
    """An item whose pick changes."""

    task: str
    item: str
    reported: str
    recomputed: str
    gold: str | None
    was_right: bool | None
    is_right: bool | None
    code: str
    file: str
    line: int

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ChangedPick:
        """Reads the JSON object."""
        return cls(
            task=data["task"],
            item=data["item"],
            reported=data["reported"],
            recomputed=data["recomputed"],
            gold=data["gold"],
            was_right=data["was_right"],
            is_right=data["is_right"],
            code=data["code"],
            file=data["file"],
            line=data["line"],
        )


@dataclass(frozen=True)
class Tool:
    """The program that wrote the report."""

    name: Literal["retally"]
    version: str
    documentation: str | None = None
    """The address of its documentation; the page of a rule is rules/CODE.html below it."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Tool:
        """Reads the JSON object."""
        return cls(
            name=data["name"],
            version=data["version"],
            documentation=data["documentation"] if "documentation" in data else None,
        )


@dataclass(frozen=True)
class ChangedPicks:
    """Items whose pick changes; absent unless an HTML report is written with this one, or if no pick changes."""

    total: int
    first: tuple[ChangedPick, ...]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ChangedPicks:
        """Reads the JSON object."""
        return cls(
            total=data["total"],
            first=tuple(ChangedPick.from_dict(entry) for entry in data["first"]),
        )


@dataclass(frozen=True)
class Silenced:
    """`silenced` of a report."""

    code: str
    count: int

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Silenced:
        """Reads the JSON object."""
        return cls(
            code=data["code"],
            count=data["count"],
        )


@dataclass(frozen=True)
class Document:
    """A report of `retally check --format json`."""

    schema_version: Literal[2]
    """Version of this schema."""
    tool: Tool
    """The program that wrote the report."""
    inputs: tuple[Input, ...]
    """The inputs, ordered by path."""
    summary: Summary
    findings: tuple[Finding, ...]
    """Findings by severity, then number of rows, then code."""
    diagnoses: tuple[Diagnosis, ...]
    """The diagnosis of each column of claims."""
    claims: tuple[Claim, ...]
    """The verdicts on each claim of each task."""
    metrics: tuple[Metric, ...]
    """The metrics reported for a run."""
    comparisons: tuple[Comparison, ...]
    """Items with two candidates shown step by step."""
    coverage: tuple[Coverage, ...]
    """Claims that could not be checked, and the field to log."""
    skipped_fields: tuple[str, ...]
    """Fields that no row has; rules that need them were skipped."""
    errors: tuple[InputError, ...]
    """Unreadable inputs and records."""
    baseline: Baseline | None
    """How the findings compare with a baseline; null without one."""
    gate: Gate | None
    """Whether the report passes; null if it was not judged."""
    files: tuple[File, ...] = ()
    """The files of the inputs; absent unless an HTML report is written with this one."""
    changed_picks: ChangedPicks | None = None
    """Items whose pick changes; absent unless an HTML report is written with this one, or if no pick changes."""
    silenced: tuple[Silenced, ...] = ()
    """Findings that disabled rules would have given, by code; absent without any."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Document:
        """Reads the JSON object."""
        return cls(
            schema_version=data["schema_version"],
            tool=Tool.from_dict(data["tool"]),
            inputs=tuple(Input.from_dict(entry) for entry in data["inputs"]),
            summary=Summary.from_dict(data["summary"]),
            findings=tuple(Finding.from_dict(entry) for entry in data["findings"]),
            diagnoses=tuple(Diagnosis.from_dict(entry) for entry in data["diagnoses"]),
            claims=tuple(Claim.from_dict(entry) for entry in data["claims"]),
            metrics=tuple(Metric.from_dict(entry) for entry in data["metrics"]),
            comparisons=tuple(Comparison.from_dict(entry) for entry in data["comparisons"]),
            coverage=tuple(Coverage.from_dict(entry) for entry in data["coverage"]),
            skipped_fields=tuple(data["skipped_fields"]),
            errors=tuple(InputError.from_dict(entry) for entry in data["errors"]),
            baseline=None if data["baseline"] is None else Baseline.from_dict(data["baseline"]),
            gate=None if data["gate"] is None else Gate.from_dict(data["gate"]),
            files=tuple(File.from_dict(entry) for entry in data["files"]) if "files" in data else (),
            changed_picks=ChangedPicks.from_dict(data["changed_picks"]) if "changed_picks" in data else None,
            silenced=tuple(Silenced.from_dict(entry) for entry in data["silenced"]) if "silenced" in data else (),
        )


Evidence = RuleEvidence | ColumnEvidence | RecordEvidence
"""The numbers behind the message, by what found it."""


def _evidence(data: Mapping[str, Any]) -> Evidence:
    """The evidence of the kind that it names."""
    kind = data["kind"]
    if kind == "rule":
        return RuleEvidence.from_dict(data)
    if kind == "column":
        return ColumnEvidence.from_dict(data)
    if kind == "records":
        return RecordEvidence.from_dict(data)
    raise ValueError(f"unknown kind of evidence {kind!r}")
