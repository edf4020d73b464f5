"""What the data is and what its columns hold: files, globs and frames become one DuckDB relation each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from glob import escape, glob
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa

from dte_panel.engine.cache import Forgetful
from dte_panel.engine.frames import from_frame, unreadable
from dte_panel.engine.parquet import Files
from dte_panel.engine.questions import Part, open_parts, whole
from dte_panel.engine.sql import literal, quote
from dte_panel.errors import InputError, did_you_mean

Connection = duckdb.DuckDBPyConnection
ColumnType = Literal["integer", "float", "boolean", "text", "time", "null", "other"]

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
#: What the names begin with that queries give to their own columns.
RESERVED = "dte__"
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
    relation : str
        What is read in its place, if not ``name``.
    declared : mapping
        Column to its type as SQL writes it.
    parts : tuple of Part
        Its files, where sums are made of each, so that they come out the same whatever is kept.
    files : Files or None
        Its Parquet files, where it is their rows and nothing else.
    """

    name: str
    uri: str
    rows: int
    sha256: str
    types: Mapping[str, ColumnType]
    zones: Mapping[str, bool]
    relation: str = ""
    declared: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    files: Files | None = None

    @property
    def sql(self) -> str:
        """The relation's quoted name."""
        return quote(self.relation or self.name)

    def texts(self, column: str, most: int) -> Mapping[str | None, int] | None:
        """Rows of each text as the files have them; ``None`` where the database has to say."""
        plain = self.files and not self.relation and self.declared.get(column) == "VARCHAR"
        return self.files.texts(column, most) if self.files and plain else None

    @property
    def kept(self) -> tuple[Part, ...]:
        """Its files, where answers about each are kept; else its relation answers for all of them."""
        return tuple(part for part in self.parts if part.cache.keeps)

    def record(self) -> dict[str, Any]:
        """What the evidence says of it."""
        known = {name: getattr(self, name) for name in ("name", "uri", "rows", "sha256")}
        return {**known, "columns": dict(self.types)}


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


def connect(memory: str | None = None) -> Connection:
    """A private in-memory database that fetches no extensions and knows one time zone.

    Parameters
    ----------
    memory : str, optional
        What it may use, such as ``512MB``; default: most of what the machine has.
    """
    connection = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    connection.execute("SET TimeZone = 'UTC'").fetchall()
    if memory:
        connection.execute(f"SET memory_limit = {literal(memory)}").fetchall()
    return connection


