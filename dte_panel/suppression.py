"""What may leave the machine: cells of few rows are hidden, and with them every number that would give them away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dte_panel.model import Cohort, Measurement, Verdict, cohort_key
from dte_panel.states import Binned, Moments, Profiled, Scored, Table

Hidden = set[tuple[str, tuple[tuple[str, str | None], ...]]]


def suppress(
    measurements: Sequence[Measurement], verdicts: Sequence[Verdict], states: Sequence[Any], k: int
) -> dict[str, Any]:
    """Hide what rests on fewer than ``k`` rows.

    * A cohort under ``k`` rows in a window is hidden there with its states and numbers, and so is the next smallest
      cohort of the same grouping where only one would be: the total would give it away.
    * Table cells and bins under ``k`` rows are hidden in the same way within their state; scores are gathered until
      each has ``k`` rows of both labels; minima and maxima, which are single rows, are dropped.
    * A number that names a hidden cohort, whose own numerator or remainder is under ``k``, or that rests on a table
      with a hidden cell, has no value, and its verdict says so.

    Parameters
    ----------
    measurements, verdicts, states : sequence
        As in :class:`~dte_panel.evidence.Evidence`.
    k : int
        Least number of rows to show.

    Returns
    -------
    dict
        The same three under their names.
    """
    hidden = _hidden_cohorts(states, k)
    written = []
    small_tables: Hidden = set()
    rare: set[str] = set()
    for record in states:
        place = (record.window, cohort_key(record.cohort))
        if place in hidden:
            continue
        state, cut = _cut(record.state, k)
        if cut and record.kind == "Counts":
            small_tables.add(place)
        if cut and record.column is not None:
            rare.add(record.column)
        written.append(replace(record, state=state))
    shown = {id(m): _shown(m, hidden, small_tables, rare, k) for m in measurements}
    return {
        "measurements": [shown[id(m)] for m in measurements],
        "verdicts": [_reworded(v, hidden, small_tables, rare, k) for v in verdicts],
        "states": written,
    }


def _hidden_cohorts(states: Iterable[Any], k: int) -> Hidden:
    sizes: dict[tuple[str, tuple[str, ...]], dict[Any, int]] = {}
    for record in states:
        if record.cohort and record.kind == "Counts":
            key = cohort_key(record.cohort)
            grouping = (record.window, tuple(column for column, _ in key))
            cells = sizes.setdefault(grouping, {})
            cells[key] = max(cells.get(key, 0), sum(record.state.counts.values()))
    hidden: Hidden = set()
    for (window, _), cells in sizes.items():
        hidden |= {(window, key) for key in _with_complement(cells, k)}
    return _with_gaps(hidden)


def _with_gaps(hidden: Hidden) -> Hidden:
    """A cohort hidden in one window is hidden in the sum of the windows' other side too."""
    by_cohort: dict[Any, set[str]] = {}
    for window, key in hidden:
        by_cohort.setdefault(key, set()).add(window)
    # All windows but one would give the hidden one away through `current`, so hide them all where the sum stays.
    return hidden | {("current", key) for key, windows in by_cohort.items() if windows - {"reference", "current"}}


def _with_complement(cells: Mapping[Any, int], k: int) -> set[Any]:
    """The cells under ``k`` rows; where there is only one, the next smallest too."""
    small = {key for key, n in cells.items() if 0 < n < k}
    rest = [key for key, n in cells.items() if key not in small and n > 0]
    if len(small) == 1 and rest:
        small.add(min(rest, key=lambda key: (cells[key], str(key))))
    return small


def _cut(state: Any, k: int) -> tuple[Any, bool]:
    """The state without its small cells, and whether there were any."""
    if isinstance(state, Table | Binned):
        counts: Mapping[Any, int] = state.counts
        gone = _with_complement(counts, k)
        state = replace(state, counts={key: n for key, n in counts.items() if key not in gone})  # type: ignore[arg-type]
        return (replace(state, span=None) if isinstance(state, Binned) else state), bool(gone)
    if isinstance(state, Profiled):
        few = 0 < state.finite < k or 0 < state.missing < k or 0 < state.infinities < k
        return (Profiled() if few else replace(state, minimum=None, maximum=None)), few
    if isinstance(state, Scored):
        return _gathered(state, k), False
    if isinstance(state, Moments) and 0 < state.n < k:
        return Moments(), True
    return state, False


def _gathered(state: Scored, k: int) -> Scored:
    """Neighbouring scores joined until each has ``k`` rows of either label; the rest joins the last."""
    groups: list[tuple[float, int, int]] = []
    weight, negatives, positives = 0.0, 0, 0
    for score, no, yes in zip(state.scores, state.negatives, state.positives, strict=True):
        weight += float(score) * int(no + yes)
        negatives, positives = negatives + int(no), positives + int(yes)
        if negatives >= k and positives >= k:
            groups.append((weight / (negatives + positives), negatives, positives))
            weight, negatives, positives = 0.0, 0, 0
    if not groups:
        return Scored.zero()
    if negatives or positives:
        last, no, yes = groups.pop()
        total = no + yes + negatives + positives
        groups.append(((last * (no + yes) + weight) / total, no + negatives, yes + positives))
    scores, nos, yeses = zip(*groups, strict=True)
    exact = state.exact and len(groups) == len(state.scores)
    missing = state.missing if state.missing >= k else 0
    return Scored(np.array(scores), np.array(nos), np.array(yeses), missing, exact)


def _shown(m: Measurement, hidden: Hidden, small: Hidden, rare: set[str], k: int) -> Measurement:
    if m.value is None and not m.detail and not m.groups and 0 < m.n < k:
        return replace(m, n=0, reason=_why(k))
    if not _gives_away(m, hidden, small, k):
        # Names of rare categories are rows too.
        told = m.detail if m.column not in rare else {}
        reason = m.reason if m.column not in rare or m.value is None else None
        return replace(m, detail=told, reason=reason)
    blank: dict[str, Any] = {"value": None, "low": None, "high": None, "n": 0, "detail": {}, "groups": ()}
    return replace(m, **blank, status="not_evaluated", reason=_why(k))


def _gives_away(m: Measurement, hidden: Hidden, small: Hidden, k: int) -> bool:
    cohorts: list[Cohort] = [m.cohort, *m.groups]
    if any((m.window, cohort_key(c)) in hidden for c in cohorts if c):
        return True
    if m.value is None:
        return False
    if m.column is None and any((m.window, cohort_key(c)) in small for c in cohorts):
        return True
    if 0 < m.n < k:
        return True
    if 0 <= m.value <= 1 and m.low is not None and not m.across:
        hits = m.value * m.n
        return 0.5 < hits < k - 0.5 or 0.5 < m.n - hits < k - 0.5
    return m.metric.endswith((".count", ".smallest_group")) and 0 < m.value < k


def _reworded(v: Verdict, hidden: Hidden, small: Hidden, rare: set[str], k: int) -> Verdict:
    if v.measurement is None:
        return v
    shown = _shown(v.measurement, hidden, small, rare, k)
    told = v.reason if shown.value is not None or v.measurement.value is None else _why(k)
    return replace(v, measurement=shown, reason=told)


def _why(k: int) -> str:
    return f"suppressed: it would show a cell of fewer than {k} rows"
