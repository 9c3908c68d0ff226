"""A callback for trainers of transformers and TRL that audits what they write.

    trainer = GRPOTrainer(..., callbacks=[retally.trl.AuditCallback()])

At the end of training it audits the output directory: `trainer_state.json`, and the completions that TRL logs with
`log_completions=True`. Log-probs of engine and trainer in memory are compared by `retally.check_rollout`.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from transformers import TrainerCallback

from retally.report import Report

__all__ = ["AuditCallback"]

_LOG = logging.getLogger("retally")


class AuditCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Audits the output directory when training ends, and says the verdict in one line.

    `raise_on_failure` raises RetallyError if a finding fails; without it, nothing that goes wrong stops the trainer.
    `report` is the last report. `path` is audited in place of the output directory.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, raise_on_failure: bool = False) -> None:
        self.path = path
        self.raise_on_failure = raise_on_failure
        self.report: Report | None = None

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Audits, in the first process only."""
        from retally import RetallyError, check

        if not state.is_world_process_zero:
            return
        directory = self.path or args.output_dir
        if self.path is None:
            # Trainers write the state into checkpoints only; the last one may be older than this.
            state.save_to_json(os.path.join(directory, "trainer_state.json"))
        try:
            self.report = check(directory, allow_unproven=True)
        except RetallyError as error:
            if self.raise_on_failure:
                raise
            _LOG.warning("retally: %s: not audited (%s)", directory, error)
            return
        say = _LOG.info if self.report.ok else _LOG.warning
        say("retally: %s: %s", directory, self.report.headline())
        if self.raise_on_failure:
            self.report.raise_if_failed()
