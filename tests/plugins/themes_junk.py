"""Gives a colour in place of a theme."""

from dte_panel import hookimpl


@hookimpl
def dte_themes():
    return ["#ff00ff"]
