"""What is audited: paths as they are, and tables and records as what the program reads on standard input."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO, Any, Protocol, TypeAlias, TypeGuard, runtime_checkable

__all__ = ["ArrowStream", "Source"]


@runtime_checkable
class ArrowStream(Protocol):
    """A table that exports an Arrow stream: of pandas, polars, pyarrow, DuckDB, datasets and others."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Exports the table as a PyCapsule."""


Source: TypeAlias = str | os.PathLike[str] | ArrowStream | Mapping[str, Any] | Iterable[Mapping[str, Any]]
"""A path or glob, a table, a record, or records."""

Write = Callable[[IO[bytes]], None]


def is_path(source: object) -> TypeGuard[str | os.PathLike[str]]:
    """Whether a source is a path or a glob."""
    return isinstance(source, (str, os.PathLike))


def writer(source: object) -> tuple[str, Write]:
    """The ending of a file with the source's content, and a function that writes the content."""
    if isinstance(source, Mapping):
        return ".json", lambda to: _lines([source], to)
    if hasattr(source, "__arrow_c_stream__"):
        write = _arrow(source)
        if write is not None:
            return ".arrow", write
    to_dicts = getattr(source, "to_dict", None)
    if callable(to_dicts) and hasattr(source, "columns"):
        # A pandas table without pyarrow, or with columns of several types.
        records: Any = to_dicts("records")
        return ".jsonl", lambda to: _lines(records, to)
    if isinstance(source, Iterable) and not isinstance(source, (bytes, bytearray)):
        rows: Iterable[Any] = source
        return ".jsonl", lambda to: _lines(rows, to)
    raise TypeError(
        f"cannot audit {type(source).__name__}: expected a path, a table (an object with __arrow_c_stream__ or a "
        "pandas.DataFrame), or a sequence of mappings"
    )


def _arrow(source: Any) -> Write | None:
    """Writes a table as an Arrow IPC stream. None if no installed library can."""
    try:
        import pyarrow
    except ImportError:
        # polars needs no pyarrow.
        write_ipc_stream = getattr(source, "write_ipc_stream", None)
        if write_ipc_stream is None:
            return None

        def of_polars(to: IO[bytes]) -> None:
            write_ipc_stream(to, compat_level=0)

        return of_polars
    try:
        reader = pyarrow.RecordBatchReader.from_stream(source)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError):
        if hasattr(source, "to_dict"):
            return None
        raise

    def write(to: IO[bytes]) -> None:
        with pyarrow.ipc.new_stream(to, reader.schema) as stream:
            for batch in reader:
                stream.write_batch(batch)

    return write


def _lines(records: Iterable[Any], to: IO[bytes]) -> None:
    for at, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise TypeError(f"record {at} is {type(record).__name__}: expected a mapping from names to values")
        to.write(_line(record))


def _line(record: Mapping[str, Any]) -> bytes:
    """A record as a line of JSON. Floats keep all their digits; NaN and infinities are written as Python does."""
    return json.dumps(record, default=_plain).encode() + b"\n"


def _plain(value: Any) -> Any:
    """A value that JSON has no type for, as one that it has."""
    # Arrays and scalars of NumPy, tensors of torch and others.
    for name in ("tolist", "to_list", "isoformat", "model_dump"):
        method = getattr(value, name, None)
        if callable(method):
            return method()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset, Sequence)):
        return list(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"cannot write a value of {type(value).__name__} to a record: expected numbers, texts, lists or mappings")


def words(names: str | Iterable[str]) -> str:
    """Codes as one option takes them."""
    return names if isinstance(names, str) else ",".join(names)
