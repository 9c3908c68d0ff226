"""Two sides of a rollout from memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import retally

RULES = Path(__file__).resolve().parents[2] / "fixtures" / "rules"
FORMATS = Path(__file__).resolve().parents[2] / "fixtures" / "formats" / "rl-rollout"


def sides(path: Path) -> tuple[list[list[float]], list[list[float]], list[list[int]], list[list[int]]]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    engine = [row["rollout_log_probs"] for row in rows]
    mask = [row.get("response_mask", [1] * len(row["responses"])) for row in rows]
    return engine, [row["old_log_probs"] for row in rows], mask, [row["responses"] for row in rows]


@pytest.mark.parametrize(
    ("log", "code"),
    [
        (next((FORMATS / "bug-temperature").glob("*.jsonl")), "RT110"),
        (next((FORMATS / "bug-kept-mass").glob("*.jsonl")), "RT117"),
        (next((FORMATS / "bug-off-by-one").glob("*.jsonl")), "RT305"),
        (RULES / "RT118-sides-do-not-match" / "bad.jsonl", "RT118"),
    ],
)
def test_a_bad_rollout_is_found(log: Path, code: str) -> None:
    engine, trainer, mask, ids = sides(log)
    report = retally.check_rollout(engine, trainer, mask, token_ids=ids, temperature=0.7)
    assert code in [finding.code for finding in report.findings]
    assert not report.ok and report.message.endswith("sampled with temperature = 0.7")


def test_a_clean_rollout_passes_as_lists_arrays_and_tensors() -> None:
    engine, trainer, mask, ids = sides(next((FORMATS / "clean-unprovable").glob("*.jsonl")))
    numpy = pytest.importorskip("numpy")
    width = max(map(len, engine))

    def padded(rows: Any) -> Any:
        return numpy.array([[*row, *[0] * (width - len(row))] for row in rows])

    reports = [retally.check_rollout(engine, trainer, mask, token_ids=ids)]
    reports.append(retally.check_rollout(*map(padded, (engine, trainer, mask)), token_ids=padded(ids)))
    for report in reports:
        assert report.ok and not report.findings


def test_shapes_are_compared() -> None:
    with pytest.raises(ValueError, match="trainer has 1 rollouts, engine has 2"):
        retally.check_rollout([[-1.0], [-1.0]], [[-1.0]])
    with pytest.raises(ValueError, match="rollout 0: mask has 1 tokens, engine has 2"):
        retally.check_rollout([-1.0, -2.0], [-1.0, -2.0], [1])
