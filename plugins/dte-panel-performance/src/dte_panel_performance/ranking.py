"""How well a score puts the positive rows first: average precision, gain and lift."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dte_panel import Metric, Scores, Value, scoring
from dte_panel.delong import FEW, NONE
from dte_panel.stats import Z95, wilson
from dte_panel_performance.opinions import of_scores, one_by_one, opinion
from dte_panel_performance.scores import note

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Scored

    Floats = NDArray[np.float64]

SHARES = (0.1, 0.3)
#: At least this part of a proportion's standard error is left to a gain.
LEFT = 0.5


def _only_one_class(state: Scored) -> Value | None:
    if state.negatives.sum() and state.positives.sum():
        return None
    only = f"only label {0 if state.negatives.sum() else 1}" if state.n else "no rows with a score and a label"
    return Value(None, state.n, reason=only)


def selected(state: Scored) -> tuple[Floats, Floats]:
    """Negatives and positives with at least each score, in the order of the scores."""
    import numpy as np

    wrong, right = (np.cumsum(side[::-1], dtype=float)[::-1] for side in (state.negatives, state.positives))
    return wrong, right


def average_precision_and_variance(state: Scored, *, over_share: bool = False) -> tuple[float, float]:
    """Average precision with its variance by the influence of each row, in one pass over the distinct scores.

    With T(s) and F(s) the positives and negatives scored s or more, and π(s) = T / (T + F), a positive row at x moves
    the area by π(x) − AP + Σ over positives at s ≤ x of F / (T + F)², a negative one by − the same sum of T / (T + F)².
    With ``over_share`` the variance is that of the area less the share of positives.
    """
    import numpy as np

    wrong, right = selected(state)
    every, positives = wrong + right, float(state.positives.sum())
    precision = right / every
    area = float((state.positives * precision).sum() / positives)
    of_positives = precision - area + np.cumsum(state.positives * wrong / every**2)
    of_negatives = np.cumsum(state.positives * right / every**2)
    if over_share:
        share = positives / state.n
        of_positives, of_negatives = of_positives - share * (1 - share), of_negatives - share**2
    squares = (state.positives * of_positives**2).sum() + (state.negatives * of_negatives**2).sum()
    return area, float(squares) / positives**2


def average_precision_interval(area: float, variance: float, positives: int) -> tuple[float, float]:
    """95 % interval on the logit scale; with few positives the wider of that and Wilson's for so many rows."""
    low, high = area, area
    if variance > NONE and 0 < area < 1:
        half = Z95 * math.sqrt(variance) / (area * (1 - area))
        centre = math.log(area / (1 - area))
        low, high = (1 / (1 + math.exp(-end)) for end in (centre - half, centre + half))
    if positives < FEW or variance <= NONE:
        wide_low, wide_high = wilson(area * positives, positives)
        low, high = min(low, wide_low), max(high, wide_high)
    return low, high


def _average_precision(state: Scored) -> Value:
    undefined = _only_one_class(state)
    if undefined or not state.bounded:
        return undefined or _of_steps(state)
    worst, less = _of_steps(state.arranged(best=False)), _never_tied(state)
    worst = replace(worst, value=float(worst.value or 0.0) - less, low=float(worst.low or 0.0) - less)
    return scoring.within(_of_steps(state), worst, _of_steps(state.arranged(best=True)))


def _never_tied(state: Scored) -> float:
    """How far the area may lie below that of the worst order with the positives of a bin tied.

    The i-th of p positives below a rows with R positives above has a precision of (R + i) / (a + i) at least, and tied
    all have that of the last; the sum of 1 / (a + i) is no more than ln(1 + p / a).
    """
    import numpy as np

    wrong, right = selected(state)
    positives, above = state.positives.astype(float), right - state.positives
    before = above + wrong
    mixed = (state.highs > state.lows) & (before > 0) & (positives > 0)
    p, a, wrong = positives[mixed], before[mixed], wrong[mixed]
    tied = p * (a + p - wrong) / (a + p)
    return float((tied - (p - wrong * np.log1p(p / a))).sum() / positives.sum())


def _of_steps(state: Scored) -> Value:
    area, variance = average_precision_and_variance(state)
    positives = int(state.positives.sum())
    ends = average_precision_interval(area, variance, positives)
    return Value(area, state.n, *ends, reason=note(state), detail={"share_of_positives": positives / state.n})


def gained(state: Scored, share: float) -> float:
    """Positives among the ``share`` of rows that score highest; of rows that tie at the edge, their part."""
    import numpy as np

    wrong, right = (np.concatenate([[0.0], side[::-1]]) for side in selected(state))
    return float(np.interp(share * state.n, wrong + right, right))


def _gain(state: Scored, share: float) -> Value:
    positives = int(state.positives.sum())
    if not positives:
        return Value(None, state.n, reason="no positive rows" if state.n else "no rows with a score and a label")
    return scoring.ranked(lambda order: _gained(order, share, positives), state)


