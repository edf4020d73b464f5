"""Precision, recall and F1 of a classifier of many classes, joined over the classes in the three usual ways."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from dte_panel import Counts, Metric, Value
from dte_panel.stats import Z95, wilson
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
    """Wilson's interval of each class, joined, and longer or shorter as the classes go together.

    A row of one class that is taken for another counts against both. How much that makes of the spread is known from
    the influence of each cell (delta method); how long the interval of few rows is, from Wilson's.
    """
    if average == "weighted" and name == "recall":
        # Rows of the right class among all rows.
        return wilson(value * counts.sum(), counts.sum())
    hits, below, labels = (part[0] for part in per_class(name, counts[None]))
    weights = (below > 0) * (labels if average == "weighted" else 1.0)
    weights = weights / weights.sum()
    down = up = alone = 0.0
    for hit, of, weight in zip(hits.tolist(), below.tolist(), weights.tolist(), strict=True):
        if of:
            share, low, high, variance = _of_class(name, hit, of)
            down, up = math.hypot(down, weight * (share - low)), math.hypot(up, weight * (high - share))
            alone += weight * weight * variance
    together = _variance(name, average, counts, value, weights)
    ratio = math.sqrt(together / alone) if alone > 0 and together > 0 else 1.0
    ratio *= _student(float(counts.sum()))
    return max(0.0, value - ratio * down), min(1.0, value + ratio * up)


def _of_class(name: str, hits: float, below: float) -> tuple[float, float, float, float]:
    """The number of one class, its interval and the variance that the normal distribution would go by."""
    if name != "f1":
        share = hits / below
        return share, *wilson(hits, below), share * (1 - share) / below
    # F1 grows with the Jaccard index J, a share of the rows that are of the class or predicted as it: 2 J / (1 + J).
    involved = 2 * below - hits
    jaccard = hits / involved
    low, high = (2 * end / (1 + end) for end in wilson(hits, involved))
    slope = 2 / (1 + jaccard) ** 2
    return hits / below, low, high, slope**2 * jaccard * (1 - jaccard) / involved


def _variance(name: str, average: str, counts: Floats, value: float, weights: Floats) -> float:
    """Of the mean over the classes, from the influence of each cell of the table."""
    import numpy as np

    hits, below, labels = (part[0] for part in per_class(name, counts[None]))
    each = np.where(below > 0, weights / np.maximum(below, 1e-300), 0.0)
    share = np.where(below > 0, hits / np.maximum(below, 1e-300), 0.0)
    of_label, of_prediction = {"precision": (0.0, 1.0), "recall": (1.0, 0.0), "f1": (0.5, 0.5)}[name]
    influence = -of_label * (each * share)[:, None] - of_prediction * (each * share)[None, :]
    influence[np.diag_indices(len(counts))] += each
    if average == "weighted":
        influence = influence + (np.where(below > 0, share - value, 0.0) / (labels[below > 0].sum()))[:, None]
    return float((counts * influence**2).sum())


def _student(rows: float) -> float:
    """How much longer t makes an interval than the normal distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(max(rows - 1, 1), 0.975)) / Z95


_MISSING = "Rows with a missing label or prediction are left out and counted."


def _metric(kind: Kind, average: str) -> Metric:
    title, mean, formula = AVERAGES[average]
    how = "Wilson for each class, joined by MOVER (Zou 2007) as the delta method says that the classes go together"
    if kind.name == "f1":
        how = how.replace("class", "class's Jaccard index", 1)
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
