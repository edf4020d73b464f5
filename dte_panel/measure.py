"""From states to measurements: call ``finish`` where it can be called, and say why where it cannot."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from dte_panel.engine import plan
from dte_panel.engine.duckdb import Cells, Place
from dte_panel.engine.layout import Layout
from dte_panel.engine.plan import Request
from dte_panel.errors import describe
from dte_panel.evidence import canonical
from dte_panel.inquiry import Finding
from dte_panel.model import (
    CURRENT,
    REFERENCE,
    Cohort,
    Comparison,
    Measurement,
    Metric,
    Status,
    Value,
    cohort_key,
)
from dte_panel.operators import finite_or_none
from dte_panel.reductions import Crossed, Facts
from dte_panel.second import Opinions
from dte_panel.states import Documented, State
from dte_panel.stats import benjamini_hochberg

States = Mapping[tuple[Any, str | None], Cells | str]
#: Where it is measured, across which groups, the value, and what a second opinion of it is made from, if it can be.
Made = tuple[Place, str | None, Value | Exception, Sequence[Any] | None]
#: By window and grouping columns: each group, its value, and what a second opinion of that is made from.
Grouped = dict[tuple[str, tuple[str, ...]], list[tuple[Cohort, Value | Exception, Sequence[State] | None]]]


class Measurer:
    """Measures metrics on the states of one column, or of all rows.

    Parameters
    ----------
    layout : Layout
    states : mapping
        Request key to states by place, or to the reason why there are none.
    has_reference : bool
    facts : Documented
    opinions : Opinions, optional
        Hold each number against the library that defines it.
    """

    def __init__(
        self,
        layout: Layout,
        states: States,
        *,
        has_reference: bool,
        facts: Documented,
        opinions: Opinions | None = None,
    ) -> None:
        self.layout, self.states, self.has_reference = layout, states, has_reference
        self.facts, self.opinions = facts, opinions
        self._made: dict[tuple[int, Place], Value | Exception] = {}
        self._groups: dict[int, Grouped] = {}
        self._ranks = {c: {v: i for i, v in enumerate(values)} for c, values in layout.groups.items()}

    def measure(self, provider: str, metric: Metric, column: str | None) -> Iterator[Measurement]:
        """All measurements of a metric for one column."""
        if self.layout.task not in metric.tasks:
            return
        why = self._impossible(metric, column)
        if why is not None:
            # A comparison that lacks its reference says so once, not once a column.
            yield _measurement(provider, metric, (CURRENT, ()), column, Value(None, reason=why))
            return
        nothing = True
        young = self.layout.immature if plan.reads_labels(metric) else {}
        for place, across, value, states in self._values(metric, column):
            nothing = False
            made = _measurement(provider, metric, place, column, _noted(value, young.get(place[0])), across)
            yield self.opinions.hear(metric, made, states) if self.opinions else made
        if nothing and (column is None or any(isinstance(r, Crossed) for r in metric.reductions)):
            lacking = Value(None, reason="the data lacks a column that it reads")
            yield _measurement(provider, metric, (CURRENT, ()), column, lacking)

    def _impossible(self, metric: Metric, column: str | None) -> str | None:
        role = plan.missing_role(metric, self.layout)
        if role:
            return f"no {role} role is set: add roles.{role}"
        if isinstance(metric, Comparison):
            if metric.across == "reference" and not (self.has_reference or metric.alone):
                return "there is no reference: add data.reference"
            if metric.across == "cohorts" and len(self.layout.groupings) < 2:
                return "no sensitive role is set: add roles.sensitive"
            if metric.crossed and all(len(grouping) < 2 for grouping in self.layout.groupings):
                return "no groups are crossed: add cohorts"
        return plan.unfit(metric, column, self.layout)

    def _values(self, metric: Metric, column: str | None) -> Iterator[Made]:
        if isinstance(metric, Comparison) and metric.across == "cohorts":
            yield from self._across_cohorts(metric, column)
            return
        cells = self._cells(metric, column)
        if isinstance(cells, str):
            yield (CURRENT, ()), None, RuntimeError(cells), ()
            return
        against = isinstance(metric, Comparison)
        alone = isinstance(metric, Comparison) and metric.alone
        for place in self._places(metric, cells):
            window, cohort = place
            if against and window == REFERENCE:
                continue
            states = [c[place] for c in cells]
            told = self._told(metric, column, place, states)
            if against:
                earlier: Place = (REFERENCE, cohort)
                before = [c.get(earlier) for c in cells]
                if any(state is None for state in before) and alone:
                    before = []
                elif any(state is None for state in before):
                    yield place, None, Value(None, reason="the reference has no such rows"), ()
                    continue
                known = [state for state in before if state is not None]
                told_before = self._told(metric, column, earlier, known) if known else ()
                told = None if told is None or told_before is None else [*told, *told_before]
                states += known
            yield place, None, self._at(metric, place, states), told

    def _across_cohorts(self, metric: Comparison, column: str | None) -> Iterator[Made]:
        made: dict[str, Grouped] = {}
        for part in metric.of:
            grouped = self._grouped(part, column)
            if isinstance(grouped, str):
                yield (CURRENT, ()), None, RuntimeError(grouped), ()
                return
            made[part.id] = grouped
        for window in sorted({window for grouped in made.values() for window, _ in grouped}):
            if window not in (REFERENCE, CURRENT) and not metric.windows:
                continue
            for grouping in self.layout.groupings[1:]:
                if metric.crossed and len(grouping) < 2:
                    continue
                key = (window, tuple(sorted(grouping)))
                found = {name: grouped.get(key, ()) for name, grouped in made.items()}
                if any(found.values()):
                    groups = {name: [(cohort, value) for cohort, value, _ in cells] for name, cells in found.items()}
                    states = {name: [(cohort, states) for cohort, _, states in cells] for name, cells in found.items()}
                    every = {n: grouped[window, ()][0][1] for n, grouped in made.items()} if metric.overall else None
                    lacking = any(told is None for parts in states.values() for _, told in parts)
                    told = None if lacking else (states,)
                    yield (window, ()), " × ".join(grouping), _compare(metric, groups, every), told

    def _grouped(self, metric: Metric, column: str | None) -> Grouped | str:
        """A compared metric's values by window and grouping columns, made once; or why there are none."""
        if id(metric) not in self._groups:
            cells = self._cells(metric, column)
            if isinstance(cells, str):
                return cells
            found: Grouped = {}
            for place in sorted(_common(cells), key=self._order):
                window, cohort = place
                states = [c[place] for c in cells]
                at = found.setdefault((window, tuple(c for c, _ in cohort)), [])
                at.append((dict(cohort), self._at(metric, place, states), self._told(metric, column, place, states)))
            self._groups[id(metric)] = found
        return self._groups[id(metric)]

    def _order(self, place: Place) -> list[tuple[bool, int, str]]:
        """Groups stand in the order of the layout: bands as they ascend, NULL last."""
        ranks = ((value, self._ranks.get(column, {})) for column, value in place[1])
        return [(value is None, rank.get(value, 0), value or "") for value, rank in ranks]

    def _at(self, metric: Metric, place: Place, states: Sequence[State]) -> Value | Exception:
        """A metric's value at a place: made once, however many comparisons ask for it."""
        key = (id(metric), place)
        if key not in self._made:
            self._made[key] = _finish(metric, states)
        return self._made[key]

    def _told(
        self, metric: Metric, column: str | None, place: Place, states: Sequence[State]
    ) -> Sequence[State] | None:
        """What a second opinion is made from; ``None`` where what it needs besides is not there."""
        if self.opinions is None:
            return states
        cells = [self.states.get(Request(r, column).key, {}) for r in metric.besides]
        more = [None if isinstance(c, str) else c.get(place) for c in cells]
        known = [state for state in more if state is not None]
        return [*states, *known] if len(known) == len(more) else None

    def _cells(self, metric: Metric, column: str | None) -> list[Cells] | str:
        """The states of each reduction by place, or why there are none."""
        kept = {r: self.states.get(Request(r, column).key, {}) for r in metric.reductions if not isinstance(r, Facts)}
        for cells in kept.values():
            if isinstance(cells, str):
                return cells
        # What the spec says of itself holds wherever the other states are.
        places = next(iter(kept.values()), {(CURRENT, ()): None})
        told = self.facts if column is None else Documented({**self.facts.facts, "column": column})
        facts: Cells = dict.fromkeys(cast("Iterable[Place]", places), told)
        return [facts if isinstance(r, Facts) else cast(Cells, kept[r]) for r in metric.reductions]

    def _places(self, metric: Metric, cells: Sequence[Cells]) -> list[Place]:
        return [
            (window, cohort)
            for window, cohort in _common(cells)
            if (metric.windows or window in (REFERENCE, CURRENT)) and (metric.cohorts or not cohort)
        ]


