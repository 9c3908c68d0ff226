"""The validation check in the real validator of Every Eval Ever, and records that its schema accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("every_eval_ever")

from every_eval_ever.validator import validation_core as validator  # noqa: E402

from . import pages  # noqa: E402

import retally  # noqa: E402
import retally.every_eval_ever  # noqa: E402

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "formats" / "every-eval-ever"


def case(name: str) -> tuple[dict[str, Any], validator.ValidationContext, Path]:
    (path,) = [path for path in (FIXTURES / name).rglob("*.json")]
    record = json.loads(path.read_text(encoding="utf-8"))
    place = record["detailed_evaluation_results"]["file_path"]
    samples = path.with_name(Path(place).name)
    repo_path = place.replace("_samples.jsonl", ".json")
    read = {place: samples.read_text(encoding="utf-8")}
    return record, validator.ValidationContext(repo_path, frozenset([place, repo_path]), read.__getitem__), path


def warnings(name: str) -> list[str]:
    record, context, _ = case(name)
    checks = (*validator.REGISTERED_CHECKS, retally.every_eval_ever.check())
    report = validator.run_registered_checks(context, file_type="aggregate", data=record, checks=checks)
    assert not report.errors
    return [f"{warning['loc']}: {warning['msg']}" for warning in report.warnings]


def test_a_record_that_follows_from_its_samples_passes() -> None:
    assert warnings("multiple-choice") == []


def test_a_wrong_score_is_a_warning() -> None:
    (warning,) = warnings("bad-accuracy")
    assert warning == "evaluation_results[0].score_details.score: RT601: acc does not match the rows: 0.55 is reported, but the rows give 0.45"


def test_the_example_of_the_documentation() -> None:
    record, context, _ = case("bad-accuracy")
    names: dict[str, Any] = {"retally": retally, "record": record, "context": context}
    exec(pages.example("docs/python.md", "run_registered_checks").replace("\nrun_registered_checks(", "\nfound = run_registered_checks("), names)
    assert ["RT601" in warning["msg"] for warning in names["found"].warnings] == [True]


def test_annotated_records_are_valid(tmp_path: Path) -> None:
    record, _, path = case("bad-accuracy")
    result = retally.every_eval_ever.annotated(record, retally.check(path.parent))
    details = [one["score_details"]["details"] for one in result["evaluation_results"]]
    assert details == [{"retally_verdict": "refuted", "retally_recomputed": "0.45"}, {"retally_verdict": "proven", "retally_recomputed": "0.45"}]
    written = tmp_path / path.name
    written.write_text(json.dumps(result), encoding="utf-8")
    found = validator.validate_aggregate(written)
    assert found.valid, found.errors
    assert "details" not in record["evaluation_results"][0]["score_details"]
