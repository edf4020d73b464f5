"""Every request to its states, column by column; large numeric columns are read many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from time import perf_counter
from typing import Any, cast

import duckdb

from dte_panel.engine.duckdb import Cells, EngineError, Place, Reducer
from dte_panel.engine.layout import Layout
from dte_panel.engine.numeric import Numbers
from dte_panel.engine.parquet import UNREADABLE
from dte_panel.engine.parts import reducer_of
from dte_panel.engine.plan import Request
from dte_panel.engine.sources import Connection, Source
from dte_panel.engine.streamed import Streamed, exactly
from dte_panel.errors import describe
from dte_panel.model import CURRENT, REFERENCE
from dte_panel.states import State

#: Request key to states by place, or to the reason why there are none.
States = dict[tuple[Any, str | None], Cells | str]


class Engine:
    """Reduces both sides.

    Parameters
    ----------
    connection : Connection
    sources : mapping
        ``current``, and ``reference`` where there is one.
    layout : Layout

    Attributes
    ----------
    seconds : float
        What reducing has taken so far.
    """

    def __init__(self, connection: Connection, sources: Mapping[str, Source], layout: Layout) -> None:
        edges: dict[Any, Any] = {}
        sides = [sources[name] for name in (REFERENCE, CURRENT) if name in sources]
        self.reducers = [reducer_of(connection, side, layout, edges, sources.get(REFERENCE)) for side in sides]
        # What is known of files is known column by column, and exact.
        together = [r for r in self.reducers if isinstance(r, Reducer)]
        self.numbers = Numbers(together) if len(together) == len(sides) else None
        streamed = Streamed(self.numbers) if self.numbers else None
        for reducer in together if self.numbers else ():
            reducer.numbers, reducer.streamed = self.numbers, streamed
        self.requests: dict[str | None, list[Request]] = {}
        self.seconds = 0.0
        self._read: set[str | None] = set()

    def plan(self, requests: Iterable[Request]) -> None:
        """Take down all that will be asked for, so that columns can be read together."""
        for request in requests:
            self.requests.setdefault(request.column, []).append(request)

    def states(self, column: str | None) -> States:
        """The states of all requests of one column, or of those that cross columns (``None``)."""
        started = perf_counter()
        try:
            wanted = self.requests.get(column, [])
            if self.numbers and column not in self._read and self.numbers.reads(wanted):
                self._read_from(column, self.numbers)
            return {request.key: self._cells(request) for request in wanted}
        finally:
            if self.numbers:
                self.numbers.forget(column)
            self.seconds += perf_counter() - started

    def exactly(self, request: Request, place: Place) -> State:
        """The state of one window and cohort from every row of it, for what was counted in fine bins.

        Raises
        ------
        EngineError
            The database could not do it.
        """
        started, side = perf_counter(), REFERENCE if place[0] == REFERENCE else CURRENT
        reducer = next(r for r in self.reducers if r.source.name == side)
        try:
            return exactly(cast(Reducer, reducer), request, place)
        except duckdb.Error as error:
            raise EngineError(" ".join(str(error).split())[:300]) from error
        finally:
            self.seconds += perf_counter() - started

    def _read_from(self, column: str | None, numbers: Numbers) -> None:
        """Read a column, and with it some of those after it."""
        order = list(self.requests)
        later = [c for c in order[order.index(column) :] if c not in self._read]
        self._read.add(column)
        try:
            self._read.update(numbers.load([r for c in later for r in self.requests[c]]))
        except (duckdb.Error, *UNREADABLE):
            # Each column is then read on its own, and says what is wrong with it.
            return

    def _cells(self, request: Request) -> Cells | str:
        cells: Cells = {}
        try:
            for reducer in self.reducers:
                cells.update(reducer.reduce(request))
        except Exception as error:  # noqa: BLE001 - a provider may declare what the engine cannot even begin
            why = str(error) if isinstance(error, EngineError) else describe(error)
            return f"the engine could not reduce it ({why})"
        return cells
