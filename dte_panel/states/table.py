"""Contingency tables and binned columns: what is counted by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dte_panel.model import Value
from dte_panel.stats import wilson

Key = int | str | None
Counted = NDArray[np.int64]

#: Bins that numbers fall into before any other. ``None`` is the bin of NULL.
SPECIAL = ("nan", "-inf", "+inf")


@dataclass(frozen=True)
class Table:
    """Contingency table: how many rows have each combination of values.

    Attributes
    ----------
    columns : tuple of str
        Role names (``label``, ``prediction`` …), or column names where a role has several columns.
    counts : mapping
        Tuple of values (``1`` and ``0`` for a binary label or prediction, text otherwise, ``None`` for NULL) to rows.
    """

    columns: tuple[str, ...]
    counts: Mapping[tuple[Key, ...], int] = field(default_factory=dict)

    @classmethod
    def zero(cls, columns: tuple[str, ...]) -> Self:
        """The table of no rows."""
        return cls(columns, {})

    def merge(self, other: Table) -> Table:
        """The table of both row sets.

        Examples
        --------
        >>> monday, tuesday = Table(("label",), {(1,): 2}), Table(("label",), {(1,): 3, (0,): 4})
        >>> dict(monday.merge(tuesday).counts)
        {(1,): 5, (0,): 4}
        """
        counts = dict(self.counts)
        for key, n in other.counts.items():
            counts[key] = counts.get(key, 0) + n
        return Table(self.columns, counts)

    def n(self, **where: Key) -> int:
        """Rows that have the given values, such as ``n(label=1, prediction=0)``.

        Examples
        --------
        >>> Table(("label", "prediction"), {(1, 1): 8, (1, 0): 2, (0, 0): 9}).n(label=1)
        10
        """
        at = [(self.columns.index(column), value) for column, value in where.items()]
        return sum(n for key, n in self.counts.items() if all(key[i] == value for i, value in at))

    def known(self, *columns: str) -> Table:
        """The rows with no NULL in ``columns`` (default: in any column).

        Examples
        --------
        >>> Table(("label",), {(1,): 8, (None,): 2}).known().n()
        8
        """
        at = [self.columns.index(column) for column in columns or self.columns]
        return replace(self, counts={k: n for k, n in self.counts.items() if all(k[i] is not None for i in at)})

    def share(self, given: Mapping[str, Key] | None = None, **where: Key) -> Value:
        """Share of rows that have the values of ``where`` among those that have ``given``, with Wilson's interval.

        Rows with NULL in a column that is asked for are left out and said so.

        Examples
        --------
        >>> table = Table(("label", "prediction"), {(1, 1): 8, (1, 0): 2, (0, 1): 1, (0, 0): 9})
        >>> table.share(prediction=1, given={"label": 1}).value
        0.8
        """
        given = given or {}
        known = self.known(*given, *where)
        n, hits = known.n(**given), known.n(**given, **where)
        left_out = self.n() - known.n()
        note = f"{left_out:,} rows with a missing {' or '.join([*given, *where])} left out" if left_out else None
        if n == 0:
            among = " and ".join(f"{column} {value}" for column, value in given.items())
            return Value(None, 0, reason=f"no rows with {among}" if given else "no rows")
        low, high = wilson(hits, n)
        return Value(hits / n, n, low, high, reason=note)

    def values(self, column: str) -> list[Key]:
        """The distinct values of a column, NULL left out, in order."""
        at = self.columns.index(column)
        return sorted({k[at] for k in self.counts if k[at] is not None}, key=lambda v: (str(type(v)), v))

    def matrix(self, rows: str, columns: str) -> tuple[list[Key], Counted]:
        """Square table of two columns over the union of their values: ``(values, counts[row, column])``.

        Examples
        --------
        >>> table = Table(("label", "prediction"), {(1, 1): 8, (1, 0): 2, (0, 0): 9})
        >>> values, counts = table.matrix("label", "prediction")
        >>> values, counts.tolist()
        ([0, 1], [[9, 0], [2, 8]])
        """
        values = sorted({*self.values(rows), *self.values(columns)}, key=lambda v: (str(type(v)), v))
        place = {value: i for i, value in enumerate(values)}
        counts = np.zeros((len(values), len(values)), dtype=np.int64)
        r, c = self.columns.index(rows), self.columns.index(columns)
        for key, n in self.counts.items():
            if key[r] is not None and key[c] is not None:
                counts[place[key[r]], place[key[c]]] += n
        return values, counts

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, in a fixed order."""
        order = sorted(self.counts.items(), key=lambda item: [(v is None, str(v), isinstance(v, str)) for v in item[0]])
        return {"columns": list(self.columns), "counts": [[list(key), n] for key, n in order]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The table that :meth:`to_json` wrote."""
        return cls(tuple(document["columns"]), {tuple(key): n for key, n in document["counts"]})


@dataclass(frozen=True)
class Binned:
    """Rows in each bin of one column.

    Attributes
    ----------
    edges : tuple of float or None
        Inner edges of a numeric column, ascending; bin ``i`` holds ``edges[i-1] <= x < edges[i]``, the first and the
        last are open. ``None`` for categories.
    counts : mapping
        Bin to rows. Keys are bin numbers as text and ``"nan"``, ``"-inf"``, ``"+inf"`` for numbers; the category's text
        otherwise; ``None`` is the bin of NULL.
    span : tuple of float or None
        Smallest and largest finite value of the reference: what a chart draws open bins to.
    """

    edges: tuple[float, ...] | None
    counts: Mapping[str | None, int] = field(default_factory=dict)
    span: tuple[float, float] | None = None

    @property
    def n(self) -> int:
        """All rows."""
        return sum(self.counts.values())

    @property
    def bins(self) -> list[str]:
        """The bins of finite numbers in order; empty for categories."""
        return [] if self.edges is None else [str(i) for i in range(len(self.edges) + 1)]

    def merge(self, other: Binned) -> Binned:
        """The bins of both row sets; both must have the same edges."""
        if self.edges != other.edges:
            raise ValueError("histograms with different edges do not add up")
        merged = Table((), {(k,): n for k, n in self.counts.items()}).merge(
            Table((), {(k,): n for k, n in other.counts.items()})
        )
        return replace(self, counts={_text(k[0]): n for k, n in merged.counts.items()})

    def aligned(self, other: Binned) -> tuple[list[str | None], Counted, Counted]:
        """The bins that either has, in order, and the rows of each: ``(bins, own, other's)``.

        Examples
        --------
        >>> bins, now, before = Binned(None, {"a": 1, None: 2}).aligned(Binned(None, {"b": 3}))
        >>> bins, now.tolist(), before.tolist()
        (['a', 'b', None], [1, 0, 2], [0, 3, 0])
        """
        extra = {*self.counts, *other.counts} - set(self.bins)
        keys = [*self.bins, *sorted(extra, key=lambda k: (k is None, k in SPECIAL and bool(self.bins), str(k)))]
        own, others = (np.array([b.counts.get(k, 0) for k in keys], dtype=np.int64) for b in (self, other))
        return keys, own, others

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, in a fixed order."""
        keys, own, _ = self.aligned(self)
        return {
            "edges": None if self.edges is None else list(self.edges),
            "span": None if self.span is None else list(self.span),
            "counts": [[k, int(n)] for k, n in zip(keys, own, strict=True)],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The bins that :meth:`to_json` wrote."""
        edges, span = document["edges"], document["span"]
        return cls(
            None if edges is None else tuple(edges), dict(document["counts"]), None if span is None else tuple(span)
        )


def _text(key: Key) -> str | None:
    return None if key is None else str(key)
