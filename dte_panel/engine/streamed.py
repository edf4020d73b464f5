"""Expressions over many rows, such as scores by label: counted batch by batch into the same fine bins on both sides.

Nothing of them is held but the counts. What is small is sorted instead (:mod:`dte_panel.engine.duckdb`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dte_panel.engine import numeric, pieces, sql
from dte_panel.engine.grid import SAMPLE, Grid, grid_of
from dte_panel.engine.numeric import Cuts
from dte_panel.engine.parquet import Chunk
from dte_panel.engine.tally import Counted, Tally
from dte_panel.model import CURRENT, REFERENCE
from dte_panel.reductions import Scores, ValuesOf
from dte_panel.states import Ordered, Scored

if TYPE_CHECKING:
    from dte_panel.engine.duckdb import Place, Reducer
    from dte_panel.engine.numeric import Numbers
    from dte_panel.engine.pieces import Piece, Places, Side, Split
    from dte_panel.engine.plan import Request

Floats = NDArray[np.float64]
#: Ends, a sample, and the distinct values where they are few.
_Look = tuple[tuple[float, ...], Floats, Floats | None]

#: Up to so many rows on the larger side every value is kept: one column of them is small.
EXACT_ROWS = 250_000
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


def exactly(side: Side, request: Request, place: Place) -> Scored | Ordered:
    """The state of one window and cohort from every row of it.

    Raises
    ------
    KeyError
        The side lacks a column.
    """
    asked = expressions(side.face, request)
    if asked is None:
        raise KeyError(place)
    where, made = _where(side.face, place), []
    for piece in side.pieces:
        question = ("exactly", asked.value, asked.label, where)
        state = piece.recall(question)
        if state is None:
            state = _every(piece, asked, where)
            piece.keep(question, state)
        made.append(state)
    return Scored.union(made) if asked.label else Ordered.union(made)


def _every(piece: Piece, asked: Asked, where: str) -> Scored | Ordered:
    """The state of some rows of a piece, value by value."""
    if not asked.label:
        values = [b.column(0).to_numpy(zero_copy_only=False) for b in piece.batches([asked.value], where)]
        return Ordered.of(np.concatenate([np.empty(0), *values]))
    sides: list[list[Floats]] = [[np.empty(0)], [np.empty(0)]]
    rows = 0
    for batch in piece.batches([asked.value, _coded(asked.label)], where):
        scores, codes = (batch.column(i).to_numpy(zero_copy_only=False) for i in (0, 1))
        finite, rows = np.isfinite(scores), rows + len(batch)
        for label, of in enumerate(sides):
            of.append(scores[finite & (codes == label)])
    arrays = []
    for of in sides:
        arrays.append(np.concatenate(of))
        of.clear()
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
        self._cuts: dict[tuple[str, int], Cuts] = {}

    def takes(self, name: str, request: Request) -> bool:
        """Whether a request is counted here, on the side of that name."""
        reduction = request.reduction
        each = LABELS if isinstance(reduction, Scores) and not reduction.exact else 1
        wanted = each == LABELS or isinstance(reduction, ValuesOf)
        return wanted and self._places(name, request, each) is not None

    def scored(self, reducer: Reducer, request: Request, asked: Asked) -> dict[Place, Scored] | None:
        """Scores by label in each window and cohort; ``None`` where they are to be sorted."""
        places = self._places(reducer.source.name, request, LABELS)
        if places is None:
            return None
        tallies = _tallies(places, asked, self._chosen(asked, SCORE_EDGES, places, LABELS))
        return {p: _scored(t, at) for t, of in zip(tallies, places.members, strict=True) for p, at in of.items()}

    def ordered(self, reducer: Reducer, request: Request, asked: Asked) -> dict[Place, Ordered] | None:
        """The values in each window and cohort; ``None`` where they are to be sorted."""
        places = self._places(reducer.source.name, request, 1)
        if places is None:
            return None
        tallies = _tallies(places, asked, self._chosen(asked, (), places, 1))
        return {p: t.column(at).ordered for t, of in zip(tallies, places.members, strict=True) for p, at in of.items()}

    def _places(self, name: str, request: Request, each: int) -> Places | None:
        if self.numbers.rows <= EXACT_ROWS:
            return None
        side = next(side for side in self.numbers.sides if side.name == name)
        places = self.numbers.places(side, request.windows, request.cohorts)
        return places if all(len(labels) * each <= pieces.MOST_PLACES for labels in places.every) else None

    def _chosen(self, asked: Asked, at: Sequence[float], places: Places, each: int) -> Cuts:
        """The bins of an expression, the same for both sides."""
        bins = numeric.fine(BINS, max(map(len, places.every)) * each)
        x = asked.value
        if (x, bins) not in self._cuts:
            looks: list[_Look] = []
            for side in self.numbers.sides:
                if asked.columns <= set(side.face.source.types) and not any(ends for ends, _, _ in looks):
                    sampled = numeric.first(side)
                    step = max(1, sum(piece.rows for piece in sampled) // SAMPLE)
                    looks = [_look(piece, x, step) for piece in sampled]
            self._cuts[x, bins] = _chosen(looks, bins, at)
        return self._cuts[x, bins]


def _tallies(places: Places, x: Asked, cuts: Cuts) -> list[Tally]:
    """What all pieces of a side hold, of each way of grouping; what is known of a piece is not read."""
    each = LABELS if x.label else 1
    tallies = [Tally(cuts.grid, len(labels) * each, cuts.centre) for labels in places.every]
    asked = ("streamed", x.value, x.label, cuts.question, places.question)
    for piece in places.side.pieces:
        kept = piece.recall(asked)
        if kept is None:
            wanted = [x.value, _coded(x.label)] if x.label else [x.value]
            own = _counted(piece, places.split(piece), wanted, cuts)
            if piece.keeps:
                piece.keep(asked, [counted.packed() for counted in own])
        else:
            own = [Counted.unpacked(packed) for packed in kept]
        for tally, counted, at in zip(tallies, own, places.at(piece), strict=True):
            tally.absorb(counted, [each * place + i for place in at for i in range(each)])
    return tallies


def _counted(piece: Piece, splits: Sequence[Split], select: Sequence[str], cuts: Cuts) -> list[Counted]:
    """What a piece holds; the second expression, if there is one, is the number of a label."""
    each, start = LABELS if len(select) > 1 else 1, 0
    tallies = [Tally(cuts.grid, len(labels) * each, cuts.centre) for labels, _ in splits]
    for batch in piece.batches(select):
        codes = batch.column(1).to_numpy() if each > 1 else None
        for tally, (_, of) in zip(tallies, splits, strict=True):
            part = None if of is None else of[start : start + len(batch)]
            at = part if codes is None else codes if part is None else codes + each * part
            tally.add(Chunk(batch.column(0)), at)
        start += len(batch)
    return [tally.counted for tally in tallies]


def _look(piece: Piece, x: str, step: int) -> _Look:
    """A first look at an expression: its ends, a sample, and its distinct values while they are few."""
    known = piece.recall(("look", x, step))
    if known is None:
        known = _looked(piece, x, step)
        piece.keep(("look", x, step), known)
    return cast(_Look, known)


def _looked(piece: Piece, x: str, step: int) -> _Look:
    ends: list[float] = []
    distinct: Floats | None = np.empty(0)
    taken, seen = [np.empty(0)], 0
    for batch in piece.batches([x]):
        every: Floats = batch.column(0).drop_null().to_numpy(zero_copy_only=False)
        values = every[np.isfinite(every)]
        taken.append(values[-seen % step :: step])
        seen += len(values)
        if len(values):
            ends += [float(values.min()), float(values.max())]
            distinct = _met(distinct, values)
    return (min(ends), max(ends)) if ends else (), np.concatenate(taken), distinct


def _met(distinct: Floats | None, values: Floats) -> Floats | None:
    """The distinct values with some more; ``None`` once they are many."""
    for part in (values[:_FIRST], values[_FIRST:]):
        if distinct is not None:
            fresh = pa.array(part).unique().to_numpy()
            distinct = np.union1d(distinct, fresh) if len(fresh) <= DISTINCT else None
        if distinct is not None and len(distinct) > DISTINCT:
            distinct = None
    return distinct


def _chosen(looks: Sequence[_Look], bins: int, at: Sequence[float]) -> Cuts:
    """Bins of equal weight; a bin for each distinct value, if they are few, and some between them for other rows."""
    ends = [end for of, _, _ in looks for end in of]
    if not ends:
        return Cuts(Grid(np.zeros(1)), 0.0)
    low, high = min(ends), max(ends)
    sample = np.concatenate([values for _, values, _ in looks])
    sample = sample if len(sample) else np.array(ends)
    middle = float(np.partition(sample, len(sample) // 2)[len(sample) // 2])
    few = [distinct for _, _, distinct in looks if distinct is not None]
    values = np.unique(np.concatenate(few)) if len(few) == len(looks) else None
    if values is not None and len(values) <= max(bins // 2, 1):
        shares = np.linspace(0, 1, bins // 4)
        sample, bins, at = values, 2 * len(values), (*at, *(low * (1 - shares) + high * shares))
    return Cuts(grid_of(sample, (low, high), bins, whole=False, at=at), middle)


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
