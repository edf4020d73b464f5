"""A new category of 5 %: three ways to fill the reference's empty bin, three numbers."""

import numpy as np
from providers import metrics

from dte_panel.states import Binned

n = 1_000_000
before, now = {"a": 0.5, "b": 0.5}, {"a": 0.475, "b": 0.475, "new": 0.05}
p, q = (np.array([side.get(k, 0.0) for k in ("a", "b", "new")]) for side in (now, before))
for name, least in (("Evidently's fill of 0.0001", 1e-4), ("deepchecks' cap of 0.01", 0.01)):
    filled = np.maximum(q, least)
    print(f"{name:28} {((p - filled) * np.log(p / filled)).sum():.3f}, whatever n is")
for rows in (1_000, n):
    sides = [Binned(None, {k: round(v * rows) for k, v in side.items()}) for side in (now, before)]
    value = metrics()["drift.population_stability_index"].finish(*sides).value
    print(f"{f'half a row, {rows:,} rows':28} {value:.3f}")