def adjusted(measurements: Sequence[Measurement], tests: Collection[str]) -> list[Measurement]:
    """The measurements, those of the metrics in ``tests`` (p-values) adjusted as one family, by Benjamini-Hochberg.

    The family is all p-values of an assessment, whatever provider, column, window or cohort they are of.
    """
    at = [i for i, m in enumerate(measurements) if m.metric in tests and m.value is not None]
    made = list(measurements)
    for i, value in zip(at, benjamini_hochberg([float(made[i].value or 0.0) for i in at]), strict=True):
        made[i] = replace(made[i], adjusted=value)
    return made


def _common(cells: Sequence[Cells]) -> list[Place]:
    first, *rest = cells
    return [place for place in first if all(place in other for other in rest)]


def _compare(
    metric: Comparison,
    groups: Mapping[str, Sequence[tuple[Cohort, Value | Exception]]],
    overall: Mapping[str, Value | Exception] | None,
) -> Value | Exception:
    every = [value for values in groups.values() for _, value in values]
    for value in [*every, *(overall or {}).values()]:
        if isinstance(value, Exception):
            return value
    return _finish(metric, [groups] if overall is None else [groups, overall])


def _finish(metric: Metric, states: Iterable[State | Any]) -> Value | Exception:
    try:
        return _checked(metric.finish(*states), "finish")
    except Exception as error:  # noqa: BLE001 - a provider's mistake is its own number's error
        return error


