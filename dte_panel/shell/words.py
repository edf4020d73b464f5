"""Numbers, cohorts, bounds and verdicts as a person reads them. Pure: no clock, no Panel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dte_panel.errors import DTEError
from dte_panel.model import CURRENT, REFERENCE, Cohort
from dte_panel.policy import parse_bound

MINUS, TIMES = "−", "×"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
#: What each verdict is called on the screen, worst first.
VERDICT_WORDS = {
    "fail": "Fail",
    "error": "Error",
    "not_evaluated": "Not evaluated",
    "warn": "Warn",
    "pass": "Pass",
}
#: Units that add nothing to the number.
_SILENT_UNITS = {"share", "p", "rows", "1"}
_BEYOND = {"<=": "above", "<": "not below", ">=": "below", ">": "not above", "==": "not"}


def number(value: float | None, unit: str = "") -> str:
    """A number with sensible digits, thousands separators and a real minus sign.

    Examples
    --------
    >>> number(1234567), number(-0.25), number(0.00004), number(0.5, "p"), number(12.0, "rows")
    ('1,234,567', '−0.25', '4 × 10⁻⁵', '0.5', '12')
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if unit == "p" and 0 <= value < 0.001:
        return "< 0.001"
    return _digits(abs(value)).join((MINUS if value < 0 and _digits(abs(value)) != "0" else "", ""))


def _digits(value: float) -> str:
    """The digits of a number that is not negative."""
    if value == 0:
        return "0"
    if value < 0.0001:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{_trim(mantissa)} {TIMES} 10{str(int(exponent)).translate(_SUPERSCRIPT)}"
    if value == int(value) or value >= 1000:
        return f"{value:,.0f}"
    places = 1 if value >= 100 else 2 if value >= 10 else 3 if value >= 0.1 else 4 if value >= 0.001 else 5
    return _trim(f"{value:,.{places}f}")


