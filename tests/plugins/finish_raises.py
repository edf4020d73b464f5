"""Two metrics: one works, one raises."""

from dte_panel import Counts, Metric, Value, hookimpl


def broken(counts):
    return Value(1 / 0)


@hookimpl
def dte_metrics():
    return [
        Metric("broken_rate", "Broken rate", "Raises.", Counts("label"), broken),
        Metric("rate", "Rate", "Share of positive labels.", Counts("label"), lambda counts: counts.share(label=1)),
    ]
