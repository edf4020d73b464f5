"""Drift of features, score, prediction and label against a reference, for DTE Panel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dte_panel import Metric, View, hookimpl

if TYPE_CHECKING:
    import param


@hookimpl
def dte_settings() -> type[param.Parameterized]:
    """The number of bins."""
    from dte_panel_drift.settings import DriftSettings

    return DriftSettings


@hookimpl
def dte_metrics(settings: Any) -> Iterable[Metric]:
    """Distances, tests, missing values and categories of each column."""
    from dte_panel_drift.metrics import metrics

    if settings is None:
        return metrics()
    return metrics(
        settings.bins,
        cohorts=settings.cohorts,
        domain_classifier=settings.domain_classifier,
        evidently_binning=settings.evidently_binning,
    )


@hookimpl
def dte_views() -> Iterable[View]:
    """Heat map, distributions, ranking and missing values."""
    from dte_panel_drift.views import VIEWS

    return VIEWS
