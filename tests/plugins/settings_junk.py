"""Gives values in place of a class."""

from dte_panel import hookimpl


@hookimpl
def dte_settings():
    return {"bins": 10}
