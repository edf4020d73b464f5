"""Brings a reduction of its own, which no engine knows."""

from dte_panel import Metric, Value, hookimpl
from dte_panel.model import Reduction


@hookimpl
def dte_metrics():
    return [Metric("rate", "Rate", "A rate.", Reduction(), lambda state: Value(0.0))]
