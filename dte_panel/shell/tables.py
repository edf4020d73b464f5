"""Tables as text: measurements, verdicts and whatever a view gives, ready for :class:`~dte_panel.shell.parts.Table`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dte_panel.model import Measurement
from dte_panel.shell import words as w
from dte_panel.shell.parts import Table

if TYPE_CHECKING:
    import pandas as pd

#: A table twin shows so many rows; the evidence page has all of them.
MOST_ROWS = 200


def column(key: str, label: str, kind: str = "text") -> dict[str, Any]:
    """A column: ``kind`` is text, wide, number, verdict or link."""
    return {
        "key": key,
        "label": label,
        "align": "right" if kind == "number" else "left",
        "kind": kind,
        "wide": kind == "wide",
    }


MEASURED = [
    column("metric", "Metric"),
    column("column", "Column"),
    column("group", "Group"),
    column("window", "Window"),
    column("value", "Value", "number"),
    column("interval", "95 % interval", "number"),
    column("n", "n", "number"),
    column("verdict", "Verdict", "verdict"),
    column("reason", "Note", "wide"),
]


def measured_row(m: Measurement, title: str, unit: str, verdict: str) -> list[Any]:
    """A measurement as the cells of ``MEASURED``."""
    group = w.cohort_label(m.cohort)
    if m.across:
        between = " and ".join(w.cohort_text(g) for g in m.groups)
        group = f"across {m.across}" + (f": {between}" if between else "")
    window = {"current": "Current", "reference": "Reference"}.get(m.window, w.window_text(m.window))
    told = m.reason or ("" if m.status == "ok" else m.status.replace("_", " "))
    shown = verdict or ("" if m.status == "ok" else m.status)
    value, span = (
        (w.number(m.value, unit), w.interval(m.low, m.high)) if unit == "p" else w.together(m.value, m.low, m.high)
    )
    numbers = (value, span, w.number(m.n))
    return [title, m.column or "", group, window, *numbers, shown, told]


def trimmed(columns: list[dict[str, Any]], rows: list[list[Any]]) -> tuple[list[dict[str, Any]], list[list[Any]]]:
    """Leave out columns in which nothing stands, and groups where there are none."""
    empty = {"", "All rows"}
    keep = [i for i in range(len(columns)) if not rows or any(row[i] not in empty for row in rows)]
    return [columns[i] for i in keep], [[row[i] for i in keep] for row in rows]


def twin(measurements: Iterable[Measurement], metrics: Mapping[str, Mapping[str, Any]], word: Any, title: str) -> Table:
    """The table twin of a view: the same numbers for reading, copying and screen readers."""
    every = list(measurements)
    rows = [
        measured_row(m, w.title_of(m.metric, metrics), str(metrics.get(m.metric, {}).get("unit", "")), word(m))
        for m in every[:MOST_ROWS]
    ]
    columns, rows = trimmed(MEASURED, rows)
    more = f"The first {MOST_ROWS} of {len(every):,} rows; all of them stand under Evidence."
    note = more if len(every) > MOST_ROWS else ""
    return Table(columns=columns, rows=rows, caption=title, folded="Show as table", note=note)


def of_frame(frame: pd.DataFrame, caption: str = "Table") -> Table:
    """A pandas table as text; numbers are formatted and stand right."""
    import pandas as pd

    shown = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    kinds = [_kind(name, shown.iloc[:, i]) for i, name in enumerate(shown.columns)]
    columns = [
        column(f"c{i}", str(name), kind) for i, (name, kind) in enumerate(zip(shown.columns, kinds, strict=True))
    ]
    rows = [
        [_cell(value, kind) for value, kind in zip(row, kinds, strict=True)]
        for row in shown.head(MOST_ROWS).itertuples(index=False, name=None)
    ]
    note = f"The first {MOST_ROWS} of {len(shown):,} rows." if len(shown) > MOST_ROWS else ""
    return Table(columns=columns, rows=rows, caption=caption, note=note)


def _kind(name: object, data: Any) -> str:
    import pandas as pd

    if _verdicts(name, data):
        return "verdict"
    return "number" if pd.api.types.is_numeric_dtype(data) and not pd.api.types.is_bool_dtype(data) else "text"


def _verdicts(name: object, data: Any) -> bool:
    """Whether a column of a view's table holds verdicts, to be shown with icon, word and colour."""
    known = {"", *w.VERDICT_WORDS, *(key.replace("_", " ") for key in w.VERDICT_WORDS)}
    return str(name).casefold() == "verdict" and all(isinstance(x, str) and x in known for x in data)


def _cell(value: Any, kind: str) -> str:
    import pandas as pd

    if kind == "verdict":
        return str(value).replace(" ", "_")
    if value is None or value is pd.NaT or value is pd.NA or value != value:  # noqa: PLR0124 - NaN is not itself
        return "–"
    if kind == "number":
        return w.number(float(value))
    return str(value).removesuffix(" 00:00:00")
