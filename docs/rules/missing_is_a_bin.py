"""A tenth of the values goes missing and the others stay: dropping them shows nothing."""

import numpy as np
from providers import metrics

from dte_panel.states import Ordered, Profiled

rng = np.random.default_rng(1)
n = 10_000
before = Ordered.of(rng.normal(size=n))
values = rng.normal(size=n)
values[: n // 10] = np.nan
now = Ordered.of(values)
edges = before.quantile_edges(10)
index = metrics()["drift.population_stability_index"]
reference = before.binned(edges, None, 0, 0)
print(f"missing rows dropped:     {index.finish(now.binned(edges, None, 0, 0), reference).value:.3f}")
print(f"missing as a bin:         {index.finish(now.binned(edges, None, now.missing, 0), reference).value:.3f}")
share = metrics()["drift.missing_share"].finish(Profiled(n=n, nans=now.missing))
print(f"missing share, on its own: {share.value:.3f} [{share.low:.3f}, {share.high:.3f}]")
