"""All measurements of an evidence to search, filter and sort; made once and shared by all sessions. No Panel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from dte_panel.model import Measurement
from dte_panel.shell import words as w
from dte_panel.shell.library import Subject
from dte_panel.shell.tables import MEASURED, column, measured_row

MORE = [
    column("id", "Id"),
    column("version", "Version", "number"),
    column("provider", "Provider"),
    column("low", "Low", "number"),
    column("high", "High", "number"),
    column("adjusted", "Adjusted p", "number"),
    column("status", "Status"),
]
COLUMNS = {str(c["key"]): c for c in [*MEASURED, *MORE]}
_NUMBERS: dict[str, Callable[[Measurement], float | None]] = {
    "value": lambda m: m.value,
    "n": lambda m: m.n,
    "interval": lambda m: m.low,
    "low": lambda m: m.low,
    "high": lambda m: m.high,
    "adjusted": lambda m: m.adjusted,
    "version": lambda m: m.version,
}


class Catalogue:
    """The measurements of a subject. Cells are made when they are shown: a page at a time, not all of them."""

    def __init__(self, subject: Subject) -> None:
        self._metrics, self._index = subject.evidence.metrics, subject.index
        self.measurements: Sequence[Measurement] = subject.evidence.measurements

    @cached_property
    def _titles(self) -> dict[str, str]:
        return {metric: w.title_of(metric, self._metrics) for metric in {m.metric for m in self.measurements}}

    @cached_property
    def _texts(self) -> list[str]:
        """What a search looks at."""
        return [" ".join(filter(None, self._told(m))).casefold() for m in self.measurements]

    def _told(self, m: Measurement) -> tuple[str | None, ...]:
        axis = str(self._metrics.get(m.metric, {}).get("group") or "")
        return m.metric, self._titles[m.metric], axis, m.column, _group(m), m.window, m.reason

    def find(self, search: str = "", provider: str = "", result: str = "", window: str = "") -> list[int]:
        """Places of the measurements that fit; every word of the search must stand in them."""
        every = self.measurements
        found: Any = range(len(every))
        if provider:
            found = [i for i in found if every[i].provider == provider]
        if window:
            found = [i for i in found if every[i].window == window]
        if result:
            found = [i for i in found if (self._index.word(every[i]) or _unmeasured(every[i]) or "none") == result]
        for word in search.casefold().split():
            found = [i for i in found if word in self._texts[i]]
        return list(found)

    def sort(self, found: list[int], order: str) -> None:
        """Sort in place by a column's key; with a minus it descends. What has no number comes last."""
        key, down = order.removeprefix("-"), order.startswith("-")
        if key not in _NUMBERS:
            found.sort(key=lambda i: self._sortable(self.measurements[i], key), reverse=down)
            return
        number, sign = _NUMBERS[key], -1.0 if down else 1.0

        def place(i: int) -> tuple[bool, float]:
            value = number(self.measurements[i])
            return value is None, sign * (value or 0)

        found.sort(key=place)

    def _sortable(self, m: Measurement, key: str) -> str:
        text = {
            "metric": self._titles[m.metric],
            "column": m.column,
            "group": _group(m),
            "window": m.window,
            "verdict": self._index.word(m),
            "reason": m.reason,
            "id": m.metric,
        }
        return str(text.get(key, getattr(m, key, "")) or "").casefold()

    def cells(self, place: int) -> dict[str, Any]:
        """A measurement as text, by the key of the column."""
        m = self.measurements[place]
        unit = str(self._metrics.get(m.metric, {}).get("unit", ""))
        shown = measured_row(m, self._titles[m.metric], unit, self._index.word(m))
        more = [m.metric, str(m.version), w.provider_title(m.provider)]
        more += [w.number(x, unit) for x in (m.low, m.high, m.adjusted)]
        return dict(zip(COLUMNS, [*shown, *more, m.status.replace("_", " ")], strict=True))


def _group(m: Measurement) -> str:
    return f"across {m.across} {' '.join(map(w.cohort_label, m.groups))}" if m.across else w.cohort_label(m.cohort)


def _unmeasured(m: Measurement) -> str:
    return "" if m.status == "ok" else m.status
