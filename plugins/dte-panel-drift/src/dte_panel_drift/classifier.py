"""A classifier that tells current rows from the reference's by all features together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dte_panel import Comparison, Rows, Value
from dte_panel.stats import Z95, base_seed
from dte_panel_drift.distances import against

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import JointSample

    Floats = NDArray[np.float64]

FOLDS = 5
#: Rows of each side that the classifier learns from, and features that the detail names.
SAMPLE, NAMED = 5_000, 20


def domain_classifier_auc(current: JointSample, reference: JointSample) -> Value:
    """Out-of-fold ROC AUC of a classifier that tells current rows from the reference's."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    names = [name for name in current.columns if name in reference.columns]
    if not names or min(current.n, reference.n) < 10 * FOLDS:
        why = (
            f"{min(current.n, reference.n)} rows on a side, {10 * FOLDS} needed"
            if names
            else "no feature on both sides"
        )
        return Value(None, current.n, reason=why)
    table = np.column_stack([_numbers(current.columns[name], reference.columns[name]) for name in names])
    side = np.r_[np.ones(current.n), np.zeros(reference.n)]
    scores, shuffled = _out_of_fold(table, side)
    value = float(roc_auc_score(side, scores))
    half = Z95 * _error(scores, side)
    lost = {name: value - float(roc_auc_score(side, other)) for name, other in zip(names, shuffled, strict=True)}
    first = sorted(lost, key=lambda name: (-lost[name], name))[:NAMED]
    rows = f"{current.n:,} of {current.total:,} current and {reference.n:,} of {reference.total:,} reference rows"
    seeded = f"a sample of {rows}, seed {base_seed.get()}" if current.sampled or reference.sampled else f"{rows}"
    features = [{"column": name, "importance": float(f"{lost[name]:.6g}")} for name in first]
    detail = {"features": features, "folds": FOLDS, "seed": base_seed.get()}
    ends = max(value - half, 0.0), min(value + half, 1.0)
    return Value(value, current.n, *ends, reason=f"{seeded}; {FOLDS} folds", detail=detail)


def _numbers(now: Any, before: Any) -> Floats:
    """Both sides of a column as numbers: text by how common it is, missing values as NaN."""
    import numpy as np

    sides = [np.ma.asarray(side) for side in (now, before)]
    gone = np.concatenate([np.ma.getmaskarray(side) for side in sides])
    both = np.concatenate([np.asarray(side.data) for side in sides])
    if both.dtype.kind in "fiub":
        values: Floats = np.where(gone, np.nan, both.astype(float))
        return values
    text = np.where(gone, "", both.astype(str))
    _, place, rows = np.unique(text, return_inverse=True, return_counts=True)
    rank = np.argsort(np.argsort(-rows, kind="stable"))
    return np.where(gone, np.nan, rank[place].astype(float))


def _out_of_fold(table: Floats, side: Floats) -> tuple[Floats, list[Floats]]:
    """Scores of rows that the classifier has not seen, and those with one feature after the other shuffled."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold

    seed = base_seed.get()
    rng = np.random.default_rng(seed)
    scores, shuffled = np.zeros(len(side)), [np.zeros(len(side)) for _ in range(table.shape[1])]
    for learn, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(table, side):
        model = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=15, early_stopping=False, random_state=seed)
        model.fit(table[learn], side[learn])
        scores[test] = model.predict_proba(table[test])[:, 1]
        for i, other in enumerate(shuffled):
            rows = table[test]
            rows[:, i] = rng.permutation(rows[:, i])
            other[test] = model.predict_proba(rows)[:, 1]
    return scores, shuffled


def _error(scores: Floats, side: Floats) -> float:
    """DeLong's standard error of the area."""
    import numpy as np
    from scipy.stats import rankdata

    groups = scores[side == 1], scores[side == 0]
    ranks = rankdata(np.concatenate(groups))
    n, m = map(len, groups)
    beaten = (ranks[:n] - rankdata(groups[0])) / m
    beating = 1 - (ranks[n:] - rankdata(groups[1])) / n
    return float(np.sqrt(beaten.var(ddof=1) / n + beating.var(ddof=1) / m))


def domain_classifier() -> Comparison:
    """The number, declared."""
    return against(
        "domain_classifier_auc",
        "ROC AUC of a domain classifier",
        domain_classifier_auc,
        reduce=Rows("feature", sample=SAMPLE, joint=True),
        definition="How well gradient-boosted trees tell current rows from the reference's by all features together, "
        f"on rows that they have not learned from ({FOLDS} folds): 0.5 for not at all, 1 for always. It sees changes "
        "in how columns go together. Missing values are values, text is coded by how common it is. The detail names "
        f"the features that give it away, by the area lost when one is shuffled. From at most {SAMPLE:,} rows of each "
        f"side, seeded. Undefined with fewer than {10 * FOLDS} rows on a side or no feature on both.",
        formula="P(score of a current row > score of a reference row), ties half",
        source="Lopez-Paz & Oquab (2017), ICLR; sklearn.metrics.roc_auc_score; DeLong et al. (1988), Biometrics 44; "
        "Breiman (2001) for the importance",
        interval="DeLong",
        better="lower",
        range=(0.0, 1.0),
        windows=False,
        aliases=("classifier two-sample test", "adversarial validation", "Evidently: domain classifier"),
        group="bearing on performance",
        second="it is scikit-learn's own: its trees, its cross-validation",
    )
