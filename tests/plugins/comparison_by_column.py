"""Compares cohorts by a metric that is measured for each column."""

from dte_panel import Metric, Profile, Value, difference, hookimpl

MISSING = Metric("missing", "Missing", "Missing values.", Profile("feature"), lambda p: Value(p.missing, n=p.n))


@hookimpl
def dte_metrics():
    return [difference(MISSING, id="gap", title="Gap")]
