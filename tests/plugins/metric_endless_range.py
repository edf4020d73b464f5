"""Writes infinity, which JSON does not have, where no limit is None."""

import math

from dte_panel import Facts, Metric, Value, hookimpl


@hookimpl
def dte_metrics():
    return [Metric("rate", "Rate", "A rate.", Facts(), lambda facts: Value(0.0), range=(0, math.inf))]
