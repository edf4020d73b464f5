"""States: the reduced values of one cohort in one window. They add up: ``a.merge(b)`` is the state of both row sets.

Every mergeable state is a commutative monoid; ``zero()`` is its neutral element. Loads numpy, so providers import it
late; they get states handed to ``finish`` and rarely need the classes by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dte_panel.states.moments import Averaged, Moments, Profiled
from dte_panel.states.ordered import Ordered
from dte_panel.states.scored import Scored
from dte_panel.states.table import Binned, Table

__all__ = [
    "Averaged",
    "Binned",
    "Digested",
    "DistinctCount",
    "Documented",
    "JointSample",
    "Moments",
    "Ordered",
    "Overlapped",
    "Profiled",
    "Sample",
    "Scored",
    "Sliced",
    "State",
    "Table",
]


@dataclass(frozen=True)
class Sample:
    """Values themselves, never written: ``total`` rows that are not NULL, of which ``values`` may be a sample."""

    values: tuple[str, ...] = ()
    total: int = 0

    @property
    def sampled(self) -> bool:
        """Whether rows were left out."""
        return len(self.values) < self.total


@dataclass(frozen=True)
class JointSample:
    """Whole rows, never written: ``n`` of ``total`` rows.

    Attributes
    ----------
    columns : mapping
        Column name to an array of the rows' values: numbers, booleans, or text; masked where a value is NULL.
    n, total : int
        Rows that are here, and rows that there are.
    """

    columns: Mapping[str, Any] = field(default_factory=dict)
    n: int = 0
    total: int = 0

    @property
    def sampled(self) -> bool:
        """Whether rows were left out."""
        return self.n < self.total


@dataclass(frozen=True)
class DistinctCount:
    """How many distinct values ``n`` non-NULL rows have. Two of them do not add up."""

    distinct: int = 0
    n: int = 0


@dataclass(frozen=True)
class Overlapped:
    """How many of ``n`` current rows with a value share it. Two of them do not add up.

    Attributes
    ----------
    n : int
        Current rows with a value.
    repeated : int
        Of these, rows whose value another current row has too.
    known : int or None
        Of these, rows whose value the reference has; ``None`` without a reference.
    """

    n: int = 0
    repeated: int = 0
    known: int | None = None


@dataclass(frozen=True)
class Digested:
    """Rows of each digest, in the order of the digests; never written.

    Two different rows have the same one of 64 bits with a probability of 2**-64: among n rows any two do with one below
    n² / 2**65.

    Attributes
    ----------
    digests : ndarray of int, shape (k,)
    counts : ndarray of int, shape (k,)
    """

    digests: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def zero(cls) -> Digested:
        """The state of no rows."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64))

    @classmethod
    def of(cls, digests: Any, counts: Any) -> Digested:
        """Put rows of distinct digests in order."""
        order = np.argsort(digests)
        return cls(digests[order], counts[order])

    @property
    def n(self) -> int:
        """Rows."""
        return int(self.counts.sum())

    def merge(self, other: Digested) -> Digested:
        """The rows of both.

        Examples
        --------
        >>> one = Digested(np.array([3, 8]), np.array([1, 1]))
        >>> one.merge(Digested(np.array([8]), np.array([2]))).counts.tolist()
        [1, 3]
        """
        digests, place = np.unique(np.concatenate([self.digests, other.digests]), return_inverse=True)
        counts = np.zeros(len(digests), np.int64)
        np.add.at(counts, place, np.concatenate([self.counts, other.counts]))
        return Digested(digests, counts)


@dataclass(frozen=True)
class Sliced:
    """Label by prediction in every slice, never written.

    Attributes
    ----------
    tables : mapping
        Columns to their table, whose first two columns are label and prediction.
    left_out : tuple of str
        Columns that were not cut by, for their number.
    """

    tables: Mapping[tuple[str, ...], Table] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def merge(self, other: Sliced) -> Sliced:
        """The slices of both row sets."""
        both = {**other.tables, **self.tables}
        for columns in self.tables.keys() & other.tables.keys():
            both[columns] = self.tables[columns].merge(other.tables[columns])
        return Sliced(both, self.left_out or other.left_out)


@dataclass(frozen=True)
class Documented:
    """What the spec and the run say of themselves: ``facts`` is plain JSON."""

    facts: Mapping[str, Any] = field(default_factory=dict)


State = (
    Table
    | Profiled
    | Binned
    | Averaged
    | Ordered
    | Scored
    | Sliced
    | Moments
    | Sample
    | JointSample
    | Digested
    | DistinctCount
    | Overlapped
    | Documented
)
