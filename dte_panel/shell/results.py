"""What a view gets: the measurements of its provider, for the user's selection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from dte_panel.model import CURRENT, REFERENCE, SEVERITY, Cohort, Measurement, Verdict, cohort_key
from dte_panel.shell.words import cohort_text, grouping_text, title_of

if TYPE_CHECKING:
    import pandas as pd

    from dte_panel.evidence import Evidence, StateRecord

#: "The user's selection" and "whatever there is", where ``None`` already means something.
SELECTED: Final[Any] = object()
ANY: Final[Any] = object()
_COLUMNS = ["metric", "title", "window", "start", "cohort", "grouping", "column", "value", "low", "high", "n"]
_COLUMNS += ["status", "reason", "verdict", "across", "adjusted"]


class Index:
    """The numbers of one evidence by provider and metric; read-only, so that all sessions share it."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.measurements: dict[str, list[Measurement]] = defaultdict(list)
        self.verdicts: dict[str, list[Verdict]] = defaultdict(list)
        self._words: dict[tuple[Any, ...], str] = {}
        for measurement in evidence.measurements:
            self.measurements[measurement.metric].append(measurement)
        for verdict in evidence.verdicts:
            self.verdicts[verdict.provider].append(verdict)
            key = _place(verdict)
            worst = [self._words.get(key, verdict.verdict), verdict.verdict]
            self._words[key] = max(worst, key=list[str](SEVERITY).index)
        self.states: dict[str, list[StateRecord]] = defaultdict(list)
        for record in evidence.states:
            self.states[record.kind].append(record)

    def word(self, measurement: Measurement) -> str:
        """The worst verdict on a measurement, or nothing where no check asks."""
        return self._words.get(_place(measurement), "")


class Results:
    """One provider's numbers of one assessment.

    Attributes
    ----------
    window : str
        The selected window: ``"current"``, or the start of a window.
    cohort : Cohort
        The selected cohort; ``{}`` is all rows.
    windows : list of str
        Starts of the windows in order, without ``reference`` and ``current``.
    dark : bool
        Whether the ground is dark.
    tokens : mapping
        Design tokens: token name to CSS colour.
    """

    def __init__(
        self,
        index: Index,
        provider: str,
        *,
        window: str = CURRENT,
        cohort: Cohort = MappingProxyType({}),
        dark: bool = False,
        tokens: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._index, self.provider = index, provider
        self.window, self.cohort, self.dark, self.tokens = window, dict(cohort), dark, tokens

    @property
    def windows(self) -> list[str]:
        """Starts of the windows in order."""
        return [w for w in self._index.evidence.windows if w not in {CURRENT, REFERENCE}]

    @property
    def roles(self) -> Mapping[str, Any]:
        """What the columns mean: role to column, or to a list of columns."""
        found: Mapping[str, Any] = self._index.evidence.spec.get("roles", {})
        return found

    @property
    def use_case(self) -> Mapping[str, Any]:
        """What the spec says of the use: ``name``, ``risk``, ``value`` and, where they are set, ``costs``."""
        return self._index.evidence.use_case

    @property
    def tested(self) -> int:
        """Number of p-values of the whole assessment that are adjusted together."""
        return sum(m.adjusted is not None for m in self._index.evidence.measurements)

    @property
    def metrics(self) -> list[str]:
        """Ids of this provider's metrics, without its name."""
        known = dict.fromkeys([*self._index.evidence.metrics, *self._index.measurements])
        return [i.partition(".")[2] for i in known if i.partition(".")[0] == self.provider]

    def measurements(
        self, *ids: str, window: str | None = SELECTED, cohort: Cohort | None = ANY, column: str | None = ANY
    ) -> list[Measurement]:
        """The measurements of these metrics (all of the provider's, where none is named).

        ``window=None`` means every window with ``reference`` and ``current``; ``cohort={}`` only all rows.
        """
        rows = (m for i in ids or self.metrics for m in self._index.measurements.get(f"{self.provider}.{i}", ()))
        return self._chosen(rows, window, cohort, column)

    def frame(self, *ids: str, **selection: Any) -> pd.DataFrame:
        """The same as a tidy table; see :meth:`measurements` for the keywords."""
        import pandas as pd

        rows = [self._row(m) for m in self.measurements(*ids, **selection)]
        table = pd.DataFrame(rows, columns=_COLUMNS)
        known = table["window"].where(~table["window"].isin([CURRENT, REFERENCE]))
        table["start"] = pd.to_datetime(known, errors="coerce", format="ISO8601")
        for name in ("value", "low", "high", "adjusted"):
            table[name] = table[name].astype("float64")
        return table

    def verdicts(self, *ids: str) -> list[Verdict]:
        """The provider's verdicts, worst first; only on these metrics where some are named."""
        wanted = {f"{self.provider}.{i}" for i in ids}
        return [v for v in self._index.verdicts.get(self.provider, ()) if not wanted or v.metric in wanted]

    def verdict_of(self, measurement: Measurement) -> str:
        """The worst verdict on a measurement, or ``""`` where no check asks."""
        return self._index.word(measurement)

    def states(
        self,
        kind: str,
        *,
        window: str | None = SELECTED,
        cohort: Cohort | None = MappingProxyType({}),
        column: str | None = ANY,
    ) -> list[StateRecord]:
        """The kept states of a kind (``Counts``, ``Histogram`` …); all rows of the selected window by default."""
        return self._chosen(self._index.states.get(kind, ()), window, cohort, column)

    def definition(self, metric_id: str) -> Mapping[str, Any]:
        """Title, definition, formula, source, group, unit, better, range, interval and version of a metric."""
        found: Mapping[str, Any] = self._index.evidence.metrics.get(f"{self.provider}.{metric_id}", {})
        return {"title": title_of(f"{self.provider}.{metric_id}", {}), **found}

    def _chosen(self, rows: Iterable[Any], window: Any, cohort: Any, column: Any) -> list[Any]:
        window = self.window if window is SELECTED else window
        wanted = None if cohort is ANY or cohort is None else cohort_key(cohort)
        return [
            row
            for row in rows
            if (window is None or row.window == window)
            and (wanted is None or cohort_key(row.cohort) == wanted)
            and (column is ANY or row.column == column)
        ]

    def _row(self, m: Measurement) -> Sequence[Any]:
        ident = m.metric.partition(".")[2]
        place = (ident, self.definition(ident)["title"], m.window, None, cohort_text(m.cohort), grouping_text(m.cohort))
        numbers = (m.column, m.value, m.low, m.high, m.n, m.status, m.reason or "")
        return *place, *numbers, self.verdict_of(m), m.across or "", m.adjusted


def _place(item: Measurement | Verdict) -> tuple[Any, ...]:
    """Where a measurement stands; a verdict on it stands in the same place."""
    return item.metric, item.window, cohort_key(item.cohort), item.column, item.across
