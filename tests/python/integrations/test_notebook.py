"""The notebook of the documentation, run by a real kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient")

DOCS = Path(__file__).resolve().parents[3] / "docs"


def outputs() -> list[Any]:
    import nbformat

    notebook = nbformat.read(DOCS / "notebook.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(DOCS)}}).execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def test_the_notebook_runs_and_shows_its_cards() -> None:
    found = outputs()
    pages = ["".join(output["data"].get("text/html", "")) for output in found if "data" in output]
    assert [output["text"] for output in found if output.get("name") == "stdout"][-1] == "1,001 rows\n"
    cards = [page for page in pages if "<b>retally</b>" in page]
    assert len(cards) == 2
    assert "failed: 1 error" in cards[0] and "RT204" in cards[0]
    assert "passed: no findings" in cards[1]
    (frame,) = [page for page in pages if page.startswith("<iframe")]
    assert "RT204" in frame
