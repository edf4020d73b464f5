"""Comparisons made from metrics: a gap between groups, a change against the reference. An operator, not a new class."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from statistics import NormalDist
from typing import Any, Literal

from dte_panel.model import Cohort, Comparison, Metric, SecondOpinion, Value
from dte_panel.pairs import Ends, Side, narrowest_ratio, widest_difference
from dte_panel.stats import Z95, difference_interval, ratio_interval, simultaneous_z, wilson

Groups = Sequence[tuple[Cohort, Value]]
#: What a group is compared with: every other group, or all rows.
Method = Literal["between_groups", "to_overall"]


def difference(
    metric: Metric, *, id: str, title: str, method: Method = "between_groups", **described: Any
) -> Comparison:
    """The largest difference of a metric between any two groups, ``max - min``, or of a group to all rows.

    The interval holds for all pairs at once: its lower end is the largest gap that some pair shows for certain, its
    upper end the largest that any pair leaves open. A group and all rows overlap; where the metric is a share the
    interval is that of the group against the rest of the rows, which do not.

    Parameters
    ----------
    metric : Metric
        A metric with an interval.
    id, title : str
        As in :class:`~dte_panel.Metric`.
    method : {"between_groups", "to_overall"}
        What a group is compared with.
    **described
        Other fields of :class:`~dte_panel.Comparison`, such as ``definition``, ``formula``, ``source``, ``aliases``.

    References
    ----------
    Fairlearn ``MetricFrame.difference(method=...)``.

    Examples
    --------
    >>> from dte_panel import Counts
    >>> from dte_panel.states import Table
    >>> rate = Metric("rate", "Rate", "", Counts("prediction"), lambda t: t.share(prediction=1), interval="Wilson")
    >>> few, many = (rate.finish(Table(("prediction",), {(1,): ones, (0,): 100 - ones})) for ones in (10, 30))
    >>> value = difference(rate, id="gap", title="Gap").finish({"rate": [({"sex": "F"}, few), ({"sex": "M"}, many)]})
    >>> round(value.value, 12), value.groups
    (0.2, ({'sex': 'F'}, {'sex': 'M'}))
    """
    compare = _difference if method == "between_groups" else partial(_to_overall, _Distance)
    return _gap(metric, id, title, compare, {"better": "lower", "range": (0.0, None), **described}, method)


def ratio(metric: Metric, *, id: str, title: str, method: Method = "between_groups", **described: Any) -> Comparison:
    """The smallest ratio of a metric between any two groups, ``min / max``; 1 where all groups have the same value.

    To all rows it is the smaller of ``group / all`` and ``all / group``. The interval is as for :func:`difference`.

    Parameters
    ----------
    metric, id, title, method, **described
        As for :func:`difference`.

    References
    ----------
    Fairlearn ``MetricFrame.ratio(method=...)``.
    """
    compare = _ratio if method == "between_groups" else partial(_to_overall, _Quotient)
    return _gap(metric, id, title, compare, {"better": "higher", "range": (0.0, 1.0), **described}, method)


def largest(*comparisons: Comparison, id: str, title: str, smallest: bool = False, **described: Any) -> Comparison:
    """The worst of several comparisons across cohorts: the largest (or ``smallest``) of their values.

    Where one of them has no value, the worst of the others is not the worst of all: the whole is undefined. The one
    exception is a ratio of rates that are 0 in every group; no gap is seen there, but the lower end goes down to 0.

    Parameters
    ----------
    *comparisons : Comparison
        Made by :func:`difference`, :func:`ratio` or by hand, all of one unit and direction.
    id, title, **described
        As for :func:`difference`.
    smallest : bool
        Take the smallest: for ratios.
    """

    def finish(groups: Mapping[str, Groups], overall: Mapping[str, Value] | None = None) -> Value:
        made = [c.finish(groups, overall) if c.overall else c.finish(groups) for c in comparisons]
        missing = [f"{c.title}: {v.reason}" for c, v in zip(comparisons, made, strict=True) if v.value is None]
        known = [v for v in made if v.value is not None]
        if not known or any(v.value is None and not v.groups for v in made):
            return Value(None, max(v.n for v in made), reason="; ".join(missing))
        pick = min if smallest else max
        worst = pick(known, key=lambda v: v.value or 0.0)
        ends = [[e for e in (getattr(v, end) for v in known) if e is not None] for end in ("low", "high")]
        low, high = (pick(e) if e else None for e in ends)
        notes = dict.fromkeys([*missing, *(v.reason for v in known if v.reason)])
        return Value(
            worst.value,
            worst.n,
            0.0 if missing else low,
            high,
            reason="; ".join(notes) or None,
            groups=worst.groups,
        )

    first = comparisons[0]
    of = tuple({m.id: m for c in comparisons for m in c.of}.values())
    fields = {"better": first.better, "range": first.range, "tasks": first.tasks, "unit": first.unit, **described}
    fields = {"definition": title, "interval": "simultaneous", "overall": any(c.overall for c in comparisons), **fields}
    return Comparison(id=id, title=title, reduce=(), finish=finish, of=of, across="cohorts", **fields)


def change(metric: Metric, *, id: str, title: str, **described: Any) -> Comparison:
    """A metric now minus the same metric on the reference.

    The two samples are independent, so the interval comes from both sides' own intervals (Newcombe's hybrid).

    Parameters
    ----------
    metric, id, title, **described
        As for :func:`difference`.

    Examples
    --------
    >>> from dte_panel import Counts
    >>> from dte_panel.states import Table
    >>> rate = Metric("rate", "Rate", "", Counts("prediction"), lambda t: t.share(prediction=1), interval="Wilson")
    >>> now, before = (Table(("prediction",), {(1,): ones, (0,): 100 - ones}) for ones in (30, 10))
    >>> value = change(rate, id="rate_change", title="Change").finish(now, before)
    >>> [round(x, 4) for x in (value.value, value.low, value.high)]
    [0.2, 0.09, 0.3058]
    """
    parts, second = len(metric.reductions), metric.second
    if isinstance(second, SecondOpinion):
        second = replace(second, compute=partial(_change_by_library, second))

    def finish(*states: Any) -> Value:
        now, before = metric.finish(*states[:parts]), metric.finish(*states[parts:])
        for value, name in ((now, "current"), (before, "reference")):
            if value.value is None:
                return Value(None, value.n, reason=f"{name}: {value.reason}")
        low, high = None, None
        sides = _side(metric, now, Z95), _side(metric, before, Z95)
        if sides[0] and sides[1]:
            low, high = difference_interval(sides[0], sides[1])
        return Value((now.value or 0.0) - (before.value or 0.0), now.n, low, high, detail={"reference": before.value})

    fields = {
        "definition": f"{metric.title}: current minus reference.",
        "better": metric.better,
        "tasks": metric.tasks,
        "unit": metric.unit,
        "windows": metric.windows,
        "cohorts": metric.cohorts,
        "second": second,
        **described,
    }
    return Comparison(
        id=id, title=title, reduce=metric.reductions, finish=finish, across="reference", interval="Newcombe", **fields
    )


def _change_by_library(second: SecondOpinion, *states: Any) -> float | None:
    """The library's number of the current states less that of the reference's."""
    now, before = (second.compute(*side) for side in (states[: len(states) // 2], states[len(states) // 2 :]))
    return None if now is None or before is None else now - before


def _gap(
    metric: Metric, id: str, title: str, compare: Callable[..., Value], described: dict[str, Any], method: Method
) -> Comparison:
    overall = method == "to_overall"

    def finish(groups: Mapping[str, Groups], *every: Mapping[str, Value]) -> Value:
        return compare(metric, groups[metric.id], *(values[metric.id] for values in every))

    described.setdefault("definition", title)
    return Comparison(
        id=id,
        title=title,
        reduce=(),
        finish=finish,
        across="cohorts",
        of=(metric,),
        overall=overall,
        **{"tasks": metric.tasks, "unit": metric.unit, "interval": "simultaneous", **described},
    )


def _defined(groups: Groups) -> tuple[list[tuple[Cohort, Value, float]], Value | None, str | None]:
    """The groups with a value; why there is no gap; which groups were left out."""
    known = [(cohort, value, value.value) for cohort, value in groups if value.value is not None]
    if len(known) < 2:
        return known, Value(None, sum(v.n for _, v in groups), reason=_too_few(len(groups), len(known))), None
    left = (cohort for cohort, value in groups if value.value is None)
    out = [", ".join("missing" if v is None else v for v in cohort.values()) for cohort in left]
    return known, None, f"undefined and left out: {'; '.join(out)}" if out else None


def _too_few(groups: int, defined: int) -> str:
    return f"{groups} group{'s' * (groups != 1)}, {defined} with a value; a gap needs two"


def _difference(metric: Metric, groups: Groups) -> Value:
    known, undefined, note = _defined(groups)
    if undefined:
        return undefined
    lowest, highest = (pick(known, key=lambda g: g[2]) for pick in (min, max))
    low, high = _widest(metric, known, widest_difference)
    return Value(
        highest[2] - lowest[2], sum(g[1].n for g in known), low, high, reason=note, groups=(lowest[0], highest[0])
    )


def _ratio(metric: Metric, groups: Groups) -> Value:
    known, undefined, note = _defined(groups)
    if undefined:
        return undefined
    lowest, highest = (pick(known, key=lambda g: g[2]) for pick in (min, max))
    n = sum(g[1].n for g in known)
    if highest[2] <= 0:
        return Value(None, n, reason="the rate is 0 in every group", groups=(lowest[0], highest[0]))
    low, high = _widest(metric, known, narrowest_ratio)
    return Value(lowest[2] / highest[2], n, low, high, reason=note, groups=(lowest[0], highest[0]))


class _Distance:
    """How far a group is from all rows, ``|group - all|``: 0 is no gap."""

    certain = 0.0

    @staticmethod
    def worst(values: Sequence[float]) -> float:
        return max(values)

    @staticmethod
    def value(group: float, every: float) -> float:
        return abs(group - every)

    @staticmethod
    def interval(group: Side, rest: Side, weight: float) -> tuple[float, float]:
        # group - all = (1 - weight) (group - rest)
        low, high = ((1 - weight) * end for end in difference_interval(group, rest))
        return max(0.0, low, -high), max(high, -low)


class _Quotient:
    """The smaller of ``group / all`` and ``all / group``: 1 is no gap."""

    certain = 1.0

    @staticmethod
    def worst(values: Sequence[float]) -> float:
        return min(values)

    @staticmethod
    def value(group: float, every: float) -> float:
        return min(group / every, every / group) if group else 0.0

    @staticmethod
    def interval(group: Side, rest: Side, weight: float) -> tuple[float, float]:
        if group[0] <= rest[0]:
            ends = ratio_interval(group, rest)
        else:
            bottom, top = ratio_interval(rest, group)
            ends = (1 / top if top > 0 else math.inf, 1 / bottom if bottom > 0 else math.inf)
        # all = weight * group + (1 - weight) * rest
        parts = [weight + (1 - weight) / q if q > 0 else math.inf for q in ends]
        low, high = (1 / part if part > 0 else math.inf for part in parts)
        inner = [min(x, 1 / x) if x > 0 else 0.0 for x in (low, high)]
        return min(inner), 1.0 if low <= 1 <= high else max(inner)


def _to_overall(kind: type[_Distance | _Quotient], metric: Metric, groups: Groups, every: Value) -> Value:
    known, undefined, note = _defined(groups)
    if undefined:
        return undefined
    if every.value is None:
        return Value(None, every.n, reason=f"all rows: {every.reason}")
    overall, n = every.value, sum(g[1].n for g in known)
    if kind is _Quotient and overall <= 0:
        return Value(None, n, reason="the rate is 0 in every group")
    away = [kind.value(value, overall) for _, _, value in known]
    at = away.index(kind.worst(away))
    ends = [_against_rest(kind, metric, value, every, _sidak_z(len(known))) for _, value, _ in known]
    lows, highs = ([e[i] for e in ends if e] if all(ends) else [] for i in (0, 1))
    low, high = (kind.worst(found) if found else None for found in (lows, highs))
    pair = sorted([(known[at][2], known[at][0]), (overall, {})], key=lambda side: side[0])
    return Value(away[at], n, low, high, reason=note, groups=tuple(cohort for _, cohort in pair))


def _against_rest(
    kind: type[_Distance | _Quotient], metric: Metric, group: Value, every: Value, z: float
) -> tuple[float, float] | None:
    """The interval of a group's distance to all rows, as far as possible from rows that do not overlap."""
    if metric.interval != "Wilson":
        # Taken as independent although they share rows: that makes the interval wider, not shorter.
        one, other = _side(metric, group, z), _side(metric, every, z)
        return kind.interval(one, other, 0.0) if one and other else None
    rest = every.n - group.n
    if rest <= 0:
        return kind.certain, kind.certain
    hits = min(max((every.value or 0.0) * every.n - (group.value or 0.0) * group.n, 0.0), rest)
    side = _side(metric, group, z)
    return kind.interval(side, (hits / rest, *wilson(hits, rest, z)), group.n / every.n) if side else None


