"""What the scores of a binary classifier are worth, from the rows of each score by label."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dte_panel import Metric, Scores, Value
from dte_panel.stats import bootstrap, mean_interval, wilson
from dte_panel_performance.decisions import SPREAD
from dte_panel_performance.delong import auc_and_variance, auc_interval
from dte_panel_performance.opinions import of_scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Scored

    Floats = NDArray[np.float64]

BINS = 10
_MISSING = "Rows with a missing score or label are left out and counted."
_PROBABILITY = "Undefined where a score lies outside 0 to 1."


def note(state: Scored) -> str | None:
    """What was left out, and whether the scores are gathered."""
    notes = [f"{state.missing:,} rows with a missing score or label left out"] if state.missing else []
    if not state.exact:
        notes.append("scores gathered in bins of 1/1000")
    return "; ".join(notes) or None


def _no_probability(state: Scored) -> Value | None:
    """Why the scores cannot be read as probabilities, if so."""
    if state.n == 0:
        return Value(None, 0, reason="no rows with a score and a label")
    outside = (state.scores < 0) | (state.scores > 1)
    rows = int((state.negatives + state.positives)[outside].sum())
    if rows:
        return Value(None, state.n, reason=f"{rows:,} rows have a score outside 0 to 1: not a probability")
    return None


def _roc_auc(state: Scored) -> Value:
    n0, n1 = int(state.negatives.sum()), int(state.positives.sum())
    if not n0 or not n1:
        only = f"only label {0 if n0 else 1}" if state.n else "no rows with a score and a label"
        return Value(None, state.n, reason=only)
    area, variance = auc_and_variance(state.negatives, state.positives)
    return Value(area, state.n, *auc_interval(area, variance, n0, n1), reason=note(state))


def _mean_loss(state: Scored, of_negatives: Floats, of_positives: Floats, largest: float) -> Value:
    """Mean of a loss that each score has with each label, and that is at most ``largest``."""
    import numpy as np

    losses = np.concatenate([of_negatives, of_positives])
    rows = np.concatenate([state.negatives, state.positives]).astype(float)
    value = float((rows * losses).sum() / state.n)
    # One row more, scored like the others and with either label by half: what the rows seen so far cannot rule out.
    more = rows + np.tile((state.negatives + state.positives) / (2 * state.n), 2)
    mean = float((more * losses).sum() / (state.n + 1))
    low, high = mean_interval(mean, float((more * (losses - mean) ** 2).sum()), state.n + 1)
    ends = (min(max(low or 0.0, 0.0), value), max(min(high or value, largest), value))
    return Value(value, state.n, *ends, reason=note(state))


def _log_loss(state: Scored) -> Value:
    import numpy as np

    smallest = np.finfo(np.float64).eps
    negatives, positives = (-np.log(np.clip(p, smallest, 1 - smallest)) for p in (1 - state.scores, state.scores))
    return _no_probability(state) or _mean_loss(state, negatives, positives, largest=-math.log(smallest))


def _brier_score(state: Scored) -> Value:
    return _no_probability(state) or _mean_loss(state, state.scores**2, (1 - state.scores) ** 2, largest=1.0)


def _calibration_error(state: Scored) -> Value:
    undefined = _no_probability(state)
    if undefined:
        return undefined
    rows, scores = _binned(state)
    used = rows.sum(1) > 0
    rows, scores = rows[used], scores[used]
    value = float(abs(scores.sum(1) - rows[:, 1]).sum() / state.n)
    low, high = _calibration_interval(rows, scores, value)
    bins = [_bin(int(i), *row) for i, *row in zip(used.nonzero()[0], rows, scores.sum(1), strict=True)]
    return Value(value, state.n, low, high, reason=note(state), detail={"bins": bins})


def _binned(state: Scored) -> tuple[Floats, Floats]:
    """Rows and sum of scores in each bin by label, both of shape (bins, 2)."""
    import numpy as np

    # Compared with the edges themselves: 10 × score would put some scores into the next bin.
    place = np.searchsorted(np.arange(1, BINS) / BINS, state.scores, side="right")
    sides = (state.negatives, state.positives)
    rows = [np.bincount(place, weights=side, minlength=BINS) for side in sides]
    sums = [np.bincount(place, weights=side * state.scores, minlength=BINS) for side in sides]
    return np.stack(rows, axis=1), np.stack(sums, axis=1)


def _calibration_interval(rows: Floats, scores: Floats, value: float) -> tuple[float, float]:
    """Resample the bins.

    Chance alone makes the error positive, so the resamples lie too high. The lower end takes off how far the resampled
    gaps of the bins lie from their own: by the triangle inequality the error of all rows there are is not further away.
    The upper end is the resamples' reflected at the estimate, or further up: where each gap moves in the direction that
    it has. The error is linear in the gaps there, and where it is not, at 0, this is too wide rather than too narrow.
    """
    import numpy as np

    middle = scores.sum(1, keepdims=True) / rows.sum(1, keepdims=True)
    mean_score = np.where(rows > 0, scores / np.maximum(rows, 1), middle)
    table = rows + SPREAD / rows.size

    def gaps(drawn: Floats) -> Floats:
        made: Floats = ((drawn * mean_score).sum(2) - drawn[:, :, 1]) / drawn.sum((1, 2))[:, None]
        return made

    own = gaps(table[None])
    _, high = bootstrap([table], lambda drawn: abs(gaps(drawn)).sum(1), basic=True)
    fall, _ = bootstrap([table], lambda drawn: ((gaps(drawn) - own) * np.sign(own)).sum(1))
    _, away = bootstrap([table], lambda drawn: abs(gaps(drawn) - own).sum(1))
    return max(0.0, value - (away or 0.0)), min(1.0, max(high or value, value - min(fall or 0.0, 0.0)))


def _bin(index: int, rows: Floats, sum_of_scores: float) -> dict[str, float]:
    n, positives = float(rows.sum()), float(rows[1])
    low, high = wilson(positives, n)
    return {
        "from": index / BINS,
        "to": (index + 1) / BINS,
        "n": int(n),
        "mean_score": float(sum_of_scores) / n,
        "positive_share": positives / n,
        "low": low,
        "high": high,
    }


_BINARY: dict[str, Any] = {"reduce": Scores(), "tasks": ("binary",), "group": "scores"}
_ONE_MORE = "t, with one more row scored like the others and of either label by half"

roc_auc = Metric(
    id="roc_auc",
    title="ROC AUC",
    definition="Chance that a positive row scores higher than a negative row, ties counted half. Undefined where all "
    f"labels are equal. {_MISSING}",
    formula="P(score of a positive > score of a negative) + ½ P(equal)",
    source="scikit-learn, sklearn.metrics.roc_auc_score; DeLong, DeLong & Clarke-Pearson (1988)",
    finish=_roc_auc,
    range=(0.0, 1.0),
    interval="DeLong on the logit scale; with few rows of a class, an area near 0 or 1, or no variance "
    "Newcombe (2006), method 5",
    aliases=("area under the ROC curve", "c statistic"),
    second=of_scores("roc_auc_score"),
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
    finish=_brier_score,
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
    f"weighted by their rows. {_PROBABILITY} {_MISSING}",
    formula="Σ over bins b of (n_b / n) |share of positives in b − mean score in b|",
    source="Naeini, Cooper & Hauskrecht (2015), AAAI",
    finish=_calibration_error,
    better="lower",
    range=(0.0, 1.0),
    interval="bootstrap of the bins with two more rows spread over them",
    aliases=("ECE",),
    **_BINARY,
)

SCORES = (roc_auc, log_loss, brier_score, expected_calibration_error)
