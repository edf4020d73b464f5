"""Data in several files: each is read on its own, once, and what was learned of it adds up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any, cast

from dte_panel.engine import plan, tallies
from dte_panel.engine.convert import chosen_edges
from dte_panel.engine.duckdb import Cells, Edges, Place, Reducer
from dte_panel.engine.layout import Layout
from dte_panel.engine.numeric import Numbers
from dte_panel.engine.pieces import Piece, Side
from dte_panel.engine.plan import Request
from dte_panel.engine.questions import Part, whole
from dte_panel.engine.sampling import by_place, together
from dte_panel.engine.sources import Connection, Source
from dte_panel.engine.streamed import Streamed
from dte_panel.model import CURRENT
from dte_panel.reductions import Distinct, Means, Overlap, Profile, Rows, Sums, Values
from dte_panel.states import DistinctCount, Ordered, Overlapped
from dte_panel.stats import base_seed

#: Larger samples of whole rows are not kept.
MOST_KEPT = 100_000
#: What comes out otherwise, in the last digit or in the choice of rows, when all files are read at once.
PARTED = (Means, Profile, Rows, Sums)


def merged(parts: Iterable[Cells]) -> Cells:
    """The states of all parts together, place by place; each state merges from the first part to the last.

    Raises
    ------
    TypeError
        These states do not add up.
    """
    found: dict[Place, Any] = {}
    for cells in parts:
        for place, state in cells.items():
            if place in found and not hasattr(state, "merge"):
                raise TypeError(f"states of {type(state).__name__} do not add up")
            found[place] = found[place].merge(state) if place in found else state
    return found


class PartedReducer:
    """Reduces one side file by file; a state that is known of a file is not made again.

    Parameters
    ----------
    connection : Connection
    source : Source
        With parts.
    layout : Layout
    edges : dict
        As for :class:`~dte_panel.engine.duckdb.Reducer`.
    reference : Source, optional
        As there.
    """

    def __init__(
        self,
        connection: Connection,
        source: Source,
        layout: Layout,
        edges: Edges,
        reference: Source | None = None,
    ) -> None:
        self.connection, self.source, self.layout, self.edges = connection, source, layout, edges
        self.reference = reference
        self.numbers: Numbers | None = None
        self.streamed: Streamed | None = None
        self._opened: dict[str, Reducer] = {}
        self._face = Reducer(connection, replace(source, parts=()), layout, edges, reference)

    def side(self) -> Side:
        """Its files, each a piece."""
        return Side(self._face, [Piece(partial(self._reducer, part), self.source, part) for part in self.source.parts])

    def read_by(self, numbers: Numbers, streamed: Streamed) -> None:
        """Leave large columns to those who know both sides."""
        self.numbers, self.streamed = numbers, streamed
        self._face.read_by(numbers, streamed)

    def reduce(self, request: Request) -> Cells:
        """The states of one request, for every window and cohort that has rows.

        Raises
        ------
        EngineError
            As for :class:`~dte_panel.engine.duckdb.Reducer`.
        """
        loaded = self.numbers.cells(self.source.name, request) if self.numbers else None
        if loaded is not None:
            return loaded
        self._choose_edges(request)
        apart = bool(self.source.kept) or isinstance(request.reduction, PARTED)
        if not apart or (self.streamed and self.streamed.takes(self.source.name, request)):
            return self._face.reduce(request)
        if isinstance(request.reduction, Distinct):
            return self._distinct(str(request.column))
        if isinstance(request.reduction, Overlap):
            return self._overlap(str(request.column))
        if isinstance(request.reduction, Rows):
            return self._rows(request, request.reduction)
        question = self._question(request)
        return merged(self._known(part, question, request) for part in self.source.parts)

    def _rows(self, request: Request, reduction: Rows) -> Cells:
        if reduction.joint and (by_place(request, self.source) or reduction.sample > MOST_KEPT):
            # All rows are no answer to keep.
            cells = [self._reducer(part).reduce(request) for part in self.source.parts]
        else:
            whole = replace(request, windows=False, cohorts=False)
            question = self._question(whole)
            cells = [self._known(part, question, whole) for part in self.source.parts]
        drawn: dict[Place, list[Any]] = {}
        for place, sample in (item for c in cells for item in c.items()):
            drawn.setdefault(place, []).append(sample)
        return {place: together(samples, reduction) for place, samples in drawn.items()}

    def _known(self, part: Part, question: Any, request: Request) -> Cells:
        return cast(Cells, part.known(question, lambda: self._reducer(part).reduce(request)))

    def _distinct(self, column: str) -> Cells:
        if self.source.types[column] == "float":
            return {}
        found = tallies.of(self.connection, self.source, column)
        return {(self.source.name, ()): DistinctCount(len(found), found.total())}

    def _overlap(self, column: str) -> Cells:
        if self.source.name != CURRENT:
            return {}
        now, before = tallies.of(self.connection, self.source, column), None
        if self.reference:
            before = tallies.of(self.connection, self.reference, column)
        earlier = None if before is None else sum(n for value, n in now.items() if value in before)
        return {(CURRENT, ()): Overlapped(now.total(), sum(n for n in now.values() if n > 1), earlier)}

    def _reducer(self, part: Part) -> Reducer:
        if part.digest not in self._opened:
            source = replace(self.source, rows=part.rows, parts=())
            self._opened[part.digest] = Reducer(part.connection, source, self.layout, self.edges)
        return self._opened[part.digest]

    def _choose_edges(self, request: Request) -> None:
        """Bins come from all files of the side that is reduced first, not from the first file."""
        for column, bins in self._binned(request):
            if (column, bins) not in self.edges and column in self.source.types:
                values = self.reduce(Request(Values(""), column))
                every = cast(Ordered, values[self.source.name, ()])
                self.edges[column, bins] = chosen_edges(every, bins)

    def _binned(self, request: Request) -> list[tuple[str, int]]:
        """The numeric columns that a reduction cuts into bins, and how many."""
        bins = getattr(request.reduction, "bins", None)
        roles = [request.column and f"column:{request.column}", *plan.roles_of(request.reduction)]
        found = {c for role in roles[: 1 if request.column else None] if role for c in self.layout.columns(role)}
        return [(c, bins) for c in sorted(found) if bins and self.layout.kinds.get(c) == "numeric"]

    def _question(self, request: Request) -> Any:
        """All that decides the states of a file, besides its rows: what other files hold is no part of it."""
        layout, declared = self.layout, self.source.declared
        roles = {role: layout.columns(role) for role in (*plan.roles_of(request.reduction), "sensitive", "time")}
        roles |= {role: layout.columns(role) for role in ("label", "prediction")}
        used = sorted({request.column or "", *(c for columns in roles.values() for c in columns)})
        edges = [(key, self.edges.get(key)) for key in self._binned(request)]
        types = self.source.types
        columns = [(c, declared.get(c), types.get(c), layout.kinds.get(c), c in layout.left_out) for c in used]
        layout_of = (layout.task, layout.positive, layout.groupings, sorted(layout.bands.items()), layout.grid)
        return request, sorted(roles.items()), columns, edges, layout_of, self.source.relation, base_seed.get()


def reducer_of(
    connection: Connection, source: Source, layout: Layout, edges: Edges, reference: Source | None
) -> Reducer | PartedReducer:
    """What reduces a side."""
    if reference and not source.kept:
        whole(connection, reference)
    made = PartedReducer if source.parts else Reducer
    return made(connection, source, layout, edges, reference)
