"""Parametrizes a reduction with something that cannot be compared with other reductions."""

from dte_panel import Histogram, Metric, Value, hookimpl


@hookimpl
def dte_metrics():
    return [Metric("rate", "Rate", "A rate.", Histogram("feature", bins=[5, 10]), lambda state: Value(0.0))]
