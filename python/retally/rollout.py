"""Audits the two sides of a reinforcement-learning rollout from memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from retally.audit import Severity, check
from retally.report import Report

__all__ = ["check_rollout"]


def check_rollout(
    engine: Any,
    trainer: Any,
    mask: Any = None,
    *,
    token_ids: Any = None,
    temperature: float | None = None,
    top_p: float | None = None,
    fail_on: Severity = "warning",
) -> Report:
    """Compares the log-probs of the inference engine with those of the trainer for the same sampled tokens.

    Finds two sides that do not describe the same tokens (RT118), a shift by one token (RT305), a trainer at another
    temperature (RT110), an engine renormalised over the tokens that sampling kept (RT117) and zero-filled values (RT706).
    The rules weigh evidence from many tokens: give the whole batch, at least four rollouts and 100 tokens.

    Parameters
    ----------
    engine, trainer
        Log-probs in nats, of shape (batch, tokens): tensors, arrays, or lists of lists, which may differ in length per
        rollout. One rollout may be given as shape (tokens,).
    mask
        The same shape: 1 for a sampled token that counts, 0 for prompt, tool output and padding (default: all count).
    token_ids
        The same shape: ids of the sampled tokens.
    temperature, top_p
        What the engine sampled with. They are written to the records and named in `report.message`; what the values show
        is decided from the values alone.
    fail_on
        Minimum severity at which the report is not `ok`.
    """
    sides = {"rollout_log_probs": _rows(engine), "old_log_probs": _rows(trainer)}
    if mask is not None:
        sides["response_mask"] = [[int(flag) for flag in row] for row in _rows(mask)]
    else:
        sides["response_mask"] = [[1] * len(row) for row in sides["rollout_log_probs"]]
    if token_ids is not None:
        sides["responses"] = _rows(token_ids)
    names = {"rollout_log_probs": "engine", "old_log_probs": "trainer", "response_mask": "mask", "responses": "token_ids"}
    first = sides["rollout_log_probs"]
    for name, rows in sides.items():
        if len(rows) != len(first):
            raise ValueError(f"{names[name]} has {len(rows)} rollouts, engine has {len(first)}")
        for at, (row, other) in enumerate(zip(rows, first, strict=True)):
            if len(row) != len(other):
                raise ValueError(f"rollout {at}: {names[name]} has {len(row)} tokens, engine has {len(other)}")
    sampling = {"temperature": temperature, "top_p": top_p}
    sampling = {name: value for name, value in sampling.items() if value is not None}
    records = [{"uid": str(at), **{name: rows[at] for name, rows in sides.items()}, **sampling} for at in range(len(first))]
    report = check(records, format="rl-rollout", fail_on=fail_on, allow_unproven=True)
    if sampling:
        said = "sampled with " + ", ".join(f"{name} = {value}" for name, value in sampling.items())
        report.message = f"{report.message}\n{said}".strip()
    return report


def _rows(values: Any) -> list[list[Any]]:
    """A batch as lists, one per rollout."""
    rows: list[Any] = values.tolist() if hasattr(values, "tolist") else list(values)
    if rows and not isinstance(rows[0], Sequence) and not hasattr(rows[0], "tolist"):
        rows = [rows]
    return [_row(row) for row in rows]


def _row(values: Any) -> list[Any]:
    return list(values.tolist() if hasattr(values, "tolist") else values)
