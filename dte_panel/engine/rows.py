"""Columns in memory, row by row, and which rows belong to which window and cohort."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dte_panel.engine.convert import partition
from dte_panel.engine.plan import Request
from dte_panel.engine.sampling import plain
from dte_panel.model import Cohort, cohort_key
from dte_panel.states import JointSample

if TYPE_CHECKING:
    from dte_panel.engine.duckdb import Place, Reducer

#: Aliases in queries; no column of a source has such a name.
WINDOW, GROUP, VALUE = "dte__w", "dte__g", "dte__v"


def codes(reducer: Reducer, windows: bool, cohorts: bool) -> tuple[list[tuple[str, ...]], dict[str, str]]:
    """The groupings, and alias to SQL of the place of each group and, if there are windows, of the window's number.

    Columns of groups come in the order of :func:`used`, the window last.
    """
    groupings, grid = reducer.groupings(cohorts), reducer.layout.grid
    made = {f"{GROUP}{i}": reducer.layout.code(c, reducer.source.types[c]) for i, c in enumerate(used(groupings))}
    if windows and reducer.windowed and grid:
        made[WINDOW] = f"COALESCE({grid.sql}, -9223372036854775807)"
    return groupings, made


def used(groupings: Iterable[tuple[str, ...]]) -> list[str]:
    """The columns of some groupings, each once."""
    return list(dict.fromkeys(c for grouping in groupings for c in grouping))


def split(reducer: Reducer, request: Request, values: dict[str, str]) -> tuple[dict[str, Any], dict[Place, Any]]:
    """Expressions as arrays, and the row numbers of each window and cohort."""
    groupings, expressions = codes(reducer, request.windows, request.cohorts)
    order, layout = used(groupings), reducer.layout
    select = ", ".join(f"{expression} AS {alias}" for alias, expression in {**expressions, **values}.items())
    arrays = reducer.connection.execute(f"SELECT {select} FROM {reducer.source.sql}").fetchnumpy()
    cells: dict[Place, Any] = {}
    for grouping in groupings:
        columns = [np.asarray(arrays[f"{GROUP}{order.index(c)}"]) for c in grouping]
        for cohort, rows in _cohorts(reducer, grouping, columns):
            cells[reducer.source.name, cohort_key(cohort)] = rows
            if WINDOW in expressions:
                for window, part in partition(np.asarray(arrays[WINDOW]), rows):
                    if window in layout.starts:
                        cells[layout.starts[window], cohort_key(cohort)] = part
    return arrays, cells


def _cohorts(reducer: Reducer, grouping: tuple[str, ...], columns: list[Any]) -> Iterable[tuple[Cohort, Any]]:
    if not grouping:
        yield {}, slice(None)
        return
    groups = reducer.layout.groups
    sizes = [len(groups[c]) for c in grouping]
    flat = np.ravel_multi_index(columns, sizes) if reducer.source.rows else np.empty(0, dtype=int)
    for cell, part in partition(flat, slice(None)):
        at = np.unravel_index(cell, sizes)
        yield {c: groups[c][int(i)] for c, i in zip(grouping, at, strict=True)}, part


def whole(reducer: Reducer, request: Request, names: Sequence[str]) -> dict[Place, JointSample]:
    """All rows of some columns, by window and cohort."""
    values = {f"{VALUE}{i}": plain(c, reducer.source.types[c]) for i, c in enumerate(names)}
    arrays, cells = split(reducer, request, values)
    found: dict[Place, JointSample] = {}
    for place, at in cells.items():
        columns = {c: arrays[alias][at] for c, alias in zip(names, values, strict=True)}
        n = len(columns[names[0]])
        found[place] = JointSample(columns, n, n)
    return found
