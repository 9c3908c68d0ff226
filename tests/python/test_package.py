"""The package over the program: sources, reports, errors."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import retally
from retally import _program, model

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "fixtures" / "formats" / "native"
CLEAN = NATIVE / "clean-candidates" / "scores.jsonl"
BAD = NATIVE / "bug-mean" / "scores.jsonl"


def records(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def program(*arguments: str, stdin: bytes = b"") -> tuple[int, bytes]:
    done = subprocess.run([_program.find(), *arguments], input=stdin, capture_output=True, check=False)
    return done.returncode, done.stdout


def test_the_dataclasses_are_those_of_the_schema() -> None:
    assert subprocess.run([sys.executable, ROOT / "scripts" / "python-model.py", "--check"], check=False).returncode == 0


@pytest.mark.parametrize("log", [CLEAN, BAD])
def test_a_report_has_the_bytes_and_the_exit_code_of_the_program(log: Path) -> None:
    report = retally.check(log)
    assert (report.exit_code, report.to_json()) == program("check", str(log), "--format", "json")
    assert report.ok == (log == CLEAN)
    for rendering in ("text", "markdown", "html", "sarif", "junit", "concise", "jsonl", "gitlab"):
        code, expected = program("report", "-", "--format", rendering, "--color", "never", stdin=report.to_json())
        assert (code, report.render(rendering).encode()) == (0, expected)


@pytest.mark.parametrize("log", [CLEAN, BAD])
def test_every_source_in_memory_gives_the_bytes_of_a_file(log: Path, tmp_path: Path) -> None:
    pandas, polars, pyarrow = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    rows = records(log)
    code, expected = program("check", "-", "--format", "json", stdin=log.read_bytes())
    for source in (rows, iter(rows), pandas.DataFrame(rows), polars.DataFrame(rows), pyarrow.Table.from_pylist(rows)):
        report = retally.check(source)
        assert report.exit_code == code
        assert report.verdicts == retally.check(rows).verdicts
    # The same digits: lines of JSON as they are, and a table as the file that holds it.
    exact = tmp_path / "rows.jsonl"
    exact.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    path = json.dumps(str(exact))[1:-1].encode()
    run = json.dumps(str(tmp_path))[1:-1].encode()
    of_file = program("check", str(exact), "--format", "json")[1].replace(path, b"<stdin>").replace(run, b"")
    assert retally.check(rows).to_json().replace(b'"run": "."', b'"run": ""') == of_file.replace(b'"run": "."', b'"run": ""')
    table = tmp_path / "rows.arrow"
    frame = pyarrow.Table.from_pylist(rows)
    with pyarrow.ipc.new_stream(table, frame.schema) as stream:
        stream.write_table(frame)
    assert retally.check(frame).to_json() == program("check", "-", "--format", "json", stdin=table.read_bytes())[1]
    assert expected.startswith(b"{")


def test_several_tables_are_audited_together() -> None:
    report = retally.check(records(CLEAN), records(BAD))
    assert [one.path for one in report.inputs] == ["source-1.jsonl", "source-2.jsonl"]
    assert [finding.code for finding in report.findings if finding.certainty == "certain"][0] == "RT204"
    with pytest.raises(retally.RetallyError, match="paths and objects in memory together"):
        retally.check(records(CLEAN), BAD)


def test_an_error_has_the_message_of_the_program(tmp_path: Path) -> None:
    with pytest.raises(retally.RetallyError, match=r"missing\.jsonl` does not exist") as raised:
        retally.check(tmp_path / "missing.jsonl")
    assert raised.value.exit_code == 2
    with pytest.raises(retally.RetallyError, match="unknown rule code `RT999`; did you mean"):
        retally.check(CLEAN, select="RT999")
    with pytest.raises(TypeError, match="cannot audit int"):
        retally.check(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="record 1 is str"):
        retally.check([{"item": 1}, "x"])  # type: ignore[list-item]


def test_options_are_passed_on() -> None:
    assert retally.check(BAD, ignore=["RT2"]).ok
    assert not retally.check(BAD, fail_on="error", threads=1).ok
    assert retally.check(BAD, fail_on="never").ok
    assert retally.check(BAD, threads=1).to_json() == retally.check(BAD, threads=2).to_json()
    assert retally.check(CLEAN, format="native-jsonl").inputs[0].format == "native-jsonl"


def test_assert_clean_raises_the_finding() -> None:
    assert retally.assert_clean(CLEAN, min_proven={"score": 1.0}).ok
    with pytest.raises(retally.RetallyError) as raised:
        retally.assert_clean(BAD)
    assert "error[RT204]: `score` is the mean of the log-probs, not their sum" in str(raised.value)
    assert "scores.jsonl:1:223" in str(raised.value)
    assert raised.value.report is not None and raised.value.exit_code == 1
    with pytest.raises(retally.RetallyError, match=r"0 of 0 claims of `accuracy` are proven \(expected at least 100%\)"):
        retally.assert_clean(CLEAN, min_proven={"accuracy": 1.0})


def test_the_report_as_objects() -> None:
    report = retally.check(BAD.parent)
    (finding,) = report.findings
    assert (finding.code, finding.count, finding.judged, finding.claim) == ("RT204", 1001, 1200, "score")
    assert isinstance(finding.evidence, model.ColumnEvidence) and finding.evidence.formulas == ("sum(logprob)/n",)
    assert report.verdicts == model.Verdicts(proven=229, refuted=1001, from_refuted=272, unprovable=0)
    assert report.flat_metrics()["retally/claims/refuted"] == 1001
    assert report.flat_metrics("")["metric/local_mc/accuracy/proven"] == 0.0
    assert len(report.flips()) == 5 and report.flips()[0].item == "22"
    rows = report.rows(finding)
    assert rows.total == 1001 and not rows.is_complete and rows[0].line == 1
    assert any(row.reported is not None and row.recomputed is not None and row.reported > row.recomputed for row in rows)
    assert report.headline() == "failed: 1 error · 229 of 1,502 claims proven · 1,001 refuted (RT204)"


def test_every_fixture_report_is_read_whole() -> None:
    """Every key of the JSON reports of the rules' bad logs is in the dataclasses."""
    for folder in sorted((ROOT / "fixtures" / "rules").iterdir())[::4]:
        bad = next(folder.glob("bad*"))
        report = retally.check(bad, allow_unproven=True)
        data = report.to_dict()
        assert {field.name for field in fields(report.document)} == {*data, "silenced"}
        for read, written in zip(report.findings, data["findings"], strict=True):
            assert {field.name for field in fields(read)} == set(written)
            assert {field.name for field in fields(read.evidence)} == set(written["evidence"])


