"""Every metric gives something that cannot stand in evidence."""

import math

from dte_panel import Counts, Metric, Value, hookimpl

JUNK = {
    "nothing": None,
    "bare_number": 0.5,
    "not_a_number": Value(math.nan),
    "endless_number": Value(math.inf),
    "text": Value("0.5"),
    "no_rows": Value(0.5, n=None),
    "odd_detail": Value(0.5, n=100, detail={"seen": {1, 2}}),
    "endless_detail": Value(0.5, n=100, detail={"limit": math.inf}),
    "odd_groups": Value(0.5, n=100, groups=["F", "M"]),
    "odd_reason": Value(0.5, n=100, reason=ValueError("a reason")),
    "odd_interval": Value(0.5, n=100, low="0.4", high="0.6 or so"),
}


@hookimpl
def dte_metrics():
    return [Metric(name, name, "Junk.", Counts("label"), lambda counts, junk=junk: junk) for name, junk in JUNK.items()]
