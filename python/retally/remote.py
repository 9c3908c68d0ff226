"""Logs on object stores: copied by fsspec to a directory of this machine, under the name that they have there.

A report names an input by its path. A remote log is therefore audited in a directory that holds it under its address, so that
the report says `s3://bucket/run/samples.jsonl`, whichever machine read it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from retally.errors import RetallyError
from retally.parts import Task

__all__ = ["is_remote", "local", "tasks"]


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Whether a path is an address that fsspec opens, such as `s3://`, `gs://` or `hf://`."""
    return "://" in os.fspath(path)


def tasks(addresses: Iterable[str]) -> list[Task]:
    """A task per remote directory: a tool writes the files of a run into one, and they are read together.

    Directories are searched at every depth. A file or the files of a glob are read without the others beside them.
    """
    fsspec = _fsspec()
    whole: dict[str, list[str]] = {}
    named: dict[str, list[str]] = {}
    for address in addresses:
        protocol, _, path = address.partition("://")
        system, path = fsspec.core.url_to_fs(address)
        is_glob = any(sign in path for sign in "*?[")
        is_file = not is_glob and system.isfile(path)
        found = system.glob(path) if is_glob else [path] if is_file else system.find(path)
        for name in found:
            # Some file systems name files with their protocol, some with a slash at the start.
            plain = str(name).removeprefix(f"{protocol}://").lstrip("/")
            root = f"{protocol}:///" if protocol == "file" else f"{protocol}://"
            if not is_glob or system.isfile(name):
                folder = f"{root}{plain.rpartition('/')[0]}"
                (named if is_glob or is_file else whole).setdefault(folder, []).append(f"{root}{plain}")
        if not found:
            raise RetallyError(f"`{address}` does not exist or holds no file")
    made = [Task((folder,), copies=tuple(sorted(set(files)))) for folder, files in whole.items() if any(map(_is_log, files))]
    for folder, files in named.items():
        rest = sorted(set(files) - set(whole.get(folder, ())))
        made += [Task(tuple(rest), copies=tuple(rest))] if rest else []
    if not made:
        raise RetallyError(f"no file with the ending of a log ({', '.join(_ENDINGS)}) in {', '.join(addresses)}")
    return sorted(made, key=lambda task: task.paths)


_ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".arrow", ".arrows", ".feather", ".ipc", ".eval", ".zip")
_PACKED = (".gz", ".zst", ".bz2", ".xz")


def _is_log(address: str) -> bool:
    name = address.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return name.endswith(_ENDINGS)


@contextlib.contextmanager
def local(addresses: Sequence[str]) -> Iterator[str]:
    """A directory in which each address is the relative path of a copy of the file."""
    fsspec = _fsspec()
    with tempfile.TemporaryDirectory(prefix="retally-") as place:
        for address in addresses:
            protocol, _, path = address.partition("://")
            to = Path(place, f"{protocol}:", *path.split("/"))
            if Path(place).resolve() not in to.resolve().parents:
                raise RetallyError(f"`{address}` leaves its own directory")
            to.parent.mkdir(parents=True, exist_ok=True)
            system, name = fsspec.core.url_to_fs(address)
            # A file of the local system is named with its leading slash.
            system.get_file(name, str(to))
        yield place


def _fsspec() -> Any:
    try:
        import fsspec.core
    except ImportError as error:
        raise RetallyError("remote logs need fsspec and the package of their store, such as s3fs, gcsfs or huggingface_hub") from error
    return fsspec
