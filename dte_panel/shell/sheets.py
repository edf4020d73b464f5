"""Tables as files: a text that a spreadsheet would run as a formula is written as text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dte_panel.evidence import Evidence
from dte_panel.model import Measurement, cohort_key

if TYPE_CHECKING:
    import pandas as pd

    from dte_panel.shell.parts import Table

#: Spreadsheets run a cell that begins like this; some read the wide forms of East Asian keyboards the same.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def slug(name: str) -> str:
    """A name that is fit for a file.

    Examples
    --------
    >>> slug("../car loan: <2018>")
    'car-loan-2018'
    """
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[:60] or "subject"


def neutral(value: Any) -> Any:
    """A cell that no spreadsheet runs; numbers stay numbers.

    Examples
    --------
    >>> neutral("=HYPERLINK(1)"), neutral(-0.5), neutral(None)
    ("'=HYPERLINK(1)", -0.5, '')
    """
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return "" if value is None or value != value else value  # noqa: PLR0124 - NaN is not itself


def as_csv(table: pd.DataFrame) -> str:
    """A table with a header, each cell neutral."""
    return written([str(name) for name in table.columns], table.itertuples(index=False, name=None))


def written(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Rows as CSV, each cell neutral."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([neutral(name) for name in header])
    writer.writerows([neutral(value) for value in row] for row in rows)
    return out.getvalue()


def shared_rows(shared: Evidence, wanted: Iterable[Measurement]) -> pd.DataFrame:
    """These measurements as they stand in the evidence that may be shared."""
    places = {_place(m) for m in wanted}
    return replace(shared, measurements=[m for m in shared.measurements if _place(m) in places]).frame()


def of_tables(tables: Iterable[Table]) -> str:
    """The tables of a view, one below the other, each under its caption where there are several."""
    every = list(tables)
    parts = []
    for table in every:
        text = written([str(c["label"]) for c in table.columns], ([_text(x) for x in row] for row in table.rows))
        parts.append(text if len(every) == 1 else written([table.caption], []) + text)
    return "\r\n".join(parts)


def _text(cell: Any) -> Any:
    return cell.get("text", "") if isinstance(cell, dict) else cell


def _place(m: Measurement) -> tuple[Any, ...]:
    return m.metric, m.window, cohort_key(m.cohort), m.column, m.across
