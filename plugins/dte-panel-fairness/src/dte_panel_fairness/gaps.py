"""What the groups' numbers make together: differences and ratios, between groups and to all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dte_panel import Comparison, Metric, SecondOpinion, Value, difference, largest, ratio
from dte_panel_fairness import rates as r
from dte_panel_fairness.second import Groups, frame_of, gap_opinion, odds_opinion

LEFT_OUT = "A group without a value is left out and named; fewer than two groups with a value give no number."
_BOTH = "If one of the two has no value, neither has this."
_EMPTY = "Undefined where it is 0 in every group (Fairlearn: NaN)."
#: Stem of the ids and titles of a metric's gaps, where the literature has a name of its own.
_NAMES = {
    "selection_rate": ("demographic_parity", "Demographic parity"),
    "true_positive_rate": ("equal_opportunity", "Equal opportunity"),
    "precision": ("predictive_parity", "Predictive parity"),
    "false_negatives_per_false_positive": ("treatment_equality", "Treatment equality"),
    "calibration_in_the_large": ("calibration", "Calibration"),
}
_ALIASES: dict[str, tuple[str, ...]] = {
    "demographic_parity_difference": (
        "statistical parity difference (AIF360, there with a sign)",
        "selection rate difference",
    ),
    "demographic_parity_ratio": (
        "disparate impact ratio",
        "impact parity (Aequitas)",
        "adverse impact ratio",
        "four-fifths rule",
        "selection rate ratio",
    ),
    "equal_opportunity_difference": ("true positive rate difference",),
    "equal_opportunity_ratio": ("true positive rate ratio",),
    "false_positive_rate_difference": ("predictive equality difference",),
    "predictive_parity_difference": ("precision difference", "positive predictive value difference"),
    "predictive_parity_ratio": ("precision ratio", "positive predictive value ratio"),
    "calibration_difference": ("calibration gap",),
    "accuracy_difference": ("overall accuracy equality difference",),
    "accuracy_ratio": ("overall accuracy equality ratio",),
}
_SOURCES = {
    "demographic_parity": "; Dwork et al. (2012), Fairness through Awareness",
    "demographic_parity_ratio": "; EEOC Uniform Guidelines, 29 CFR 1607.4(D)",
    "equal_opportunity": "; " + r.HARDT,
    "predictive_parity": "; Chouldechova (2017), Fair Prediction with Disparate Impact",
    "treatment_equality": "; Berk et al. (2018), Fairness in Criminal Justice Risk Assessments",
    "accuracy": "; Berk et al. (2018), Fairness in Criminal Justice Risk Assessments",
}
_MORE = {
    "demographic_parity_ratio": "The four-fifths rule of US employment law asks for at least 0.8. ",
}


def gaps_of(metric: Metric, *, ratios: bool = True) -> list[Comparison]:
    """Difference and ratio of a metric, between groups and to all rows."""
    kinds = ("difference", "ratio") if ratios else ("difference",)
    return [_gap(metric, kind, overall) for overall in (False, True) for kind in kinds]


def _gap(metric: Metric, kind: Any, overall: bool) -> Comparison:
    stem, name = _NAMES.get(metric.id, (metric.id, metric.title))
    method = "to_overall" if overall else "between_groups"
    gap, what = f"{stem}_{kind}", _within_a_sentence(metric.title)
    second = gap_opinion(metric, kind, method)
    about = _definition(what, kind, overall)
    source = f'{r.FAIRLEARN}MetricFrame.{kind}(method="{method}")'
    make = difference if kind == "difference" else ratio
    described: dict[str, Any] = {
        "definition": f"{about} {_MORE.get(gap, '')}{LEFT_OUT}" + (f" {_EMPTY}" if kind == "ratio" else ""),
        "formula": _formula(what, kind, overall),
        "source": source + _SOURCES.get(stem, "") + _SOURCES.get(gap, ""),
        "aliases": () if overall else _ALIASES.get(gap, ()),
        "group": "gaps to all rows" if overall else "gaps between groups",
        "range": (0.0, 1.0) if kind == "ratio" else (0.0, 1.0 if metric.range == (0.0, 1.0) else None),
        "unit": "ratio" if kind == "ratio" else metric.unit,
        "second": second,
        "version": metric.version,
    }
    suffix, tail = ("_to_overall", " to all rows") if overall else ("", "")
    return make(metric, id=gap + suffix, title=f"{name} {kind}{tail}", method=method, **described)  # type: ignore[arg-type]


def _within_a_sentence(title: str) -> str:
    return title if title[1:2].isupper() or title[1:2].isdigit() else title[0].lower() + title[1:]


def _definition(what: str, kind: str, overall: bool) -> str:
    if kind == "difference":
        whom = "a group and all rows" if overall else "any two groups"
        return f"Largest difference of the {what} between {whom}; 0 where all are equal."
    if overall:
        return f"Smallest ratio of the {what} of a group and of all rows, the smaller by the larger; 1 is no gap."
    return f"Smallest ratio of the {what} between any two groups; 1 where all are equal."


def _formula(what: str, kind: str, overall: bool) -> str:
    if kind == "difference":
        return f"max |{what}(group) − {what}(all)|" if overall else f"max {what}(group) − min {what}(group)"
    if overall:
        return f"min over groups of min({what}(group) / {what}(all), {what}(all) / {what}(group))"
    return f"min {what}(group) / max {what}(group)"


_COMPARED = tuple(m for m in r.RATES if m is not r.count)
_SINGLE = [gap for metric in _COMPARED for gap in gaps_of(metric)]
_BY_ID = {gap.id: gap for gap in _SINGLE}
_ODDS = (r.true_positive_rate, r.false_positive_rate)


def _odds(kind: Any, overall: bool) -> Comparison:
    """Equalized odds: the worse of the gaps of the true and of the false positive rate."""
    end = f"{kind}_to_overall" if overall else kind
    parts = _BY_ID[f"equal_opportunity_{end}"], _BY_ID[f"false_positive_rate_{end}"]
    worse, method = ("larger" if kind == "difference" else "smaller"), "to_overall" if overall else "between_groups"
    zero = (
        "Where one rate is 0 in every group it shows no gap: the other ratio counts, and the interval starts at 0. "
        "Fairlearn does so for the false positive rate and gives NaN for the true positive rate. "
    )
    return largest(
        *parts,
        id=f"equalized_odds_{end}",
        title=f"Equalized odds {kind}{' to all rows' if overall else ''}",
        smallest=kind == "ratio",
        definition=f"The {worse} of the {kind}s of the true and of the false positive rate: the worst case, not the "
        f"average of the two. {zero if kind == 'ratio' else ''}{_BOTH} {LEFT_OUT}",
        formula=f"{'max' if kind == 'difference' else 'min'}(true positive rate {kind}, false positive rate {kind})",
        source=f'{r.FAIRLEARN}equalized_odds_{kind}(method="{method}", agg="worst_case"); {r.HARDT}',
        aliases=() if overall else (f"separation {kind} (worst case)",),
        range=(0.0, 1.0),
        group=parts[0].group,
        second=odds_opinion(_ODDS, kind, method, worst="max" if kind == "difference" else "min"),
    )


def _average(values: Sequence[Value], n: int) -> Value:
    """Mean of two rates of different rows: their errors add up as squares."""
    if any(v.value is None for v in values):
        return Value(None, n, reason="; ".join(v.reason or "" for v in values if v.value is None))
    value = sum(v.value or 0.0 for v in values) / 2
    below, above = (sum((end - (v.value or 0.0)) ** 2 for v in values if (end := getattr(v, side)) is not None) ** 0.5
                    for side in ("low", "high"))  # fmt: skip
    return Value(value, n, max(0.0, value - below / 2), min(1.0, value + above / 2), reason=values[0].reason)


def _average_by_fairlearn(groups: Groups) -> float | None:
    """The groups' mean of both rates in Fairlearn's frame, largest less smallest."""
    frame = frame_of(r.true_positive_rate, groups[_average_odds.id])
    if frame is None:
        return None
    means = frame.by_group[[metric.id for metric in _ODDS]].mean(axis=1, skipna=False).dropna()
    return float(means.max() - means.min())


_average_odds = Metric(
    id="average_odds",
    title="Average odds",
    definition="Mean of the true and the false positive rate of a group.",
    reduce=r.true_positive_rate.reduce,
    finish=lambda table: _average([m.finish(table) for m in _ODDS], table.known("label", "prediction").n()),
    range=(0.0, 1.0),
    unit="share",
    tasks=("binary",),
)
average_odds_difference = difference(
    _average_odds,
    id="average_odds_difference",
    title="Average odds difference",
    definition="Largest difference between any two groups of the mean of the true and the false positive rate: the "
    "average of the two differences, which cancel where they have different signs. AIF360's definition, for the pair "
    f"of groups that makes it largest and without a sign. {LEFT_OUT}",
    formula="max over pairs |½ ((FPR_a − FPR_b) + (TPR_a − TPR_b))|",
    source="AIF360, ClassificationMetric.average_odds_difference",
    second=SecondOpinion("fairlearn", _average_by_fairlearn),
    range=(0.0, 1.0),
    group="gaps between groups",
)


def _absolute_odds(groups: Mapping[str, Sequence[Any]]) -> Value:
    parts = [_BY_ID[f"{stem}_difference"] for stem in ("equal_opportunity", "false_positive_rate")]
    made = [part.finish(groups) for part in parts]
    n = max(v.n for v in made)
    if any(v.value is None for v in made):
        missing = [f"{p.title}: {v.reason}" for p, v in zip(parts, made, strict=True) if v.value is None]
        return Value(None, n, reason="; ".join(missing))
    low, high = (sum(getattr(v, end) or 0.0 for v in made) / 2 for end in ("low", "high"))
    notes = dict.fromkeys(v.reason for v in made if v.reason)
    return Value(sum(v.value or 0.0 for v in made) / 2, n, low, high, reason="; ".join(notes) or None)


average_absolute_odds_difference = Comparison(
    id="average_absolute_odds_difference",
    title="Average absolute odds difference",
    definition="Mean of the largest difference of the true and the largest difference of the false positive rate: the "
    "two cannot cancel. With two groups it is AIF360's average_abs_odds_difference; with more, each rate has its own "
    f"pair of groups, as in Fairlearn. {_BOTH} {LEFT_OUT}",
    formula="½ (true positive rate difference + false positive rate difference)",
    source=r.FAIRLEARN + 'equalized_odds_difference(agg="mean"); AIF360, average_abs_odds_difference',
    reduce=(),
    finish=_absolute_odds,
    across="cohorts",
    of=_ODDS,
    better="lower",
    range=(0.0, 1.0),
    unit="share",
    interval="means of the ends of both differences",
    tasks=("binary",),
    group="gaps between groups",
    second=odds_opinion(_ODDS, "difference", "between_groups", worst="mean"),
)

#: In the order in which they are told: what matters most first.
_FIRST = (
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equal_opportunity_difference",
    "equal_opportunity_ratio",
    "false_positive_rate_difference",
)
_ODDS_GAPS = [_odds(kind, overall) for overall in (False, True) for kind in ("difference", "ratio")]
GAPS = (
    *(_BY_ID[i] for i in _FIRST),
    *_ODDS_GAPS[:2],
    average_odds_difference,
    average_absolute_odds_difference,
    *(gap for gap in _SINGLE if gap.id not in _FIRST and not gap.overall),
    *(gap for gap in _SINGLE if gap.overall),
    *_ODDS_GAPS[2:],
)
