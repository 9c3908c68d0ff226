"""Logs a report to Weights & Biases: numbers, the HTML page, an artifact and a tag.

    with wandb.init(project="evals"):
        evaluate("runs/")
        retally.wandb.log(retally.check("runs/"))
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from retally.report import Report

__all__ = ["log"]


def log(report: Report, *, prefix: str = "retally/", run: Any = None) -> None:
    """Logs to a run (default: the active one).

    `report.flat_metrics(prefix)` go to the run's history and summary, the page to `<prefix>report` and, with the JSON
    report, to an artifact of the type `retally`. The run gets the tag `retally:passed`, `retally:failed` or
    `retally:incomplete`.
    """
    import wandb

    run = run or wandb.run
    if run is None:
        raise RuntimeError("no active run: call wandb.init() first, or pass run=")
    verdict = {0: "passed", 1: "failed"}.get(report.exit_code, "incomplete")
    flat = report.flat_metrics(prefix)
    run.log({**flat, f"{prefix}report": wandb.Html(report.to_html(), inject=False)})
    run.summary.update({**flat, f"{prefix}verdict": verdict})
    artifact = wandb.Artifact(f"retally-{run.id}", type="retally", metadata={"verdict": verdict})
    with tempfile.TemporaryDirectory(prefix="retally-") as place:
        for name in ("report.html", "report.json"):
            report.save(Path(place, name))
            artifact.add_file(str(Path(place, name)), name=name)
        run.log_artifact(artifact)
    others = tuple(tag for tag in run.tags or () if not tag.startswith("retally:"))
    run.tags = (*others, f"retally:{verdict}")
