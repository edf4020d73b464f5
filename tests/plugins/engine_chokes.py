"""Declares reductions that the database or the engine cannot do."""

from dte_panel import Histogram, Metric, Sums, Value, hookimpl

BROKEN = (("broken", "no_such_function(score)"),)


@hookimpl
def dte_metrics():
    return [
        Metric("sql", "SQL", "Wrong SQL.", Sums(("score",), BROKEN), lambda sums: Value(0.0)),
        Metric("bins", "Bins", "No bins.", Histogram("score", bins=0), lambda binned: Value(0.0)),
        Metric("role", "Role", "Not its role.", Sums(("feature",), (("x", "feature"),)), lambda sums: Value(0.0)),
        Metric("column", "Column", "No such column.", Histogram("column:nowhere"), lambda binned: Value(0.0)),
    ]
