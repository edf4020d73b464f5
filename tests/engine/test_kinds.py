"""The kind of a column is decided once, from both sides and from what the spec says."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

import dte_panel
from dte_panel.model import Measurement


def measured(metric: str, column: str, **arguments: object) -> list[Measurement]:
    evidence = dte_panel.assess(**arguments)  # type: ignore[arg-type]
    return [m for m in evidence.measurements if m.metric == metric and m.column == column and m.window == "current"]


def test_whole_numbers_that_the_spec_calls_categories_are_categories() -> None:
    table = pa.table({"code": [1, 2, 3] * 20})
    (found,) = measured(
        "drift.chi_square_statistic", "code", current=table, reference=table, types={"code": "categorical"}
    )
    assert found.value == 0


def test_text_that_the_spec_calls_a_number_is_left_out_in_words() -> None:
    table = pa.table({"code": ["a", "b"] * 20})
    found = measured("drift.missing_share", "code", current=table, reference=table, types={"code": "numeric"})
    assert [m.reason for m in found] == ["column 'code' holds categorical values, but types.code says numeric"]


def test_a_column_that_lost_its_values_and_its_type_is_a_finding() -> None:
    lost = pa.table({"x": pa.array([None] * 60, pa.null()), "k": pa.array([None] * 60, pa.null())})
    before = pa.table({"x": [0.5] * 60, "k": ["a"] * 60})
    for column in ("x", "k"):
        (found,) = measured("drift.missing_share_change", column, current=lost, reference=before)
        assert found.value == 1


def test_aware_times_of_any_precision_fall_into_utc_windows() -> None:
    for unit in ("s", "ms", "us", "ns"):
        times = pa.array([datetime(2024, 1, 1, 23, 30, tzinfo=UTC)] * 40, pa.timestamp(unit, "Europe/Berlin"))
        evidence = dte_panel.assess(pa.table({"t": times, "x": [1.0] * 40}), time="t", windows="1 day")
        assert list(evidence.windows) == ["2024-01-01"]
