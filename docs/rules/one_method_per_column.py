"""The same drift at 1,000 and at 1,001 reference rows: a method that changes there changes its mind."""

import numpy as np
from providers import metrics
from scipy.stats import ks_2samp, norm, wasserstein_distance

from dte_panel.states import Ordered

for n in (1_000, 1_001):
    before = norm.ppf((np.arange(n) + 0.5) / n)
    now = before + 0.12
    if n <= 1_000:
        pvalue = ks_2samp(now, before).pvalue
        theirs = f"K-S p-value {pvalue:.3f} {'<' if pvalue < 0.05 else '>'} 0.05"
    else:
        distance = wasserstein_distance(now, before) / before.std()
        theirs = f"Wasserstein {distance:.3f} {'>=' if distance >= 0.1 else '<'} 0.1"
    sides = Ordered.of(now), Ordered.of(before)
    bins = [side.binned(sides[1].quantile_edges(10), None, 0, 0) for side in sides]
    ours = metrics()["drift.population_stability_index"].finish(*bins).value
    print(f"{n:,} rows: chosen by n: {theirs:26} chosen by type: stability index {ours:.3f}")
