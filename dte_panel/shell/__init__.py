"""The shell: shows evidence, never computes from rows. The one room that knows Panel, HoloViews and Bokeh.

Importing it is light; Panel is loaded when a dashboard is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dte_panel.evidence import Evidence
    from dte_panel.registry import Registry

__all__ = ["dashboard", "serve"]


def dashboard(
    evidence: Evidence | Sequence[Evidence], *, registry: Registry | None = None, budget: float = 20.0
) -> Any:
    """Show evidence: a Panel object for a notebook cell, or ``.servable()`` in an app.

    Parameters
    ----------
    evidence : Evidence or list of Evidence
        One subject, or several to choose from.
    registry : Registry, optional
        Where views and themes come from; the installed plugins by default.
    budget : float
        Seconds that one view may take to draw before its card says so.

    Returns
    -------
    panel.viewable.Viewable
    """
    from dte_panel.shell.app import build
    from dte_panel.shell.library import Library

    return build(Library.of(evidence, registry), budget=budget)


def serve(
    evidence: Evidence | Sequence[Evidence],
    *,
    registry: Registry | None = None,
    say: Callable[[str], None] | None = None,
    **options: Any,
) -> None:
    """Serve the dashboard until Ctrl-C or SIGTERM.

    Parameters
    ----------
    evidence : Evidence or list of Evidence
    registry : Registry, optional
        Where views and themes come from; the installed plugins by default.
    say : callable, optional
        Gets each line for the user; standard output by default.
    **options
        ``address``, ``port``, ``open_browser``, ``prefix``, ``allow_origins``, ``processes``, ``basic_auth``,
        ``oauth_provider``, ``budget`` and ``certificates``: see :class:`dte_panel.shell.server.Options`.
    """
    from dte_panel.shell.server import Options, run

    run(evidence, Options(**options), registry=registry, say=say)
