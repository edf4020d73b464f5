"""Ends the process when it measures."""

import sys

from dte_panel import Counts, Metric, hookimpl


@hookimpl
def dte_metrics():
    return [Metric("rate", "Rate", "Leaves.", Counts("label"), lambda counts: sys.exit(0))]
