"""The pytest plugin in real runs of pytest."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from integrations import pages

from retally import _program

pytest_plugins = ["pytester"]

NATIVE = Path(__file__).resolve().parents[2] / "fixtures" / "formats" / "native"
BAD, CLEAN = NATIVE / "bug-mean", NATIVE / "clean-candidates"
FINDING = "error*RT204*: `score` is the mean of the log-probs, not their sum"


@pytest.fixture(autouse=True)
def _plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without an installed package there is no entry point.
    try:
        from importlib.metadata import entry_points

        installed = any(one.name == "retally" for one in entry_points(group="pytest11"))
    except ImportError:
        installed = False
    if not installed:
        monkeypatch.setenv("PYTEST_PLUGINS", "retally.pytest_plugin")


def test_the_fixture(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        f"""
        def test_clean(retally):
            assert retally.assert_clean({str(CLEAN)!r}, min_proven={{"score": 1.0}}).ok

        def test_bad(retally):
            retally.assert_clean({str(BAD)!r})
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([f"*{FINDING}", "*scores.jsonl:1:223*"])


def test_the_marker(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.retally({str(CLEAN)!r}, min_proven={{"score": 1.0}})
        def test_clean(): pass

        @pytest.mark.retally({str(CLEAN)!r}, {str(BAD)!r})
        def test_bad(): pass

        @pytest.mark.retally({str(BAD)!r}, ignore="RT2")
        def test_ignored(): pass

        @pytest.mark.retally({str(BAD)!r})
        def test_that_fails_itself(): assert 1 == 2
        """
    )
    result = pytester.runpytest_subprocess("--strict-markers")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*test_bad*", FINDING, "*assert 1 == 2*"])
    assert "Traceback" not in result.stdout.str() and "pytest_plugin.py" not in result.stdout.str()


def test_an_item_per_log(pytester: pytest.Pytester) -> None:
    runs = pytester.mkdir("runs")
    shutil.copytree(BAD, runs / "bad", ignore=shutil.ignore_patterns("*.toml"))
    shutil.copytree(CLEAN, runs / "clean", ignore=shutil.ignore_patterns("*.toml"))
    result = pytester.runpytest_subprocess("--retally", "runs", "-v")
    # Scores and summary of both, and the audit as a whole.
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["retally:runs/bad/scores.jsonl FAILED*", FINDING, f"*runs{os.sep}bad*scores.jsonl:1:223*"])
    pytester.runpytest_subprocess("--retally", "runs", "-k", "clean").assert_outcomes(passed=2, deselected=3)
    pytester.runpytest_subprocess("--retally", "runs", "--retally-fail-on", "never").assert_outcomes(passed=5)
    single = pytester.runpytest_subprocess("--retally", "runs/bad/scores.jsonl")
    single.assert_outcomes(failed=1)
    assert single.ret == pytest.ExitCode.TESTS_FAILED


def test_the_example_of_the_documentation(pytester: pytest.Pytester) -> None:
    example = pages.example("docs/python.md", "evaluate(tmp_path)")
    given = f"import shutil\nimport pytest\n\ndef evaluate(to): shutil.copytree({str(CLEAN)!r}, to, dirs_exist_ok=True)\n\n"
    pytester.makepyfile(given + example)
    runs = pytester.mkdir("runs")
    shutil.copytree(CLEAN, runs / "latest")
    pytester.runpytest_subprocess().assert_outcomes(passed=2)
    shutil.copy(BAD / "scores.jsonl", runs / "latest" / "scores.jsonl")
    pytester.runpytest_subprocess().assert_outcomes(passed=1, failed=1)


def test_a_baseline(pytester: pytest.Pytester) -> None:
    runs = pytester.mkdir("runs")
    shutil.copy(BAD / "scores.jsonl", runs / "scores.jsonl")
    subprocess.run([_program.find(), "baseline", "create", "runs", "--output", "known.json"], check=True, cwd=pytester.path)
    pytester.runpytest_subprocess("--retally", "runs").assert_outcomes(failed=1)
    pytester.runpytest_subprocess("--retally", "runs", "--retally-baseline", "known.json").assert_outcomes(passed=1)


def test_a_path_that_cannot_be_audited_fails(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--retally", "missing")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*`missing` does not exist*"])
