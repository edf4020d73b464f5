"""What DuckDB reduces is what plain Python counts, by window and cohort, whatever the columns hold or are called."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dte_panel.engine.duckdb import Cells, EngineError, Reducer
from dte_panel.engine.layout import Layout, resolve
from dte_panel.engine.plan import Request
from dte_panel.engine.sources import connect, open_source
from dte_panel.model import Reduction, cohort_key
from dte_panel.reductions import Categories, Counts, Distinct, Histogram, Profile, Rows, Scores, Sums, Values, ValuesOf
from dte_panel.spec import Spec
from dte_panel.states import Binned, DistinctCount, Moments, Ordered, Profiled, Sample, Scored, Table

Row = dict[str, Any]
HOSTILE = [
    "plain",
    "two words",
    'quo"te',
    "it's",
    '"; DROP TABLE x; --',
    "ünïcode 名",
    "select",
    "n",
    "v",
    "w",
    "x",
    "y",
    "base",
    "current",
    "reference",
    "label",
    "GROUPING",
    "a.b",
    "percent % {brace} \\",
    "",
]


class Run:
    """One open pair of sources and what reduces them."""

    def __init__(self, current: Any, reference: Any = None, **roles: Any) -> None:
        self.connection = connect()
        frames = {"reference": reference, "current": current}
        sides = {k: open_source(self.connection, k, v) for k, v in frames.items() if v is not None}
        self.layout: Layout = resolve(
            self.connection, Spec.from_arguments(**roles), sides["current"], sides.get("reference")
        )
        edges: dict[Any, Any] = {}
        self.reducers = {k: Reducer(self.connection, side, self.layout, edges) for k, side in sides.items()}

    def __call__(self, node: Reduction, column: str | None = None) -> Cells:
        cells: Cells = {}
        for reducer in self.reducers.values():
            cells.update(reducer.reduce(Request(node, column, windows=True, cohorts=True)))
        return cells

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def places(rows: Sequence[Row], groupings: Sequence[tuple[str, ...]], time: str | None) -> dict[Any, list[Row]]:
    """Window and cohort to rows, by the book."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        windows = ["current"]
        if time and row[time] is not None:
            windows.append(f"{row[time]:04d}-01-01")
        for columns in groupings:
            for window in windows:
                found.setdefault((window, cohort_key({c: row[c] for c in columns})), []).append(row)
    return found


def same(cells: Cells, rows: dict[Any, list[Row]], make: Callable[[list[Row]], Any]) -> None:
    assert set(cells) == set(rows)
    for place, part in rows.items():
        assert plain(cells[place]) == plain(make(part)), place


def plain(state: Any) -> Any:
    if isinstance(state, Table):
        return Counter(dict(state.counts))
    if isinstance(state, Binned):
        return {k: n for k, n in state.counts.items() if n}
    if isinstance(state, Ordered):
        return state.values.tolist(), state.counts.tolist(), state.missing
    if isinstance(state, Scored):
        return state.scores.tolist(), state.negatives.tolist(), state.positives.tolist(), state.missing
    if isinstance(state, Profiled):
        known = {k: v for k, v in state.to_json().items() if k not in ("mean", "m2")}
        return (
            known,
            None if state.mean is None else pytest.approx(state.mean, rel=1e-12, abs=1e-9),
            None if (state.m2 is None) else pytest.approx(state.m2, rel=1e-9, abs=1e-6),
        )
    return state


def profile_of(values: Sequence[Any]) -> Profiled:
    numbers = [float(v) for v in values if v is not None]
    finite = [v for v in numbers if math.isfinite(v)]
    mean = math.fsum(finite) / len(finite) if finite else None
    return Profiled(
        len(values),
        len(values) - len(numbers),
        sum(map(math.isnan, numbers)),
        sum(map(math.isinf, numbers)),
        min(finite, default=None),
        max(finite, default=None),
        mean,
        None if mean is None else math.fsum((v - mean) ** 2 for v in finite),
    )


