"""The plugin API: every hook that a provider may implement. Entry-point group ``dte_panel``; the value is a module."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

from dte_panel.inquiry import Finding, Inquiry
from dte_panel.looks import Theme, View
from dte_panel.model import Metric

if TYPE_CHECKING:
    import param

GROUP = "dte_panel"
#: A plugin module may say ``api_version = 1``; another number than this one is refused at load.
API_VERSION = 1

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def dte_settings() -> type[param.Parameterized]:  # type: ignore[empty-body]
    """Give the class of the provider's settings.

    Called at load and once per assessment. The class validates ``plugins: {<provider>: {...}}`` of ``trust.yaml``, and
    its values stand in the evidence. Import ``param`` inside the function.
    """


@hookspec
def dte_metrics(settings: Any) -> Iterable[Metric]:  # type: ignore[empty-body]
    """Give what can be measured.

    Called at load with the default settings, and once per assessment with the user's: an instance of the provider's
    settings class, or ``None`` where it has none. An implementation that needs no settings leaves the argument out.
    """


@hookspec
def dte_evidence(settings: Any, inquiry: Inquiry) -> Iterable[Finding]:  # type: ignore[empty-body]
    """Give numbers that another tool measured: in its files, or now on sampled rows.

    Called once per assessment, before anything else is measured, with the user's settings and with what the assessment
    can tell. An :class:`~dte_panel.InputError`, such as for a path that does not exist, ends the assessment.
    """


@hookspec
def dte_views() -> Iterable[View]:  # type: ignore[empty-body]
    """Give how the measurements are shown. Called at load and when the provider's page is opened."""


@hookspec
def dte_themes() -> Iterable[Theme]:  # type: ignore[empty-body]
    """Give design tokens. Called at load and when the shell starts."""
