"""Audits on a Spark cluster. The report has the bytes of `retally check` on one machine.

    report = retally.spark.check(spark, "/shared/runs/")
    report = retally.spark.check(spark, ["s3://bucket/runs/"], parts=256)

Tasks are whole logs and byte ranges of long ones, which executors scan (`mapInArrow`) and give back as one binary column; the
parts of many tasks are merged by executors, in groups. A task that is lost is run again by Spark, and a part that comes twice
counts once. Every executor needs this package, and local paths must be the same on all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from retally import engine
from retally.parts import Task
from retally.report import Report

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from retally.audit import Judgement, StrPath

__all__ = ["check"]


def check(
    spark: Any,
    paths: StrPath | Iterable[StrPath],
    *,
    parts: int | None = None,
    format: str | None = None,
    **options: Unpack[Judgement],
) -> Report:
    """Audits logs with the executors of a `SparkSession`.

    `paths` are local paths that every executor sees, or addresses that fsspec opens (`s3://`, `gs://`, `hf://`), a task per
    remote directory. `parts` is about the number of tasks (default: Spark's default parallelism, twice). `options` are
    parameters of `retally.check`; the nearest retally.toml of each process applies.
    """

    def run(tasks: Sequence[Task], plan: bytes | None) -> list[tuple[tuple[Task, ...], bytes]]:
        return _run(spark, tasks, plan, format)

    return engine.audit(
        paths,
        run,
        number=parts or 2 * int(spark.sparkContext.defaultParallelism),
        format=format,
        **options,
    )


def _run(spark: Any, tasks: Sequence[Task], plan: bytes | None, format: str | None) -> list[tuple[tuple[Task, ...], bytes]]:
    # One copy of the plan for all tasks of an executor.
    shared = spark.sparkContext.broadcast(plan)

    def scan(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            names = batch.column("tasks").to_pylist()
            found = [engine.scan(name, shared.value, format) for name in names]
            yield _batch(batch.column("group"), names, found)

    def compact(batches: Iterator[Any]) -> Iterator[Any]:
        # A partition may have several groups.
        groups: dict[int, list[tuple[str, bytes]]] = {}
        for batch in batches:
            for row in batch.to_pylist():
                groups.setdefault(row["group"], []).append((row["tasks"], row["part"]))
        for group, rows in groups.items():
            names = "\n".join(name for name, _ in rows)
            yield _batch([group], [names], [engine.compact(part for _, part in rows)])

    # Groups of tasks in their order: byte ranges of one file adjoin, and become one.
    rows = spark.createDataFrame([(at // engine.GROUP, task.to_json()) for at, task in enumerate(tasks)], "group int, tasks string")
    # A task per partition: long ones are not queued behind each other.
    parts = rows.repartition(len(tasks)).mapInArrow(scan, _COLUMNS)
    if len(tasks) > engine.FEW:
        # The group is a column, on which alone the partition depends: a scan or a partition that Spark computes again leaves
        # each task in its group. Without a column, rows would be dealt out by their order.
        parts = parts.repartition(-(-len(tasks) // engine.GROUP), "group").mapInArrow(compact, _COLUMNS)
    return [(engine.tasks_of(row["tasks"]), bytes(row["part"])) for row in parts.collect()]


_COLUMNS = "group int, tasks string, part binary"


def _batch(groups: Any, tasks: list[str], found: list[bytes]) -> Any:
    import pyarrow

    columns = [pyarrow.array(groups, pyarrow.int32()), pyarrow.array(tasks), pyarrow.array(found, pyarrow.binary())]
    return pyarrow.RecordBatch.from_arrays(columns, names=["group", "tasks", "part"])