def open_source(
    connection: Connection,
    name: str,
    data: Any,
    *,
    base: Path | None = None,
    keep_text: tuple[str, ...] = (),
    cache: Forgetful | None = None,
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
    cache : Forgetful, optional
        Where to keep what is learned of each Parquet file; other files are read each time.

    Raises
    ------
    InputError
        No such file, unreadable, empty, or of a kind that cannot be read.
    """
    table, paths = None, _parquet(str(data), base or Path()) if isinstance(data, str | Path) else []
    if cache and len(paths) > (0 if cache.keeps else 1):
        return _open_parts(connection, cache, name, str(data), paths)
    if isinstance(data, str | Path):
        uri, digest = _open_files(connection, name, str(data), base or Path(), keep_text)
    else:
        table, digest = from_frame(data)
        uri = f"<{type(data).__name__}>"
    try:
        if table is not None:
            connection.register(name, table)
        described = connection.execute(f"DESCRIBE SELECT * FROM {quote(name)}").fetchall()
        ((rows,),) = connection.execute(f"SELECT COUNT(*) FROM {quote(name)}").fetchall()
    except duckdb.Error as error:
        raise unreadable(uri, error) from error
    source = _source(name, uri, int(rows), digest, [(str(row[0]), str(row[1])) for row in described])
    # Folders such as year=2026 give columns of their own.
    plain = paths and not any("=" in str(path.parent) for path in paths)
    return replace(source, files=Files(paths)) if plain else source


def _parquet(uri: str, base: Path) -> list[Path]:
    paths = _paths(uri, base)
    return paths if all(_READERS[path.suffix.lower()] == "parquet" for path in paths) else []


def _open_parts(connection: Connection, cache: Forgetful, name: str, uri: str, paths: list[Path]) -> Source:
    try:
        parts, described = open_parts(connection, cache, name, paths)
        rows = sum(part.rows for part in parts)
    except (duckdb.Error, OSError) as error:
        raise unreadable(uri, error) from error
    source = replace(_source(name, uri, rows, _joined([part.digest for part in parts]), described), parts=parts)
    if not cache.keeps:
        whole(connection, source)
    return source


def _source(name: str, uri: str, rows: int, digest: str, described: list[tuple[str, str]]) -> Source:
    if not rows:
        raise InputError("there are no rows", where=uri, hint="Give a file with at least one row")
    types = {column: _column_type(kind) for column, kind in described}
    reserved = next((column for column in types if column.lower().startswith(RESERVED)), None)
    if reserved is not None:
        hint = f"Names that begin with {RESERVED} are the engine's own; rename it"
        raise InputError(f"column '{reserved}' cannot be read", where=uri, hint=hint)
    zones = {column: _zoned(kind) for column, kind in described if types[column] == "time"}
    return Source(name, uri, rows, digest, types, zones, declared=dict(described))


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


def _zoned(name: str) -> bool:
    return "WITH TIME ZONE" in name or name.startswith("TIMESTAMPTZ")


def _column_type(name: str) -> ColumnType:
    if name.endswith("]") or name.startswith(("STRUCT", "MAP", "UNION")):
        return "other"
    if name == '"NULL"':
        return "null"
    return next((kind for prefixes, kind in _TYPES if name.startswith(prefixes)), "other")


def _open_files(connection: Connection, name: str, uri: str, base: Path, keep_text: tuple[str, ...]) -> tuple[str, str]:
    paths = _paths(uri, base)
    readers = {_READERS.get(path.suffix.lower()) for path in paths}
    if len(readers) > 1:
        raise InputError("the files are of different kinds", where=uri, hint="Name files of one kind")
    reader = readers.pop()
    try:
        if reader == "arrow":
            import pyarrow.dataset as ds  # brings pandas along

            connection.register(name, ds.dataset([str(p) for p in paths], format="ipc").to_table())
        elif reader == "csv":
            _read_csv(connection, name, uri, paths, keep_text)
        else:
            connection.execute(
                f"CREATE VIEW {quote(name)} AS SELECT * FROM read_parquet([{_listed(paths)}], union_by_name = true)"
            ).fetchall()
        return uri, _digest_files(paths)
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise unreadable(uri, error) from error


def _listed(paths: list[Path]) -> str:
    # A file may be called `a*.csv`: DuckDB must not read its neighbours.
    return ", ".join(literal(escape(str(path))) for path in paths)


def _paths(uri: str, base: Path) -> list[Path]:
    if "://" in uri:
        raise InputError(
            "addresses of remote data cannot be read yet", where=uri, hint="Download the file and name its path"
        )
    full = base / uri
    try:
        if full.is_dir():
            hint = f"Name its files, such as '{uri.rstrip('/')}/*.parquet'"
            raise InputError("this is a folder", where=uri, hint=hint)
        found = [full] if full.is_file() else [Path(p) for p in glob(str(full), recursive=True)]
        paths = sorted(path for path in found if path.is_file())
    except OSError as error:
        raise InputError(f"is not a path ({error.strerror})", where=f"{uri[:40]}…") from error
    if not paths:
        near = [p.name for p in full.parent.iterdir()] if full.parent.is_dir() else []
        raise InputError("no such file", where=uri, hint=did_you_mean(full.name, near) if near else "")
    for path in paths:
        which = uri if len(paths) == 1 else f"{uri}: {path.name}"
        if path.suffix.lower() not in _READERS:
            raise InputError(
                f"files ending in '{path.suffix}' cannot be read", where=which, hint="Use Parquet, CSV or Arrow IPC"
            )
        if path.stat().st_size == 0:
            raise InputError("the file is empty", where=which, hint="Give a file with at least one row")
    return paths


def _read_csv(connection: Connection, name: str, uri: str, paths: list[Path], keep_text: tuple[str, ...]) -> None:
    reader = f"read_csv([{_listed(paths)}], union_by_name = true, sample_size = -1"
    header = [str(row[0]) for row in connection.execute(f"DESCRIBE SELECT * FROM {reader})").fetchall()]
    types = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in keep_text if c in header)
    typed = f"{reader}, types = {{{types}}})" if types else f"{reader})"
    # Text is parsed once; every later scan reads the table.
    connection.execute(f"CREATE TEMP TABLE {quote(name)} AS SELECT * FROM {typed}").fetchall()


def digest_of(path: str) -> str:
    """SHA-256 of a file, or of the digests of all files that a glob names; any kind of file.

    Raises
    ------
    InputError
        There is no such file.
    """
    found = [Path(path)] if Path(path).is_file() else sorted(map(Path, glob(path, recursive=True)))
    files = [p for p in found if p.is_file()]
    if not files:
        raise InputError("no such file", where=path)
    return _digest_files(files)


def _digest_files(paths: list[Path]) -> str:
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return _joined(digests)


def _joined(digests: list[str]) -> str:
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
