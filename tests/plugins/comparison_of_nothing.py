"""Compares cohorts of no metric."""

from dte_panel import Comparison, Facts, Value, hookimpl


@hookimpl
def dte_metrics():
    return [Comparison("gap", "Gap", "A gap.", Facts(), lambda groups: Value(0.0), across="cohorts")]
