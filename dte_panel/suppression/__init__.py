"""What may leave the machine: cells of few rows are hidden, and with them every number that would give them away.

1. A place (a cohort in a window) with 1 to ``k`` − 1 rows is hidden, and so are as many others that no subtraction
   shows it: see :mod:`dte_panel.suppression.places`.
2. Columns that are counted together (label, prediction and score; all sensitive columns) are one subject, and each
   column is one of its own. In a place where a subject has a small cell (a category, a bin, missing values, false
   negatives …) all its states are hidden, and again others against subtraction. A subject of several columns is hidden
   wherever one of its columns is.
3. A number is shown only where every state it is made from is shown, so that it tells nothing that the states do not.
   The one exception is a number over many bins of a numeric column, such as a distance: it is rounded to two digits,
   which do not tell the rows of one bin. Drift empties bins; it must not vanish from sight for that.
4. A number of another tool is hidden: no state says what it rests on.
5. What is made from values that no state holds (samples, exact order) is held to its own counts.
6. Smallest and largest values, exact scores, and what a failing provider said are single rows: they are dropped.

What stays: the names of the groups, and the word of each verdict. This protects one document. Two documents over almost
the same rows can be subtracted from each other, and nothing here notices.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

from dte_panel.model import CURRENT, REFERENCE, Measurement, Verdict, cohort_key
from dte_panel.states import Binned
from dte_panel.suppression.counting import Counted, cells_of, halves_of, rate_cells, without_single_rows
from dte_panel.suppression.places import Place, columns, protect

if TYPE_CHECKING:
    from dte_panel.evidence import Evidence, StateRecord

#: Columns that are counted together.
Subject = frozenset[str]
#: What a state is of: ``Counts(label, prediction)`` of no column, or ``Profile`` of one.
Name = tuple[str, str | None]
#: Reductions whose states stand in the evidence as they are; what a number of theirs adds in its detail may stay.
_WHOLE = ("Counts", "Categories", "Histogram", "Sums")
#: Reductions whose states are never written.
_UNWRITTEN = ("Values", "ValuesOf", "Rows", "Distinct", "Crossed", "Means", "Overlap", "Slices", "Digests")
#: So many inner edges, and no fewer, keep a rounded number from telling the rows of one bin.
MANY_BINS = 5
_UNKNOWN = "suppressed: another tool measured it, and nothing says how few rows it would show"
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
        "second_opinion": _without_reasons(evidence.second_opinion),
    }


def _without_reasons(second: Mapping[str, Any]) -> dict[str, Any]:
    """The second opinion without the numbers that two libraries have for one cell."""
    differed = [{k: v for k, v in d.items() if k != "reason"} for d in second.get("disagreements", ())]
    return {**second, "disagreements": differed} if second else {}


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
        self.rounded = f"rounded: more digits could show a cell of fewer than {k} rows"
        roles = evidence.spec.get("roles", {})
        named = {_name(record): _columns(record, roles) for record in evidence.states}
        subjects = _subjects(named.values())
        self.names: dict[Name, tuple[Subject, set[Place]]] = {
            name: (subjects[counted], set()) for name, counted in named.items()
        }
        for record in evidence.states:
            self.names[_name(record)][1].add(_place(record))
        self.finely_binned = {
            record.column
            for record in evidence.states
            if isinstance(record.state, Binned) and len(record.state.edges or ()) >= MANY_BINS
        }
        self.rows = self._rows()
        self.few = protect({place: {("rows",): n} for place, n in self.rows.items()}, (), k)
        sized = self.rows.keys() - self.few
        self.counts = self._counts()
        self.hidden: dict[Subject, set[Place]] = {}
        for subject in sorted(self.counts, key=len):
            self.hidden[subject] = protect(self.counts[subject], self._seeds(subject), k, sized)
        self.rates = {name: protect(cells, self.few, k, sized) for name, cells in self._rates().items()}

    def number(self, m: Measurement) -> Measurement:
        """The measurement as it may be shown."""
        if m.status == "error":
            # An exception often quotes the value that it stumbled over.
            return replace(m, reason=_FAILED, detail={})
        if self._tells(m):
            ends: dict[str, Any] = dict.fromkeys(("value", "low", "high", "adjusted"))
            if self._of_many_bins(m):
                ends = {end: None if (x := getattr(m, end)) is None else float(f"{x:.2g}") for end in ends}
                return replace(m, **ends, detail={}, reason=self.rounded)
            why = self.why if self._needs(m) is not None else _UNKNOWN
            return replace(m, **ends, n=0, detail={}, groups=(), status="not_evaluated", reason=why)
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
        shown = self.number(v.measurement)
        return replace(v, measurement=shown, reason=str(shown.reason) if self._tells(v.measurement) else v.reason)

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

    def _seeds(self, subject: Subject) -> set[Place]:
        """Where a subject is hidden before its own cells are looked at."""
        coarser = (places for other, places in self.hidden.items() if other < subject)
        # The categories of a sensitive column are the sizes of its cohorts.
        told = {
            (window, cohort)
            for window, cohort in self.counts[subject]
            for w, finer in self.few
            if w == window and set(cohort) < set(finer) and set(columns(finer)) <= subject | set(columns(cohort))
        }
        return self.few.union(told, *coarser)

    def _subject(self, record: StateRecord) -> Subject:
        return self.names[_name(record)][0]

    def _needs(self, m: Measurement) -> list[str] | None:
        """What the metric reduces, such as ``Counts(label, prediction)``; ``None`` where the evidence does not say."""
        definition = self.evidence.metrics.get(m.metric)
        needs = definition and definition["needs"]
        return None if needs is None else list(needs)

    def _vouched(self, m: Measurement) -> bool:
        """Whether written states of the column are shown wherever the number comes from."""
        return self.counts.get(frozenset({m.column or ""}), {}).keys() >= self._places(m)

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

    def _of_many_bins(self, m: Measurement) -> bool:
        """Whether a number sums up many bins of one column, and nothing but their rows is small."""
        needs, places = self._needs(m) or [], self._places(m)
        secret = self.few | self.rates.get((m.metric, m.column), set())
        binned = all(need.startswith(("Histogram", "Values")) for need in needs)
        return binned and m.column in self.finely_binned and m.value is not None and secret.isdisjoint(places)

    def _need_tells(self, need: str, m: Measurement, places: set[Place]) -> bool:
        kind = need.partition("(")[0]
        name = (need, None) if (need, None) in self.names else (kind, m.column)
        subject, at = self.names.get(name, (frozenset({m.column or ""}), set[Place]()))
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


def _columns(record: StateRecord, roles: Mapping[str, Any]) -> Subject:
    """The columns that a record counts."""
    if record.column is not None:
        return frozenset({record.column})
    found: set[str] = set()
    for role in record.columns:
        named = roles.get(role) or role.removeprefix("column:")
        found |= {named} if isinstance(named, str) else set(named)
    return frozenset(found)


def _subjects(counted: Iterable[Subject]) -> dict[Subject, Subject]:
    """Sets of columns that are counted, to the subject of each: sets that cross each other are one."""
    found = {names: names for names in counted}
    while True:
        subjects = sorted(set(found.values()), key=sorted)
        crossing = next(((a, b) for a, b in combinations(subjects, 2) if a & b not in (set(), a, b)), None)
        if crossing is None:
            return found
        both = crossing[0] | crossing[1]
        found = {names: both if subject in crossing else subject for names, subject in found.items()}
