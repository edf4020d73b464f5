"""Conditional parity: the gap between groups inside each stratum of the control columns, beside the raw figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

from dte_panel import Comparison, Counts, Metric, SecondOpinion, Value
from dte_panel.pairs import narrowest_ratio, widest_difference
from dte_panel.stats import simultaneous_z, wilson
from dte_panel_fairness.rates import FAIRLEARN
from dte_panel_fairness.second import Function, fairlearn, sklearn

if TYPE_CHECKING:
    from dte_panel.states import Table

Stratum = tuple[str | None, ...]
Kind = Literal["difference", "ratio"]
#: A group's rows in a stratum: those that count, and all of the denominator.
Group = tuple[Mapping[str, str | None], int, int]
#: So many strata, the largest first, are told in the detail.
TOLD = 50
_CONTROL = "control:"


def _within(id: str, *, of: str, given: tuple[str, int] | None) -> Metric:
    """A rate by stratum; the strata stand in the detail, where only the gaps read them."""

    def finish(table: Table) -> Value:
        found: dict[Stratum, list[int]] = {}
        at = [i for i, column in enumerate(table.columns) if column.startswith(_CONTROL)]
        event, condition = table.columns.index(of), table.columns.index(given[0]) if given else None
        roles = [i for i, column in enumerate(table.columns) if column in ("label", "prediction")]
        for key, n in table.counts.items():
            if any(key[i] is None for i in roles) or (condition is not None and given and key[condition] != given[1]):
                continue
            cell = found.setdefault(tuple(None if key[i] is None else str(key[i]) for i in at), [0, 0])
            cell[0] += n if key[event] == 1 else 0
            cell[1] += n
        names = [table.columns[i].removeprefix(_CONTROL) for i in at]
        strata = [[dict(zip(names, stratum, strict=True)), *cell] for stratum, cell in found.items()]
        rows = sum(cell[1] for cell in found.values())
        return Value(None, rows, reason="told by stratum", detail={"strata": strata})

    columns = ("prediction",) if given is None else ("label", "prediction")
    return Metric(id, id, "", Counts(*columns, "control"), finish, tasks=("binary",))


def _strata(groups: Sequence[tuple[Mapping[str, str | None], Value]]) -> dict[Stratum, tuple[Any, list[Group]]]:
    """Each stratum's values and its groups with rows, in order."""
    found: dict[Stratum, tuple[Any, list[Group]]] = {}
    for cohort, value in groups:
        for names, hits, n in value.detail["strata"]:
            found.setdefault(tuple(names.values()), (names, []))[1].append((cohort, hits, n))
    return dict(sorted(found.items(), key=lambda item: [(v is None, v or "") for v in item[0]]))


def _gap(groups: Sequence[Group], kind: Kind, z: float) -> Value:
    """The gap of one stratum with the interval that holds for all its pairs."""
    sides = [((hits / n, *wilson(hits, n, z)), cohort) for cohort, hits, n in groups]
    (lowest, least), (highest, most) = (pick(sides, key=lambda side: side[0][0]) for pick in (min, max))
    n, every = sum(rows for *_, rows in groups), [side for side, _ in sides]
    if kind == "difference":
        return Value(highest[0] - lowest[0], n, *widest_difference(every), groups=(least, most))
    if highest[0] <= 0:
        return Value(None, n)
    return Value(lowest[0] / highest[0], n, *narrowest_ratio(every), groups=(least, most))


@cache
def _z(comparisons: int) -> float:
    """Quantile for all pairs of all strata at once (Šidák 1967)."""
    return NormalDist().inv_cdf((1 + 0.95 ** (1 / comparisons)) / 2)


