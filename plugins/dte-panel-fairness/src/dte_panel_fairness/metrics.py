"""What is measured: a rate of each group, and the gap that the groups make. One contingency table feeds all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dte_panel import Counts, Metric, Value, difference, largest, ratio
from dte_panel.stats import wilson

if TYPE_CHECKING:
    from dte_panel.states import Table

_HARDT = "Hardt, Price & Srebro (2016), Equality of Opportunity in Supervised Learning"
_FAIRLEARN = "Fairlearn, fairlearn.metrics."
_MISSING = "Rows with a missing label or prediction are left out and counted."
_LEFT_OUT = "A group without a value is left out and named; fewer than two groups with a value give no number."
_BOTH = "If one of the two has no value, neither has this."
_EMPTY_RATE = "Undefined where the rate is 0 in every group (Fairlearn: NaN)."


def _count(table: Table) -> Value:
    return Value(table.n(), table.n())


def _accuracy(table: Table) -> Value:
    known = table.known("label", "prediction")
    n, right = known.n(), known.n(label=1, prediction=1) + known.n(label=0, prediction=0)
    left_out = table.n() - n
    note = f"{left_out:,} rows with a missing label or prediction left out" if left_out else None
    if n == 0:
        return Value(None, 0, reason="no rows")
    low, high = wilson(right, n)
    return Value(right / n, n, low, high, reason=note)


def _rate(id: str, title: str, *, of: Mapping[str, int], given: Mapping[str, int], among: str, **fields: Any) -> Metric:
    """A share of the rows that have ``given``: undefined, not 0, where there are none."""

    def finish(table: Table) -> Value:
        return table.share(given=given, **of)

    event, condition = (" and ".join(f"{k} = {v}" for k, v in part.items()) for part in (of, given))
    return Metric(
        id=id,
        title=title,
        definition=f"Share of the {among} rows with {event}. Undefined in a group without {among} rows, where "
        f"Fairlearn and scikit-learn say 0. {_MISSING}",
        formula=f"P({event} | {condition})",
        reduce=Counts("label", "prediction"),
        finish=finish,
        **{**_SHARE, **fields},
    )


_SHARE: dict[str, Any] = {
    "range": (0.0, 1.0),
    "unit": "share",
    "interval": "Wilson",
    "tasks": ("binary",),
    "group": "rates",
}

count = Metric(
    id="count",
    title="Rows",
    definition="Number of rows of the group, with or without a prediction.",
    formula="n",
    source=_FAIRLEARN + "count",
    reduce=Counts("prediction"),
    finish=_count,
    range=(0.0, None),
    unit="rows",
    # The predictions of a regressor are nearly all different: a table of them would be as large as the data.
    tasks=("binary", "multiclass", "none"),
    group="rates",
)

selection_rate = Metric(
    id="selection_rate",
    title="Selection rate",
    definition="Share of rows with a positive prediction, whatever their label. Undefined in a group without rows. "
    "Rows with a missing prediction are left out and counted.",
    formula="P(prediction = 1)",
    source=_FAIRLEARN + "selection_rate",
    reduce=Counts("prediction"),
    finish=lambda table: table.share(prediction=1),
    better="nearer",
    aliases=("acceptance rate", "predicted prevalence (Aequitas pprev)"),
    **_SHARE,
)

true_positive_rate = _rate(
    "true_positive_rate",
    "True positive rate",
    of={"prediction": 1},
    given={"label": 1},
    among="positive",
    source=_FAIRLEARN + "true_positive_rate; " + _HARDT,
    aliases=("recall", "sensitivity", "hit rate"),
)
false_positive_rate = _rate(
    "false_positive_rate",
    "False positive rate",
    of={"prediction": 1},
    given={"label": 0},
    among="negative",
    better="lower",
    source=_FAIRLEARN + "false_positive_rate; " + _HARDT,
    aliases=("fall-out",),
)
true_negative_rate = _rate(
    "true_negative_rate",
    "True negative rate",
    of={"prediction": 0},
    given={"label": 0},
    among="negative",
    source=_FAIRLEARN + "true_negative_rate",
    aliases=("specificity", "selectivity"),
)
false_negative_rate = _rate(
    "false_negative_rate",
    "False negative rate",
    of={"prediction": 0},
    given={"label": 1},
    among="positive",
    better="lower",
    source=_FAIRLEARN + "false_negative_rate",
    aliases=("miss rate",),
)
precision = _rate(
    "precision",
    "Precision",
    of={"label": 1},
    given={"prediction": 1},
    among="selected",
    source="scikit-learn, sklearn.metrics.precision_score",
    aliases=("positive predictive value",),
)
accuracy = Metric(
    id="accuracy",
    title="Accuracy",
    definition=f"Share of rows whose prediction equals the label. Undefined in a group without rows. {_MISSING}",
    formula="P(prediction = label)",
    source="scikit-learn, sklearn.metrics.accuracy_score",
    reduce=Counts("label", "prediction"),
    finish=_accuracy,
    **_SHARE,
)

RATES = (
    count,
    selection_rate,
    true_positive_rate,
    false_positive_rate,
    true_negative_rate,
    false_negative_rate,
    precision,
    accuracy,
)

_GAP: dict[str, Any] = {"range": (0.0, 1.0), "group": "gaps"}

demographic_parity_difference = difference(
    selection_rate,
    id="demographic_parity_difference",
    title="Demographic parity difference",
    definition=f"Largest difference of the selection rate between any two groups; 0 where all are equal. {_LEFT_OUT}",
    formula="max P(prediction = 1 | group) − min P(prediction = 1 | group)",
    source=_FAIRLEARN + "demographic_parity_difference; Dwork et al. (2012), Fairness through Awareness",
    aliases=("statistical parity difference (AIF360, there with a sign)",),
    **_GAP,
)
demographic_parity_ratio = ratio(
    selection_rate,
    id="demographic_parity_ratio",
    title="Demographic parity ratio",
    definition="Smallest ratio of the selection rate between any two groups; 1 where all are equal. The four-fifths "
    f"rule of US employment law asks for at least 0.8. {_LEFT_OUT} {_EMPTY_RATE}",
    formula="min P(prediction = 1 | group) / max P(prediction = 1 | group)",
    source=_FAIRLEARN + "demographic_parity_ratio; EEOC Uniform Guidelines, 29 CFR 1607.4(D)",
    aliases=("disparate impact ratio", "impact parity (Aequitas)", "adverse impact ratio"),
    **_GAP,
)
equal_opportunity_difference = difference(
    true_positive_rate,
    id="equal_opportunity_difference",
    title="Equal opportunity difference",
    definition=f"Largest difference of the true positive rate between any two groups. {_LEFT_OUT}",
    formula="max P(prediction = 1 | label = 1, group) − min P(prediction = 1 | label = 1, group)",
    source=_FAIRLEARN + "equal_opportunity_difference; " + _HARDT,
    aliases=("true positive rate difference",),
    **_GAP,
)
equal_opportunity_ratio = ratio(
    true_positive_rate,
    id="equal_opportunity_ratio",
    title="Equal opportunity ratio",
    definition=f"Smallest ratio of the true positive rate between any two groups. {_LEFT_OUT} {_EMPTY_RATE}",
    formula="min P(prediction = 1 | label = 1, group) / max P(prediction = 1 | label = 1, group)",
    source=_FAIRLEARN + "equal_opportunity_ratio; " + _HARDT,
    aliases=("true positive rate ratio",),
    **_GAP,
)
false_positive_rate_difference = difference(
    false_positive_rate,
    id="false_positive_rate_difference",
    title="False positive rate difference",
    definition=f"Largest difference of the false positive rate between any two groups. {_LEFT_OUT}",
    formula="max P(prediction = 1 | label = 0, group) − min P(prediction = 1 | label = 0, group)",
    source=_FAIRLEARN + "false_positive_rate_difference",
    aliases=("predictive equality difference",),
    **_GAP,
)
_false_positive_rate_ratio = ratio(
    false_positive_rate,
    id="false_positive_rate_ratio",
    title="False positive rate ratio",
    **_GAP,
)
equalized_odds_difference = largest(
    equal_opportunity_difference,
    false_positive_rate_difference,
    id="equalized_odds_difference",
    title="Equalized odds difference",
    definition="The larger of the differences of the true and of the false positive rate: the worst case, not the "
    f"average of the two. {_BOTH} {_LEFT_OUT}",
    formula="max(true positive rate difference, false positive rate difference)",
    source=_FAIRLEARN + 'equalized_odds_difference(agg="worst_case"); ' + _HARDT,
    aliases=("separation (worst case)",),
    **_GAP,
)
equalized_odds_ratio = largest(
    equal_opportunity_ratio,
    _false_positive_rate_ratio,
    id="equalized_odds_ratio",
    title="Equalized odds ratio",
    smallest=True,
    definition="The smaller of the ratios of the true and of the false positive rate. Where one rate is 0 in every "
    "group it shows no gap: the other ratio counts, and the interval starts at 0. Fairlearn does so for the false "
    f"positive rate and gives NaN for the true positive rate. {_BOTH} {_LEFT_OUT}",
    formula="min(true positive rate ratio, false positive rate ratio)",
    source=_FAIRLEARN + 'equalized_odds_ratio(agg="worst_case"); ' + _HARDT,
    **_GAP,
)
accuracy_difference = difference(
    accuracy,
    id="accuracy_difference",
    title="Accuracy difference",
    definition=f"Largest difference of the accuracy between any two groups. {_LEFT_OUT}",
    formula="max P(prediction = label | group) − min P(prediction = label | group)",
    source=_FAIRLEARN + "accuracy_score_difference",
    aliases=("overall accuracy equality difference",),
    **_GAP,
)

GAPS = (
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equal_opportunity_ratio,
    false_positive_rate_difference,
    equalized_odds_difference,
    equalized_odds_ratio,
    accuracy_difference,
)
