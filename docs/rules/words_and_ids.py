"""One word in three libraries, two numbers: what "KS" and "Jensen-Shannon" are."""

import numpy as np
from providers import metrics

from dte_panel.states import Ordered

rng = np.random.default_rng(1)
now, before = Ordered.of(rng.normal(0.1, 1, 2_000)), Ordered.of(rng.normal(0, 1, 2_000))
edges = before.quantile_edges(10)
bins = [side.binned(edges, None, 0, 0) for side in (now, before)]
for name in ("statistic", "pvalue"):
    print(f"kolmogorov_smirnov_{name:9}  {metrics()[f'drift.kolmogorov_smirnov_{name}'].finish(now, before).value:.4f}")
distance = metrics()["drift.jensen_shannon_distance"].finish(*bins).value
print(f"jensen_shannon_distance       {distance:.4f}")
print(f"jensen_shannon_divergence     {distance**2:.4f}  (its square)")
