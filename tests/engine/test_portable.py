"""The same reductions in other databases, and in parts, give the same states."""

from __future__ import annotations

import datetime as dt
import math
import os
import random
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dte_panel import registry
from dte_panel.engine import plan
from dte_panel.engine.duckdb import Cells, EngineError, Reducer
from dte_panel.engine.layout import Layout, resolve
from dte_panel.engine.parts import merged
from dte_panel.engine.plan import Request
from dte_panel.engine.portable import PortableReducer, printed
from dte_panel.engine.sources import Source, connect, open_source
from dte_panel.reductions import (
    Categories,
    Counts,
    Crossed,
    Digests,
    Distinct,
    Histogram,
    Means,
    Overlap,
    Profile,
    Rows,
    Scores,
    Slices,
    Sums,
    Values,
    ValuesOf,
)
from dte_panel.spec import Spec, read
from dte_panel.states import Digested, DistinctCount, JointSample, Profiled, Sample, Sliced

LACKING = [
    *([] if shutil.which("java") else ["Java (Debian: openjdk-17-jre-headless)"]),
    *([] if find_spec("pyspark") else ["pyspark (uv sync --group spark)"]),
]
#: Locally a missing Spark skips, and says so; where everything must hold it fails.
needs_spark = pytest.mark.skipif(bool(LACKING) and not os.environ.get("CI"), reason=f"needs {' and '.join(LACKING)}")

FLOATS = [1.5, None, math.nan, math.inf, -math.inf, -0.0, 0.0, 1e-05, 123456789.125, 1e20, 2.0, 2.0, 5e-324, 0.1]
TEXTS = ["a", "A", "", None, "it's", 'quo"te', "back\\slash", "ünïcode 名", " a", "null", "`tick`", "%s {x}"]
NASTY = 'the "g"; -- `x` \\ 名'


