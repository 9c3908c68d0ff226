"""Hooks of inspect_ai: every task ends with one line of verdict.

Where this package is installed, inspect_ai loads the hooks by their entry point. They audit the log of each task once it is
written and print a line per log when the run ends. They never break a run: what goes wrong is said in that line.
`RETALLY_INSPECT=false` turns them off.
"""

from __future__ import annotations

import os
import sys
from urllib.parse import unquote, urlsplit

import anyio.to_thread
from inspect_ai.hooks import Hooks, RunEnd, TaskEnd, hooks

__all__ = ["AuditHooks", "verdict"]


def verdict(location: str) -> str:
    """The verdict on the log at a location, a path or a `file:` address, in one line."""
    from retally.audit import check

    address = urlsplit(location)
    path = unquote(address.path) if address.scheme == "file" else location
    if "://" in path:
        return f"retally: {location}: not audited (the log is not a local file; retally.ray.check reads it where it is)"
    try:
        return f"retally: {path}: {check(path, allow_unproven=True).headline()}"
    # A hook must not break the run, whatever is wrong with the log or the installation.
    except Exception as error:
        return f"retally: {path}: not audited ({str(error) or type(error).__name__})".replace("\n", " ")


@hooks(name="retally", description="Audits the log of each task when it ends (RETALLY_INSPECT=false turns it off)")
class AuditHooks(Hooks):  # type: ignore[misc, unused-ignore]
    """Audits each task's log, and says the verdicts at the end of the run."""

    def __init__(self) -> None:
        self._verdicts: dict[str, list[str]] = {}

    def enabled(self) -> bool:
        """Whether `RETALLY_INSPECT` does not say otherwise."""
        return os.environ.get("RETALLY_INSPECT", "true").strip().lower() not in ("false", "0", "no", "off")

    async def on_task_end(self, data: TaskEnd) -> None:
        """Audits the log of the task."""
        if data.log.location:
            line = await anyio.to_thread.run_sync(verdict, data.log.location)
            self._verdicts.setdefault(data.run_id, []).append(line)

    async def on_run_end(self, data: RunEnd) -> None:
        """Prints the verdicts, below what the run displays."""
        for line in self._verdicts.pop(data.run_id, []):
            print(line, file=sys.stderr)
