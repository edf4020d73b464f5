"""Evidence that leaves the machine, seen by someone who subtracts everything from everything."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dte_panel
from dte_panel import (
    Categories,
    Counts,
    Distinct,
    Evidence,
    Facts,
    Histogram,
    Measurement,
    Metric,
    Profile,
    Rows,
    Scores,
    Sums,
    Value,
    Values,
    change,
    difference,
    hookimpl,
)
from dte_panel.model import Check
from dte_panel.registry import Plugin, Registry, _register
from dte_panel.suppression.places import REST, protect, sums

K = 5
TIMES = ["2016", "2017", "2018", None]
VALUES: dict[str, list[Any]] = {
    "y": [0, 1, None],
    "p": [0, 1],
    "g": ["a", "b", "c"],
    "h": ["u", None],
    "c": ["r", "s", None],
    "t": [2016, 2017, None],
}


def metric(id: str, reduce: Any, finish: Any, **fields: Any) -> Metric:
    return Metric(id=id, title=id, definition="Test.", reduce=reduce, finish=finish, **fields)


def rate(id: str, given: dict[str, int] | None = None, **where: int) -> Metric:
    reduce = Counts("label", "prediction") if given or "label" in where else Counts("prediction")
    return metric(id, reduce, lambda t: t.share(given=given, **where), range=(0.0, 1.0), interval="Wilson")


def rare(table: Any) -> Value:
    """A number whose words name the rows that it was made from."""
    names = {str(k[0]): n for k, n in table.counts.items()}
    return Value(float(len(names)), table.n(), reason=f"rarest: {min(names, key=names.get)}", detail={"rows": names})


SELECTED = rate("selected", prediction=1)
METRICS = [
    SELECTED,
    rate("recall", {"label": 1}, prediction=1),
    rate("precision", {"prediction": 1}, label=1),
    metric("rows", Counts("prediction"), lambda t: Value(float(t.n()), t.n())),
    metric("missing", Profile("feature"), lambda p: Value(p.missing / p.n, p.n, 0.0, 1.0)),
    metric("rare", Categories("feature"), rare),
    metric(
        "smallest",
        Counts("sensitive"),
        lambda t: Value(float(min(t.counts.values())), t.n()),
        windows=False,
        cohorts=False,
    ),
    metric("documented", Facts(), lambda f: Value(1.0, 1), windows=False, cohorts=False),
    difference(SELECTED, id="gap", title="Gap"),
]


def assess(metrics: list[Metric], data: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, **arguments: Any) -> Evidence:
    plugin = _register(Plugin("fake"), SimpleNamespace(dte_metrics=hookimpl(lambda: list(metrics))))
    monkeypatch.setattr("dte_panel.registry.load", lambda: Registry([plugin]))
    return dte_panel.assess(data, **arguments)


def frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    kinds = {"y": "Int8", "p": "Int8", "g": "string", "h": "string", "c": "string", "t": "Int16"}
    return pd.DataFrame(rows, columns=list(VALUES)).astype(kinds)


def rows_of(counts: Mapping[tuple[Any, ...], int]) -> list[dict[str, Any]]:
    return [dict(zip(VALUES, key, strict=True)) for key, n in counts.items() for _ in range(n)]


class Attacker:
    """Knows every number of the shared document, what each is a sum of, and that no count is below zero.

    The unknowns are the rows of every possible combination of values. A cell is given away if it follows from what is
    known by subtracting sums from each other, whatever the unknowns are.
    """

    atoms = list(product(*VALUES.values()))

    def __init__(self, shared: Evidence) -> None:
        self.known: list[tuple[np.ndarray, int]] = []
        for record in shared.states:
            place = self.place(record.window, record.cohort)
            for where, n in self.cells(record):
                self.known.append((place & where, n))
        for m in shared.measurements:
            if m.metric in ("fake.selected", "fake.recall", "fake.precision") and m.value is not None:
                given = {"fake.selected": {}, "fake.recall": {"y": 1}, "fake.precision": {"p": 1}}[m.metric]
                hit = {"y": 1} if m.metric == "fake.precision" else {"p": 1}
                known = self.where(**given) & (self.where() if m.metric == "fake.selected" else ~self.where(y=None))
                base = self.place(m.window, m.cohort) & known
                self.known += [(base, m.n), (base & self.where(**hit), round(m.value * m.n))]
            if m.metric == "fake.rows" and m.value is not None:
                self.known.append((self.place(m.window, m.cohort), m.n))
            if m.metric == "fake.missing" and m.value is not None and m.column:
                place = self.place(m.window, m.cohort)
                self.known += [(place, m.n), (place & self.where(**{m.column: None}), round(m.value * m.n))]
        none = np.any([where for where, n in self.known if n == 0] or [np.zeros(len(self.atoms), bool)], axis=0)
        self.possible = ~none
        matrix = np.unique(np.array([where & self.possible for where, _ in self.known]), axis=0).astype(float)
        _, sizes, basis = np.linalg.svd(matrix.reshape(-1, len(self.atoms)), full_matrices=False)
        self.basis = basis[sizes > 1e-9]

    def where(self, **values: Any) -> np.ndarray:
        at = [(list(VALUES).index(name), value) for name, value in values.items()]
        return np.array([all(atom[i] == value for i, value in at) for atom in self.atoms])

    def place(self, window: str, cohort: Mapping[str, Any]) -> np.ndarray:
        inside = self.where() if window == "current" else self.where(t=int(window[:4]) if window != REST else None)
        return inside & self.where(**cohort)

    def cells(self, record: Any) -> Iterator[tuple[np.ndarray, int]]:
        """What each cell of a state is a sum of; cells that are not listed have no rows."""
        state = record.state
        if record.kind == "Profile":
            yield self.where(**{record.column: None}), state.nulls
            yield ~self.where(**{record.column: None}), state.n - state.nulls
            return
        if record.column:
            names, counts = (
                (record.column,),
                {(k if isinstance(k, tuple) else (k,)): n for k, n in state.counts.items()},
            )
        else:
            names = tuple({"label": "y", "prediction": "p"}.get(name, name) for name in state.columns)
            counts = dict(state.counts)
        for key in product(*(VALUES[name] for name in names)):
            text = tuple(str(v) if record.column and v is not None else v for v in key)
            yield self.where(**dict(zip(names, key, strict=True))), counts.get(text, 0)

    def solves(self, cell: np.ndarray) -> bool:
        target = (cell & self.possible).astype(float)
        return bool(np.abs(target - self.basis.T @ (self.basis @ target)).max() < 1e-9)


def given_away(local: Evidence, shared: Evidence) -> list[str]:
    """Cells of 1 to 4 rows that the shared document gives away."""
    attacker = Attacker(shared)
    found = []
    for record in local.states:
        place = attacker.place(record.window, record.cohort)
        for where, n in attacker.cells(record):
            if 0 < n < K and attacker.solves(place & where):
                found.append(f"{record.kind} {record.column} {record.window} {dict(record.cohort)}: {n}")
        if 0 < _size(record.state) < K and attacker.solves(place):
            found.append(f"{record.window} {dict(record.cohort)}: {_size(record.state)} rows")
    return found


def _size(state: Any) -> int:
    return int(state.n if isinstance(state.n, int) else state.n())


ROLES: dict[str, Any] = {
    "label": "y",
    "prediction": "p",
    "sensitive": ["g", "h"],
    "time": "t",
    "windows": "1 year",
    "features": ["c", "g"],
}
COUNTS = st.lists(st.tuples(st.integers(0, len(Attacker.atoms) - 1), st.integers(1, 12)), min_size=1, max_size=6)
#: Many rows of the usual kinds: what is hidden then is hidden for the few others.
SURE = dict.fromkeys(product([0, 1], [0, 1], ["a", "b"], ["u", None], ["r", "s"], [2016, 2017]), 9)


@settings(max_examples=30, deadline=None)
@given(COUNTS, st.booleans())
def test_no_small_cell_follows_from_shared_evidence(drawn: list[tuple[int, int]], crossed: bool) -> None:
    counts = dict(SURE)
    for atom, n in drawn:
        key = Attacker.atoms[atom]
        counts[key] = counts.get(key, 0) + n
    cohorts = [["g", "h"]] if crossed else []
    with pytest.MonkeyPatch.context() as patch:
        local = assess(METRICS, frame(rows_of(counts)), patch, cohorts=cohorts, **ROLES)
    shared = local.shared(K)
    assert given_away(local, shared) == []
    _check_numbers(local, shared)
    assert Evidence.from_json(json.loads(shared.dumps())).dumps() == shared.dumps()


def _check_numbers(local: Evidence, shared: Evidence) -> None:
    for before, after in zip(local.measurements, shared.measurements, strict=True):
        if after.metric == "fake.documented":
            assert after == before
            continue
        assert not 0 < after.n < K
        if after.value is not None:
            assert (after.value, after.n) == (before.value, before.n), "what is shown is exact"
        if before.n in range(1, K) or before.metric == "fake.smallest" and before.value in range(1, K):
            assert after.value is None


def test_the_attacker_finds_what_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {**SURE, (1, 0, "c", "u", "r", 2016): 3}
    local = assess(METRICS, frame(rows_of(counts)), monkeypatch, **ROLES)
    assert given_away(local, local), "it must see small cells where nothing is hidden"
    assert given_away(local, local.shared(K)) == []
