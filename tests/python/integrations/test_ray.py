"""Audits on a real local Ray cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ray = pytest.importorskip("ray")

from . import engines, pages  # noqa: E402

import retally  # noqa: E402
import retally.ray  # noqa: E402
from retally import parts  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Gives the directory of `engines.program_that_dies`."""
    program = engines.program_that_dies(tmp_path_factory.mktemp("program"))
    here = os.pathsep.join([str(Path(retally.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    # Ray gives its workers a low priority, at which they starve on a busy machine.
    os.environ.update(RAY_raylet_start_wait_time_s="300", RAY_worker_niceness="0")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env={"env_vars": {"PYTHONPATH": here, "RETALLY_BIN": str(program)}})
    yield program.parent
    ray.shutdown()


@pytest.mark.parametrize("number", [1, 2, 7, 64])
@pytest.mark.parametrize("log", engines.LOGS)
def test_the_report_has_the_bytes_of_one_audit(log: str, number: int, tmp_path: Path) -> None:
    engines.has_the_bytes_of_one_audit(retally.ray.check, log, number, tmp_path)


def test_parts_are_merged_in_groups(cluster: Path, tmp_path: Path) -> None:
    engines.merges_in_groups(retally.ray.check, tmp_path, cluster / "die-merge")
    tasks, plan = parts.split(tmp_path / "scores.jsonl", 40)
    engines.are_tasks_in_a_row(retally.ray._run(tasks, plan, None), tasks)


def test_remote_files(tmp_path: Path) -> None:
    engines.reads_remote_files(retally.ray.check, tmp_path)


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    folder = engines.copied("lm-eval/bad-recorded-mean", tmp_path)
    example = pages.example("docs/scale.md", "retally.ray.check").replace("/shared/runs/", str(folder)).replace("s3://bucket/runs/", f"file://{folder}")
    names: dict[str, retally.Report] = {}
    exec(example, names)
    assert [finding.code for finding in names["report"].failing] == ["RT204"]


def test_a_worker_that_dies_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first process that scans ends in the middle; Ray runs its task again."""
    once = tmp_path / "died"
    wrapper = tmp_path / "retally"
    from retally import _program

    # A program that kills the worker that calls it, once, in place of the first scan.
    wrapper.write_text(f'#!/bin/sh\nif [ "$1" = check ] && mkdir {once} 2>/dev/null; then kill -9 $PPID; exit 1; fi\nexec {_program.find()} "$@"\n')
    wrapper.chmod(0o755)
    folder = engines.copied("native/bug-mixture", tmp_path)
    expected = retally.check(folder).to_json()
    tasks, plan = parts.split(folder, 4)

    @ray.remote(max_retries=2)  # type: ignore[untyped-decorator, unused-ignore]
    def scan(task: str, plan: bytes | None) -> bytes:
        os.environ["RETALLY_BIN"] = str(wrapper)
        from retally import engine

        return engine.scan(task, plan)

    def run(tasks: Sequence[parts.Task], plan: bytes | None) -> list[tuple[tuple[parts.Task, ...], bytes]]:
        found = ray.get([scan.remote(task.to_json(), plan) for task in tasks])
        return [((task,), part) for task, part in zip(tasks, found, strict=True)]

    report = parts.audit(tasks, plan, run)
    assert once.is_dir() and report.to_json() == expected
