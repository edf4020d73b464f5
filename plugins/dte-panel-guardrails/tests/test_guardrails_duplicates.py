"""Rows that stand in the data twice: as pandas counts them, at any size and in any order of the columns."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import dte_panel
from dte_panel import Measurement

ROWS: dict[str, list[Any]] = {
    "number": [1.5, 1.5, None, math.nan, -0.0, 0.0, 2.0, 2.0],
    "name": ["a", "a", None, None, "b", "b", "c", "c"],
    "id": [1, 1, 3, 4, 5, 6, 7, 8],
    "y": [0, 0, 1, 1, 1, 0, 1, 0],
}


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other provider takes time."""
    monkeypatch.setenv("DTE_PLUGINS", "guardrails")


def measured(data: Any, **roles: Any) -> dict[str, Measurement]:
    evidence = dte_panel.assess(data, label="y", **roles)
    kept = [m for m in evidence.measurements if m.metric.startswith("guardrails.duplicate_") and m.window == "current"]
    assert all(m.status != "error" for m in kept), kept
    return {m.metric.partition("duplicate_")[2]: m for m in kept}


def test_whole_rows_and_features_are_told_apart() -> None:
    found = measured(pa.table(ROWS), id="id")
    row, feature = found["row_share"], found["feature_share"]
    assert (row.value, row.n, row.low) == (1 / 8, 8, None)
    assert (feature.value, feature.n) == (4 / 8, 8), "NULL is NaN, -0.0 is 0.0"
    assert dict(feature.detail) == {"duplicates": 4, "most equal rows": 2}


def test_the_order_of_columns_and_files_does_not_matter(tmp_path: Path) -> None:
    table = pa.table({**ROWS, "year": [2020] * 4 + [2021] * 4})
    once = measured(table, id="id")
    pq.write_table(table.slice(0, 1), tmp_path / "1.parquet")
    pq.write_table(table.slice(1, 7).select(table.column_names[::-1]), tmp_path / "2.parquet")
    for kept in (None, tmp_path / "cache", tmp_path / "cache"):
        apart = measured(str(tmp_path / "*.parquet"), id="id", cache=kept)
        assert {k: (m.value, m.n) for k, m in apart.items()} == {k: (m.value, m.n) for k, m in once.items()}


def test_a_column_without_a_role_tells_rows_apart() -> None:
    table = pa.table({**ROWS, "left_out": list(range(8))})
    assert measured(table, id="id", ignore=["left_out"])["row_share"].value == 0
    assert measured(table, id="id", ignore=["left_out"])["feature_share"].value == 4 / 8


def test_without_features_there_is_no_number() -> None:
    found = measured(pa.table({"id": [1, 2], "y": [0, 1]}), id="id")
    assert found["row_share"].value == 0
    assert found["feature_share"].value is None
    assert found["feature_share"].reason


def test_pandas_agrees_on_awkward_rows() -> None:
    table = pa.table(
        {
            "big": [2**62, 2**62 + 1, 2**62, None, None, None, 7, 7],
            "day": pa.array([0, 0, 0, 1, 1, None, 2, 2], pa.date32()),
            "flag": [True, None, True, False, False, None, True, True],
            "y": ROWS["y"],
        }
    )
    evidence = dte_panel.assess(table, label="y", verify=True)
    mine = [m for m in evidence.measurements if m.metric.startswith("guardrails.duplicate_")]
    assert [m.value for m in mine if m.metric == "guardrails.duplicate_feature_share"] == [3 / 8]
    assert not [m for m in mine if m.status == "error"]
    assert "pandas" in evidence.second_opinion["libraries"]