def ordered_of(values: Sequence[Any]) -> Ordered:
    return Ordered.of(np.array([math.nan if v is None else float(v) for v in values]))


def test_profile_compares_both_ways() -> None:
    assert plain(profile_of([1.0, 3.0])) == plain(profile_of([1.0, 3.0]))
    assert plain(profile_of([1.0, 3.0, 1.0])) != plain(profile_of([1.0, 3.0, 3.0])), "another mean, the same ends"


FLOATS = st.one_of(
    st.none(),
    st.sampled_from([0.0, 1.0, 1.0, -2.5, math.inf, -math.inf, math.nan, 5e-324, 1e-9]),
    st.floats(-1e6, 1e6).map(lambda x: round(x, 3)),
)
TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "A", "it's", '"', "null", "NULL", "nan", "ü", "a;b", " a"]))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "y": st.sampled_from([None, 0, 1]),
            "p": st.sampled_from([None, 0, 1, 1]),
            "s": FLOATS,
            '"g"; --': TEXTS,
            "h": st.sampled_from(["F", "M", None]),
            "x": FLOATS,
            "c": TEXTS,
            "v": st.sampled_from([2016, 2017, 2019, None]),
        }
    ),
    min_size=1,
    max_size=25,
)
#: Rows that make sure of two classes, a value in each role, and a time.
SURE: list[Row] = [
    {"y": 0, "p": 1, "s": 0.5, '"g"; --': "a", "h": "F", "x": 1.0, "c": "a", "v": 2016},
    {"y": 1, "p": 0, "s": 0.25, '"g"; --': "b", "h": "M", "x": 2.0, "c": "b", "v": 2017},
]
TYPES = pa.schema(
    {
        "y": pa.int8(),
        "p": pa.float64(),
        "s": pa.float64(),
        '"g"; --': pa.string(),
        "h": pa.string(),
        "x": pa.float64(),
        "c": pa.string(),
        "v": pa.int32(),
    }
)


@settings(max_examples=10, deadline=None)
@given(ROWS)
def test_every_reduction_is_what_plain_python_counts(drawn: list[Row]) -> None:
    rows = [*SURE, *drawn]
    table = pa.table({name: pa.array([r[name] for r in rows], TYPES.field(name).type) for name in TYPES.names})
    g, h = '"g"; --', "h"
    with Run(
        table, label="y", prediction="p", score="s", sensitive=[g, h], time="v", windows="1 year", cohorts=[[h, g]]
    ) as run:
        parts = places(rows, [(), (g,), (h,), (h, g)], "v")
        same(
            run(Counts("label", "prediction")),
            parts,
            lambda part: Table((), dict(Counter((r["y"], r["p"]) for r in part))),
        )
        same(run(Counts("sensitive")), parts, lambda part: Table((), dict(Counter((r[g], r[h]) for r in part))))
        same(run(Categories("feature"), "c"), parts, lambda part: Table((), dict(Counter((r["c"],) for r in part))))
        same(run(Histogram("feature"), "c"), parts, lambda part: Binned(None, Counter(r["c"] for r in part)))
        same(run(Profile("feature"), "x"), parts, lambda part: profile_of([r["x"] for r in part]))
        same(run(Values("feature"), "x"), parts, lambda part: ordered_of([r["x"] for r in part]))
        scores, labels = (
            (lambda part, k=k: np.array([math.nan if r[k] is None else r[k] for r in part], float)) for k in "sy"
        )
        same(run(Scores()), parts, lambda part: Scored.of(scores(part), labels(part)))
        _check_histogram(run, rows, parts)
        _check_sums(run, parts)


def _check_histogram(run: Run, rows: list[Row], parts: dict[Any, list[Row]]) -> None:
    cells = run(Histogram("feature", 4), "x")
    edges = ordered_of([r["x"] for r in rows]).quantile_edges(4)
    assert all(isinstance(state, Binned) and state.edges == edges for state in cells.values())

    def bins(part: list[Row]) -> Binned:
        values = [r["x"] for r in part]
        nulls = sum(v is None for v in values)
        state = ordered_of(values)
        return state.binned(edges, None, nulls, state.missing - nulls)

    same(cells, parts, bins)


