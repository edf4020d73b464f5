"""The largest difference from the reference library over a hundred awkward samples."""

import numpy as np
from providers import metrics
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp
from sklearn.metrics import f1_score, log_loss, roc_auc_score

from dte_panel.states import Ordered, Scored, Table

rng = np.random.default_rng(1)
farthest: dict[str, float] = {}
for _ in range(100):
    labels = rng.permutation(np.append([0.0, 1.0], rng.integers(0, 2, rng.integers(5, 60)))).astype(float)
    scores = np.round(rng.random(len(labels)), rng.integers(1, 4)).clip(0.01, 0.99)
    chosen = np.append(scores[1:] > 0.5, True).astype(int)
    table = Table(("label", "prediction"), {})
    for key in zip(labels.astype(int), chosen, strict=True):
        table = table.merge(Table(table.columns, {tuple(int(k) for k in key): 1}))
    now, before = Ordered.of(np.round(rng.normal(size=40), 1)), Ordered.of(np.round(rng.normal(size=90), 1))
    bins = [side.binned(before.quantile_edges(5), None, 0, 0) for side in (now, before)]
    shares = [np.array([b.counts.get(str(i), 0) for i in range(20)]) for b in bins]
    pairs = {
        "scikit-learn roc_auc": ("performance.roc_auc", [Scored.of(scores, labels)], roc_auc_score(labels, scores)),
        "scikit-learn log_loss": ("performance.log_loss", [Scored.of(scores, labels)], log_loss(labels, scores)),
        "scikit-learn f1": ("performance.f1", [table], f1_score(labels, chosen)),
        "SciPy jensenshannon": ("drift.jensen_shannon_distance", bins, jensenshannon(*shares)),
        "SciPy ks_2samp": (
            "drift.kolmogorov_smirnov_statistic",
            [now, before],
            ks_2samp(np.repeat(now.values, now.counts), np.repeat(before.values, before.counts)).statistic,
        ),
    }
    for name, (metric, states, theirs) in pairs.items():
        difference = abs(metrics()[metric].finish(*states).value - theirs)
        farthest[name] = max(farthest.get(name, 0.0), difference)
for name, difference in farthest.items():
    print(f"{name:22} {'agrees to 1e-12' if difference <= 1e-12 else f'differs by {difference:.1e}'}")
