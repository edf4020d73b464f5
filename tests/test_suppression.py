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
from dte_panel.checks import Check
from dte_panel.registry import Plugin, Registry, _register
from dte_panel.suppression.places import REST, protect, sums

K = 5
VALUES: dict[str, list[Any]] = {
    "y": [0, 1, None],
    "p": [0, 1],
    "g": ["a", "b", "c"],
    "h": ["u", None],
    "c": ["r", "s", None],
    "t": [2016, 2017, None],
}


#: Quicker to read than the default.
POLICY = {"title": "Test", "checks": [{"metric": "fake.rows", "bound": ">= 1"}]}


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
    return dte_panel.assess(data, **{"policy": POLICY, **arguments})


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

    atoms = tuple(product(*VALUES.values()))

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
        sums = [where for where, _ in self.known] or [none]
        matrix = np.unique(np.array(sums)[:, self.possible], axis=0).astype(float)
        sizes, basis = np.linalg.eigh(matrix.T @ matrix)
        self.basis = basis[:, sizes > 1e-7].T

    def where(self, **values: Any) -> np.ndarray:
        found = np.ones(len(self.atoms), bool)
        for name, value in values.items():
            found &= MASKS.get((name, value), np.zeros(len(self.atoms), bool))
        return found

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
        target = cell[self.possible].astype(float)
        return bool(np.abs(target - self.basis.T @ (self.basis @ target)).max() < 1e-6)


MASKS = {
    (name, value): np.array([atom[i] == value for atom in Attacker.atoms])
    for i, (name, values) in enumerate(VALUES.items())
    for value in values
}


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


@settings(max_examples=5, deadline=None, derandomize=True)
@given(COUNTS, st.booleans())
def test_no_small_cell_follows_from_shared_evidence(drawn: list[tuple[int, int]], crossed: bool) -> None:
    _attack(drawn, crossed)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(COUNTS, st.booleans())
def test_no_small_cell_follows_however_long_one_looks(drawn: list[tuple[int, int]], crossed: bool) -> None:
    _attack(drawn, crossed)


def _attack(drawn: list[tuple[int, int]], crossed: bool) -> None:
    counts = dict(SURE)
    for atom, n in drawn:
        key = Attacker.atoms[atom]
        counts[key] = counts.get(key, 0) + n
    with pytest.MonkeyPatch.context() as patch:
        local = assess(METRICS, frame(rows_of(counts)), patch, cohorts=[["g", "h"]] if crossed else [], **ROLES)
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
        if before.n in range(1, K) or (before.metric == "fake.smallest" and before.value in range(1, K)):
            assert after.value is None


def test_the_attacker_finds_what_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {**SURE, (1, 0, "c", "u", "r", 2016): 3}
    local = assess(METRICS, frame(rows_of(counts)), monkeypatch, **ROLES)
    assert given_away(local, local), "it must see small cells where nothing is hidden"
    assert given_away(local, local.shared(K)) == []


def shown(evidence: Evidence, id: str) -> dict[tuple[Any, ...], Measurement]:
    """The measurements of a metric that have a value, by window, cohort and column."""
    return {
        (m.window, *m.cohort.values(), *([m.column] if m.column else [])): m
        for m in evidence.measurements
        if m.metric == f"fake.{id}" and m.value is not None
    }


GROUPS = pd.DataFrame(
    {
        "p": [0, 1] * 60,
        "g": ["a"] * 60 + ["b"] * 36 + ["c"] * 20 + ["d"] * 4,
        "t": [2016, 2017, 2018] * 40,
    }
)
BY_GROUP: dict[str, Any] = {"prediction": "p", "sensitive": ["g"], "features": []}


def test_one_small_group_takes_the_next_smallest_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    local = assess([SELECTED, METRICS[3]], GROUPS, monkeypatch, **BY_GROUP)
    shared = local.shared(K)
    for name in ("selected", "rows"):
        assert set(shown(local, name)) == {("current",), *(("current", g) for g in "abcd")}
        assert set(shown(shared, name)) == {("current",), ("current", "a"), ("current", "b")}
    hidden = [m for m in shared.measurements if m.cohort in ({"g": "c"}, {"g": "d"})]
    assert {(m.value, m.low, m.high, m.n, m.status, m.reason) for m in hidden} == {
        (None, None, None, 0, "not_evaluated", "suppressed: it would show a cell of fewer than 5 rows")
    }
    assert {tuple(s.cohort.values()) for s in shared.states} == {(), ("a",), ("b",)}


