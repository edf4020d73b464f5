"""Tests and names of categories, and missing values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dte_panel import Value
from dte_panel.stats import Z95, difference_interval, wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Profiled, Table

#: So many names are written into a measurement, and so many characters of each.
NAMES, CHARACTERS = 20, 80
#: Below this expected count the chi-square distribution is a rough guide (Cochran 1954).
FEW_EXPECTED = 5
#: Normal quantile of what chance alone exceeds, on either side, once in a thousand: in 50 columns, one time in twenty.
SELDOM = 3.2905267314919255


def missing_share(profile: Profiled) -> Value:
    """Share of rows that are NULL or NaN."""
    if not profile.n:
        return Value(None, 0, reason="no rows")
    low, high = wilson(profile.missing, profile.n)
    return Value(profile.missing / profile.n, profile.n, low, high)


def missing_share_change(current: Profiled, reference: Profiled) -> Value:
    """Missing share now minus that of the reference."""
    now, before = missing_share(current), missing_share(reference)
    for share, name in ((now, "current"), (before, "reference")):
        if share.value is None:
            return Value(None, current.n, reason=f"no {name} rows")
    (low, high), (least, most) = (_newcombe(current, reference, z) for z in (Z95, SELDOM))
    if least <= 0 <= most:
        low, high = min(low, 0.0), max(high, 0.0)
    whole = (current.missing + reference.missing) / (current.n + reference.n)
    error = math.sqrt(whole * (1 - whole) * (1 / current.n + 1 / reference.n))
    usual = {"expected": 0.0, "quantile_95": float(f"{Z95 * error:.6g}")}
    change = current.missing / current.n - reference.missing / reference.n
    return Value(change, current.n, low, high, detail={"reference": before.value, "without_drift": usual})


def _newcombe(current: Profiled, reference: Profiled, z: float) -> tuple[float, float]:
    sides = [(p.missing / p.n, *wilson(p.missing, p.n, z)) for p in (current, reference)]
    return difference_interval(sides[0], sides[1])


def chi_square_statistic(current: Table, reference: Table) -> Value:
    """Sum of (observed - expected)² / expected over categories and both sides."""
    observed, undefined = _observed(current, reference)
    if undefined:
        return undefined
    return Value(_chi_square(observed)[0], current.n(), detail={"degrees_of_freedom": observed.shape[1] - 1})


def chi_square_pvalue(current: Table, reference: Table) -> Value:
    """Chance of a chi-square at least as large between two samples of one distribution."""
    from scipy.special import chdtrc

    observed, undefined = _observed(current, reference)
    if undefined:
        return undefined
    statistic, least = _chi_square(observed)
    note = f"rough: a category has only {least:.1f} expected rows" if least < FEW_EXPECTED else None
    return Value(float(chdtrc(observed.shape[1] - 1, statistic)), current.n(), reason=note)


def new_category_share(current: Table, reference: Table) -> Value:
    """Share of current rows in categories that the reference does not have."""
    undefined = _empty(current, reference)
    if undefined:
        return undefined
    now, before = rows_of(current), rows_of(reference)
    new = {name: rows for name, rows in now.items() if name is not None and name not in before}
    n, hits = current.n(), sum(new.values())
    low, high = wilson(hits, n)
    names = _largest_first(new)
    expected, usual = _unseen(list(before.values()), n)
    detail = {"categories": names[:NAMES], "without_drift": {"expected": expected, "quantile_95": usual}}
    return Value(hits / n, n, 0.0 if hits / n <= usual else low, high, reason=_said("new", names), detail=detail)


def vanished_categories(current: Table, reference: Table) -> Value:
    """Number of the reference's categories that no current row is in."""
    undefined = _empty(current, reference)
    if undefined:
        return undefined
    now, before = rows_of(current), rows_of(reference)
    gone = {name: rows for name, rows in before.items() if name is not None and name not in now}
    names = _largest_first(gone)
    expected = current.n() * sum(gone.values()) / reference.n()
    said = _said("gone", names)
    return Value(
        len(gone),
        current.n(),
        reason=said and f"{said}; at the reference's shares {expected:,.1f} rows were expected in them",
        detail={"categories": names[:NAMES], "expected_rows": expected},
    )


def _unseen(before: list[int], n: int) -> tuple[float, float]:
    """The share of rows in unseen categories that chance alone brings, and what 95 % of samples stay below.

    What a sample has not seen weighs about as much as what it has seen once (Good 1953, after Turing).
    """
    from scipy.special import bdtrik

    once, rows = sum(count == 1 for count in before), sum(before)
    share = min((once + 1) / rows, 1.0)
    most = float(bdtrik(0.95, n, share)) if share < 1 else n
    return once / rows, min(math.ceil(most) / n, 1.0)


def rows_of(table: Table) -> dict[str | None, int]:
    """Rows of each category of a table with one column, in a fixed order; those without rows left out."""
    rows = {None if key is None else str(key): n for (key,), n in table.counts.items() if n}
    return dict(sorted(rows.items(), key=lambda item: (item[0] is None, str(item[0]))))


def _empty(current: Table, reference: Table) -> Value | None:
    for table, name in ((current, "current"), (reference, "reference")):
        if not table.n():
            return Value(None, current.n(), reason=f"no {name} rows")
    return None


def _observed(current: Table, reference: Table) -> tuple[NDArray[np.float64], Value | None]:
    """Rows of current and reference in each category that either has; why the test is undefined."""
    import numpy as np

    now, before = rows_of(current), rows_of(reference)
    keys = list({**before, **now})
    observed = np.array([[side.get(key, 0) for key in keys] for side in (now, before)], dtype=float)
    undefined = _empty(current, reference)
    if undefined is None and len(keys) < 2:
        undefined = Value(None, current.n(), reason="one category only, in the reference and now: nothing to test")
    return observed, undefined


def _chi_square(observed: NDArray[np.float64]) -> tuple[float, float]:
    """The statistic, and the smallest expected count."""
    expected = observed.sum(1, keepdims=True) * observed.sum(0, keepdims=True) / observed.sum()
    return float(((observed - expected) ** 2 / expected).sum()), float(expected.min())


def _largest_first(rows: dict[str, int]) -> list[str]:
    names = sorted(rows, key=lambda name: (-rows[name], name))
    return [name if len(name) <= CHARACTERS else f"{name[:CHARACTERS]}…" for name in names]


def _said(word: str, names: list[str]) -> str | None:
    if not names:
        return None
    more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
    quoted = ", ".join(f"'{name}'" for name in names[:NAMES])
    return f"{word}: {quoted}{more}"
