"""Logs a report to MLflow: numbers, the HTML page and a tag.

    with mlflow.start_run():
        evaluate("runs/")
        retally.mlflow.log(retally.check("runs/"))
"""

from __future__ import annotations

import re
from typing import Any

from retally.report import Report

__all__ = ["log"]


def log(report: Report, *, prefix: str = "retally/", run_id: str | None = None, client: Any = None) -> None:
    """Logs `report.flat_metrics(prefix)`, `report.html` and `report.json` as artifacts, and the tag `retally`.

    The tag is `passed`, `failed` or `incomplete`; `retally.codes` lists the codes of the errors. `run_id` is the run
    (default: the active one, else a new one), `client` an `mlflow.MlflowClient` for a store other than the current one.
    Characters that MLflow does not allow in a name are replaced by `_`.
    """
    import mlflow

    if run_id is None:
        active = mlflow.active_run() or mlflow.start_run()
        run_id = active.info.run_id
    client = client or mlflow.MlflowClient()
    place = prefix.strip("/") or "retally"
    for name, value in report.flat_metrics(prefix).items():
        client.log_metric(run_id, _name(name), value)
    client.log_text(run_id, report.to_html(), f"{place}/report.html")
    client.log_text(run_id, report.to_json().decode(), f"{place}/report.json")
    client.set_tag(run_id, "retally", {0: "passed", 1: "failed"}.get(report.exit_code, "incomplete"))
    client.set_tag(run_id, "retally.codes", ",".join(sorted({finding.code for finding in report.findings if finding.severity == "error"})))


def _name(name: str) -> str:
    """A name of letters, digits and `_-. :/`, as MLflow allows it, in at most 250 characters."""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)[:250]
