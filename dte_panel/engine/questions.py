"""What the layout asks of a side: answered by its relation or, where it lies in several files, by each of them once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dte_panel.engine.cache import Forgetful
from dte_panel.engine.parquet import Files
from dte_panel.engine.sql import literal, quote

if TYPE_CHECKING:
    from dte_panel.engine.sources import Connection, Source


class Part:
    """One file of a side. Opened when something is asked that the cache does not know.

    Parameters
    ----------
    root : Connection
    cache : Forgetful
    name : str
        What the side is called in queries.
    path : Path
    """

    def __init__(self, root: Connection, cache: Forgetful, name: str, path: Path) -> None:
        self.root, self.cache, self.name = root, cache, name
        self.file = f"read_parquet({literal(escape(str(path)))})"
        self.digest = cache.digest(path)
        # Folders such as year=2026 give columns of their own.
        self.files = None if "=" in str(path.parent) else Files([path])
        self.views: list[tuple[str, str]] = [("", str(path.parent) if "=" in str(path.parent) else "")]
        self._opened: list[Connection] = []

    @cached_property
    def described(self) -> tuple[int, Mapping[str, str]]:
        """Rows, and columns with their SQL types."""
        found = self.cache.get(self.digest, ("described", self.views))
        if found is None:
            ((rows,),) = self.root.execute(f"SELECT COUNT(*) FROM {self.file}").fetchall()
            columns = self.root.execute(f"DESCRIBE SELECT * FROM {self.file}").fetchall()
            found = rows, {str(row[0]): str(row[1]) for row in columns}
            self.cache.put(self.digest, ("described", self.views), found)
        return cast("tuple[int, Mapping[str, str]]", found)

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self.described[0]

    def conform(self, types: Mapping[str, str]) -> None:
        """Give it the columns that all files have together, of types that fit them all."""
        own = {column.lower(): column for column in self.described[1]}
        made = (f"CAST({quote(own[c.lower()]) if c.lower() in own else 'NULL'} AS {t})" for c, t in types.items())
        listed = ", ".join(f"{expression} AS {quote(c)}" for expression, c in zip(made, types, strict=True))
        self.views.append((self.name, listed))

    def view(self, name: str, select: str) -> None:
        """Make another view, over the one that has the side's name."""
        self.views.append((name, select))
        for connection in self._opened:
            self._make(connection, name, select)

    @property
    def connection(self) -> Connection:
        """A connection on which this file stands for the whole side."""
        if not self._opened:
            opened = self.root.cursor()
            opened.execute("SET TimeZone = 'UTC'").fetchall()
            self.cache.open.callback(opened.close)
            self._opened.append(opened)
            for name, select in self.views[1:]:
                self._make(opened, name, select)
        return self._opened[0]

    def _make(self, connection: Connection, name: str, select: str) -> None:
        source = self.file if name == self.name else quote(self.name)
        # Temporary: another connection does not see it.
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {quote(name)} AS SELECT {select} FROM {source}").fetchall()

    def recall(self, question: Any) -> Any:
        """The answer to a question of this file that the cache has, or ``None``."""
        return self.cache.get(self.digest, (self.views, question))

    def keep(self, question: Any, answer: Any) -> None:
        """Keep the answer to a question of this file."""
        self.cache.put(self.digest, (self.views, question), answer)

    def known(self, question: Any, answer: Callable[[], Any]) -> Any:
        """The answer to a question of this file, from the cache or from its rows."""
        found = self.recall(question)
        if found is None:
            found = answer()
            self.keep(question, found)
        return found

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        rows = self.known(query, lambda: [tuple(row) for row in self.connection.execute(query).fetchall()])
        return cast("list[tuple[Any, ...]]", rows)


def open_parts(
    connection: Connection, cache: Forgetful, name: str, paths: Iterable[Path]
) -> tuple[tuple[Part, ...], list[tuple[str, str]]]:
    """The files of a side, and the columns that they have together with their SQL types."""
    parts = tuple(Part(connection, cache, name, path) for path in paths)
    schemas = {tuple(part.described[1].items()): None for part in parts}
    empty = (", ".join(f"CAST(NULL AS {kind}) AS {quote(c)}" for c, kind in schema) for schema in schemas)
    union = " UNION ALL BY NAME ".join(f"SELECT {listed}" for listed in empty)
    described = [(str(row[0]), str(row[1])) for row in connection.execute(f"DESCRIBE {union}").fetchall()]
    for part in parts:
        part.conform(dict(described))
    return parts, described


def _known(choose: Callable[[Iterable[Any]], Any]) -> Callable[[Sequence[Any]], Any]:
    def made(values: Sequence[Any]) -> Any:
        known = [value for value in values if value is not None]
        return choose(known) if known else None

    return made


_ADDED: dict[str, Callable[[Sequence[Any]], Any]] = {
    "COUNT": sum,
    "MIN": _known(min),
    "MAX": _known(max),
    "BOOL_AND": _known(all),
}


def totals(connection: Connection, source: Source, *aggregates: str, where: str = "TRUE") -> tuple[Any, ...]:
    """COUNT, MIN, MAX or BOOL_AND of expressions over a side's rows."""
    query = f"SELECT {', '.join(aggregates)} FROM {source.sql} WHERE {where}"
    if not source.kept:
        return tuple(connection.execute(query).fetchall()[0])
    answers = zip(*(part.ask(query)[0] for part in source.kept), strict=True)
    return tuple(_ADDED[a.partition("(")[0]](values) for a, values in zip(aggregates, answers, strict=True))


def distinct(
    connection: Connection, source: Source, expression: str, *, where: str = "TRUE", most: int | None = None
) -> list[Any]:
    """The distinct values of an expression over a side's rows; more than ``most`` of them may be left out."""
    limit = "" if most is None else f" LIMIT {most}"
    query = f"SELECT DISTINCT {expression} FROM {source.sql} WHERE {where}{limit}"
    if not source.kept:
        return [row[0] for row in connection.execute(query).fetchall()]
    return list(dict.fromkeys(row[0] for part in source.kept for row in part.ask(query)))


def make_view(connection: Connection, source: Source, name: str, select: str) -> None:
    """Make a view over a side, and over each of its files."""
    for part in source.parts:
        part.view(name, select)
    if not source.kept:
        query = f"CREATE OR REPLACE TEMP VIEW {quote(name)} AS SELECT {select} FROM {source.sql}"
        connection.execute(query).fetchall()


def whole(connection: Connection, source: Source) -> None:
    """Make all files of a side readable as one relation: what does not add up needs every row."""
    if not source.parts:
        return
    files = ", ".join(part.file.removeprefix("read_parquet(").removesuffix(")") for part in source.parts)
    every = f"SELECT * FROM read_parquet([{files}], union_by_name = true)"
    for name, select in source.parts[0].views[1:]:
        read = every if name == source.name else f"SELECT {select} FROM {quote(source.name)}"
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {quote(name)} AS {read}").fetchall()
