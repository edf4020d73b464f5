"""Label by prediction in every slice of one column and of two, in one scan."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, cast

from dte_panel.engine import sql
from dte_panel.engine.plan import Request
from dte_panel.reductions import Histogram, Slices
from dte_panel.states import Sliced, Table

if TYPE_CHECKING:
    from dte_panel.engine.duckdb import Cells, Reducer

SLICE, CLASS = "dte__s", "dte__c"
_CLASSES = ("label", "prediction")


def sliced(reducer: Reducer, request: Request) -> Cells:
    """Tables of label and prediction by each column and by each pair of columns."""
    reduction = cast(Slices, request.reduction)
    chosen, left_out = _columns(reducer, reduction)
    if any(reducer.layout.roles[role][0] not in reducer.source.types for role in _CLASSES):
        return {}
    keys = {f"{SLICE}{i}": _group(reducer, column, reduction.bins) for i, column in enumerate(chosen)}
    alone: list[tuple[str, ...]] = [(key,) for key in keys]
    sets = [*alone, *combinations(keys, 2)]
    values = {f"{CLASS}{i}": reducer.class_sql(role) for i, role in enumerate(_CLASSES)}
    names = dict(zip(keys, chosen, strict=True))
    masks = {sql.grouping_mask(list(keys), each): each for each in sets}
    counts: dict[tuple[str, ...], dict[tuple[Any, ...], int]] = {tuple(names[k] for k in each): {} for each in sets}
    query = sql.grouped(reducer.source.sql, keys, sets, values, {"dte__n": "COUNT(*)"})
    for mask, *row in reducer._fetch(query) if keys else ():
        at = masks[mask]
        found = dict(zip(keys, row, strict=False))
        cell = (*row[len(keys) : -1], *(found[key] for key in at))
        counts[tuple(names[key] for key in at)][cell] = int(row[-1])
    tables = {columns: Table((*_CLASSES, *columns), cells) for columns, cells in counts.items()}
    return {(reducer.source.name, ()): Sliced(tables, left_out)}


def _columns(reducer: Reducer, reduction: Slices) -> tuple[list[str], tuple[str, ...]]:
    """The columns to cut by, and those that are left out for their number."""
    layout = reducer.layout
    fitting = [
        column
        for column in layout.columns(reduction.columns)
        if column in reducer.source.types
        and column not in layout.left_out
        and layout.kinds.get(column) in ("numeric", "categorical")
    ]
    return fitting[: reduction.most], tuple(fitting[reduction.most :])


def _group(reducer: Reducer, column: str, bins: int) -> str:
    """The category of a row, or the band or quantile bin that its number falls into."""
    layout, kind = reducer.layout, reducer.source.types[column]
    edges = layout.bands.get(column, ())
    if layout.kinds[column] == "numeric" and not edges and column not in layout.roles.get("sensitive", ()):
        if (column, bins) not in reducer.edges:
            reducer.histogram(Request(Histogram("", bins), column))
        edges = reducer.edges[column, bins][0]
    return sql.group(column, kind, edges)
