"""Large numeric columns in fine bins hold, to the row, what plain sorting gives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dte_panel.engine import numeric, parquet, pieces, tally
from dte_panel.engine.duckdb import Cells
from dte_panel.engine.grid import Grid, grid_of
from dte_panel.engine.layout import resolve
from dte_panel.engine.plan import Request
from dte_panel.engine.sources import connect, open_source
from dte_panel.engine.states import Engine
from dte_panel.model import Reduction
from dte_panel.reductions import Histogram, Profile, Values
from dte_panel.spec import Spec
from dte_panel.states import Binned, Ordered, Profiled

ROWS = 6_000
NODES = (Values("feature"), Profile("feature"), Histogram("feature"))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is large in these tests, and reads of several batches and blocks."""
    monkeypatch.setattr(numeric, "EXACT_ROWS", 1_000)
    monkeypatch.setattr(numeric, "BINS", 256)
    monkeypatch.setattr(tally, "BLOCK", 1_024)


def columns(rng: np.random.Generator, rows: int, moved: float) -> dict[str, Any]:
    """Awkward columns of every sort."""
    special = rng.choice([np.nan, np.inf, -np.inf, 1.0, 2.5, -7.0], rows)
    heavy = np.exp(3 * rng.normal(size=rows))
    heavy[0] = 1e12
    return {
        "uniform": rng.uniform(size=rows) + 0.1 * moved,
        "normal": pa.array(rng.normal(size=rows) + moved, mask=rng.random(rows) < 0.05),
        "heavy": heavy,
        "mostly zero": np.where(rng.random(rows) < 0.6, 0.0, rng.normal(size=rows) + moved),
        "small whole": rng.integers(-5 + int(moved), 90, rows),
        "large whole": rng.integers(0, 10**12, rows),
        "beyond floats": rng.integers(2**62, 2**63 - 1, rows),
        "constant": np.full(rows, 3.0 + moved),
        "special": pa.array(special, mask=rng.random(rows) < 0.1, from_pandas=False),
        "none finite": np.full(rows, np.nan),
        "decimals": np.round(rng.gamma(2, 20, rows) + moved, 1),
        "tiny": rng.uniform(size=rows) * 5e-310,
        "huge": rng.normal(size=rows) * 1e307,
        "time": np.sort(rng.uniform(1.7e9, 1.7e9 + 1e3, rows)),
    }


def frame(seed: int, rows: int = ROWS, moved: float = 0.0) -> pa.Table:
    rng = np.random.default_rng(seed)
    keys = {"g": rng.choice(["a", "b", "c"], rows), "year": np.sort(rng.integers(2001, 2005, rows))}
    return pa.table({**columns(rng, rows, moved), **keys})


NAMES = list(columns(np.random.default_rng(0), 8, 0.0))
SIDES = {"reference": frame(1), "current": frame(2, 5_000, 0.5)}


