"""Large numeric columns: many at once, each read once, counted into the same fine bins on both sides.

What is small is sorted instead (:mod:`dte_panel.engine.duckdb`); every number there is exact.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dte_panel.engine import sql
from dte_panel.engine.grid import Grid, grid_over
from dte_panel.engine.parquet import Chunk
from dte_panel.engine.plan import Request
from dte_panel.engine.rows import WINDOW, used
from dte_panel.engine.rows import codes as row_codes
from dte_panel.engine.tally import Column, Tally
from dte_panel.model import cohort_key
from dte_panel.reductions import Crossed, Histogram, Means, Profile, Values
from dte_panel.states import State

if TYPE_CHECKING:
    from dte_panel.engine.duckdb import Cells, Place, Reducer
    from dte_panel.engine.sources import Source

#: Up to so many rows on the larger side every value is kept.
EXACT_ROWS = 100_000
#: Bins of a column, fewer where many windows and cohorts share the table.
BINS, FEWEST_BINS = 2_048, 64
TABLE = 2**22
#: More windows and cohorts than this are sorted, each on its own.
MOST_PLACES = 2**16
#: Bytes of values that one read by the database may hold, and columns that are read together.
READ_BYTES, READ_COLUMNS = 32 * 2**20, 32
#: Rows of a column that are held rather than read once more.
HELD_ROWS = 2**22
#: Bins of all states that are held at a time, over all windows and cohorts.
HELD = 2**23
#: Rows of a batch.
BATCH = 122_880
THREADS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True)
class Split:
    """One way of grouping the rows of a side: the place of each row, and the windows and cohorts it counts for.

    Attributes
    ----------
    codes : ndarray of int or None
        ``None`` where all rows are in one place.
    members : mapping
        Window and cohort to places.
    places : int
    """

    codes: NDArray[np.int32] | None
    members: Mapping[Place, Sequence[int]]
    places: int


class Numbers:
    """The numeric columns of both sides.

    Parameters
    ----------
    reducers : sequence of Reducer
        Of the reference first, where there is one: it gives the bins.
    """

    def __init__(self, reducers: Sequence[Reducer]) -> None:
        self.reducers = reducers
        self.rows = max(r.source.rows for r in reducers)
        self._columns: dict[tuple[str, str], dict[Place, Column]] = {}
        self._splits: dict[tuple[str, bool, bool], list[Split]] = {}
        self._edges = reducers[0].edges
        self._at: dict[str, set[float]] = {}
        self._summed: set[str] = set()

    def load(self, requests: Sequence[Request]) -> list[str]:
        """Read the first numeric columns that are asked for, as many as may be held.

        Returns
        -------
        list of str
            The columns that were read.
        """
        wanted: dict[str, tuple[bool, bool]] = {}
        for request in requests:
            if request.column is not None and self.reads([request]):
                windows, cohorts = wanted.get(request.column, (False, False))
                wanted[request.column] = windows or request.windows, cohorts or request.cohorts
        if not wanted:
            return []
        # Columns of the same dimensions share their reads.
        first = next(iter(wanted.values()))
        splits = {r.source.name: self.split(r, *first) for r in self.reducers}
        most = max(split.places for side in splits.values() for split in side)
        if most > MOST_PLACES:
            return []
        bins = max(FEWEST_BINS, min(BINS, TABLE // most))
        states = bins * sum(len(split.members) for side in splits.values() for split in side)
        columns = [c for c, asked in wanted.items() if asked == first][: max(1, min(READ_COLUMNS, HELD // states))]
        for request in requests:
            if isinstance(request.reduction, Values | Profile) and request.column in columns:
                self._summed.add(request.column)
                self._at.setdefault(request.column, set()).update(getattr(request.reduction, "at", ()))
        # What stands in files is read when it is counted; what the database gives is held until then.
        sides = [r.source for r in self.reducers]
        straight = [c for c in columns if all(c not in s.types or _straight(s, c) for s in sides)]
        held = [c for c in columns if c not in straight]
        size = max(1, READ_BYTES // (8 * self.rows))
        for group in (straight, *(held[start : start + size] for start in range(0, len(held), size))):
            if group:
                self._read(group, splits, bins)
        return columns

    def forget(self, column: str | None) -> None:
        """Let go of a column that is not asked for any more."""
        for reducer in self.reducers:
            self._columns.pop((reducer.source.name, column or ""), None)

    def reads(self, requests: Iterable[Request]) -> bool:
        """Whether one of the requests is of a large numeric column."""
        kinds = self.reducers[0].layout.kinds
        return self.rows > EXACT_ROWS and any(
            isinstance(r.reduction, Values | Histogram | Profile | Crossed | Means)
            and kinds.get(r.column or "") == "numeric"
            for r in requests
        )

    def cells(self, name: str, request: Request) -> Cells | None:
        """The states of one request on one side; ``None`` where its column is not loaded."""
        loaded = self._columns.get((name, request.column or ""))
        known = Values | Histogram | Profile if request.column in self._summed else Histogram
        if loaded is None or not isinstance(request.reduction, known):
            return None
        return {
            (window, cohort): self._state(request, column)
            for (window, cohort), column in loaded.items()
            if (request.windows or window == name) and (request.cohorts or not cohort)
        }

    def _state(self, request: Request, column: Column) -> State:
        if isinstance(request.reduction, Profile):
            return column.profile
        if isinstance(request.reduction, Values):
            return column.ordered
        bins, name = cast(Histogram, request.reduction).bins, cast(str, request.column)
        if (name, bins) not in self._edges:
            first = next(r.source.name for r in self.reducers if (r.source.name, name) in self._columns)
            whole = self._columns[first, name][first, ()].ordered
            finite = whole.finite()
            span = (finite.minimum, finite.maximum) if finite.n else None
            self._edges[name, bins] = whole.quantile_edges(bins), span
        return column.ordered.binned(*self._edges[name, bins], column.nulls, column.nans)

    def _read(self, columns: Sequence[str], splits: Mapping[str, Sequence[Split]], bins: int) -> None:
        """Read some columns of one side after the other."""
        grids: dict[str, tuple[Grid, float]] = {}
        spans = self._whole_spans(columns)
        for reducer in self.reducers:
            here = [c for c in columns if c in reducer.source.types]
            if here:
                self._read_side(reducer, here, splits[reducer.source.name], grids, spans, bins)

    def _read_side(
        self,
        reducer: Reducer,
        columns: Sequence[str],
        splits: Sequence[Split],
        grids: dict[str, tuple[Grid, float]],
        spans: Mapping[str, tuple[float, float]],
        bins: int,
    ) -> None:
        """Read some columns of one side, and count each in a thread; what was read is let go of on return."""
        read, stop = _rows(reducer, columns), Event()

        def count(column: str) -> dict[Place, Column]:
            chunks = read[column]
            if reducer.source.rows <= HELD_ROWS:
                chunks = list(chunks)
            if column not in grids:
                grids[column] = grid_over(
                    chunks, reducer.source.rows, spans.get(column), bins, self._at.get(column, ())
                )
            return _counted(chunks, grids[column], splits, stop, sums=column in self._summed)

        pool = ThreadPoolExecutor(THREADS)
        try:
            made = [(c, pool.submit(count, c)) for c in columns]
            for column, future in made:
                self._columns[reducer.source.name, column] = future.result()
        finally:
            # Whoever interrupts does not wait for what has not been counted yet.
            stop.set()
            pool.shutdown(cancel_futures=True)

    def _whole_spans(self, columns: Sequence[str]) -> dict[str, tuple[float, float]]:
        """Smallest and largest value over both sides of the columns of whole numbers."""
        spans: dict[str, tuple[float, float]] = {}
        sides = [r.source for r in self.reducers]
        whole = [c for c in columns if all(s.types.get(c, "integer") == "integer" for s in sides)]
        for reducer in self.reducers:
            here = [c for c in whole if c in reducer.source.types]
            if not here:
                continue
            ends = ", ".join(f"MIN({x}), MAX({x})" for x in map(sql.quote, here))
            (row,) = reducer.connection.execute(f"SELECT {ends} FROM {reducer.source.sql}").fetchall()
            for column, low, high in zip(here, row[::2], row[1::2], strict=True):
                if low is not None:
                    known = spans.get(column, (float(low), float(high)))
                    spans[column] = min(known[0], float(low)), max(known[1], float(high))
        return spans

    def split(self, reducer: Reducer, windows: bool, cohorts: bool) -> list[Split]:
        """How the rows of a side are grouped, found once."""
        key = (reducer.source.name, windows, cohorts)
        if key not in self._splits:
            self._splits[key] = _splits(reducer, windows, cohorts)
        return self._splits[key]


def _arrays(reducer: Reducer, expressions: Sequence[str]) -> list[pa.RecordBatch]:
    """Some expressions over all rows, in the order of the rows."""
    select = ", ".join(f"{e} AS c{i}" for i, e in enumerate(expressions))
    relation = reducer.connection.sql(f"SELECT {select} FROM {reducer.source.sql}")
    return list(relation.to_arrow_reader(BATCH))


def _straight(source: Source, column: str) -> Iterable[Chunk] | None:
    """A column as it stands in its files, if the source is them and nothing else."""
    return source.files.numbers(column) if source.files and not source.relation else None


def _rows(reducer: Reducer, columns: Sequence[str]) -> dict[str, Iterable[Chunk]]:
    """The rows of some columns: from their files when they are gone through, or from the database now."""
    found = {c: rows for c in columns if (rows := _straight(reducer.source, c)) is not None}
    others = [c for c in columns if c not in found]
    batches = _arrays(reducer, [sql.number(c) for c in others]) if others else []
    return found | {c: [Chunk(batch.column(i)) for batch in batches] for i, c in enumerate(others)}


def _counted(
    chunks: Iterable[Chunk],
    grid: tuple[Grid, float],
    splits: Sequence[Split],
    stop: Event,
    *,
    sums: bool = True,
) -> dict[Place, Column]:
    found: dict[Place, Column] = {}
    for split in splits:
        tally, start = Tally(grid[0], split.places, grid[1], sums=sums), 0
        for chunk in chunks:
            if stop.is_set():
                return {}
            tally.add(chunk, None if split.codes is None else split.codes[start : start + len(chunk)])
            start += len(chunk)
        found.update({place: tally.column(members) for place, members in split.members.items()})
    return found


def _splits(reducer: Reducer, windows: bool, cohorts: bool) -> list[Split]:
    """Number the windows and cohorts of every row of a side: all of them crossed, if they are not too many."""
    name = reducer.source.name
    groupings, expressions = row_codes(reducer, windows, cohorts)
    windowed = WINDOW in expressions
    everything = Split(None, {(name, ()): [0]}, 1)
    if not expressions:
        return [everything]
    batches = _arrays(reducer, list(expressions.values()))
    codes = {
        alias: np.concatenate([b.column(i).to_numpy(zero_copy_only=False) for b in batches])
        for i, alias in enumerate(expressions)
    }
    starts = sorted(reducer.layout.starts) if windowed else []
    keys = {c: codes[alias] for c, alias in zip(used(groupings), expressions, strict=False)}
    if windowed:
        # The last window is that of rows without one.
        keys[WINDOW] = _window_codes(codes[WINDOW], starts)
    sizes = {c: len(starts) + 1 if c == WINDOW else len(reducer.layout.groups[c]) for c in keys}
    if math.prod(sizes.values()) <= MOST_PLACES:
        return [_split(reducer, groupings, starts, keys, sizes)]
    its_window = [WINDOW] if windowed else []
    return [
        _split(reducer, [g], starts, {c: keys[c] for c in (*g, *its_window)}, sizes) if g or windowed else everything
        for g in groupings
    ]


def _window_codes(numbers: NDArray[np.int64], starts: Sequence[int]) -> NDArray[np.int64]:
    at = np.searchsorted(starts, numbers)
    known = np.append(starts, np.iinfo(np.int64).max)[at] == numbers
    return np.where(known, at, len(starts))


def _split(
    reducer: Reducer,
    groupings: Iterable[tuple[str, ...]],
    starts: Sequence[int],
    keys: Mapping[str, NDArray[np.int64]],
    sizes: Mapping[str, int],
) -> Split:
    """Cross the keys; only the crossings that have rows are places."""
    flat: Any = 0
    for column, key in keys.items():
        flat = flat * sizes[column] + key
    used, codes = _numbered(flat, math.prod(sizes[c] for c in keys))
    at = dict(zip(keys, np.unravel_index(used, [sizes[c] for c in keys]), strict=True))
    members: dict[Place, list[int]] = {}
    layout, name = reducer.layout, reducer.source.name
    for grouping in groupings:
        for place in range(len(used)):
            cohort = cohort_key({c: layout.groups[c][int(at[c][place])] for c in grouping})
            members.setdefault((name, cohort), []).append(place)
            number = int(at[WINDOW][place]) if WINDOW in at else len(starts)
            if number < len(starts):
                members.setdefault((layout.starts[starts[number]], cohort), []).append(place)
    return Split(codes, members, len(used))


def _numbered(flat: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The numbers below ``size`` that occur, ascending, and which of them each is."""
    rows = np.bincount(flat, minlength=size)
    used = np.flatnonzero(rows)
    return used, (np.cumsum(rows > 0) - 1).astype(np.int32)[flat]
