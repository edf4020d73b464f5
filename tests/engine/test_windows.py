"""Windows are half-open, begin where the calendar or `start` says, and are counted in UTC."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dte_panel.engine import windows
from dte_panel.engine.duckdb import Reducer
from dte_panel.engine.layout import resolve
from dte_panel.engine.plan import Request
from dte_panel.engine.sources import Connection, connect, open_source
from dte_panel.errors import InputError
from dte_panel.reductions import Profile, Values
from dte_panel.spec import Spec

D = dt.datetime


@pytest.fixture
def connection() -> Iterator[Connection]:
    made = connect()
    yield made
    made.close()


def counts(times: Any, every: str, start: str | None = None, kind: Any = None) -> dict[str, int]:
    """Rows of each window, and of current."""
    data = times if isinstance(times, pa.Table) else pa.table({"t": pa.array(times, kind), "x": np.arange(len(times))})
    cut = {"every": every} | ({"start": start} if start else {})
    spec = Spec.from_arguments(time="t", windows=cut)
    connection = connect()
    try:
        source = open_source(connection, "current", data, keep_text=("t",))
        layout = resolve(connection, spec, source, None)
        states = {}
        for node in (Profile("feature"), Values("feature")):
            cells = Reducer(connection, source, layout).reduce(Request(node, "x", windows=True))
            states[type(node)] = {window: state.n for (window, _), state in cells.items()}
        assert states[Profile] == states[Values], "both ways of cutting agree"
        assert sorted(layout.starts.values()) == sorted(set(states[Profile]) - {"current"})
        return states[Profile]
    finally:
        connection.close()


MOMENTS = [
    D(2019, 12, 31, 23, 59, 59, 999_999),
    D(2020, 1, 1),
    D(2020, 2, 29, 12),
    D(2020, 3, 31, 23, 59, 59),
    D(2020, 4, 1),
    D(2020, 4, 1),
    D(2021, 1, 1),
]


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("1 year", {"2019-01-01": 1, "2020-01-01": 5, "2021-01-01": 1}),
        ("2 years", {"2018-01-01": 1, "2020-01-01": 6}),
        ("1 quarter", {"2019-10-01": 1, "2020-01-01": 3, "2020-04-01": 2, "2021-01-01": 1}),
        (
            "1 month",
            {"2019-12-01": 1, "2020-01-01": 1, "2020-02-01": 1, "2020-03-01": 1, "2020-04-01": 2, "2021-01-01": 1},
        ),
        ("6 months", {"2019-07-01": 1, "2020-01-01": 5, "2021-01-01": 1}),
        ("1 week", {"2019-12-30": 2, "2020-02-24": 1, "2020-03-30": 3, "2020-12-28": 1}),
        (
            "1 day",
            {"2019-12-31": 1, "2020-01-01": 1, "2020-02-29": 1, "2020-03-31": 1, "2020-04-01": 2, "2021-01-01": 1},
        ),
        (
            "12 hours",
            {
                "2019-12-31T12:00:00": 1,
                "2020-01-01T00:00:00": 1,
                "2020-02-29T12:00:00": 1,
                "2020-03-31T12:00:00": 1,
                "2020-04-01T00:00:00": 2,
                "2021-01-01T00:00:00": 1,
            },
        ),
    ],
)
def test_rows_of_each_window(every: str, expected: dict[str, int]) -> None:
    assert counts(MOMENTS, every) == {**expected, "current": 7}


@pytest.mark.parametrize(
    ("every", "start", "expected"),
    [
        ("1 month", "2020-01-15", {"2019-12-15": 2, "2020-02-15": 1, "2020-03-15": 3, "2020-12-15": 1}),
        ("1 year", "2020-04-01", {"2019-04-01": 4, "2020-04-01": 3}),
        (
            "2 weeks",
            "2020-04-01",
            {"2019-12-25": 2, "2020-02-19": 1, "2020-03-18": 1, "2020-04-01": 2, "2020-12-23": 1},
        ),
        (
            "1 week",
            "2020-01-01",
            {"2019-12-25": 1, "2020-01-01": 1, "2020-02-26": 1, "2020-03-25": 1, "2020-04-01": 2, "2020-12-30": 1},
        ),
        (
            "30 days",
            "2020-01-01",
            {"2019-12-02": 1, "2020-01-01": 1, "2020-01-31": 1, "2020-03-31": 3, "2020-12-26": 1},
        ),
        ("1 quarter", "2030-02-01", {"2019-11-01": 2, "2020-02-01": 4, "2020-11-01": 1}),
    ],
)
def test_a_window_begins_on_the_start(every: str, start: str, expected: dict[str, int]) -> None:
    assert counts(MOMENTS, every, start) == {**expected, "current": 7}


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.datetimes(D(1900, 1, 1), D(2100, 1, 1)), min_size=1, max_size=20),
    st.sampled_from(["5 hours", "1 day", "10 days", "1 week", "1 month", "5 months", "1 quarter", "3 years"]),
    st.dates(dt.date(1990, 1, 1), dt.date(2030, 1, 1)),
)
def test_every_row_lies_in_the_window_that_names_it(times: list[dt.datetime], every: str, start: dt.date) -> None:
    start = start.replace(day=min(start.day, 28))
    count, unit = every.split()
    length = pd.DateOffset(**{unit.rstrip("s") + "s": int(count)}) if unit != "quarter" else pd.DateOffset(months=3)
    found = counts(times, every, start.isoformat())
    expected: Counter[str] = Counter()
    for time in times:
        holds = [s for s in found if s != "current" and pd.Timestamp(s) <= time < pd.Timestamp(s) + length]
        assert len(holds) == 1, (time, found)
        expected[holds[0]] += 1
    assert found == {**expected, "current": len(times)}


@pytest.mark.parametrize("day", [29, 30, 31])
def test_months_cannot_begin_on_a_day_that_some_months_lack(day: int) -> None:
    with pytest.raises(InputError, match=rf"windows\.start: windows of months cannot begin on day {day}\. Use a day"):
        counts(MOMENTS, "1 month", f"2020-01-{day}")


@pytest.mark.parametrize(
    "years",
    [
        pa.array([2016, 2016, None, 2018], pa.int16()),
        pa.array([2016, 2016, None, 2018], pa.uint64()),
        pa.array([2016.0, 2016.0, None, 2018.0]),
        pa.array([2016.0, 2016.0, float("nan"), 2018.0], from_pandas=False),
        pa.array(["2016", "2016", None, "2018"]),
        pa.array([dt.date(2016, 1, 1), dt.date(2016, 12, 31), None, dt.date(2018, 5, 5)]),
    ],
    ids=["int16", "uint64", "float", "NaN", "text", "date"],
)
def test_years_as_numbers_and_rows_without_a_time(years: pa.Array) -> None:
    found = counts(pa.table({"t": years, "x": [1, 2, 3, 4]}), "1 year")
    assert found == {"2016-01-01": 2, "2018-01-01": 1, "current": 4}


@pytest.mark.parametrize(
    ("texts", "every", "expected"),
    [
        (["2020-01-01", "2020-01-01 23:59:59", "2020-01-02T00:00:00"], "1 day", {"2020-01-01": 2, "2020-01-02": 1}),
        (["2020-01-01T00:30:00+01:00", "2020-01-01T01:00:00+01:00"], "1 day", {"2019-12-31": 1, "2020-01-01": 1}),
        (["2020-01-01T00:30:00Z", "2020-01-01T23:30:00Z"], "1 day", {"2020-01-01": 2}),
        (["2020-01-01 00:30:00-0500", "2020-01-01 19:00:00.5-0500"], "1 day", {"2020-01-01": 1, "2020-01-02": 1}),
    ],
)
def test_times_as_text(texts: list[str], every: str, expected: dict[str, int]) -> None:
    assert counts(texts, every) == {**expected, "current": len(texts)}


def test_aware_times_are_counted_in_utc_across_a_clock_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    # 2020-03-29 has 23 hours in Berlin; its first two lie on the day before in UTC.
    local = [
        D(2020, 3, 29, 0, 30, tzinfo=berlin),
        D(2020, 3, 29, 1, 30, tzinfo=berlin),
        D(2020, 3, 29, 23, 30, tzinfo=berlin),
    ]
    expected = Counter(t.astimezone(dt.UTC).date().isoformat() for t in local)
    assert counts(pd_table(pd.Series(local)), "1 day") == {**expected, "current": 3}
    assert expected == {"2020-03-28": 1, "2020-03-29": 2}
    # The hour that comes twice in October is two hours.
    twice = [D(2020, 10, 25, 2, 30, tzinfo=berlin, fold=fold) for fold in (0, 1)]
    found = counts(pd_table(pd.Series(twice)), "1 hour")
    assert found == {"2020-10-25T00:00:00": 1, "2020-10-25T01:00:00": 1, "current": 2}


def pd_table(times: pd.Series) -> pa.Table:
    return pa.table({"t": pa.Array.from_pandas(times), "x": np.arange(len(times))})


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_every_resolution_of_a_time_stamp(unit: str) -> None:
    assert counts([D(2020, 1, 1), D(2021, 1, 1)], "1 year", kind=pa.timestamp(unit)) == {
        "2020-01-01": 1,
        "2021-01-01": 1,
        "current": 2,
    }


WRONG = {
    "numbers that are no years": ([20160101, 20170101], "holds numbers from 20160101 to 20170101, which are not years"),
    "negative years": ([-3, 2016], "which are not years"),
    "fractions": ([2016.5, 2017.0], "which are not years"),
    "truth": ([True, False], "holds boolean values"),
    "text": (["2020-01-01", "yesterday"], "holds text that is not a time, such as 'yesterday'"),
    "nothing": (pa.array([None, None], pa.timestamp("us")), "has no values"),
    "nothing but NaN": (pa.array([float("nan")] * 2, from_pandas=False), "has no values"),
    "lists": ([[1], [2]], "holds values that cannot be a time"),
    "two offsets": (["2020-01-01T00:00:00+01:00", "2020-07-01T00:00:00+02:00"], r"mixes time zones (+01:00, +02:00)"),
    "offset and none": (["2020-01-01T00:00:00+01:00", "2020-07-01T00:00:00"], r"mixes time zones (+01:00, none)"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_columns_that_are_no_times(kind: str) -> None:
    times, said = WRONG[kind]
    with pytest.raises(InputError) as caught:
        counts(pa.table({"t": times, "x": [1, 2]}), "1 year")
    assert said in str(caught.value)
    assert "roles.time" in caught.value.where
    assert "column 't'" in caught.value.message
    assert caught.value.hint


AWARE = pa.array([D(2020, 1, 1)], pa.timestamp("us", "UTC"))
NAIVE = pa.array([D(2020, 1, 1)])


@pytest.mark.parametrize(
    ("now", "before"),
    [(AWARE, NAIVE), (NAIVE, AWARE), (["2020-01-01T00:00:00Z"], NAIVE), (["2020-01-01T00:00:00"], AWARE)],
    ids=["aware now", "aware before", "text with an offset now", "text without one now"],
)
def test_both_sides_are_aware_or_neither(now: Any, before: Any, connection: Connection) -> None:
    sides = [
        open_source(connection, name, pa.table({"t": times}))
        for name, times in (("current", now), ("reference", before))
    ]
    with pytest.raises(InputError, match="'t' mixes time zones"):
        resolve(connection, Spec.from_arguments(time="t"), *sides)


def test_years_and_times_go_together(connection: Connection) -> None:
    sides = [
        open_source(connection, name, pa.table({"t": times}))
        for name, times in (("current", AWARE), ("reference", [2019]))
    ]
    assert resolve(connection, Spec.from_arguments(time="t"), *sides).grid is None


def test_too_many_windows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "MOST_WINDOWS", 3)
    times = [D(2020, 1, day) for day in range(1, 6)]
    assert len(counts(times, "2 days")) == 3 + 1
    with pytest.raises(InputError, match=r"windows\.every: gives 5 windows; 3 are the most\. Use longer windows"):
        counts(times, "1 day")


def test_a_column_called_like_the_query_s_own(connection: Connection) -> None:
    table = pa.table({"w": ["x", None], "t": [2016, 2017]})
    source = open_source(connection, "current", table)
    layout = resolve(connection, Spec.from_arguments(time="t", windows="1 year"), source, None)
    assert list(layout.starts.values()) == ["2016-01-01", "2017-01-01"]


def test_newest_time(connection: Connection) -> None:
    table = pa.table({"t": ["2020-01-01T00:30:00+01:00", None], "y": [2016, 2017]})
    source = open_source(connection, "current", table)
    assert windows.newest(connection, source, "t") == "2019-12-31T23:30:00"
    assert windows.newest(connection, source, "y") == "2017-01-01T00:00:00"
