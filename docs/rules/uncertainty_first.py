"""Groups of one true rate: how often the bare number breaks the four-fifths rule, and how often the interval does."""

import numpy as np
from providers import metrics

from dte_panel import Check, Measurement, Value
from dte_panel.policy import judge
from dte_panel.stats import wilson

RATE, DIFFERENCE = (metrics()[f"fairness.demographic_parity_{kind}"] for kind in ("ratio", "difference"))
rng = np.random.default_rng(1)


def compared(metric, hits, n):
    values = [({"group": str(i)}, Value(h / n, n, *wilson(h, n))) for i, h in enumerate(hits.tolist())]
    return metric.finish({metric.of[0].id: values})


def words(metric, bound, rule, made):
    check = Check(f"fairness.{metric.id}", bound, rule=rule, min_n=0)
    about = (check.metric, 1, "fairness", "current", {}, None)
    found = [judge(check, Measurement(*about, v.value, v.low, v.high, v.n, "ok")) for v in made if v.value is not None]
    return sum(v.verdict == "fail" for v in found) / len(found)


print("rows per group  groups  rate  bare numbers fail  intervals fail")
for n, groups, rate in ((50, 2, 0.45), (10, 2, 0.45), (100, 5, 0.3)):
    made = [compared(RATE, rng.binomial(n, rate, groups), n) for _ in range(1_000)]
    point, interval = (words(RATE, "> 0.8", rule, made) for rule in ("point", "interval"))
    print(f"{n:14}  {groups:6}  {rate:.2f}  {point:17.0%}  {interval:14.1%}")
gaps = [compared(DIFFERENCE, rng.binomial(100, 0.3, 5), 100).value for _ in range(1_000)]
print(f"five groups of 100 show a gap of {np.mean(gaps):.3f} on average; the true gap is 0")
