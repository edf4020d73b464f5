"""Groups of a multi-class or a regression task: one class against the rest, and how far numbers are off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dte_panel import Comparison, Counts, Metric, Sums, Value, deviations, difference
from dte_panel.stats import bootstrap, mean_interval, wilson
from dte_panel_fairness.gaps import LEFT_OUT, gaps_of
from dte_panel_fairness.rates import FAIRLEARN, SKLEARN, note
from dte_panel_fairness.second import by_class, class_opinion, excess, fairlearn, known, sklearn

if TYPE_CHECKING:
    from dte_panel.states import Moments, Table

_MULTI: dict[str, Any] = {
    "reduce": Counts("label", "prediction"),
    "tasks": ("multiclass",),
    "range": (0.0, 1.0),
    "unit": "share",
}
#: What a class is counted for: title, the roles that must have it, the roles that must (not) have it.
_KINDS = ("selection_rate", "true_positive_rate", "false_positive_rate")


def _by_class(table: Table, kind: str) -> dict[str, tuple[int, int]]:
    """Rows that count, and all rows of the denominator, of each class against the rest."""
    values, counts = table.matrix("label", "prediction")
    found = {}
    for i, value in enumerate(values):
        hits, labelled, selected = int(counts[i, i]), int(counts[i].sum()), int(counts[:, i].sum())
        found[str(value)] = {
            "selection_rate": (selected, int(counts.sum())),
            "true_positive_rate": (hits, labelled),
            "false_positive_rate": (selected - hits, int(counts.sum()) - labelled),
        }[kind]
    return found


def _detail(found: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    made = {}
    for value, (hits, n) in found.items():
        low, high = wilson(hits, n) if n else (None, None)
        made[value] = {"value": hits / n if n else None, "low": low, "high": high, "n": n}
    return {"classes": made}


def _macro(kind: str) -> Callable[[Table], Value]:
    def finish(table: Table) -> Value:
        import numpy as np

        found = {value: part for value, part in _by_class(table, kind).items() if part[1]}
        if not found:
            return Value(None, 0, reason="no rows with a label and a prediction")
        value = sum(hits / n for hits, n in found.values()) / len(found)
        _, counts = table.matrix("label", "prediction")

        def drawn(tables: Any) -> Any:
            labelled, selected, hits = tables.sum(2), tables.sum(1), np.diagonal(tables, axis1=1, axis2=2)
            parts = hits / labelled
            if kind == "false_positive_rate":
                parts = (selected - hits) / (tables.sum((1, 2))[:, None] - labelled)
            return np.nanmean(parts[:, [i for i, n in enumerate(_sizes(counts, kind)) if n]], axis=1)

        low, high = bootstrap([counts], drawn)
        low, high = (None, None) if low is None or high is None else (min(low, value), max(high, value))
        return Value(value, table.known().n(), low, high, reason=note(table), detail=_detail(_by_class(table, kind)))

    return finish


def _sizes(counts: Any, kind: str) -> list[int]:
    rows = [int(n) for n in counts.sum(1)]
    return rows if kind == "true_positive_rate" else [sum(rows) - n for n in rows]


def _recall(y: Any, p: Any, w: Any) -> float:
    import sklearn.metrics

    labels = sorted(set(y))
    return float(sklearn.metrics.recall_score(y, p, sample_weight=w, labels=labels, average="macro"))


def _mean_of(rates: Mapping[Any, float]) -> float:
    return sum(rates.values()) / len(rates)


def _most_predicted(table: Table) -> Value:
    found = _by_class(table, "selection_rate")
    hits, n = max(found.values(), default=(0, 0))
    if not n:
        return Value(None, 0, reason="no rows with a label and a prediction")
    return Value(hits / n, n, *wilson(hits, n), reason=note(table), detail=_detail(found))


_MEAN = "The mean over classes, each against the rest, of the classes that have such rows in the group"
CLASSES = (
    known(
        lambda y, p, w: max(by_class("selection_rate", y, p, w).values()),
        library="fairlearn",
        id="most_predicted_class_share",
        title="Share of the most predicted class",
        definition="Share of rows that get the class predicted most often in the group; the detail has the selection "
        "rate of every class.",
        formula="max over classes c of P(prediction = c)",
        source=FAIRLEARN + "selection_rate, one class against the rest",
        finish=_most_predicted,
        better="nearer",
        interval="Wilson",
        group="classes",
        **_MULTI,
    ),
    known(
        _recall,
        id="macro_true_positive_rate",
        title="True positive rate, mean over classes",
        definition=f"{_MEAN}: the share of its rows that are predicted so. The detail has every class.",
        formula="mean over classes c of P(prediction = c | label = c)",
        source=SKLEARN + 'recall_score(average="macro")',
        finish=_macro("true_positive_rate"),
        interval="bootstrap",
        aliases=("macro recall",),
        group="classes",
        **_MULTI,
    ),
    known(
        lambda y, p, w: _mean_of(by_class("false_positive_rate", y, p, w)),
        library="fairlearn",
        id="macro_false_positive_rate",
        title="False positive rate, mean over classes",
        definition=f"{_MEAN}: the share of the other rows that are predicted so. The detail has every class.",
        formula="mean over classes c of P(prediction = c | label ≠ c)",
        source=FAIRLEARN + "false_positive_rate, one class against the rest",
        finish=_macro("false_positive_rate"),
        better="lower",
        interval="bootstrap",
        group="classes",
        **_MULTI,
    ),
)


def _class_gap(kind: str, *, worst: bool) -> Comparison:
    """The gap of each class between the groups: their mean, or the largest."""
    part = Metric(
        f"class_{kind}", kind, "", Counts("label", "prediction"),
        lambda table: Value(None, table.known().n(), reason="told by class", detail=_by_class(table, kind)),
    )  # fmt: skip
    rate = Metric("rate", "", "", part.reduce, part.finish, interval="Wilson", range=(0.0, 1.0))
    gap, rows = difference(rate, id="gap", title=""), int(kind != "true_positive_rate")

    def finish(groups: Mapping[str, Any]) -> Value:
        classes = sorted({value for _, v in groups[part.id] for value in v.detail})
        # A class that a group knows nothing of is the prediction, and not the label, of none of its rows.
        shares = {c: [_share(g, v.detail.get(c, (0, v.n * rows))) for g, v in groups[part.id]] for c in classes}
        made = {c: gap.finish({"rate": rates}) for c, rates in shares.items()}
        defined = {c: v for c, v in made.items() if v.value is not None}
        n = sum(v.n for _, v in groups[part.id])
        if not defined:
            return Value(None, n, reason="no class has rows in two groups")
        return _of_classes(defined, n, worst=worst)

    what = kind.replace("_", " ")
    return Comparison(
        id=f"class_{kind}_difference_{'worst' if worst else 'macro'}",
        title=f"{what.capitalize()} difference by class, {'worst class' if worst else 'mean over classes'}",
        definition=f"{'Largest' if worst else 'Mean'} over the classes, each against the rest, of the largest "
        f"difference of the {what} between any two groups. The detail has every class with its two groups. {LEFT_OUT}",
        formula=f"{'max' if worst else 'mean'} over classes c of (max {what}_c(group) − min {what}_c(group))",
        source=FAIRLEARN + "MetricFrame.difference(), one class against the rest",
        finish=finish,
        across="cohorts",
        of=(part,),
        better="lower",
        interval="simultaneous for the pairs of each class",
        version=2,
        second=class_opinion(part, kind, worst=worst),
        group="gaps by class",
        **{**_MULTI, "reduce": ()},
    )


def _share(cohort: Any, part: tuple[int, int]) -> tuple[Any, Value]:
    hits, n = part
    return cohort, Value(hits / n, n, *wilson(hits, n)) if n else Value(None, 0, reason="no such rows")


def _of_classes(known: Mapping[str, Value], n: int, *, worst: bool) -> Value:
    detail = {
        "classes": {
            c: {"value": v.value, "low": v.low, "high": v.high, "groups": [dict(g) for g in v.groups]}
            for c, v in known.items()
        }
    }
    values = list(known.values())
    if not worst:
        value, low, high = (sum(getattr(v, k) or 0.0 for v in values) / len(values) for k in ("value", "low", "high"))
        return Value(value, n, low, high, detail=detail)
    name, decides = max(known.items(), key=lambda item: item[1].value or 0.0)
    low, high = (max(getattr(v, k) or 0.0 for v in values) for k in ("low", "high"))
    return Value(decides.value, n, low, high, groups=decides.groups, reason=f"class {name}", detail=detail)


_ERRORS = Sums(
    ("label", "prediction"),
    (
        ("label", "label"),
        ("prediction", "prediction"),
        ("error", "prediction - label"),
        ("absolute", "abs(label - prediction)"),
        ("squared", "(label - prediction) * (label - prediction)"),
    ),
)


def _mean(name: str) -> Callable[..., Value]:
    @deviations.usable
    def finish(state: Moments, note: str | None) -> Value:
        low, high = mean_interval(state.means[name], state.m2s[name], state.n)
        return Value(state.means[name], state.n, low, high, reason=note)

    return finish


@deviations.usable
def _mean_absolute_error(state: Moments, note: str | None) -> Value:
    low, high = deviations.absolute_interval(state, "absolute")
    return Value(state.means["absolute"], state.n, low, high, reason=note)


@deviations.usable
def _r2(state: Moments, powers: Moments, sixth: Moments, note: str | None) -> Value:
    return deviations.share_explained(state, powers, sixth, state.means["squared"], note)


_OFF: dict[str, Any] = {
    "reduce": _ERRORS,
    "rows": "label|prediction",
    "tasks": ("regression",),
    "group": "errors",
    "interval": "t",
}
_MISSING = "Rows with a missing label or prediction are left out and counted."
ERRORS = (
    known(
        fairlearn("mean_prediction"),
        id="mean_prediction",
        title="Mean prediction",
        definition=f"Mean of the predictions of a group. No interval below two rows. {_MISSING}",
        formula="mean of prediction",
        source=FAIRLEARN + "mean_prediction",
        finish=_mean("prediction"),
        better="nearer",
        unit="unit of the label",
        **_OFF,
    ),
    known(
        sklearn("mean_absolute_error"),
        id="mean_absolute_error",
        title="Mean absolute error",
        definition=f"Mean distance of prediction and label. No interval below two rows. {_MISSING}",
        formula="mean of |label − prediction|",
        source=SKLEARN + "mean_absolute_error",
        finish=_mean_absolute_error,
        better="lower",
        range=(0.0, None),
        unit="unit of the label",
        aliases=("MAE",),
        **{**_OFF, "interval": deviations.POSITIVE},
    ),
    known(
        excess,
        library="fairlearn",
        id="mean_error",
        title="Mean error",
        definition="Mean of prediction minus label: above 0 a group is overestimated. No interval below two rows. "
        + _MISSING,
        formula="mean of (prediction − label)",
        source="Fisher, Rudin & Dominici (2019); Agarwal, Dudík & Wu (2019), Fair Regression",
        finish=_mean("error"),
        better="nearer",
        target=0.0,
        unit="unit of the label",
        aliases=("bias", "mean bias error"),
        **_OFF,
    ),
    known(
        sklearn("r2_score"),
        id="r2",
        title="R²",
        definition="Share of the spread of a group's labels that the predictions explain. Undefined where all labels "
        f"are equal (scikit-learn: 0 or 1). {_MISSING}",
        formula="1 − Σ(label − prediction)² / Σ(label − mean label)²",
        source=SKLEARN + "r2_score",
        finish=_r2,
        range=(None, 1.0),
        **{
            **_OFF,
            "reduce": (_ERRORS, deviations.POWERS, deviations.SIXTH),
            "interval": deviations.LOG_SHARE,
        },
    ),
)
GROUPED: Sequence[Metric] = (
    *CLASSES,
    *ERRORS,
    *(_class_gap(kind, worst=worst) for kind in _KINDS for worst in (False, True)),
    *(gap for metric in (*CLASSES[1:], *ERRORS) for gap in gaps_of(metric, ratios=metric.id == "mean_absolute_error")),
)
