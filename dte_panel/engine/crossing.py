"""Columns in bins crossed with others, means in bins, and values that are met again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from dte_panel.engine import sql
from dte_panel.engine.convert import moments
from dte_panel.engine.plan import Request, number_role
from dte_panel.engine.slices import sliced
from dte_panel.errors import DTEError
from dte_panel.model import CURRENT, Reduction
from dte_panel.reductions import EVERY, Crossed, Digests, Histogram, Means, Overlap, Slices
from dte_panel.states import Averaged, Digested, Overlapped

if TYPE_CHECKING:
    from dte_panel.engine.duckdb import Cells, Reducer

#: Aliases in queries.
BIN, HERE, THERE, ROWS = "dte__b", "dte__h", "dte__t", "dte__n"
_CLASSES = ("label", "prediction")
#: Types whose values can be compared as they are.
_COMPARABLE = ("integer", "text")


#: Reduction to the method that makes it.
MAKERS: dict[type[Reduction], str] = {
    Crossed: "crossed",
    Means: "means",
    Overlap: "overlap",
    Slices: "slices",
    Digests: "digests",
}


class Crossing:
    """What a reducer makes with the functions of this module."""

    def crossed(self, request: Request) -> Cells:
        """:class:`~dte_panel.Crossed`."""
        return crossed(cast("Reducer", self), request)

    def means(self, request: Request) -> Cells:
        """:class:`~dte_panel.Means`."""
        return means(cast("Reducer", self), request)

    def overlap(self, request: Request) -> Cells:
        """:class:`~dte_panel.Overlap`."""
        return overlap(cast("Reducer", self), request)

    def digests(self, request: Request) -> Cells:
        """:class:`~dte_panel.Digests`."""
        return digests(cast("Reducer", self), request)

    def named(self, roles: str) -> list[str]:
        """The columns of some roles that this side has."""
        reducer = cast("Reducer", self)
        known = reducer.source.types
        return list(known) if roles == EVERY else [c for c in reducer.layout.columns(roles) if c in known]

    def digested(self, types: Mapping[str, str]) -> tuple[Any, Any]:
        """Digests of whole rows, and how many rows have each."""
        reducer = cast("Reducer", self)
        query = f"SELECT {sql.digest(types)} AS {HERE}, COUNT(*) AS {ROWS} FROM {reducer.source.sql} GROUP BY 1"
        # As arrays: nearly every row may have a digest of its own.
        made = reducer.connection.execute(query).fetchnumpy()
        return made[HERE].view(np.int64), made[ROWS]

    def slices(self, request: Request) -> Cells:
        """:class:`~dte_panel.Slices`."""
        return sliced(cast("Reducer", self), request)


def crossed(reducer: Reducer, request: Request) -> Cells:
    """Tables of a column's bins by other columns."""
    reduction = cast(Crossed, request.reduction)
    counted = reducer._counted(reduction.by)
    if counted is None:
        return {}
    values = {f"{BIN}{i}": e for i, e in enumerate((_bin(reducer, request, reduction.bins), *counted.values()))}
    return {**reducer._tables(request, ("bin", *counted), values)}


def means(reducer: Reducer, request: Request) -> Cells:
    """Moments of a role's number in each bin of a column."""
    reduction = cast(Means, request.reduction)
    role = number_role(reduction, reducer.layout)
    (column,) = reducer.layout.roles[role]
    if column not in reducer.source.types:
        return {}
    if role in _CLASSES and reducer.layout.task == "multiclass":
        # Codes of classes can be averaged, but the mean says nothing.
        raise DTEError(f"a {role} of this task, multiclass, is no number")
    share = role in _CLASSES and reducer.layout.positive is not None
    x = f"CAST({reducer.class_sql(role)} AS DOUBLE)" if share else sql.number(column)
    known = f"COALESCE(isfinite({x}), FALSE)"
    value = f"CASE WHEN {known} THEN {x} END"
    aggregates = {"n": f"SUM(CASE WHEN {known} THEN 1 ELSE 0 END)", "every": "COUNT(*)"}
    aggregates |= {"mean0": f"AVG({value})", "m20": f"VAR_POP({value}) * COUNT({value})"}
    by = {BIN: _bin(reducer, request, reduction.bins)}
    edges = reducer.edges.get((str(request.column), reduction.bins), (None, None))[0]

    def make(row: Sequence[Any]) -> Averaged:
        return Averaged(edges, {row[0]: moments(row[1:], ["value"])}, share)

    return reducer._aggregated(request, aggregates, make, by)


def _bin(reducer: Reducer, request: Request, bins: int) -> str:
    """The bin or the category of the column."""
    column = cast(str, request.column)
    if reducer.layout.kinds[column] != "numeric":
        flag = any(column in reducer.layout.roles.get(role, ()) for role in _CLASSES)
        return reducer._text(column, flag=flag)
    if (column, bins) not in reducer.edges:
        reducer.reduce(Request(Histogram("", bins), column))
    return sql.bin_of(sql.number(column), reducer.edges[column, bins][0])


def overlap(reducer: Reducer, request: Request) -> Cells:
    """Current rows whose value is met again."""
    column = cast(str, request.column)
    if reducer.source.name != CURRENT:
        return {}
    before = reducer.reference
    sides = [side.types[column] for side in (reducer.source, before) if side]
    alike = len(set(sides)) == 1 and sides[0] in _COMPARABLE
    here = sql.quote(column) if alike else reducer._text(column)
    groups = (
        f"SELECT {here} AS {HERE}, COUNT(*) AS {ROWS} FROM {reducer.source.sql} WHERE {here} IS NOT NULL GROUP BY 1"
    )
    joined, known = f"({groups}) AS now", "NULL"
    if before:
        there = sql.quote(column) if alike else sql.text(column, before.types[column])
        joined += f" LEFT JOIN (SELECT DISTINCT {there} AS {THERE} FROM {before.sql}) AS earlier ON {HERE} = {THERE}"
        known = f"SUM(CASE WHEN {THERE} IS NULL THEN 0 ELSE {ROWS} END)"
    repeated = f"SUM(CASE WHEN {ROWS} > 1 THEN {ROWS} ELSE 0 END)"
    (found,) = reducer._fetch(f"SELECT SUM({ROWS}), {repeated}, {known} FROM {joined}")
    n, twice, earlier = (int(x or 0) for x in found)
    return {(CURRENT, ()): Overlapped(n, twice, earlier if before else None)}


def digests(reducer: Reducer, request: Request) -> Cells:
    """Rows of each digest of their values."""
    names = sorted(reducer.named(cast(Digests, request.reduction).columns))
    if not names:
        return {}
    return {
        (reducer.source.name, ()): Digested.of(*reducer.digested({name: reducer.source.types[name] for name in names}))
    }
