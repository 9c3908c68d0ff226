"""Reports in the real client of Weights & Biases, in its offline mode."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

wandb = pytest.importorskip("wandb")

from . import pages  # noqa: E402

import retally  # noqa: E402
import retally.wandb  # noqa: E402

NATIVE = Path(__file__).resolve().parents[3] / "fixtures" / "formats" / "native"


def records(folder: Path) -> list[Any]:
    """What the offline run wrote to its transaction log."""
    from wandb.proto import wandb_internal_pb2

    (path,) = folder.glob("wandb/offline-run-*/*.wandb")
    data = path.read_bytes()
    # LevelDB's log format behind a header of 7 bytes: blocks of 32 KiB, of pieces with a checksum, a length and a kind
    # (1 a whole record, 2 its start, 3 its middle, 4 its end).
    found, record, at = [], b"", 7
    while at < len(data):
        if (left := 32768 - at % 32768) < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        record += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            found.append(wandb_internal_pb2.Record.FromString(record))
            record = b""
    return found


@pytest.mark.parametrize(("name", "verdict", "refuted"), [("bug-mean", "failed", 1001), ("clean-candidates", "passed", 0)])
def test_an_offline_run(tmp_path: Path, name: str, verdict: str, refuted: int) -> None:
    with wandb.init(project="evals", dir=tmp_path, mode="offline", tags=["mine", "retally:passed"]) as run:
        retally.wandb.log(retally.check(NATIVE / name))
        assert set(run.tags) == {"mine", f"retally:{verdict}"}
        assert run.summary["retally/verdict"] == verdict
        assert run.summary["retally/claims/refuted"] == refuted
    # Ends the process that writes the file.
    wandb.teardown()
    found = records(tmp_path)
    # Keys are plain or, for nested ones, lists of names.
    history = {(item.key or "/".join(item.nested_key)): json.loads(item.value_json) for record in found if record.WhichOneof("record_type") == "history" for item in record.history.item}
    assert history["retally/claims/refuted"] == refuted
    assert history["retally/report/_type"] == "html-file"
    (html,) = tmp_path.glob(f"wandb/offline-run-*/files/{history['retally/report/path']}")
    assert ("RT204" in html.read_text(encoding="utf-8")) == (verdict == "failed")
    (artifact,) = [record.request.log_artifact.artifact if record.WhichOneof("record_type") == "request" else record.artifact for record in found if record.WhichOneof("record_type") == "artifact"]
    assert artifact.type == "retally" and {entry.path for entry in artifact.manifest.contents} == {"report.html", "report.json"}


def test_the_example_of_the_documentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    report = retally.check(NATIVE / "clean-candidates")
    exec(pages.example("docs/python.md", "wandb.init("), {"wandb": wandb, "retally": retally, "report": report})
    wandb.teardown()
    (run,) = [record.run for record in records(tmp_path) if record.WhichOneof("record_type") == "run"][-1:]
    assert run.project == "evals"
    kinds = {record.WhichOneof("record_type") for record in records(tmp_path)}
    assert "history" in kinds


def test_without_a_run() -> None:
    with pytest.raises(RuntimeError, match="no active run"):
        retally.wandb.log(retally.check(NATIVE / "clean-candidates"))
