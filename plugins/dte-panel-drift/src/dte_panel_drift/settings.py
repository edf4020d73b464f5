"""What a user may set under ``plugins: {drift: {...}}``."""

from __future__ import annotations

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
    cohorts = param.Boolean(
        default=True,
        doc="Measure the population stability index and the missing values for each cohort too, to tell which group "
        "moved. Costs one number for each column, window and cohort.",
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
