"""The hooks in real runs of inspect_ai, with the mock model that it ships."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("inspect_ai")

from . import pages  # noqa: E402

import retally  # noqa: E402

# Six samples of which four are answered as expected.
TASK = '''
import sys
from inspect_ai import Task, eval, task
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import SampleScore, match, metric, scorer, stderr

@metric(name="accuracy")
def flattered():
    def compute(scores: list[SampleScore]) -> float:
        return sum(score.score.as_float() for score in scores) / (len(scores) - 1)

    return compute

@scorer(metrics=[flattered(), stderr()], name="match")
def wrong():
    return match()

def run(scorer):
    answers = ["4", "6", "9", "10", "12", "15"]
    outputs = [ModelOutput.from_content("mockllm", answer) for answer in answers]
    for output in outputs:
        # Without it, the model counts tokens with an encoding that is downloaded.
        output.usage = ModelUsage(input_tokens=5, output_tokens=1, total_tokens=6)
    samples = [Sample(input=f"{n} plus {n} is?", target=str(2 * n)) for n in range(2, 8)]
    model = get_model("mockllm/model", custom_outputs=outputs)
    eval(Task(dataset=samples, scorer=scorer, name="sums"), model=model, log_dir=sys.argv[1], display="plain", max_connections=1)

run(wrong() if sys.argv[2] == "wrong" else match())
'''


def run(folder: Path, scorer: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    (folder / "run.py").write_text(TASK, encoding="utf-8")
    command = [sys.executable, str(folder / "run.py"), str(folder / "logs"), scorer]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    assert done.returncode == 0, done.stderr
    return done


def line(done: subprocess.CompletedProcess[str]) -> str:
    (found,) = [line for line in done.stderr.splitlines() if line.startswith("retally: ")]
    return found


def test_a_right_run_ends_with_its_verdict(tmp_path: Path) -> None:
    said = line(run(tmp_path, "right"))
    assert ".eval: passed: no findings" in said and "proven" in said
    report = retally.check(tmp_path / "logs")
    assert {metric.metric: metric.verdict for metric in report.metrics}["accuracy"] == "proven"


def test_a_wrong_accuracy_is_named_at_the_end(tmp_path: Path) -> None:
    said = line(run(tmp_path, "wrong"))
    # The line of the documentation, with the name of this log.
    assert said.partition(".eval: ")[2] == pages.example("docs/python.md", "_sums_", "text").strip().partition(".eval: ")[2]
    assert ".eval: failed: 1 error" in said and said.endswith("(RT601)")


def test_the_hooks_are_turned_off(tmp_path: Path) -> None:
    assert "retally: " not in run(tmp_path, "right", RETALLY_INSPECT="false").stderr


def test_a_missing_program_does_not_break_the_run(tmp_path: Path) -> None:
    said = line(run(tmp_path, "right", RETALLY_BIN=str(tmp_path / "nowhere")))
    assert "not audited (cannot run" in said


def test_a_remote_log_is_left_alone() -> None:
    from retally.inspect_ai import verdict

    assert "s3://bucket/log.eval: not audited (the log is not a local file" in verdict("s3://bucket/log.eval")
