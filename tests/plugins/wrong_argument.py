"""Asks for an argument that the hook does not have."""

from dte_panel import hookimpl


@hookimpl
def dte_metrics(config):
    return []
