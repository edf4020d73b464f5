"""What a user may set under ``plugins: {performance: {...}}``."""

from __future__ import annotations

import param

from dte_panel_performance.ranking import SHARES
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
