"""Finds and runs the program `retally`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from retally.errors import RetallyError

_NAME = "retally.exe" if sys.platform == "win32" else "retally"


@dataclass(frozen=True)
class Output:
    """What the program printed, and its exit code."""

    exit_code: int
    stdout: bytes
    stderr: str

    def message(self) -> str:
        """What it said on standard error, without the program's name."""
        text = self.stderr.strip().removeprefix("retally: ").removeprefix("error: ")
        return text or f"retally exited with {self.exit_code}"

    def checked(self) -> bytes:
        """Standard output of a command that has to succeed."""
        if self.exit_code != 0:
            raise RetallyError(self.message(), exit_code=self.exit_code)
        return self.stdout


def find() -> str:
    """The path of the program: `RETALLY_BIN`, else the one that was installed with this package, else the first on PATH."""
    own = os.environ.get("RETALLY_BIN")
    if own:
        return own
    import sysconfig

    # The scheme of this environment, of `pip install --user`, and of `pip install --target`.
    places = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))]
    beside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    places.append(os.path.join(beside, "bin"))
    for place in places:
        path = os.path.join(place, _NAME)
        if os.path.isfile(path):
            return path
    import shutil

    found = shutil.which("retally")
    if found is None:
        raise RetallyError(
            f"the program {_NAME} is missing: it is neither in {', '.join(places)} nor on PATH; "
            "install the package again, or set RETALLY_BIN to the program"
        )
    return found


def run(
    arguments: Sequence[str], *, write: Callable[[IO[bytes]], object] | None = None, directory: str | None = None
) -> Output:
    """Runs a command. `write` writes its standard input, of any size; without it, standard input is empty."""
    program = find()
    if os.path.dirname(program):
        # A path in RETALLY_BIN begins in the directory of this process, not in the one where the program runs.
        program = os.path.abspath(program)
    # Files and not pipes: the program may print before it has read everything.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(
                [program, *arguments],
                stdin=subprocess.DEVNULL if write is None else subprocess.PIPE,
                stdout=out,
                stderr=err,
                cwd=directory,
            )
        except OSError as error:
            raise RetallyError(f"cannot run {program}: {error}") from error
        try:
            if write is not None and process.stdin is not None:
                _feed(process.stdin, write)
            process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        out.seek(0)
        err.seek(0)
        return Output(process.returncode, out.read(), err.read().decode("utf-8", "replace"))


def _feed(to: IO[bytes], write: Callable[[IO[bytes]], object]) -> None:
    try:
        with to:
            write(to)
    except BrokenPipeError:
        # The program ended early; its message says why.
        pass