def awkward(rows: int, seed: int) -> pa.Table:
    """Every kind of value that a database may see another way."""
    draw = random.Random(seed)  # noqa: S311 - data for a test

    def some(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
        return pa.array([draw.choice(values) for _ in range(rows)], kind, from_pandas=False)

    days = [dt.date(1969, 12, 31), dt.date(2024, 2, 29), dt.date(2026, 11, 23), None]
    moments = [dt.datetime(1969, 12, 31, 23, 59, 59, 500_000), dt.datetime(2024, 2, 29, 23, 59), None]
    moments += [dt.datetime(2024, 3, 1) + dt.timedelta(hours=7 * i) for i in range(20)]
    return pa.table(
        {
            "y": some([0, 1, 1, None], pa.int8()),
            "p": some([0.0, 1.0, None, math.nan], pa.float64()),
            "s": some([0.25, 0.5, 0.5, 0.75, None, math.nan, math.inf], pa.float64()),
            NASTY: some(TEXTS, pa.string()),
            "flag": some([True, False, None], pa.bool_()),
            "number": some(FLOATS, pa.float64()),
            "small": some([0.1, 0.2, 2.0, None, math.nan], pa.float32()),
            "huge": some([2**63 - 1, -(2**63), 2**53 + 1, 7, None], pa.int64()),
            "constant": some([3], pa.int32()),
            "empty": some([None], pa.float64()),
            "day": some(days, pa.date32()),
            "c": some(TEXTS, pa.string()),
            "t": some(moments, pa.timestamp("us")),
        }
    )


class Both:
    """One table in several files, laid out by DuckDB: reduced whole, and file by file, here and elsewhere."""

    def __init__(self, files: Sequence[Path], spec: Spec) -> None:
        self.connection = connect()
        self.source = open_source(self.connection, "current", str(files[0].parent / "*.parquet"))
        self.layout: Layout = resolve(self.connection, spec, self.source, None)
        self.files, self.edges = list(files), dict[Any, Any]()

    def here(self, request: Request) -> Cells:
        return Reducer(self.connection, self.source, self.layout, self.edges).reduce(request)

    def elsewhere(self, request: Request, other: Other) -> Cells:
        return other.reducer(self.source, self.files, self.layout, self.edges).reduce(request)

    def in_parts(self, request: Request, other: Other) -> Cells:
        return merged(other.reducer(self.source, [f], self.layout, self.edges).reduce(request) for f in self.files)


class Other:
    """Another database with the same files."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def reducer(self, source: Source, files: Sequence[Path], layout: Layout, edges: Any) -> PortableReducer:
        self.session.read.parquet(*map(str, files)).createOrReplaceTempView(source.name)
        return PortableReducer(lambda query: self.session.sql(query).collect(), "spark", source, layout, edges)


class AlsoDuckDB(Other):
    """DuckDB by the portable way: all in SQL, numbers written in Python."""

    def reducer(self, source: Source, files: Sequence[Path], layout: Layout, edges: Any) -> PortableReducer:
        listed = ", ".join(f"'{f}'" for f in files)
        self.session.execute(f'CREATE OR REPLACE VIEW "current" AS SELECT * FROM read_parquet([{listed}])')

        def run(query: str) -> Iterable[Sequence[Any]]:
            return self.session.execute(query).fetchall()  # type: ignore[no-any-return]

        return PortableReducer(run, "duckdb", source, layout, edges)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Other]:
    assert not LACKING, f"needs {' and '.join(LACKING)}"
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-Dlog4j2.level=ERROR",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.local.dir": str(folder),
    }
    builder = SparkSession.builder.master("local[2]").appName("dte-panel")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield Other(session)
    finally:
        session.stop()


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("awkward")
    files = [folder / f"{name}.parquet" for name in "ab"]
    for file, rows, seed in zip(files, (60, 90), (1, 2), strict=True):
        pq.write_table(awkward(rows, seed), file)
    spec = Spec.from_arguments(
        label="y",
        prediction="p",
        score="s",
        sensitive=[NASTY, "flag", "small"],
        cohorts=[["flag", NASTY]],
        time="t",
        windows="1 day",
    )
    both = Both(files, spec)
    yield both
    both.connection.close()


@pytest.fixture
def also_duckdb() -> Iterator[AlsoDuckDB]:
    connection = connect()
    yield AlsoDuckDB(connection)
    connection.close()


def alike(one: Any, other: Any, size: float = 1.0) -> bool:
    """Equal; means and sums of squared deviations to the last bits, for their sums are made in another order.

    A mean of numbers that cancel out knows no more digits than the largest of them (``size``).
    """
    if isinstance(one, JointSample):
        return in_any_order(one) == in_any_order(other)
    if isinstance(one, Digested) and isinstance(other, Digested):
        # Each database digests in its own way.
        one, other = sorted(one.counts), sorted(other.counts)
    if isinstance(one, Profiled):
        size = max(abs(one.minimum or 0), abs(one.maximum or 0), 1e-300)
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=1e-12, abs=1e-13 * size)
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other))
    if is_dataclass(one):
        mine, others = ({f.name: getattr(state, f.name) for f in fields(state)} for state in (one, other))
        return type(one) is type(other) and alike(mine, others, size)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(v, other[k], size) for k, v in one.items())
    return bool(one == other)


def in_any_order(rows: JointSample) -> list[tuple[str, ...]]:
    """Rows as texts: no database promises an order."""
    columns = [np.ma.masked_array(values).tolist() for values in rows.columns.values()]
    return sorted(tuple(map(str, row)) for row in zip(*columns, strict=True))


SUMS = Sums(("label", "score"), (("error", "abs(label - score)"), ("odds", "score / (1 - label)")))
ERRORS = ValuesOf(("label", "score"), "abs(label - score)")
ROWS = Rows("label|score|sensitive", 1_000, joint=True)
CROSSED = [Counts("label", "prediction"), Counts("sensitive"), Scores(), Scores("prediction"), SUMS, ERRORS, ROWS]
#: Only of all rows.
WHOLE = Request(Slices("sensitive|feature", most=6), None)
COLUMNS = [
    *((node, name) for node in (Profile(""), Values(""), Histogram("", 4)) for name in ("number", "huge", "small")),
    *(
        (node, name)
        for node in (Crossed("", ("label", "prediction"), 4), Means("", "label", 4))
        for name in ("number", "c")
    ),
    *((Profile(""), name) for name in ("empty", "constant", "c", "day")),
    *((node, "c") for node in (Categories(""), Histogram(""))),
    (Categories(""), "flag"),
]
EVERY = [
    Request(node, column, windows=True, cohorts=True) for node, column in [*((n, None) for n in CROSSED), *COLUMNS]
]


def ids(request: Request) -> str:
    return f"{type(request.reduction).__name__}-{request.column or len(getattr(request.reduction, 'columns', ''))}"


def same(both: Both, request: Request, other: Other, *, parts: bool = True) -> None:
    here = both.here(request)
    if request.windows:
        assert len(here) > 20, "windows and cohorts, empty ones left out"
    adds_up = parts and request.reduction != ROWS
    for there in (both.elsewhere(request, other), *([both.in_parts(request, other)] if adds_up else [])):
        assert there.keys() == here.keys()
        assert [place for place in here if not alike(there[place], here[place])] == []


@pytest.mark.slow
@pytest.mark.parametrize("request_", EVERY, ids=ids)
def test_the_sql_form_is_the_arrays_form(request_: Request, table: Both, also_duckdb: Other) -> None:
    same(table, request_, also_duckdb)


@pytest.mark.slow
def test_slices_are_the_same_in_sql_alone_and_add_up(table: Both, also_duckdb: Other) -> None:
    (state,) = table.here(WHOLE).values()
    assert isinstance(state, Sliced)
    assert len(state.tables) > 6, "columns and pairs of them"
    same(table, WHOLE, also_duckdb)


@pytest.mark.parametrize("roles", ["*", "feature|text|sensitive"])
def test_digests_are_the_same_in_sql_alone_and_add_up(roles: str, table: Both, also_duckdb: Other) -> None:
    request = Request(Digests(roles), None)
    same(table, request, also_duckdb)
    (here,), (there,) = table.here(request).values(), table.in_parts(request, also_duckdb).values()
    assert isinstance(here, Digested)
    assert isinstance(there, Digested)
    assert here.digests.tolist() == there.digests.tolist(), "of one database they are the same"


@needs_spark
@pytest.mark.slow
def test_spark_tells_rows_apart_as_duckdb_does(table: Both, spark: Other) -> None:
    same(table, Request(Digests("column:flag|column:small|label"), None), spark)
    same(table, Request(Digests("*"), None), spark)


@needs_spark
@pytest.mark.slow
def test_spark_slices_the_same(table: Both, spark: Other) -> None:
    same(table, WHOLE, spark)


def test_what_is_compared_can_differ(table: Both) -> None:
    (profile,) = [r for r in EVERY if r.reduction == Profile("") and r.column == "number"]
    cells = table.here(profile)
    one, other = cells["current", ()], cells["current", (("flag", "true"),)]
    assert alike(one, one)
    assert not alike(one, other)


@needs_spark
@pytest.mark.slow
@pytest.mark.parametrize("request_", EVERY, ids=ids)
def test_spark_gives_the_same_states(request_: Request, table: Both, spark: Other) -> None:
    # In parts once for each reduction: Spark takes its time.
    same(table, request_, spark, parts=request_ in {type(r.reduction): r for r in EVERY}.values())


@needs_spark
@pytest.mark.slow
def test_spark_counts_distinct_values_and_draws_as_many_rows(table: Both, spark: Other) -> None:
    for column in ("c", "huge", "constant"):
        for node in (Distinct(""), Overlap("")):
            request = Request(node, column)
            assert table.elsewhere(request, spark) == table.here(request)
    whole = Request(Rows("", 1_000), "c")
    (here,), (there,) = table.here(whole).values(), table.elsewhere(whole, spark).values()
    assert isinstance(here, Sample)
    assert isinstance(there, Sample)
    assert sorted(here.values) == sorted(there.values)
    (drawn,) = table.elsewhere(Request(Rows("", 20), "c"), spark).values()
    assert isinstance(drawn, Sample)
    assert (len(drawn.values), drawn.total) == (20, here.total)
    assert drawn.values != there.values[:20], "not the first ones"


@needs_spark
@pytest.mark.slow
def test_spark_gives_whole_rows(table: Both, spark: Other) -> None:
    joint = Request(Rows("feature|label", 1_000, joint=True), None)
    (here,), (there,) = table.here(joint).values(), table.elsewhere(joint, spark).values()
    assert isinstance(here, JointSample)
    assert isinstance(there, JointSample)
    assert (here.n, here.total, list(here.columns)) == (there.n, there.total, list(there.columns))
    for name, values in here.columns.items():
        mine, other = np.ma.masked_array(values), np.ma.masked_array(there.columns[name])
        assert sorted(map(str, mine.tolist())) == sorted(map(str, other.tolist())), name


@needs_spark
@pytest.mark.slow
def test_spark_reduces_the_demo_to_the_same_states(spark: Other) -> None:
    file = Path(str(registry.__file__)).parent / "data" / "demo" / "acs-employment" / "reference.parquet"
    connection = connect()
    source = open_source(connection, "current", file)
    layout = resolve(connection, read(file.parent / "trust.yaml"), source, None)
    loaded = registry.load()
    metrics = [m for p in loaded.plugins for m in loaded.metrics(p, loaded.settings(p, {}))]
    wanted = {type(r.reduction): r for r in plan.requests(metrics, layout) if not isinstance(r.reduction, Rows)}
    assert len(wanted) >= 7
    edges: dict[Any, Any] = {}
    here, there = Reducer(connection, source, layout, edges), spark.reducer(source, [file], layout, edges)
    try:
        for request in wanted.values():
            mine, other = here.reduce(request), there.reduce(request)
            assert other.keys() == mine.keys()
            assert [(request, place) for place in mine if not alike(other[place], mine[place])] == []
    finally:
        connection.close()


def test_states_that_do_not_add_up_are_refused(table: Both) -> None:
    cells = table.here(Request(Distinct(""), "c"))
    assert isinstance(cells["current", ()], DistinctCount)
    with pytest.raises(TypeError, match="DistinctCount do not add up"):
        merged([cells, cells])


def test_functions_inside_functions_are_printed() -> None:
    query = printed("SELECT isfinite(a / isinf(b / 2)) FROM t", "spark")
    assert "/" not in query
    assert "ISFINITE" not in query.upper()
    assert "IS_INF" not in query.upper()


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(EngineError, match="sqlglot knows no dialect 'klingon'"):
        printed("SELECT 1", "klingon")
