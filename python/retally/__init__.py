"""Re-derives every number in the log of a language-model evaluation from the tokens beneath it.

>>> import retally
>>> report = retally.check("runs/")
>>> report.ok
True

`check` audits files, tables and records; `assert_clean` raises if a finding fails. Everything is computed by the program
`retally` that the wheel contains: it reads the log once, and nothing leaves the machine.
"""

from __future__ import annotations

# As of the module `typing`, which takes longer to import than this package.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from retally import audit as audit
    from retally import every_eval_ever as every_eval_ever
    from retally import lm_eval as lm_eval
    from retally import mlflow as mlflow
    from retally import model as model
    from retally import parts as parts
    from retally import ray as ray
    from retally import report as report
    from retally import spark as spark
    from retally import trl as trl
    from retally import wandb as wandb
    from retally.audit import assert_clean, check, explain, init, score, trace
    from retally.errors import PlanError, RetallyError
    from retally.parts import Part
    from retally.report import Report
    from retally.rollout import check_rollout

__all__ = [
    "Part",
    "PlanError",
    "Report",
    "RetallyError",
    "assert_clean",
    "check",
    "check_rollout",
    "explain",
    "init",
    "score",
    "trace",
]

# Loaded when first used: a harness that imports the package pays nothing until a run ends.
_MODULES = {
    "Part": "retally.parts",
    "PlanError": "retally.errors",
    "Report": "retally.report",
    "RetallyError": "retally.errors",
    "assert_clean": "retally.audit",
    "check": "retally.audit",
    "check_rollout": "retally.rollout",
    "explain": "retally.audit",
    "init": "retally.audit",
    "score": "retally.audit",
    "trace": "retally.audit",
}
# Not in `__all__`: some import the tool that they are for, which may be missing.
_SUBMODULES = ("audit", "every_eval_ever", "lm_eval", "mlflow", "model", "parts", "ray", "report", "spark", "trl", "wandb")


# A type checker would take every name for an attribute.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        module = _MODULES.get(name)
        if module is None and name not in _SUBMODULES:
            raise AttributeError(f"module 'retally' has no attribute {name!r}")
        import importlib

        if module is None:
            return importlib.import_module(f"retally.{name}")
        value: object = getattr(importlib.import_module(module), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
