"""The package over the program: sources, reports, errors."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

import retally
from retally import _program, model
from retally.audit import Log
from retally.report import Flip, Row

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
    assert report.headline() == "failed: 1 error · 229 of 1,502 claims proven · 1,001 refuted (RT204)"


def test_every_row_and_every_flip() -> None:
    report = retally.check(BAD)
    (finding,) = report.findings
    rows = report.rows(finding)
    assert len(rows) == finding.count == 1001
    path = str(BAD)
    assert rows[0] == Row(path, 1, 223, "score", "", "0", "0", "score", -1.115706, -3.347117)
    assert rows[-1] == Row(path, 1200, 226, "score", "", "299", "3", "score", -2.281644, -6.84493)
    assert [row.line for row in rows] == sorted({row.line for row in rows})
    logged = {(str(row["question_id"]), str(row["choice"])): row["score"] for row in records(BAD)}
    assert all(row.candidate is not None and logged[row.item, row.candidate] == row.reported for row in rows)
    flips = report.flips()
    assert len(flips) == 27
    assert flips[0] == Flip("", "22", "0", "1", "1", False, True, "RT204", path, 89)
    (impact,) = [one.impact for one in report.diagnoses if one.impact is not None]
    gained = [flip for flip in flips if flip.is_right and not flip.was_right]
    lost = [flip for flip in flips if flip.was_right and not flip.is_right]
    assert (impact.flips, impact.gained, impact.lost) == (27, len(gained), len(lost))
    assert retally.check(CLEAN).flips() == ()


def test_rows_and_flips_of_what_is_in_memory() -> None:
    pandas = pytest.importorskip("pandas")
    rows = records(BAD)
    of_file = retally.check(BAD)
    expected = [replace(row, path="<stdin>") for row in of_file.rows(of_file.findings[0])]
    report = retally.check(rows)
    # The column is that of the line as it is written for the program.
    assert [replace(row, column=0) for row in report.rows(report.findings[0])] == [replace(row, column=0) for row in expected]
    assert report.flips() == tuple(replace(flip, path="<stdin>") for flip in of_file.flips())
    table = retally.check(pandas.DataFrame(rows))
    assert [row.line for row in table.rows(table.findings[0])] == [row.line for row in expected]
    several = retally.check(rows, rows[:4])
    assert [(row.path, row.line) for row in several.rows(several.findings[0])][-4:] == [("source-2.jsonl", at) for at in range(1, 5)]


def test_the_rows_of_each_finding_are_apart() -> None:
    report = retally.check(ROOT / "fixtures" / "rules" / "RT402-pick-not-argmax" / "bad.jsonl", NATIVE / "bug-mean" / "scores.jsonl")
    assert {finding.code: len(report.rows(finding)) for finding in report.findings} == {"RT204": 1001, "RT402": 3}
    by_pick = [row for finding in report.findings if finding.code == "RT402" for row in report.rows(finding)]
    assert [(row.item, row.candidate, row.line) for row in by_pick] == [("q1", None, 4), ("q3", None, 11), ("q5", None, 16)]
    assert (by_pick[0].reported, by_pick[0].recomputed) == (-3.518846, -0.682219)
    assert [flip.item for flip in report.flips() if flip.code == "RT402"] == ["q1", "q3", "q5"]
    # What the report does not find is not listed.
    assert retally.check(BAD, ignore="RT2").flips() == ()


def test_rows_have_the_texts_of_the_log() -> None:
    items = ["=1+1", "@home", "-2+3", 'a,"b"', "-7", "'x", "p" * 200_000]
    report = retally.check([{"item": item, "candidate": "=c", "logprobs": [-0.5, -1.25 - at], "score": -0.875 - at / 2} for at, item in enumerate(items)])
    rows = report.rows(report.findings[0])
    assert [(row.item, row.candidate) for row in rows] == [(item, "=c") for item in items]
    assert [(row.reported, row.recomputed) for row in rows][:2] == [(-0.875, -1.75), (-1.375, -2.75)]


def test_a_report_reads_its_log_again_wherever_the_process_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "scores.jsonl"
    log.write_bytes(BAD.read_bytes())
    monkeypatch.chdir(tmp_path)
    report = retally.check("scores.jsonl")
    monkeypatch.chdir(ROOT)
    (finding,) = report.findings
    assert len(report.rows(finding)) == 1001
    moved = pickle.loads(pickle.dumps(report))
    assert moved.to_json() == report.to_json() and len(moved.flips()) == 27
    lines = BAD.read_text(encoding="utf-8").splitlines(keepends=True)
    log.write_text("".join(lines[:600]), encoding="utf-8")
    with pytest.raises(retally.RetallyError, match=r"RT204: \d+ rows show it now, 1,001 in the report: the log has changed"):
        report.rows(finding)
    log.unlink()
    with pytest.raises(retally.RetallyError, match="does not exist"):
        report.rows(finding)
    with pytest.raises(retally.RetallyError, match="does not exist"):
        report.flips()


def test_a_report_that_does_not_know_its_log(tmp_path: Path) -> None:
    loaded = retally.Report.load(retally.check(BAD).save(tmp_path / "report.json"))
    in_memory = pickle.loads(pickle.dumps(retally.check(records(BAD))))
    for report in (loaded, in_memory, retally.check(iter(records(BAD)))):
        with pytest.raises(retally.RetallyError, match="does not know its log"):
            report.rows(report.findings[0])
        with pytest.raises(retally.RetallyError, match="does not know its log"):
            report.flips()
    loaded.log = Log([BAD])
    assert len(loaded.rows(loaded.findings[0])) == 1001 and len(loaded.flips()) == 27
    assert len(retally.check(BAD, exact_digits=True).flips()) == 27


def test_rows_of_an_incomplete_audit(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"")
    report = retally.check(BAD, tmp_path / "empty.jsonl")
    assert report.exit_code == 2 and report.findings[0].count == 1001
    with pytest.raises(retally.RetallyError, match=r"empty\.jsonl: the file is empty"):
        report.rows(report.findings[0])


def test_every_fixture_report_is_read_whole() -> None:
    """Every key of the JSON reports of the rules' bad logs is in the dataclasses."""
    for folder in sorted((ROOT / "fixtures" / "rules").iterdir())[::4]:
        bad = next(folder.glob("bad*"))
        report = retally.check(bad, allow_unproven=True)
        data = report.to_dict()
        # The others are there with an HTML report, or where findings are silenced.
        assert {field.name for field in fields(report.document)} == {*data, "silenced", "files", "changed_picks"}
        for read, written in zip(report.findings, data["findings"], strict=True):
            # Only findings about picks or steps have an impact.
            assert {field.name for field in fields(read)} == {*written, "impact"}
            assert {field.name for field in fields(read.evidence)} == set(written["evidence"])


def test_what_only_a_report_beside_a_page_has(tmp_path: Path) -> None:
    code, data = program("check", str(BAD), "--format", "json", "--report", f"html={tmp_path / 'page.html'}")
    document = retally.Report(data, exit_code=code).document
    assert document.changed_picks is not None and document.changed_picks.total == 27
    assert document.changed_picks.first[0].item == "22"
    assert [(one.path, one.bytes) for one in document.files] == [(str(BAD), BAD.stat().st_size)]


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
    code = "import sys; before = {*sys.modules}; import retally; print(*sorted({*sys.modules} - before - {'__future__'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["retally"]
    assert set(retally.__all__) <= set(dir(retally))
    # Integrations need no import of their own.
    assert callable(retally.mlflow.log) and callable(retally.ray.check)
    with pytest.raises(AttributeError, match="has no attribute 'chek'"):
        retally.chek  # type: ignore[attr-defined]


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