def _checked(value: Any, giver: str) -> Value:
    if not isinstance(value, Value):
        raise TypeError(f"{giver} gave a {type(value).__name__}, not a Value")
    if value.value is not None and not math.isfinite(value.value):
        raise ValueError(f"{giver} gave {value.value}, which is not a number to rely on")
    return value


def _noted(value: Value | Exception, note: str | None) -> Value | Exception:
    if note is None or isinstance(value, Exception):
        return value
    return replace(value, reason=f"{value.reason}; {note}" if value.reason else note)


def measured(provider: str, finding: Finding) -> Measurement:
    """The measurement that a finding of another tool makes; one that cannot be relied on is an error."""
    value = finding.value
    try:
        value = value if isinstance(value, Exception) else _checked(value, "dte_evidence")
    except Exception as error:  # noqa: BLE001 - as in _finish
        value = error
    return _measurement(provider, finding.metric, (finding.window, cohort_key(finding.cohort)), finding.column, value)


def _measurement(
    provider: str,
    metric: Metric,
    place: Place,
    column: str | None,
    value: Value | Exception,
    across: str | None = None,
) -> Measurement:
    window, cohort = place
    about = (f"{provider}.{metric.id}", metric.version, provider, window, dict(cohort), column)
    try:
        if isinstance(value, Exception):
            raise value
        return Measurement(*about, *_plain(value), across, tuple(dict(g) for g in value.groups), _json(value.detail))
    except Exception as error:  # noqa: BLE001 - as in _finish
        reason = str(error) if isinstance(error, RuntimeError) else describe(error)
        return Measurement(*about, None, None, None, 0, "error", reason, across)


def _plain(value: Value) -> tuple[float | None, float | None, float | None, int, Status, str | None]:
    """Value, low, high, n, status and reason in plain types; the interval holds the value."""
    if not isinstance(value.reason, str | None):
        raise TypeError(f"finish gave a reason that is a {type(value.reason).__name__}, not text")
    if value.value is None:
        return None, None, None, int(value.n), "not_evaluated", value.reason or "it is not defined here"
    number, (low, high) = float(value.value), map(finite_or_none, (value.low, value.high))
    low, high = None if low is None else min(float(low), number), None if high is None else max(float(high), number)
    return number, low, high, int(value.n), "ok", value.reason


def _json(detail: Mapping[str, Any]) -> dict[str, Any]:
    """The detail, which is refused here where evidence could not hold it."""
    canonical(found := dict(detail))
    return found
