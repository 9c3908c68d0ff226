"""Audits on a real local Spark."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyspark")

from . import engines, pages  # noqa: E402

import retally  # noqa: E402
import retally.spark  # noqa: E402
from retally import parts  # noqa: E402


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return engines.program_that_dies(tmp_path_factory.mktemp("program"))


@pytest.fixture(scope="module")
def spark(program: Path) -> Iterator[Any]:
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(retally.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    from pyspark.sql import SparkSession

    # The last 4: how often a task may fail.
    builder = SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false").config("spark.driver.memory", "1g")
    session = builder.config("spark.executorEnv.RETALLY_BIN", str(program)).getOrCreate()
    yield session
    session.stop()


@pytest.mark.parametrize("number", [1, 2, 7, 64])
@pytest.mark.parametrize("log", engines.LOGS)
def test_the_report_has_the_bytes_of_one_audit(spark: Any, log: str, number: int, tmp_path: Path) -> None:
    engines.has_the_bytes_of_one_audit(lambda paths, **options: retally.spark.check(spark, paths, **options), log, number, tmp_path)


def test_parts_are_merged_in_groups(spark: Any, program: Path, tmp_path: Path) -> None:
    engines.merges_in_groups(lambda paths, **options: retally.spark.check(spark, paths, **options), tmp_path, program.parent / "die-merge")
    tasks, plan = parts.split(tmp_path / "scores.jsonl", 40)
    engines.are_tasks_in_a_row(retally.spark._run(spark, tasks, plan, None), tasks)


def test_remote_files(spark: Any, tmp_path: Path) -> None:
    engines.reads_remote_files(lambda paths, **options: retally.spark.check(spark, paths, **options), tmp_path)


def test_the_example_of_the_documentation(spark: Any, tmp_path: Path) -> None:
    folder = engines.copied("lm-eval/bad-recorded-mean", tmp_path)
    names = {"spark": spark, "retally": retally}
    exec(pages.example("docs/scale.md", "retally.spark.check").replace("/shared/runs/", str(folder)), names)
    assert names["report"].to_json() == retally.check(folder).to_json()


def test_a_task_that_fails_is_run_again(spark: Any, program: Path, tmp_path: Path) -> None:
    folder = engines.copied("native/bug-mixture", tmp_path)
    die = program.parent / "die-check"
    die.touch()
    report = retally.spark.check(spark, str(folder), parts=4)
    assert not die.exists(), "no worker died"
    assert report.to_json() == retally.check(folder).to_json()
