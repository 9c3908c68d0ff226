"""Audits on a Ray cluster. The report has the bytes of `retally check` on one machine.

    report = retally.ray.check("/shared/runs/")
    report = retally.ray.check(["s3://bucket/runs/"], parts=256)

Tasks are whole logs and byte ranges of long ones, which Ray Data scans; the parts of many tasks are merged on the cluster, in
groups. A task that is lost is run again by Ray, and a part that comes twice counts once. Every node needs this package, and local paths must be the same on all nodes.
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

    def run(tasks: Sequence[Task], plan: bytes | None) -> list[tuple[tuple[Task, ...], bytes]]:
        return _run(tasks, plan, format)

    number = parts or 2 * int(ray.cluster_resources().get("CPU", 1))
    return engine.audit(
        paths,
        run,
        number=number,
        format=format,
        **options,
    )


def _run(tasks: Sequence[Task], plan: bytes | None, format: str | None) -> list[tuple[tuple[Task, ...], bytes]]:
    import ray

    # One copy of the plan for all tasks of a node.
    shared = ray.put(plan)

    def scan(batch: dict[str, Any]) -> dict[str, Any]:
        under = ray.get(shared)
        return {"tasks": batch["tasks"], "part": [engine.scan(str(task), under, format) for task in batch["tasks"]]}

    def compact(batch: dict[str, Any]) -> dict[str, Any]:
        return {"tasks": ["\n".join(batch["tasks"])], "part": [engine.compact(map(bytes, batch["part"]))]}

    rows = ray.data.from_items([{"tasks": task.to_json()} for task in tasks], override_num_blocks=len(tasks))
    # Groups of tasks in their order: byte ranges of one file adjoin, and become one.
    rows.context.execution_options.preserve_order = True
    parts = rows.map_batches(scan, batch_size=1, zero_copy_batch=False)
    if len(tasks) > engine.FEW:
        # Two steps at once would be fused, so that one worker scans all tasks of a group, or share the cores, of which the
        # second one leaves its own idle until there is something to merge. The first one is therefore finished first.
        # A group is fixed when it is handed to a worker: if the worker or a scan of the group is lost, Ray repeats them with
        # the inputs that they had, so that no task moves to another group.
        parts = parts.materialize().map_batches(compact, batch_size=engine.GROUP, zero_copy_batch=False)
    return [(engine.tasks_of(row["tasks"]), bytes(row["part"])) for row in parts.iter_rows()]
