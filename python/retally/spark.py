"""Audits on a Spark cluster. The report has the bytes of `retally check` on one machine.

    report = retally.spark.check(spark, "/shared/runs/")
    report = retally.spark.check(spark, ["s3://bucket/runs/"], parts=256)

Tasks are whole logs and byte ranges of long ones, which executors scan (`mapInArrow`) and give back as one binary column. A
task that is lost is run again by Spark, and a part that comes twice counts once. Every executor needs this package, and local
paths must be the same on all of them.
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

    def run(tasks: Sequence[Task], plan: bytes | None) -> list[tuple[Task, bytes]]:
        return _run(spark, tasks, plan, format)

    return engine.audit(
        paths,
        run,
        number=parts or 2 * int(spark.sparkContext.defaultParallelism),
        format=format,
        **options,
    )


def _run(spark: Any, tasks: Sequence[Task], plan: bytes | None, format: str | None) -> list[tuple[Task, bytes]]:
    # One copy of the plan for all tasks of an executor.
    shared = spark.sparkContext.broadcast(plan)

    def scan(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        for batch in batches:
            names = batch.column("task").to_pylist()
            found = [engine.scan(name, shared.value, format) for name in names]
            yield pyarrow.RecordBatch.from_arrays([pyarrow.array(names), pyarrow.array(found, pyarrow.binary())], names=["task", "part"])

    rows = spark.createDataFrame([(task.to_json(),) for task in tasks], "task string")
    # A task per partition: long ones are not queued behind each other.
    scanned = rows.repartition(len(tasks)).mapInArrow(scan, "task string, part binary")
    return [(Task.from_json(row["task"]), bytes(row["part"])) for row in scanned.collect()]
