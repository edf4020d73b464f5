"""Two metrics: one works, the other takes for ever."""

import threading

from dte_panel import Counts, Metric, Value, hookimpl


def endless(counts):
    threading.Event().wait()
    return Value(0.0)


@hookimpl
def dte_metrics():
    return [
        Metric("rate", "Rate", "Share of positive labels.", Counts("label"), lambda counts: counts.share(label=1)),
        Metric("endless", "Endless", "Never ends.", Counts("label"), endless),
    ]
