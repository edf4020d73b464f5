"""Labels that arrive late: what has not arrived, or is too young to be relied on, is a label that is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dte_panel.engine import windows
from dte_panel.engine.questions import distinct, make_view, totals
from dte_panel.engine.sources import Connection, Source
from dte_panel.engine.sql import literal, quote
from dte_panel.model import CURRENT
from dte_panel.spec import Spec

if TYPE_CHECKING:
    from dte_panel.engine.layout import Layout

#: The current data, with its labels as far as they can be relied on.
VIEW = "dte__current"


@dataclass(frozen=True)
class Maturity:
    """From when on labels are too young, and how many that hides.

    Attributes
    ----------
    after : str
        ISO time; labels of later rows count as not arrived.
    rows : int
        Rows after it.
    span : str
        The age at which a label is mature, as the user wrote it.
    time : str
        The time of a row, in SQL.
    """

    after: str
    rows: int
    span: str
    time: str

    @property
    def note(self) -> str:
        """In words."""
        return f"labels are mature after {self.span}: those of {self.rows:,} rows after {self.after} count as missing"

    def windows(self, connection: Connection, current: Source, layout: Layout) -> dict[str, str]:
        """The windows with such rows, ``current`` among them, and why their numbers lack labels."""
        young = [CURRENT] if self.rows else []
        if layout.grid and self.rows:
            later = f"{self.time} > {_stamp(self.after)}"
            numbers = set(distinct(connection, current, layout.grid.sql, where=later))
            young += [start for number, start in layout.starts.items() if number in numbers]
        return dict.fromkeys(young, f"labels after {self.after} are not mature ({self.span})")


def awaited(
    connection: Connection, spec: Spec, current: Source, reference: Source | None
) -> tuple[Source, Maturity | None]:
    """The current data whose label is NULL wherever it has not arrived or is not mature.

    The clock is the newest row of the current data, not that of the machine: the same data gives the same numbers.
    """
    label = spec.roles.label
    if label is None:
        return current, None
    kind = current.types.get(label)
    known = f"CAST({quote(label)} AS {current.declared[label]})" if kind else "NULL"
    types = dict(current.types)
    if kind in (None, "null") and reference and reference.types.get(label, "null") != "null":
        # Nothing but NULL: of the type that it will have.
        known, types[label] = f"CAST(NULL AS {reference.declared[label]})", reference.types[label]
    maturity = None
    if kind not in (None, "null") and spec.label_matures and spec.roles.time:
        known, maturity = _mature(connection, spec, current, known)
    if maturity is None and kind == types.get(label):
        return current, None
    others = f"* REPLACE ({known} AS {quote(label)})" if kind else f"*, {known} AS {quote(label)}"
    make_view(connection, current, VIEW, others)
    return replace(current, types=types, relation=VIEW), maturity


def arrived(connection: Connection, current: Source, label: str) -> bool:
    """Whether any label can be relied on."""
    (rows,) = totals(connection, current, f"COUNT({quote(label)})")
    return bool(rows)


def unfilled(spec: Spec, role: str) -> str:
    """What to do about a role whose column has no values."""
    if role == "label" and spec.label_matures:
        return f"No label is older than label_matures, {spec.label_matures}; a reference with labels would do"
    return "Name a column with values"


def _mature(connection: Connection, spec: Spec, current: Source, known: str) -> tuple[str, Maturity | None]:
    span, column = spec.label_matures, spec.roles.time
    if span is None or column is None:
        return known, None
    time = windows.read_time(connection, current, column).sql
    (newest,) = totals(connection, current, f"MAX({time})")
    back = f"{_stamp(newest.isoformat())} - INTERVAL {span.count} {span.unit.upper()}"
    ((after,),) = connection.execute(f"SELECT {back}").fetchall()
    stamp = _stamp(after.isoformat())
    (rows,) = totals(connection, current, "COUNT(*)", where=f"{time} > {stamp}")
    return f"CASE WHEN {time} <= {stamp} THEN {known} END", Maturity(after.isoformat(), int(rows), str(span), time)


def _stamp(moment: str) -> str:
    return f"CAST({literal(moment)} AS TIMESTAMP)"
