"""Who is who in the data: roles to columns, kinds of columns, the task, the groups and the windows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb

from dte_panel.engine import groups, questions, sql, windows
from dte_panel.engine.frames import mixed_zones, unreadable
from dte_panel.engine.groups import Bands
from dte_panel.engine.labels import arrived, unfilled
from dte_panel.engine.sources import Connection, Source
from dte_panel.errors import InputError
from dte_panel.spec import Roles, Spec

Kind = Literal["numeric", "categorical", "text", "other"]
Task = Literal["binary", "multiclass", "regression", "none"]

MOST_CATEGORIES = 100
MOST_CLASSES = 30
#: Values that name the positive class without being told so.
POSITIVE = {"1", "true", "True"}
_NUMBERS = ("score", "prediction_low", "prediction_high")
_SINGLE = ("label", "prediction", "score", "time", "id", "prediction_low", "prediction_high")


@dataclass(frozen=True)
class Layout:
    """What every column means, decided once for both sides.

    Attributes
    ----------
    roles : mapping
        Role to its columns; ``feature`` are all that have no other role.
    kinds : mapping
        Column to its kind, which decides the methods that apply to it.
    task : str
    positive : str or None
        Text of the positive class of a binary task.
    groupings : sequence of tuple of str
        Sets of sensitive columns that rows are grouped by; the first is ``()``, all rows.
    groups : mapping
        Sensitive column to its values or bands, NULL (``None``) last.
    bands : mapping
        Sensitive or control column to the edges that its numbers are cut at.
    grid : Grid or None
        The windows of the current data.
    starts : mapping
        Window number to its start.
    left_out : mapping
        Column to the reason why it is not assessed.
    notes : sequence of str
        Rows and columns that are left out, in words.
    immature : mapping
        Window with labels that are too young to be relied on, to what is said of it.
    """

    roles: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, Kind]
    task: Task
    positive: str | None
    groupings: Sequence[tuple[str, ...]]
    groups: Mapping[str, tuple[str | None, ...]]
    grid: windows.Grid | None
    starts: Mapping[int, str]
    bands: Bands = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    immature: Mapping[str, str] = field(default_factory=dict)

    def columns(self, roles: str) -> list[str]:
        """The columns of ``"feature|score"`` or ``"column:NAME"``, each once."""
        found: dict[str, None] = {}
        for role in roles.split("|"):
            names = (role.removeprefix("column:"),) if role.startswith("column:") else self.roles.get(role, ())
            found.update(dict.fromkeys(names))
        return list(found)

    def group(self, column: str, kind: str) -> str:
        """SQL text of a sensitive or control column's groups: its values, or the bands that they fall into."""
        return sql.group(column, kind, self.bands.get(column, ()))

    def code(self, column: str, kind: str) -> str:
        """SQL number of a sensitive column's group, its place in ``groups``."""
        return sql.code(self.group(column, kind), self.groups[column])


def resolve(connection: Connection, spec: Spec, current: Source, reference: Source | None) -> Layout:
    """Work out the layout of the data, or say what is wrong with it.

    Raises
    ------
    InputError
        A role's column is of the wrong type, has no values, or has values that cannot be used.
    """
    try:
        return _resolve(connection, spec, current, reference)
    except duckdb.Error as error:
        # A file may be damaged inside: that shows only when its values are read.
        raise unreadable(" or ".join(side.uri for side in (current, reference) if side), error) from error


def _resolve(connection: Connection, spec: Spec, current: Source, reference: Source | None) -> Layout:
    sides = [side for side in (current, reference) if side]
    for side in sides:
        _check_filled(connection, spec, side, late=side is current and reference is not None)
    task, positive = _task(connection, spec.roles, sides)
    roles = _roles(spec.roles, current, reference)
    kinds, left_out = _kinds(connection, spec, roles, task, sides)
    if spec.roles.label and reference and not arrived(connection, current, spec.roles.label):
        left_out[spec.roles.label] = f"no label of the current data has arrived (column '{spec.roles.label}')"
    window_grid, starts = _windows(connection, spec, sides)
    text = tuple(c for c in roles["feature"] if kinds.get(c) == "text")
    feature = tuple(c for c in roles["feature"] if kinds.get(c) in ("numeric", "categorical"))
    return Layout(
        roles={**roles, "feature": feature, "text": (*roles["text"], *text)},
        kinds=kinds,
        task=task,
        positive=positive,
        groupings=groups.groupings(spec),
        groups=groups.of(connection, spec, sides),
        bands=spec.bands,
        grid=window_grid,
        starts=starts,
        left_out=left_out,
        notes=[*_untold(roles["feature"], kinds), *_untimed(connection, spec, current)],
    )