def _finish(metric: Metric, kind: Kind, worst: bool) -> Callable[[Mapping[str, Any]], Value]:
    def finish(groups: Mapping[str, Any]) -> Value:
        every = _strata(groups[metric.id])
        known = {stratum: part for stratum, part in every.items() if len(part[1]) > 1}
        rows = sum(n for _, part in every.values() for *_, n in part)
        pairs = sum(len(part) * (len(part) - 1) // 2 for _, part in known.values())
        made = []
        for names, part in known.values():
            value = _gap(part, kind, _z(pairs) if worst else simultaneous_z(len(part)))
            if value.value is not None:
                made.append((names, value))
        if not made:
            return Value(None, rows, reason=f"{len(every)} strata, none with a gap of two groups")
        note = f"{len(every) - len(made)} of {len(every)} strata have no gap of two groups and are left out"
        return _summed(made, kind, worst, note if len(made) < len(every) else None)

    return finish


def _summed(made: Sequence[tuple[Any, Value]], kind: Kind, worst: bool, note: str | None) -> Value:
    """The weighted mean, or the worst, of the strata."""
    told = sorted(made, key=lambda item: -item[1].n)[:TOLD]
    detail = {
        "strata": [
            {"stratum": dict(names), "value": v.value, "low": v.low, "high": v.high, "n": v.n,
             "groups": [dict(g) for g in v.groups]}
            for names, v in told
        ]
    }  # fmt: skip
    values = [v for _, v in made]
    n = sum(v.n for v in values)
    if not worst:
        # A gap is never negative, so chance alone makes it large: only the mean of the ends is an honest interval.
        mean, low, high = (sum((getattr(v, k) or 0.0) * v.n for v in values) / n for k in ("value", "low", "high"))
        return Value(mean, n, low, high, reason=note, detail=detail)
    pick = max if kind == "difference" else min
    decides = pick(values, key=lambda v: v.value or 0.0)
    low, high = (pick(getattr(v, end) for v in values) for end in ("low", "high"))
    return Value(decides.value, n, low, high, reason=note, groups=decides.groups, detail=detail)


def _opinion(metric: Metric, function: Function, given: tuple[str, int] | None, kind: Kind, worst: bool) -> Any:
    """MetricFrame with control_features, on the rows of the rate's denominator: an empty one is then left out."""

    def compute(groups: Mapping[str, Any]) -> float | None:
        import numpy as np
        from fairlearn.metrics import MetricFrame

        rows = list(_rows(groups[metric.id], given))
        if not rows:
            return None
        y, p, w, group, stratum = (np.array(column) for column in zip(*rows, strict=True))
        frame = MetricFrame(
            metrics=function, y_true=y, y_pred=p, sensitive_features=group, control_features=stratum,
            sample_params={"sample_weight": w},
        )  # fmt: skip
        gaps = getattr(frame, kind)(method="between_groups")[frame.by_group.groupby(level=0).count() > 1].dropna()
        if worst:
            return float(gaps.max() if kind == "difference" else gaps.min()) if len(gaps) else None
        weights = [w[stratum == s].sum() for s in gaps.index]
        return float(np.average(gaps, weights=weights)) if len(gaps) else None

    return SecondOpinion("fairlearn", compute)


def _rows(groups: Sequence[Any], given: tuple[str, int] | None) -> Any:
    """Label, prediction, rows, group and stratum of each distinct row that the rate rests on."""
    for number, (_, (table,)) in enumerate(groups):
        roles = [i for i, c in enumerate(table.columns) if c in ("label", "prediction")]
        condition = table.columns.index(given[0]) if given else None
        for key, n in table.counts.items():
            if all(key[i] is not None for i in roles) and (condition is None or (given and key[condition] == given[1])):
                stratum = str([v for i, v in enumerate(key) if i not in roles])
                yield key[roles[0]], key[roles[-1]], float(n), number, stratum


#: Stem, title, event, condition and library function of each rate.
_RATES: tuple[tuple[str, str, str, tuple[str, int] | None, Function], ...] = (
    ("demographic_parity", "demographic parity", "prediction", None, fairlearn("selection_rate")),
    ("equal_opportunity", "equal opportunity", "prediction", ("label", 1), fairlearn("true_positive_rate")),
    ("false_positive_rate", "false positive rate", "prediction", ("label", 0), fairlearn("false_positive_rate")),
    ("predictive_parity", "predictive parity", "label", ("prediction", 1), sklearn("precision_score", zero_division=0)),
)


def _comparison(rate: Any, kind: Kind, worst: bool) -> Comparison:
    stem, title, of, given, function = rate
    metric = _within(f"{stem}_by_stratum", of=of, given=given)
    how = f"The {'largest' if kind == 'difference' else 'smallest'} of the strata" if worst else "The mean over strata"
    weighted = "" if worst else ", weighted by their rows"
    end = "_worst" if worst else ""
    return Comparison(
        id=f"conditional_{stem}_{kind}{end}",
        title=f"Conditional {title} {kind}{', worst stratum' if worst else ''}",
        definition=f"{how} of the control columns of the {title} {kind} inside each stratum{weighted}. The raw gap may "
        "come from how the groups spread over the strata, or be hidden by it (Simpson's paradox). A stratum with fewer "
        "than two groups that have rows is left out and counted; a missing value is a stratum of its own.",
        formula=f"{('max' if kind == 'difference' else 'min') if worst else 'Σ over strata s of (n_s / n)'} {kind}_s",
        source=f"{FAIRLEARN}MetricFrame(control_features=...).{kind}(); Kamiran, Žliobaitė & Calders (2013), "
        "Quantifying Explainable Discrimination",
        reduce=(),
        finish=_finish(metric, kind, worst),
        across="cohorts",
        of=(metric,),
        better="lower" if kind == "difference" else "higher",
        range=(0.0, 1.0),
        unit="share" if kind == "difference" else "ratio",
        interval="simultaneous for all pairs and strata" if worst else "means of the ends of each stratum",
        tasks=("binary",),
        group="conditional parity",
        second=_opinion(metric, _named(function), given, kind, worst),
        aliases=("conditional statistical parity",) if stem == "demographic_parity" and not worst else (),
    )


def _named(function: Function) -> Any:
    def rate(y: Any, p: Any, sample_weight: Any) -> float:
        return function(y, p, sample_weight)

    return rate


CONDITIONAL = (
    *(_comparison(rate, "difference", worst) for rate in _RATES for worst in (False, True)),
    _comparison(_RATES[0], "ratio", True),
)
