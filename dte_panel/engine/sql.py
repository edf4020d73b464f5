"""Reductions as SQL text. The one place that quotes names and values; everything else asks here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

#: From here on the square of a number, or a sum of squares, may be infinite: no mean, no M2.
HUGE = "1e140"


def quote(name: str) -> str:
    """A name as an SQL identifier, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def text(name: str, kind: str, *, flag: bool = False) -> str:
    """A column as text, the same for 1, 1.0 and true where ``flag`` says that it holds classes.

    Parameters
    ----------
    name : str
        The column's name.
    kind : str
        ``integer``, ``float``, ``boolean``, ``text`` …
    flag : bool
        Write booleans as 1 and 0, so that a boolean label agrees with an integer prediction.
    """
    column = quote(name)
    if kind == "float":
        # NaN first: DuckDB answers comparisons from a Parquet file's statistics, which know of no NaN.
        written = f"CASE WHEN isnan({column}) THEN NULL WHEN abs({column}) < 1e15 AND {column} = floor({column})"
        whole = f"CAST(CAST({column} AS BIGINT) AS VARCHAR)"
        # By way of a number: the decimal 1.50 is the category 1.5.
        return f"{written} THEN {whole} ELSE CAST(CAST(CAST({column} AS VARCHAR) AS DOUBLE) AS VARCHAR) END"
    if kind == "boolean" and flag:
        return f"CASE {column} WHEN TRUE THEN '1' WHEN FALSE THEN '0' END"
    return f"CAST({column} AS VARCHAR)"


def group(name: str, kind: str, edges: Sequence[float] = ()) -> str:
    """A grouping column as the text of its groups: its values, or the left-closed bands that ``edges`` cut it into.

    NULL and NaN stay NULL.
    """
    if not edges:
        return text(name, kind)
    x, names = number(name), band_names(edges)
    cases = " ".join(f"WHEN {x} < {edge!r} THEN {literal(band)}" for edge, band in zip(edges, names, strict=False))
    return f"CASE WHEN {x} IS NULL OR isnan({x}) THEN NULL {cases} ELSE {literal(names[-1])} END"


def band_names(edges: Sequence[float]) -> list[str]:
    """The names of the bands between edges, lowest first.

    Examples
    --------
    >>> band_names([25, 40.5])
    ['< 25', '25 to < 40.5', '>= 40.5']
    """
    between = [f"{edge(a)} to < {edge(b)}" for a, b in pairwise(edges)]
    return [f"< {edge(edges[0])}", *between, f">= {edge(edges[-1])}"]


def edge(x: float) -> str:
    """A number as a person writes it: 25, not 25.0."""
    return str(int(x)) if x == int(x) and abs(x) < 1e15 else repr(float(x))


def number(name: str) -> str:
    """A numeric column as DOUBLE."""
    return f"CAST({quote(name)} AS DOUBLE)"


def is_value(expression: str, value: str) -> str:
    """1 where the expression has the value, 0 where it has another, NULL where it has none."""
    return f"CASE WHEN {expression} IS NULL THEN NULL WHEN {expression} = {literal(value)} THEN 1 ELSE 0 END"


def code(expression: str, values: Sequence[str | None]) -> str:
    """The place of the expression's value in ``values`` (-1 where it is not there or NULL)."""
    cases = " ".join(f"WHEN {literal(v)} THEN {i}" for i, v in enumerate(values) if v is not None)
    null = next((i for i, v in enumerate(values) if v is None), -1)
    plain = f"CASE {expression} {cases} ELSE -1 END" if cases else "-1"
    return f"CASE WHEN {expression} IS NULL THEN {null} ELSE {plain} END"


