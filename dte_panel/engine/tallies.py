"""How often each value of a column occurs: what the number of distinct values comes from when files add up."""

from __future__ import annotations

from collections import Counter

from dte_panel.engine import sql
from dte_panel.engine.layout import MOST_CATEGORIES
from dte_panel.engine.sources import Connection, Source
from dte_panel.states import Table

#: Longer texts are kept as their digest.
LONGEST = 32


def table(source: Source, column: str) -> Table | None:
    """The categories of a column as its files count them; ``None`` where the database has to."""
    counted = source.texts(column, MOST_CATEGORIES)
    if counted is None or len(counted) > MOST_CATEGORIES:
        return None
    return Table(("value",), {(text,): rows for text, rows in counted.items()})


def of(connection: Connection, source: Source, column: str) -> Counter[str]:
    """Values as text, long ones as their MD5, and how many rows have each; NULL is none."""
    text = sql.text(column, source.types[column])
    short = f"CASE WHEN length({text}) > {LONGEST} THEN '#' || md5({text}) ELSE {text} END"
    query = f"SELECT {short}, COUNT(*) FROM {source.sql} WHERE {text} IS NOT NULL GROUP BY 1 ORDER BY 1"
    rows = [part.ask(query) for part in source.kept] or [connection.execute(query).fetchall()]
    found: Counter[str] = Counter()
    for part in rows:
        for value, n in part:
            found[value] += n
    return found
