"""Robustness of what was measured: features that give the label away, and rows that the model may have seen before."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dte_panel import Crossed, Means, Metric, Overlap, SecondOpinion, Value, Values
from dte_panel.stats import Z95, bootstrap, wilson
from dte_panel_guardrails import opinions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Averaged, Ordered, Overlapped, Table

    Matrix = NDArray[np.float64]

AXIS = "robustness"
_HINT = (
    "A heuristic: a feature that alone tells the label may have been made from it, or may simply be good; a person "
    "must look."
)
_KAUFMAN = "Kaufman et al. (2012), Leakage in data mining, ACM TKDD 6(4), article 15"


_HINTS: dict[str, Any] = {"better": "lower", "windows": False, "cohorts": False, "group": AXIS}
_IDS: dict[str, Any] = {
    **_HINTS,
    "reduce": Overlap("id"),
    "range": (0.0, 1.0),
    "unit": "share",
    "interval": "Wilson",
    "second": opinions.COUNTED,
}


def metrics() -> list[Metric]:
    """The metrics of leakage."""
    return [_roc_auc(), _uncertainty(), _correlation_ratio(), _repeated(), _in_reference()]


def _roc_auc() -> Metric:
    return Metric(
        id="single_feature_roc_auc",
        title="ROC AUC of one feature alone",
        definition="Area under the ROC curve of the label against the bin of one numeric feature, from 0.5: which "
        "way it points does not matter. Bins are ten quantile bins of the reference, ties count half; rows "
        f"without a label or a value are left out. Undefined with labels of one class. {_HINT}",
        # Values only applies to columns of numbers, whose bins have an order.
        reduce=(Crossed("feature", ("label",)), Values("feature")),
        finish=single_feature_roc_auc,
        range=(0.5, 1.0),
        formula="max(A, 1 − A), A = P(bin of a positive > bin of a negative) + ½ P(equal)",
        source=f"{_KAUFMAN}; scikit-learn roc_auc_score; Newcombe (2006), Stat. in Medicine 25, 559-573",
        interval="Newcombe (2006), method 5",
        tasks=("binary",),
        second=SecondOpinion("scikit-learn", _sklearn_auc),
        **_HINTS,
    )


def _uncertainty() -> Metric:
    return Metric(
        id="label_uncertainty_coefficient",
        title="Label told by one feature alone",
        definition="Share of the label's entropy that the bin or category of one feature takes away; a missing "
        "value is a bin of its own, so that missingness that tells the label shows too. Bins are ten quantile "
        "bins of the reference; rows without a label are left out. Undefined with labels of one class. Chance "
        f"alone gives about (bins − 1)(classes − 1) / (2 n H(label)). {_HINT}",
        reduce=Crossed("feature", ("label",)),
        finish=label_uncertainty_coefficient,
        range=(0.0, 1.0),
        formula="I(bin; label) / H(label)",
        source=f"{_KAUFMAN}; Theil (1970), American Journal of Sociology 76, 103-154",
        interval="basic bootstrap of the table with two more rows spread over its cells",
        tasks=("binary", "multiclass"),
        aliases=("Theil's U", "uncertainty coefficient", "mutual information / entropy of the label"),
        second=SecondOpinion("scikit-learn", _sklearn_uncertainty),
        **_HINTS,
    )


def _correlation_ratio() -> Metric:
    return Metric(
        id="label_correlation_ratio",
        title="Label's variance told by one feature alone",
        definition="Share of the variance of a numeric label that lies between the bins or categories of one "
        "feature; a missing value is a bin of its own. Bins are ten quantile bins of the reference; rows without "
        "a label are left out. Undefined where the label does not vary. Chance alone gives about "
        f"(bins − 1) / (n − 1). {_HINT}",
        reduce=Means("feature", "label"),
        finish=label_correlation_ratio,
        range=(0.0, 1.0),
        formula="Σ over bins b of n(b) (mean(b) − mean)² / Σ (label − mean)²",
        source=f"{_KAUFMAN}; Fisher (1925), Statistical Methods for Research Workers, chapter 8",
        interval="Fisher's z of its root",
        tasks=("regression",),
        aliases=("eta squared",),
        second=SecondOpinion("scikit-learn", opinions.correlation_ratio, 1e-9, "two points stand for a bin"),
        **_HINTS,
    )


def _repeated() -> Metric:
    return Metric(
        id="repeated_id_share",
        title="Rows whose id occurs twice",
        definition="Share of current rows whose id another current row has too. Rows without an id are left out; "
        "undefined without an id. Where a row is an event of somebody who may come again, this is no fault. The "
        "interval takes rows as independent, which repeated rows are not quite.",
        finish=repeated_id_share,
        formula="#{rows with an id of two rows or more} / #{rows with an id}",
        source="Breck et al. (2019), Data Validation for Machine Learning, MLSys",
        **_IDS,
    )


def _in_reference() -> Metric:
    return Metric(
        id="reference_id_share",
        title="Rows that the reference has already",
        definition="Share of current rows whose id is in the reference, compared as text where the types differ. "
        "Where the reference is what the model was trained on, it has seen these rows, and its figures on them "
        "are too good. Rows without an id are left out; undefined without an id or a reference.",
        finish=reference_id_share,
        formula="#{rows with an id of the reference} / #{rows with an id}",
        source=_KAUFMAN,
        aliases=("train-test overlap",),
        **_IDS,
    )


def label_matrix(table: Table, *, ordered: bool) -> tuple[Matrix, int]:
    """Rows of each bin by class, and the rows that are left out; ``ordered``: the bins of numbers, ascending."""
    import numpy as np

    found = {key[0] for key in table.counts}
    if ordered:
        # The names of bins of numbers are their places, -inf and +inf.
        bins: list[Any] = sorted(found - {None, "nan"}, key=lambda name: float(str(name)))
    else:
        bins = sorted(found, key=lambda name: (name is None, str(name)))
    classes = sorted({key[1] for key in table.counts if key[1] is not None}, key=str)
    rows = [table.counts.get((name, label), 0) for name in bins for label in classes]
    matrix = np.array(rows, dtype=float).reshape(len(bins), len(classes))
    matrix = matrix[matrix.sum(axis=1) > 0]
    matrix = matrix[:, matrix.sum(axis=0) > 0]
    return matrix, table.n() - int(matrix.sum())


def single_feature_roc_auc(table: Table, _: Ordered) -> Value:
    """Area of the label against the bins, from 0.5."""
    import numpy as np

    matrix, left_out = label_matrix(table, ordered=True)
    n = int(matrix.sum())
    if matrix.shape[1] < 2:
        return Value(None, n, reason="the labels are of one class")
    negatives, positives = matrix[:, 0], matrix[:, 1]
    n0, n1 = float(negatives.sum()), float(positives.sum())
    area = float((positives * (np.cumsum(negatives) - negatives / 2)).sum() / (n0 * n1))
    low, high = newcombe(area, n0, n1)
    rising = area >= 0.5
    low, high = (max(low, 0.5), high) if rising else (max(1 - high, 0.5), 1 - low)
    note = f"heuristic; {left_out:,} rows without a label or a value left out" if left_out else "heuristic"
    detail = {"the label rises with the feature": rising}
    return Value(max(area, 1 - area), n, low, high, reason=note, detail=detail)


def newcombe(area: float, n0: float, n1: float) -> tuple[float, float]:
    """Score interval of an area: wide where few rows give an area of 1."""
    extra = (n0 + n1) / 2 - 1

    def beyond(t: float) -> bool:
        variance = t * (1 - t) / (n0 * n1) * (1 + extra * ((1 - t) / (2 - t) + t / (1 + t)))
        return abs(area - t) > Z95 * math.sqrt(variance)

    def edge(end: float) -> float:
        outside, inside = end, area
        for _ in range(60):
            middle = (outside + inside) / 2
            outside, inside = (middle, inside) if beyond(middle) else (outside, middle)
        return inside

    return edge(0.0), edge(1.0)


def label_uncertainty_coefficient(table: Table) -> Value:
    """Theil's U of the label, given the bins."""
    matrix, left_out = label_matrix(table, ordered=False)
    n = int(matrix.sum())
    if matrix.shape[1] < 2:
        return Value(None, n, reason="the labels are of one class")
    value = float(uncertainty(matrix))
    low, high = bootstrap([matrix + 2 / matrix.size], uncertainty, basic=True)
    low, high = (None if end is None else min(max(end, 0.0), 1.0) for end in (low, high))
    note = f"heuristic; {left_out:,} rows without a label left out" if left_out else "heuristic"
    return Value(min(max(value, 0.0), 1.0), n, low, high, reason=note)


