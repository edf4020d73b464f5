"""What a user may set under ``plugins: {drift: {...}}``."""

from __future__ import annotations

from typing import Any

import param

from dte_panel_drift.metrics import BINS


class DriftSettings(param.Parameterized):
    """Settings of the drift provider."""

    bins = param.Integer(
        default=BINS,
        bounds=(2, 100),
        doc="Quantile bins of the reference that a numeric column is cut into. More bins see finer changes and need "
        "more rows. A changed number makes the distances incomparable with older ones.",
    )
    cohorts: Any = param.Selector(
        default=True,
        objects=[True, False, "all"],
        doc="Tell which group moved: one distance of each kind, the tests and the missing values for each cohort too, "
        "or all numbers that can be had of a cohort. Costs so many numbers for each column, window and cohort.",
    )
    domain_classifier = param.Boolean(
        default=False,
        doc="Train a classifier on a seeded sample of whole rows to tell current rows from the reference's: it sees "
        "changes in how columns go together, and takes seconds.",
    )
    evidently_binning = param.Boolean(
        default=False,
        doc="Measure the population stability index and the Jensen-Shannon distance in Evidently's own bins too, for "
        "comparison with its numbers.",
    )
