"""What the decisions of a classifier are worth: everything that follows from the table of label by prediction."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dte_panel import Counts, Metric, Value
from dte_panel.stats import bootstrap, wilson
from dte_panel_performance.opinions import of_cells

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Table

    Floats = NDArray[np.float64]

#: Rows that are added, spread evenly over all cells, before a table is resampled: half a row in each cell of a 2 × 2
#: table (Jeffreys). Without them a table with no error in it would show an interval of no width.
SPREAD = 2.0
_MISSING = "Rows with a missing label or prediction are left out and counted."


def _left_out(table: Table) -> str | None:
    out = table.n() - table.known("label", "prediction").n()
    return f"{out:,} rows with a missing label or prediction left out" if out else None


def _accuracy(table: Table) -> Value:
    known = table.known("label", "prediction")
    n, right = known.n(), sum(known.n(label=v, prediction=v) for v in known.values("label"))
    if n == 0:
        return Value(None, 0, reason="no rows")
    return Value(right / n, n, *wilson(right, n), reason=_left_out(table))


def _balanced_accuracy(table: Table) -> Value:
    known = table.known("label", "prediction")
    classes = known.values("label")
    if len(classes) < 2:
        return Value(None, known.n(), reason=_one_class(len(classes)))
    recalls, below, above = [], [], []
    for each in classes:
        n, right = known.n(label=each), known.n(label=each, prediction=each)
        low, high = wilson(right, n)
        recalls.append(right / n)
        below.append(right / n - low)
        above.append(high - right / n)
    k = len(classes)
    value = sum(recalls) / k
    return Value(value, known.n(), value - math.hypot(*below) / k, value + math.hypot(*above) / k, _left_out(table))


def _one_class(classes: int) -> str:
    return "all labels are equal" if classes else "no rows"


def _share(of: Mapping[str, int], given: Mapping[str, int]) -> Any:
    return lambda table: table.share(given=given, **of)


def _f1(table: Table) -> Value:
    known = table.known("label", "prediction")
    hits = known.n(label=1, prediction=1)
    misses = known.n(label=1, prediction=0) + known.n(label=0, prediction=1)
    involved = hits + misses
    if involved == 0:
        return Value(None, 0, reason="no rows with label 1 or prediction 1")
    # F1 grows with the Jaccard index, a proportion with an interval that is wide where the rows are few.
    low, high = (2 * end / (1 + end) for end in wilson(hits, involved))
    return Value(2 * hits / (2 * hits + misses), involved, low, high, reason=_left_out(table))


def _matthews(table: Table) -> Value:
    return _agreement(table, matthews)


def _agreement(table: Table, statistic: Callable[[Floats], Floats]) -> Value:
    """A coefficient of agreement beyond chance, with its bootstrap interval."""
    _, counts = table.matrix("label", "prediction")
    n = int(counts.sum())
    if n == 0:
        return Value(None, 0, reason="no rows")
    for side, axis in (("labels", 1), ("predictions", 0)):
        if (counts.sum(axis=axis) > 0).sum() < 2:
            return Value(None, n, reason=f"all {side} are equal")
    value = float(statistic(counts[None].astype(float))[0])
    k = len(counts)
    # Many classes make large tables: fewer resamples then, to bound the memory.
    low, high = bootstrap([counts + SPREAD / k**2], statistic, draws=min(400, max(40, 4_000_000 // k**2)))
    if low is None or high is None:
        low, high = -1.0, 1.0
    return Value(value, n, min(low, value), max(high, value), reason=_left_out(table))


def _kappa(table: Table) -> Value:
    return _agreement(table, kappa)


def kappa(tables: Floats) -> Floats:
    """Cohen's kappa of each table, shape (draws, k, k); NaN where it is undefined."""
    import numpy as np

    n, right = tables.sum((1, 2)), np.trace(tables, axis1=1, axis2=2)
    chance = (tables.sum(2) * tables.sum(1)).sum(1) / n
    made: Floats = (right - chance) / (n - chance)
    return made


def matthews(tables: Floats) -> Floats:
    """Matthews' coefficient of each table, shape (draws, k, k); NaN where it is undefined."""
    import numpy as np

    n, right = tables.sum((1, 2)), np.trace(tables, axis1=1, axis2=2)
    labels, predictions = tables.sum(2), tables.sum(1)
    joint = right * n - (labels * predictions).sum(1)
    spread = (n**2 - (labels**2).sum(1)) * (n**2 - (predictions**2).sum(1))
    made: Floats = joint / np.sqrt(spread)
    return made


_TABLE = Counts("label", "prediction")
_BINARY: dict[str, Any] = {"reduce": _TABLE, "range": (0.0, 1.0), "tasks": ("binary",), "group": "decisions"}
_ANY: dict[str, Any] = {"reduce": _TABLE, "tasks": ("binary", "multiclass"), "group": "decisions"}

