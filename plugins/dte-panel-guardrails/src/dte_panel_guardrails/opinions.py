"""The same numbers from scikit-learn and SciPy, on the same states; and why some numbers have no second opinion."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dte_panel.states import Averaged, Documented, Ordered, Scored, Table

#: SciPy counts rows, not values with weights; more of them are not laid out for it.
MOST_ROWS = 2_000_000
GROUPS = "neither SciPy nor scikit-learn knows groups of look-alikes"
HEURISTIC = "the patterns are a heuristic of this project"
COUNTED = "a share of counted rows; neither SciPy nor scikit-learn looks for new, equal or repeated values"
DIRECTION = "scikit-learn's isotonic regression minimises squares, not the largest distance"
DOCUMENTED = "it is what the spec says of itself"


def accuracy(*tables: Table) -> float:
    """scikit-learn's accuracy of the rows of some tables that have label and prediction."""
    from sklearn.metrics import accuracy_score

    label, prediction = (tables[0].columns.index(role) for role in ("label", "prediction"))
    cells = [(key[label], key[prediction], n) for table in tables for key, n in table.counts.items()]
    labels, predictions, rows = zip(*(cell for cell in cells if None not in cell[:2]), strict=True)
    return float(accuracy_score(labels, predictions, sample_weight=rows))


def accuracy_gap(groups: Mapping[str, Sequence[tuple[Any, tuple[Table]]]]) -> float:
    """Accuracy of all groups less that of the worst."""
    (every,) = groups.values()
    tables = [table for _, (table,) in every if table.known("label", "prediction").n()]
    return max(0.0, accuracy(*tables) - min(map(accuracy, tables)))


def out_of_range(now: Ordered, before: Ordered) -> float | None:
    """Share of the current values outside the ends of the reference."""
    known = before.finite()
    return outside(now.finite(), known.minimum, known.maximum)


def out_of_bounds(now: Ordered, documented: Documented, bounds: Mapping[str, Sequence[float | None]]) -> float | None:
    """Share of values outside the stated bounds."""
    return outside(now, *bounds[documented.facts["column"]])


def outside(state: Ordered, lower: float | None, upper: float | None) -> float | None:
    """Share of values below the one or above the other, by SciPy's percentiles."""
    from scipy.stats import percentileofscore

    rows = _laid_out(state)
    if rows is None:
        return None
    below = 0.0 if lower is None else float(percentileofscore(rows, lower, "strict"))
    return (below + (0.0 if upper is None else 100 - float(percentileofscore(rows, upper, "weak")))) / 100


def near(state: Ordered | Scored, at: float, margin: float) -> tuple[float, float] | None:
    """Shares of scores just below a threshold and just above, by SciPy's percentiles."""
    from scipy.stats import percentileofscore

    rows = _laid_out(state)
    if rows is None:
        return None
    low, middle, high = (float(percentileofscore(rows, end, "strict")) for end in (at - margin, at, at + margin))
    return (middle - low) / 100, (high - middle) / 100


def _laid_out(state: Any) -> Any:
    import numpy as np

    if not state.exact or state.n > MOST_ROWS:
        return None
    if hasattr(state, "scores"):
        return np.repeat(state.scores, state.negatives + state.positives)
    return np.repeat(state.values, state.counts)


def correlation_ratio(state: Averaged) -> float:
    """R² of the bins' means: two points a bin stand for its rows, for they have the same mean and spread."""
    from sklearn.metrics import r2_score

    parts = [m for m in state.bins.values() if m.n]
    means = [m.means["value"] for m in parts for _ in range(2)]
    away = [side * math.sqrt(m.m2s["value"] / m.n) for m in parts for side in (-1, 1)]
    rows = [m.n / 2 for m in parts for _ in range(2)]
    return float(r2_score([mean + step for mean, step in zip(means, away, strict=True)], means, sample_weight=rows))


def total_variation(groups: Mapping[Any, Mapping[Any, int]]) -> float:
    """Largest of half the city-block distances of a group's shares from those of all rows."""
    import numpy as np
    from scipy.spatial.distance import cityblock

    values = list({value: None for part in groups.values() for value in part})
    rows = np.array([[part.get(value, 0) for value in values] for part in groups.values()], dtype=float)
    every = rows.sum(0) / rows.sum()
    return max(float(cityblock(part / part.sum(), every)) / 2 for part in rows)
