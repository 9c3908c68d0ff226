#!/usr/bin/env python3
"""Writes docs/notebook.ipynb without outputs: the cells are here, so that they can be read and compared."""

from __future__ import annotations

import json
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "notebook.ipynb"

CELLS = [
    (
        "markdown",
        "# Audit an evaluation in a notebook\n"
        "Every number in a log is derived again from the tokens beneath it. `pip install . pandas` in a checkout of the repository, and start this notebook there.",
    ),
    ("code", "import pandas as pd\nimport retally\n\nrows = pd.read_json(\"../fixtures/formats/native/bug-mean/scores.jsonl\", lines=True)\nrows.head(3)"),
    ("markdown", "A table is audited as it is. The report shows itself as a card."),
    ("code", "report = retally.check(rows)\nreport"),
    ("markdown", "Findings are objects, and a table. One cause is one finding."),
    ("code", "finding = report.findings[0]\nprint(finding.label)\nreport.to_pandas()[[\"code\", \"claim\", \"count\", \"judged\", \"message\"]]"),
    ("markdown", "The picks that change if the column is the sum that it says it is:"),
    ("code", "pd.DataFrame(report.flips()).head()"),
    ("markdown", "Every row that shows it:"),
    ("code", "shown = pd.DataFrame(report.rows(finding))\nprint(f\"{len(shown):,} rows\")\nshown.head()"),
    ("markdown", "The page with pictures, in a frame:"),
    ("code", "report.frame(height=500)"),
    ("markdown", "Corrected, every claim is proven:"),
    (
        "code",
        "fixed = rows.assign(score=[sum(values) for values in rows[\"token_logprobs\"]]).drop(columns=[\"picked\"])\n"
        "after = retally.assert_clean(fixed, min_proven={\"score\": 1.0})\n"
        "after",
    ),
]


def main() -> None:
    cells = []
    for at, (kind, text) in enumerate(CELLS):
        cell: dict[str, object] = {"cell_type": kind, "id": f"cell-{at}", "metadata": {}, "source": text.splitlines(keepends=True)}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    PAGE.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
