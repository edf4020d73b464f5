"""Event time: any time column as UTC, and the half-open windows over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from dte_panel.engine.frames import mixed_zones
from dte_panel.engine.questions import distinct, totals
from dte_panel.engine.sources import Connection, Source
from dte_panel.engine.sql import literal, quote
from dte_panel.errors import InputError

_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_OFFSET = r":[0-9]{2}(?:\.[0-9]+)?\s*(Z|[+-][0-9]{2}:?[0-9]{2})$"
#: More windows than this say that `windows.every` is too short for the data.
MOST_WINDOWS = 3_000


@dataclass(frozen=True)
class Grid:
    """Windows of equal length, numbered from an origin.

    Attributes
    ----------
    sql : str
        The window's number as an expression over a source's columns.
    count : int
        Length, in months or seconds.
    unit : {"months", "seconds"}
    origin : int
        Month number (year × 12 + month − 1) or Unix time of window 0.
    day : int
        Day of the month that windows of months begin on.
    """

    sql: str
    count: int
    unit: str
    origin: int
    day: int = 1

    def start(self, number: int) -> str:
        """The window's start as ISO text, a date where it begins at midnight."""
        if self.unit == "months":
            year, month = divmod(self.origin + number * self.count, 12)
            return f"{year:04d}-{month + 1:02d}-{self.day:02d}"
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=self.origin + number * self.count)
        midnight = self.origin % 86_400 == 0 and self.count % 86_400 == 0
        return moment.date().isoformat() if midnight else moment.replace(tzinfo=None).isoformat()


@dataclass(frozen=True)
class Time:
    """A time column as a UTC timestamp in SQL, and whether its values carry a zone (``None`` for years)."""

    sql: str
    zoned: bool | None


def read_time(connection: Connection, source: Source, column: str) -> Time:
    """Read a time column: dates, timestamps, ISO text, or whole years.

    Raises
    ------
    InputError
        The column is of another type, holds no time at all, or mixes time zones.
    """
    kind, name = source.types[column], quote(column)
    (present,) = totals(connection, source, f"COUNT({name})")
    if not present:
        raise _bad(source, column, "has no values")
    if kind == "time":
        zoned = source.zones[column]
        return Time(f"({name} AT TIME ZONE 'UTC')" if zoned else f"CAST({name} AS TIMESTAMP)", zoned)
    if kind in ("integer", "float"):
        # A column of years with gaps comes out of pandas as floats, the gaps as NaN.
        return _years(connection, source, column, f"CASE WHEN NOT isnan(CAST({name} AS DOUBLE)) THEN {name} END")
    if kind == "text":
        return _text_time(connection, source, column)
    raise _bad(source, column, f"holds {kind} values")


def _years(connection: Connection, source: Source, column: str, number: str) -> Time:
    asked = f"MIN({number})", f"MAX({number})", f"BOOL_AND({number} = floor({number}))"
    low, high, whole = totals(connection, source, *asked)
    if low is None:
        raise _bad(source, column, "has no values")
    if not whole or not 1 <= low <= high <= 9999:
        raise _bad(source, column, f"holds numbers from {low} to {high}, which are not years")
    return Time(f"CAST(make_date(CAST({number} AS INTEGER), 1, 1) AS TIMESTAMP)", None)


def _text_time(connection: Connection, source: Source, column: str) -> Time:
    name = quote(column)
    (years,) = totals(connection, source, f"BOOL_AND(regexp_full_match({name}, '[0-9]{{4}}'))")
    if years:
        return _years(connection, source, column, f"CAST({name} AS INTEGER)")
    offset = f"regexp_extract({name}, {literal(_OFFSET)}, 1)"
    zones = {str(zone) for zone in distinct(connection, source, offset, where=f"{name} IS NOT NULL", most=9)}
    if len(zones) > 1:
        raise mixed_zones(column, f"{source.uri}: roles.time", zones)
    sql = f"TRY_CAST({name} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'" if zones - {""} else f"TRY_CAST({name} AS TIMESTAMP)"
    wrong = distinct(connection, source, name, where=f"{name} IS NOT NULL AND {sql} IS NULL", most=1)
    if wrong:
        raise _bad(source, column, f"holds text that is not a time, such as {str(wrong[0])[:40]!r}")
    return Time(f"({sql})", bool(zones - {""}))


def _bad(source: Source, column: str, what: str) -> InputError:
    return InputError(
        f"column '{column}' {what}", where=f"{source.uri}: roles.time", hint="Name a column of dates, times or years"
    )


def grid(time: str, count: int, unit: str, start: date | None) -> Grid:
    """Number the windows of ``every: <count> <unit>`` over a time expression.

    Without ``start``, weeks begin on Mondays, months and years where the calendar says.

    Raises
    ------
    InputError
        Windows of months cannot begin on the 29th, 30th or 31st: some months have none.
    """
    if unit in _MONTHS:
        length = count * _MONTHS[unit]
        origin, day = (start.year * 12 + start.month - 1, start.day) if start else (0, 1)
        if day > 28:
            hint = "Use a day from 1 to 28, or a length in days or weeks"
            raise InputError(f"windows of {unit}s cannot begin on day {day}", where="windows.start", hint=hint)
        # On that day of a month, and not before, so many days earlier lies in the same month.
        moved = f"({time} - INTERVAL {day - 1} DAY)"
        months = f"(year({moved}) * 12 + month({moved}) - 1 - {origin})"
        return Grid(f"CAST(floor({months} / {length}.0) AS BIGINT)", length, "months", origin, day)
    length = count * _SECONDS[unit]
    # 1970-01-05 is a Monday.
    origin = int((start - date(1970, 1, 1)).total_seconds()) if start else (4 * 86_400 if unit == "week" else 0)
    return Grid(f"CAST(floor((epoch({time}) - {origin}) / {length}.0) AS BIGINT)", length, "seconds", origin)


def numbers(connection: Connection, source: Source, window_grid: Grid) -> Sequence[int]:
    """The numbers of the windows that have rows, in order."""
    rows = distinct(connection, source, window_grid.sql, where=f"{window_grid.sql} IS NOT NULL")
    if len(rows) > MOST_WINDOWS:
        raise InputError(
            f"gives {len(rows):,} windows; {MOST_WINDOWS:,} are the most",
            where="windows.every",
            hint="Use longer windows",
        )
    return sorted(map(int, rows))


def newest(connection: Connection, source: Source, column: str) -> str | None:
    """The latest time of a source as ISO text."""
    time = read_time(connection, source, column).sql
    (end,) = totals(connection, source, f"MAX({time})")
    return end.isoformat() if end else None