def uncertainty(tables: Matrix) -> Matrix:
    """Mutual information over the entropy of the columns, of each table in the last two axes."""
    import numpy as np

    p = tables / tables.sum(axis=(-1, -2), keepdims=True)
    entropies = [-_xlogx(part).sum(axis=-1) for part in (p.sum(axis=-2), p.sum(axis=-1))]
    joint = -_xlogx(p).sum(axis=(-1, -2))
    with np.errstate(all="ignore"):
        return np.asarray((entropies[0] + entropies[1] - joint) / entropies[0])


def _xlogx(p: Matrix) -> Matrix:
    import numpy as np

    return np.asarray(p * np.log(np.where(p > 0, p, 1.0)))


def label_correlation_ratio(state: Averaged) -> Value:
    """Variance of the label between the bins, as a share of all of it."""
    parts = [m for m in state.bins.values() if m.n]
    n = sum(m.n for m in parts)
    left_out = sum(m.missing for m in state.bins.values())
    within = math.fsum(m.m2s["value"] for m in parts)
    mean = math.fsum(m.n * m.means["value"] for m in parts) / n if n else 0.0
    between = math.fsum(m.n * (m.means["value"] - mean) ** 2 for m in parts)
    # Equal labels whose mean is rounded still seem to vary by that.
    if not within + between > n * (1e-14 * mean) ** 2:
        return Value(None, n, reason="the labels do not vary")
    value = between / (within + between)
    low, high = None, None
    if n > 3:
        z, half = math.atanh(min(math.sqrt(value), 1 - 1e-12)), Z95 / math.sqrt(n - 3)
        low, high = math.tanh(max(z - half, 0.0)) ** 2, math.tanh(z + half) ** 2
    note = f"heuristic; {left_out:,} rows without a label left out" if left_out else "heuristic"
    return Value(value, n, low, high, reason=note)


