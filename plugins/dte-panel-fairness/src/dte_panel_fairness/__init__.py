"""Group rates and the gaps between groups, for DTE Panel."""

from __future__ import annotations

from collections.abc import Iterable

from dte_panel import Metric, View, hookimpl
from dte_panel_fairness.conditional import CONDITIONAL
from dte_panel_fairness.crossing import CROSSED
from dte_panel_fairness.gaps import GAPS
from dte_panel_fairness.rates import RATES

api_version = 1


@hookimpl
def dte_metrics() -> Iterable[Metric]:
    """Rates of each group first, then the gaps that they make."""
    return [*RATES, *GAPS, *CONDITIONAL, *CROSSED]


@hookimpl
def dte_views() -> Iterable[View]:
    """Groups before gaps; crossed groups last."""
    from dte_panel_fairness.views import VIEWS

    return VIEWS
