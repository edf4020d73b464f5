"""Which of the metrics disagree on this data, and why: in sentences, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dte_panel import Measurement, charts

#: A gap is told as large where its whole interval lies above this: AIF360's band for differences.
BAND = 0.1
#: Gap, the metric that it compares, and the question that it answers.
CRITERIA = {
    "demographic_parity_difference": ("selection_rate", "demographic parity"),
    "equal_opportunity_difference": ("true_positive_rate", "equal opportunity"),
    "false_positive_rate_difference": ("false_positive_rate", "equal false positive rates"),
    "predictive_parity_difference": ("precision", "predictive parity"),
    "accuracy_difference": ("accuracy", "equal accuracy"),
}
METRICS = ("base_rate_difference", *CRITERIA)
_THEOREM = (
    "Where base rates differ, a classifier that errs cannot have equal precision and equal error rates of both kinds "
    "at once (Chouldechova 2017), and scores that are calibrated in each group cannot be balanced for both labels "
    "(Kleinberg, Mullainathan & Raghavan 2016). Closing one of these gaps moves another: which one counts is a choice."
)
_CHOICE = (
    "Demographic parity asks that groups are selected equally often, whatever their labels: for labels that are in "
    "doubt themselves. Equal opportunity asks that positives are found equally often: where a miss is the harm. Equal "
    "false positive rates: where a wrong selection is the harm. Predictive parity asks that a selection means the same "
    "in each group: for those who act on it."
)


def chooser(results: Any) -> Any:
    """A paragraph for each grouping, and what each metric asks for."""
    found = [m for m in results.measurements(*METRICS) if m.across]
    told: dict[str, Any] = {}
    for across in dict.fromkeys(m.across for m in found):
        mine = {m.metric.rpartition(".")[2]: m for m in found if m.across == across}
        told[f"Across {across}"] = sentences(mine, _rates(results))
    return {**told, "What each metric asks for": [_CHOICE]} if told else None


def _rates(results: Any) -> dict[tuple[str, frozenset[Any]], float]:
    """The value of each rate by group; all rows are the empty group."""
    ids = ("base_rate", "true_positive_rate", "precision")
    return {
        (m.metric.rpartition(".")[2], frozenset(m.cohort.items())): m.value
        for m in results.measurements(*ids)
        if m.value is not None
    }


def sentences(gaps: Mapping[str, Measurement], rates: Mapping[tuple[str, frozenset[Any]], float]) -> list[str]:
    """What the gaps of one grouping say together."""
    known = {k: m for k, m in gaps.items() if k in CRITERIA and m.low is not None and m.high is not None}
    large = [k for k, m in known.items() if (m.low or 0.0) > BAND]
    small = [k for k, m in known.items() if (m.high or 0.0) <= BAND]
    spans = [k for k in known if k not in (*large, *small)]
    parts = [
        _listed(large, "For certain more than 0.1 apart: "),
        _listed(small, "For certain less than 0.1 apart: "),
        _listed(spans, "Not decided by this data, as the interval holds 0.1: "),
    ]
    told = [" ".join(part for part in parts if part)] if known else ["No gap has an interval here."]
    if large and small:
        told.append(f"The metrics disagree: {_name(small[0])} holds within 0.1 and {_name(large[0])} does not.")
    told += _against(known)
    return [*told, *_base_rates(gaps.get("base_rate_difference"), rates)]


def _listed(names: Sequence[str], lead: str) -> str:
    return lead + ", ".join(_name(k) for k in names) + "." if names else ""


def _name(gap: str) -> str:
    return CRITERIA[gap][1]


def _against(known: Mapping[str, Measurement]) -> list[str]:
    """Whether the metrics point at different groups."""
    lowest: dict[str, list[str]] = {}
    for gap, m in known.items():
        if m.groups and (m.low or 0.0) > 0:
            lowest.setdefault(charts.group(m.groups[0]), []).append(CRITERIA[gap][0].replace("_", " "))
    if len(lowest) < 2:
        return []
    parts = [f"{', '.join(rates)} for {group}" for group, rates in lowest.items()]
    return [f"They point at different groups. Lowest is {'; '.join(parts)}."]


def _base_rates(gap: Measurement | None, rates: Mapping[tuple[str, frozenset[Any]], float]) -> list[str]:
    if gap is None or gap.value is None:
        return ["The base rates are not known: without labels only demographic parity can be measured."]
    if not gap.low or len(gap.groups) < 2:
        return ["Base rates do not differ for certain: nothing stands in the way of closing all gaps at once."]
    low, high = (charts.group(g) for g in gap.groups)
    told = [f"Base rates differ by {charts.estimate(gap)} between {low} and {high}. {_THEOREM}"]
    found = _implied([rates.get(("base_rate", frozenset(g.items()))) for g in gap.groups], rates)
    if found:
        ppv, tpr, implied = found
        told.append(
            f"With the precision ({ppv:.2f}) and the true positive rate ({tpr:.2f}) of all rows in both groups, "
            f"their base rates alone put the false positive rate at {implied[0]:.2f} for {low} and at {implied[1]:.2f} "
            f"for {high}."
        )
    return told


def _implied(
    bases: Sequence[float | None], rates: Mapping[tuple[str, frozenset[Any]], float]
) -> tuple[float, float, list[float]] | None:
    """The false positive rates that base rates, precision and true positive rate leave no choice about."""
    every: frozenset[Any] = frozenset()
    ppv, tpr = (rates.get((k, every)) for k in ("precision", "true_positive_rate"))
    if not ppv or tpr is None or any(p is None or p >= 1 for p in bases):
        return None
    # FPR = p / (1 - p) × (1 - PPV) / PPV × TPR (Chouldechova 2017, equation 2.6).
    implied = [(p or 0.0) / (1 - (p or 0.0)) * (1 - ppv) / ppv * tpr for p in bases]
    return (ppv, tpr, implied) if max(implied) <= 1 else None
