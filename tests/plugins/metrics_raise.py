"""Raises an exception that does not even have a text."""

from dte_panel import hookimpl


class SpeechlessError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


@hookimpl
def dte_metrics():
    raise SpeechlessError
