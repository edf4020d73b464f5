"""Rows themselves, for what cannot be counted in SQL: a seeded sample, the same every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import numpy as np

from dte_panel.engine import sql
from dte_panel.engine.plan import Request
from dte_panel.engine.sources import Connection, Source
from dte_panel.reductions import Rows
from dte_panel.states import JointSample, Sample
from dte_panel.stats import base_seed

#: Types of column that come as they stand; all others come as text.
PLAIN = ("integer", "float", "boolean")


@contextmanager
def one_thread(connection: Connection) -> Iterator[None]:
    """Sums of floats and samples come out the same, to the last bit, only where one thread makes them."""
    connection.execute("SET threads = 1")
    try:
        yield
    finally:
        connection.execute("RESET threads")


def of_column(connection: Connection, source: Source, column: str, reduction: Rows) -> Sample:
    """Values of one column as text, without NULL."""
    name = sql.quote(column)
    ((total,),) = connection.execute(f"SELECT COUNT({name}) FROM {source.sql}").fetchall()
    query = f"SELECT CAST({name} AS VARCHAR) FROM {source.sql} WHERE {name} IS NOT NULL"
    with one_thread(connection):
        rows = connection.execute(_sampled(query, reduction, total)).fetchall()
    return Sample(tuple(str(row[0]) for row in rows), int(total))


def joint(connection: Connection, source: Source, columns: Sequence[str], reduction: Rows) -> JointSample:
    """Whole rows of those columns that the source has."""
    types = {c: source.types[c] for c in columns if c in source.types}
    names = [f"{plain(c, kind)} AS {sql.quote(c)}" for c, kind in types.items()]
    query = f"SELECT {', '.join(names) or '1'} FROM {source.sql}"
    with one_thread(connection):
        made = connection.execute(_sampled(query, reduction, source.rows)).fetchnumpy()
    return JointSample({c: made[c] for c in types}, min(source.rows, reduction.sample), source.rows)


def by_place(request: Request, source: Source) -> bool:
    """Whether whole rows are wanted by window and cohort, and none is left out."""
    reduction = cast(Rows, request.reduction)
    return (request.windows or request.cohorts) and source.rows <= reduction.sample


def plain(column: str, kind: str) -> str:
    """A column as it stands, or as text."""
    return sql.quote(column) if kind in PLAIN else sql.text(column, kind)


def _sampled(query: str, reduction: Rows, total: int) -> str:
    """The query, or a sample of its rows where there are more than wanted."""
    if total <= reduction.sample:
        return query
    seed = reduction.seed + base_seed.get()
    return f"SELECT * FROM ({query}) USING SAMPLE reservoir({reduction.sample} ROWS) REPEATABLE ({seed})"


def together(samples: Sequence[Sample | JointSample], reduction: Rows) -> Sample | JointSample:
    """The rows of several files: all of them, or as many of each as a sample of all rows might have had."""
    totals = [sample.total for sample in samples]
    rng = np.random.default_rng(reduction.seed + base_seed.get())
    taken = totals
    if sum(totals) > reduction.sample:
        taken = rng.multivariate_hypergeometric(totals, reduction.sample).tolist()
    held = [len(s.values) if isinstance(s, Sample) else s.n for s in samples]
    rows = [np.sort(rng.choice(have, n, replace=False)) for have, n in zip(held, taken, strict=True)]
    plain = [(s, at) for s, at in zip(samples, rows, strict=True) if isinstance(s, Sample)]
    if plain:
        return Sample(tuple(s.values[i] for s, at in plain for i in at), sum(totals))
    whole = [(s.columns, at) for s, at in zip(samples, rows, strict=True) if isinstance(s, JointSample)]
    joined: Any = np.ma.concatenate
    columns = {name: joined([c[name][at] for c, at in whole]) for name in whole[0][0]}
    return JointSample(columns, sum(taken), sum(totals))
