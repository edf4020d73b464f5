"""A side in the pieces that it is read in, and the windows and cohorts that the rows of each piece count for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dte_panel.engine import sql
from dte_panel.engine.parquet import Chunk, Files
from dte_panel.engine.rows import WINDOW, used
from dte_panel.engine.rows import codes as row_codes
from dte_panel.model import cohort_key

if TYPE_CHECKING:
    from dte_panel.engine.duckdb import Place, Reducer
    from dte_panel.engine.questions import Part
    from dte_panel.engine.sources import Source

#: More windows and cohorts than this are not crossed.
MOST_PLACES = 2**16
#: Rows of a batch.
BATCH = 122_880
#: Of the rows of one place: the group of each column, and the number of the window at the end where there are windows.
Label = tuple[str | int | None, ...]
#: Of each way of grouping, the labels of a piece, and which of them each row has (``None``: all rows have the same).
Split = tuple[tuple[Label, ...], NDArray[np.int32] | None]


class Piece:
    """Rows that are read together: a file, or a whole side.

    Parameters
    ----------
    reducer : callable
        Gives the reducer of these rows; it is asked for when something is to be read.
    source : Source
        What they are part of.
    part : Part, optional
        The file, where it is one of several; it may know answers about these rows from earlier.
    """

    def __init__(self, reducer: Callable[[], Reducer], source: Source, part: Part | None = None) -> None:
        self.reducer, self.source, self.part = reducer, source, part
        self.rows = part.rows if part else source.rows
        self._files: Files | None = None

    @property
    def keeps(self) -> bool:
        """Whether answers are kept."""
        return self.part is not None and self.part.cache.keeps

    def recall(self, question: Any) -> Any:
        """The answer that was given before, or ``None``."""
        return self.part.recall(question) if self.part and self.keeps else None

    def keep(self, question: Any, answer: Any) -> None:
        """Remember an answer."""
        if self.part and self.keeps:
            self.part.keep(question, answer)

    @cached_property
    def straight(self) -> set[str]:
        """The columns that are read from files without the database."""
        self._files = None if self.source.relation else self.part.files if self.part else self.source.files
        if self._files is None:
            return set()
        known = self.recall("straight")
        if known is None:
            known = self._files.names()
            self.keep("straight", known)
        return set(known)

    def chunks(self, columns: Sequence[str]) -> dict[str, Iterable[Chunk]]:
        """The rows of some columns: from the file when they are gone through, or from the database now."""
        found: dict[str, Iterable[Chunk]] = {
            c: rows for c in columns if c in self.straight and self._files and (rows := self._files.numbers(c))
        }
        others = [c for c in columns if c not in found]
        batches = self.arrays([sql.number(c) for c in others]) if others else []
        return found | {c: [Chunk(batch.column(i)) for batch in batches] for i, c in enumerate(others)}

    def arrays(self, expressions: Sequence[str]) -> list[pa.RecordBatch]:
        """Some expressions over all rows, in the order of the rows."""
        return list(self.batches(expressions))

    def batches(self, expressions: Sequence[str], where: str = "") -> Iterator[pa.RecordBatch]:
        """The same, a few rows at a time."""
        reducer = self.reducer()
        select = ", ".join(f"{e} AS c{i}" for i, e in enumerate(expressions))
        relation = reducer.connection.sql(f"SELECT {select} FROM {reducer.source.sql}{where}")
        yield from relation.to_arrow_reader(BATCH)


@dataclass(frozen=True)
class Side:
    """One side of the data.

    Attributes
    ----------
    face : Reducer
        Knows names and types; nothing is read through it.
    pieces : sequence of Piece
    """

    face: Reducer
    pieces: Sequence[Piece]

    @property
    def name(self) -> str:
        """Such as ``current``."""
        return self.face.source.name


class Places:
    """The windows and cohorts that the rows of a side count for.

    Parameters
    ----------
    side : Side
    windows, cohorts : bool
        Which of them are asked for.
    """

    def __init__(self, side: Side, windows: bool, cohorts: bool) -> None:
        self.side, self.layout = side, side.face.layout
        groupings, self.expressions = row_codes(side.face, windows, cohorts)
        self.starts = sorted(self.layout.starts) if WINDOW in self.expressions else []
        window = (WINDOW,) if WINDOW in self.expressions else ()
        self.columns = every = (*used(groupings), *window)
        #: Ways of grouping the rows: columns that are crossed, and the groupings that are read off them.
        self.ways: list[tuple[tuple[str, ...], Sequence[tuple[str, ...]]]] = [(every, groupings)]
        if math.prod(self._size(c) for c in every) > MOST_PLACES:
            self.ways = [((*grouping, *window), [grouping]) for grouping in groupings]
        self._splits: dict[int, list[Split]] = {}

    @cached_property
    def question(self) -> Any:
        """All that decides which rows of a piece fall together."""
        face, grid = self.side.face, self.layout.grid
        groups = [(c, self.layout.group(c, face.source.types[c])) for c in self.columns if c != WINDOW]
        return [columns for columns, _ in self.ways], groups, grid if WINDOW in self.expressions else None

    def labels(self, piece: Piece) -> list[tuple[Label, ...]]:
        """The labels of a piece, of each way."""
        found = piece.recall(("places", self.question))
        if found is None:
            found = [labels for labels, _ in self.split(piece)]
            piece.keep(("places", self.question), found)
        return cast("list[tuple[Label, ...]]", found)

    @cached_property
    def every(self) -> list[tuple[Label, ...]]:
        """The labels of all pieces, of each way."""
        found: list[set[Label]] = [set() for _ in self.ways]
        for piece in self.side.pieces:
            for labels, own in zip(found, self.labels(piece), strict=True):
                labels.update(own)
        return [
            tuple(sorted(labels, key=partial(self._order, columns)))
            for (columns, _), labels in zip(self.ways, found, strict=True)
        ]

    @cached_property
    def members(self) -> list[dict[Place, list[int]]]:
        """Window and cohort to the places that they are made of, of each way."""
        return [
            self._members(columns, groupings, labels)
            for (columns, groupings), labels in zip(self.ways, self.every, strict=True)
        ]

    def at(self, piece: Piece) -> list[list[int]]:
        """Which places of the side those of a piece are, of each way."""
        ranks = [{label: i for i, label in enumerate(labels)} for labels in self.every]
        return [[rank[label] for label in labels] for rank, labels in zip(ranks, self.labels(piece), strict=True)]

    def split(self, piece: Piece) -> list[Split]:
        """The labels of a piece and which row has which; read once."""
        if id(piece) not in self._splits:
            self._splits[id(piece)] = self._read(piece)
        return self._splits[id(piece)]

    def _read(self, piece: Piece) -> list[Split]:
        keys: dict[str, NDArray[np.int64]] = {}
        if self.expressions:
            batches = piece.arrays(list(self.expressions.values()))
            for i, column in enumerate(self.columns):
                parts = [b.column(i).to_numpy(zero_copy_only=False) for b in batches]
                keys[column] = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
        if WINDOW in keys:
            # The last window is that of rows without one.
            keys[WINDOW] = _window_codes(keys[WINDOW], self.starts)
        return [self._numbered(columns, keys, piece.rows) for columns, _ in self.ways]

    def _numbered(self, columns: Sequence[str], keys: dict[str, NDArray[np.int64]], rows: int) -> Split:
        """Cross some keys; only the crossings that have rows are places."""
        if not columns:
            return ((),), None
        sizes, flat = [self._size(c) for c in columns], np.zeros(rows, dtype=np.int64)
        for column, size in zip(columns, sizes, strict=True):
            flat = flat * size + keys[column]
        counts = np.bincount(flat, minlength=math.prod(sizes))
        occurring = np.flatnonzero(counts)
        at = [codes.tolist() for codes in np.unravel_index(occurring, sizes)]
        values = [[self._value(c, code) for code in codes] for c, codes in zip(columns, at, strict=True)]
        return tuple(zip(*values, strict=True)), (np.cumsum(counts > 0) - 1).astype(np.int32)[flat]

    def _size(self, column: str) -> int:
        return len(self.starts) + 1 if column == WINDOW else len(self.layout.groups[column])

    def _value(self, column: str, code: int) -> str | int | None:
        if column == WINDOW:
            return self.starts[code] if code < len(self.starts) else None
        return self.layout.groups[column][code]

    def _order(self, columns: Sequence[str], label: Label) -> list[int]:
        ranks = self._ranks
        return [ranks[column][value] for column, value in zip(columns, label, strict=True)]

    @cached_property
    def _ranks(self) -> dict[str, dict[Any, int]]:
        return {c: {self._value(c, i): i for i in range(self._size(c))} for c in self.columns}

    def _members(
        self, columns: Sequence[str], groupings: Iterable[tuple[str, ...]], labels: Sequence[Label]
    ) -> dict[Place, list[int]]:
        found: dict[Place, list[int]] = {}
        for grouping in groupings:
            at = [columns.index(c) for c in grouping]
            for place, label in enumerate(labels):
                cohort = cohort_key({c: cast("str | None", label[i]) for c, i in zip(grouping, at, strict=True)})
                found.setdefault((self.side.name, cohort), []).append(place)
                if WINDOW in columns and label[-1] is not None:
                    found.setdefault((self.layout.starts[cast(int, label[-1])], cohort), []).append(place)
        return found


def _window_codes(numbers: NDArray[np.int64], starts: Sequence[int]) -> NDArray[np.int64]:
    at = np.searchsorted(starts, numbers)
    known = np.append(starts, np.iinfo(np.int64).max)[at] == numbers
    return np.where(known, at, len(starts))
