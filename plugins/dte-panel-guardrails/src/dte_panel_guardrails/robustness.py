"""Robustness: whether accuracy holds for every group and over time, and whether the data stays in known territory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dte_panel import Categories, Comparison, Counts, Metric, SecondOpinion, Value, Values, change
from dte_panel.stats import difference_interval, simultaneous_z, wilson
from dte_panel_guardrails import opinions

if TYPE_CHECKING:
    from dte_panel.model import Cohort
    from dte_panel.states import Ordered, Table

AXIS = "robustness"
CLASSIFIERS = ("binary", "multiclass", "none")
#: So many new values are named.
MOST_NAMES = 10

Groups = Sequence[tuple["Cohort", Value]]


def accuracy_share(table: Table) -> Value:
    """Share of rows whose prediction is the label."""
    known = table.known("label", "prediction")
    label, prediction = known.columns.index("label"), known.columns.index("prediction")
    n, left_out = known.n(), table.n() - known.n()
    if not n:
        return Value(None, 0, reason="no rows with both a label and a prediction")
    hits = sum(rows for key, rows in known.counts.items() if key[label] == key[prediction])
    low, high = wilson(hits, n)
    note = f"{left_out:,} rows with a missing label or prediction left out" if left_out else None
    return Value(hits / n, n, low, high, reason=note)


#: Not offered by itself: providers do not know each other, and the performance provider offers it to people.
ACCURACY = Metric(
    id="accuracy",
    title="Accuracy",
    definition="Share of rows whose prediction is the label. Rows that lack either are left out.",
    reduce=Counts("label", "prediction"),
    finish=accuracy_share,
    range=(0.0, 1.0),
    unit="share",
    interval="Wilson",
    tasks=CLASSIFIERS,
)


def worst_cohort_accuracy_gap(groups: Mapping[str, Groups]) -> Value:
    """How far the worst group's accuracy lies below that of all rows.

    A group is part of all rows, so it is compared with the other groups (independent samples) and the difference is
    scaled by their share of the rows, which gives the same number. The interval holds for all groups at once.
    """
    known = [(cohort, v, v.value) for cohort, v in groups[ACCURACY.id] if v.value is not None]
    n = sum(v.n for _, v, _ in known)
    if len(known) < 2:
        return Value(None, n, reason=f"{len(known)} group{'s' * (len(known) != 1)} with a value; a gap needs two")
    # Whole rows again, so that rounding leaves no trace.
    counted = [(cohort, round(share * v.n), v.n) for cohort, v, share in known]
    hits, z = sum(h for _, h, _ in counted), simultaneous_z(len(known))
    gaps = [(hits / n - h / rows, cohort) for cohort, h, rows in counted]
    gap, worst = max(gaps, key=lambda found: found[0])
    ends = [_gap_interval(h, rows, hits, n, z) for _, h, rows in counted]
    low, high = (max(0.0, *(end[i] for end in ends)) for i in (0, 1))
    lost = len(groups[ACCURACY.id]) - len(known)
    note = f"{lost} groups without a value left out" if lost else None
    return Value(max(0.0, gap), n, low, high, reason=note, groups=(worst, {}))


def _gap_interval(hits: int, n: int, every_hits: int, every: int, z: float) -> tuple[float, float]:
    """Interval of the accuracy of all rows minus that of ``n`` of them."""
    others, other_hits = every - n, every_hits - hits
    rest = (other_hits / others, *wilson(other_hits, others, z))
    low, high = difference_interval(rest, (hits / n, *wilson(hits, n, z)))
    return low * others / every, high * others / every


def _accuracy_fall() -> Comparison:
    rise = change(ACCURACY, id="accuracy_fall", title="Fall of accuracy")

    def finish(*states: Any) -> Value:
        value = rise.finish(*states)
        low, high = (None if end is None else -end for end in (value.high, value.low))
        return replace(value, value=None if value.value is None else -value.value, low=low, high=high)

    return replace(
        rise,
        finish=finish,
        definition="Accuracy of the reference minus accuracy now, for each window. Negative where accuracy rose. Rows "
        "without a label or a prediction are left out; undefined where a side has none left.",
        formula="accuracy(reference) − accuracy(current)",
        source="scikit-learn accuracy_score; Newcombe (1998), Statistics in Medicine 17, 873-890",
        second=SecondOpinion("scikit-learn", lambda now, before: opinions.accuracy(before) - opinions.accuracy(now)),
        better="lower",
        range=(-1.0, 1.0),
        cohorts=False,
        group=AXIS,
    )


def _worst_gap() -> Comparison:
    return Comparison(
        id="worst_cohort_accuracy_gap",
        title="Worst group's accuracy below that of all rows",
        definition="Accuracy of all rows minus accuracy of the group where it is lowest, for each sensitive column "
        "and crossing. Rows without a label or a prediction are left out, and so are groups without any such row; "
        "undefined with fewer than two groups.",
        reduce=(),
        finish=worst_cohort_accuracy_gap,
        across="cohorts",
        of=(ACCURACY,),
        better="lower",
        range=(0.0, 1.0),
        unit="share",
        formula="max over groups g of accuracy(all) − accuracy(g)",
        source="Sagawa et al. (2020), worst-group accuracy, ICLR; Newcombe (1998), Stat. in Medicine 17, 873-890",
        interval="simultaneous",
        second=SecondOpinion("scikit-learn", opinions.accuracy_gap),
        tasks=CLASSIFIERS,
        group=AXIS,
    )


def out_of_range_share(current: Ordered, reference: Ordered) -> Value:
    """Share of finite values that lie outside those of the reference."""
    now, known = current.finite(), reference.finite()
    if not known.n:
        return Value(None, now.n, reason="the reference has no finite value")
    if not now.n:
        return Value(None, 0, reason="no finite value")
    # The ends of the reference are ends of bins too, where there are any.
    below = int(now.counts[now.values < known.minimum].sum())
    above = int(now.counts[now.values > known.maximum].sum())
    return _counted(below + above, now.n, {"below": below, "above": above})


def unseen_value_share(current: Table, reference: Table) -> Value:
    """Share of values that the reference does not have."""
    known = set(reference.values("value"))
    now = {key[0]: n for key, n in current.counts.items() if key[0] is not None and n}
    if not known:
        return Value(None, sum(now.values()), reason="the reference has no value")
    if not now:
        return Value(None, 0, reason="no value")
    unseen = {str(value): n for value, n in now.items() if value not in known}
    names = sorted(unseen, key=lambda name: (-unseen[name], name))
    detail = {"unseen": {name: unseen[name] for name in names[:MOST_NAMES]}, "unseen values": len(unseen)}
    return _counted(sum(unseen.values()), sum(now.values()), detail if unseen else {})


def _counted(hits: int, n: int, detail: Mapping[str, Any]) -> Value:
    low, high = wilson(hits, n)
    return Value(hits / n, n, low, high, detail=detail)


def metrics() -> list[Metric]:
    """The metrics of the axis."""
    return [
        _worst_gap(),
        _accuracy_fall(),
        Comparison(
            id="out_of_range_share",
            title="Values outside the reference's range",
            definition="Share of a numeric column's finite values that lie below the smallest or above the largest "
            "finite value of the reference. Missing values and infinities are left out; undefined where a side has no "
            "finite value. Without any change about 2 / (reference rows + 1) is expected.",
            reduce=Values("feature|score"),
            finish=out_of_range_share,
            second=SecondOpinion("scipy", opinions.out_of_range),
            across="reference",
            better="lower",
            range=(0.0, 1.0),
            unit="share",
            formula="#{x < min(reference) or x > max(reference)} / #{finite x}",
            source="Breck et al. (2019), Data Validation for Machine Learning, MLSys",
            interval="Wilson",
            cohorts=False,
            group=AXIS,
        ),
        Comparison(
            id="unseen_value_share",
            title="Values unknown to the reference",
            definition="Share of a categorical column's values that the reference does not have; their names are in "
            "the detail. Missing values are left out; undefined where a side has no value.",
            reduce=Categories("feature"),
            finish=unseen_value_share,
            second=opinions.COUNTED,
            across="reference",
            better="lower",
            range=(0.0, 1.0),
            unit="share",
            formula="#{x not in reference} / #{x}",
            source="Breck et al. (2019), Data Validation for Machine Learning, MLSys",
            interval="Wilson",
            cohorts=False,
            group=AXIS,
        ),
    ]
