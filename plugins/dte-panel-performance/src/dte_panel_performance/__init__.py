"""Performance of classifiers and regressors over time and by cohort, for DTE Panel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dte_panel import Metric, View, change, hookimpl
from dte_panel_performance.baseline import BASELINES
from dte_panel_performance.classes import CLASSES
from dte_panel_performance.costs import COSTS
from dte_panel_performance.decisions import DECISIONS, accuracy
from dte_panel_performance.errors import ERRORS, mean_absolute_error
from dte_panel_performance.estimate import ESTIMATES
from dte_panel_performance.library import by_name
from dte_panel_performance.ranking import SHARES, at_the_top, average_precision
from dte_panel_performance.scores import SCORES, roc_auc
from dte_panel_performance.slices import MIN_ROWS, MOST_COLUMNS, of_slices
from dte_panel_performance.spans import NOMINAL, median_absolute_error, of_intervals

if TYPE_CHECKING:
    import param

api_version = 1

_AGAINST = (
    "Current minus reference, for the same cohort; undefined where either is. The interval joins both sides' own."
)

CHANGES = (
    change(
        accuracy,
        id="accuracy_change",
        title="Change of accuracy",
        definition=_AGAINST,
        formula="accuracy(current) − accuracy(reference)",
        source="Newcombe (1998), Statistics in Medicine 17, 873-890, method 10, for the interval",
        range=(-1.0, 1.0),
        group="change",
    ),
    change(
        roc_auc,
        id="roc_auc_change",
        title="Change of ROC AUC",
        definition=_AGAINST,
        formula="ROC AUC(current) − ROC AUC(reference)",
        source="Zou & Donner (2008), Statistics in Medicine 27, 1693-1702, for the interval",
        range=(-1.0, 1.0),
        group="change",
    ),
    change(
        mean_absolute_error,
        id="mean_absolute_error_change",
        title="Change of mean absolute error",
        definition=_AGAINST,
        formula="mean absolute error(current) − mean absolute error(reference)",
        source="Zou & Donner (2008), Statistics in Medicine 27, 1693-1702, for the interval",
        group="change",
    ),
)


@hookimpl
def dte_settings() -> type[param.Parameterized]:
    """Shares of the population, the coverage that intervals promise."""
    from dte_panel_performance.settings import PerformanceSettings

    return PerformanceSettings


@hookimpl
def dte_metrics(settings: Any) -> Iterable[Metric]:
    """What decisions, scores and predicted numbers are worth, and how that changed."""
    shares, nominal = (settings.top_shares, settings.interval_coverage) if settings else (SHARES, NOMINAL)
    searched = (settings.slice_columns, settings.slice_min_rows) if settings else (MOST_COLUMNS, MIN_ROWS)
    return [
        *DECISIONS,
        *COSTS,
        *CLASSES,
        *SCORES,
        average_precision,
        *at_the_top(shares),
        *ESTIMATES,
        *BASELINES,
        *ERRORS,
        median_absolute_error,
        *of_intervals(nominal),
        *of_slices(*searched),
        *CHANGES,
        *by_name(settings.library_metrics if settings else ()),
    ]


@hookimpl
def dte_views() -> Iterable[View]:
    """Over time first, then what lies behind it."""
    from dte_panel_performance.views import VIEWS

    return VIEWS