def _roles(roles: Roles, current: Source, reference: Source | None) -> dict[str, tuple[str, ...]]:
    named = {role: (getattr(roles, role),) for role in _SINGLE if getattr(roles, role)}
    taken = {c for columns in named.values() for c in columns} | {*roles.text, *roles.ignore}
    # A column that only the reference has is kept: its absence is a finding, not a silence.
    every = [*current.types, *(c for c in (reference.types if reference else ()) if c not in current.types)]
    features = roles.features or tuple(c for c in every if c not in taken)
    lists = {role: tuple(getattr(roles, role)) for role in ("sensitive", "control", "text")}
    return {**named, **lists, "feature": tuple(features)}


def _check_filled(connection: Connection, spec: Spec, side: Source, *, late: bool) -> None:
    roles = spec.roles
    named = [(role, getattr(roles, role)) for role in _SINGLE if getattr(roles, role)]
    named += [(role, column) for role in ("sensitive", "control") for column in getattr(roles, role)]
    for role, column in named:
        if column not in side.types:
            continue
        where = f"{side.uri}: roles.{role}"
        if side.types[column] == "other" or (role in ("label", "prediction") and side.types[column] == "time"):
            hint = "Name a column of plain values"
            raise InputError(f"column '{column}' holds values that cannot be a {role}", where=where, hint=hint)
        if role in _NUMBERS and side.types[column] not in ("integer", "float"):
            raise InputError(
                f"column '{column}' holds {side.types[column]} values; a {role} must be a number",
                where=where,
                hint=f"Name a numeric column, or leave roles.{role} out",
            )
        (filled,) = questions.totals(connection, side, f"COUNT({sql.quote(column)})")
        if not filled and not (late and role == "label"):
            raise InputError(f"column '{column}' has no values, only NULL", where=where, hint=unfilled(spec, role))


def distinct(connection: Connection, column: str, sides: Iterable[Source], most: int) -> list[str] | None:
    """The column's values as text over all sides, in order; ``None`` where there are more than ``most``."""
    found: set[str] = set()
    for side in sides:
        if column in side.types:
            values: Iterable[Any] | None = side.texts(column, most)
            if values is None:
                text = sql.text(column, side.types[column], flag=True)
                values = questions.distinct(connection, side, text, where=f"{text} IS NOT NULL", most=most + 1)
            found |= {str(value) for value in values if value is not None}
    return sorted(found) if len(found) <= most else None


def _task(connection: Connection, roles: Roles, sides: Sequence[Source]) -> tuple[Task, str | None]:
    columns = {role: column for role in ("label", "prediction") if (column := getattr(roles, role))}
    if not columns:
        return "none", None
    classes = {role: _classes(connection, column, sides) for role, column in columns.items()}
    where = f"{sides[0].uri}: roles.{' and roles.'.join(columns)}"
    if all(values is None for values in classes.values()):
        _refuse_text_numbers(columns, sides)
        return "regression", None
    for role, values in classes.items():
        if values is None:
            raise InputError(
                f"column '{columns[role]}' holds many numbers while the other role holds classes",
                where=f"{sides[0].uri}: roles.{role}",
                hint="If it is a probability, name it roles.score",
            )
    label, prediction = classes.get("label"), classes.get("prediction")
    if label is not None and len(label) == 1:
        raise InputError(
            f"column '{columns['label']}' has one class only ({label[0]!r})",
            where=f"{sides[0].uri}: roles.label",
            hint="A classifier is judged on rows of at least two classes",
        )
    if label and prediction and not set(label) & set(prediction):
        raise InputError(
            f"'{columns['label']}' holds {_some(label)} but '{columns['prediction']}' holds {_some(prediction)}",
            where=where,
            hint="Write both with the same values",
        )
    every = sorted({*(label or ()), *(prediction or ())})
    if len(every) > 2:
        return "multiclass", None
    return "binary", _positive(roles, every, where)


def _classes(connection: Connection, column: str, sides: Sequence[Source]) -> list[str] | None:
    """The classes a column holds, or ``None`` where it holds quantities."""
    values = distinct(connection, column, sides, MOST_CLASSES)
    numeric = all(side.types[column] in ("integer", "float") for side in sides if column in side.types)
    if values is None:
        if not numeric:
            raise InputError(
                f"column '{column}' holds text with more than {MOST_CLASSES} different values",
                where=sides[0].uri,
                hint="A label or a prediction is a class or a number",
            )
        return None
    fractions = numeric and any("." in v or "e" in v for v in values)
    return None if fractions and len(values) > 2 else values


