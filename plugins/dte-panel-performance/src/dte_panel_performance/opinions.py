"""The same numbers by scikit-learn itself, on the collapsed cells with the rows as weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dte_panel import SecondOpinion

if TYPE_CHECKING:
    from dte_panel.states import Scored, Table

LIBRARY = "scikit-learn"


def of_cells(function: str, **keywords: Any) -> SecondOpinion:
    """A function of labels, predictions and weights, on the table of label by prediction."""
    return SecondOpinion(LIBRARY, lambda table, *_: asked(function, *cells(table), **keywords))


def of_scores(function: str, **keywords: Any) -> SecondOpinion:
    """A function of labels, scores and weights, on the rows of each score by label."""
    return SecondOpinion(LIBRARY, lambda state, *_: asked(function, *weighted(state), **keywords))


def opinion(compute: Callable[..., float | None]) -> SecondOpinion:
    """Any other number that scikit-learn has."""
    return SecondOpinion(LIBRARY, compute)


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


def weighted(state: Scored) -> tuple[Any, Any, Any]:
    """Label, score and rows of each cell with rows."""
    import numpy as np

    labels = np.repeat([0, 1], len(state.scores))
    scores, rows = np.tile(state.scores, 2), np.concatenate([state.negatives, state.positives])
    full = rows > 0
    return labels[full], scores[full], rows[full]
