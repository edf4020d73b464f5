"""Gives a metric an id that is not snake case."""

from dte_panel import Facts, Metric, Value, hookimpl


@hookimpl
def dte_metrics():
    return [Metric("hitRate", "Hit rate", "A rate.", Facts(), lambda facts: Value(0.0))]