def test_two_small_groups_that_are_large_together_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    data = GROUPS.assign(g=["a"] * 100 + ["b"] * 12 + ["c"] * 4 + ["d"] * 4, p=0)
    shared = assess([METRICS[3]], data, monkeypatch, **BY_GROUP).shared(K)
    assert set(shown(shared, "rows")) == {("current",), ("current", "a"), ("current", "b")}
    small = GROUPS.assign(g=["a"] * 100 + ["b"] * 16 + ["c"] * 2 + ["d"] * 2, p=0)
    shared = assess([METRICS[3]], small, monkeypatch, **BY_GROUP).shared(K)
    assert set(shown(shared, "rows")) == {("current",), ("current", "a")}, "2 + 2 rows would be left over"


def test_a_group_that_is_small_in_one_window_is_hidden_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pd.DataFrame(
        {
            "p": [0, 1] * 90,
            "g": ["a"] * 57 + ["b"] * 3 + ["a"] * 40 + ["b"] * 20 + ["a"] * 30 + ["b"] * 30,
            "t": [2016] * 60 + [2017] * 60 + [2018] * 60,
        }
    )
    shared = assess([METRICS[3]], data, monkeypatch, time="t", windows="1 year", **BY_GROUP).shared(K)
    found = set(shown(shared, "rows"))
    assert found >= {("current",), ("current", "a"), ("current", "b"), ("2016-01-01",), ("2018-01-01", "b")}
    assert found.isdisjoint({("2016-01-01", "b"), ("2016-01-01", "a"), ("2017-01-01", "b"), ("2017-01-01", "a")})


def test_rows_without_a_time_are_not_left_over(monkeypatch: pytest.MonkeyPatch) -> None:
    data = GROUPS.assign(t=pd.array([*([2016] * 50), *([2017] * 67), None, None, None], dtype="Int16"))
    local = assess([METRICS[3]], data, monkeypatch, prediction="p", time="t", windows="1 year", features=[])
    assert local.notes[0] == "3 rows have no 't' and count for no window"
    shared = local.shared(K)
    assert set(shown(shared, "rows")) == {("current",), ("2017-01-01",)}
    assert shared.notes[0] == "fewer than 5 rows have no 't' and count for no window"


def test_rates_with_few_hits_or_few_misses_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    for hits, left in ((3, 40), (40, 3)):
        data = pd.DataFrame({"p": [1] * hits + [0] * left + [0, 1] * 50, "g": ["a"] * 43 + ["b"] * 60 + ["c"] * 40})
        shared = assess([SELECTED], data, monkeypatch, **BY_GROUP).shared(K)
        assert set(shown(shared, "selected")) == {("current",), ("current", "b")}
    none = pd.DataFrame({"p": [0] * 43 + [0, 1] * 50, "g": ["a"] * 43 + ["b"] * 60 + ["c"] * 40})
    assert len(shown(assess([SELECTED], none, monkeypatch, **BY_GROUP).shared(K), "selected")) == 4, (
        "no rows are no row"
    )


def test_gaps_over_a_hidden_group_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    data = GROUPS.assign(h=["u", "v"] * 60, p=[0, 0, 1, 1] * 30)
    roles = {**BY_GROUP, "sensitive": ["g", "h"]}
    shared = assess([SELECTED, METRICS[-1]], data, monkeypatch, **roles).shared(K)
    gaps = {m.across: m for m in shared.measurements if m.metric == "fake.gap"}
    assert (gaps["g"].value, gaps["g"].groups) == (None, ())
    assert gaps["h"].value == 0.0


def test_names_and_notes_of_rare_categories_stay_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pd.DataFrame({"c": ["common"] * 50 + ["usual"] * 50 + ["Jane Doe"], "d": ["x", "y"] * 50 + ["x"]})
    local = assess([METRICS[5]], data, monkeypatch)
    assert "Jane Doe" in local.dumps()
    shared = local.shared(K)
    assert "Jane Doe" not in shared.dumps()
    assert set(shown(shared, "rare")) == {("current", "d")}
    assert shown(shared, "rare")["current", "d"].detail == {"rows": {"x": 51, "y": 50}}


def test_smallest_and_largest_values_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    extremes = metric("spread", Profile("feature"), lambda p: Value(p.mean, p.n, detail={"max": p.maximum}))
    binned = metric("bins", Histogram("feature"), lambda h: Value(float(len(h.counts)), h.n))
    data = pd.DataFrame({"x": [*range(200), 123_456.0]})
    shared = assess([extremes, binned], data, monkeypatch).shared(K)
    assert "123456" not in shared.dumps()
    assert {s.kind for s in shared.states} == {"Profile", "Histogram"}
    assert all(s.state.span is None for s in shared.states if s.kind == "Histogram")
    assert shown(shared, "spread")["current", "x"].value == pytest.approx(data.x.mean())


