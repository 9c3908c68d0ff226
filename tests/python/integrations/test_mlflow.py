"""Reports in a real MLflow: its SQLite store and its tracking server."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

mlflow = pytest.importorskip("mlflow")

from . import pages  # noqa: E402

import retally  # noqa: E402
import retally.mlflow  # noqa: E402

NATIVE = Path(__file__).resolve().parents[3] / "fixtures" / "formats" / "native"


def log(name: str) -> str:
    with mlflow.start_run() as run:
        retally.mlflow.log(retally.check(NATIVE / name))
    return str(run.info.run_id)


def what_is_there(folder: Path) -> None:
    client = mlflow.MlflowClient()
    bad, clean = (client.get_run(log(name)) for name in ("bug-mean", "clean-candidates"))
    assert (bad.data.tags["retally"], bad.data.tags["retally.codes"]) == ("failed", "RT204")
    assert (clean.data.tags["retally"], clean.data.tags["retally.codes"]) == ("passed", "")
    assert bad.data.metrics["retally/claims/refuted"] == 1001
    assert bad.data.metrics["retally/metric/local_mc/accuracy/reported"] == pytest.approx(134 / 300)
    assert clean.data.metrics["retally/ok"] == 1.0 and clean.data.metrics["retally/claims/proven_share"] == 1.0
    path = client.download_artifacts(bad.info.run_id, "retally/report.html", str(folder))
    assert "RT204" in Path(path).read_text(encoding="utf-8")
    path = client.download_artifacts(bad.info.run_id, "retally/report.json", str(folder))
    assert retally.Report.load(path).exit_code == 1


def test_a_store_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    what_is_there(tmp_path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path / 'server.db'}", "--artifacts-destination", str(tmp_path / "artifacts")]
    with (tmp_path / "server.log").open("wb") as said, subprocess.Popen(command, cwd=tmp_path, stdout=said, stderr=said) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(240):
                try:
                    urllib.request.urlopen(f"{address}/health").close()
                    break
                except OSError:
                    assert process.poll() is None, (tmp_path / "server.log").read_text()
                    time.sleep(0.5)
            yield address
        finally:
            process.terminate()


def test_a_tracking_server(server: str, tmp_path: Path) -> None:
    mlflow.set_tracking_uri(server)
    what_is_there(tmp_path)


def test_the_example_of_the_documentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    exec(pages.example("docs/python.md", "mlflow.start_run()"), {"mlflow": mlflow, "retally": retally, "report": retally.check(NATIVE / "bug-mean")})
    run = mlflow.last_active_run()
    assert (run.data.tags["retally"], run.data.tags["retally.codes"]) == ("failed", "RT204")


def test_names_of_metrics_from_the_log_are_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    rows = [{"item": f"q{at}", "candidate": "a", "task": "größe\n<b>", "logprobs": [-0.5, -1.25], "score": -1.75} for at in range(3)]
    with mlflow.start_run() as run:
        retally.mlflow.log(retally.check(rows), prefix="audit: ä/")
    assert mlflow.MlflowClient().get_run(run.info.run_id).data.metrics["audit: _/ok"] == 1.0
