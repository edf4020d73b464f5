"""Works when it is loaded and raises when it is asked again."""

from dte_panel import Facts, Metric, Value, hookimpl

asked = []


@hookimpl
def dte_metrics():
    asked.append(1)
    if len(asked) > 1:
        raise RuntimeError("not twice")
    return [Metric("rate", "Rate", "A rate.", Facts(), lambda facts: Value(0.0))]
