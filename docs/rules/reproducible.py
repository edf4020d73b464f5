"""The same rows in another order: the same bytes. The first 5,000 rows: another answer."""

import json

import numpy as np
import pyarrow as pa

from dte_panel import assess

rng = np.random.default_rng(1)
n = 20_000
score = np.sort(rng.random(n))  # as a file sorted by score, or by date, is
table = pa.table({"score": score, "label": (rng.random(n) < score).astype(int), "group": rng.integers(0, 2, n)})


def measured(rows):
    evidence = assess(rows, label="label", score="score", sensitive=["group"], subject={"name": "s", "kind": "model"})
    return [m for m in evidence.measurements if m.provider == "performance"]


def area(found):
    return next(m for m in found if m.metric == "performance.roc_auc" and not m.cohort)


everything, shuffled = measured(table), measured(table.take(rng.permutation(n)))
same = [json.dumps([m.to_json() for m in made]) for made in (everything, shuffled)]
print(f"every number the same to the last digit in another order: {bool(everything) and same[0] == same[1]}")
whole, first = area(everything), area(measured(table.slice(0, 5_000)))
print(f"ROC AUC of all rows {whole.value:.3f} [{whole.low:.3f}, {whole.high:.3f}], n = {whole.n:,}")
print(f"of the first 5,000  {first.value:.3f} [{first.low:.3f}, {first.high:.3f}]")