def reduced(
    sides: dict[str, Any], nodes: tuple[Reduction, ...] = NODES, *, exact: bool = False, plain: bool = False
) -> dict[Any, Cells]:
    """The states of every node and column; ``plain``: of all rows alone."""
    with pytest.MonkeyPatch.context() as patch:
        if exact:
            patch.setattr(numeric, "EXACT_ROWS", 10**9)
        connection = connect()
        try:
            opened = {name: open_source(connection, name, table) for name, table in sides.items()}
            cut = {} if plain else {"sensitive": ["g"], "time": "year", "windows": "1 year"}
            spec = Spec.from_arguments(**cut)
            layout = resolve(connection, spec, opened["current"], opened.get("reference"))
            engine = Engine(connection, opened, layout)
            cuts = {"windows": not plain, "cohorts": not plain}
            engine.plan(Request(node, column, **cuts) for column in NAMES for node in nodes)
            found = {}
            for column in NAMES:
                for (node, name), cells in engine.states(column).items():
                    assert not isinstance(cells, str), cells
                    found[type(node), name] = cells
            return found
        finally:
            connection.close()


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[dict[Any, Cells], dict[Any, Cells]]]:
    """In bins, and sorted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numeric, "EXACT_ROWS", 1_000)
        patch.setattr(numeric, "BINS", 256)
        patch.setattr(tally, "BLOCK", 1_024)
        yield reduced(SIDES), reduced(SIDES, exact=True)


@pytest.mark.parametrize("column", NAMES)
def test_bins_hold_the_rows_that_sorting_puts_there(both: Any, column: str) -> None:
    fine, plain = (side[Values, column] for side in both)
    assert set(fine) == set(plain), "the same windows and cohorts"
    assert len(fine) == 4 + 4 * (1 + 4), "4 cohorts of the reference; 4 of current, whole and in 4 windows"
    for place, state in fine.items():
        assert isinstance(state, Ordered)
        other = plain[place]
        assert isinstance(other, Ordered)
        assert (state.n, state.missing) == (other.n, other.missing)
        if state.exact:
            assert state.values.tolist() == other.values.tolist()
            assert state.counts.tolist() == other.counts.tolist()
            continue
        assert state.highs is not None
        assert state.excess is not None
        assert (state.values <= state.highs).all()
        assert (state.highs[:-1] < state.values[1:]).all()
        _, filled = state.aligned(other)
        assert filled.counts.tolist() == state.counts.tolist(), place
        assert filled.excess is not None
        assert state.excess == pytest.approx(filled.excess, rel=1e-9, abs=1e-9 * (filled.excess.max() + 5e-324))


@pytest.mark.parametrize("column", ["small whole", "constant", "special", "none finite"])
def test_few_values_stay_exact(both: Any, column: str) -> None:
    fine = both[0][Values, column]
    # A current value that the reference does not have may share an open bin.
    sides = ("reference",) if column == "constant" else ("reference", "current")
    assert all(fine[side, ()].exact for side in sides)


@pytest.mark.parametrize("column", NAMES)
def test_profiles_agree_with_the_database(both: Any, column: str) -> None:
    fine, plain = (side[Profile, column] for side in both)
    assert set(fine) == set(plain)
    for place, state in fine.items():
        other = plain[place]
        assert isinstance(state, Profiled)
        known = ("n", "nulls", "nans", "infinities", "minimum", "maximum")
        assert {k: getattr(state, k) for k in known} == {k: getattr(other, k) for k in known}
        if state.mean is None:
            assert other.mean is None
        else:
            assert state.mean == pytest.approx(other.mean, rel=1e-13)
            assert state.m2 == pytest.approx(other.m2, rel=1e-9, abs=1e-12 * state.n * state.mean**2)


@pytest.mark.parametrize("column", NAMES)
def test_quantile_bins_are_exact_sets_of_about_equal_weight(both: Any, column: str) -> None:
    fine, plain = both[0][Histogram, column], both[1][Values, column]
    edges = {state.edges for state in fine.values()}
    assert len(edges) == 1
    for place, state in fine.items():
        other = plain[place]
        expected = other.binned(*edges, None, 0, 0).counts
        assert {k: n for k, n in state.counts.items() if k not in (None, "nan")} == expected
    if column in ("uniform", "heavy", "large whole"):
        shares = np.array(list(fine["reference", ()].counts.values())) / ROWS
        assert len(shares) == 10
        assert shares == pytest.approx(0.1, abs=0.01)
    if column == "constant":
        # What lies above the largest value of the reference is a bin of its own.
        assert set(fine["current", ()].counts) & set(fine["reference", ()].counts) == set()


def test_windows_and_cohorts_add_up_to_the_whole(both: Any) -> None:
    for (kind, column), cells in both[0].items():
        whole = cells["current", ()]
        windows = [state for (name, cohort), state in cells.items() if name[:2] == "20" and not cohort]
        cohorts = [state for (name, cohort), state in cells.items() if name == "current" and len(cohort) == 1]
        for parts in (windows, cohorts):
            made = parts[0]
            for part in parts[1:]:
                made = made.merge(part)
            if kind is Values:
                assert (made.n, made.missing) == (whole.n, whole.missing), column
                assert made.aligned(whole)[0].counts.tolist() == made.aligned(whole)[1].counts.tolist(), column
            elif isinstance(whole, Binned):
                assert made.counts == whole.counts
            else:
                assert (made.n, made.minimum, made.maximum) == (whole.n, whole.minimum, whole.maximum)


def test_the_same_to_the_last_bit_whatever_the_threads_and_reads(both: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numeric, "THREADS", 1)
    monkeypatch.setattr(numeric, "READ_COLUMNS", 3)
    monkeypatch.setattr(numeric, "READ_BYTES", 1)
    again = reduced(SIDES)
    assert set(again) == set(both[0])
    for key, cells in again.items():
        for place, state in cells.items():
            before = both[0][key][place]
            if isinstance(state, Ordered):
                for name in ("values", "counts", "highs", "excess"):
                    a, b = getattr(state, name), getattr(before, name)
                    assert (a is None) == (b is None)
                    assert a is None or a.tobytes() == b.tobytes(), (key, place)
            else:
                assert state == before, (key, place)


def near(one: float | None, other: float | None) -> bool:
    """The same but for rounding."""
    return one == other if one is None or other is None else one == pytest.approx(other, rel=1e-10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both sides in two files each, of several row groups; a column is of two types, and names hold dots."""
    made = tmp_path_factory.mktemp("files")
    for side, table in SIDES.items():
        for part, rows in enumerate((table.slice(0, 3_500), table.slice(3_500))):
            kind = pa.float32() if part else pa.float64()
            at = rows.column_names.index("decimals")
            mixed = rows.set_column(at, "decimals", rows["decimals"].cast(kind))
            dotted = mixed.append_column("normal.more", mixed["time"])
            pq.write_table(dotted, made / f"{side}_{part}.parquet", row_group_size=1_500)
    return made


