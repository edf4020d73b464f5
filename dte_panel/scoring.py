"""What the scores of one group are worth, from the rows of each score by label: shared by the providers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from dte_panel.delong import auc_and_variance, auc_interval
from dte_panel.model import Value
from dte_panel.stats import bootstrap, mean_interval, wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Scored, Table

    Floats = NDArray[np.float64]
    #: Of scores: the loss that each has with label 0, and with label 1.
    Losses = Callable[[Floats], tuple[Floats, Floats]]

#: Told in the definition of each number that may come from fine bins.
IN_BINS = (
    "Above 250,000 rows it is taken from fine bins, and what these leave open, as is proven, widens the interval; "
    "where that holds a check's bound, it is measured again from every row."
)
#: Bins of equal width that scores are held against their labels in.
BINS = 10
#: Rows that are spread over a table before it is drawn again: what the rows seen so far cannot rule out.
SPREAD = 2.0
#: Less than this, relatively, is two orders of adding up the same numbers.
ROUNDING = 1e-12
#: Cells of the confusion table: the name of its price, label, prediction.
CELLS = (
    ("true_positive", 1, 1),
    ("false_positive", 0, 1),
    ("false_negative", 1, 0),
    ("true_negative", 0, 0),
)


def expected_cost(table: Table, prices: Mapping[str, float]) -> Value:
    """Mean cost of a decision, from label by prediction and the price of each cell.

    Examples
    --------
    >>> from dte_panel.states import Table
    >>> table = Table(("label", "prediction"), {(1, 0): 1, (0, 0): 9})
    >>> expected_cost(table, {"true_positive": 0, "false_positive": 1, "false_negative": 5, "true_negative": 0}).value
    0.5
    """
    known = table.known("label", "prediction")
    n, out = known.n(), table.n() - known.n()
    if n == 0:
        return Value(None, 0, reason="no rows with a label and a prediction")
    rows = {name: known.n(label=label, prediction=prediction) for name, label, prediction in CELLS}
    value = sum(prices[name] * rows[name] for name in rows) / n
    # One row more, a quarter of it in each cell: what the rows seen so far cannot rule out.
    more = {name: count + 0.25 for name, count in rows.items()}
    mean = sum(prices[name] * more[name] for name in rows) / (n + 1)
    low, high = mean_interval(mean, sum(more[name] * (prices[name] - mean) ** 2 for name in rows), n + 1)
    cheapest, dearest = min(prices.values()), max(prices.values())
    # With one row more there are two at least, and so there is an interval.
    low, high = cheapest if low is None else low, dearest if high is None else high
    ends = (min(max(low, cheapest), value), max(min(high, dearest), value))
    left_out = f"{out:,} rows with a missing label or prediction left out" if out else None
    return Value(value, n, *ends, reason=left_out, detail={"costs": dict(prices)})


def note(state: Scored) -> str | None:
    """What was left out, and whether the scores are gathered."""
    notes = [f"{state.missing:,} rows with a missing score or label left out"] if state.missing else []
    if not state.exact and not state.bounded:
        notes.append("scores gathered in bins of 1/1000")
    return "; ".join(notes) or None


def no_probability(state: Scored) -> Value | None:
    """Why the scores cannot be read as probabilities, if so."""
    if state.n == 0:
        return Value(None, 0, reason="no rows with a score and a label")
    outside = (state.scores < 0) | (state.scores > 1)
    rows = int((state.negatives + state.positives)[outside].sum())
    if rows:
        return Value(None, state.n, reason=f"{rows:,} rows have a score outside 0 to 1: not a probability")
    return None


def within(value: Value, *others: Value) -> Value:
    """A number from fine bins that lies, as is proven, among the others; its interval spans theirs."""
    if value.value is None or not others:
        return value
    known = [v for v in (value, *others) if v.value is not None]
    numbers = [float(v.value or 0.0) for v in known]
    least, most = min(numbers), max(numbers)
    off = max(most - value.value, value.value - least)
    # A little more than it is, so that rounding does not make it less.
    told = "counted in fine bins" + (f", off by {off * 1.06:.2g} at most" if off > ROUNDING * most else "")
    return replace(
        value,
        low=min((v.low for v in known if v.low is not None), default=least),
        high=max((v.high for v in known if v.high is not None), default=most),
        reason="; ".join(filter(None, [value.reason, told])),
        detail={**value.detail, "within": [least, most]},
    )


def ranked(measure: Callable[[Scored], Value], state: Scored) -> Value:
    """What a measure makes of the order of the scores, one that grows as positives move above negatives.

    In bins their rows tie; the worst and the best order that the bins allow are where it can lie.
    """
    if not state.bounded:
        return measure(state)
    return within(measure(state), *(measure(state.arranged(best=best)) for best in (False, True)))


def roc_auc(state: Scored) -> Value:
    """Area under the ROC curve with DeLong's interval."""
    n0, n1 = int(state.negatives.sum()), int(state.positives.sum())
    if not n0 or not n1:
        only = f"only label {0 if n0 else 1}" if state.n else "no rows with a score and a label"
        return Value(None, state.n, reason=only)
    return ranked(_roc_auc, state)


