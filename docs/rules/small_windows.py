"""1,001 reference rows and 30 current rows of the same distribution: what a constant bound makes of them."""

import numpy as np
from providers import metrics
from scipy.stats import wasserstein_distance

from dte_panel import Check
from dte_panel.measure import _measurement
from dte_panel.policy import judge
from dte_panel.states import Ordered

INDEX = metrics()["drift.population_stability_index"]
CHECK = Check("drift.population_stability_index", "<= 0.2")
rng = np.random.default_rng(1)
distances, values, verdicts = [], [], []
for _ in range(300):
    before, now = rng.normal(size=1_001), rng.normal(size=30)
    distances.append(wasserstein_distance(now, before) / before.std())
    sides = Ordered.of(now), Ordered.of(before)
    made = INDEX.finish(*(side.binned(sides[1].quantile_edges(10), None, 0, 0) for side in sides))
    values.append(made.value)
    verdicts.append(judge(CHECK, _measurement("drift", INDEX, ("current", ()), "x", made)).verdict)
print(f"Wasserstein / standard deviation above 0.1 (Evidently's default): {np.mean(np.array(distances) > 0.1):.0%}")
print(f"stability index above 0.2, bare:                                  {np.mean(np.array(values) > 0.2):.0%}")
failed = np.mean(np.array(verdicts) == "fail")
print(f"stability index above 0.2 for certain (fail):                     {'at most 5%' if failed <= 0.05 else failed}")
