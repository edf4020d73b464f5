"""What the data is and what its columns hold: files, globs and frames become one DuckDB relation each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from glob import glob
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from dte_panel.engine.sql import literal, quote
from dte_panel.errors import InputError, did_you_mean

Connection = duckdb.DuckDBPyConnection
ColumnType = Literal["integer", "float", "boolean", "text", "time", "other"]

_TYPES: tuple[tuple[tuple[str, ...], ColumnType], ...] = (
    (
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
        "integer",
    ),
    (("UHUGEINT",), "integer"),
    (("FLOAT", "DOUBLE", "DECIMAL"), "float"),
    (("BOOLEAN",), "boolean"),
    (("VARCHAR", "ENUM", "UUID"), "text"),
    (("DATE", "TIMESTAMP"), "time"),
)
_READERS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".gz": "csv",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}


@dataclass(frozen=True)
class Source:
    """One side of the data, readable by name on the connection it was opened with.

    Attributes
    ----------
    name : str
        ``current`` or ``reference``.
    uri : str
        As the user wrote it, or ``<DataFrame>`` and the like.
    rows : int
    sha256 : str
        Of the file's bytes; of several files' digests in order; of a frame's Arrow stream.
    types : mapping
        Column to its type.
    zones : mapping
        Time column to whether its values carry a time zone.
    """

    name: str
    uri: str
    rows: int
    sha256: str
    types: Mapping[str, ColumnType]
    zones: Mapping[str, bool]

    @property
    def sql(self) -> str:
        """The relation's quoted name."""
        return quote(self.name)

    def record(self) -> dict[str, Any]:
        """What the evidence says of it."""
        return {"name": self.name, "uri": self.uri, "rows": self.rows, "sha256": self.sha256}


@dataclass(frozen=True)
class ColumnInfo:
    """What one column looks like; ``distinct`` is approximate above 10,000."""

    name: str
    type: ColumnType
    distinct: int
    nulls: int
    minimum: Any
    maximum: Any
    examples: tuple[str, ...]
    rows: int


def connect() -> Connection:
    """A private in-memory database that fetches no extensions and knows one time zone."""
    connection = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    connection.execute("SET TimeZone = 'UTC'").fetchall()
    return connection


def open_source(
    connection: Connection,
    name: str,
    data: Any,
    *,
    base: Path | None = None,
    keep_text: tuple[str, ...] = (),
) -> Source:
    """Make data readable as ``name``.

    Parameters
    ----------
    connection : Connection
    name : str
        ``current`` or ``reference``.
    data : path, glob, pandas or Polars frame, Arrow table, DuckDB relation
    base : Path, optional
        Folder that relative paths start from.
    keep_text : tuple of str
        CSV columns to read as text, whatever they look like.

    Raises
    ------
    InputError
        No such file, unreadable, empty, or of a kind that cannot be read.
    """
    if isinstance(data, str | Path):
        uri, digest = _open_files(connection, name, str(data), base or Path(), keep_text)
    else:
        uri, digest = _open_frame(connection, name, data)
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {quote(name)}").fetchall()
        ((rows,),) = connection.execute(f"SELECT COUNT(*) FROM {quote(name)}").fetchall()
    except duckdb.Error as error:
        raise _unreadable(uri, error) from error
    if not rows:
        raise InputError("there are no rows", where=uri, hint="Give a file with at least one row")
    types = {str(row[0]): _column_type(str(row[1])) for row in described}
    zones = {str(row[0]): "WITH TIME ZONE" in str(row[1]) for row in described if types[str(row[0])] == "time"}
    return Source(name, uri, int(rows), digest, types, zones)


def describe(data: Any, *, base: Path | None = None) -> list[ColumnInfo]:
    """What each column of some data looks like; for proposing roles."""
    connection = connect()
    try:
        source = open_source(connection, "current", data, base=base)
        return [_column_info(connection, source, column) for column in source.types]
    finally:
        connection.close()


def _column_info(connection: Connection, source: Source, column: str) -> ColumnInfo:
    c = quote(column)
    ordered = source.types[column] != "other"
    ends = f"CAST(MIN({c}) AS VARCHAR), CAST(MAX({c}) AS VARCHAR)" if ordered else "NULL, NULL"
    ((distinct, nulls, low, high),) = connection.execute(
        f"SELECT approx_count_distinct({c}), COUNT(*) - COUNT({c}), {ends} FROM {source.sql}"
    ).fetchall()
    if distinct < 10_000 or distinct > 0.5 * source.rows:
        ((distinct,),) = connection.execute(f"SELECT COUNT(DISTINCT {c}) FROM {source.sql}").fetchall()
    examples = connection.execute(
        f"SELECT CAST({c} AS VARCHAR) FROM {source.sql} WHERE {c} IS NOT NULL "
        "GROUP BY 1 ORDER BY COUNT(*) DESC, 1 LIMIT 3"
    ).fetchall()
    kind = source.types[column]
    if kind in ("integer", "float") and low is not None:
        low, high = float(low), float(high)
    return ColumnInfo(column, kind, distinct, nulls, low, high, tuple(str(e[0]) for e in examples), source.rows)


def _column_type(name: str) -> ColumnType:
    if name.endswith("]") or name.startswith(("STRUCT", "MAP", "UNION")):
        return "other"
    return next((kind for prefixes, kind in _TYPES if name.startswith(prefixes)), "other")


