"""Rows of one numeric column, counted into fine bins by window and cohort as they come."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dte_panel.engine.grid import Grid
from dte_panel.engine.parquet import Chunk
from dte_panel.states import Ordered, Profiled
from dte_panel.states.bins import ends, in_bins

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

#: Rows taken at a time: their arrays stay in the processor's cache.
BLOCK = 65_536
#: Rows that are sorted at a time.
SORTED = 2**20
#: From here on the square of a number, or a sum of squares, may be infinite: no mean, no M2.
HUGE = 1e140
#: Where, in order, the finite values begin, where they end, and where NaN begins.
_SPECIAL: tuple[tuple[float, Literal["left", "right"]], ...] = ((-np.inf, "right"), (np.inf, "left"), (np.nan, "left"))


class Column(NamedTuple):
    """One column in one window and cohort."""

    ordered: Ordered
    profile: Profiled

    @property
    def nulls(self) -> int:
        """Rows that are NULL."""
        return self.profile.nulls

    @property
    def nans(self) -> int:
        """Rows that are NaN."""
        return self.profile.nans


class Counted(NamedTuple):
    """What some rows of a column hold, by place: arrays that add up."""

    counts: Codes
    excess: Floats
    rows: Codes
    least: Floats
    most: Floats
    squares: Floats

    def packed(self) -> tuple[Any, ...]:
        """Without the bins that hold nothing."""
        at = np.flatnonzero(self.counts)
        counts = self.counts[at]
        small = counts.astype(np.min_scalar_type(int(counts.max(initial=0))))
        return len(self.counts), at, small, self.excess[at], *self[2:]

    @classmethod
    def unpacked(cls, packed: Sequence[Any]) -> Counted:
        """What :meth:`packed` gave."""
        cells, at, small, some, *others = packed
        counts, excess = np.zeros(cells, dtype=np.int64), np.zeros(cells)
        counts[at], excess[at] = small, some
        return cls(counts, excess, *others)


class Tally:
    """What one column holds in each of ``places`` places; rows are added in order.

    Parameters
    ----------
    grid : Grid
    places : int
    centre : float
        Where squares are taken from, amid the values, so that they keep their digits.
    sums : bool
        Whether more than the number of rows in each bin is wanted.
    """

    def __init__(self, grid: Grid, places: int, centre: float, *, sums: bool = True) -> None:
        self.grid, self.places, self.centre, self.sums = grid, places, centre, sums
        cells = places * grid.bins
        self.counts, self.excess = np.zeros(cells, dtype=np.int64), np.zeros(cells)
        self.every = np.zeros((5, places), dtype=np.int64)
        self.rows, self.nulls, self.nans, self.below, self.above = self.every
        self.least, self.most = np.full(places, np.inf), np.full(places, -np.inf)
        self.squares = np.zeros(places)
        # Many places at a time are worth the pass over their table.
        self.block = max(BLOCK, min(cells, 2**20))
        self._empty = True

    @cached_property
    def _floats(self) -> Floats:
        return np.empty((2, self.block))

    @cached_property
    def _places(self) -> Codes:
        return np.empty((2, self.block), dtype=np.int64)

    def add(self, chunk: Chunk, codes: NDArray[np.int32] | None) -> None:
        """Add rows; ``codes`` are their places, ``None`` where there is one."""
        if codes is None:
            self.rows += len(chunk)
            self.nulls += chunk.nulls
            for start in range(0, len(chunk), SORTED):
                self._sort(chunk.known(slice(start, start + SORTED)))
            return
        for start in range(0, len(chunk), self.block):
            rows = slice(start, min(start + self.block, len(chunk)))
            self._block(chunk, rows, codes[rows].astype(np.int64))

    def _sort(self, x: Floats) -> None:
        """Add values to the only place: in order, they need to be looked at where the edges are alone."""
        x = np.sort(x)
        # NaN is sorted to the end.
        first, last, known = (int(np.searchsorted(x, at, side)) for at, side in _SPECIAL)
        self.below += first
        self.above += known - last
        self.nans += len(x) - known
        x = x[first:last]
        if not len(x):
            return
        # Of both zeros the positive one.
        self.least[0], self.most[0] = min(self.least[0], x[0] + 0.0), max(self.most[0], x[-1] + 0.0)
        at = np.searchsorted(x, self.grid.edges)
        rows = np.diff(at, prepend=0, append=len(x))
        self.counts += rows
        if not self.sums:
            return
        used = rows > 0
        with np.errstate(over="ignore", invalid="ignore"):
            above = x - np.repeat(self.grid.lows, rows)
            self.excess[used] += np.add.reduceat(above, np.append(0, at)[used])
            np.subtract(x, self.centre, out=above)
            np.multiply(above, above, out=above)
            self.squares[0] += above.sum()

    def _block(self, chunk: Chunk, at: slice, codes: Codes) -> None:
        self.rows += self._count(codes)
        x = chunk.known(at)
        if chunk.present is not None:
            present = chunk.present[at]
            self.nulls += self._count(codes[~present])
            codes = codes[present]
        # NaN and infinities show in the ends, which are needed anyway.
        if len(x) and not np.isfinite([x.min(), x.max()]).all():
            for what, rows in ((np.isnan(x), self.nans), (x == -np.inf, self.below), (x == np.inf, self.above)):
                np.add(rows, self._count(codes[what]), out=rows)
            finite = np.isfinite(x)
            x, codes = x[finite], codes[finite]
        if len(x):
            self._numbers(x, codes)

    def _count(self, codes: Codes) -> Codes:
        return np.bincount(codes, minlength=self.places)

    def _numbers(self, x: Floats, codes: Codes) -> None:
        bins, k = self.grid.bins, len(x)
        scratch, other = self._floats[0, :k], self._floats[1, :k]
        place = self.grid.place(x, scratch, self._places[0, :k], self._places[1, :k])
        self.grid.lows.take(place, out=scratch, mode="clip")
        with np.errstate(over="ignore", invalid="ignore"):
            np.subtract(x, scratch, out=scratch)
            np.subtract(x, self.centre, out=other)
            np.multiply(other, other, out=other)
        first, last = self._spread(x, other, codes)
        place += (codes - first) * bins
        used = slice(first * bins, last * bins)
        self.counts[used] += np.bincount(place, minlength=(last - first) * bins)
        self.excess[used] += np.bincount(place, weights=scratch, minlength=(last - first) * bins)

    def _spread(self, x: Floats, squares: Floats, codes: Codes) -> tuple[int, int]:
        """Take the ends and the squares of each place; return the first place in use and the one after the last."""
        if (codes[1:] >= codes[:-1]).all():
            # Rows in order of time: the places are runs, and few.
            starts = np.flatnonzero(np.diff(codes, prepend=-1))
            at = codes[starts]
            self.least[at] = np.minimum(self.least[at], np.minimum.reduceat(x, starts))
            self.most[at] = np.maximum(self.most[at], np.maximum.reduceat(x, starts))
            self.squares[at] += np.add.reduceat(squares, starts)
            return int(at[0]), int(at[-1]) + 1
        np.minimum.at(self.least, codes, x)
        np.maximum.at(self.most, codes, x)
        self.squares += np.bincount(codes, weights=squares, minlength=self.places)
        return 0, self.places

    @property
    def counted(self) -> Counted:
        """All that was added."""
        return Counted(self.counts, self.excess, self.every, self.least, self.most, self.squares)

    def absorb(self, counted: Counted, places: Sequence[int]) -> None:
        """Add what other rows hold, whose places are these of ours; the arrays may become ours."""
        if self._empty and len(places) == self.places:
            # The same places in the same order, for places ascend.
            self.counts, self.excess, self.every, self.least, self.most, self.squares = counted
            self.rows, self.nulls, self.nans, self.below, self.above = self.every
        elif places:
            shape, at = (-1, self.grid.bins), list(places)
            self.counts.reshape(shape)[at] += counted.counts.reshape(shape)
            self.excess.reshape(shape)[at] += counted.excess.reshape(shape)
            self.every[:, at] += counted.rows
            self.squares[at] += counted.squares
            self.least[at] = np.minimum(self.least[at], counted.least)
            self.most[at] = np.maximum(self.most[at], counted.most)
        self._empty = False

    def column(self, places: Sequence[int] | slice) -> Column:
        """The states of some places together."""
        bins = self.grid.bins
        counts = self.counts.reshape(-1, bins)[places].sum(0)
        excess = self.excess.reshape(-1, bins)[places].sum(0)
        rows, nulls, nans, below, above = (
            int(a[places].sum()) for a in (self.rows, self.nulls, self.nans, self.below, self.above)
        )
        n = int(counts.sum())
        least, most = float(self.least[places].min()), float(self.most[places].max())
        mean, m2 = self._moments(n, counts, excess, float(self.squares[places].sum()), max(-least, most))
        profile = Profiled(
            rows, nulls, nans, below + above, least if n else None, most if n else None, mean, m2 if n else None
        )
        counts, excess = (
            np.concatenate([[a], inner, [b]]) for a, inner, b in ((below, counts, above), (0.0, excess, 0.0))
        )
        ordered = in_bins(*self.ends, counts, excess, nulls + nans)
        return Column(ordered, profile)

    @cached_property
    def ends(self) -> tuple[Floats, Floats]:
        """What each bin may hold; the same arrays for all places."""
        least, most = float(self.least.min()), float(self.most.max())
        return ends(self.grid.edges, (least, most) if least <= most else None, whole=self.grid.whole)

    def _moments(
        self, n: int, counts: Codes, excess: Floats, squares: float, largest: float
    ) -> tuple[float | None, float | None]:
        """Mean and M2, by the distance of the mean from the centre."""
        if not n or largest >= HUGE:
            return None, None
        away = float((counts * (self.grid.lows - self.centre) + excess).sum()) / n
        return self.centre + away, max(squares - n * away * away, 0.0)
