"""The examples of the documentation, which the tests run as they are on the page."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

# A text of each example that needs a tool, and the test that runs it.
ELSEWHERE = {
    "evaluate(tmp_path)": "test_pytest_plugin.py",
    "mlflow.start_run()": "integrations/test_mlflow.py",
    "wandb.init(": "integrations/test_wandb.py",
    "run_registered_checks": "integrations/test_every_eval_ever.py",
    "retally.ray.check": "integrations/test_ray.py",
    "retally.spark.check": "integrations/test_spark.py",
}


def examples(page: str, language: str = "python") -> list[str]:
    """The blocks of code of a page of the repository, in order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def example(page: str, about: str, language: str = "python") -> str:
    """The block of a page that has a text."""
    (found,) = [code for code in examples(page, language) if about in code]
    return found