def grouped(
    source: str,
    keys: dict[str, str],
    groupings: Iterable[Sequence[str]],
    values: dict[str, str],
    aggregates: dict[str, str],
) -> str:
    """One scan, grouped by several sets of keys at once.

    Parameters
    ----------
    source : str
        What to read, already quoted.
    keys : dict
        Alias to expression of each grouping key.
    groupings : iterable of sequence of str
        The sets of key aliases to group by.
    values : dict
        Alias to expression of keys that every grouping has.
    aggregates : dict
        Alias to aggregate expression over the aliases.

    Returns
    -------
    str
        Rows of ``which grouping, every key, every value, every aggregate``. The first column is the GROUPING number of
        the keys in their order: bit 1 where a key was rolled up, so that a rolled-up key differs from NULL.
    """
    aliases, shared = list(keys), list(values)
    inner = ", ".join(f"{expression} AS {alias}" for alias, expression in {**keys, **values}.items()) or "1"
    # Not every database takes GROUPING of several keys, or of some of those it groups by.
    mask = " + ".join(f"GROUPING({a}) * {1 << place}" for place, a in enumerate(reversed(aliases))) or "0"
    select = ", ".join([mask, *aliases, *shared, *(f"{e} AS {a}" for a, e in aggregates.items())])
    sets = ", ".join(f"({', '.join([*grouping, *shared])})" for grouping in groupings)
    needed = f"SELECT {inner}, * FROM {source}" if _reads_columns(aggregates) else f"SELECT {inner} FROM {source}"
    by = f" GROUP BY GROUPING SETS ({sets})" if aliases or shared else ""
    return f"SELECT {select} FROM ({needed}) AS base{by}"


def _reads_columns(aggregates: dict[str, str]) -> bool:
    return any(expression != "COUNT(*)" for expression in aggregates.values())


def grouping_mask(keys: Sequence[str], grouping: Sequence[str]) -> int:
    """The GROUPING number that :func:`grouped` gives to the rows of a grouping."""
    return sum((key not in grouping) << (len(keys) - 1 - i) for i, key in enumerate(keys))


def small(number: str) -> str:
    """A number whose square is finite, NULL otherwise."""
    # Both conditions: DuckDB answers a comparison from a Parquet file's statistics, which know of no NaN.
    return f"CASE WHEN isfinite({number}) AND abs({number}) < {HUGE} THEN {number} END"


def unless_huge(aggregate: str, finite: str) -> str:
    """An aggregate of squares, NULL where they could be infinite."""
    return f"CASE WHEN MAX(abs({finite})) < {HUGE} THEN {aggregate} END"


def bin_of(expression: str, edges: Sequence[float]) -> str:
    """The bin of a number as text: 0 below the first edge; ``nan``, ``-inf`` and ``+inf``; NULL for NULL."""
    above = " + ".join(f"CASE WHEN {expression} >= CAST('{edge!r}' AS DOUBLE) THEN 1 ELSE 0 END" for edge in edges)
    infinite = f"CASE WHEN {expression} > 0 THEN '+inf' ELSE '-inf' END"
    return (
        f"CASE WHEN {expression} IS NULL THEN NULL WHEN isnan({expression}) THEN 'nan' "
        f"WHEN isinf({expression}) THEN {infinite} ELSE CAST({above or '0'} AS VARCHAR) END"
    )


def digest(types: Mapping[str, str], function: str = "hash") -> str:
    """One number for the values of some columns; NaN is NULL."""
    values = {
        name: f"CASE WHEN isnan({quote(name)}) THEN NULL ELSE {quote(name)} END" if kind == "float" else quote(name)
        for name, kind in types.items()
    }
    # Elsewhere NULL leaves no trace in a digest, so that (NULL, 1) would be (1, NULL).
    there = [] if function == "hash" else [f"{value} IS NULL" for value in values.values()]
    return f"{function}({', '.join([*values.values(), *there])})"


def substitute(expression: str, numbers: Mapping[str, str]) -> str:
    """An expression over roles with their columns put in; a role name is a word of its own.

    Examples
    --------
    >>> substitute("abs(label - prediction)", {"label": '"y"', "prediction": '"p"'})
    'abs("y" - "p")'
    """
    return re.sub(r"\b[a-z_]+\b", lambda word: numbers.get(word[0], word[0]), expression)
