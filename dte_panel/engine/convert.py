"""From what the database gives to states and arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from dte_panel.states import Moments, Ordered, Profiled

PROFILE = ("n", "nulls", "nans", "infinities", "minimum", "maximum", "mean", "m2")


def partition(codes: Any, rows: Any) -> Iterable[tuple[int, Any]]:
    """Each distinct code among the rows, with the row numbers that have it."""
    numbers = np.arange(len(codes))[rows]
    chosen = codes[rows]
    order = np.argsort(chosen, kind="stable")
    distinct, starts = np.unique(chosen[order], return_index=True)
    for code, part in zip(distinct, np.split(numbers[order], starts[1:]), strict=True):
        yield int(code), part


def filled(array: Any) -> Any:
    """A float array with NaN for NULL."""
    return np.ma.filled(np.ma.asarray(array).astype(float), np.nan)


def profiled(row: Sequence[Any]) -> Profiled:
    """A row of :data:`PROFILE`, or its first two for columns without numbers."""
    values = dict(zip(PROFILE, row, strict=False))
    rows = (int(values.get(k) or 0) for k in PROFILE[:4])
    numbers = (None if values.get(k) is None else float(values[k]) for k in PROFILE[4:])
    return Profiled(*rows, *numbers)


def moments(row: Sequence[Any], names: Sequence[str]) -> Moments:
    """A row of known rows, all rows, and mean and M2 of each name."""
    n, every = int(row[0] or 0), int(row[1])
    if not n:
        return Moments(missing=every)
    means = {name: float(row[2 + 2 * i]) for i, name in enumerate(names)}
    m2s = {name: float(row[3 + 2 * i]) for i, name in enumerate(names)}
    return Moments(n, every - n, means, m2s)


def by_place(item: tuple[tuple[str, Iterable[tuple[str, str | None]]], Sequence[Any]]) -> tuple[Any, ...]:
    """Sorts rows of aggregates by window and cohort."""
    (window, cohort), row = item
    return window, [(column, value is None, value or "") for column, value in cohort], str(row)


def chosen_edges(whole: Ordered, bins: int) -> tuple[tuple[float, ...], tuple[float, float] | None]:
    """Edges and span of a column from the values of all rows."""
    finite = whole.finite()
    return whole.quantile_edges(bins), (finite.minimum, finite.maximum) if finite.n else None
