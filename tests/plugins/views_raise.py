"""Can measure but cannot list its views."""

from dte_panel import Facts, Metric, Value, hookimpl


@hookimpl
def dte_metrics():
    return [Metric("rate", "Rate", "A rate.", Facts(), lambda facts: Value(0.0))]


@hookimpl
def dte_views():
    raise RuntimeError("no picture today")
