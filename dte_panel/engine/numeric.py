"""Large numeric columns: many at once, each read once, counted into the same fine bins on both sides.

What is small is sorted instead (:mod:`dte_panel.engine.duckdb`); every number there is exact.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from dte_panel.engine import pieces, sql
from dte_panel.engine.convert import chosen_edges
from dte_panel.engine.grid import SAMPLE, Grid, Look, grid_over, look
from dte_panel.engine.parquet import Chunk
from dte_panel.engine.pieces import Piece, Places, Side, Split
from dte_panel.engine.plan import Request
from dte_panel.engine.tally import Column, Counted, Tally
from dte_panel.model import REFERENCE
from dte_panel.reductions import Crossed, Histogram, Means, Profile, Values
from dte_panel.states import State

if TYPE_CHECKING:
    from dte_panel.engine.duckdb import Cells, Place

#: Up to so many rows on the larger side every value is kept.
EXACT_ROWS = 100_000
#: Bins of a column, fewer where many windows and cohorts share the table.
BINS, FEWEST_BINS = 2_048, 64
TABLE = 2**22
#: Bytes of values that one read by the database may hold, and columns that are read together.
READ_BYTES, READ_COLUMNS = 32 * 2**20, 32
#: Rows of a column that are held rather than read once more.
HELD_ROWS = 2**22
#: Bins of all states that are held at a time, over all windows and cohorts.
HELD = 2**23
THREADS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True)
class Cuts:
    """The fine bins of a column, which both sides share.

    Attributes
    ----------
    grid : Grid
    centre : float
        A number amid the values.
    """

    grid: Grid
    centre: float

    @cached_property
    def question(self) -> Any:
        """What tells these bins from others."""
        return hashlib.sha256(self.grid.edges.tobytes()).hexdigest(), self.grid.whole, self.centre


class Numbers:
    """The numeric columns of both sides.

    Parameters
    ----------
    sides : sequence of Side
        The reference first, where there is one: it gives the bins.
    """

    def __init__(self, sides: Sequence[Side]) -> None:
        self.sides = sides
        self.rows = max(side.face.source.rows for side in sides)
        self._columns: dict[tuple[str, str], dict[Place, Column]] = {}
        self._places: dict[tuple[str, bool, bool], Places] = {}
        self._edges = sides[0].face.edges
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
        asked = next(iter(wanted.values()))
        places = {side.name: self.places(side, *asked) for side in self.sides}
        most = max(len(labels) for side in places.values() for labels in side.every)
        if most > pieces.MOST_PLACES:
            return []
        bins = fine(BINS, most)
        states = bins * sum(len(members) for side in places.values() for members in side.members)
        columns = [c for c, dimensions in wanted.items() if dimensions == asked][
            : max(1, min(READ_COLUMNS, HELD // states))
        ]
        for request in requests:
            if isinstance(request.reduction, Values | Profile) and request.column in columns:
                self._summed.add(request.column)
                self._at.setdefault(request.column, set()).update(getattr(request.reduction, "at", ()))
        # What stands in files is read when it is counted; what the database gives is held until then.
        every = [piece for side in self.sides for piece in side.pieces]
        straight = [c for c in columns if all(c in p.straight or c not in p.source.types for p in every)]
        held = [c for c in columns if c not in straight]
        size = max(1, READ_BYTES // (8 * self.rows))
        for group in (straight, *(held[start : start + size] for start in range(0, len(held), size))):
            if group:
                self._read(group, places, bins)
        return columns

    def forget(self, column: str | None) -> None:
        """Let go of a column that is not asked for any more."""
        for side in self.sides:
            self._columns.pop((side.name, column or ""), None)

    def reads(self, requests: Iterable[Request]) -> bool:
        """Whether one of the requests is of a large numeric column."""
        kinds = self.sides[0].face.layout.kinds
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
            known = next(side.name for side in self.sides if (side.name, name) in self._columns)
            self._edges[name, bins] = chosen_edges(self._columns[known, name][known, ()].ordered, bins)
        return column.ordered.binned(*self._edges[name, bins], column.nulls, column.nans)

    def _read(self, columns: Sequence[str], places: Mapping[str, Places], bins: int) -> None:
        """Read some columns of one side after the other, and count each in a thread."""
        cuts: dict[str, Cuts] = {}
        for side in self.sides:
            here = [c for c in columns if c in side.face.source.types]
            wanted = {c: Wanted(c, cuts.get(c), bins, self._at.get(c, ()), self._whole(c)) for c in here}
            counts = [Count(side, places[side.name], w, sums=w.column in self._summed) for w in wanted.values()]
            for piece in side.pieces:
                rows = piece.chunks(asked) if (asked := [c.column for c in counts if c.needs(piece)]) else {}
                for count in counts:
                    count.rows[id(piece)] = rows.get(count.column, ())
            for count, made in zip(counts, _each(counts), strict=True):
                cuts[count.column], self._columns[side.name, count.column] = made
                count.keep()

    def _whole(self, column: str) -> bool:
        """Whether a column holds whole numbers on all sides that have it."""
        return all(side.face.source.types.get(column, "integer") == "integer" for side in self.sides)

    def places(self, side: Side, windows: bool, cohorts: bool) -> Places:
        """Which windows and cohorts the rows of a side count for, found once."""
        key = (side.name, windows, cohorts)
        if key not in self._places:
            self._places[key] = Places(side, windows, cohorts)
        return self._places[key]


def fine(bins: int, places: int) -> int:
    """How many bins there are, for so many windows and cohorts: one more of these seldom changes them."""
    while bins > FEWEST_BINS and bins * places > TABLE:
        bins //= 2
    return bins


def first(side: Side) -> Sequence[Piece]:
    """The pieces that give the bins: all of a reference; of current rows the first few, which stay when days come."""
    if side.name == REFERENCE:
        return side.pieces
    rows = np.cumsum([0, *(piece.rows for piece in side.pieces[:-1])])
    return [piece for piece, before in zip(side.pieces, rows, strict=True) if before < SAMPLE]


def _each(counts: Sequence[Count]) -> list[tuple[Cuts, dict[Place, Column]]]:
    """Count each column in a thread."""
    pool, stop = ThreadPoolExecutor(THREADS), Event()
    try:
        made = [pool.submit(count.run, stop) for count in counts]
        return [future.result() for future in made]
    finally:
        # Whoever interrupts does not wait for what has not been counted yet.
        stop.set()
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Wanted:
    """A column and its bins, or how these are to be chosen."""

    column: str
    cuts: Cuts | None
    bins: int
    at: Iterable[float]
    whole: bool

    def chosen(self, looks: Iterable[Look]) -> Cuts:
        """The bins by what was seen of the column."""
        return self.cuts or Cuts(*grid_over(looks, self.bins, whole=self.whole, at=self.at))


class Count:
    """One column of one side: what is known of its pieces, and what is counted now.

    Parameters
    ----------
    side : Side
    places : Places
    wanted : Wanted
    sums : bool
        Whether more than the number of rows in each bin is wanted.
    """

    def __init__(self, side: Side, places: Places, wanted: Wanted, *, sums: bool) -> None:
        self.side, self.places, self.wanted, self.sums = side, places, wanted, sums
        self.column, self.sampled = wanted.column, [] if wanted.cuts else first(side)
        #: The rows of each piece that is not known.
        self.rows: dict[int, Iterable[Chunk]] = {}
        self._new: list[tuple[Piece, Any, Any]] = []
        step = max(1, sum(piece.rows for piece in self.sampled) // SAMPLE)
        self._step, self._sample = step, ("sample", sql.number(self.column), step)
        looks = {id(piece): piece.recall(self._sample) for piece in self.sampled}
        self._looks: dict[int, Look] = {at: seen for at, seen in looks.items() if seen is not None}
        self._cuts = wanted.chosen(self._looks.values()) if len(self._looks) == len(self.sampled) else None
        # Other bins than those of last time: nothing is known.
        known = {id(p): p.recall(self._asked(self._cuts)) for p in side.pieces} if self._cuts else {}
        self._known: dict[int, Any] = {at: packed for at, packed in known.items() if packed is not None}
        self._splits = {id(p): places.split(p) for p in side.pieces if self.needs(p)}
        self._at = [places.at(piece) for piece in side.pieces]

    def needs(self, piece: Piece) -> bool:
        """Whether a piece is to be read."""
        return id(piece) not in self._known

    def _asked(self, cuts: Cuts) -> Any:
        return "tally", sql.number(self.column), self.sums, cuts.question, self.places.question

    def run(self, stop: Event) -> tuple[Cuts, dict[Place, Column]]:
        """Count what is not known, and add it all up."""
        # Looked at and counted, or grouped in several ways: gone through more than once.
        often = not self._cuts or len(self.places.ways) > 1
        if often and self.side.face.source.rows <= HELD_ROWS:
            self.rows = {at: list(chunks) for at, chunks in self.rows.items()}
        cuts = self._cuts or self._choose()
        tallies = [Tally(cuts.grid, len(labels), cuts.centre, sums=self.sums) for labels in self.places.every]
        for piece, at in zip(self.side.pieces, self._at, strict=True):
            for tally, own, ours in zip(tallies, self._counted(piece, cuts, stop), at, strict=True):
                tally.absorb(own, ours)
        self.rows = {}
        return cuts, {
            place: tally.column(members)
            for tally, every in zip(tallies, self.places.members, strict=True)
            for place, members in every.items()
        }

    def keep(self) -> None:
        """Remember what was counted."""
        for piece, question, answer in self._new:
            piece.keep(question, answer)

    def _choose(self) -> Cuts:
        for piece in self.sampled:
            if id(piece) not in self._looks:
                self._looks[id(piece)] = look(self.rows[id(piece)], self._step)
                self._new.append((piece, self._sample, self._looks[id(piece)]))
        return self.wanted.chosen(self._looks[id(piece)] for piece in self.sampled)

    def _counted(self, piece: Piece, cuts: Cuts, stop: Event) -> list[Counted]:
        if id(piece) in self._known:
            return [Counted.unpacked(packed) for packed in self._known[id(piece)]]
        found = counted(self.rows[id(piece)], cuts, self._splits[id(piece)], stop, sums=self.sums)
        if piece.keeps:
            self._new.append((piece, self._asked(cuts), [each.packed() for each in found]))
        return found


def counted(
    chunks: Iterable[Chunk], cuts: Cuts, splits: Sequence[Split], stop: Event, *, sums: bool = True
) -> list[Counted]:
    """What some rows of a column hold, of each way of grouping them."""
    found = []
    for labels, codes in splits:
        tally, start = Tally(cuts.grid, len(labels), cuts.centre, sums=sums), 0
        for chunk in chunks:
            if stop.is_set():
                raise InterruptedError
            tally.add(chunk, None if codes is None else codes[start : start + len(chunk)])
            start += len(chunk)
        found.append(tally.counted)
    return found
