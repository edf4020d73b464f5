"""Expressions over many rows, such as scores by label: counted batch by batch into the same fine bins on both sides.

Nothing of them is held but the counts. What is small is sorted instead (:mod:`dte_panel.engine.duckdb`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dte_panel.engine import numeric, sql
from dte_panel.engine.grid import SAMPLE, Grid, grid_of
from dte_panel.engine.parquet import Chunk
from dte_panel.engine.tally import Tally
from dte_panel.model import CURRENT, REFERENCE
from dte_panel.reductions import Scores, ValuesOf
from dte_panel.states import Ordered, Scored

if TYPE_CHECKING:
    from dte_panel.engine.duckdb import Place, Reducer
    from dte_panel.engine.numeric import Numbers, Split
    from dte_panel.engine.plan import Request

Floats = NDArray[np.float64]

#: Bins of an expression, and so many distinct values have a bin each.
BINS, DISTINCT = 4_096, 2_000
#: No bin of scores lies across the ends of a probability, where its logarithm is cut, or an edge of ten equal bins.
_SMALLEST = float(np.finfo(np.float64).eps)
SCORE_EDGES = (0.0, _SMALLEST, *(np.arange(1, 10) / 10).tolist(), 1 - _SMALLEST, 1.0)
#: Labels 0 and 1, and none.
LABELS = 3
#: Rows looked at before the distinct values of a batch are.
_FIRST = 8_192


class Asked(NamedTuple):
    """What is counted: a number, its label (0, 1 or NULL) if there is one, and the columns that they are made of."""

    value: str
    label: str
    columns: frozenset[str]


def expressions(reducer: Reducer, request: Request) -> Asked | None:
    """What :class:`~dte_panel.Scores` or :class:`~dte_panel.ValuesOf` count; ``None`` where a side lacks a column."""
    reduction, roles = cast("Scores | ValuesOf", request.reduction), reducer.layout.roles
    named = ("score", reduction.by) if isinstance(reduction, Scores) else reduction.roles
    columns = {role: roles[role][0] for role in named}
    if not set(columns.values()) <= set(reducer.source.types):
        return None
    if isinstance(reduction, Scores):
        value, label = sql.number(columns["score"]), reducer.class_sql(reduction.by)
    else:
        numbers = {role: sql.number(column) for role, column in columns.items()}
        value, label = f"CAST({sql.substitute(reduction.expression, numbers)} AS DOUBLE)", ""
    return Asked(value, label, frozenset(columns.values()))


def exactly(reducer: Reducer, request: Request, place: Place) -> Scored | Ordered:
    """The state of one window and cohort from every row of it.

    Raises
    ------
    KeyError
        The side lacks a column.
    """
    asked = expressions(reducer, request)
    if asked is None:
        raise KeyError(place)
    where = _where(reducer, place)
    if not isinstance(request.reduction, Scores):
        values = [b.column(0).to_numpy(zero_copy_only=False) for b in _batches(reducer, [asked.value], where)]
        return Ordered.of(np.concatenate([np.empty(0), *values]))
    sides: list[list[Floats]] = [[np.empty(0)], [np.empty(0)]]
    rows = 0
    for batch in _batches(reducer, [asked.value, _coded(asked.label)], where):
        scores, codes = (batch.column(i).to_numpy(zero_copy_only=False) for i in (0, 1))
        finite, rows = np.isfinite(scores), rows + len(batch)
        for label, side in enumerate(sides):
            side.append(scores[finite & (codes == label)])
    arrays = []
    for side in sides:
        arrays.append(np.concatenate(side))
        side.clear()
    return Scored.of_sides(arrays[0], arrays[1], rows - sum(map(len, arrays)))


def _where(reducer: Reducer, place: Place) -> str:
    """What tells the rows of a window and cohort from others."""
    layout, (window, cohort) = reducer.layout, place
    tests = [f"{layout.code(c, reducer.source.types[c])} = {layout.groups[c].index(value)}" for c, value in cohort]
    if window not in (CURRENT, REFERENCE) and layout.grid:
        tests += [f"{layout.grid.sql} = {number}" for number, start in layout.starts.items() if start == window]
    return f" WHERE {' AND '.join(tests)}" if tests else ""


def _coded(label: str) -> str:
    """A label as a number, 2 where there is none."""
    return f"CAST(COALESCE(CAST({label} AS INTEGER), 2) AS INTEGER)"


class Streamed:
    """The expressions of both sides.

    Parameters
    ----------
    numbers : Numbers
        Knows the sides and how their rows are grouped.
    """

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers
        self._grids: dict[tuple[str, int], tuple[Grid, float]] = {}

    def scored(self, reducer: Reducer, request: Request, asked: Asked) -> dict[Place, Scored] | None:
        """Scores by label in each window and cohort; ``None`` where they are to be sorted."""
        splits = self._splits(reducer, request, LABELS)
        if splits is None:
            return None
        grid = self._grid(asked, SCORE_EDGES, max(s.places for s in splits) * LABELS)
        found: dict[Place, Scored] = {}
        for split in splits:
            tally, start = Tally(grid[0], split.places * LABELS, grid[1]), 0
            for batch in _batches(reducer, [asked.value, _coded(asked.label)]):
                codes = batch.column(1).to_numpy()
                if split.codes is not None:
                    codes = codes + LABELS * split.codes[start : start + len(codes)]
                tally.add(Chunk(batch.column(0)), codes)
                start += len(codes)
            found.update({place: _scored(tally, members) for place, members in split.members.items()})
        return found

    def ordered(self, reducer: Reducer, request: Request, asked: Asked) -> dict[Place, Ordered] | None:
        """The values in each window and cohort; ``None`` where they are to be sorted."""
        splits = self._splits(reducer, request, 1)
        if splits is None:
            return None
        grid = self._grid(asked, (), max(s.places for s in splits))
        found: dict[Place, Ordered] = {}
        for split in splits:
            tally, start = Tally(grid[0], split.places, grid[1]), 0
            for batch in _batches(reducer, [asked.value]):
                rows = len(batch)
                tally.add(Chunk(batch.column(0)), None if split.codes is None else split.codes[start : start + rows])
                start += rows
            found.update({place: tally.column(members).ordered for place, members in split.members.items()})
        return found

    def _splits(self, reducer: Reducer, request: Request, each: int) -> Sequence[Split] | None:
        if self.numbers.rows <= numeric.EXACT_ROWS:
            return None
        splits = self.numbers.split(reducer, request.windows, request.cohorts)
        return splits if all(s.places * each <= numeric.MOST_PLACES for s in splits) else None

    def _grid(self, asked: Asked, at: Sequence[float], places: int) -> tuple[Grid, float]:
        """The bins of an expression, the same for both sides, and its median, about."""
        bins = max(numeric.FEWEST_BINS, min(BINS, numeric.TABLE // places))
        x = asked.value
        if (x, bins) not in self._grids:
            sides = [r for r in self.numbers.reducers if asked.columns <= set(r.source.types)]
            self._grids[x, bins] = _chosen([_Look(side, x) for side in sides], bins, at)
        return self._grids[x, bins]


class _Look:
    """A first look at an expression: its ends, a sample, and its distinct values while they are few."""

    def __init__(self, reducer: Reducer, x: str) -> None:
        self.ends: list[float] = []
        self.distinct: Floats | None = np.empty(0)
        step, seen = max(1, reducer.source.rows // SAMPLE), 0
        taken = [np.empty(0)]
        for batch in _batches(reducer, [x]):
            every: Floats = batch.column(0).drop_null().to_numpy(zero_copy_only=False)
            values = every[np.isfinite(every)]
            taken.append(values[-seen % step :: step])
            seen += len(values)
            if len(values):
                self.ends += [float(values.min()), float(values.max())]
                self._meet(values)
        self.sample = np.concatenate(taken)

    def _meet(self, values: Floats) -> None:
        for part in (values[:_FIRST], values[_FIRST:]):
            if self.distinct is not None:
                fresh = pa.array(part).unique().to_numpy()
                self.distinct = np.union1d(self.distinct, fresh) if len(fresh) <= DISTINCT else None
            if self.distinct is not None and len(self.distinct) > DISTINCT:
                self.distinct = None


def _chosen(looks: Sequence[_Look], bins: int, at: Sequence[float]) -> tuple[Grid, float]:
    """Bins of equal weight in the reference, where there is one; a bin for each distinct value, if they are few."""
    ends = [end for look in looks for end in look.ends]
    sample = next((look.sample for look in looks if len(look.sample)), np.array(ends))
    if not len(sample):
        return Grid(np.zeros(1)), 0.0
    middle = float(np.partition(sample, len(sample) // 2)[len(sample) // 2])
    few = [look.distinct for look in looks if look.distinct is not None]
    values = np.unique(np.concatenate(few)) if len(few) == len(looks) else None
    if values is not None and len(values) <= max(bins // 2, 1):
        sample, bins = values, 2 * len(values)
    return grid_of(sample, (min(ends), max(ends)), bins, whole=False, at=at), middle


def _batches(reducer: Reducer, select: Sequence[str], where: str = "") -> Iterator[pa.RecordBatch]:
    """Some expressions over all rows, or some of them, in the order of the rows, a few at a time."""
    listed = ", ".join(f"{e} AS c{i}" for i, e in enumerate(select))
    relation = reducer.connection.sql(f"SELECT {listed} FROM {reducer.source.sql}{where}")
    yield from relation.to_arrow_reader(numeric.BATCH)


def _scored(tally: Tally, members: Sequence[int]) -> Scored:
    """The state of some places together: of each label in bins cut to its own ends, then both."""
    bins = tally.grid.bins
    counts, excess = (a.reshape(-1, LABELS, bins)[members].sum(0) for a in (tally.counts, tally.excess))
    least, most = (a.reshape(-1, LABELS)[members] for a in (tally.least, tally.most))
    rows = int(tally.rows.reshape(-1, LABELS)[members].sum())
    lows, highs = (end[1:-1] for end in tally.ends)
    parts = [replace(Scored.zero(), missing=rows - int(counts[:2].sum()))]
    for label in (0, 1):
        if not counts[label].any():
            continue
        ends = np.clip(np.stack([lows, highs]), least[:, label].min(), most[:, label].max())
        own = np.zeros((2, bins), dtype=np.int64)
        own[label] = counts[label]
        with np.errstate(over="ignore", invalid="ignore"):
            sums = own * (tally.grid.lows + excess[label] / np.maximum(own, 1))
        parts.append(Scored.in_bins(ends, own, sums))
    return Scored.union(parts)
