"""Group rates and the gaps between groups, for DTE Panel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dte_panel import Metric, View, hookimpl
from dte_panel_fairness import library, privileged
from dte_panel_fairness.conditional import CONDITIONAL
from dte_panel_fairness.crossing import CROSSED
from dte_panel_fairness.gaps import GAPS
from dte_panel_fairness.groups import GROUPED
from dte_panel_fairness.rates import RATES
from dte_panel_fairness.scores import SCORES

if TYPE_CHECKING:
    import param

api_version = 1


@hookimpl
def dte_settings() -> type[param.Parameterized]:
    """The privileged groups, and metrics that the libraries compute themselves."""
    from dte_panel_fairness.settings import FairnessSettings

    return FairnessSettings


@hookimpl
def dte_metrics(settings: Any) -> Iterable[Metric]:
    """Rates of each group first, then the gaps that they make."""
    against = privileged.comparisons(settings.privileged if settings else {})
    named = library.metrics(settings.library_metrics if settings else ())
    return [*RATES, *GAPS, *against, *SCORES, *CONDITIONAL, *CROSSED, *GROUPED, *named]


@hookimpl
def dte_views() -> Iterable[View]:
    """Groups before gaps; crossed groups last."""
    from dte_panel_fairness.views import VIEWS

    return VIEWS
