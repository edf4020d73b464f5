"""A group with one class: what scikit-learn and Fairlearn make of its rates, and what a gap then shows."""

import warnings

import numpy as np
from providers import metrics
from sklearn.metrics import recall_score, roc_auc_score

from dte_panel.states import Scored, Table

labels, chosen = np.zeros(20, dtype=int), np.array([0] * 15 + [1] * 5)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    print(f"scikit-learn: recall {recall_score(labels, chosen)}, ROC AUC {roc_auc_score(labels, chosen)}")
rate = metrics()["fairness.true_positive_rate"]
table = Table(("label", "prediction"), {(0, 0): 15, (0, 1): 5})
print(f"ours: true positive rate {rate.finish(table).value} ({rate.finish(table).reason})")
area = metrics()["performance.roc_auc"].finish(Scored.of(chosen.astype(float), labels.astype(float)))
print(f"ours: ROC AUC {area.value} ({area.reason})")
others = [Table(table.columns, {(1, 1): hits, (1, 0): 100 - hits, (0, 0): 50}) for hits in (80, 78)]
groups = [({"group": name}, rate.finish(t)) for name, t in zip("ABC", [*others, table], strict=True)]
gap = metrics()["fairness.equal_opportunity_difference"].finish({rate.id: groups})
print(f"gap with 0 for the group: 0.80; ours: {gap.value:.2f} ({gap.reason})")