def test_bin_edges_of_few_rows_are_values_of_single_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    binned = metric("bins", Histogram("feature"), lambda h: Value(float(len(h.counts)), h.n))
    few = pd.DataFrame({"x": [31.25, 44.75, 58.5, 61.125, 77.375, 80.625, 91.5, 95.25]})
    many = pd.DataFrame({"x": np.linspace(0, 100, 400)})
    shared = assess([binned], many, monkeypatch, reference=few).shared(K)
    assert not [s for s in shared.states if s.kind == "Histogram"]
    assert not [x for x in few.x if str(x) in shared.dumps()]


def test_scores_are_gathered_until_each_has_enough_of_both_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"s": rng.random(300)})
    data["y"] = (rng.random(300) < data.s).astype(int)
    curve = metric("curve", Scores(), lambda s: Value(0.5, s.n, detail={"first": float(s.scores[0])}))
    shared = assess([curve], data, monkeypatch, label="y", score="s").shared(K)
    (record,) = (s for s in shared.states if s.kind == "Scores" and not s.cohort)
    state = record.state
    assert state.n == 300
    assert not state.exact
    assert min(state.negatives.min(), state.positives.min()) >= K
    assert np.average(state.scores, weights=state.negatives + state.positives) == pytest.approx(data.s.mean())
    assert shown(shared, "curve")["current",].detail == {}


def test_means_that_are_shares_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    mean = metric("mean", Profile("feature"), lambda p: Value(p.mean, p.n))
    wrong = metric(
        "wrong",
        Sums(("label", "prediction"), (("off", "abs(label - prediction)"),)),
        lambda m: Value(m.means["off"], m.n),
    )
    data = pd.DataFrame({"x": [1] * 3 + [0] * 97, "z": np.arange(100.0), "y": [1, 0] * 50, "p": [0, 1, *([1, 0] * 49)]})
    shared = assess([mean, wrong], data, monkeypatch, label="y", prediction="p", features=["x", "z"]).shared(K)
    assert set(shown(shared, "mean")) == {("current", "z")}
    assert shown(shared, "wrong") == {}


def test_what_no_state_holds_is_held_to_its_own_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    beyond = metric(
        "beyond", Values("feature"), lambda o: _share(int(o.counts[o.values > 90].sum()), o.n), cohorts=False
    )
    secret = metric("secret", Rows("text"), lambda r: Value(0.5, len(r.values), reason=f"'{r.values[0]}' and 2 more"))
    plain = metric("plain", Rows("text"), lambda r: Value(0.5, len(r.values), reason="heuristic"))
    unique = metric("unique", Distinct("text"), lambda d: Value(d.distinct / d.n, d.n))
    data = pd.DataFrame(
        {
            "x": [*range(60), 99, 98],
            "w": [*range(56), *[95] * 6],
            "z": [*range(60), None, None],
            "note": ["Jane Doe"] * 62,
            "few": ["x"] * 3 + [None] * 59,
        }
    )
    local = assess([beyond, secret, plain, unique], data, monkeypatch, text=["note", "few"])
    shared = local.shared(K)
    assert set(shown(shared, "beyond")) == {("current", "w")}, "2 beyond in x, 2 missing in z"
    assert "Jane Doe" not in shared.dumps()
    assert shown(shared, "secret")["current", "note"].value == 0.5
    assert shown(shared, "plain")["current", "note"].reason == "heuristic"
    assert set(shown(shared, "unique")) == {("current", "note")}


def _share(hits: int, n: int) -> Value:
    return Value(hits / n, n, 0.0, 1.0)


def test_a_distance_over_many_bins_is_rounded_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    distance = metric(
        "distance",
        Histogram("feature"),
        lambda h: Value(h.counts.get("0", 0) / 7, h.n, -1 / 3, 200 / 3, reason="exact"),
    )
    rng = np.random.default_rng(4)
    before = pd.DataFrame({"x": rng.normal(size=500), "y": rng.normal(size=500)})
    now = pd.DataFrame({"x": rng.normal(2, 1, 100), "y": before.y[:100]})
    local = assess([distance], now, monkeypatch, reference=before)
    shared = local.shared(K)
    exact, moved = (shown(e, "distance")["current", "x"] for e in (local, shared))
    assert moved.value == float(f"{exact.value:.2g}")
    assert (moved.low, moved.high) == (-0.33, 67.0)
    assert moved.reason == "rounded: more digits could show a cell of fewer than 5 rows"
    assert shown(shared, "distance")["reference", "x"].reason == "exact"
    assert ("current", "x") not in {(s.window, s.column) for s in shared.states}