def _open_files(connection: Connection, name: str, uri: str, base: Path, keep_text: tuple[str, ...]) -> tuple[str, str]:
    paths = _paths(uri, base)
    readers = {_READERS.get(path.suffix.lower()) for path in paths}
    if len(readers) > 1:
        raise InputError("the files are of different kinds", where=uri, hint="Name files of one kind")
    reader = readers.pop()
    try:
        if reader == "arrow":
            connection.register(name, ds.dataset([str(p) for p in paths], format="ipc").to_table())
        elif reader == "csv":
            _read_csv(connection, name, uri, paths, keep_text)
        else:
            files = ", ".join(literal(str(path)) for path in paths)
            connection.execute(
                f"CREATE VIEW {quote(name)} AS SELECT * FROM read_parquet([{files}], union_by_name = true)"
            ).fetchall()
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise _unreadable(uri, error) from error
    return uri, _digest_files(paths)


def _paths(uri: str, base: Path) -> list[Path]:
    if "://" in uri:
        raise InputError(
            "addresses of remote data cannot be read yet", where=uri, hint="Download the file and name its path"
        )
    full = base / uri
    if full.is_dir():
        raise InputError("this is a folder", where=uri, hint=f"Name its files, such as '{uri.rstrip('/')}/*.parquet'")
    paths = [full] if full.is_file() else sorted(Path(p) for p in glob(str(full), recursive=True) if Path(p).is_file())
    if not paths:
        near = [p.name for p in full.parent.iterdir()] if full.parent.is_dir() else []
        raise InputError("no such file", where=uri, hint=did_you_mean(full.name, near) if near else "")
    for path in paths:
        if path.suffix.lower() not in _READERS:
            raise InputError(
                f"files ending in '{path.suffix}' cannot be read", where=uri, hint="Use Parquet, CSV or Arrow IPC"
            )
        if path.stat().st_size == 0:
            raise InputError("the file is empty", where=uri, hint="Give a file with at least one row")
    return paths


def _read_csv(connection: Connection, name: str, uri: str, paths: list[Path], keep_text: tuple[str, ...]) -> None:
    files = ", ".join(literal(str(path)) for path in paths)
    reader = f"read_csv([{files}], union_by_name = true, sample_size = -1"
    header = [str(row[0]) for row in connection.execute(f"DESCRIBE SELECT * FROM {reader})").fetchall()]
    types = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in keep_text if c in header)
    typed = f"{reader}, types = {{{types}}})" if types else f"{reader})"
    # Text is parsed once; every later scan reads the table.
    connection.execute(f"CREATE TEMP TABLE {quote(name)} AS SELECT * FROM {typed}").fetchall()


def _open_frame(connection: Connection, name: str, data: Any) -> tuple[str, str]:
    kind = type(data).__name__
    table = _arrow(data, kind)
    names = table.column_names
    repeated = next((column for column in names if names.count(column) > 1), None)
    if repeated is not None:
        raise InputError(f"column '{repeated}' stands there twice", where=f"<{kind}>", hint="Give each column one name")
    connection.register(name, table)
    return f"<{kind}>", _digest_table(table)


def _arrow(data: Any, kind: str) -> pa.Table:
    module = type(data).__module__.split(".")[0]
    readers: dict[str, Callable[[Any], Any]] = {
        "pyarrow": lambda d: d if isinstance(d, pa.Table) else pa.table(d),
        "pandas": _from_pandas,
        "polars": lambda d: (d.collect() if hasattr(d, "collect") else d).to_arrow(),
        "duckdb": _from_relation,
        "_duckdb": _from_relation,
    }
    if module not in readers:
        raise InputError(
            f"data of type {kind} cannot be read", hint="Use a path, a pandas or Polars frame, an Arrow table"
        )
    try:
        return readers[module](data)
    except (pa.ArrowException, duckdb.Error) as error:
        raise _unreadable(f"<{kind}>", error) from error


def _from_relation(relation: Any) -> pa.Table:
    # DuckDB 2 gives a table by this name, DuckDB 1 by the other.
    return relation.to_arrow_table() if hasattr(relation, "to_arrow_table") else relation.arrow()


def _from_pandas(frame: Any) -> pa.Table:
    for column in frame.columns:
        if frame[column].dtype == object:
            zones = {str(v.tzinfo) for v in frame[column] if isinstance(v, datetime)}
            if len(zones) > 1:
                raise mixed_zones(str(column), "<DataFrame>", zones)
    renamed = frame.rename(columns=str)
    return pa.Table.from_pandas(renamed, preserve_index=False).replace_schema_metadata(None)


def mixed_zones(column: str, where: str, zones: set[str]) -> InputError:
    """Build the error for a time column whose values are not in one time zone."""
    named = ", ".join(sorted(z or "none" for z in zones))
    return InputError(
        f"time column '{column}' mixes time zones ({named})",
        where=where,
        hint="Write all times in one zone, such as UTC",
    )


def _digest_files(paths: list[Path]) -> str:
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _digest_table(table: pa.Table) -> str:
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


def _unreadable(uri: str, error: Exception) -> InputError:
    first = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    return InputError(f"cannot be read ({first})", where=uri, hint="Check that it is a whole, valid file")
