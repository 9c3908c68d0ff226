"""The exceptions of the package. Their text is the program's message."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retally.report import Report

__all__ = ["PlanError", "RetallyError"]


class RetallyError(Exception):
    """An audit that could not be made or does not pass.

    `report` is the report of an audit that was made and does not pass; None if there is none, such as with an option that
    is invalid or a program that is missing. `exit_code` is that of the program.
    """

    def __init__(self, message: str, *, report: Report | None = None, exit_code: int = 2) -> None:
        super().__init__(message)
        self.report = report
        self.exit_code = exit_code


class PlanError(RetallyError):
    """Parts that were audited under another plan than all of them together need.

    `plan` is that plan, the bytes of a plan file: scan the parts again under it.
    """

    def __init__(self, message: str, plan: bytes) -> None:
        super().__init__(message)
        self.plan = plan
