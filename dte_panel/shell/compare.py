"""Two cohorts, windows or subjects side by side: what is compared with what, and the numbers that differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dte_panel.model import CURRENT, REFERENCE, Cohort, Measurement
from dte_panel.shell import words as w
from dte_panel.shell.library import Subject
from dte_panel.shell.tables import column

if TYPE_CHECKING:
    from dte_panel.shell.library import Library

#: More rows than this would push the charts off the screen.
SHOWN = 25
_COLUMNS = [
    column("metric", "Metric"),
    column("column", "Column"),
    column("across", "Across"),
    column("left", "This", "number"),
    column("right", "Other", "number"),
    column("difference", "Difference", "number"),
    column("apart", "Intervals"),
]


@dataclass(frozen=True)
class Side:
    """One of the two: a subject, one of its windows, one of its cohorts."""

    subject: Subject
    window: str
    cohort: Cohort

    def told(self, other: Side) -> str:
        """What tells this side from the other, in words."""
        parts = [self.subject.key] if self.subject is not other.subject else []
        window = {CURRENT: "All current rows", REFERENCE: "Reference"}.get(self.window, w.window_text(self.window))
        parts += [window] if self.window != other.window else []
        parts += [w.cohort_label(self.cohort)] if self.cohort != other.cohort else []
        return " · ".join(parts) or window


def options(library: Library, subject: Subject, window: str, cohort: str) -> dict[str, str]:
    """What a selection can be compared with: the text in the address to the text in the menu."""
    found = {"": "Nothing"}
    windows = {**({REFERENCE: "Reference"} if _has_reference(subject) else {}), **subject.windows}
    found.update({f"window:{key}": f"Window: {text}" for key, text in windows.items() if key != window})
    found.update({f"cohort:{key}": f"Cohort: {key or 'All rows'}" for key in subject.cohorts if key != cohort})
    found.update({f"subject:{key}": f"Subject: {key}" for key in library.subjects if key != subject.key})
    return found


def _has_reference(subject: Subject) -> bool:
    return any(s.get("name") == REFERENCE for s in subject.evidence.data)


def other(library: Library, here: Side, versus: str) -> Side:
    """The side that a text of :func:`options` stands for."""
    kind, _, value = versus.partition(":")
    if kind == "window":
        return Side(here.subject, value, here.cohort)
    if kind == "cohort":
        return Side(here.subject, here.window, here.subject.cohorts[value])
    there = library.subjects[value]
    window = here.window if here.window in there.windows else CURRENT
    cohort = here.cohort if w.cohort_label(here.cohort) in there.cohorts or not here.cohort else {}
    return Side(there, window, cohort)


def differences(left: Side, right: Side, provider: str) -> tuple[list[dict[str, Any]], list[list[Any]], str]:
    """Columns, rows and a note: every number that both have, those whose intervals lie apart first."""
    ours, theirs = _numbers(left, provider), _numbers(right, provider)
    both = [(ours[key], theirs[key]) for key in ours if key in theirs]
    same = [(a, b) for a, b in both if a.version == b.version]
    same.sort(key=_weight, reverse=True)
    metrics = left.subject.evidence.metrics
    rows = [_row(a, b, metrics) for a, b in same[:SHOWN]]
    apart = sum(_apart(a, b) for a, b in same)
    told = f"{w.plural(len(same), 'number')} on both sides; the intervals of {apart:,} lie apart."
    if len(same) > SHOWN:
        told += f" The {SHOWN} that differ most are shown."
    if len(both) > len(same):
        told += f" {w.plural(len(both) - len(same), 'number')} of different versions of a metric cannot be compared."
    names = {"left": left.told(right), "right": right.told(left)}
    return [{**c, "label": names.get(c["key"], c["label"])} for c in _COLUMNS], rows, told


def _numbers(side: Side, provider: str) -> dict[tuple[Any, ...], Measurement]:
    """The numbers of a side by metric, column and grouping."""
    wanted = dict(side.cohort)
    metrics: Iterable[str] = (m for m in side.subject.index.measurements if m.partition(".")[0] == provider)
    return {
        (m.metric, m.column, m.across): m
        for metric in metrics
        for m in side.subject.index.measurements[metric]
        if m.value is not None and m.window == side.window and dict(m.cohort) == wanted
    }


def _apart(a: Measurement, b: Measurement) -> bool:
    """Whether both have an interval and these do not touch."""
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return False
    return a.high < b.low or b.high < a.low


def _weight(pair: tuple[Measurement, Measurement]) -> tuple[bool, float]:
    a, b = pair
    size = max(abs(a.value or 0), abs(b.value or 0))
    return _apart(a, b), abs((b.value or 0) - (a.value or 0)) / size if size else 0.0


def _row(a: Measurement, b: Measurement, metrics: Mapping[str, Any]) -> list[Any]:
    unit = str(metrics.get(a.metric, {}).get("unit", ""))
    shown = [w.estimate(m.value, m.low, m.high, unit if unit == "p" else "") for m in (a, b)]
    known = a.low is not None and b.low is not None
    apart = ("apart" if _apart(a, b) else "overlap") if known else "–"
    difference = w.number((b.value or 0) - (a.value or 0))
    return [w.title_of(a.metric, metrics), a.column or "", a.across or "", *shown, difference, apart]
