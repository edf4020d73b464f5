"""The same numbers by scikit-learn itself, on the collapsed cells with the rows as weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dte_panel import Rows, SecondOpinion

if TYPE_CHECKING:
    from dte_panel.states import JointSample, Scored, Table

LIBRARY = "scikit-learn"
#: More rows than this are not laid out for the library: the number then stands alone.
MOST_ROWS = 2_000_000
TOLERANCE, WHY = 1e-9, "sums of many rows in another order; what cancels out costs digits"
#: Label and prediction of a regressor, row by row: scikit-learn takes no sums.
PAIRS = (Rows("label|prediction", sample=MOST_ROWS, joint=True),)


def of_cells(function: str, **keywords: Any) -> SecondOpinion:
    """A function of labels, predictions and weights, on the table of label by prediction."""
    return SecondOpinion(LIBRARY, lambda table, *_: asked(function, *cells(table), **keywords))


def of_scores(function: str, *, tied: bool = False, **keywords: Any) -> SecondOpinion:
    """A function of labels, scores and weights, on the rows of each score by label."""
    return SecondOpinion(LIBRARY, lambda state, *_: asked(function, *weighted(state, tied=tied), **keywords))


def opinion(compute: Callable[..., float | None]) -> SecondOpinion:
    """Any other number that scikit-learn has."""
    return SecondOpinion(LIBRARY, compute)


def of_pairs(function: str) -> SecondOpinion:
    """A function of labels and predictions, on the rows themselves."""
    return on_pairs(lambda labels, predictions: asked(function, labels, predictions, None))


def on_pairs(compute: Callable[[Any, Any], float], reduce: tuple[Rows, ...] = PAIRS) -> SecondOpinion:
    """Anything made of labels and predictions, on the rows themselves, which come last."""

    def of_rows(*states: Any) -> float | None:
        found = pairs(states[-1])
        return None if found is None else compute(*found)

    return SecondOpinion(LIBRARY, of_rows, TOLERANCE, WHY, reduce)


def dummy_regressor(function: str, strategy: str, parts: int) -> SecondOpinion:
    """A dummy that learns from the reference, or from these rows. Of ``parts`` states a side the last are its rows."""

    def compute(*states: Any) -> float | None:
        import numpy as np
        from sklearn.dummy import DummyRegressor

        now, learnt = pairs(states[parts - 1]), pairs(states[-1])
        # A median of fine bins is not that of the rows.
        if now is None or learnt is None or not all(getattr(state, "exact", True) for state in states):
            return None
        dummy = DummyRegressor(strategy=strategy).fit(np.zeros((len(learnt[0]), 1)), learnt[0])
        said = dummy.predict(np.zeros((len(now[0]), 1)))
        theirs, ours = (asked(function, now[0], answers, None) for answers in (said, now[1]))
        return theirs - ours

    return SecondOpinion(LIBRARY, compute, TOLERANCE, WHY, PAIRS)


def pairs(state: JointSample) -> tuple[Any, ...] | None:
    """Numbers of the rows that lack none; ``None`` where a column is not there, or rows are left out."""
    import numpy as np

    columns = [np.ma.filled(np.ma.asarray(c).astype(float), np.nan) for c in state.columns.values()]
    if len(columns) < 2 or state.sampled:
        return None
    whole = np.isfinite(columns).all(axis=0)
    return tuple(column[whole] for column in columns) if whole.any() else None


def asked(function: str, labels: Any, answers: Any, rows: Any, /, **keywords: Any) -> float:
    """What the library says; what it warns of is known here."""
    from sklearn import metrics

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(getattr(metrics, function)(labels, answers, sample_weight=rows, **keywords))


def cells(table: Table) -> tuple[list[Any], list[Any], list[int]]:
    """Label, prediction and rows of each cell that has both."""
    known = table.known("label", "prediction")
    label, prediction = known.columns.index("label"), known.columns.index("prediction")
    full = [(key[label], key[prediction], n) for key, n in known.counts.items() if n]
    return [c[0] for c in full], [c[1] for c in full], [c[2] for c in full]


def one_by_one(state: Scored) -> tuple[Any, Any]:
    """Negatives and positives with at least each score, from none to all rows, as the library's ROC curve counts."""
    from sklearn.metrics import roc_curve

    labels, scores, rows = weighted(state, tied=True)
    wrong, right, _ = roc_curve(labels, scores, sample_weight=rows, drop_intermediate=False)
    return wrong * float(state.negatives.sum()), right * float(state.positives.sum())


def weighted(state: Scored, *, tied: bool = False) -> tuple[Any, Any, Any]:
    """Label, score and rows of each cell with rows; in fine bins each label has its own mean, or all rows tie."""
    import numpy as np

    labels = np.repeat([0, 1], len(state.scores))
    scores = np.tile(state.scores, 2) if tied else state.by_label.ravel()
    rows = np.concatenate([state.negatives, state.positives])
    full = rows > 0
    return labels[full], scores[full], rows[full]
