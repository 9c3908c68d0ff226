"""The pytest plugin: a fixture, a marker and an item per log.

    def test_the_run(retally, tmp_path):
        evaluate(tmp_path)
        retally.assert_clean(tmp_path, min_proven={"score": 1.0})

    @pytest.mark.retally("runs/latest")
    def test_the_evaluation(): ...

    pytest --retally runs/latest

The marker audits its paths after the test has passed. It takes the arguments of `retally.assert_clean`, with several paths
allowed. Paths begin in the working directory. `--retally` makes an item per log of a path, and one for the audit as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from retally.report import Report

__all__ = ["LogItem", "retally"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options."""
    group = parser.getgroup("retally", "audit of evaluation logs")
    group.addoption("--retally", action="append", default=[], metavar="PATH", help="audit these logs: an item per log (can be repeated)")
    group.addoption("--retally-baseline", metavar="FILE", help="ignore findings listed in this baseline file")
    group.addoption(
        "--retally-fail-on",
        choices=["error", "warning", "note", "never"],
        help="minimum severity that fails an item (default: as configured, else error)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line(
        "markers",
        "retally(*paths, min_proven={}, **options): audit these logs after the test has passed, as retally.assert_clean does",
    )


@pytest.fixture
def retally() -> ModuleType:
    """The package `retally`, for `retally.assert_clean(path)` at the end of a test."""
    import retally

    return retally


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Audits the logs of the marker once the test has passed."""
    outcome: Any = yield
    if outcome.excinfo is not None:
        return
    for marker in pyfuncitem.iter_markers("retally"):
        if not marker.args:
            raise pytest.UsageError(f"{pyfuncitem.nodeid}: @pytest.mark.retally needs a path")
        from retally import RetallyError, assert_clean

        for path in marker.args:
            try:
                assert_clean(path, **marker.kwargs)
            except RetallyError as error:
                outcome.force_exception(pytest.fail.Exception(str(error), pytrace=False))
                return


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Adds the items of `--retally`."""
    for path in config.getoption("--retally") or []:
        items.extend(_items(session, path))


def _items(session: pytest.Session, path: str) -> Iterator[pytest.Item]:
    from retally import RetallyError
    from retally.parts import measure

    audit = _Audit(path, session.config)
    logs: list[str] = []
    try:
        import json

        logs = list(json.loads(measure(path))["inputs"])
    except RetallyError:
        # The item of the whole says why.
        pass
    if len(logs) != 1:
        yield LogItem.from_parent(session, name=f"retally:{path}", audit=audit, log=None)
    for log in logs:
        yield LogItem.from_parent(session, name=f"retally:{log}", audit=audit, log=log, is_alone=len(logs) == 1)


class _Audit:
    """The audit of one path, made when its first item runs."""

    def __init__(self, path: str, config: pytest.Config) -> None:
        self.path = path
        self._config = config
        self._report: Report | None = None

    def report(self) -> Report:
        if self._report is None:
            from retally import check

            baseline, fail_on = (self._config.getoption(name) for name in ("--retally-baseline", "--retally-fail-on"))
            self._report = check(self.path, baseline=baseline, fail_on=fail_on)
        return self._report


class LogItem(pytest.Item):
    """One log, or the audit of a path as a whole, as a test."""

    def __init__(self, *, audit: _Audit, log: str | None, is_alone: bool = False, **options: Any) -> None:
        super().__init__(nodeid=options["name"], **options)
        self._audit = audit
        self._log = log
        self._is_alone = is_alone

    def runtest(self) -> None:
        """Fails with the findings of the log."""
        from retally.report import described

        report = self._audit.report()
        said: list[str] = []
        if self._log is not None:
            mine = [finding for finding in report.failing if self._log in _logs_of(finding)]
            said += [described(finding) for finding in mine]
        if self._log is None or self._is_alone:
            said += list(report.gate.failures) if report.gate else []
            said += [f"{error.path}: {error.reason}" for error in report.errors if error.fatal]
            if report.exit_code == 2:
                said.append(report.message)
        if said:
            pytest.fail("\n\n".join(said), pytrace=False)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The program's message, without a traceback through the plugin."""
        from retally import RetallyError

        if isinstance(excinfo.value, RetallyError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, None, str]:
        """Where the item is."""
        return self.nodeid, None, ""


def _logs_of(finding: Any) -> set[str]:
    return {at.path for at in finding.locations} or set(finding.inputs)
