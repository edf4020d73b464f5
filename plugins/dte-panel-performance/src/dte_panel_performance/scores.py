"""What the scores of a binary classifier are worth, from the rows of each score by label."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from dte_panel import Metric, Scores, SecondOpinion, Value, scoring
from dte_panel_performance.opinions import of_scores, weighted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Scored

    Floats = NDArray[np.float64]

#: Scores are clipped by so much before the logarithm, as in scikit-learn.
SMALLEST = sys.float_info.epsilon
note = scoring.note
_LEFT_OUT = "Rows with a missing score or label are left out and counted."
_MISSING = f"{_LEFT_OUT} {scoring.IN_BINS}"
_PROBABILITY = "Undefined where a score lies outside 0 to 1."


def log_losses(given: Floats) -> tuple[Floats, Floats]:
    """Negative logarithm of what each score gives to label 0, and to label 1."""
    import numpy as np

    negatives, positives = (-np.log(np.clip(p, SMALLEST, 1 - SMALLEST)) for p in (1 - given, given))
    return negatives, positives


def _log_loss(state: Scored) -> Value:
    return scoring.no_probability(state) or scoring.mean_loss(state, log_losses, largest=-math.log(SMALLEST))


_BINARY: dict[str, Any] = {"reduce": Scores(), "tasks": ("binary",), "group": "scores", "version": 2}
_ONE_MORE = "t, with one more row scored like the others and of either label by half"

roc_auc = Metric(
    id="roc_auc",
    title="ROC AUC",
    definition="Chance that a positive row scores higher than a negative row, ties counted half. Undefined where all "
    f"labels are equal. {_MISSING}",
    formula="P(score of a positive > score of a negative) + ½ P(equal)",
    source="scikit-learn, sklearn.metrics.roc_auc_score; DeLong, DeLong & Clarke-Pearson (1988)",
    finish=scoring.roc_auc,
    range=(0.0, 1.0),
    interval="DeLong on the logit scale; with few rows of a class, an area near 0 or 1, or no variance "
    "Newcombe (2006), method 5",
    aliases=("area under the ROC curve", "c statistic"),
    second=of_scores("roc_auc_score", tied=True),
    **_BINARY,
)
log_loss = Metric(
    id="log_loss",
    title="Log loss",
    definition="Mean negative logarithm of the score given to what happened; scores are clipped by 2.2e-16 as in "
    f"scikit-learn. {_PROBABILITY} {_MISSING}",
    formula="mean of −(y ln p + (1 − y) ln(1 − p))",
    source="scikit-learn, sklearn.metrics.log_loss",
    finish=_log_loss,
    better="lower",
    range=(0.0, None),
    unit="nats",
    interval=_ONE_MORE,
    aliases=("cross-entropy",),
    second=of_scores("log_loss", labels=[0, 1]),
    **_BINARY,
)
brier_score = Metric(
    id="brier_score",
    title="Brier score",
    definition=f"Mean squared difference of score and label. {_PROBABILITY} {_MISSING}",
    formula="mean of (p − y)²",
    source="scikit-learn, sklearn.metrics.brier_score_loss; Brier (1950)",
    finish=scoring.brier_score,
    better="lower",
    range=(0.0, 1.0),
    interval=_ONE_MORE,
    second=of_scores("brier_score_loss", pos_label=1),
    **_BINARY,
)
expected_calibration_error = Metric(
    id="expected_calibration_error",
    title="Expected calibration error",
    definition="Mean gap between score and share of positives over ten bins of equal width, [0, 0.1) to [0.9, 1], "
    f"weighted by their rows. {_PROBABILITY} {_LEFT_OUT}",
    formula="Σ over bins b of (n_b / n) |share of positives in b − mean score in b|",
    source="Naeini, Cooper & Hauskrecht (2015), AAAI",
    finish=scoring.calibration_error,
    better="lower",
    range=(0.0, 1.0),
    interval="bootstrap of the bins with two more rows spread over them",
    aliases=("ECE",),
    second=SecondOpinion("scipy", lambda state: scoring.calibration_error_by_scipy(*weighted(state))),
    **{**_BINARY, "version": 1},
)

SCORES = (roc_auc, log_loss, brier_score, expected_calibration_error)