@cache
def _sidak_z(comparisons: int) -> float:
    """Quantile for several comparisons at once (Šidák 1967)."""
    return NormalDist().inv_cdf((1 + 0.95 ** (1 / comparisons)) / 2)


def _widest(
    metric: Metric, known: list[tuple[Cohort, Value, float]], over: Callable[[Sequence[Side]], Ends]
) -> Ends | tuple[None, None]:
    """The ends over all pairs at once; none if a group lacks an interval: it may be the extreme."""
    z = simultaneous_z(len(known))
    sides = [_side(metric, value, z) for _, value, _ in known]
    complete = [side for side in sides if side]
    return over(complete) if len(complete) == len(sides) else (None, None)


def _side(metric: Metric, value: Value, z: float) -> Side | None:
    """A value with its interval at another quantile than 95 %."""
    if value.value is None or value.low is None or value.high is None:
        return None
    if metric.interval == "Wilson":
        low, high = wilson(value.value * value.n, value.n, z)
        return value.value, low, high
    scale = z / Z95
    low, high = (value.value + (end - value.value) * scale for end in (value.low, value.high))
    smallest, greatest = metric.range
    return (
        value.value,
        low if smallest is None else max(low, smallest),
        high if greatest is None else min(high, greatest),
    )


def finite_or_none(number: float | None) -> float | None:
    """JSON has no infinity: an end that the data cannot bound is ``None``."""
    return number if number is not None and math.isfinite(number) else None