def _trim(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def together(value: float | None, low: float | None, high: float | None, near: float | None = None) -> tuple[str, str]:
    """A number and its interval with the same digits: as many as its width deserves and tells it from ``near``.

    Examples
    --------
    >>> together(0.58123, 0.5671, 0.5922), together(-0.0311, -0.0432, -0.0196, near=-0.02)
    (('0.58', '[0.57, 0.59]'), ('−0.0311', '[−0.0432, −0.0196]'))
    """
    if value is None or low is None or high is None or not 0 < high - low < 1000:
        return number(value), interval(low, high)
    ends = (value, low, high)
    least = 0 if max(map(abs, ends)) >= 1000 else min(6, max(2, math.ceil(0.3 - math.log10(high - low))))
    for places in range(least, 8):
        shown = [f"{x:,.{places}f}" for x in ends]
        if near is None or all(
            x == near or float(s.replace(",", "")) != near for x, s in zip(ends, shown, strict=True)
        ):
            break
    first, lower, upper = (_signed(text) for text in shown)
    return first, f"[{lower}, {upper}]"


def _signed(text: str) -> str:
    return text.replace("-", MINUS) if any(c in "123456789" for c in text) else text.lstrip("-")


def interval(low: float | None, high: float | None, unit: str = "") -> str:
    """``[low, high]``, or nothing where there is none; an open end is said."""
    if low is None and high is None:
        return ""
    return f"[{f'{MINUS}∞' if low is None else number(low, unit)}, {'∞' if high is None else number(high, unit)}]"


def estimate(
    value: float | None, low: float | None, high: float | None, unit: str = "", near: float | None = None
) -> str:
    """A number with its interval, and its unit where that says something."""
    first, rest = (number(value, unit), interval(low, high, unit)) if unit == "p" else together(value, low, high, near)
    told = unit if unit and unit not in _SILENT_UNITS and not unit.startswith("unit of") else ""
    return " ".join(filter(None, [first, rest, told]))


def plural(count: int, one: str, many: str = "") -> str:
    """``1 window``, ``12 windows``.

    Examples
    --------
    >>> plural(1, "check"), plural(1200, "check")
    ('1 check', '1,200 checks')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listing(words: list[str], most: int = 4) -> str:
    """``a, b and c``; beyond ``most`` the rest is counted.

    Examples
    --------
    >>> listing(["a", "b", "c"]), listing(["a", "b", "c"], most=2)
    ('a, b and c', 'a, b and 1 more')
    """
    if len(words) > most:
        return ", ".join(words[:most]) + f" and {len(words) - most} more"
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def group_value(value: str | None) -> str:
    """A cohort's value; NULL is a group of its own and is called missing."""
    return "missing" if value is None else str(value)


def cohort_text(cohort: Cohort) -> str:
    """``All rows``, ``Female``, or ``Female, Black`` for a crossed group."""
    return ", ".join(group_value(v) for v in cohort.values()) or "All rows"


def grouping_text(cohort: Cohort) -> str:
    """The columns of a cohort: ``sex``, ``sex × race``."""
    return f" {TIMES} ".join(cohort)


def cohort_label(cohort: Cohort) -> str:
    """A cohort with its columns, for a menu: ``sex: Female``."""
    return ", ".join(f"{k}: {group_value(v)}" for k, v in cohort.items()) or "All rows"


def window_text(window: str) -> str:
    """``current``, ``reference`` or the start of a window without a midnight."""
    if window in {CURRENT, REFERENCE}:
        return f"{window} rows"
    return window.removesuffix("T00:00:00").removesuffix(" 00:00:00")


def in_window(window: str) -> str:
    """A window after a number: ``in all current rows``, ``in the window of 2019-03-31``."""
    if window == CURRENT:
        return "in all current rows"
    return "in the reference" if window == REFERENCE else f"in the window of {window_text(window)}"


def bound_words(bound: str) -> tuple[str, str]:
    """What a number is that breaks the bound, and the bound's number: ``("above", "0.2")``."""
    try:
        parsed = parse_bound(bound)
    except DTEError:
        return "", bound
    return _BEYOND[parsed.op], number(parsed.limit)


def bound_text(bound: str) -> str:
    """A bound in words: ``at most 0.2``."""
    try:
        parsed = parse_bound(bound)
    except DTEError:
        return bound
    word = {"<=": "at most", "<": "below", ">=": "at least", ">": "above", "==": "exactly"}[parsed.op]
    return f"{word} {number(parsed.limit)}"


def title_of(metric: str, metrics: Mapping[str, Mapping[str, Any]]) -> str:
    """The title of a metric, or its id in words where the definition is not there."""
    title = metrics.get(metric, {}).get("title")
    return str(title) if title else metric.partition(".")[2].replace("_", " ").capitalize() or metric


def provider_title(provider: str) -> str:
    """A provider's id as a heading."""
    return provider.replace("_", " ").replace("-", " ").capitalize()


def when(created: object) -> str:
    """A time stamp as local time with its zone; what cannot be read stays as it is."""
    try:
        moment = datetime.fromisoformat(str(created).replace("Z", "+00:00"))
    except ValueError:
        return str(created)
    local = moment.astimezone() if moment.tzinfo else moment
    return f"{local:%Y-%m-%d %H:%M} {local.tzname() or ''}".strip()


def age(created: object, now: datetime) -> str:
    """How long ago that was.

    Examples
    --------
    >>> age("2026-01-02T03:04:05+00:00", datetime(2026, 1, 5, 4, tzinfo=UTC))
    '3 days ago'
    """
    try:
        moment = datetime.fromisoformat(str(created).replace("Z", "+00:00"))
    except ValueError:
        return str(created)
    hours = (now - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))).total_seconds() / 3600
    if hours < 1:
        return "just now"
    return f"{plural(int(hours), 'hour')} ago" if hours < 48 else f"{plural(int(hours / 24), 'day')} ago"
