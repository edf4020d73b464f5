"""The reductions as SQL alone, for a database that is not DuckDB: printed for it, and its rows become the same states.

:mod:`sqlglot` prints; what it leaves as DuckDB spells it, or what means something else there, stands in
:data:`SPELLINGS`. Numbers that are classes, categories or groups come back marked and are written anew here: each
database writes 1e-05 in a way of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from dte_panel.engine import sampling, sql
from dte_panel.engine.duckdb import VALUE, Cells, EngineError, Place, Reducer
from dte_panel.engine.layout import Layout
from dte_panel.engine.plan import Request
from dte_panel.engine.sources import Connection, Source
from dte_panel.reductions import Rows, Scores, ValuesOf
from dte_panel.states import JointSample, Ordered, Sample, Scored
from dte_panel.stats import base_seed

#: Runs a query of the other database's dialect.
Run = Callable[[str], Iterable[Sequence[Any]]]
#: What a number begins with that another database wrote: no two write 1e-05 alike.
MARK = "\x01number "
#: Dialect to function, as sqlglot calls it, to how it is spelt there, over ``:x`` and ``:y``.
SPELLINGS: dict[str, dict[str, str]] = {
    "spark": {
        "isfinite": "ABS(:x) <= 1.7976931348623157e308",
        "isinf": "ABS(:x) > 1.7976931348623157e308 AND NOT ISNAN(:x)",
        # By zero Spark raises an error; DuckDB gives an infinity, which counts for nothing either.
        "div": "TRY_DIVIDE(:x, :y)",
        "written": f"CONCAT('{MARK}', CAST(:x AS STRING))",
        # UNIX_TIMESTAMP cuts fractions of a second towards 1970.
        "timetounix": "UNIX_MICROS(CAST(:x AS TIMESTAMP)) / 1e6",
    },
}
#: Dialect to what makes a digest of several values.
DIGESTS = {"spark": "xxhash64"}
#: Dialect to how rows are drawn; ``TABLESAMPLE (n ROWS)`` of Spark would take the first ones.
SAMPLES = {
    "duckdb": "SELECT * FROM ({query}) USING SAMPLE reservoir({rows} ROWS) REPEATABLE ({seed})",
    "spark": "SELECT * FROM ({query}) ORDER BY RAND({seed}) LIMIT {rows}",
}


def printed(query: str, dialect: str) -> str:
    """A query of DuckDB's dialect in another one.

    Examples
    --------
    >>> printed('SELECT isfinite("a b"), "n" / 2 FROM "current"', "spark")
    'SELECT (ABS(`a b`) <= 1.7976931348623157e308), (TRY_DIVIDE(`n`, 2)) FROM `current`'
    """
    import sqlglot
    from sqlglot import expressions as exp

    if sqlglot.Dialect.get(dialect) is None:
        raise EngineError(f"sqlglot knows no dialect {dialect!r}")
    tree = sqlglot.parse_one(query, read="duckdb")
    # Innermost first: what stands inside a function is spelt when the function takes it in.
    for node in reversed(list(tree.walk())):
        name, given = _function(node)
        template = SPELLINGS.get(dialect, {}).get(name)
        if template is not None:
            values = dict(zip("xy", given, strict=False))
            node.replace(exp.paren(exp.replace_placeholders(sqlglot.parse_one(template, read=dialect), **values)))
    return tree.sql(dialect=dialect)


def _function(node: Any) -> tuple[str, Sequence[Any]]:
    """What :data:`SPELLINGS` calls a function, and what it is given."""
    from sqlglot import expressions as exp

    if isinstance(node, exp.Anonymous):
        return node.name.lower(), node.expressions
    if isinstance(node, exp.Cast) and node.is_type("text", "varchar") and node.this.is_type("double"):
        return "written", [node.this]
    return type(node).__name__.lower(), [node.this, node.args.get("expression")]


class _NoSettings:
    """Stands where DuckDB's connection does: threads of another database are its own affair."""

    def execute(self, query: str) -> None:
        """Do nothing."""


