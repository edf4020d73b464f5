"""Privacy, robustness, transparency and accountability checks, for DTE Panel.

Every metric belongs to one of four axes (its ``group``). A heuristic says that it is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dte_panel import Metric, View, hookimpl
from dte_panel_guardrails import catalogue, views

if TYPE_CHECKING:
    from dte_panel_guardrails.settings import GuardrailSettings

api_version = 1


@hookimpl
def dte_settings() -> type[GuardrailSettings]:
    """Quasi-identifiers, sensitive attributes, threshold, bounds and directions."""
    from dte_panel_guardrails.settings import GuardrailSettings

    return GuardrailSettings


@hookimpl
def dte_metrics(settings: GuardrailSettings | None) -> list[Metric]:
    """The metrics of all four axes."""
    return catalogue.metrics(settings)


@hookimpl
def dte_views() -> list[View]:
    """The radar, its checks one by one, and where personal data was found."""
    return views.views()
