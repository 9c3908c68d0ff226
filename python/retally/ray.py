"""Audits on a Ray cluster. The report has the bytes of `retally check` on one machine.

    report = retally.ray.check("/shared/runs/")
    report = retally.ray.check(["s3://bucket/runs/"], parts=256)

Tasks are whole logs and byte ranges of long ones, which Ray Data scans. A task that is lost is run again by Ray, and a part
that comes twice counts once. Every node needs this package, and local paths must be the same on all nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from retally import engine
from retally.parts import Task
from retally.report import Report

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from retally.audit import Judgement, StrPath

__all__ = ["check"]

def check(
    paths: StrPath | Iterable[StrPath],
    *,
    parts: int | None = None,
    format: str | None = None,
    **options: Unpack[Judgement],
) -> Report:
    """Audits logs on the Ray cluster that the process is connected to (else on a local one).

    `paths` are local paths that every node sees, or addresses that fsspec opens (`s3://`, `gs://`, `hf://`), a task per
    remote directory. `parts` is about the number of tasks (default: twice the cores of the cluster). `options` are
    parameters of `retally.check`; the nearest retally.toml of each process applies.
    """
    import ray

    if not ray.is_initialized():
        ray.init(log_to_driver=False)

    def run(tasks: Sequence[Task], plan: bytes | None) -> list[tuple[Task, bytes]]:
        return _run(tasks, plan, format)

    number = parts or 2 * int(ray.cluster_resources().get("CPU", 1))
    return engine.audit(
        paths,
        run,
        number=number,
        format=format,
        **options,
    )


def _run(tasks: Sequence[Task], plan: bytes | None, format: str | None) -> list[tuple[Task, bytes]]:
    import ray

    # One copy of the plan for all tasks of a node.
    shared = ray.put(plan)

    def scan(batch: dict[str, Any]) -> dict[str, Any]:
        under = ray.get(shared)
        return {"task": batch["task"], "part": [engine.scan(str(task), under, format) for task in batch["task"]]}

    rows = ray.data.from_items([{"task": task.to_json()} for task in tasks], override_num_blocks=len(tasks))
    scanned = rows.map_batches(scan, batch_size=1, zero_copy_batch=False)
    return [(Task.from_json(row["task"]), bytes(row["part"])) for row in scanned.iter_rows()]
