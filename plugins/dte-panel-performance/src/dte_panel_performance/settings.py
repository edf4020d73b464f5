"""What a user may set under ``plugins: {performance: {...}}``."""

from __future__ import annotations

from typing import Any

import param

from dte_panel_performance.library import understood
from dte_panel_performance.ranking import SHARES
from dte_panel_performance.slices import MIN_ROWS, MOST_COLUMNS
from dte_panel_performance.spans import NOMINAL


class PerformanceSettings(param.Parameterized):
    """Settings of the performance provider."""

    top_shares = param.List(
        default=list(SHARES),
        item_type=float,
        bounds=(0, 10),
        doc="Shares of the population that gain and lift are given for: the rows that score highest.",
    )
    interval_coverage = param.Number(
        default=NOMINAL,
        bounds=(0, 1),
        inclusive_bounds=(False, False),
        doc="Share of rows that the intervals of roles.prediction_low and prediction_high are meant to hold.",
    )
    slice_columns = param.Integer(
        default=MOST_COLUMNS,
        bounds=(1, 30),
        doc="Columns that the weakest slices are searched in, sensitive ones first: their pairs grow with the square.",
    )
    slice_min_rows = param.Integer(
        default=MIN_ROWS,
        bounds=(1, None),
        doc="Rows that a slice must have to be looked at.",
    )
    library_metrics = param.List(
        default=[],
        item_type=str,
        bounds=(0, 50),
        doc="Functions of scikit-learn by name, such as sklearn:jaccard_score or sklearn:fbeta_score(beta=2): computed "
        "by the library itself on the collapsed cells, with the rows as weights.",
    )

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)  # type: ignore[no-untyped-call]
        for text in self.library_metrics:
            understood(text)
