"""Precision, recall and F1 of a classifier of many classes, joined over the classes in the three usual ways."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from dte_panel import Counts, Metric, Value
from dte_panel.stats import bootstrap, wilson
from dte_panel_performance.decisions import SPREAD
from dte_panel_performance.opinions import of_cells

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Table

    Floats = NDArray[np.float64]

#: More classes than this are not told one by one.
MOST_TOLD = 30


class Kind(NamedTuple):
    """One of the three: its name, its words, its formula, and when a class has none."""

    name: str
    title: str
    words: str
    formula: str
    undefined: str


KINDS = (
    Kind(
        "precision",
        "Precision",
        "share of the rows predicted as the class that are of it",
        "P(label = k | prediction = k)",
        "never predicted",
    ),
    Kind(
        "recall",
        "Recall",
        "share of the rows of the class that are predicted as it",
        "P(prediction = k | label = k)",
        "without rows",
    ),
    Kind(
        "f1",
        "F1",
        "harmonic mean of the precision and the recall of the class",
        "2 TP_k / (2 TP_k + FP_k + FN_k)",
        "never met",
    ),
)
AVERAGES = {
    "macro": ("Macro", "Mean over the classes", "mean over classes k of {}"),
    "weighted": ("Weighted", "Mean over the classes, each with its share of the rows as weight,", "Σ P(label = k) {}"),
}


def per_class(name: str, tables: Floats) -> tuple[Floats, Floats, Floats]:
    """Hits, denominator and rows of each class, shape (draws, k)."""
    import numpy as np

    hits = np.diagonal(tables, axis1=1, axis2=2)
    labels, predictions = tables.sum(2), tables.sum(1)
    below = {"precision": predictions, "recall": labels, "f1": (labels + predictions) / 2}[name]
    return hits, below, labels


def averaged(name: str, average: str, tables: Floats) -> Floats:
    """The mean over the classes that have the number; NaN where none has."""
    import numpy as np

    hits, below, labels = per_class(name, tables)
    weights = (below > 0) * (labels if average == "weighted" else 1.0)
    with np.errstate(all="ignore"):
        made: Floats = (np.where(below > 0, hits / below, 0.0) * weights).sum(1) / weights.sum(1)
    return made


def _finish(kind: Kind, average: str, table: Table) -> Value:
    import numpy as np

    values, counts = table.matrix("label", "prediction")
    n = int(counts.sum())
    if n == 0:
        return Value(None, 0, reason="no rows with a label and a prediction")
    value = float(averaged(kind.name, average, counts[None].astype(float))[0])
    if not np.isfinite(value):
        return Value(None, n, reason="no class with rows has one")
    hits, below, labels = (part[0] for part in per_class(kind.name, counts[None].astype(float)))
    without = [str(v) for v, rows in zip(values, below, strict=True) if not rows]
    notes = [f"left out: {', '.join(without[:10])} ({kind.undefined})"] if without else []
    out = table.n() - n
    notes += [f"{out:,} rows with a missing label or prediction left out"] if out else []
    told = {} if len(values) > MOST_TOLD else {"classes": _told(values, hits, below, labels)}
    low, high = _interval(kind.name, average, counts.astype(float), value)
    return Value(value, n, low, high, reason="; ".join(notes) or None, detail=told)


def _told(values: list[Any], hits: Any, below: Any, labels: Any) -> list[dict[str, Any]]:
    """Each class with its rows and its number."""
    return [
        {"class": str(v), "rows": int(rows), "value": float(hit / of) if of else None}
        for v, hit, of, rows in zip(values, hits, below, labels, strict=True)
    ]


def _interval(name: str, average: str, counts: Floats, value: float) -> tuple[float, float]:
    if average == "weighted" and name == "recall":
        # Rows of the right class among all rows.
        return wilson(value * counts.sum(), counts.sum())
    if average == "macro" and name != "f1":
        return _joined(name, counts, value)
    k = len(counts)
    draws = min(400, max(40, 4_000_000 // k**2))
    ends = bootstrap([counts + SPREAD / k**2], lambda tables: averaged(name, average, tables), draws=draws)
    low, high = (0.0, 1.0) if ends[0] is None or ends[1] is None else ends
    return min(low, value), max(high, value)


def _joined(name: str, counts: Floats, value: float) -> tuple[float, float]:
    """Wilson's interval of each class, joined: the classes are samples of their own."""
    hits, below, _ = (part[0] for part in per_class(name, counts[None]))
    known = [(h / n, wilson(h, n)) for h, n in zip(hits.tolist(), below.tolist(), strict=True) if n]
    down = math.hypot(*(share - low for share, (low, _) in known)) / len(known)
    up = math.hypot(*(high - share for share, (_, high) in known)) / len(known)
    return value - down, value + up


_MISSING = "Rows with a missing label or prediction are left out and counted."


def _metric(kind: Kind, average: str) -> Metric:
    title, mean, formula = AVERAGES[average]
    how = "Wilson for each class, joined by MOVER (Zou & Donner 2008)"
    if average == "weighted" or kind.name == "f1":
        how = "bootstrap of the table with two more rows spread over its cells"
    if (average, kind.name) == ("weighted", "recall"):
        how = "Wilson"
    return Metric(
        id=f"{kind.name}_{average}",
        title=f"{title} {kind.title if kind.name == 'f1' else kind.title.lower()}",
        definition=f"{mean} of the {kind.words}; the detail has each class, one against the rest. A class "
        f"{kind.undefined} has none and is left out by name (scikit-learn with zero_division=nan). {_MISSING}",
        reduce=Counts("label", "prediction"),
        finish=lambda table: _finish(kind, average, table),
        formula=formula.format(kind.formula),
        source=f"scikit-learn, sklearn.metrics.{kind.name}_score with average='{average}'",
        range=(0.0, 1.0),
        interval=how,
        tasks=("multiclass",),
        group="classes",
        second=of_cells(f"{kind.name}_score", average=average, zero_division=float("nan")),
    )


def _micro(kind: Kind) -> Metric:
    def finish(table: Table) -> Value:
        known = table.known("label", "prediction")
        n, out = known.n(), table.n() - known.n()
        right = sum(known.n(label=v, prediction=v) for v in known.values("label"))
        if n == 0:
            return Value(None, 0, reason="no rows with a label and a prediction")
        note = f"{out:,} rows with a missing label or prediction left out" if out else None
        return Value(right / n, n, *wilson(right, n), reason=note)

    return Metric(
        id=f"{kind.name}_micro",
        title=f"Micro {kind.title if kind.name == 'f1' else kind.title.lower()}",
        definition=f"The {kind.words}, over the hits and misses of all classes together. Where every row has one label "
        f"and one prediction it is the accuracy. {_MISSING}",
        reduce=Counts("label", "prediction"),
        finish=finish,
        formula="Σ TP_k / (Σ TP_k + ½ Σ (FP_k + FN_k)) = P(prediction = label)",
        source=f"scikit-learn, sklearn.metrics.{kind.name}_score with average='micro'",
        range=(0.0, 1.0),
        unit="share",
        interval="Wilson",
        tasks=("multiclass",),
        group="classes",
        second=of_cells(f"{kind.name}_score", average="micro"),
    )


CLASSES = tuple(metric for kind in KINDS for metric in (*(_metric(kind, a) for a in AVERAGES), _micro(kind)))