accuracy = Metric(
    id="accuracy",
    title="Accuracy",
    definition=f"Share of rows whose prediction equals the label. Undefined without rows. {_MISSING}",
    formula="P(prediction = label)",
    source="scikit-learn, sklearn.metrics.accuracy_score",
    finish=_accuracy,
    second=of_cells("accuracy_score"),
    range=(0.0, 1.0),
    unit="share",
    interval="Wilson",
    **_ANY,
)
balanced_accuracy = Metric(
    id="balanced_accuracy",
    title="Balanced accuracy",
    definition="Mean over the classes that occur of the share of their rows that are predicted right. Undefined where "
    f"all labels are equal (scikit-learn gives the recall of that class). {_MISSING}",
    formula="mean over classes k of P(prediction = k | label = k)",
    source="scikit-learn, sklearn.metrics.balanced_accuracy_score; Brodersen et al. (2010)",
    finish=_balanced_accuracy,
    second=of_cells("balanced_accuracy_score"),
    range=(0.0, 1.0),
    unit="share",
    interval="Wilson for each class, joined by MOVER (Zou & Donner 2008)",
    **_ANY,
)
precision = Metric(
    id="precision",
    title="Precision",
    definition="Share of the rows predicted positive that are positive. Undefined where none is predicted positive "
    f"(scikit-learn: 0). {_MISSING}",
    formula="P(label = 1 | prediction = 1)",
    source="scikit-learn, sklearn.metrics.precision_score",
    finish=_share({"label": 1}, {"prediction": 1}),
    unit="share",
    interval="Wilson",
    aliases=("positive predictive value",),
    second=of_cells("precision_score"),
    **_BINARY,
)
negative_predictive_value = Metric(
    id="negative_predictive_value",
    title="Negative predictive value",
    definition="Share of the rows predicted negative that are negative. Undefined where none is predicted negative. "
    f"{_MISSING}",
    formula="P(label = 0 | prediction = 0)",
    source="scikit-learn, sklearn.metrics.precision_score with pos_label=0; Altman & Bland (1994), BMJ 309, 102",
    finish=_share({"label": 0}, {"prediction": 0}),
    unit="share",
    interval="Wilson",
    aliases=("NPV",),
    second=of_cells("precision_score", pos_label=0),
    **_BINARY,
)
recall = Metric(
    id="recall",
    title="Recall",
    definition="Share of the positive rows that are predicted positive. Undefined without positive rows "
    f"(scikit-learn: 0). {_MISSING}",
    formula="P(prediction = 1 | label = 1)",
    source="scikit-learn, sklearn.metrics.recall_score",
    finish=_share({"prediction": 1}, {"label": 1}),
    unit="share",
    interval="Wilson",
    aliases=("true positive rate", "sensitivity"),
    second=of_cells("recall_score"),
    **_BINARY,
)
specificity = Metric(
    id="specificity",
    title="Specificity",
    definition="Share of the negative rows that are predicted negative. Undefined without negative rows "
    f"(scikit-learn: 0). {_MISSING}",
    formula="P(prediction = 0 | label = 0)",
    source="scikit-learn, sklearn.metrics.recall_score with pos_label=0; Altman & Bland (1994), BMJ 308, 1552",
    finish=_share({"prediction": 0}, {"label": 0}),
    unit="share",
    interval="Wilson",
    aliases=("true negative rate", "selectivity"),
    second=of_cells("recall_score", pos_label=0),
    **_BINARY,
)
f1 = Metric(
    id="f1",
    title="F1",
    definition="Harmonic mean of precision and recall; n counts the rows that are positive or predicted positive. "
    f"Undefined where there are none (scikit-learn: 0). {_MISSING}",
    formula="2 TP / (2 TP + FP + FN)",
    source="scikit-learn, sklearn.metrics.f1_score; van Rijsbergen (1979)",
    finish=_f1,
    interval="Wilson for the Jaccard index J = TP / (TP + FP + FN), with F1 = 2 J / (1 + J)",
    aliases=("F-score", "Dice coefficient"),
    second=of_cells("f1_score"),
    **_BINARY,
)
matthews_correlation_coefficient = Metric(
    id="matthews_correlation_coefficient",
    title="Matthews correlation coefficient",
    definition="Correlation of label and prediction: 1 is perfect, 0 no better than chance. Undefined where all labels "
    f"or all predictions are equal (scikit-learn: 0). {_MISSING}",
    formula="(TP TN − FP FN) / √((TP + FP)(TP + FN)(TN + FP)(TN + FN)); for many classes Gorodkin's R_K",
    source="scikit-learn, sklearn.metrics.matthews_corrcoef; Matthews (1975), Gorodkin (2004)",
    finish=_matthews,
    range=(-1.0, 1.0),
    interval="bootstrap of the table with two more rows spread over its cells",
    aliases=("phi coefficient",),
    second=of_cells("matthews_corrcoef"),
    **_ANY,
)
cohens_kappa = Metric(
    id="cohens_kappa",
    title="Cohen's kappa",
    definition="Agreement of prediction and label beyond what their totals give by chance: 1 is perfect, 0 no better "
    f"than chance. Undefined where all labels or all predictions are equal (scikit-learn: 0). {_MISSING}",
    formula="(p_o − p_e) / (1 − p_e), with p_e = Σ over classes k of P(label = k) P(prediction = k)",
    source="scikit-learn, sklearn.metrics.cohen_kappa_score; Cohen (1960)",
    finish=_kappa,
    range=(-1.0, 1.0),
    interval="bootstrap of the table with two more rows spread over its cells",
    second=of_cells("cohen_kappa_score"),
    **_ANY,
)

DECISIONS = (
    accuracy,
    balanced_accuracy,
    precision,
    negative_predictive_value,
    recall,
    specificity,
    f1,
    matthews_correlation_coefficient,
    cohens_kappa,
)
