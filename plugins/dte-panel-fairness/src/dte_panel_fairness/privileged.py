"""Each group against one reference group: the one that the user names, or the one that is selected most often."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import NormalDist
from typing import Any

from dte_panel import Comparison, SecondOpinion, Value
from dte_panel.stats import difference_interval, ratio_interval, simultaneous_z, wilson
from dte_panel_fairness.rates import selection_rate
from dte_panel_fairness.second import Groups, frame_of

Known = Sequence[tuple[Mapping[str, str | None], Value]]
_AGAINST = (
    "The reference is the group that the setting `privileged` names, and without it the group that is selected most "
    "often. A group without a value is left out."
)


def comparisons(privileged: Mapping[str, Any]) -> list[Comparison]:
    """Lowest and highest ratio, and the signed difference that is farthest from 0."""
    named = {column: str(value) for column, value in privileged.items()}
    return [
        _comparison(
            "disparate_impact_lowest",
            "Disparate impact, lowest",
            f"Lowest ratio of a group's selection rate to that of the reference group; at least 0.8 by the four-fifths "
            f"rule. {_AGAINST}",
            "min P(prediction = 1 | group) / P(prediction = 1 | reference)",
            named,
            min,
            ratio=True,
            better="higher",
            range=(0.0, None),
            unit="ratio",
        ),
        _comparison(
            "disparate_impact_highest",
            "Disparate impact, highest",
            f"Highest ratio of a group's selection rate to that of the reference group; above 1.25 it is the reference "
            f"group that is disadvantaged. {_AGAINST}",
            "max P(prediction = 1 | group) / P(prediction = 1 | reference)",
            named,
            max,
            ratio=True,
            better="nearer",
            target=1.0,
            range=(0.0, None),
            unit="ratio",
        ),
        _comparison(
            "statistical_parity_difference",
            "Statistical parity difference",
            f"Selection rate of a group minus that of the reference group, for the group where it is farthest from 0. "
            f"It has a sign: below 0 the group is selected less often. {_AGAINST}",
            "P(prediction = 1 | group) − P(prediction = 1 | reference)",
            named,
            _farthest,
            ratio=False,
            better="nearer",
            target=0.0,
            range=(-1.0, 1.0),
            unit="share",
        ),
    ]


def _comparison(
    id: str,
    title: str,
    definition: str,
    formula: str,
    named: Mapping[str, str],
    pick: Any,
    *,
    ratio: bool,
    **fields: Any,
) -> Comparison:
    return Comparison(
        id=id,
        title=title,
        definition=definition,
        formula=formula,
        source="AIF360, BinaryLabelDatasetMetric.disparate_impact and .statistical_parity_difference; EEOC Uniform "
        "Guidelines, 29 CFR 1607.4(D)",
        reduce=(),
        finish=_finish(named, ratio=ratio, pick=pick),
        second=SecondOpinion("fairlearn", partial(_by_fairlearn, named=named, ratio=ratio, pick=pick)),
        across="cohorts",
        of=(selection_rate,),
        interval="simultaneous for all groups",
        tasks=("binary",),
        group="gaps to a reference group",
        **fields,
    )


def _farthest(values: Any, key: Any = float) -> Any:
    return max(values, key=lambda value: abs(key(value)))


def _by_fairlearn(groups: Groups, named: Mapping[str, str], ratio: bool, pick: Any) -> float | None:
    """Fairlearn's selection rates, each by or less that of the reference group."""
    frame = frame_of(selection_rate, groups[selection_rate.id])
    if frame is None:
        return None
    rates = zip(groups[selection_rate.id], frame.by_group[selection_rate.id], strict=True)
    known = [(cohort, Value(float(rate))) for (cohort, _), rate in rates if not math.isnan(rate)]
    reference = _reference(known, named)
    if isinstance(reference, str):
        return None
    others = [value.value or 0.0 for cohort, value in known if cohort != reference[0]]
    against = reference[1].value or 0.0
    return float(pick([rate / against if ratio else rate - against for rate in others]))


def _finish(named: Mapping[str, str], *, ratio: bool, pick: Any) -> Callable[[Mapping[str, Any]], Value]:
    def finish(groups: Mapping[str, Any]) -> Value:
        known = [(cohort, v) for cohort, v in groups[selection_rate.id] if v.value is not None]
        n = sum(v.n for _, v in known)
        if len(known) < 2:
            return Value(None, n, reason=f"{len(known)} groups with a value; a gap needs two")
        reference = _reference(known, named)
        if isinstance(reference, str):
            return Value(None, n, reason=reference)
        cohort, of_reference = reference
        others = [(c, v) for c, v in known if c != cohort]
        chosen = any(column in named for column in cohort)
        z = NormalDist().inv_cdf((1 + 0.95 ** (1 / len(others))) / 2) if chosen else simultaneous_z(len(known))
        if ratio and of_reference.value == 0:
            return Value(None, n, reason="the selection rate of the reference group is 0")
        made = [_against(c, v, of_reference, z, ratio=ratio) for c, v in others]
        value, low, high, other = pick(made, key=lambda m: m[0])
        if ratio:
            # The lowest of all is at most the lowest that any may be; likewise the highest.
            low, high = pick(m[1] for m in made), pick(m[2] for m in made)
        pair = (other, cohort) if value <= (1.0 if ratio else 0.0) else (cohort, other)
        return Value(value, n, low, high, groups=pair, detail={"reference_group": dict(cohort)})

    return finish


def _reference(known: Known, named: Mapping[str, str]) -> tuple[Mapping[str, str | None], Value] | str:
    columns = list(known[0][0])
    if not any(column in named for column in columns):
        return max(known, key=lambda group: group[1].value or 0.0)
    lacking = [column for column in columns if column not in named]
    if lacking:
        return f"the setting privileged names no value of '{lacking[0]}'"
    wanted = {column: named[column] for column in columns}
    told = ", ".join(f"{column}: {value}" for column, value in wanted.items())
    return next((group for group in known if dict(group[0]) == wanted), f"no group is {told}, as privileged names it")


def _against(
    cohort: Any, value: Value, reference: Value, z: float, *, ratio: bool
) -> tuple[float, float, float, Mapping[str, str | None]]:
    one, other = ((v.value or 0.0, *wilson((v.value or 0.0) * v.n, v.n, z)) for v in (value, reference))
    low, high = ratio_interval(one, other) if ratio else difference_interval(one, other)
    return (one[0] / other[0] if ratio else one[0] - other[0]), low, high, cohort
