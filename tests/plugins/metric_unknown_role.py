"""Counts a role that does not exist."""

from dte_panel import Counts, Metric, hookimpl


@hookimpl
def dte_metrics():
    return [Metric("rate", "Rate", "A rate.", Counts("lable"), lambda counts: counts.share(lable=1))]
