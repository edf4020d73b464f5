"""Numbers in order: exact value counts, and scores by label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dte_panel.states.table import Binned

Floats = NDArray[np.float64]
Counted = NDArray[np.int64]

#: More distinct scores than this are thinned before they are written down.
WRITTEN_VALUES = 2_000
SCORE_BINS = 1_000


@dataclass(frozen=True)
class Ordered:
    """Rows of each distinct value of one numeric column, ascending; infinities are values, NULL and NaN are missing.

    Attributes
    ----------
    values : ndarray of float, shape (k,)
    counts : ndarray of int, shape (k,)
    missing : int
    """

    values: Floats
    counts: Counted
    missing: int = 0

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

    @cached_property
    def n(self) -> int:
        """Rows with a value."""
        return int(self.counts.sum())

    @cached_property
    def below(self) -> Counted:
        """Rows below each value, and all rows at the end; shape ``(k + 1,)``."""
        return np.concatenate([[0], np.cumsum(self.counts)])

    @property
    def centre(self) -> np.longdouble:
        """The value in the middle: where sums are taken from, so that they keep their digits."""
        return np.longdouble(self.values[len(self.values) // 2])

    @cached_property
    def sums(self) -> NDArray[np.longdouble]:
        """Sum of the values below each value, each less :attr:`centre`; shape ``(k + 1,)``."""
        return np.concatenate([[np.longdouble(0)], np.cumsum(self.counts * (self.values - self.centre))])

    def merge(self, other: Ordered) -> Ordered:
        """The values of both row sets."""
        return self.union([self, other])

    @classmethod
    def union(cls, parts: Iterable[Ordered]) -> Ordered:
        """Merge many at once."""
        parts = list(parts)
        if not parts:
            return cls.zero()
        values = np.concatenate([p.values for p in parts])
        distinct, place = np.unique(values, return_inverse=True)
        weights = np.concatenate([p.counts for p in parts])
        # bincount adds in float64, exact below 2**53 rows.
        counts = np.bincount(place, weights=weights, minlength=len(distinct)).astype(np.int64)
        return Ordered(distinct, counts, sum(p.missing for p in parts))

    def finite(self) -> Ordered:
        """The finite values alone."""
        # In ascending order only the ends can be infinite, so nothing need be copied.
        keep = slice(np.searchsorted(self.values, -np.inf, side="right"), np.searchsorted(self.values, np.inf))
        if keep.start == 0 and keep.stop == len(self.values):
            # What has been summed up once is kept.
            return self
        return replace(self, values=self.values[keep], counts=self.counts[keep])

    def binned(self, edges: tuple[float, ...], span: tuple[float, float] | None, nulls: int, nans: int) -> Binned:
        """These values in bins; ``nulls`` and ``nans`` are kept apart there."""
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
        """Inner edges that part the finite values into ``bins`` parts of equal weight, as far as ties allow."""
        finite = self.finite()
        if finite.n == 0:
            return ()
        upto = np.cumsum(finite.counts)
        # Whole numbers first: 29 / 100 * 100 is less than 29 in floating point.
        ranks = np.arange(1, bins) * finite.n / bins
        edges = np.unique(finite.values[np.searchsorted(upto, ranks, side="right")])
        # A bin that holds the largest value alone must not take in what lies above it, or a constant column that
        # moved would look the same; likewise the smallest value, which is then an edge itself.
        if len(edges) and edges[-1] == finite.values[-1] < np.finfo(float).max:
            edges = np.append(edges, np.nextafter(edges[-1], np.inf))
        return tuple(float(e) for e in edges)


@dataclass(frozen=True)
class Scored:
    """Rows of each distinct score by label.

    Attributes
    ----------
    scores : ndarray of float, shape (k,)
        Ascending.
    negatives, positives : ndarray of int, shape (k,)
        Rows with label 0 and 1.
    missing : int
        Rows without a label or without a finite score.
    exact : bool
        False once scores have been gathered in bins of 1/1000 of their range; a bin's score is its middle.
    """

    scores: Floats
    negatives: Counted
    positives: Counted
    missing: int = 0
    exact: bool = True

    @classmethod
    def zero(cls) -> Self:
        """The state of no rows."""
        none = np.empty(0, dtype=np.int64)
        return cls(np.empty(0), none, none)

    @classmethod
    def of(cls, scores: Floats, labels: Floats) -> Self:
        """Count arrays; NaN in either is missing, and so is an infinite score."""
        known = np.isfinite(scores) & ~np.isnan(labels)
        distinct, place = np.unique(scores[known], return_inverse=True)
        positive = np.bincount(place, weights=labels[known], minlength=len(distinct)).astype(np.int64)
        every = np.bincount(place, minlength=len(distinct)).astype(np.int64)
        return cls(distinct, every - positive, positive, int((~known).sum()))

    @property
    def n(self) -> int:
        """Rows with both a score and a label."""
        return int(self.negatives.sum() + self.positives.sum())

    def merge(self, other: Scored) -> Scored:
        """The scores of both row sets."""
        return self.union([self, other])

    @classmethod
    def union(cls, parts: Iterable[Scored]) -> Scored:
        """Merge many at once."""
        parts = list(parts)
        negatives = Ordered.union(Ordered(p.scores, p.negatives) for p in parts)
        positives = Ordered.union(Ordered(p.scores, p.positives) for p in parts)
        return Scored(
            negatives.values,
            negatives.counts,
            positives.counts,
            sum(p.missing for p in parts),
            all(p.exact for p in parts),
        )

    def thinned(self) -> Scored:
        """At most :data:`SCORE_BINS` scores, if there are many more."""
        if len(self.scores) <= WRITTEN_VALUES:
            return self
        least, most = float(self.scores[0]), float(self.scores[-1])
        if least >= 0 and most <= 1:
            least, most = 0.0, 1.0
        # Scaled before they are taken apart: the distance of two huge scores may be infinite.
        scaled = (self.scores / SCORE_BINS - least / SCORE_BINS) / (most / SCORE_BINS - least / SCORE_BINS)
        place = np.minimum((scaled * SCORE_BINS).astype(int), SCORE_BINS - 1)
        negatives, positives = (
            np.bincount(place, weights=c, minlength=SCORE_BINS) for c in (self.negatives, self.positives)
        )
        keep = (negatives + positives) > 0
        shares = (np.arange(SCORE_BINS) + 0.5) / SCORE_BINS
        middles = least * (1 - shares) + most * shares
        return Scored(
            middles[keep], negatives[keep].astype(np.int64), positives[keep].astype(np.int64), self.missing, exact=False
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON of the thinned state."""
        thin = self.thinned()
        return {
            "scores": thin.scores.tolist(),
            "negatives": thin.negatives.tolist(),
            "positives": thin.positives.tolist(),
            "missing": thin.missing,
            "exact": thin.exact,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The state that :meth:`to_json` wrote."""
        return cls(
            np.array(document["scores"], dtype=float),
            np.array(document["negatives"], dtype=np.int64),
            np.array(document["positives"], dtype=np.int64),
            document["missing"],
            document["exact"],
        )
