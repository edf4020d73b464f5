"""Profiles and moments: means and spreads that add up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self


@dataclass(frozen=True)
class Profiled:
    """What one numeric column holds; min, max, mean and M2 (sum of squared deviations) over finite values."""

    n: int = 0
    nulls: int = 0
    nans: int = 0
    infinities: int = 0
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    m2: float | None = None

    @classmethod
    def zero(cls) -> Self:
        """The profile of no rows."""
        return cls()

    @property
    def missing(self) -> int:
        """Rows without a value: NULL or NaN."""
        return self.nulls + self.nans

    @property
    def finite(self) -> int:
        """Rows with a finite number."""
        return self.n - self.missing - self.infinities

    def merge(self, other: Profiled) -> Profiled:
        """The profile of both row sets (mean and M2 by Chan's formula).

        Examples
        --------
        >>> one = Profiled(n=3, nulls=1, minimum=1.0, maximum=3.0, mean=2.0, m2=2.0)
        >>> both = one.merge(Profiled(n=2, minimum=6.0, maximum=6.0, mean=6.0, m2=0.0))
        >>> both.finite, both.mean, both.m2, both.maximum
        (4, 4.0, 18.0, 6.0)
        """
        mean, m2 = _chan(self.finite, self.mean, self.m2, other.finite, other.mean, other.m2)
        return Profiled(
            self.n + other.n,
            self.nulls + other.nulls,
            self.nans + other.nans,
            self.infinities + other.infinities,
            _pick(min, self.minimum, other.minimum),
            _pick(max, self.maximum, other.maximum),
            mean,
            m2,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return dict(self.__dict__)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The profile that :meth:`to_json` wrote."""
        return cls(**document)


@dataclass(frozen=True)
class Moments:
    """Mean and sum of squared deviations of each expression over the rows that have all its roles."""

    n: int = 0
    missing: int = 0
    means: Mapping[str, float] = field(default_factory=dict)
    m2s: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def zero(cls) -> Self:
        """The moments of no rows."""
        return cls()

    def merge(self, other: Moments) -> Moments:
        """The moments of both row sets (Chan's formula).

        Examples
        --------
        >>> one, other = Moments(2, 0, {"x": 1.0}, {"x": 0.0}), Moments(2, 1, {"x": 3.0}, {"x": 0.0})
        >>> one.merge(other)
        Moments(n=4, missing=1, means={'x': 2.0}, m2s={'x': 4.0})
        """
        if not self.n or not other.n:
            full, empty = (self, other) if self.n else (other, self)
            return replace(full, missing=full.missing + empty.missing)
        both = {
            name: _chan(self.n, self.means[name], self.m2s[name], other.n, other.means[name], other.m2s[name])
            for name in self.means
        }
        return Moments(
            self.n + other.n,
            self.missing + other.missing,
            {name: float(mean or 0.0) for name, (mean, _) in both.items()},
            {name: float(m2 or 0.0) for name, (_, m2) in both.items()},
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"n": self.n, "missing": self.missing, "means": dict(self.means), "m2s": dict(self.m2s)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The moments that :meth:`to_json` wrote."""
        return cls(**document)


@dataclass(frozen=True)
class Averaged:
    """Moments of one number, called ``value``, in each bin of a column.

    Attributes
    ----------
    edges : tuple of float or None
        Inner edges of a numeric column, as in :class:`~dte_panel.states.Binned`; ``None`` for categories.
    bins : mapping
        Bin to moments; keys as in :class:`~dte_panel.states.Binned`.
    share : bool
        Whether the number is 1 or 0, and its mean a share of rows.
    """

    edges: tuple[float, ...] | None = None
    bins: Mapping[str | None, Moments] = field(default_factory=dict)
    share: bool = False

    def merge(self, other: Averaged) -> Averaged:
        """The means of both row sets; both must have the same edges."""
        if self.bins and other.bins and self.edges != other.edges:
            raise ValueError("means over different edges do not add up")
        bins = dict(self.bins)
        for key, moments in other.bins.items():
            bins[key] = bins[key].merge(moments) if key in bins else moments
        return replace(self if self.bins else other, bins=bins)


def _pick(choose: Any, a: float | None, b: float | None) -> float | None:
    known = [v for v in (a, b) if v is not None]
    return choose(known) if known else None


def _chan(
    n: int, mean: float | None, m2: float | None, n_other: int, mean_other: float | None, m2_other: float | None
) -> tuple[float | None, float | None]:
    """Mean and M2 of two parts together (Chan, Golub & LeVeque 1983)."""
    if not n_other:
        return mean, m2
    if not n:
        return mean_other, m2_other
    if mean is None or m2 is None or mean_other is None or m2_other is None:
        # Numbers too large to square: what one side does not know, both do not.
        return None, None
    total, delta = n + n_other, mean_other - mean
    # fsum keeps the merge commutative to the last bit where it can.
    return math.fsum((mean * (n / total), mean_other * (n_other / total))), math.fsum(
        (m2, m2_other, delta * delta * n * n_other / total)
    )
