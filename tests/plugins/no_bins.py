"""Asks for a histogram without bins."""

from dte_panel import Histogram, Metric, Value, hookimpl


@hookimpl
def dte_metrics():
    return [Metric("rate", "Rate", "A rate.", Histogram("score", bins=0), lambda binned: Value(0.5, n=100))]
