"""Every request to its states, column by column; large numeric columns are read many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from time import perf_counter
from typing import Any

import duckdb

from dte_panel.engine.duckdb import Cells, EngineError, Place
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
        self.numbers = Numbers([reducer.side() for reducer in self.reducers])
        streamed = Streamed(self.numbers)
        for reducer in self.reducers:
            reducer.read_by(self.numbers, streamed)
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
            if column not in self._read and self.numbers.reads(wanted):
                self._read_from(column)
            return {request.key: self._cells(request) for request in wanted}
        finally:
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
        of = next(s for s in self.numbers.sides if s.name == side)
        try:
            return exactly(of, request, place)
        except duckdb.Error as error:
            raise EngineError(" ".join(str(error).split())[:300]) from error
        finally:
            self.seconds += perf_counter() - started

    def _read_from(self, column: str | None) -> None:
        """Read a column, and with it some of those after it."""
        order = list(self.requests)
        later = [c for c in order[order.index(column) :] if c not in self._read]
        self._read.add(column)
        try:
            self._read.update(self.numbers.load([r for c in later for r in self.requests[c]]))
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
