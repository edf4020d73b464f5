"""Gives two metrics one id."""

from dte_panel import Facts, Metric, Value, hookimpl

RATE = Metric("rate", "Rate", "A rate.", Facts(), lambda facts: Value(0.0))


@hookimpl
def dte_metrics():
    return [RATE, RATE]
