"""Gives metrics without an end."""

from itertools import count

from dte_panel import Facts, Metric, Value, hookimpl


@hookimpl
def dte_metrics():
    for i in count():
        yield Metric(f"metric_{i}", "Metric", "A metric.", Facts(), lambda facts: Value(0.0))
