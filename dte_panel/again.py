"""Measured again from every row: numbers from fine bins whose interval holds a check's bound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from dte_panel.checks import Check
from dte_panel.engine.duckdb import Cells, EngineError, Place
from dte_panel.engine.plan import Request
from dte_panel.engine.states import Engine, States
from dte_panel.measure import Measurer
from dte_panel.model import REFERENCE, Comparison, Measurement, Metric, cohort_key
from dte_panel.policy import limit_within
from dte_panel.reductions import Scores, ValuesOf
from dte_panel.states import State


class Again:
    """Settles what fine bins leave in doubt.

    Parameters
    ----------
    engine : Engine
    checks : sequence of Check
        Those that will be judged.
    measurer : callable
        Makes a :class:`~dte_panel.measure.Measurer` of states.
    """

    def __init__(self, engine: Engine, checks: Sequence[Check], measurer: Callable[[States], Measurer]) -> None:
        self.engine, self.checks, self.measurer = engine, checks, measurer
        self._exact: dict[tuple[Any, Place], State] = {}

    def settled(
        self, made: Iterable[Measurement], metrics: Iterable[Metric], column: str | None, states: States
    ) -> list[Measurement]:
        """The measurements of one provider, those in doubt measured again one by one."""
        found, known = list(made), {m.id: m for m in metrics}
        binned = {key: cells for key, cells in states.items() if not isinstance(cells, str) and _binned(key, cells)}
        for i, measured in enumerate(found) if binned else ():
            limit, metric = limit_within(self.checks, measured), known.get(measured.metric.partition(".")[2])
            if limit is None or metric is None:
                continue
            places = _places(metric, measured, states)
            parts = metric.of if isinstance(metric, Comparison) and metric.of else (metric,)
            keys = {Request(r, column).key for part in parts for r in part.reductions} & binned.keys()
            if any(not _exact(binned[key].get(place)) for key in keys for place in places):
                found[i] = self._measured(measured, metric, column, states, (keys, places), limit)
        self._exact = {}
        return found

    def _measured(
        self,
        old: Measurement,
        metric: Metric,
        column: str | None,
        states: States,
        what: tuple[Iterable[Any], Iterable[Place]],
        limit: float,
    ) -> Measurement:
        keys, places = what
        try:
            narrowed = self._narrowed(states, set(keys), list(places), column)
        except EngineError as error:
            return _noted(old, f"could not be measured again from every row ({error})")
        for new in self.measurer(narrowed).measure(old.provider, metric, column):
            if (new.window, new.cohort, new.across) == (old.window, old.cohort, old.across):
                return _noted(
                    new, f"measured again from every row, as bins left the bound {limit:g} within the interval"
                )
        return old

    def _narrowed(self, states: States, keys: set[Any], places: list[Place], column: str | None) -> States:
        """The states at some places alone, exact where they were in bins."""
        narrowed: States = {}
        wanted = {request.key: request for request in self.engine.requests.get(column, ())}
        # What the last number needed is let go of before more is read, but for what this one needs too.
        self._exact = {at: s for at, s in self._exact.items() if at[0] in keys and at[1] in places}
        for key, cells in states.items():
            if isinstance(cells, str):
                narrowed[key] = cells
                continue
            here: Cells = {place: cells[place] for place in places if place in cells}
            for place in here if key in keys else ():
                if not _exact(here[place]):
                    if (key, place) not in self._exact:
                        self._exact[key, place] = self.engine.exactly(wanted[key], place)
                    here[place] = self._exact[key, place]
            narrowed[key] = here
        return narrowed


def _binned(key: Any, cells: Cells) -> bool:
    return isinstance(key[0], Scores | ValuesOf) and not all(map(_exact, cells.values()))


def _exact(state: Any) -> bool:
    return bool(getattr(state, "exact", True))


def _places(metric: Metric, measured: Measurement, states: States) -> list[Place]:
    """Where the states of a number lie: the groups of a gap and all rows, and those of the reference."""
    place = (measured.window, cohort_key(measured.cohort))
    if not isinstance(metric, Comparison):
        return [place]
    if metric.across == "reference":
        return [place, (REFERENCE, place[1])]
    columns = sorted((measured.across or "").split(" × "))
    every = {p for cells in states.values() if not isinstance(cells, str) for p in cells if p[0] == measured.window}
    return sorted((p for p in every if not p[1] or [c for c, _ in p[1]] == columns), key=str)


def _noted(measured: Measurement, note: str) -> Measurement:
    return replace(measured, reason="; ".join(filter(None, [measured.reason, note])))