def test_verdicts_keep_their_word_and_lose_their_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(table: Any) -> Value:
        raise ValueError("cannot read 'Jane Doe'")

    checks = [
        Check("fake.rows", ">= 1", scope="cohorts", min_n=0),
        Check("fake.bad", "<= 1"),
        Check("fake.selected", ">= 0.1"),
    ]
    policy = {
        "title": "Test",
        "checks": [{"metric": c.metric, "bound": c.bound, "scope": c.scope, "min_n": c.min_n} for c in checks],
    }
    bad = metric("bad", Counts("prediction"), fails, cohorts=False)
    local = assess([METRICS[3], SELECTED, bad], GROUPS, monkeypatch, policy=policy, **BY_GROUP)
    shared = local.shared(K)
    assert [v.verdict for v in shared.verdicts] == [v.verdict for v in local.verdicts]
    assert shared.verdict == local.verdict
    by_group = {v.cohort.get("g"): v for v in shared.verdicts if v.metric == "fake.rows"}
    assert by_group["a"].reason.startswith("60")
    assert by_group["d"].reason == "suppressed: it would show a cell of fewer than 5 rows"
    assert by_group["d"].measurement.value is None
    assert "Jane Doe" in local.dumps()
    assert "Jane Doe" not in shared.dumps()
    assert {p["reason"] for p in shared.providers} == {"the provider failed; the local evidence says why"}


def test_few_rows_in_all_give_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = assess([SELECTED, METRICS[3]], GROUPS[:4], monkeypatch, **BY_GROUP).shared(K)
    assert shared.states == []
    assert {(m.value, m.n) for m in shared.measurements} == {(None, 0)}


def test_facts_of_the_spec_are_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(assess([METRICS[7]], GROUPS[:4], monkeypatch, **BY_GROUP).shared(K), "documented")["current",].n == 1


def test_local_evidence_stays_exact_and_sharing_twice_is_sharing_once(monkeypatch: pytest.MonkeyPatch) -> None:
    local = assess(
        METRICS[:2] + METRICS[3:4], frame(rows_of(SURE | {(1, 0, "c", "u", "r", 2016): 3})), monkeypatch, **ROLES
    )
    before = local.dumps()
    shared = local.shared()
    assert local.dumps() == before
    assert local.suppressed_below is None
    assert shared.suppressed_below == K
    assert shared.shared().dumps() == shared.dumps()
    assert shared.digest() != local.digest()
    exact = [m.value for m in local.measurements]
    assert [m.value for m in local.shared(1).measurements] == exact, "one row is not few where one is enough"


@pytest.mark.parametrize("least", [25, 59])
def test_the_spec_says_how_few_is_few(monkeypatch: pytest.MonkeyPatch, least: int) -> None:
    shared = assess([METRICS[3]], GROUPS, monkeypatch, limits={"share_min_cell": least}, **BY_GROUP).shared()
    assert shared.suppressed_below == least
    assert all(m.n >= least for m in shown(shared, "rows").values())
    assert ("current",) in shown(shared, "rows")


def test_a_table_too_large_to_write_gives_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dte_panel.conductor.WRITTEN_CELLS", 1)
    shared = assess(
        [SELECTED, change(SELECTED, id="moved", title="Moved")], GROUPS, monkeypatch, reference=GROUPS, **BY_GROUP
    ).shared(K)
    assert shown(shared, "selected") == shown(shared, "moved") == {}


def test_sums_of_places() -> None:
    a, b, ab = (("g", "a"),), (("h", "u"),), (("g", "a"), ("h", "u"))
    found = sums([("current", key) for key in ((), a, b, ab)] + [("2016", ()), ("2016", a)])
    assert sorted((total, parts) for total, parts in found if total[0] == "2016") == [(("2016", ()), (("2016", a),))]
    assert (("current", ()), (("2016", ()),)) in found
    assert (("current", a), (("current", ab),)) in found
    assert (("current", ()), (("current", b),)) in found


def test_a_cell_that_only_all_sums_together_give_away_is_protected() -> None:
    # Rows and columns of a 3 × 3 table each hide two cells or none, and still one cell can be solved for in the end.
    values = {(g, h): 20 for g in "abc" for h in "uvw"} | {("a", "u"): 3, ("b", "v"): 3, ("c", "w"): 3}
    counts: dict[Any, dict[Any, int]] = {}
    for (g, h), n in values.items():
        for key in ((), (("g", g),), (("h", h),), (("g", g), ("h", h))):
            cell = counts.setdefault(("current", key), {("rows",): 0})
            cell["rows",] += n
    hidden = protect(counts, (), K)
    unknown = [key for _, key in hidden]
    assert {(("g", g), ("h", h)) for g, h in ("au", "bv", "cw")} <= set(unknown)
    rows = [[float(set(whole) < set(key)) for key in unknown] for _, whole in counts if len(whole) == 1]
    matrix = np.array(rows)
    for i, key in enumerate(unknown):
        if counts["current", key]["rows",] < K:
            target = np.eye(len(unknown))[i]
            assert np.abs(target - np.linalg.pinv(matrix) @ matrix @ target).max() > 1e-9
