"""Evidently's reports, run on a sample of the rows or read from its snapshots, as evidence for DTE Panel.

Evidently itself is imported only to run a report; snapshots are read without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dte_panel import Finding, Inquiry, View, hookimpl

if TYPE_CHECKING:
    from dte_panel_evidently.settings import EvidentlySettings

api_version = 1


@hookimpl
def dte_settings() -> type[EvidentlySettings]:
    """The settings ``report``, ``sample``, ``tests``, ``snapshots``, ``workspace`` and ``project``."""
    from dte_panel_evidently.settings import EvidentlySettings

    return EvidentlySettings


@hookimpl
def dte_evidence(settings: EvidentlySettings, inquiry: Inquiry) -> Iterable[Finding]:
    """What snapshots hold, and what a report that runs now says."""
    from dte_panel_evidently import snapshots
    from dte_panel_evidently.results import findings

    found = snapshots.read(settings, inquiry.base)
    # The report that runs now is the current one; snapshots are then its history.
    taken = findings(found, newest_is_current=not settings.report)
    if settings.report:
        from dte_panel_evidently.reports import run

        taken += findings([run(settings, inquiry)])
    return taken


@hookimpl
def dte_views() -> list[View]:
    """Its tests, its drift, all its numbers, and their course over the snapshots."""
    from dte_panel_evidently import views

    return views.views()
