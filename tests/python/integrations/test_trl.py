"""The callback in a real training run of TRL, on a tiny model that is made on the spot."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")
from transformers import TrainerCallback  # noqa: E402

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TRANSFORMERS_OFFLINE="1")

from . import tiny  # noqa: E402

import retally  # noqa: E402
import retally.trl  # noqa: E402


def length(completions: list[str], **_: Any) -> list[float]:
    """A reward function."""
    return [float(len(text)) for text in completions]


def digits(completions: list[str], **_: Any) -> list[float]:
    """Another one."""
    return [float(sum(c.isdigit() for c in text)) for text in completions]


class ExchangedLengths(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Reports the shortest completion as the longest."""

    def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Changes the last entry of the log."""
        entry, keys = state.log_history[-1], ("completions/min_length", "completions/max_length")
        if keys[0] in entry:
            entry[keys[0]], entry[keys[1]] = entry[keys[1]], entry[keys[0]]


def train(place: Path, *callbacks: Any) -> None:
    import datasets
    from trl import GRPOConfig, GRPOTrainer

    folder = tiny.model(place / "model")
    rows = datasets.Dataset.from_list([{"prompt": one["question"]} for one in tiny.QUESTIONS[:16]])
    config = GRPOConfig(
        output_dir=str(place / "out"),
        max_steps=8,
        per_device_train_batch_size=4,
        num_generations=4,
        max_completion_length=6,
        logging_steps=1,
        log_completions=True,
        report_to="none",
        use_cpu=True,
        bf16=False,
    )
    GRPOTrainer(model=str(folder), reward_funcs=[length, digits], args=config, train_dataset=rows, callbacks=list(callbacks)).train()


def test_a_training_run_ends_with_a_verdict(tmp_path: Path) -> None:
    callback = retally.trl.AuditCallback(raise_on_failure=True)
    train(tmp_path, callback)
    assert callback.report is not None and callback.report.ok
    assert "trainer-log" in [one.format for one in callback.report.inputs]
    assert callback.report.verdicts.proven > 0


def test_a_wrong_number_of_the_trainer_is_found(tmp_path: Path) -> None:
    callback = retally.trl.AuditCallback()
    train(tmp_path, ExchangedLengths(), callback)
    assert callback.report is not None
    assert {finding.code for finding in callback.report.failing} == {"RT611"}


def test_a_bad_log_beside_the_run_is_found(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    rows = [{"item": f"q{at}", "candidate": "a", "logprobs": [-0.5, -1.25 - at], "score": (-1.75 - at) / 2} for at in range(8)]
    (tmp_path / "out" / "eval.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(retally.RetallyError, match="RT204"):
        train(tmp_path, retally.trl.AuditCallback(raise_on_failure=True))
    quiet = retally.trl.AuditCallback()
    train(tmp_path, quiet)
    assert quiet.report is not None and [one.code for one in quiet.report.failing] == ["RT204"]


def test_nothing_to_audit_does_not_stop_the_trainer(tmp_path: Path) -> None:
    callback = retally.trl.AuditCallback(tmp_path / "nowhere")
    train(tmp_path, callback)
    assert callback.report is None
