"""A shift of one standard deviation, and one outlier: pooled equal-width bins lose it, reference quantiles do not."""

import numpy as np
from providers import metrics

from dte_panel.states import Ordered

INDEX = metrics()["drift.population_stability_index"]


def pooled_equal_width(now, before):
    """Evidently's default: Sturges' bins over both samples, empty ones filled with 0.0001."""
    edges = np.histogram_bin_edges(np.concatenate([before, now]), bins="sturges")
    p, q = (np.histogram(side, edges)[0] / len(side) for side in (now, before))
    p, q = (np.where(side == 0, 1e-4, side) for side in (p, q))
    return float(((p - q) * np.log(p / q)).sum())


def reference_deciles(now, before):
    now, before = Ordered.of(now), Ordered.of(before)
    return INDEX.finish(*(side.binned(before.quantile_edges(10), None, 0, 0) for side in (now, before))).value


rng = np.random.default_rng(1)
before, now = rng.normal(0, 1, 5_000), rng.normal(1, 1, 5_000)
spoiled = np.append(now, 1e6)
print("population stability index    without  with one outlier of 1e6")
for name, index in (
    ("pooled equal-width bins", pooled_equal_width),
    ("reference deciles, open ends", reference_deciles),
):
    print(f"{name:28}  {index(now, before):7.2f}  {index(spoiled, before):.5f}")
