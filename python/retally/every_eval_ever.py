"""Every Eval Ever: a validation check for its registry, and records annotated with what an audit found.

    from every_eval_ever.validator.validation_core import REGISTERED_CHECKS, run_registered_checks

    run_registered_checks(context, file_type="aggregate", data=record, checks=(*REGISTERED_CHECKS, retally.every_eval_ever.check()))

The check recomputes the numbers of an aggregate record from the samples beside it. Its severity is `warning`: a record that
contradicts its own samples is reported and not rejected.
"""

from __future__ import annotations

import copy
import json
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from retally.report import Report

__all__ = ["annotated", "check"]


def check() -> Any:
    """The `ValidationCheck` "retally audit": scope `aggregate`, severity `warning`."""
    from every_eval_ever.validator.validation_core import ValidationCheck

    return ValidationCheck("retally audit", "aggregate", "warning", _messages)


def annotated(record: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """The aggregate record with the verdict on each of its scores, as the schema allows it.

    `score_details.details` of a score gets `retally_verdict` (`proven`, `refuted`, `from_refuted` or `unprovable`) and,
    where it was recomputed, `retally_recomputed`; `eval_library.additional_details` gets `retally_version`. Values are
    texts. `report` is the audit of the record and its samples; a score of which it says nothing stays as it is.
    """
    result: dict[str, Any] = copy.deepcopy(dict(record))
    found = {(metric.task, metric.metric): metric for metric in report.metrics}
    for one in result["evaluation_results"]:
        names = [one.get("evaluation_result_id"), one.get("metric_config", {}).get("metric_name")]
        metric = next((found[key] for name in names if (key := (one.get("evaluation_name", ""), str(name))) in found), None)
        if metric is None or not math.isclose(float(metric.reported), one["score_details"]["score"]):
            continue
        details = one["score_details"].setdefault("details", {})
        details["retally_verdict"] = metric.verdict
        if metric.recomputed is not None:
            details["retally_recomputed"] = repr(metric.recomputed)
    result["eval_library"].setdefault("additional_details", {})["retally_version"] = report.document.tool.version
    return result


def _messages(context: Any, data: Any) -> list[str]:
    """What an audit of the record finds, a sentence per finding that fails."""
    from retally import audit

    if not isinstance(data, dict):
        return []
    with tempfile.TemporaryDirectory(prefix="retally-") as place:
        record = Path(place, "run", PurePosixPath(context.repo_path).name)
        record.parent.mkdir()
        record.write_text(json.dumps(data), encoding="utf-8")
        samples = (data.get("detailed_evaluation_results") or {}).get("file_path")
        if samples and context.read_repo_file is not None and samples in context.available_files:
            beside = record.with_name(PurePosixPath(samples).name)
            beside.write_text(context.read_repo_file(samples), encoding="utf-8")
        report = audit.check(record.parent, allow_unproven=True)
    return [f"{one.locations[0].field if one.locations else ''}: {one.code}: {one.message}".removeprefix(": ") for one in report.failing]