class PortableReducer(Reducer):
    """Reduces one side of the data in another database, to the states that DuckDB gives.

    Counts are the same; means and sums of squared deviations differ by the order of summing; a sample of
    :class:`~dte_panel.Rows` is another sample.

    Parameters
    ----------
    run : callable
        Runs a query there and gives its rows.
    dialect : str
        Of :data:`SPELLINGS`, or ``duckdb``.
    source : Source
        ``source.sql`` is a table or a view there, with the columns and types of ``source``.
    layout : Layout
    edges : dict, optional
        As for :class:`~dte_panel.engine.duckdb.Reducer`.
    """

    def __init__(self, run: Run, dialect: str, source: Source, layout: Layout, edges: Any = None) -> None:
        super().__init__(cast(Connection, _NoSettings()), source, layout, edges)
        self.run, self.dialect = run, dialect

    def _fetch(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(_written(value) for value in row) for row in self.run(printed(query, self.dialect))]

    def rows(self, request: Request) -> Cells:
        """:class:`~dte_panel.Rows`."""
        reduction, known = cast(Rows, request.reduction), self.source.types
        whole = (self.source.name, ())
        if not reduction.joint:
            name = sql.quote(cast(str, request.column))
            values, rows = self._drawn({VALUE: f"CAST({name} AS VARCHAR)"}, f"{name} IS NOT NULL", reduction)
            return {whole: Sample(tuple(str(value) for (value,) in values), rows)}
        columns = self.named(reduction.columns)
        if columns and sampling.by_place(request, self.source):
            return self._whole_rows(request, columns)
        made = {f"{VALUE}{i}": sampling.plain(c, known[c]) for i, c in enumerate(columns)}
        drawn, rows = self._drawn(made, "TRUE", reduction)
        return {whole: self._joined(drawn, columns, rows)}

    def digested(self, types: Mapping[str, str]) -> tuple[Any, Any]:
        """Digests of whole rows, and how many rows have each."""
        here = sql.digest(types, DIGESTS.get(self.dialect, "hash"))
        found = self._fetch(f"SELECT {here}, COUNT(*) FROM {self.source.sql} GROUP BY 1")
        digests = np.array([row[0] % 2**64 for row in found], np.uint64)
        return digests.view(np.int64), np.array([row[1] for row in found], np.int64)

    def _whole_rows(self, request: Request, names: Sequence[str]) -> Cells:
        values = {f"{VALUE}{i}": sampling.plain(c, self.source.types[c]) for i, c in enumerate(names)}
        found: Cells = {}
        for place, cells in self._rows_by_place(request, values).items():
            every = [row[:-1] for row in cells for _ in range(int(row[-1]))]
            found[place] = self._joined(every, names, len(every))
        return found

    def _joined(self, rows: Sequence[Sequence[Any]], columns: Sequence[str], total: int) -> JointSample:
        kinds = self.source.types
        arrays = {c: _masked([row[i] for row in rows], kinds[c]) for i, c in enumerate(columns)}
        return JointSample(arrays, len(rows), total)

    def _drawn(self, values: Mapping[str, str], where: str, reduction: Rows) -> tuple[list[Sequence[Any]], int]:
        """Rows that fulfil a condition, sampled where there are more than wanted, and how many there are."""
        ((rows,),) = self._fetch(f"SELECT COUNT(*) FROM {self.source.sql} WHERE {where}")
        listed = ", ".join(f"{expression} AS {alias}" for alias, expression in values.items()) or f"1 AS {VALUE}"
        query = printed(f"SELECT {listed} FROM {self.source.sql} WHERE {where}", self.dialect)
        if rows > reduction.sample:
            seed = reduction.seed + base_seed.get()
            query = SAMPLES[self.dialect].format(query=query, rows=reduction.sample, seed=seed)
        return list(self.run(query)), int(rows)

    def scores(self, request: Request) -> Cells:
        """:class:`~dte_panel.Scores`."""
        by = cast(Scores, request.reduction).by
        (score,) = self.layout.roles["score"]
        if self.layout.positive is None or not {score, self.layout.roles[by][0]} <= set(self.source.types):
            return super().scores(request)
        values = {f"{VALUE}x": sql.number(score), f"{VALUE}y": self.class_sql(by)}
        return {place: _scored(rows) for place, rows in self._rows_by_place(request, values).items()}

    def values_of(self, request: Request) -> Cells:
        """:class:`~dte_panel.ValuesOf`."""
        reduction = cast(ValuesOf, request.reduction)
        columns = {role: self.layout.roles[role][0] for role in reduction.roles}
        if any(column not in self.source.types for column in columns.values()):
            return {}
        numbers = {role: sql.number(column) for role, column in columns.items()}
        value = {VALUE: f"CAST({sql.substitute(reduction.expression, numbers)} AS DOUBLE)"}
        return {place: _ordered(rows) for place, rows in self._rows_by_place(request, value).items()}

    def _ordered(self, request: Request) -> dict[Place, tuple[Ordered, int, int]]:
        values = {VALUE: sql.number(cast(str, request.column))}
        found: dict[Place, tuple[Ordered, int, int]] = {}
        for place, rows in self._rows_by_place(request, values).items():
            ordered, nulls = _ordered(rows), sum(n for x, n in rows if x is None)
            found[place] = replace(ordered, missing=0), nulls, ordered.missing - nulls
        return found

    def _rows_by_place(self, request: Request, values: dict[str, str]) -> dict[Place, list[tuple[Any, ...]]]:
        """Distinct values and how many rows have them."""
        found: dict[Place, list[tuple[Any, ...]]] = {}
        for place, row in self._scan(request, values, {"dte__n": "COUNT(*)"}):
            found.setdefault(place, []).append(tuple(row))
        return found


def _ordered(rows: Sequence[tuple[Any, ...]]) -> Ordered:
    """Rows of ``value, number of rows`` as a state."""
    known = np.array([(x, n) for x, n in rows if x is not None and not math.isnan(x)]).reshape(-1, 2)
    counts = known[:, 1].astype(np.int64)
    missing = sum(n for _, n in rows) - int(counts.sum())
    # What comes unsorted, and a value once a window, is put in order by the merge.
    return Ordered.union([Ordered(known[:, 0], counts, missing)])


def _masked(values: Sequence[Any], kind: str) -> Any:
    """Values of one column as DuckDB would give them: an array in which NULL is masked."""
    null = [value is None for value in values]
    fill = {"integer": 0, "float": 0.0, "boolean": False}.get(kind, "")
    plain = [fill if value is None else value for value in values]
    return np.ma.masked_array(np.array(plain, dtype=None if kind in sampling.PLAIN else object), null)


def _scored(rows: Sequence[tuple[Any, ...]]) -> Scored:
    """Rows of ``score, label, number of rows`` as a state."""
    known = np.array([(x, y, n) for x, y, n in rows if x is not None and y is not None and math.isfinite(x)])
    scores, labels, counts = known.reshape(-1, 3).T
    negatives, positives = ((counts * (labels == side)).astype(np.int64) for side in (0, 1))
    missing = sum(n for *_, n in rows) - int(counts.sum())
    return Scored.union([Scored(scores, negatives, positives, missing)])


def _written(value: Any) -> Any:
    """A number that another database wrote, as DuckDB writes it. Everything else as it is."""
    return repr(float(value.removeprefix(MARK))) if isinstance(value, str) and value.startswith(MARK) else value
