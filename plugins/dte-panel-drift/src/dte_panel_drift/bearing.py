"""Drift weighed by what it touches: how much the label depends on the column that moved."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from dte_panel import Comparison, Crossed, Histogram, Means, Value
from dte_panel_drift.binned import diverged, jensen_shannon_distance
from dte_panel_drift.distances import against
from dte_panel_drift.divergences import SHANNON, shannon_divergence
from dte_panel_drift.second import BEARING

if TYPE_CHECKING:
    from dte_panel.states import Averaged, Binned, Table


def drift_bearing(current: Table, reference: Table) -> Value:
    """Jensen-Shannon distance of a column times the label's dependence on it in the reference."""
    import numpy as np

    for table, name in ((current, "current"), (reference, "reference")):
        if not table.n():
            return Value(None, current.n(), reason=f"no {name} rows")
    sides = _bins(current), _bins(reference)
    keys = sorted({*sides[0], *sides[1]}, key=lambda key: (key is None, str(key)))
    now, before = (np.array([side[key] for key in keys], dtype=float) for side in sides)
    value = float(shannon_divergence(now, before))
    moved = diverged(now, before, SHANNON, value, root=True, detail={})
    share = dependence(reference)
    if share is None:
        return Value(None, moved.n, reason="the reference has one label only: nothing depends on a column")
    low, high = (None if end is None else end * share for end in (moved.low, moved.high))
    detail = {"distance": moved.value, "dependence": share}
    return Value(float(moved.value or 0.0) * share, moved.n, low, high, detail=detail)


def dependence(table: Table) -> float | None:
    """Share of the label's entropy that the bin explains; less what chance explains (Miller 1955)."""
    counts: dict[tuple[Any, Any], int] = {}
    for (place, label), rows in table.counts.items():
        if label is not None and rows:
            counts[place, label] = counts.get((place, label), 0) + rows
    bins, labels = ({key[i] for key in counts} for i in (0, 1))
    if len(labels) < 2:
        return None
    n = sum(counts.values())
    apart = [
        [sum(rows for key, rows in counts.items() if key[i] == one) for one in side]
        for i, side in enumerate((bins, labels))
    ]
    by_bin, by_label = (_entropy(rows, n) for rows in apart)
    shared = by_bin + by_label - _entropy(list(counts.values()), n)
    chance = (len(bins) - 1) * (len(labels) - 1) / (2 * n)
    return min(max((shared - chance) / by_label, 0.0), 1.0)


def _entropy(rows: list[int], n: int) -> float:
    return -math.fsum(r / n * math.log(r / n) for r in rows if r)


def _bins(table: Table) -> Counter[str | None]:
    """Rows of each bin, whatever the label."""
    found: Counter[str | None] = Counter()
    for (place, _), rows in table.counts.items():
        if rows:
            found[None if place is None else str(place)] += rows
    return found


def bearing(bins: int) -> Comparison:
    """The number, declared."""
    return against(
        "drift_bearing",
        "Drift weighed by its bearing on the label",
        drift_bearing,
        reduce=Crossed("feature|score", ("label",), bins),
        definition="Jensen-Shannon distance of the column's bins times the share of the label's entropy that the bin "
        "explains in the reference (uncertainty coefficient, less what chance explains): a column that moved far but "
        "tells nothing of the label weighs nothing. The dependence is taken as known; both parts are in the detail. "
        "Classification only; undefined where the reference has one label.",
        formula="JSD(p, q) · I(bin; label) / H(label), I and H over the reference, I less (K − 1)(L − 1) / 2n",
        source="Theil (1970), Am. J. Sociology 76 (uncertainty coefficient); Miller (1955) for the bias; the product: "
        "DTE Panel",
        interval="that of the distance, times the dependence",
        better="lower",
        range=(0.0, math.sqrt(math.log(2))),
        tasks=("binary", "multiclass"),
        group="bearing on performance",
        second=BEARING,
    )


def drift_bearing_on_number(now: Binned, _: Averaged, before: Binned, means: Averaged) -> Value:
    """Jensen-Shannon distance of a column times the share of the label's variance that it explains."""
    moved = jensen_shannon_distance(now, before)
    if moved.value is None:
        return moved
    share = explained(means)
    if share is None:
        return Value(None, moved.n, reason="the reference's labels are all the same: nothing depends on a column")
    low, high = (None if end is None else end * share for end in (moved.low, moved.high))
    return Value(moved.value * share, moved.n, low, high, detail={"distance": moved.value, "dependence": share})


def explained(means: Averaged) -> float | None:
    """Share of a number's variance that lies between the bins; less what chance explains (Kelley 1935)."""
    parts = [(m.n, m.means["value"], m.m2s["value"]) for m in means.bins.values() if m.n]
    n, within = sum(part[0] for part in parts), math.fsum(part[2] for part in parts)
    if n <= len(parts):
        return None
    mean = math.fsum(rows * at for rows, at, _ in parts) / n
    between = math.fsum(rows * (at - mean) * (at - mean) for rows, at, _ in parts)
    if not between + within > 0:
        return None
    chance = (len(parts) - 1) * within / (n - len(parts))
    return min(max((between - chance) / (between + within), 0.0), 1.0)


def bearing_on_number(bins: int) -> Comparison:
    """The same for a label that is a number, declared."""
    return against(
        "drift_bearing_on_number",
        "Drift weighed by its bearing on a label that is a number",
        drift_bearing_on_number,
        reduce=(Histogram("feature|score", bins), Means("feature|score", "label", bins)),
        definition="Jensen-Shannon distance of the column's bins times the share of the label's variance that lies "
        "between the bins in the reference (correlation ratio, less what chance explains). The dependence is taken as "
        "known; both parts are in the detail. Regression only; undefined where all labels of the reference are the "
        "same.",
        formula="JSD(p, q) · ε², ε² = (SS_between − (K − 1) · SS_within / (n − K)) / SS_total over the reference",
        source="Kelley (1935), PNAS 21 (ε²); the product: DTE Panel",
        interval="that of the distance, times the dependence",
        better="lower",
        range=(0.0, math.sqrt(math.log(2))),
        tasks=("regression",),
        group="bearing on performance",
        second="none: the distance has one of its own; no library has the share of variance between bins, less chance",
    )
