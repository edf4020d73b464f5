"""Declares reductions that the database cannot do, and one of a column that is not there."""

from dte_panel import Histogram, Metric, Sums, Value, hookimpl

BROKEN = (("broken", "no_such_function(score)"),)


@hookimpl
def dte_metrics():
    return [
        Metric("sql", "SQL", "Wrong SQL.", Sums(("score",), BROKEN), lambda sums: Value(0.0)),
        Metric("role", "Role", "Not its role.", Sums(("feature",), (("x", "feature"),)), lambda sums: Value(0.0)),
        Metric("column", "Column", "No such column.", Histogram("column:nowhere"), lambda binned: Value(0.0)),
    ]
