"""What is measured of each group of a binary task: shares of one contingency table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dte_panel import Counts, Metric, Value
from dte_panel.stats import wilson
from dte_panel_fairness.second import Function, fairlearn, known, sklearn

if TYPE_CHECKING:
    from dte_panel.states import Table

FAIRLEARN = "Fairlearn, fairlearn.metrics."
SKLEARN = "scikit-learn, sklearn.metrics."
HARDT = "Hardt, Price & Srebro (2016), Equality of Opportunity in Supervised Learning"
_MISSING = "Rows with a missing label or prediction are left out and counted."
_BINARY: dict[str, Any] = {"tasks": ("binary",), "group": "rates"}
_SHARE: dict[str, Any] = {"range": (0.0, 1.0), "unit": "share", "interval": "Wilson", **_BINARY}


def note(table: Table) -> str | None:
    """Which rows were left out."""
    left_out = table.n() - table.known("label", "prediction").n()
    return f"{left_out:,} rows with a missing label or prediction left out" if left_out else None


def _rate(
    id: str,
    title: str,
    *,
    of: Mapping[str, int],
    given: Mapping[str, int],
    among: str,
    function: Function,
    **fields: Any,
) -> Metric:
    """A share of the rows that have ``given``: undefined, not 0, where there are none."""

    def finish(table: Table) -> Value:
        return table.share(given=given, **of)

    event, condition = (" and ".join(f"{k} = {v}" for k, v in part.items()) for part in (of, given))
    return known(
        function,
        id=id,
        title=title,
        definition=f"Share of the {among} rows with {event}. Undefined in a group without {among} rows, where "
        f"Fairlearn and scikit-learn say 0. {_MISSING}",
        formula=f"P({event} | {condition})",
        reduce=Counts("label", "prediction"),
        finish=finish,
        **{**_SHARE, **fields},
    )


def _with_rows(finish: Callable[[Table, str | None], Value]) -> Callable[[Table], Value]:
    """Only the rows with label and prediction, and a note on the others."""

    def finish_known(table: Table) -> Value:
        complete = table.known("label", "prediction")
        return finish(complete, note(table)) if complete.n() else Value(None, 0, reason="no rows")

    return finish_known


@_with_rows
def _accuracy(table: Table, told: str | None) -> Value:
    n, right = table.n(), sum(rows for (label, prediction), rows in table.counts.items() if label == prediction)
    return Value(right / n, n, *wilson(right, n), reason=told)


@_with_rows
def _balanced_accuracy(table: Table, told: str | None) -> Value:
    parts = [table.share(given={"label": c}, prediction=c) for c in (1, 0)]
    absent = [f"no rows with label {c}" for c, part in zip((1, 0), parts, strict=True) if part.value is None]
    if absent:
        return Value(None, table.n(), reason=absent[0])
    value = sum(part.value or 0.0 for part in parts) / 2
    # The two rates are of different rows: their errors add up as squares.
    below = math.hypot(*((p.value or 0.0) - (p.low or 0.0) for p in parts)) / 2
    above = math.hypot(*((p.high or 0.0) - (p.value or 0.0) for p in parts)) / 2
    return Value(value, table.n(), max(0.0, value - below), min(1.0, value + above), reason=told)


@_with_rows
def _f1_score(table: Table, told: str | None) -> Value:
    hits, n = table.n(label=1, prediction=1), table.n() - table.n(label=0, prediction=0)
    if not n:
        return Value(None, 0, reason="no rows with label 1 or prediction 1")
    value, low, high = (2 * q / (1 + q) for q in (hits / n, *wilson(hits, n)))
    return Value(value, n, low, high, reason=told)


@_with_rows
def _misses_per_false_alarm(table: Table, told: str | None) -> Value:
    misses, alarms = table.n(label=1, prediction=0), table.n(label=0, prediction=1)
    if not alarms:
        return Value(None, misses, reason="no false positives")
    low, high = (q / (1 - q) if q < 1 else math.inf for q in wilson(misses, misses + alarms))
    return Value(misses / alarms, misses + alarms, low, high, reason=told)


def _misses_by_false_alarms(y: Any, p: Any, w: Any) -> float:
    from sklearn.metrics import confusion_matrix

    made = confusion_matrix(y, p, labels=[0, 1], sample_weight=w)
    return float(made[1, 0] / made[0, 1])


count = Metric(
    id="count",
    title="Rows",
    definition="Number of rows of the group, with or without a prediction.",
    formula="n",
    source=FAIRLEARN + "count",
    reduce=Counts("prediction"),
    second="it is the number of rows itself",
    finish=lambda table: Value(table.n(), table.n()),
    range=(0.0, None),
    unit="rows",
    # The predictions of a regressor are nearly all different: a table of them would be as large as the data.
    tasks=("binary", "multiclass", "none"),
    group="rates",
)

selection_rate = known(
    fairlearn("selection_rate"),
    id="selection_rate",
    title="Selection rate",
    definition="Share of rows with a positive prediction, whatever their label. Undefined in a group without rows. "
    "Rows with a missing prediction are left out and counted.",
    formula="P(prediction = 1)",
    source=FAIRLEARN + "selection_rate",
    reduce=Counts("prediction"),
    finish=lambda table: table.share(prediction=1),
    better="nearer",
    aliases=("acceptance rate", "predicted prevalence (Aequitas pprev)"),
    **_SHARE,
)

base_rate = known(
    fairlearn("mean_prediction"),
    id="base_rate",
    title="Base rate",
    definition="Share of rows with a positive label, whatever was predicted. Where it differs between groups, no "
    "imperfect classifier can have equal error rates and equal predictive values. Undefined in a group without rows. "
    "Rows with a missing label are left out and counted.",
    formula="P(label = 1)",
    source="AIF360, BinaryLabelDatasetMetric.base_rate; Chouldechova (2017), Fair Prediction with Disparate Impact",
    reduce=Counts("label"),
    finish=lambda table: table.share(label=1),
    better="nearer",
    aliases=("prevalence",),
    **_SHARE,
)

true_positive_rate = _rate(
    "true_positive_rate",
    "True positive rate",
    of={"prediction": 1},
    given={"label": 1},
    among="positive",
    function=fairlearn("true_positive_rate"),
    source=FAIRLEARN + "true_positive_rate; " + HARDT,
    aliases=("recall", "sensitivity", "hit rate", "TPR"),
)
false_positive_rate = _rate(
    "false_positive_rate",
    "False positive rate",
    of={"prediction": 1},
    given={"label": 0},
    among="negative",
    function=fairlearn("false_positive_rate"),
    better="lower",
    source=FAIRLEARN + "false_positive_rate; " + HARDT,
    aliases=("fall-out", "FPR"),
)
true_negative_rate = _rate(
    "true_negative_rate",
    "True negative rate",
    of={"prediction": 0},
    given={"label": 0},
    among="negative",
    function=fairlearn("true_negative_rate"),
    source=FAIRLEARN + "true_negative_rate",
    aliases=("specificity", "selectivity", "TNR"),
)
false_negative_rate = _rate(
    "false_negative_rate",
    "False negative rate",
    of={"prediction": 0},
    given={"label": 1},
    among="positive",
    function=fairlearn("false_negative_rate"),
    better="lower",
    source=FAIRLEARN + "false_negative_rate",
    aliases=("miss rate", "FNR"),
)
precision = _rate(
    "precision",
    "Precision",
    of={"label": 1},
    given={"prediction": 1},
    among="selected",
    function=sklearn("precision_score", zero_division=0),
    source=SKLEARN + "precision_score",
    aliases=("positive predictive value", "PPV"),
)
negative_predictive_value = _rate(
    "negative_predictive_value",
    "Negative predictive value",
    of={"label": 0},
    given={"prediction": 0},
    among="rejected",
    function=sklearn("precision_score", pos_label=0, zero_division=0),
    source=SKLEARN + "precision_score(pos_label=0)",
    aliases=("NPV",),
)
false_discovery_rate = _rate(
    "false_discovery_rate",
    "False discovery rate",
    of={"label": 0},
    given={"prediction": 1},
    among="selected",
    function=sklearn("precision_score", minus=True, zero_division=0),
    better="lower",
    source="AIF360, ClassificationMetric.false_discovery_rate; Aequitas fdr",
    aliases=("FDR",),
)
false_omission_rate = _rate(
    "false_omission_rate",
    "False omission rate",
    of={"label": 1},
    given={"prediction": 0},
    among="rejected",
    function=sklearn("precision_score", minus=True, pos_label=0, zero_division=0),
    better="lower",
    source="AIF360, ClassificationMetric.false_omission_rate; Aequitas for",
    aliases=("FOR",),
)
accuracy = known(
    sklearn("accuracy_score"),
    id="accuracy",
    title="Accuracy",
    definition=f"Share of rows whose prediction equals the label. Undefined in a group without rows. {_MISSING}",
    formula="P(prediction = label)",
    source=SKLEARN + "accuracy_score",
    reduce=Counts("label", "prediction"),
    finish=_accuracy,
    **{**_SHARE, "tasks": ("binary", "multiclass")},
)
balanced_accuracy = known(
    sklearn("balanced_accuracy_score"),
    id="balanced_accuracy",
    title="Balanced accuracy",
    definition="Mean of the true positive and the true negative rate: accuracy as if both labels were equally "
    f"frequent. Undefined in a group with only one label, where scikit-learn leaves one rate out. {_MISSING}",
    formula="½ (true positive rate + true negative rate)",
    source=SKLEARN + "balanced_accuracy_score",
    reduce=Counts("label", "prediction"),
    finish=_balanced_accuracy,
    **{**_SHARE, "interval": "both rates' Wilson intervals, their distances added as squares (Zou & Donner 2008)"},
)
f1_score = known(
    sklearn("f1_score", zero_division=0),
    id="f1_score",
    title="F1 score",
    definition="Harmonic mean of precision and recall. Undefined in a group without a positive label or prediction, "
    f"where scikit-learn says 0. n is the rows with either. {_MISSING}",
    formula="2 TP / (2 TP + FP + FN)",
    source=SKLEARN + "f1_score",
    reduce=Counts("label", "prediction"),
    finish=_f1_score,
    **{**_SHARE, "interval": "Wilson's of q = TP / (TP + FP + FN), as 2q / (1 + q)"},
)
misses_per_false_alarm = known(
    _misses_by_false_alarms,
    id="false_negatives_per_false_positive",
    title="False negatives per false positive",
    definition="How many positive rows are missed for each negative row that is selected: which kind of error a group "
    f"gets. Undefined in a group without false positives. n is the rows in error. {_MISSING}",
    formula="FN / FP",
    source="Berk, Heidari, Jabbari, Kearns & Roth (2018), Fairness in Criminal Justice Risk Assessments",
    reduce=Counts("label", "prediction"),
    finish=_misses_per_false_alarm,
    better="nearer",
    range=(0.0, None),
    unit="ratio",
    interval="Wilson's of q = FN / (FN + FP), as q / (1 − q)",
    aliases=("treatment equality ratio",),
    **_BINARY,
)

RATES = (
    count,
    base_rate,
    selection_rate,
    true_positive_rate,
    false_positive_rate,
    true_negative_rate,
    false_negative_rate,
    precision,
    negative_predictive_value,
    false_discovery_rate,
    false_omission_rate,
    accuracy,
    balanced_accuracy,
    f1_score,
    misses_per_false_alarm,
)