def _check_sums(run: Run, parts: dict[Any, list[Row]]) -> None:
    node = Sums(("label", "score"), (("error", "abs(label - score)"), ("odds", "score / (1 - label)")))
    cells = run(node)
    assert set(cells) == set(parts)
    for place, part in parts.items():
        state = cells[place]
        assert isinstance(state, Moments)
        # A row counts if every expression is defined for it: the odds only where the label is 0.
        known = [r for r in part if r["y"] == 0 and r["s"] is not None and math.isfinite(r["s"])]
        assert (state.n, state.missing) == (len(known), len(part) - len(known))
        if known:
            assert state.means["error"] == pytest.approx(np.mean([abs(r["s"]) for r in known]), rel=1e-12)
            assert state.means["odds"] == pytest.approx(np.mean([r["s"] for r in known]), rel=1e-12, abs=1e-12)
            assert state.m2s["odds"] == pytest.approx(np.var([r["s"] for r in known]) * len(known), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("name", [n for n in HOSTILE if n])
def test_a_column_may_be_called_anything(name: str) -> None:
    values = ["a", "b", None, "a"]
    numbers = [1.5, None, math.nan, -3.0]
    labels = [1, 0, 1, 1]
    other = "another column"
    with Run(pa.table({name: values, other: [1, 2, 3, 4]}), sensitive=[name]) as run:
        parts = places([{name: v} for v in values], [(), (name,)], None)
        same(run(Categories("feature"), name), parts, lambda part: Table((), dict(Counter((r[name],) for r in part))))
        same(run(Values("feature"), other), parts, lambda part: _numbers_of(part, values, name))
        assert plain(run(Distinct("feature"), name)["current", ()]) == DistinctCount(2, 3)
        assert plain(run(Rows("feature"), name)["current", ()]) == Sample(("a", "b", "a"), 3)
    with Run(pa.table({name: pa.array(numbers, from_pandas=False), other: labels}), label=other) as run:
        assert plain(run(Profile("feature"), name)["current", ()]) == plain(profile_of(numbers))
    with Run(pa.table({name: labels, other: [0.1, 0.2, 0.3, 0.4]}), label=name, score=other) as run:
        assert run(Counts("label"))["current", ()] == Table(("label",), {(1,): 3, (0,): 1})
        assert plain(run(Scores())["current", ()])[2] == [1, 0, 1, 1]
        error = run(Sums(("label",), (("twice", "label + label"),)))["current", ()]
        assert isinstance(error, Moments)
        assert error.means == {"twice": 1.5}


def _numbers_of(part: list[Row], values: list[Any], name: str) -> Ordered:
    group = {r[name] for r in part}
    return ordered_of([i + 1 for i, v in enumerate(values) if v in group])


def test_an_empty_name_and_names_that_differ_by_case() -> None:
    frame = pd.DataFrame({"Age": [1.0, 2.0], "age": [10.0, 20.0], "": [5.0, 6.0]})
    with Run(frame) as run:
        # SQL names know no case: the second has a number to its name, and neither reads the other's values.
        first, second, *_ = run.layout.roles["feature"]
        assert first == "Age"
        assert second.startswith("age")
        for column, values in ((first, [1.0, 2.0]), (second, [10.0, 20.0])):
            assert plain(run(Values("feature"), column)["current", ()]) == plain(ordered_of(values))


NUMBERS: dict[str, pa.Array] = {
    **{f"int{bits}": pa.array([1, None, -7, 100], f"int{bits}") for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": pa.array([1, None, 7, 200], f"uint{bits}") for bits in (8, 16, 32, 64)},
    "most of uint64": pa.array([2**64 - 1, None, 2**63, 0], pa.uint64()),
    "float32": pa.array([0.5, None, -1.25, 3.0], pa.float32()),
    "decimal": pa.array([Decimal("1.50"), None, Decimal("-2.25"), Decimal(0)], pa.decimal128(10, 2)),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_every_type_of_number(kind: str) -> None:
    values = NUMBERS[kind].to_pylist()
    with Run(pa.table({"x": NUMBERS[kind]})) as run:
        assert plain(run(Profile("feature"), "x")["current", ()]) == plain(profile_of(values))
        assert plain(run(Values("feature"), "x")["current", ()]) == plain(ordered_of(values))
        if "int" in kind:
            assert run(Distinct("feature"), "x")["current", ()] == DistinctCount(3, 3)


def test_a_nan_that_the_files_statistics_do_not_know_of(tmp_path: Path) -> None:
    values = [0.0, 1.0, None, math.nan, 1.0]
    pq.write_table(
        pa.table(
            {"x": pa.array(values, from_pandas=False), "y": [0, 1, 1, 0, 1], "z": pa.array(values, from_pandas=False)}
        ),
        tmp_path / "x.parquet",
    )
    with Run(tmp_path / "x.parquet", label="y", prediction="x") as run:
        assert plain(run(Profile("feature"), "z")["current", ()]) == plain(profile_of(values))
        assert run(Counts("prediction"))["current", ()] == Table(("prediction",), {(0,): 1, (1,): 2, (None,): 2})


def test_hugeint() -> None:
    with Run(duckdb.sql("SELECT unnest([1::HUGEINT, -(2::HUGEINT ** 100)::HUGEINT, NULL]) AS x")) as run:
        state = run(Profile("feature"), "x")["current", ()]
        assert isinstance(state, Profiled)
        assert (state.n, state.nulls, state.minimum) == (3, 1, -(2.0**100))


def test_numbers_too_large_to_square_have_no_mean() -> None:
    values = [1e300, -1e300, 1.7e308, 1.0, None]
    with Run(pa.table({"x": values, "g": ["a", "a", "a", "b", "b"]}), sensitive=["g"]) as run:
        cells = run(Profile("feature"), "x")
        whole, small = cells["current", ()], cells["current", (("g", "b"),)]
        assert isinstance(whole, Profiled)
        assert (whole.minimum, whole.maximum, whole.mean, whole.m2) == (-1e300, 1.7e308, None, None)
        assert small == Profiled(2, 1, 0, 0, 1.0, 1.0, 1.0, 0.0)
        assert plain(run(Values("feature"), "x")["current", ()]) == plain(ordered_of(values))


GROUPS: dict[str, tuple[Any, list[str | None]]] = {
    "text": (["a", "b", None, "a"], ["a", "b", None, "a"]),
    "category": (pd.Categorical(["a", "b", None, "a"]), ["a", "b", None, "a"]),
    "enum": (pa.array(["a", "b", None, "a"]).dictionary_encode(), ["a", "b", None, "a"]),
    "truth": ([True, False, None, True], ["true", "false", None, "true"]),
    "whole numbers": (pa.array([1, 2, None, 1], pa.int8()), ["1", "2", None, "1"]),
    "floats": (pa.array([1.0, 2.5, math.nan, 1.0], from_pandas=False), ["1", "2.5", None, "1"]),
    "minus zero": (pa.array([0.0, -0.0, None, 0.0]), ["0", "0", None, "0"]),
    "decimals": (
        pa.array([Decimal(1), Decimal("2.5"), None, Decimal(1)], pa.decimal128(5, 1)),
        ["1", "2.5", None, "1"],
    ),
    "days": (
        pa.array([dt.date(2020, 1, 1), dt.date(2020, 1, 2), None, dt.date(2020, 1, 1)]),
        ["2020-01-01", "2020-01-02", None, "2020-01-01"],
    ),
    "hostile": (["'; DROP TABLE current; --", "<script>", None, "'; DROP TABLE current; --"],) * 2,
    "no NULL": (["a", "b", "c", "a"], ["a", "b", "c", "a"]),
}


@pytest.mark.parametrize("kind", GROUPS)
def test_groups_of_every_type_by_both_ways_of_grouping(kind: str) -> None:
    column, texts = GROUPS[kind]
    table = pa.table({"g": pa.array(column) if not isinstance(column, pa.Array) else column, "x": [1.0, 2.0, 3.0, 4.0]})
    rows = [{"g": text, "x": float(i + 1)} for i, text in enumerate(texts)]
    with Run(table, sensitive=["g"]) as run:
        parts = places(rows, [(), ("g",)], None)
        same(run(Profile("feature"), "x"), parts, lambda part: profile_of([r["x"] for r in part]))
        same(run(Values("feature"), "x"), parts, lambda part: ordered_of([r["x"] for r in part]))
        same(run(Counts("sensitive")), parts, lambda part: Table((), dict(Counter((r["g"],) for r in part))))


LABELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "int8": (pa.array([1, 0, None, 1], pa.int8()), {}),
    "float": (pa.array([1.0, 0.0, None, 1.0]), {}),
    "float with NaN": (pa.array([1.0, 0.0, math.nan, 1.0], from_pandas=False), {}),
    "decimal": (pa.array([Decimal(1), Decimal(0), None, Decimal(1)], pa.decimal128(3, 1)), {}),
    "truth": (pa.array([True, False, None, True]), {}),
    "text digits": (["1", "0", None, "1"], {}),
    "pandas nullable": (pd.array([1, 0, None, 1], dtype="Int64"), {}),
    "pandas boolean": (pd.array([True, False, None, True], dtype="boolean"), {}),
    "words": (["yes", "no", None, "yes"], {"positive": "yes"}),
    "category": (pd.Categorical(["yes", "no", None, "yes"]), {"positive": "yes"}),
    "other numbers": ([7, 9, None, 7], {"positive": 7}),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_every_type_are_1_and_0(kind: str) -> None:
    column, roles = LABELS[kind]
    table = pa.table({"y": column, "p": column, "s": [0.1, 0.2, 0.3, 0.4]})
    with Run(table, label="y", prediction="p", score="s", **roles) as run:
        assert run(Counts("label", "prediction"))["current", ()].counts == {(1, 1): 2, (0, 0): 1, (None, None): 1}
        scored = run(Scores())["current", ()]
        assert isinstance(scored, Scored)
        assert (scored.positives.tolist(), scored.negatives.tolist(), scored.missing) == ([1, 0, 1], [0, 1, 0], 1)


def test_bands_are_left_closed_by_both_ways_of_grouping() -> None:
    ages = [24, 25, 39, 40, 64, 65, None, 25]
    data = pa.table({"age": pa.array(ages, pa.int32()), "x": [0.1 * i for i in range(8)], "p": [1, 0] * 4})
    want = {("< 25",): 1, ("25 to < 40",): 3, ("40 to < 65",): 2, (">= 65",): 1, (None,): 1}
    with Run(data, prediction="p", sensitive=["age"], bands={"age": [25, 40, 65]}) as run:
        for node, column in ((Counts("prediction"), None), (Values("column:x"), "x")):
            counts = {
                tuple(v for _, v in cohort): state.n() if isinstance(state, Table) else state.n
                for (_, cohort), state in run(node, column).items()
                if cohort
            }
            assert counts == want


def test_control_columns_are_counted_by_their_own_names_and_bands() -> None:
    data = {"p": [1, 0, 1, 0], "g": ["a", "a", "b", "b"], "prediction": [1, 2, 3, None]}
    with Run(pa.table(data), prediction="p", sensitive=["g"], control=["prediction"], bands={"prediction": [2]}) as run:
        table = run(Counts("prediction", "control"))["current", ()]
        assert table.columns == ("prediction", "control:prediction")
        assert table.counts == {(1, "< 2"): 1, (0, ">= 2"): 1, (1, ">= 2"): 1, (0, None): 1}


def test_double_labels_here_and_bigint_labels_there_are_the_same_classes() -> None:
    now = pa.table({"y": [1.0, 0.0, None], "p": [True, False, True]})
    before = pa.table({"y": pa.array([1, 0, 0], pa.int64()), "p": ["1", "0", "0"]})
    with Run(now, before, label="y", prediction="p") as run:
        cells = run(Counts("label", "prediction"))
        assert cells["current", ()].counts == {(1, 1): 1, (0, 0): 1, (None, 1): 1}
        assert cells["reference", ()].counts == {(1, 1): 1, (0, 0): 2}
        assert set(run(Categories("label"), "y")["reference", ()].counts) == {("1",), ("0",)}


def test_multiclass_keys_are_text_and_quantities_are_not_counted() -> None:
    with Run(pa.table({"y": [1, 2, 3], "p": [1.0, 2.0, 2.0]}), label="y", prediction="p") as run:
        assert run(Counts("label", "prediction"))["current", ()].counts == {("1", "1"): 1, ("2", "2"): 1, ("3", "2"): 1}
        with pytest.raises(EngineError, match="need a binary label; this task is multiclass"):
            run(Scores())
    table = pa.table({"y": [i / 3 for i in range(40)], "p": [i / 4 for i in range(40)], "g": ["a", "b"] * 20})
    with Run(table, label="y", prediction="p", sensitive=["g"]) as run:
        assert run(Counts("label", "prediction"))["current", (("g", "a"),)] == Table(
            ("label", "prediction"), {(1, 1): 20}
        )
        both = Table(("prediction", "g"), {(1, "a"): 20, (1, "b"): 20})
        assert run(Counts("prediction", "sensitive"))["current", ()] == both


def test_bins_come_from_the_reference() -> None:
    rng = np.random.default_rng(0)
    before, now = rng.normal(size=500), rng.normal(3, 1, size=100)
    with Run(pa.table({"x": now}), pa.table({"x": before})) as run:
        cells = run(Histogram("feature", 10), "x")
    assert {s.edges for s in cells.values()} == {Ordered.of(before).quantile_edges(10)}
    assert cells["reference", ()].span == (before.min(), before.max())
    assert max(cells["reference", ()].counts.values()) == 50
    assert sum(cells["current", ()].counts.values()) == 100


def test_a_column_of_one_side_has_states_of_that_side_only() -> None:
    with Run(pa.table({"g": ["a"], "q": ["z"]}), pa.table({"g": ["a"]})) as run:
        assert set(run(Counts("column:q"))) == {("current", ())}
        assert run(Counts("column:absent")) == {}


def test_a_sample_is_the_same_every_time_and_holds_no_more_than_asked() -> None:
    texts = [f"t{i}" for i in range(5_000)]
    samples = []
    for _ in range(2):
        with Run(pa.table({"x": [*texts, None]}), text=["x"]) as run:
            samples.append(run(Rows("text", sample=100), "x")["current", ()])
            other = run(Rows("text", sample=100, seed=1), "x")["current", ()]
    assert samples[0] == samples[1] != other
    assert (len(samples[0].values), samples[0].total, samples[0].sampled) == (100, 5_000, True)
    assert set(samples[0].values) < set(texts)


def test_joint_rows_keep_what_stands_in_one_row_together() -> None:
    numbers = np.arange(5_000)
    table = pa.table({"x": numbers, "half": numbers / 2, "name": [f"t{i}" if i % 7 else None for i in numbers]})
    whole = Rows("feature|text", joint=True, sample=9_000)
    few = Rows("feature|text", joint=True, sample=100)
    with Run(table, text=["name"]) as run:
        every, one, again = (run(r)["current", ()] for r in (whole, few, few))
        other = run(Rows("feature|text", joint=True, sample=100, seed=1))["current", ()]
    assert (every.n, every.total, every.sampled) == (5_000, 5_000, False)
    assert every.columns["x"].tolist() == numbers.tolist()
    assert np.issubdtype(every.columns["x"].dtype, np.integer), "a whole number stays one"
    assert (one.n, one.total, one.sampled) == (100, 5_000, True)
    assert one.columns["x"].tolist() == again.columns["x"].tolist() != other.columns["x"].tolist()
    assert (one.columns["half"] * 2 == one.columns["x"]).all()
    names = [f"t{i}" if i % 7 else None for i in one.columns["x"]]
    assert one.columns["name"].tolist() == names
    assert None in names


def test_joint_rows_of_each_window_and_cohort_where_none_is_left_out() -> None:
    years = [2020, 2021, None] * 4
    table = pa.table(
        {
            "x": [float(i) for i in range(12)],
            "g": ["a", "b"] * 6,
            "t": [y and dt.date(y, 5, 1) for y in years],
        }
    )
    with Run(table, sensitive=["g"], time="t", windows="1 year", features=["x"]) as run:
        cells = run(Rows("feature|sensitive", joint=True, sample=12))
        few = run(Rows("feature|sensitive", joint=True, sample=11))
    found = {place: list(zip(s.columns["x"], s.columns["g"], strict=True)) for place, s in cells.items()}
    rows = [(float(i), "ab"[i % 2], y) for i, y in enumerate(years)]
    assert found == {
        (window, cohort_key({"g": g} if g else {})): [(x, h) for x, h, y in rows if g in (None, h) and of in (None, y)]
        for window, of in (("current", None), ("2020-01-01", 2020), ("2021-01-01", 2021))
        for g in (None, "a", "b")
    }
    assert [(place, state.n, state.sampled) for place, state in few.items()] == [(("current", ()), 11, True)]


def test_an_overflow_is_an_error_of_that_number() -> None:
    with Run(
        pa.table({"y": [1.5, 2.5, 3.5] * 20, "p": [float(i) for i in range(60)]}), label="y", prediction="p"
    ) as run:
        with pytest.raises(EngineError, match="Error"):
            run(Sums(("label",), (("broken", "no_such_function(label)"),)))
        assert run(Sums(("label",), (("fine", "label * 1"),)))["current", ()].n == 60


@pytest.fixture(scope="module")
def frame() -> Iterator[pd.DataFrame]:
    rng = np.random.default_rng(1)
    return pd.DataFrame({"x": rng.normal(size=50_000), "g": rng.choice(list("abc"), 50_000)})


def test_means_are_the_same_to_the_last_bit_every_time(frame: pd.DataFrame) -> None:
    made = []
    for _ in range(3):
        with Run(frame, sensitive=["g"]) as run:
            made.append({k: (v.mean, v.m2) for k, v in run(Profile("feature"), "x").items()})
    assert made[0] == made[1] == made[2]
    assert made[0]["current", ()][0] == pytest.approx(frame.x.mean(), rel=1e-12)
    assert made[0]["current", ()][1] == pytest.approx(frame.x.var(ddof=0) * len(frame), rel=1e-9)


def test_scores_by_prediction_and_values_of_an_expression() -> None:
    table = pa.table({"y": [1, 0, None, 1], "p": [0, 0, 1, None], "s": [0.5, 0.5, 0.7, None]})
    with Run(table, label="y", prediction="p", score="s") as run:
        by_label, by_prediction = (run(Scores(by))["current", ()] for by in ("label", "prediction"))
        assert plain(by_label) == plain(Scored(np.array([0.5]), np.array([1]), np.array([1]), 2))
        assert plain(by_prediction) == plain(Scored(np.array([0.5, 0.7]), np.array([2, 0]), np.array([0, 1]), 1))
        error = run(ValuesOf(("score", "label"), "abs(label - score)"))["current", ()]
        assert plain(error) == plain(Ordered(np.array([0.5]), np.array([2]), 2))