def _gained(state: Scored, share: float, positives: int) -> Value:
    hits = gained(state, share)
    gain, (low, high) = hits / positives, wilson(hits, positives)
    ratio = _of_the_edge(state, share, gain)
    ends = (max(0.0, gain - ratio * (gain - low)), min(1.0, gain + ratio * (high - gain)))
    return Value(gain, positives, *ends, reason=note(state))


def _of_the_edge(state: Scored, share: float, gain: float) -> float:
    """How much of a proportion's standard error is left where the edge moves with the rows.

    A positive row above the edge pushes another row below it, which is positive itself by the share ρ of positives at
    the edge (delta method). ρ is taken from the rows half as far to either side as the nearer end.
    """
    near = min(share, 1 - share) / 2
    if near <= 0 or not 0 < gain < 1:
        return 1.0
    at_the_edge = (gained(state, share + near) - gained(state, share - near)) / (2 * near * state.n)
    known = float(state.positives.sum()) / state.n * gain * (1 - gain)
    moving = known * (1 - 2 * at_the_edge) + at_the_edge**2 * share * (1 - share)
    return math.sqrt(max(moving / known, LEFT**2))


def _lift(state: Scored, share: float) -> Value:
    gain = _gain(state, share)
    if gain.value is None or gain.low is None or gain.high is None:
        return gain
    ends = (gain.low / share, gain.high / share)
    return scoring.within(
        Value(gain.value / share, gain.n, *ends, reason=note(state)),
        *(Value(end / share, gain.n) for end in gain.detail.get("within", ())),
    )


def _gain_by_scikit_learn(state: Scored, share: float, over: float = 1.0) -> float | None:
    """The positives among the first rows of scikit-learn's ROC curve; of one class it draws none."""
    import numpy as np

    if not state.negatives.sum():
        return None
    wrong, right = one_by_one(state)
    return float(np.interp(share * state.n, wrong + right, right) / right[-1] / over)


def percent(share: float) -> str:
    """``10`` of 0.1, ``2_5`` of 0.025: for an id."""
    return f"{share * 100:.6g}".replace(".", "_")


_MISSING = f"Rows with a missing score or label are left out and counted. {scoring.IN_BINS}"
_BINARY: dict[str, Any] = {"reduce": Scores(), "tasks": ("binary",), "group": "ranking", "version": 2}

average_precision = Metric(
    id="average_precision",
    title="Average precision",
    definition="Area under the precision-recall curve as a sum of steps: the mean precision at the scores of the "
    "positive rows. Guessing gives the share of positives. Undefined where all labels are equal (scikit-learn: 0 or "
    f"1). {_MISSING}",
    formula="Σ over thresholds k of (recall_k − recall_{k−1}) precision_k",
    source="scikit-learn, sklearn.metrics.average_precision_score; Boyd, Eng & Page (2013) for the logit scale",
    finish=_average_precision,
    range=(0.0, 1.0),
    interval="delta method from the influence of each row, on the logit scale; with under 30 positives the wider of "
    "that and Wilson's for so many rows",
    aliases=("PR AUC", "area under the precision-recall curve"),
    second=of_scores("average_precision_score", tied=True),
    **_BINARY,
)


def at_the_top(shares: Iterable[float]) -> list[Metric]:
    """Gain and lift among the highest-scored share of the rows."""
    return [metric for share in shares for metric in (_gain_metric(share), _lift_metric(share))]


def _gain_metric(share: float) -> Metric:
    return Metric(
        id=f"gain_at_top_{percent(share)}_percent",
        title=f"Gain at the top {share * 100:g} %",
        definition=f"Share of all positive rows that are among the {share * 100:g} % of rows that score highest; rows "
        f"that tie at the edge count in part. Undefined without positive rows. {_MISSING}",
        formula=f"P(score in the top {share:g} | label = 1)",
        source="Ling & Li (1998), Data mining for direct marketing, KDD",
        finish=lambda state: _gain(state, share),
        second=opinion(lambda state: _gain_by_scikit_learn(state, share)),
        range=(0.0, 1.0),
        unit="share",
        interval="Wilson, shorter by what the edge moves with the rows (delta method)",
        aliases=("cumulative gain", "capture rate"),
        **_BINARY,
    )


def _lift_metric(share: float) -> Metric:
    return Metric(
        id=f"lift_at_top_{percent(share)}_percent",
        title=f"Lift at the top {share * 100:g} %",
        definition=f"How many times as many positives the {share * 100:g} % of rows that score highest hold as so many "
        f"rows taken at random. 1 is no better than chance. Undefined without positive rows. {_MISSING}",
        formula=f"P(label = 1 | score in the top {share:g}) / P(label = 1)",
        source="Ling & Li (1998), Data mining for direct marketing, KDD",
        finish=lambda state: _lift(state, share),
        second=opinion(lambda state: _gain_by_scikit_learn(state, share, over=share)),
        range=(0.0, None),
        unit="times",
        interval="that of the gain, divided by the share of rows",
        **_BINARY,
    )
