"""Raises the error that says the user was wrong."""

from dte_panel import InputError, hookimpl


@hookimpl
def dte_metrics():
    raise InputError("your data is bad")
