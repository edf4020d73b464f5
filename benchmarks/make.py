"""Write one file of the benchmarks' data: the same every time, in chunks.

python benchmarks/make.py FILE rows|day|block|crossed ROWS …
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from data import CATEGORIES, EXTRA, GROUPS, NUMBERS

SEED = 20_261_123
CHUNK = 500_000
DAY = 86_400


def main() -> None:
    path, what, rows, *more = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *sys.argv[4:]
    if what == "rows":
        _write(path, _chunks(rows, moved=more[0] == "current"))
    elif what == "day":
        number = int(more[0])
        rng = np.random.default_rng([SEED, 7, number])
        _write(path, [_table(rng, rows, (number / 30, (number + 1) / 30), moved=True)])
    elif what == "block":
        _write(path, [_wide(rows, int(more[1]), moved=more[0] == "current")])
    else:
        _write(path, [_crossed(rows, int(more[0]))])


def _crossed(rows: int, cohorts: int) -> pa.Table:
    first = 10 if cohorts <= 100 else 25
    rng = np.random.default_rng([SEED, cohorts])
    made = next(_chunks(rows, moved=True))
    for name, size in (("a", first), ("b", cohorts // first)):
        made = made.append_column(name, _text(rng.integers(0, size, rows), name, size))
    return made


def _write(path: Path, tables: Any) -> None:
    """Written whole or not at all."""
    part = path.with_suffix(".part")
    writer = None
    for table in tables:
        writer = writer or pq.ParquetWriter(part, table.schema, compression="snappy")
        writer.write_table(table)
    if writer:
        writer.close()
    part.rename(path)


def _chunks(rows: int, *, moved: bool) -> Iterator[pa.Table]:
    for number, start in enumerate(range(0, rows, CHUNK)):
        span = (start / rows, min(start + CHUNK, rows) / rows)
        yield _table(np.random.default_rng([SEED, moved, number]), min(CHUNK, rows - start), span, moved=moved)


def _table(rng: np.random.Generator, rows: int, span: tuple[float, float], *, moved: bool) -> pa.Table:
    """Rows of a span of the 30 days; in the current data every fourth column moved and one group is served worse."""
    columns: dict[str, Any] = {}
    for i, name in enumerate([*NUMBERS, *EXTRA]):
        shift = 0.15 * moved * (i % 4 == 1)
        draw = (rng.standard_normal, rng.standard_exponential, rng.random)[i % 3]
        values = draw(rows, dtype=np.float32) + shift
        # A few thousand different values, as measured quantities have; whole numbers in every fifth column.
        rounded = np.floor(values * 20).astype(np.int32) if i % 5 == 4 else np.round(values.astype(np.float64), 3)
        columns[name] = pa.array(rounded, mask=rng.random(rows, dtype=np.float32) < 0.01 * (i % 6 == 0))
    for i, name in enumerate(CATEGORIES):
        size = (2, 3, 4, 6, 8, 12, 20, 40, 60, 100)[i]
        weights = 1.0 / np.arange(1, size + 1) ** (0.6 + 0.2 * moved * (i % 4 == 1))
        columns[name] = _text(_draw(rng, weights, rows), name, size)
    groups = {name: _draw(rng, 1.0 / np.arange(1, size + 1) ** 0.6, rows) for name, size in GROUPS.items()}
    columns |= {name: _text(codes, name, GROUPS[name]) for name, codes in groups.items()}
    truth = rng.random(rows, dtype=np.float32)
    worse = moved & (groups["s1"] == 1)
    score = np.round(np.where(worse, 0.5 * truth + 0.5 * rng.random(rows, dtype=np.float32), truth), 4)
    columns["label"] = (rng.random(rows, dtype=np.float32) < truth).astype(np.int8)
    columns |= {"prediction": (score >= 0.5).astype(np.int8), "score": score.astype(np.float64)}
    start = np.datetime64("2026-02-01" if moved else "2026-01-01", "s")
    seconds = np.sort(rng.integers(int(30 * DAY * span[0]), int(30 * DAY * span[1]), rows))
    return pa.table({**columns, "time": start + seconds.astype("timedelta64[s]")})


def _draw(rng: np.random.Generator, weights: Any, rows: int) -> Any:
    edges = np.cumsum(weights / weights.sum())
    return np.searchsorted(edges, rng.random(rows, dtype=np.float32)).clip(0, len(weights) - 1)


def _text(codes: Any, name: str, size: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(codes.astype(np.int32), [f"{name}_{i}" for i in range(size)]).cast(
        pa.string()
    )


def _wide(rows: int, columns: int, *, moved: bool) -> pa.Table:
    rng = np.random.default_rng([SEED, moved, columns])
    made = {}
    for i in range(columns):
        values = rng.standard_normal(rows, dtype=np.float32) + 0.2 * moved * (i % 20 == 3)
        made[f"x{i}"] = np.round(values.astype(np.float64), 1)
    return pa.table(made)


if __name__ == "__main__":
    main()
