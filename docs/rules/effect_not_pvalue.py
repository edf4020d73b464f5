"""A shift of 0.02 standard deviations: as the rows grow, the p-value falls to nothing and the effect stays."""

import numpy as np
from providers import metrics
from scipy.stats import norm

from dte_panel.states import Ordered

grid = np.linspace(-6, 6, 4_001)


def expected(mean, n):
    """The rows of each value that n draws would give on average."""
    counts = np.round(n * np.diff(norm.cdf(np.append(grid, 6.003), mean))).astype(int)
    return Ordered(grid[counts > 0], counts[counts > 0])


print("     rows  p-value  statistic  stability index")
for n in (20_000, 500_000, 5_000_000):
    now, before = expected(0.02, n), expected(0.0, n)
    pvalue, statistic = (
        metrics()[f"drift.kolmogorov_smirnov_{kind}"].finish(now, before).value for kind in ("pvalue", "statistic")
    )
    bins = [side.binned(before.quantile_edges(10), None, 0, 0) for side in (now, before)]
    index = metrics()["drift.population_stability_index"].finish(*bins).value
    print(f"{n:9,}  {pvalue:7.0e}  {statistic:9.4f}  {index:15.4f}")
