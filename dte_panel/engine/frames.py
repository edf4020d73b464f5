"""Frames in memory to Arrow tables, or what is wrong with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from dte_panel.errors import InputError


def from_frame(data: Any) -> tuple[pa.Table, str]:
    """A pandas or Polars frame, an Arrow table or a DuckDB relation as an Arrow table, and the digest of its rows.

    Raises
    ------
    InputError
        It is of another type, names a column twice, or holds values that no column can have.
    """
    kind = type(data).__name__
    reader = next((r for base in type(data).__mro__ if (r := _FRAMES.get(_class(base)))), None)
    if reader is None:
        raise InputError(
            f"data of type {kind} cannot be read", hint="Use a path, a pandas or Polars frame, an Arrow table"
        )
    try:
        table = reader(data)
        _refuse_repeated(table.column_names, kind)
        return table, _digest(table)
    except InputError:
        raise
    except Exception as error:  # each library of frames has exceptions of its own
        raise unreadable(f"<{kind}>", error, _PLAIN) from error


def _class(kind: type) -> str:
    return f"{kind.__module__.split('.')[0].lstrip('_')}.{kind.__name__}"


def _refuse_repeated(names: Sequence[str], kind: str) -> None:
    repeated = next((column for column in names if list(names).count(column) > 1), None)
    if repeated is not None:
        raise InputError(f"column '{repeated}' stands there twice", where=f"<{kind}>", hint="Give each column one name")


def _from_relation(relation: Any) -> pa.Table:
    # DuckDB 2 gives a table by this name, DuckDB 1 by the other.
    return relation.to_arrow_table() if hasattr(relation, "to_arrow_table") else relation.arrow()


def _from_pandas(frame: Any) -> pa.Table:
    named = frame.set_axis([str(column) for column in frame.columns], axis=1)
    _refuse_repeated(list(named.columns), "DataFrame")
    for column, kind in named.dtypes.items():
        if kind == "object":
            # NaT is a datetime that does not equal itself.
            zones = {str(v.tzinfo) for v in named[column] if isinstance(v, datetime) and v == v}  # noqa: PLR0124
            if len(zones) > 1:
                raise mixed_zones(str(column), "<DataFrame>", zones)
    half = [column for column, kind in named.dtypes.items() if kind == "float16"]
    plain = named.astype(dict.fromkeys(half, "float32"))  # DuckDB has no half floats
    return pa.Table.from_pandas(plain, preserve_index=False).replace_schema_metadata(None)


#: What to do about a column that does not fit.
_PLAIN = "Give every column values of one plain type"
#: Class of a frame to what makes an Arrow table of it.
_FRAMES: dict[str, Callable[[Any], Any]] = {
    "pandas.DataFrame": _from_pandas,
    "polars.DataFrame": lambda frame: frame.to_arrow(),
    "polars.LazyFrame": lambda frame: frame.collect().to_arrow(),
    "pyarrow.Table": lambda table: table,
    "pyarrow.RecordBatch": pa.table,
    "pyarrow.RecordBatchReader": lambda reader: reader.read_all(),
    "duckdb.DuckDBPyRelation": _from_relation,
}


def mixed_zones(column: str, where: str, zones: set[str]) -> InputError:
    """Build the error for a time column whose values are not in one time zone."""
    named = ", ".join(sorted(z or "none" for z in zones))
    return InputError(
        f"time column '{column}' mixes time zones ({named})",
        where=where,
        hint="Write all times in one zone, such as UTC",
    )


def _digest(table: pa.Table) -> str:
    sink = _HashSink()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), table.schema) as stream:
        # One chunk, so that the digest does not depend on how the frame was cut.
        stream.write_table(table.combine_chunks())
    return sink.digest.hexdigest()


class _HashSink:
    """A file that only remembers the digest of what is written to it."""

    closed = False

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


def unreadable(uri: str, error: Exception, hint: str = "Check that it is a whole, valid file") -> InputError:
    """Build the error for data that a library refuses, with the first line of what it says."""
    said = " ".join(str(part) for part in error.args if isinstance(part, str)).strip() or str(error).strip()
    first = said.splitlines()[0][:200] if said else type(error).__name__
    return InputError(f"cannot be read ({first})", where=uri, hint=hint)
