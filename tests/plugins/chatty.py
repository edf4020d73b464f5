"""Prints whenever it is called. Not ill, but it must not spoil what a machine reads from stdout."""

# ruff: noqa: T201 - that is what it is for

from dte_panel import Facts, Metric, Value, hookimpl

print("hello from the import")


def finish(facts):
    print("hello from finish")
    return Value(1.0, n=100)


@hookimpl
def dte_metrics():
    print("hello from dte_metrics")
    return [Metric("loudness", "Loudness", "How loud it is.", Facts(), finish)]