@pytest.mark.parametrize("plain", [True, False])
def test_files_hold_what_the_database_reads_in_them(folder: Path, plain: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    sides = {side: str(folder / f"{side}_*.parquet") for side in SIDES}
    straight = reduced(sides, plain=plain)
    monkeypatch.setattr(parquet.Files, "numbers", lambda self, name: None)
    through = reduced(sides, plain=plain)
    assert set(straight) == set(through)
    for key, cells in straight.items():
        assert set(cells) == set(through[key])
        for place, state in cells.items():
            other = through[key][place]
            if isinstance(state, Binned):
                assert state == other
            elif isinstance(state, Ordered):
                assert (state.values.tolist(), state.counts.tolist()) == (other.values.tolist(), other.counts.tolist())
                if state.excess is not None:
                    assert state.excess == pytest.approx(other.excess, rel=1e-9, abs=1e-9 * other.excess.max())
            else:
                assert (state.n, state.nulls, state.nans) == (other.n, other.nulls, other.nans)
                assert near(state.mean, other.mean)


def test_a_column_of_two_types_is_left_to_the_database(folder: Path) -> None:
    files = parquet.Files(sorted(folder.glob("current_*.parquet")))
    assert [name for name in NAMES if files.numbers(name) is None] == ["decimals"]
    assert files.numbers("g") is None
    assert files.numbers("none such") is None


def test_in_order_or_by_place_the_same(folder: Path) -> None:
    """One place that is sorted, and the same rows where each has the number of its place."""
    for name in NAMES:
        chunks = list(parquet.Column([(folder / "current_0.parquet", None)], name))
        grid, centre = numeric.grid_over([numeric.look(chunks, 1)], 64)
        one, other = tally.Tally(grid, 1, centre), tally.Tally(grid, 1, centre)
        for chunk in chunks:
            one.add(chunk, None)
            other.add(chunk, np.zeros(len(chunk), dtype=np.int32))
        a, b = one.column([0]), other.column([0])
        assert a.ordered.counts.tolist() == b.ordered.counts.tolist(), name
        known = ("n", "nulls", "nans", "infinities", "minimum", "maximum")
        assert [getattr(a.profile, k) for k in known] == [getattr(b.profile, k) for k in known], name
        assert near(a.profile.mean, b.profile.mean)
        assert near(a.profile.m2, b.profile.m2)
        if a.ordered.excess is not None:
            assert a.ordered.excess == pytest.approx(b.ordered.excess, rel=1e-9, abs=1e-9 * b.ordered.excess.max())


def test_no_bin_lies_across_a_number_that_is_asked_for() -> None:
    cells = reduced(SIDES, (Values("feature", (0.123456,)),), plain=True)[Values, "normal"]
    for side, table in SIDES.items():
        state, x = cells[side, ()], table["normal"].drop_null().to_numpy()
        assert not state.exact
        assert state.below[np.searchsorted(state.values, 0.123456)] == (x < 0.123456).sum()


def test_without_a_reference_the_current_rows_give_the_bins() -> None:
    found = reduced({"current": SIDES["current"]}, (Values("feature"),))
    assert {name for name, _ in found[Values, "normal"]} == {
        "current",
        "2001-01-01",
        "2002-01-01",
        "2003-01-01",
        "2004-01-01",
    }


def test_too_many_windows_and_cohorts_are_sorted_each(monkeypatch: pytest.MonkeyPatch, both: Any) -> None:
    monkeypatch.setattr(pieces, "MOST_PLACES", 2)
    found = reduced(SIDES, (Values("feature"),))
    assert all(state.exact for cells in found.values() for state in cells.values())
    assert set(found[Values, "normal"]) == set(both[0][Values, "normal"])


def test_an_interrupt_ends_the_count_and_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    before, added = threading.active_count(), []

    def interrupted(chunks: Any, *_: Any) -> Any:
        added.append(chunks)
        # Long enough for the first one to be heard.
        Event().wait(0.2)
        raise KeyboardInterrupt

    monkeypatch.setattr(numeric, "look", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reduced(SIDES)
    assert len(added) <= 1 + 2 * numeric.THREADS, "columns that had not begun do not begin"
    assert threading.active_count() == before


def test_a_count_that_is_stopped_leaves_its_rows() -> None:
    stop = Event()
    stop.set()
    with pytest.raises(InterruptedError):
        numeric.counted([parquet.Chunk(pa.array([1.0]))], numeric.Cuts(Grid(np.zeros(1)), 0.0), [(((),), None)], stop)


NUMBERS = st.lists(
    st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0.0, -0.0, 1.0, 1.5, 5e-324, 1.7e308, -1.7e308]),
    min_size=1,
    max_size=60,
)


@settings(deadline=None, max_examples=150)
@given(sample=NUMBERS, values=NUMBERS, bins=st.integers(2, 40))
def test_every_number_falls_into_its_bin(sample: list[float], values: list[float], bins: int) -> None:
    chosen = np.array(sample)
    grid = grid_of(chosen, (float(chosen.min()), float(chosen.max())), bins, whole=False)
    x = np.array([*values, *grid.edges, *np.nextafter(grid.edges, -1e308)])
    scratch, cells, out = np.empty(len(x)), np.empty(len(x), np.int64), np.empty(len(x), np.int64)
    assert grid.place(x, scratch, cells, out).tolist() == np.searchsorted(grid.edges, x, side="right").tolist()
    assert (grid.edges[1:] > grid.edges[:-1]).all()


def test_many_edges_in_one_cell_are_searched() -> None:
    edges = np.concatenate([np.arange(100) * 1e-9, [1e9]])
    x = np.random.default_rng(0).uniform(-1e-8, 2e-7, 1_000)
    scratch, cells, out = np.empty(1_000), np.empty(1_000, np.int64), np.empty(1_000, np.int64)
    assert Grid(edges).place(x, scratch, cells, out).tolist() == np.searchsorted(edges, x, side="right").tolist()