def _refuse_text_numbers(columns: Mapping[str, str], sides: Sequence[Source]) -> None:
    for role, column in columns.items():
        for side in sides:
            if side.types.get(column) not in ("integer", "float", None):
                where, hint = f"{side.uri}: roles.{role}", "Write it as numbers on both sides"
                raise InputError(f"column '{column}' must hold numbers", where=where, hint=hint)


def _positive(roles: Roles, values: Sequence[str], where: str) -> str:
    given = roles.positive
    if given is not None:
        whole = isinstance(given, bool) or (isinstance(given, float) and given % 1 == 0)
        # A boolean column holds 1 and 0; a text column may hold the words.
        written = [str(int(given) if whole else given), *([str(given), str(given).lower()] if whole else [])]
        text = next((w for w in written if w in values), None)
        if text is None:
            raise InputError(
                f"'{given}' is not a value of the label or prediction",
                where="roles.positive",
                hint=f"Values: {_some(values)}",
            )
        return text
    known = [value for value in values if value in POSITIVE]
    if len(known) == 1:
        return known[0]
    if values == ["0"]:
        return "1"
    raise InputError(
        f"the classes are {_some(values)}; which one is the positive class?",
        where=where,
        hint=f"Add roles.positive, for example positive: {values[-1]}",
    )


def _some(values: Sequence[str]) -> str:
    shown = ", ".join(repr(v) for v in values[:6])
    return shown + (", …" if len(values) > 6 else "")


def _kinds(
    connection: Connection,
    spec: Spec,
    roles: Mapping[str, tuple[str, ...]],
    task: Task,
    sides: Sequence[Source],
) -> tuple[dict[str, Kind], dict[str, str]]:
    kinds: dict[str, Kind] = {}
    left_out: dict[str, str] = {}
    for role, columns in roles.items():
        for column in columns:
            given = spec.types.get(column)
            # A column without any value has no type of its own; the other side's will do.
            typed = [side for side in sides if side.types.get(column, "null") != "null"]
            own = [_kind(connection, column, side, sides) for side in typed]
            kind = given or (own[0] if own else "other")
            if role in ("label", "prediction") and task in ("binary", "multiclass"):
                kind = "categorical"
            elif role == "text":
                kind = "text"
            kinds[column] = kind
            missing = next((side.name for side in sides if column not in side.types), None)
            if role == "feature" and missing:
                left_out[column] = f"column '{column}' is missing from the {missing} data"
            elif role == "feature" and given == "numeric" and set(own) - {"numeric"}:
                left_out[column] = f"column '{column}' holds {own[0]} values, but types.{column} says numeric"
            elif role == "feature" and not given and "numeric" in own and len(set(own)) > 1:
                left_out[column] = f"column '{column}' holds {own[0]} values now and {own[-1]} values in the reference"
    return kinds, left_out


def _kind(connection: Connection, column: str, side: Source, sides: Sequence[Source]) -> Kind:
    kind = side.types[column]
    if kind in ("integer", "float"):
        return "numeric"
    if kind == "boolean":
        return "categorical"
    if kind == "text":
        few = distinct(connection, column, sides, MOST_CATEGORIES) is not None
        return "categorical" if few else "text"
    return "other"


def _windows(connection: Connection, spec: Spec, sides: Sequence[Source]) -> tuple[windows.Grid | None, dict[int, str]]:
    column = spec.roles.time
    if not column:
        return None, {}
    times = [windows.read_time(connection, side, column) for side in sides]
    if {time.zoned for time in times} >= {True, False}:
        raise mixed_zones(column, f"{sides[0].uri} and {sides[1].uri}", {"UTC offset", "none"})
    if spec.windows is None:
        return None, {}
    made = windows.grid(times[0].sql, spec.windows.every.count, spec.windows.every.unit, spec.windows.start)
    return made, {number: made.start(number) for number in windows.numbers(connection, sides[0], made)}


def _untold(columns: Iterable[str], kinds: Mapping[str, Kind]) -> list[str]:
    """The columns that no metric reads."""
    return [f"column '{c}' is not measured: there are no metrics for its type" for c in columns if kinds[c] == "other"]


def _untimed(connection: Connection, spec: Spec, current: Source) -> list[str]:
    """How many rows count for no window."""
    column = spec.roles.time
    if not column or not spec.windows:
        return []
    (rows,) = questions.totals(connection, current, "COUNT(*)", where=f"{sql.quote(column)} IS NULL")
    return [f"{rows:,} rows have no '{column}' and count for no window"] if rows else []
