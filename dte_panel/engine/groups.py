"""Who is grouped with whom: the values of a grouping column, or the bands that its numbers fall into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dte_panel.engine import sql
from dte_panel.engine.questions import distinct, whole
from dte_panel.engine.sources import Connection, Source
from dte_panel.errors import InputError
from dte_panel.spec import Spec

MOST_GROUPS = 100
Bands = Mapping[str, tuple[float, ...]]


def of(connection: Connection, spec: Spec, sides: Sequence[Source]) -> dict[str, tuple[str | None, ...]]:
    """The groups of each sensitive column over all sides, NULL last; control columns are looked at too.

    Raises
    ------
    InputError
        A column has too many values, or bands that cannot cut it.
    """
    found = {}
    for role in ("sensitive", "control"):
        for column in getattr(spec.roles, role):
            _check_bands(column, spec.bands, sides)
            values = _values(connection, column, role, spec.bands, sides)
            if role == "sensitive":
                found[column] = values
    return found


def groupings(spec: Spec) -> list[tuple[str, ...]]:
    """All rows, each sensitive column alone, the crossed ones."""
    wanted = [(), *((c,) for c in spec.roles.sensitive), *(tuple(c) for c in spec.cohorts)]
    # Sex by race and race by sex are the same groups: their rows count once.
    return list({frozenset(columns): columns for columns in reversed(wanted)}.values())[::-1]


def _values(
    connection: Connection, column: str, role: str, bands: Bands, sides: Sequence[Source]
) -> tuple[str | None, ...]:
    found: set[str] = set()
    null = False
    for side in sides:
        if column not in side.types:
            continue
        values: Iterable[Any] | None = side.texts(column, MOST_GROUPS)
        if values is None:
            text = sql.group(column, side.types[column], bands.get(column, ()))
            values = distinct(connection, side, text, most=MOST_GROUPS + 2)
        found |= {str(value) for value in values if value is not None}
        null = null or None in values
    if len(found) > MOST_GROUPS:
        raise InputError(
            f"column '{column}' has more than {MOST_GROUPS} different values",
            where=f"{sides[0].uri}: roles.{role}",
            hint=_way_out(connection, column, sides),
        )
    order = sql.band_names(bands[column]) if column in bands else sorted(found)
    return (*(name for name in order if name in found), *((None,) if null else ()))


def _way_out(connection: Connection, column: str, sides: Sequence[Source]) -> str:
    """Bands that cut the rows into quarters, for a column of numbers."""
    side = next(s for s in sides if column in s.types)
    if side.types[column] not in ("integer", "float"):
        return "Make a column of fewer, wider groups, and name that one"
    x = sql.number(column)
    parts = ", ".join(f"quantile_disc({x}, {q})" for q in (0.25, 0.5, 0.75))
    whole(connection, side)
    rows = connection.execute(f"SELECT {parts} FROM {side.sql} WHERE isfinite({x})").fetchall()
    edges = ", ".join(sql.edge(e) for e in sorted({float(e) for e in rows[0] if e is not None}))
    return f"Cut it into bands, such as bands: {{{column}: [{edges}]}}"


def _check_bands(column: str, bands: Bands, sides: Sequence[Source]) -> None:
    for side in sides:
        kind = side.types.get(column, "null")
        if column in bands and kind not in ("integer", "float", "null"):
            raise InputError(
                f"column '{column}' holds {kind} values; bands cut numbers",
                where=f"bands.{column}",
                hint="Remove its bands, or name a column of numbers",
            )
