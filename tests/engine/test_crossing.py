"""Bins crossed with roles, means in bins, and values that are met again: what plain Python counts."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dte_panel
from dte_panel.engine.duckdb import Cells, Reducer
from dte_panel.engine.layout import resolve
from dte_panel.engine.plan import Request
from dte_panel.engine.sources import connect, open_source
from dte_panel.errors import DTEError
from dte_panel.model import Reduction
from dte_panel.reductions import Crossed, Digests, Means, Overlap
from dte_panel.spec import Spec
from dte_panel.states import Averaged, Digested, Moments, Ordered, Overlapped, Table

Row = dict[str, Any]


def reduced(node: Reduction, column: str, current: Any, reference: Any = None, **roles: Any) -> Cells:
    """The states of both sides, by window and cohort."""
    connection = connect()
    try:
        frames = {"reference": reference, "current": current}
        sides = {k: open_source(connection, k, v) for k, v in frames.items() if v is not None}
        layout = resolve(connection, Spec.from_arguments(**roles), sides["current"], sides.get("reference"))
        edges: dict[Any, Any] = {}
        cells: Cells = {}
        for side in sides.values():
            reducer = Reducer(connection, side, layout, edges, sides.get("reference"))
            cells.update(reducer.reduce(Request(node, column, windows=True, cohorts=True)))
        return cells
    finally:
        connection.close()


FLOATS = st.one_of(
    st.none(),
    st.sampled_from([0.0, 1.0, -2.5, math.inf, -math.inf, math.nan, 5e-324, 0.1, 1e-9]),
    st.floats(-1e6, 1e6),
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "y": st.sampled_from([None, 0, 1]),
            "s": FLOATS,
            "g": st.sampled_from(["F", "M", None]),
            "x": FLOATS,
            "v": st.sampled_from([2016, 2017, None]),
        }
    ),
    min_size=1,
    max_size=25,
)
SURE: list[Row] = [
    {"y": 0, "s": 0.5, "g": "F", "x": 1.0, "v": 2016},
    {"y": 1, "s": 0.25, "g": "M", "x": 2.0, "v": 2017},
]
TYPES = pa.schema({"y": pa.int8(), "s": pa.float64(), "g": pa.string(), "x": pa.float64(), "v": pa.int32()})


def arrow(rows: list[Row]) -> pa.Table:
    return pa.table({name: pa.array([r[name] for r in rows], TYPES.field(name).type) for name in TYPES.names})


def numbers(rows: list[Row], column: str) -> Any:
    return np.array([math.nan if r[column] is None else r[column] for r in rows])


def bin_of(x: float | None, edges: tuple[float, ...]) -> str | None:
    if x is None or not math.isfinite(x):
        return None if x is None else "nan" if math.isnan(x) else "+inf" if x > 0 else "-inf"
    return str(sum(x >= edge for edge in edges))


@settings(max_examples=6, deadline=None)
@given(ROWS)
def test_bins_are_crossed_and_averaged_as_plain_python_does(drawn: list[Row]) -> None:
    rows = [*SURE, *drawn]
    roles = {"label": "y", "score": "s", "sensitive": ["g"], "time": "v", "windows": "1 year"}
    edges = Ordered.of(numbers(rows, "x")).quantile_edges(4)
    cells = reduced(Crossed("feature", ("label", "sensitive"), 4), "x", arrow(rows), **roles)
    parts: dict[Any, list[Row]] = {}
    for r in rows:
        for window in ("current", *([f"{r['v']}-01-01"] if r["v"] else [])):
            for cohort in ((), (("g", r["g"]),)):
                parts.setdefault((window, cohort), []).append(r)
    assert set(cells) == set(parts)
    for place, part in parts.items():
        table = cells[place]
        assert isinstance(table, Table)
        assert table.columns == ("bin", "label", "g")
        assert table.counts == Counter((bin_of(r["x"], edges), r["y"], r["g"]) for r in part)
    means = reduced(Means("feature", "score", 4), "x", arrow(rows), **roles)
    assert set(means) == set(parts)
    for place, part in parts.items():
        state = means[place]
        assert isinstance(state, Averaged)
        assert (state.edges, state.share) == (edges, False)
        _same_means(state, part, edges)


def _same_means(state: Averaged, part: list[Row], edges: tuple[float, ...]) -> None:
    assert set(state.bins) == {bin_of(r["x"], edges) for r in part}
    for key, moments in state.bins.items():
        inside = [r["s"] for r in part if bin_of(r["x"], edges) == key]
        known = [s for s in inside if s is not None and math.isfinite(s)]
        assert (moments.n, moments.missing) == (len(known), len(inside) - len(known))
        if known:
            assert moments.means["value"] == pytest.approx(np.mean(known), rel=1e-12, abs=1e-9)
            assert moments.m2s["value"] == pytest.approx(np.var(known) * len(known), rel=1e-9, abs=1e-3)


def test_the_edges_are_the_references() -> None:
    before = pa.table({"x": list(range(100)), "y": [0, 1] * 50})
    now = pa.table({"x": [1000, 2000, 3000], "y": [0, 1, 1]})
    cells = reduced(Crossed("feature", ("label",), 10), "x", now, before, label="y")
    assert cells["current", ()] == Table(("bin", "label"), {("9", 0): 1, ("9", 1): 2})
    reference = cells["reference", ()]
    assert isinstance(reference, Table)
    assert reference.n(bin="0") == 10


def test_classes_count_as_one_and_zero_and_many_classes_are_no_numbers() -> None:
    table = pa.table({"x": ["a", "a", "b", None], "p": ["yes", "no", "yes", None]})
    cells = reduced(Means("feature", "score|prediction"), "x", table, prediction="p", positive="yes")
    state = cells["current", ()]
    assert isinstance(state, Averaged)
    assert (state.share, state.edges) == (True, None)
    assert {k: (m.n, m.means.get("value")) for k, m in state.bins.items()} == {
        "a": (2, 0.5),
        "b": (1, 1.0),
        None: (0, None),
    }
    three = pa.table({"x": ["a", "a", "b"], "p": [1, 2, 3]})
    with pytest.raises(DTEError, match="multiclass"):
        reduced(Means("feature", "prediction"), "x", three, prediction="p")


VALUES = st.lists(st.sampled_from([None, 1, 2, 3, 4, 5, 6]), max_size=12)


@settings(max_examples=10, deadline=None)
@given(VALUES, VALUES, st.sampled_from(["int64", "float64", "string"]), st.sampled_from(["int64", "float64", "string"]))
def test_rows_that_are_met_again(now: list[Any], before: list[Any], kind: str, other: str) -> None:
    def column(values: list[Any], written: str) -> pa.Table:
        values = [*values, 7]
        plain = [None if v is None else str(v) for v in values] if written == "string" else values
        return pa.table({"i": pa.array(plain, written)})

    cells = reduced(Overlap("id"), "i", column(now, kind), column(before, other), id="i")
    counts = Counter(v for v in [*now, 7] if v is not None)
    assert cells == {
        ("current", ()): Overlapped(
            counts.total(),
            sum(n for n in counts.values() if n > 1),
            sum(n for v, n in counts.items() if v in {*before, 7}),
        )
    }


def test_without_a_reference_nothing_is_known_of_it() -> None:
    cells = reduced(Overlap("id"), "i", pa.table({"i": ["a", "a", "b"]}), id="i")
    assert cells["current", ()] == Overlapped(3, 2, None)


def test_means_over_different_edges_do_not_add_up() -> None:
    one = Averaged((1.0,), {"0": Moments(2, 0, {"value": 1.0}, {"value": 0.0})})
    more = Averaged((1.0,), {"0": Moments(2, 1, {"value": 3.0}, {"value": 0.0}), "1": Moments(missing=1)})
    both = one.merge(more)
    assert both == more.merge(one)
    assert both.bins["0"] == Moments(4, 1, {"value": 2.0}, {"value": 4.0})
    assert Averaged().merge(one) == one
    with pytest.raises(ValueError, match="do not add up"):
        one.merge(Averaged((2.0,), more.bins))


def test_the_new_reductions_stand_on_the_public_face() -> None:
    assert {"Crossed", "Digests", "Means", "Overlap"} <= set(dte_panel.__all__)


def test_digests_of_parts_add_up_to_those_of_all_rows() -> None:
    rows = [(i % 7, None if i % 5 else i % 3) for i in range(200)]
    first, second = ([dict(zip("ab", row, strict=True)) for row in part] for part in (rows[:90], rows[90:]))

    def of(part: list[Row]) -> Any:
        return reduced(Digests("*"), "a", pa.Table.from_pylist(part))["current", ()]

    whole, one, other = of(first + second), of(first), of(second)
    both = one.merge(other)
    assert both.digests.tolist() == whole.digests.tolist() == other.merge(one).digests.tolist()
    assert both.counts.tolist() == whole.counts.tolist()
    assert sorted(whole.counts) == sorted(Counter(rows).values())
    assert whole.n == 200
    assert Digested.zero().merge(one).counts.tolist() == one.counts.tolist()
