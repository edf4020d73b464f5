"""The engine on DuckDB: requests to states, by window and cohort, in few scans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, cast

import duckdb
import numpy as np

from dte_panel.engine import crossing, rows, sampling, sql, streamed, tallies
from dte_panel.engine.convert import by_place, chosen_edges, filled, moments, profiled
from dte_panel.engine.layout import Layout
from dte_panel.engine.numeric import Numbers
from dte_panel.engine.pieces import Piece, Side
from dte_panel.engine.plan import Request
from dte_panel.engine.sources import Connection, Source
from dte_panel.errors import DTEError
from dte_panel.model import CURRENT, Reduction, cohort_key
from dte_panel.reductions import Categories, Counts, Distinct, Histogram, Profile, Rows, Scores, Sums, Values, ValuesOf
from dte_panel.states import (
    Averaged,
    Binned,
    DistinctCount,
    Moments,
    Ordered,
    Profiled,
    Scored,
    State,
    Table,
)


class EngineError(DTEError):
    """A reduction that the engine could not compute."""


Place = tuple[str, tuple[tuple[str, str | None], ...]]
#: States by window and cohort.
Cells = dict[Place, State]
#: Column and number of bins to edges and span.
Edges = dict[tuple[str, int], tuple[tuple[float, ...], tuple[float, float] | None]]
#: Aliases in queries; no column of a source has such a name.
WINDOW, GROUP, VALUE = "dte__w", "dte__g", "dte__v"


class Reducer(crossing.Crossing):
    """Reduces one side of the data.

    Parameters
    ----------
    connection : Connection
    source : Source
    layout : Layout
    edges : dict, optional
        ``(column, bins)`` to edges and span of :class:`~dte_panel.Histogram`; the side reduced first fills it.
    reference : Source, optional
        The other side, for :class:`~dte_panel.Overlap`.
    """

    def __init__(
        self,
        connection: Connection,
        source: Source,
        layout: Layout,
        edges: Edges | None = None,
        reference: Source | None = None,
    ) -> None:
        self.connection, self.source, self.layout, self.reference = connection, source, layout, reference
        self.edges = {} if edges is None else edges
        self.numbers: Numbers | None = None
        self.streamed: streamed.Streamed | None = None
        self._sorted: tuple[tuple[str, bool, bool], dict[Place, tuple[Ordered, int, int]]] | None = None

    def side(self) -> Side:
        """All of its rows, in one piece."""
        return Side(self, [Piece(lambda: self, self.source)])

    def read_by(self, numbers: Numbers, expressions: streamed.Streamed) -> None:
        """Leave large columns to those who know both sides."""
        self.numbers, self.streamed = numbers, expressions

    def reduce(self, request: Request) -> Cells:
        """The states of one request, for every window and cohort that has rows.

        Raises
        ------
        EngineError
            The database could not do it, for example because a sum overflows.
        """
        loaded = self.numbers.cells(self.source.name, request) if self.numbers else None
        if loaded is not None:
            return loaded
        try:
            return cast(Cells, getattr(self, _MAKERS[type(request.reduction)])(request))
        except duckdb.Error as error:
            raise EngineError(" ".join(str(error).split())[:300]) from error

    @cached_property
    def windowed(self) -> bool:
        """Whether the rows of this side are cut into windows."""
        return self.source.name == CURRENT and self.layout.grid is not None

    def _keys(self, request: Request) -> tuple[dict[str, str], list[tuple[str, ...]], list[tuple[str, ...]]]:
        """Aliases of the grouping keys, the groupings as aliases, and the same groupings as column names."""
        windowed = request.windows and self.windowed
        keys: dict[str, str] = {}
        if windowed and self.layout.grid:
            keys[WINDOW] = self.layout.grid.sql
        wanted = self.groupings(request.cohorts)
        alias = {column: f"{GROUP}{i}" for i, column in enumerate(self.layout.roles.get("sensitive", ()))}
        used = [c for c in alias if any(c in grouping for grouping in wanted)]
        keys.update({alias[c]: self.layout.group(c, self.source.types[c]) for c in used})
        by_alias = [(*([WINDOW] if windowed else []), *(alias[c] for c in grouping)) for grouping in wanted]
        return keys, by_alias, wanted

    def groupings(self, cohorts: bool) -> list[tuple[str, ...]]:
        """The groupings whose columns this side has; all rows alone unless cohorts are asked for."""
        known = self.source.types
        return [g for g in self.layout.groupings if (cohorts or not g) and all(c in known for c in g)]

    def _scan(
        self, request: Request, values: dict[str, str], aggregates: dict[str, str]
    ) -> Iterable[tuple[Place, Sequence[Any]]]:
        """One scan over all groupings: where a row counts, and its values and aggregates."""
        keys, by_alias, wanted = self._keys(request)
        aliases = list(keys)
        order = self.layout.roles.get("sensitive", ())
        masks = {sql.grouping_mask(aliases, g): columns for g, columns in zip(by_alias, wanted, strict=True)}
        for row in self._fetch(sql.grouped(self.source.sql, keys, by_alias, values, aggregates)):
            named = dict(zip(aliases, row[1 : 1 + len(aliases)], strict=True))
            cohort = {column: cast("str | None", named[f"{GROUP}{order.index(column)}"]) for column in masks[row[0]]}
            start = self.layout.starts.get(named[WINDOW]) if named.get(WINDOW) is not None else None
            for window in (self.source.name, *([start] if start else [])):
                yield (window, cohort_key(cohort)), row[1 + len(aliases) :]

    def _tables(self, request: Request, names: tuple[str, ...], values: dict[str, str]) -> dict[Place, Table]:
        counts: dict[Place, dict[tuple[Any, ...], int]] = {}
        for place, row in self._scan(request, values, {"dte__n": "COUNT(*)"}):
            cell = counts.setdefault(place, {})
            key = tuple(row[:-1])
            cell[key] = cell.get(key, 0) + int(row[-1])
        return {place: Table(names, cell) for place, cell in counts.items()}

    def _aggregated(
        self,
        request: Request,
        aggregates: dict[str, str],
        make: Callable[[Sequence[Any]], Profiled | Moments | Averaged],
        values: dict[str, str] | None = None,
    ) -> Cells:
        cells: dict[Place, Any] = {}
        with sampling.one_thread(self.connection):
            for place, row in sorted(self._scan(request, values or {}, aggregates), key=by_place):
                state = make(row)
                cells[place] = cells[place].merge(state) if place in cells else state
        return cells

    def _fetch(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def _text(self, column: str, *, flag: bool = False) -> str:
        """A column as the text of its groups, classes or categories."""
        return sql.text(column, self.source.types[column], flag=flag)

    def class_sql(self, role: str) -> str:
        """A label or a prediction: 1 and 0 in a binary task, text otherwise."""
        (column,) = self.layout.roles[role]
        text = self._text(column, flag=True)
        return sql.is_value(text, self.layout.positive) if self.layout.positive is not None else text

    def _counted(self, columns: Iterable[str]) -> dict[str, str] | None:
        """Name in the table to expression; ``None`` where this side lacks a column."""
        found: dict[str, str] = {}
        for role in columns:
            for column in self.layout.columns(role):
                if column not in self.source.types:
                    return None
                plain = self._text(column, flag=role in ("label", "prediction"))
                single = role in ("label", "prediction")
                if single and self.layout.task == "regression":
                    # Quantities have no classes to count: 1 where there is a number.
                    found[role] = f"CASE WHEN isfinite({sql.number(column)}) THEN 1 END"
                    continue
                if role == "control":  # a control column called "prediction" must not take the role's place
                    found[f"control:{column}"] = self.layout.group(column, self.source.types[column])
                else:
                    found[role if single else column] = self.class_sql(role) if single else plain
        return found

    def counts(self, request: Request) -> Cells:
        """:class:`~dte_panel.Counts`."""
        counted = self._counted(cast(Counts, request.reduction).columns)
        if counted is None:
            return {}
        values = {f"{VALUE}{i}": expression for i, expression in enumerate(counted.values())}
        return {**self._tables(request, tuple(counted), values)}

    def categories(self, request: Request) -> Cells:
        """:class:`~dte_panel.Categories`."""
        column = cast(str, request.column)
        cut = (request.windows and self.windowed) or len(self.groupings(request.cohorts)) > 1
        if not cut and (table := tallies.table(self.source, column)):
            return {(self.source.name, ()): table}
        flag = column in (*self.layout.roles.get("label", ()), *self.layout.roles.get("prediction", ()))
        return {**self._tables(request, ("value",), {VALUE: self._text(column, flag=flag)})}

    def profile(self, request: Request) -> Cells:
        """:class:`~dte_panel.Profile`."""
        column = cast(str, request.column)
        name = sql.quote(column)
        aggregates = {"n": "COUNT(*)", "nulls": f"COUNT(*) - COUNT({name})"}
        if self.layout.kinds[column] == "numeric":
            x = sql.number(column)
            finite = f"CASE WHEN isfinite({x}) THEN {x} END"
            small = sql.small(x)
            aggregates |= {
                "nans": f"COALESCE(SUM(CASE WHEN isnan({x}) THEN 1 ELSE 0 END), 0)",
                "infinities": f"COALESCE(SUM(CASE WHEN isinf({x}) THEN 1 ELSE 0 END), 0)",
                "minimum": f"MIN({finite})",
                "maximum": f"MAX({finite})",
                "mean": sql.unless_huge(f"AVG({small})", finite),
                "m2": sql.unless_huge(f"VAR_POP({small}) * COUNT({small})", finite),
            }
        return self._aggregated(request, aggregates, profiled)

    def sums(self, request: Request) -> Cells:
        """:class:`~dte_panel.Sums`."""
        reduction = cast(Sums, request.reduction)
        columns = {role: self.layout.roles[role][0] for role in reduction.roles}
        if any(column not in self.source.types for column in columns.values()):
            return {}
        numbers = {role: sql.number(column) for role, column in columns.items()}
        made = [sql.substitute(expression, numbers) for _, expression in reduction.expressions]
        # An expression may be undefined where its columns are not, such as a ratio of zeros.
        known = " AND ".join(f"COALESCE(isfinite({x}), FALSE)" for x in (*numbers.values(), *made))
        aggregates = {"n": f"SUM(CASE WHEN {known} THEN 1 ELSE 0 END)", "every": "COUNT(*)"}
        for i, expression in enumerate(made):
            value = f"CASE WHEN {known} THEN {expression} END"
            aggregates |= {f"mean{i}": f"AVG({value})", f"m2{i}": f"VAR_POP({value}) * COUNT({value})"}
        names = [name for name, _ in reduction.expressions]
        return self._aggregated(request, aggregates, lambda row: moments(row, names))

    def distinct(self, request: Request) -> Cells:
        """:class:`~dte_panel.Distinct`."""
        column = cast(str, request.column)
        if self.source.types[column] == "float":
            return {}
        name = sql.quote(column)
        (found,) = self._fetch(f"SELECT COUNT(DISTINCT {name}), COUNT({name}) FROM {self.source.sql}")
        return {(self.source.name, ()): DistinctCount(*map(int, found))}

    def rows(self, request: Request) -> Cells:
        """:class:`~dte_panel.Rows`."""
        reduction = cast(Rows, request.reduction)
        if reduction.joint:
            names = self.named(reduction.columns)
            if names and sampling.by_place(request, self.source):
                return {**rows.whole(self, request, names)}
            return {(self.source.name, ()): sampling.joint(self.connection, self.source, names, reduction)}
        column = cast(str, request.column)
        return {(self.source.name, ()): sampling.of_column(self.connection, self.source, column, reduction)}

    def values(self, request: Request) -> Cells:
        """:class:`~dte_panel.Values`."""
        return {place: replace(o, missing=nulls + nans) for place, (o, nulls, nans) in self._ordered(request).items()}

    def histogram(self, request: Request) -> Cells:
        """:class:`~dte_panel.Histogram`."""
        column, bins = cast(str, request.column), cast(Histogram, request.reduction).bins
        if self.layout.kinds[column] == "categorical":
            tables = cast("dict[Place, Table]", self.categories(request))
            return {
                place: Binned(None, {None if key is None else str(key): n for (key,), n in table.counts.items()})
                for place, table in tables.items()
            }
        parts = self._ordered(request)
        if (column, bins) not in self.edges:
            self.edges[column, bins] = chosen_edges(parts[self.source.name, ()][0], bins)
        edges, span = self.edges[column, bins]
        return {place: o.binned(edges, span, nulls, nans) for place, (o, nulls, nans) in parts.items()}

    def scores(self, request: Request) -> Cells:
        """:class:`~dte_panel.Scores`."""
        reduction = cast(Scores, request.reduction)
        if self.layout.positive is None:
            raise EngineError(f"scores by {reduction.by} need a binary {reduction.by}; this task is {self.layout.task}")
        asked = streamed.expressions(self, request)
        if asked is None:
            return {}
        if self.streamed and not reduction.exact and (found := self.streamed.scored(self, request, asked)) is not None:
            return {**found}
        arrays, cells = rows.split(self, request, {"x": asked.value, "y": f"CAST({asked.label} AS DOUBLE)"})
        x, y = filled(arrays["x"]), filled(arrays["y"])
        return {place: Scored.of(x[at], y[at]) for place, at in cells.items()}

    def values_of(self, request: Request) -> Cells:
        """:class:`~dte_panel.ValuesOf`."""
        asked = streamed.expressions(self, request)
        if asked is None:
            return {}
        if self.streamed and (found := self.streamed.ordered(self, request, asked)) is not None:
            return {**found}
        arrays, cells = rows.split(self, request, {"x": asked.value})
        x = filled(arrays["x"])
        return {place: Ordered.of(x[at]) for place, at in cells.items()}

    def _ordered(self, request: Request) -> dict[Place, tuple[Ordered, int, int]]:
        """A numeric column sorted, by window and cohort: ``(values, nulls, NaN)``; the last column is kept."""
        column = cast(str, request.column)
        memo = (column, request.windows, request.cohorts)
        if self._sorted is None or self._sorted[0] != memo:
            arrays, cells = rows.split(self, request, {"x": sql.number(column)})
            null, x = np.ma.getmaskarray(arrays["x"]), filled(arrays["x"])
            found = {}
            for place, at in cells.items():
                values = x[at]
                nulls = int(null[at].sum())
                found[place] = (Ordered.of(values), nulls, int(np.isnan(values).sum()) - nulls)
            self._sorted = (memo, found)
        return self._sorted[1]


_MAKERS: dict[type[Reduction], str] = {
    **crossing.MAKERS,
    Counts: "counts",
    Categories: "categories",
    Profile: "profile",
    Sums: "sums",
    Distinct: "distinct",
    Rows: "rows",
    Values: "values",
    Histogram: "histogram",
    Scores: "scores",
    ValuesOf: "values_of",
}
