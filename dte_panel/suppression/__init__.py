"""What may leave the machine: cells of few rows are hidden, and with them every number that would give them away.

1. A place (a cohort in a window) with 1 to ``k`` − 1 rows is hidden, and so are as many others that no subtraction
   shows it: see :mod:`dte_panel.suppression.places`.
2. Columns that are counted together (label, prediction and score; the sensitive columns) are one subject, each other
   column is one of its own. In a place where a subject has a small cell (a category, a bin, missing values, false
   negatives …) all its states are hidden, and again others against subtraction.
3. A number is shown only where every state it is made from is shown, so that it tells nothing that the states do not.
4. What is made from values that no state holds (samples, exact order) is held to its own counts.
5. Smallest and largest values, exact scores, and what a failing provider said are single rows: they are dropped.

What stays: the names of the groups, and the word of each verdict. This protects one document. Two documents over almost
the same rows can be subtracted from each other, and nothing here notices.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING, Any

from dte_panel.model import CURRENT, REFERENCE, Measurement, Verdict, cohort_key
from dte_panel.states import Binned
from dte_panel.suppression.counting import Counted, cells_of, halves_of, rate_cells, without_single_rows
from dte_panel.suppression.places import Place, columns, protect

if TYPE_CHECKING:
    from dte_panel.evidence import Evidence, StateRecord

#: Columns that are counted together.
Subject = tuple[str, ...]
#: What a state is of: ``Counts(label, prediction)`` of no column, or ``Profile`` of one.
Name = tuple[str, str | None]
#: Reductions whose states stand in the evidence as they are; what a number of theirs adds in its detail may stay.
_WHOLE = ("Counts", "Categories", "Histogram", "Sums")
#: Reductions whose states are never written.
_UNWRITTEN = ("Values", "Rows", "Distinct")
_FAILED = "the provider failed; the local evidence says why"


def suppress(evidence: Evidence, k: int) -> dict[str, Any]:
    """Hide what rests on fewer than ``k`` rows.

    Parameters
    ----------
    evidence : Evidence
    k : int
        Least number of rows to show.

    Returns
    -------
    dict
        The fields of the evidence that change.
    """
    censor = _Censor(evidence, k)
    return {
        "measurements": [censor.number(m) for m in evidence.measurements],
        "verdicts": [censor.verdict(v) for v in evidence.verdicts],
        "states": [made for record in evidence.states for made in censor.state(record)],
        "providers": [{**p, "reason": _FAILED} if p["state"] == "error" else p for p in evidence.providers],
        "notes": [censor.note(text) for text in evidence.notes],
    }


class _Censor:
    """Decides once where each subject is hidden, then holds states, numbers and words to it.

    Attributes
    ----------
    rows : dict
        Rows of each place.
    names : dict
        What states are of to its subject and the places that have one.
    few : set
        Places that are hidden for their number of rows.
    hidden : dict
        Subject to the places where it is hidden.
    rates : dict
        Metric and column to the places where a number that no state vouches for is hidden.
    """

    def __init__(self, evidence: Evidence, k: int) -> None:
        self.evidence, self.k = evidence, k
        self.why = f"suppressed: it would show a cell of fewer than {k} rows"
        roles = evidence.spec.get("roles", {})
        self.subjects = _subjects(_columns(record, roles) for record in evidence.states)
        self.names: dict[Name, tuple[Subject, set[Place]]] = {}
        for record in evidence.states:
            subject = self.subjects[_columns(record, roles)[0]]
            self.names.setdefault(_name(record), (subject, set()))[1].add(_place(record))
        self.rows = self._rows()
        self.few = protect({place: {("rows",): n} for place, n in self.rows.items()}, (), k)
        counts = self._counts()
        self.shown = {subject: set(cells) for subject, cells in counts.items()}
        self.hidden = {s: protect(cells, self._seeds(s, cells), k) for s, cells in counts.items()}
        self.rates = {name: protect(cells, self.few, k) for name, cells in self._rates().items()}

    def number(self, m: Measurement) -> Measurement:
        """The measurement as it may be shown."""
        if m.status == "error":
            # An exception often quotes the value that it stumbled over.
            return replace(m, reason=_FAILED, detail={})
        if self._tells(m):
            blank: dict[str, Any] = {"value": None, "low": None, "high": None, "n": 0, "detail": {}, "groups": ()}
            return replace(m, **blank, status="not_evaluated", reason=self.why)
        needs = self._needs(m) or []
        if not all(need.startswith(_WHOLE) for need in needs):
            m = replace(m, detail={key: value for key, value in m.detail.items() if key == REFERENCE})
        if any(need.startswith(_UNWRITTEN) for need in needs) and not self._vouched(m):
            # Nothing says how many rows the counts and names in a note rest on.
            told = re.search(r"[\d'\"]", m.reason or "")
            m = replace(m, reason=self.why if told else m.reason)
        return m

    def verdict(self, v: Verdict) -> Verdict:
        """The verdict as it may be shown: its word stays."""
        if v.verdict == "error":
            return replace(v, reason=_FAILED, measurement=v.measurement and self.number(v.measurement))
        if v.measurement is None:
            return v
        return replace(
            v, measurement=self.number(v.measurement), reason=self.why if self._tells(v.measurement) else v.reason
        )

    def state(self, record: StateRecord) -> Iterator[StateRecord]:
        """The record as it may be shown, if it may."""
        hidden = self.hidden[self._subject(record)]
        edged = isinstance(record.state, Binned) and record.state.edges is not None
        # Edges are values of the rows that they were taken from.
        taken = REFERENCE if (REFERENCE, ()) in self.rows else CURRENT
        if _place(record) not in hidden and not (edged and (taken, ()) in hidden):
            yield replace(record, state=without_single_rows(record.state, self.k))

    def note(self, text: str) -> str:
        """A note without small numbers of rows."""
        return re.sub(r"\b\d[\d,]*(?= rows?\b)", self._rounded, text)

    def _rounded(self, number: re.Match[str]) -> str:
        return number[0] if int(number[0].replace(",", "")) >= self.k else f"fewer than {self.k}"

    def _rows(self) -> dict[Place, int]:
        found: dict[Place, int] = {}
        for record in self.evidence.states:
            found[_place(record)] = max(found.get(_place(record), 0), sum(cells_of(record.state).values()))
        for m in self.evidence.measurements:
            if not m.across and self._needs(m):
                found[_place(m)] = max(found.get(_place(m), 0), m.n)
        return found

    def _counts(self) -> dict[Subject, dict[Place, Counted]]:
        found: dict[Subject, dict[Place, Counted]] = {}
        for record in self.evidence.states:
            cells = found.setdefault(self._subject(record), {}).setdefault(_place(record), {})
            for made in (cells_of(record.state), halves_of(record.state)):
                cells.update({(*_name(record), *key): n for key, n in made.items()})
        return found

    def _rates(self) -> dict[tuple[str, str | None], dict[Place, Counted]]:
        found: dict[tuple[str, str | None], dict[Place, Counted]] = {}
        for m in self.evidence.measurements:
            if m.value is not None and not m.across and any(n.startswith(_UNWRITTEN) for n in self._needs(m) or ()):
                cells = rate_cells(m, self.rows.get(_place(m), 0))
                found.setdefault((m.metric, m.column), {})[_place(m)] = cells
        return found

    def _seeds(self, subject: Subject, places: Mapping[Place, Counted]) -> set[Place]:
        """Where a subject is hidden before its own cells are looked at."""
        # The categories of a sensitive column are the sizes of its cohorts.
        told = {window for window, cohort in self.few if set(columns(cohort)) & set(subject)}
        return self.few | {place for place in places if place[0] in told}

    def _subject(self, record: StateRecord) -> Subject:
        return self.names[_name(record)][0]

    def _needs(self, m: Measurement) -> list[str] | None:
        """What the metric reduces, such as ``Counts(label, prediction)``; ``None`` where the evidence does not say."""
        definition = self.evidence.metrics.get(m.metric)
        return None if definition is None else list(definition["needs"])

    def _vouched(self, m: Measurement) -> bool:
        """Whether written states of the column are shown wherever the number comes from."""
        shown = self.shown.get(self.subjects.get(m.column or "", ()), set())
        return shown.issuperset(self._places(m))

    def _places(self, m: Measurement) -> set[Place]:
        """Every place that a number is made from."""
        found = {_place(m), *((m.window, cohort_key(group)) for group in m.groups)}
        if self.evidence.metrics.get(m.metric, {}).get("across") == REFERENCE:
            found.add((REFERENCE, cohort_key(m.cohort)))
        if m.across:
            found |= {(w, c) for w, c in self.rows if w == m.window and m.across in _crossings(columns(c))}
        return found & self.rows.keys()

    def _tells(self, m: Measurement) -> bool:
        """Whether a number could tell more than the states that are shown."""
        needs, places = self._needs(m), self._places(m)
        if needs is None:
            return True
        if not needs:
            return False
        hidden = self.few | self.rates.get((m.metric, m.column), set())
        return not hidden.isdisjoint(places) or any(self._need_tells(need, m, places) for need in needs)

    def _need_tells(self, need: str, m: Measurement, places: set[Place]) -> bool:
        kind = need.partition("(")[0]
        name = (need, None) if (need, None) in self.names else (kind, m.column)
        subject, at = self.names.get(name, (self.subjects.get(m.column or "", ()), set[Place]()))
        if not self.hidden.get(subject, set()).isdisjoint(places):
            return True
        # A state that is too large to write has small cells.
        return m.value is not None and kind not in _UNWRITTEN and not at >= places


def _place(thing: StateRecord | Measurement) -> Place:
    return thing.window, cohort_key(thing.cohort)


def _name(record: StateRecord) -> Name:
    if record.column is not None:
        return record.kind, record.column
    return f"{record.kind}({', '.join(record.columns)})", None


def _crossings(names: tuple[str, ...]) -> set[str]:
    """How a measurement may call a gap across these columns."""
    return {" × ".join(order) for order in permutations(names)}


def _columns(record: StateRecord, roles: Mapping[str, Any]) -> list[str]:
    """The columns that a record counts."""
    if record.column is not None:
        return [record.column]
    found: list[str] = []
    for role in record.columns:
        named = roles.get(role) or role.removeprefix("column:")
        found += [named] if isinstance(named, str) else named
    return found


def _subjects(counted: Iterable[Sequence[str]]) -> dict[str, Subject]:
    """Column to all columns that it is counted together with, directly or by way of others."""
    groups: list[set[str]] = []
    for names in {frozenset(names) for names in counted}:
        joined = [group for group in groups if group & names]
        groups = [group for group in groups if group not in joined] + [set(names).union(*joined)]
    return {name: tuple(sorted(group)) for group in groups for name in group}
