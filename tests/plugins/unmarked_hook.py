"""Forgets to mark one of two hooks."""

from dte_panel import hookimpl


def dte_metrics():
    return []


@hookimpl
def dte_views():
    return []
