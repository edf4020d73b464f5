"""Numbers in order: value counts, exact or in fine bins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dte_panel.states import bins
from dte_panel.states.table import Binned

Floats = NDArray[np.float64]
Counted = NDArray[np.int64]


@dataclass(frozen=True)
class Ordered:
    """Rows of one numeric column in ascending order, by value or, where there are too many of them, by bin.

    Infinities are values, NULL and NaN are missing. Bins are disjoint; those of one column share their edges.

    Attributes
    ----------
    values : ndarray of float, shape (k,)
        Each distinct value; of bins the least number that each may hold.
    counts : ndarray of int, shape (k,)
    missing : int
    highs : ndarray of float, shape (k,), optional
        The largest number that each bin may hold; ``None`` where the state is exact.
    excess : ndarray of float, shape (k,), optional
        Sum of how far the rows of each bin lie above ``values``.
    """

    values: Floats
    counts: Counted
    missing: int = 0
    highs: Floats | None = None
    excess: Floats | None = None

    @classmethod
    def zero(cls) -> Self:
        """The state of no rows."""
        return cls(np.empty(0), np.empty(0, dtype=np.int64))

    @classmethod
    def of(cls, values: Floats, missing: int = 0) -> Self:
        """Count an array that may hold NaN."""
        known = values[~np.isnan(values)]
        distinct, counts = np.unique(known, return_counts=True)
        return cls(distinct, counts.astype(np.int64), missing + len(values) - len(known))

    @property
    def exact(self) -> bool:
        """Whether every value is known."""
        return self.highs is None

    @property
    def single(self) -> NDArray[np.bool_]:
        """Which bins hold one value alone."""
        return np.ones(len(self.values), dtype=bool) if self.highs is None else self.values == self.highs

    @property
    def means(self) -> Floats:
        """Each value; of bins the mean of the rows of each, its least value where there are none."""
        if self.highs is None or self.excess is None:
            return self.values
        with np.errstate(invalid="ignore", over="ignore"):
            made = self.values + self.excess / np.maximum(self.counts, 1)
        return np.fmax(np.fmin(made, self.highs), self.values)

    @cached_property
    def n(self) -> int:
        """Rows with a value."""
        return int(self.counts.sum())

    @cached_property
    def below(self) -> Counted:
        """Rows below each value (or bin), and all rows at the end; shape ``(k + 1,)``."""
        return np.concatenate([[0], np.cumsum(self.counts)])

    @property
    def minimum(self) -> float:
        """The smallest value; of bins the least that the first one in use may hold."""
        return float(self.values[np.argmax(self.counts > 0)])

    @property
    def maximum(self) -> float:
        """The largest value; of bins the largest that the last one in use may hold."""
        last = len(self.counts) - 1 - int(np.argmax(self.counts[::-1] > 0))
        return float((self.values if self.highs is None else self.highs)[last])

    @property
    def centre(self) -> np.longdouble:
        """The value in the middle: where sums are taken from, so that they keep their digits."""
        return np.longdouble(self.values[len(self.values) // 2])

    @cached_property
    def sums(self) -> NDArray[np.longdouble]:
        """Sum of the values below each value, each less :attr:`centre`; shape ``(k + 1,)``; of exact states."""
        return np.concatenate([[np.longdouble(0)], np.cumsum(self.counts * (self.values - self.centre))])

    def merge(self, other: Ordered) -> Ordered:
        """The values of both row sets; bins of different edges fall together until they are the same.

        Examples
        --------
        >>> one, other = (Ordered.of(np.array(values)) for values in ([1.0, 2.0], [2.0, np.nan]))
        >>> both = one.merge(other)
        >>> both.values.tolist(), both.counts.tolist(), both.missing
        ([1.0, 2.0], [1, 2], 1)
        """
        return self.union([self, other])

    @classmethod
    def union(cls, parts: Iterable[Ordered]) -> Ordered:
        """Merge many at once."""
        parts = list(parts)
        if not parts:
            return cls.zero()
        if not all(p.exact for p in parts):
            return bins.added(bins.aligned(parts))
        values = np.concatenate([p.values for p in parts])
        distinct, place = np.unique(values, return_inverse=True)
        weights = np.concatenate([p.counts for p in parts])
        # bincount adds in float64, exact below 2**53 rows.
        counts = np.bincount(place, weights=weights, minlength=len(distinct)).astype(np.int64)
        return Ordered(distinct, counts, sum(p.missing for p in parts))

    def aligned(self, other: Ordered) -> tuple[Ordered, Ordered]:
        """Both states over the same bins; as they are where both are exact."""
        if self.exact and other.exact:
            return self, other
        own, others = bins.aligned([self, other])
        return own, others

    def finite(self) -> Ordered:
        """The finite values alone."""
        # In ascending order only the ends can be infinite, so nothing need be copied.
        keep = slice(np.searchsorted(self.values, -np.inf, side="right"), np.searchsorted(self.values, np.inf))
        if keep.start == 0 and keep.stop == len(self.values):
            # What has been summed up once is kept.
            return self
        highs, excess = (None if a is None else a[keep] for a in (self.highs, self.excess))
        return Ordered(self.values[keep], self.counts[keep], self.missing, highs, excess)

    def binned(self, edges: tuple[float, ...], span: tuple[float, float] | None, nulls: int, nans: int) -> Binned:
        """These values in bins; ``nulls`` and ``nans`` are kept apart there. No edge may lie within a bin of ours."""
        finite = self.finite()
        place = np.searchsorted(np.array(edges), finite.values, side="right")
        rows = np.bincount(place, weights=finite.counts, minlength=len(edges) + 1)
        counts: dict[str | None, int] = {str(i): int(n) for i, n in enumerate(rows) if n}
        below, above = self.values == -np.inf, self.values == np.inf
        special = {"-inf": int(self.counts[below].sum()), "+inf": int(self.counts[above].sum()), "nan": nans}
        counts.update({k: n for k, n in special.items() if n})
        if nulls:
            counts[None] = nulls
        return Binned(edges, counts, span)

    def quantile_edges(self, bins: int) -> tuple[float, ...]:
        """Inner edges that part the finite values into ``bins`` parts of equal weight, as far as ties allow.

        Where values are in bins already, the nearest end of a bin is taken.
        """
        finite = self.finite()
        if finite.n == 0:
            return ()
        # Whole numbers first: 29 / 100 * 100 is less than 29 in floating point.
        ranks = np.arange(1, bins) * finite.n / bins
        at = np.searchsorted(finite.below[1:], ranks, side="right")
        nearer = ~finite.single[at] & (ranks - finite.below[at] > finite.counts[at] / 2) & (at + 1 < len(finite.values))
        edges = np.unique(finite.values[at + nearer])
        # A bin that holds the largest value alone must not take in what lies above it, or a constant column that
        # moved would look the same; likewise the smallest value, which is then an edge itself.
        if len(edges) and edges[-1] == finite.maximum < np.finfo(float).max:
            edges = np.append(edges, np.nextafter(edges[-1], np.inf))
        return tuple(float(e) for e in edges)
