"""Scores by label: rows of each distinct score, or of each fine bin of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dte_panel.states.ordered import Ordered
from dte_panel.states.table import Table

Floats = NDArray[np.float64]
Counted = NDArray[np.int64]

#: More distinct scores than this are thinned before they are written down.
WRITTEN_VALUES = 2_000
SCORE_BINS = 1_000


@dataclass(frozen=True)
class Scored:
    """Rows of each distinct score by label or, where there are too many of them, of each fine bin.

    Bins are disjoint. Those of states that add up need not be the same: where two overlap they fall together.

    Attributes
    ----------
    scores : ndarray of float, shape (k,)
        Ascending; of a bin the mean score of its rows.
    negatives, positives : ndarray of int, shape (k,)
        Rows with label 0 and 1.
    missing : int
        Rows without a label or without a finite score.
    exact : bool
        False for bins. Without ``ends`` they are bins of 1/1000 of the range of the scores, and no bound is known.
    ends : ndarray of float, shape (2, k), optional
        The least and the largest score that the rows of each bin may have.
    means : ndarray of float, shape (2, k), optional
        Mean score of the negatives and of the positives of each bin.
    """

    scores: Floats
    negatives: Counted
    positives: Counted
    missing: int = 0
    exact: bool = True
    ends: Floats | None = None
    means: Floats | None = None

    @classmethod
    def zero(cls) -> Self:
        """The state of no rows."""
        none = np.empty(0, dtype=np.int64)
        return cls(np.empty(0), none, none)

    @classmethod
    def of(cls, scores: Floats, labels: Floats) -> Self:
        """Count arrays; NaN in either is missing, and so is an infinite score."""
        known = np.isfinite(scores) & ~np.isnan(labels)
        return cls.of_sides(scores[known & (labels == 0)], scores[known & (labels == 1)], int((~known).sum()))

    @classmethod
    def of_sides(cls, negatives: Floats, positives: Floats, missing: int = 0) -> Self:
        """Count the finite scores of either label; both arrays are sorted in place, for there may be many."""
        negatives.sort()
        positives.sort()
        every = np.concatenate([negatives, positives])
        # Two sorted runs: the stable sort merges them.
        every.sort(kind="stable")
        scores = every[np.append(True, every[1:] != every[:-1])] if len(every) else every
        del every
        rows = [np.diff(np.searchsorted(side, scores, side="right"), prepend=0) for side in (negatives, positives)]
        return cls(scores, rows[0], rows[1], missing)

    @classmethod
    def in_bins(cls, ends: Floats, rows: Counted, sums: Floats, missing: int = 0) -> Self:
        """A state over bins; an exact one where no bin in use holds more than one score.

        Parameters
        ----------
        ends, rows, sums : ndarray, shape (2, k)
            Least and largest score of each bin, ascending; rows, and the sum of their scores, of either label.
        missing : int
        """
        used = rows.sum(0) > 0
        ends, rows, sums = ends[:, used], rows[:, used], sums[:, used]
        if (ends[0] == ends[1]).all():
            return cls(ends[0], rows[0], rows[1], missing)
        with np.errstate(invalid="ignore", over="ignore"):
            middle = sums.sum(0) / rows.sum(0)
            means = np.where(rows > 0, sums / np.maximum(rows, 1), middle)
        # Rounding may leave a hair outside of what the bin can hold.
        middle, means = (np.fmax(np.fmin(a, ends[1]), ends[0]) for a in (middle, means))
        return cls(middle, rows[0], rows[1], missing, False, ends, means)

    @property
    def n(self) -> int:
        """Rows with both a score and a label."""
        return int(self.negatives.sum() + self.positives.sum())

    @property
    def bounded(self) -> bool:
        """Whether these are bins of which it is known what they may hold."""
        return self.ends is not None

    @property
    def lows(self) -> Floats:
        """The least score of each bin; where none is known, the scores."""
        return self.scores if self.ends is None else self.ends[0]

    @property
    def highs(self) -> Floats:
        """The largest score of each bin; where none is known, the scores."""
        return self.scores if self.ends is None else self.ends[1]

    @property
    def by_label(self) -> Floats:
        """Mean score of the negatives and of the positives at each place; shape ``(2, k)``."""
        return np.stack([self.scores, self.scores]) if self.means is None else self.means

    def decided(self, threshold: float) -> Table:
        """Label by prediction where 1 is predicted of scores of so much and more; a bin goes by its mean score.

        Examples
        --------
        >>> Scored.of(np.array([0.2, 0.5, 0.9]), np.array([0.0, 0.0, 1.0])).decided(0.5).counts
        {(0, 0): 1, (0, 1): 1, (1, 0): 0, (1, 1): 1}
        """
        place = int(np.searchsorted(self.scores, threshold, side="left"))
        sides = enumerate((self.negatives, self.positives))
        parts = [(label, (side[:place], side[place:])) for label, side in sides]
        counts: dict[tuple[int | str | None, ...], int] = {
            (label, made): int(rows.sum()) for label, both in parts for made, rows in enumerate(both)
        }
        return Table(("label", "prediction"), counts)

    def merge(self, other: Scored) -> Scored:
        """The scores of both row sets.

        Examples
        --------
        >>> one = Scored.of(np.array([0.2, 0.9]), np.array([0.0, 1.0]))
        >>> both = one.merge(Scored.of(np.array([0.9]), np.array([0.0])))
        >>> both.scores.tolist(), both.negatives.tolist(), both.positives.tolist()
        ([0.2, 0.9], [1, 1], [0, 1])
        """
        return self.union([self, other])

    @classmethod
    def union(cls, parts: Iterable[Scored]) -> Scored:
        """Merge many at once."""
        parts = list(parts)
        if any(p.bounded for p in parts):
            return _together(parts)
        negatives = Ordered.union(Ordered(p.scores, p.negatives) for p in parts)
        positives = Ordered.union(Ordered(p.scores, p.positives) for p in parts)
        return Scored(
            negatives.values,
            negatives.counts,
            positives.counts,
            sum(p.missing for p in parts),
            all(p.exact for p in parts),
        )

    def arranged(self, *, best: bool) -> Scored:
        """The rows of each bin at its ends: the positives above the negatives, or below them.

        No order of the rows that the bins allow puts more positives above negatives, or fewer.

        Examples
        --------
        >>> bins = Scored.in_bins(np.array([[0.0], [1.0]]), np.array([[2], [3]]), np.array([[0.8], [1.5]]))
        >>> best = bins.arranged(best=True)
        >>> best.scores.tolist(), best.negatives.tolist(), best.positives.tolist()
        ([0.0, 1.0], [2, 0], [0, 3])
        """
        sides = [(self.lows, self.negatives, 0), (self.highs, self.positives, 1)]
        if not best:
            sides = [(self.highs, self.negatives, 0), (self.lows, self.positives, 1)]
        parts = []
        for scores, counts, label in sides:
            used, none = counts > 0, np.zeros(int((counts > 0).sum()), dtype=np.int64)
            rows = (counts[used], none) if label == 0 else (none, counts[used])
            parts.append(Scored(scores[used], *rows))
        return Scored.union(parts)

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
        """Plain JSON of the thinned state; what bins may hold is not written."""
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


def _together(parts: Iterable[Scored]) -> Scored:
    """Merge states of which some are in bins: what overlaps, directly or by others between, is one bin."""
    parts = list(parts)
    lows, highs = np.concatenate([p.lows for p in parts]), np.concatenate([p.highs for p in parts])
    order = np.argsort(lows, kind="stable")
    lows, highs = lows[order], np.maximum.accumulate(highs[order])
    first = np.concatenate([[True], lows[1:] > highs[:-1]])
    place = np.cumsum(first) - 1
    ends = np.stack([lows[first], highs[np.append(np.flatnonzero(first)[1:] - 1, len(highs) - 1)]])

    def summed(weights: list[Floats] | list[Counted]) -> Floats:
        every = np.concatenate(weights)[order].astype(np.float64)
        return np.bincount(place, weights=every, minlength=ends.shape[1]).astype(np.float64)

    rows = np.stack([summed([p.negatives for p in parts]), summed([p.positives for p in parts])]).astype(np.int64)
    with np.errstate(over="ignore"):
        sums = [summed([(p.negatives, p.positives)[i] * p.by_label[i] for p in parts]) for i in (0, 1)]
    missing = sum(p.missing for p in parts)
    made = Scored.in_bins(ends, rows, np.stack(sums), missing)
    # Of thinned scores it is not known how far they were moved.
    told = all(p.exact or p.bounded for p in parts)
    return made if told else Scored(made.scores, made.negatives, made.positives, missing, exact=False)
