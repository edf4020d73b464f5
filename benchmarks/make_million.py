"""Write the data of the benchmark: reference and current with 30 columns each, the same bytes every time.

    python benchmarks/make_million.py FOLDER [--rows 1000000]

18 numeric columns (normal, lognormal, uniform, whole numbers; one in a hundred values missing), 8 of categories (two
of them sensitive), and a label, a prediction, a score and a time over 30 days. In the current data five numeric columns
and two of categories have moved, and the model is worse for one group.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20_260_101
NUMERIC = [f"number_{i:02}" for i in range(18)]
CATEGORIES = {"sex": 2, "age_band": 6, **{f"kind_{i}": 4 * 2**i for i in range(6)}}
TRUST = """\
subject: {{name: million, kind: model, owner: benchmark}}
data: {{current: current.parquet, reference: reference.parquet}}
roles: {{label: label, prediction: prediction, score: score, sensitive: [sex, age_band]{time}}}
{windows}"""


def number(rng: np.random.Generator, i: int, rows: int, moved: bool) -> pa.Array:
    """One numeric column; every fourth one moves."""
    shift = 0.3 * (moved and i % 4 == 0)
    draw = (rng.normal, rng.lognormal, rng.uniform)[i % 3]
    values = draw(size=rows) + shift if i % 3 != 1 else draw(0.0, 0.5, rows) + shift
    if i % 6 == 5:
        values = np.floor(values * 50)
    return pa.array(values, mask=rng.random(rows) < 0.01)


def category(rng: np.random.Generator, name: str, size: int, rows: int, moved: bool) -> pa.DictionaryArray:
    """One column of categories, the first the most frequent; two of them move."""
    weights = 1.0 / np.arange(1, size + 1) ** (0.5 if moved and name in ("kind_1", "kind_3") else 1.0)
    codes = rng.choice(size, rows, p=weights / weights.sum()).astype(np.int32)
    return pa.DictionaryArray.from_arrays(codes, [f"{name} {i}" for i in range(size)])


def table(rows: int, *, moved: bool) -> pa.Table:
    """Reference, or current (``moved``)."""
    rng = np.random.default_rng([SEED, moved])
    columns: dict[str, Any] = {name: number(rng, i, rows, moved) for i, name in enumerate(NUMERIC)}
    columns |= {name: category(rng, name, size, rows, moved) for name, size in CATEGORIES.items()}
    worse = moved & (columns["sex"].indices.to_numpy() == 1)
    truth = rng.random(rows)
    score = np.clip(np.where(worse, 0.5 * truth + 0.5 * rng.random(rows), truth), 0, 1)
    columns |= {"label": (rng.random(rows) < truth).astype(np.int8), "prediction": (score >= 0.5).astype(np.int8)}
    seconds = np.sort(rng.integers(0, 30 * 86_400, rows)) + (30 * 86_400 if moved else 0)
    start = np.datetime64("2026-01-01T00:00:00", "s")
    return pa.table({**columns, "score": score, "time": start + seconds.astype("timedelta64[s]")})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for name, moved in (("reference", False), ("current", True)):
        pq.write_table(table(args.rows, moved=moved), args.folder / f"{name}.parquet")
    days = {"time": ", time: time", "windows": "windows: {every: 1 day}\n"}
    (args.folder / "trust.yaml").write_text(TRUST.format(**days))
    (args.folder / "whole.yaml").write_text(TRUST.format(time="", windows=""))


if __name__ == "__main__":
    main()