def repeated_id_share(state: Overlapped) -> Value:
    """Share of rows that share their id with another."""
    return _share(state.repeated, state.n)


def reference_id_share(state: Overlapped) -> Value:
    """Share of rows whose id the reference has."""
    if state.known is None:
        return Value(None, state.n, reason="there is no reference: add data.reference")
    return _share(state.known, state.n)


def _share(rows: int, n: int) -> Value:
    if not n:
        return Value(None, 0, reason="no row has an id")
    low, high = wilson(rows, n)
    return Value(rows / n, n, low, high, detail={"rows": rows})


def _sklearn_auc(table: Table, _: Ordered) -> float:
    import numpy as np
    from sklearn.metrics import roc_auc_score

    matrix, _left = label_matrix(table, ordered=True)
    score = np.repeat(np.arange(len(matrix)), 2)
    area = float(roc_auc_score(np.tile([0, 1], len(matrix)), score, sample_weight=matrix.ravel()))
    return max(area, 1 - area)


def _sklearn_uncertainty(table: Table) -> float:
    from scipy.stats import entropy
    from sklearn.metrics import mutual_info_score

    matrix, _ = label_matrix(table, ordered=False)
    return float(mutual_info_score(None, None, contingency=matrix)) / float(entropy(matrix.sum(axis=0)))