def test_tables_of_a_report() -> None:
    pandas, polars, pyarrow = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    report, clean = retally.check(BAD.parent), retally.check(CLEAN)
    assert report.to_pandas().loc[0, "code"] == "RT204"
    assert list(clean.to_pandas().columns) == list(report.to_pandas().columns) and len(clean.to_pandas()) == 0
    assert report.to_polars("claims").filter(polars.col("claim") == "score")["refuted"].to_list() == [1001]
    assert report.to_pandas("metrics").set_index("metric").loc["accuracy", "verdict"] == "from_refuted"
    assert pyarrow.table(report).column("count").to_pylist() == [1001]
    assert pyarrow.table(clean).num_rows == 0
    for of in ("coverage", "inputs", "errors"):
        assert isinstance(report.to_pandas(of), pandas.DataFrame)


def test_saving(tmp_path: Path) -> None:
    report = retally.check(BAD)
    assert report.save(tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    loaded = retally.Report.load(report.save(tmp_path / "report.json"))
    assert loaded.to_json() == report.to_json() and loaded.exit_code == 1
    assert retally.Report.load(retally.check(CLEAN).save(tmp_path / "clean.json")).exit_code == 0
    with pytest.raises(retally.RetallyError, match="cannot tell the format"):
        report.save(tmp_path / "report.pdf")
    with pytest.raises(retally.RetallyError, match="report"):
        (tmp_path / "other.json").write_text("{}", encoding="utf-8")
        retally.Report.load(tmp_path / "other.json")


def test_the_card_escapes_the_log() -> None:
    hostile = [{"item": f"q{at}", "candidate": "a", "logprobs": [-0.5, -1.25 - at], "score": -0.9 - at / 2, "task": "<script>\u202e"} for at in range(5)]
    card = retally.check(hostile)._repr_html_()
    assert "RT204" in card or "RT200" in card
    assert "<script>" not in card and "\u202e" not in card
    frame = retally.check(BAD).frame(300)._repr_html_()
    assert frame.startswith('<iframe sandbox="allow-scripts" srcdoc="&lt;!doctype html') and "<script" not in frame


def test_scores_traces_pages_and_configuration(tmp_path: Path) -> None:
    rows = records(BAD)
    first = retally.score(rows)[0]
    assert first["candidates"][0]["tokens"] == 3 and first["best_by_sum"] == 0
    assert retally.trace(BAD, "0", candidate="0")["candidates"][0]["claims"][0]["agrees"] is False
    assert retally.explain("mean-for-sum").startswith("RT204 mean-for-sum")
    with pytest.raises(retally.RetallyError, match="unknown rule"):
        retally.explain("RT999")
    assert "[conventions]" in retally.init(BAD, output=tmp_path / "retally.toml").read_text(encoding="utf-8")


def test_the_import_is_cheap() -> None:
    code = "import sys, retally; print(len([n for n in sys.modules if n.startswith('retally')]), 'dataclasses' in sys.modules, 'subprocess' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False", "False"]
    assert set(retally.__all__) <= set(dir(retally))


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RETALLY_BIN", str(tmp_path / "nowhere"))
    with pytest.raises(retally.RetallyError, match="cannot run .*nowhere"):
        retally.check(CLEAN)


@pytest.mark.parametrize(
    ("log", "codes"),
    [
        ("lighteval/choices", []),
        ("lighteval/bad-average-by-size", ["RT601"]),
        ("opencompass/ppl", []),
        ("opencompass/bad-pick", ["RT402"]),
        ("evalscope/mcq-qa", []),
        ("evalscope/bad-accuracy", ["RT601"]),
        ("helm/multiple-choice-separate", []),
        ("helm/bad-perplexity-mean-of-instances", ["RT602"]),
    ],
)
def test_logs_that_harnesses_wrote(log: str, codes: list[str]) -> None:
    folder = ROOT / "fixtures" / "formats" / log
    if not codes:
        assert retally.assert_clean(folder).verdicts.proven > 0
        return
    with pytest.raises(retally.RetallyError, match=codes[0]) as raised:
        retally.assert_clean(folder)
    assert raised.value.report is not None
    assert [finding.code for finding in raised.value.report.failing] == codes
