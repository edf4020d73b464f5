"""Misspells a hook."""

from dte_panel import hookimpl


@hookimpl
def dte_metricz():
    return []
