"""Measures without counting anything."""

from dte_panel import Metric, Value, hookimpl


@hookimpl
def dte_metrics():
    return [Metric("rate", "Rate", "A rate.", (), lambda: Value(0.5, n=100))]
