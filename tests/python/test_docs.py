"""The examples of the documentation do what the page says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from integrations import pages

import retally

FORMATS = pages.ROOT / "fixtures" / "formats"
BAD, CLEAN = FORMATS / "native" / "bug-mean", FORMATS / "native" / "clean-candidates"
# A text of each example that needs no tool.
HERE = [
    ("README.md", 'min_proven={"accuracy": 1.0}'),
    ("docs/python.md", "retally.check(frame)"),
    ("docs/python.md", "report.exit_code"),
    ("docs/python.md", 'min_proven={"score": 1.0, "accuracy": 1.0}'),
    ("docs/python.md", "benchmark_output"),
    ("docs/python.md", "check_rollout"),
    ("docs/python.md", "Part.scan"),
]


def run(page: str, about: str, **names: Any) -> dict[str, Any]:
    namespace = {"retally": retally, **names}
    exec(compile(pages.example(page, about), page, "exec"), namespace)
    return namespace


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def copied(log: Path, to: Path) -> Path:
    shutil.copytree(log, to, ignore=shutil.ignore_patterns("expected.toml"))
    return to


@pytest.mark.parametrize("page", ["README.md", "docs/python.md", "docs/scale.md"])
def test_every_example_is_run_by_a_test(page: str) -> None:
    known = [about for at, about in HERE if at == page] + list(pages.ELSEWHERE)
    for code in pages.examples(page):
        assert len([about for about in known if about in code]) == 1, code
    for about, test in pages.ELSEWHERE.items():
        assert about in (Path(__file__).parent / test).read_text(encoding="utf-8")


def test_the_first_lines(place: Path) -> None:
    copied(CLEAN, place / "runs")
    run("README.md", 'min_proven={"accuracy": 1.0}')
    run("docs/python.md", 'min_proven={"score": 1.0, "accuracy": 1.0}')


@pytest.mark.parametrize(("log", "codes"), [(BAD, ["RT204"]), (CLEAN, [])])
def test_every_source(log: Path, codes: list[str], place: Path) -> None:
    pandas = pytest.importorskip("pandas")
    copied(log, place / "runs")
    rows = [json.loads(line) for line in (log / "scores.jsonl").read_text(encoding="utf-8").splitlines()]
    for about in pages.example("docs/python.md", "retally.check(frame)").splitlines()[2:]:
        namespace = {"retally": retally, "frame": pandas.DataFrame(rows), "rows": rows}
        exec(about, namespace)
        report = namespace["report"]
        assert isinstance(report, retally.Report) and [finding.code for finding in report.findings] == codes


def test_what_a_report_has(place: Path) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    run("docs/python.md", "report.exit_code", report=retally.check(BAD))
    assert (place / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    for ending in (".html", ".json", ".md", ".sarif", ".xml", ".txt"):
        assert ending in pages.example("docs/python.md", "report.exit_code")
        assert retally.check(BAD).save(place / f"again{ending}").stat().st_size > 0


def test_logs_of_harnesses_that_write_files(place: Path) -> None:
    clean = {
        "results": "lighteval/choices",
        "outputs/default/20261127_120000": "opencompass/ppl",
        "outputs/20261127_120000": "evalscope/mcq-qa",
        "benchmark_output/runs/latest": "helm/multiple-choice-separate",
    }
    for folder, log in clean.items():
        copied(FORMATS / log, place / folder)
    run("docs/python.md", "benchmark_output")
    lines = pages.example("docs/python.md", "benchmark_output").splitlines()
    bad = ["lighteval/bad-average-by-size", "opencompass/bad-pick", "evalscope/bad-accuracy", "helm/bad-perplexity-mean-of-instances"]
    for line, folder, log in zip(lines, clean, bad, strict=True):
        shutil.rmtree(place / folder)
        copied(FORMATS / log, place / folder)
        with pytest.raises(retally.RetallyError, match=r"error\[RT"):
            exec(line, {"retally": retally})


def test_a_rollout_in_a_callback() -> None:
    def sides(log: str) -> dict[str, Any]:
        rows = [json.loads(line) for line in next((FORMATS / "rl-rollout" / log).glob("*.jsonl")).read_text(encoding="utf-8").splitlines()]
        names = {"engine_logprobs": "rollout_log_probs", "trainer_logprobs": "old_log_probs"}
        masks = [row.get("response_mask", [1] * len(row["responses"])) for row in rows]
        return {**{name: [row[key] for row in rows] for name, key in names.items()}, "response_mask": masks}

    run("docs/python.md", "check_rollout", **sides("clean-unprovable"))
    with pytest.raises(RuntimeError, match="RT305"):
        run("docs/python.md", "check_rollout", **sides("bug-off-by-one"))


def test_an_audit_in_parts(place: Path) -> None:
    (place / "runs").mkdir()
    lines = (BAD / "scores.jsonl").read_bytes().splitlines(keepends=True)
    (place / "runs" / "a.jsonl").write_bytes(b"".join(lines[:600]))
    (place / "runs" / "b.jsonl").write_bytes(b"".join(lines[600:]))
    names = run("docs/python.md", "Part.scan")
    assert names["report"].to_json() == retally.check("runs/").to_json()
    assert [(finding.code, finding.count) for finding in names["report"].failing] == [("RT204", 1001)]
    # The example scans two files; its tasks are eight byte ranges.
    assert len(names["tasks"]) == 8
