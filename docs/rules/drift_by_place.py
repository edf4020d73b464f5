"""One group of ten moved by one standard deviation: all rows together barely show it."""

import numpy as np
from providers import metrics

from dte_panel.states import Ordered

rng = np.random.default_rng(1)
INDEX = metrics()["drift.population_stability_index"]


def index(now, before):
    now, before = Ordered.of(now), Ordered.of(before)
    return INDEX.finish(*(side.binned(before.quantile_edges(10), None, 0, 0) for side in (now, before))).value


before, now = rng.normal(size=(10, 2_000)), rng.normal(size=(10, 2_000))
now[3] += 1
print(f"all rows:       {index(now.ravel(), before.ravel()):.3f}")
print(f"the group:      {index(now[3], before[3]):.3f}")
print(f"another group:  {index(now[4], before[4]):.3f}")