def _roc_auc(state: Scored) -> Value:
    area, variance = auc_and_variance(state.negatives, state.positives)
    n0, n1 = int(state.negatives.sum()), int(state.positives.sum())
    return Value(area, state.n, *auc_interval(area, variance, n0, n1), reason=note(state))


class Points(NamedTuple):
    """Scores in any order, and the rows of either label at each: parts of rows too."""

    scores: Floats
    negatives: Floats
    positives: Floats


def points(state: Scored) -> list[Points]:
    """The scores with their rows; of bins first all rows at the mean of their label, then at both ends of their bin.

    The mean of any convex function of the scores lies between those of the two (Jensen; Edmundson & Madansky).
    """
    import numpy as np

    negatives, positives = state.negatives.astype(float), state.positives.astype(float)
    if not state.bounded:
        return [Points(state.scores, negatives, positives)]
    means, none = state.by_label, np.zeros_like(negatives)
    wide = np.where(state.highs > state.lows, state.highs - state.lows, 1.0)
    upper = (means - state.lows) / wide * (state.negatives, state.positives)
    ends = np.concatenate([state.lows, state.highs])
    spread = (np.concatenate([rows - up, up]) for rows, up in zip((negatives, positives), upper, strict=True))
    middle = Points(means.ravel(), np.concatenate([negatives, none]), np.concatenate([none, positives]))
    return [middle, Points(ends, *spread)]


def mean_loss(state: Scored, losses: Losses, largest: float) -> Value:
    """Mean of a loss, convex in the score, that each score has with each label and that is at most ``largest``."""
    return within(*(_mean_loss(state, p, losses, largest) for p in points(state)))


def _mean_loss(state: Scored, at: Points, losses: Losses, largest: float) -> Value:
    import numpy as np

    lost = np.concatenate(losses(at.scores))
    rows = np.concatenate([at.negatives, at.positives])
    value = float((rows * lost).sum() / state.n)
    # One row more, scored like the others and with either label by half: what the rows seen so far cannot rule out.
    more = rows + np.tile((at.negatives + at.positives) / (2 * state.n), 2)
    mean = float((more * lost).sum() / (state.n + 1))
    low, high = mean_interval(mean, float((more * (lost - mean) ** 2).sum()), state.n + 1)
    ends = (min(max(low or 0.0, 0.0), value), max(min(high or value, largest), value))
    return Value(value, state.n, *ends, reason=note(state))


def squared_losses(scores: Floats) -> tuple[Floats, Floats]:
    """Squared distance of each score from label 0, and from label 1."""
    return scores**2, (1 - scores) ** 2


def brier_score(state: Scored) -> Value:
    """Mean squared difference of score and label."""
    return no_probability(state) or mean_loss(state, squared_losses, largest=1.0)


def calibration_error(state: Scored) -> Value:
    """Mean gap between score and share of positives over ten bins of equal width, which are unions of fine bins."""
    undefined = no_probability(state)
    if undefined:
        return undefined
    rows, scores = _binned(state)
    used = rows.sum(1) > 0
    rows, scores = rows[used], scores[used]
    value = float(abs(scores.sum(1) - rows[:, 1]).sum() / state.n)
    low, high = _calibration_interval(rows, scores, value)
    bins = [_bin(int(i), *row) for i, *row in zip(used.nonzero()[0], rows, scores.sum(1), strict=True)]
    return Value(value, state.n, low, high, reason=note(state), detail={"bins": bins})


def calibration_error_by_scipy(labels: Floats, scores: Floats, rows: Floats) -> float:
    """The same error on rows with weights: scikit-learn bins them for a curve alone, without weights."""
    import numpy as np
    from scipy.stats import binned_statistic

    sides = [rows * labels, rows * scores]
    positives, summed = binned_statistic(scores, sides, "sum", bins=np.arange(BINS + 1) / BINS).statistic
    return float(abs(positives - summed).sum() / rows.sum())


def _binned(state: Scored) -> tuple[Floats, Floats]:
    """Rows and sum of scores in each bin by label, both of shape (bins, 2)."""
    import numpy as np

    # Compared with the edges themselves: 10 × score would put some scores into the next bin.
    place = np.searchsorted(np.arange(1, BINS) / BINS, state.scores, side="right")
    sides = (state.negatives, state.positives)
    rows = [np.bincount(place, weights=side, minlength=BINS) for side in sides]
    means = zip(sides, state.by_label, strict=True)
    sums = [np.bincount(place, weights=side * mean, minlength=BINS) for side, mean in means]
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
