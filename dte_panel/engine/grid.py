"""Fine bins of a numeric column: where their edges lie, and which bin a number falls into."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dte_panel.engine.parquet import Chunk

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

#: Regular cells that lead to the bins. Most hold one edge at most.
CELLS = 16_384
#: Rows that the bins are chosen from.
SAMPLE = 65_536
#: Rounds of moving up by one bin before what is left is searched for.
ROUNDS = 3
#: Whole numbers of this size and less are exact in floating point, and so is the next one.
EXACT_WHOLE = 2.0**52


@dataclass(frozen=True)
class Grid:
    """Left-closed bins between ascending edges, the first and the last open.

    Attributes
    ----------
    edges : ndarray of float, shape (m,)
        At least one.
    whole : bool
        The column holds whole numbers alone, none too large to be exact.
    """

    edges: Floats
    whole: bool = False

    @property
    def bins(self) -> int:
        """How many bins the edges part."""
        return len(self.edges) + 1

    @cached_property
    def lows(self) -> Floats:
        """What the excess of each bin is counted from: its edge; of the first bin the edge above it."""
        return np.concatenate([self.edges[:1], self.edges])

    @cached_property
    def _upper(self) -> Floats:
        return np.append(self.edges, np.inf)

    @cached_property
    def _scale(self) -> float:
        """Cells to a unit; 0 where the edges lie too near or too far apart for cells."""
        with np.errstate(over="ignore", divide="ignore"):
            scale = CELLS / (self.edges[-1] - self.edges[0])
        return float(scale) if np.isfinite(scale) else 0.0

    @cached_property
    def _first(self) -> Places:
        """The bin of the smallest number in each cell.

        The cell of a number never falls as the number rises, also in floating point: an edge whose cell is lower than
        a number's own is not above that number.
        """
        cells = self._cells(self.edges, np.empty_like(self.edges), np.empty(len(self.edges), dtype=np.int64))
        return np.searchsorted(cells, np.arange(CELLS + 1)).astype(np.int64)

    def _cells(self, x: Floats, scratch: Floats, out: Places) -> Places:
        if not self._scale:
            out[:] = 0
            return out
        with np.errstate(over="ignore"):
            np.subtract(x, self.edges[0], out=scratch)
            np.multiply(scratch, self._scale, out=scratch)
        np.clip(scratch, 0.0, float(CELLS), out=scratch)
        np.copyto(out, scratch, casting="unsafe")
        return out

    def place(self, x: Floats, scratch: Floats, cells: Places, out: Places) -> Places:
        """The bin of each finite number: ``searchsorted(edges, x, side="right")``, about ten times as fast."""
        self._first.take(self._cells(x, scratch, cells), out=out, mode="clip")
        for _ in range(ROUNDS):
            self._upper.take(out, out=scratch, mode="clip")
            higher = x >= scratch
            if not higher.any():
                return out
            np.add(out, higher, out=out)
        # Where many edges share a cell, in the middle of a column with far ends.
        rest = np.flatnonzero(higher)
        out[rest] = np.searchsorted(self.edges, x[rest], side="right")
        return out


def grid_of(sample: Floats, span: tuple[float, float], bins: int, *, whole: bool, at: Iterable[float] = ()) -> Grid:
    """Choose about ``bins`` bins of equal weight.

    Parameters
    ----------
    sample : ndarray of float
        Finite values of the column; at least one.
    span : tuple of float
        Smallest and largest value that the bins should tell from what lies beyond.
    bins : int
        Whole numbers get a bin each where their span allows it.
    whole : bool
        The column's type is one of whole numbers.
    at : iterable of float
        Numbers that get a bin of their own.
    """
    low, high = span
    whole = whole and max(abs(low), abs(high)) < EXACT_WHOLE
    if whole and high - low < bins:
        return Grid(np.arange(low, high + 2), whole)
    ends = [low, _above(high, whole)]
    ordered = np.sort(sample)
    values, counts = np.unique(ordered, return_counts=True)
    if len(values) <= bins // 2:
        heavy, light = values, values[:0]
    else:
        # A value that fills a bin alone keeps it; the ends of the column are cut finer, for its tails are thin.
        heavy = values[counts > len(ordered) / bins]
        tails = 2 ** np.arange(int(np.log2(len(ordered))))
        ranks = np.concatenate([np.arange(1, bins) * len(ordered) // bins, tails, len(ordered) - 1 - tails])
        light = ordered[np.clip(ranks, 0, len(ordered) - 1)]
    edges = np.unique(np.concatenate([ends, light, heavy, _above(heavy, whole)]))
    edges = edges[(edges >= low) & np.isfinite(edges)]
    cuts = [x for x in at if np.isfinite(x) and abs(x) < EXACT_WHOLE] if whole else [x for x in at if np.isfinite(x)]
    own = np.ceil(cuts) if whole else np.asarray(cuts, dtype=float)
    return Grid(np.unique(np.concatenate([edges, own, _above(np.floor(cuts) if whole else own, whole)])), whole)


#: A sample of some values, and the smallest and the largest of them all.
Look = tuple[Floats, tuple[float, ...]]


def look(chunks: Iterable[Chunk], step: int) -> Look:
    """Every so many-th value of a column, and its ends; only what is finite."""
    start, ends, taken = 0, [], [np.empty(0)]
    for chunk in chunks:
        ends += _ends(chunk.known())
        values = chunk.known(slice(-start % step, None, step))
        taken.append(values[np.isfinite(values)])
        start += len(chunk)
    return np.concatenate(taken), (min(ends), max(ends)) if ends else ()


def grid_over(looks: Iterable[Look], bins: int, *, whole: bool = False, at: Iterable[float] = ()) -> tuple[Grid, float]:
    """The bins of a column by what was seen of it, and its median, about."""
    looks = list(looks)
    ends = [end for _, both in looks for end in both]
    if not ends:
        return Grid(np.zeros(1)), 0.0
    sample, low, high = np.concatenate([values for values, _ in looks]), min(ends), max(ends)
    sample = sample if len(sample) else np.array(ends)
    if whole and high - low < bins:
        # Whole numbers that other rows have, beside these, get bins too, as far as there are enough.
        wider = (bins - 1 - int(high - low)) // 2
        low, high = low - wider, high + wider
    middle = float(np.partition(sample, len(sample) // 2)[len(sample) // 2])
    return grid_of(sample, (low, high), bins, whole=whole, at=at), middle


def _ends(x: Floats) -> list[float]:
    """The smallest and the largest finite value, if there is one."""
    if len(x) and not np.isfinite([x.min(), x.max()]).all():
        x = x[np.isfinite(x)]
    return [float(x.min()), float(x.max())] if len(x) else []


def _above(x: Floats | float, whole: bool) -> Floats:
    """The next number."""
    with np.errstate(over="ignore"):
        return np.asarray(x) + 1.0 if whole else np.nextafter(x, np.inf)
