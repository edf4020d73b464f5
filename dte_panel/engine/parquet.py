"""Columns of Parquet files straight into arrays: a third of what they cost by way of the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

#: Rows that are held at a time, and fewer where it may show that there are too many different texts.
BATCH, LOOKED_AT = 2**17, 2**16
#: Bytes of a file that are read at a time.
BUFFER = 2**18
_WHOLE = (getattr(pa, f"{sign}int{bits}")() for sign in ("", "u") for bits in (8, 16, 32, 64))
#: What is raised for a file that is damaged: the database then says what is wrong with it.
UNREADABLE = (pa.ArrowException, OSError)
_TEXTS = {pa.string(), pa.large_string()}
_PLAIN = {pa.float64(), pa.float32(), *_WHOLE}


class Chunk:
    """Some rows of a column of numbers.

    Parameters
    ----------
    array : pa.Array
        Floats or whole numbers.
    """

    def __init__(self, array: pa.Array) -> None:
        self.nulls = array.null_count
        self.present: NDArray[np.bool_] | None = None
        # By its buffers: what Arrow has for this takes long to import.
        validity, data = array.buffers()
        rows = slice(array.offset, array.offset + len(array))
        kind = array.type.to_pandas_dtype()
        self.values: NDArray[Any] = np.frombuffer(data, kind)[rows] if data and len(array) else np.empty(0, kind)
        if self.nulls:
            self.present = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")[rows].view(bool)

    def __len__(self) -> int:
        return len(self.values)

    def known(self, rows: slice | NDArray[np.int64] = slice(None)) -> NDArray[np.float64]:
        """The values of some rows without NULL, as floats."""
        values = self.values[rows] if self.present is None else self.values[rows][self.present[rows]]
        return values.astype(np.float64, copy=False)


def _words(array: pa.DictionaryArray) -> dict[str | None, int]:
    """How many rows each word of a dictionary has."""
    chunk = Chunk(array.indices)
    places = chunk.values if chunk.present is None else chunk.values[chunk.present]
    rows = np.bincount(places, minlength=len(array.dictionary))
    words = {array.dictionary[int(i)].as_py(): int(rows[i]) for i in np.flatnonzero(rows)}
    return words | ({None: chunk.nulls} if chunk.nulls else {})


class Column:
    """A column of numbers, read again each time that it is gone through.

    Parameters
    ----------
    files : sequence of (Path, metadata)
    name : str
    """

    def __init__(self, files: Sequence[tuple[Path, Any]], name: str) -> None:
        self.files, self.name = files, name

    def __iter__(self) -> Iterator[Chunk]:
        import pyarrow.parquet as pq

        for path, metadata in self.files:
            with pq.ParquetFile(path, metadata=metadata, buffer_size=BUFFER) as file:
                for batch in file.iter_batches(BATCH, columns=[self.name], use_threads=False):
                    yield Chunk(batch.column(self.name))


def _open(path: Path) -> tuple[Path, Any, dict[str, pa.DataType]]:
    """A file, its metadata, and the types of its columns."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        once = Counter(schema.names)
        return path, file.metadata, {field.name: field.type for field in schema if once[field.name] == 1}


class Files:
    """The Parquet files of one side.

    Parameters
    ----------
    paths : sequence of Path
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths
        self._texts: dict[tuple[str, int], Mapping[str | None, int] | None] = {}

    def texts(self, name: str, most: int) -> Mapping[str | None, int] | None:
        """How many rows each value of a column of texts has, in order, NULL last.

        More than ``most`` values are not counted to the end; a column of another type not at all.
        """
        if (name, most) not in self._texts:
            kinds = {kinds.get(name) for _, _, kinds in self._opened}
            texts = kinds and all(kind is not None and getattr(kind, "value_type", kind) in _TEXTS for kind in kinds)
            try:
                self._texts[name, most] = self._counted(name, most) if texts else None
            except (*UNREADABLE, UnicodeDecodeError):
                self._texts[name, most] = None
        return self._texts[name, most]

    def _counted(self, name: str, most: int) -> Mapping[str | None, int]:
        import pyarrow.parquet as pq

        found: Counter[str | None] = Counter()
        for path, metadata, _ in self._opened:
            with pq.ParquetFile(path, metadata=metadata, buffer_size=BUFFER, read_dictionary=[name]) as file:
                for batch in file.iter_batches(LOOKED_AT, columns=[name], use_threads=False):
                    found.update(_words(batch.column(name)))
                    if len(found) - (None in found) > most:
                        return found
        return {word: found[word] for word in sorted(found, key=lambda word: (word is None, word or ""))}

    def numbers(self, name: str) -> Column | None:
        """A column of plain numbers, the same in all files; the database reads every other one."""
        found = {kinds.get(name) for _, _, kinds in self._opened}
        return Column([each[:2] for each in self._opened], name) if len(found) == 1 and found <= _PLAIN else None

    def names(self) -> list[str]:
        """The columns that :meth:`numbers` gives."""
        return sorted(name for _, _, kinds in self._opened[:1] for name in kinds if self.numbers(name) is not None)

    @cached_property
    def _opened(self) -> list[tuple[Path, Any, dict[str, pa.DataType]]]:
        try:
            return [_open(path) for path in self.paths]
        except UNREADABLE:
            return []
