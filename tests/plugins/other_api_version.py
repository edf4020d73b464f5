"""Is written for a plugin API of the future."""

from dte_panel import hookimpl

api_version = 99


@hookimpl
def dte_metrics():
    return []
