"""What the scores of each group are worth, and the gaps that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dte_panel import Scores, Sums, Value, scoring
from dte_panel.stats import mean_interval
from dte_panel_fairness.gaps import gaps_of
from dte_panel_fairness.rates import FAIRLEARN, SKLEARN
from dte_panel_fairness.second import excess, fairlearn, known, sklearn

if TYPE_CHECKING:
    from dte_panel.states import Moments, Scored

_MISSING = "Rows with a missing score or label are left out and counted."
_PROBABILITY = "Undefined where a score lies outside 0 to 1."
_MAYBE_BINNED = f"{_MISSING} {scoring.IN_BINS}"
_SCORED: dict[str, Any] = {"reduce": Scores(), "tasks": ("binary",), "group": "scores"}
_ONE_MORE = "t, with one more row scored like the others and of either label by half"


def _mean_score(state: Moments) -> Value:
    if not state.n:
        return Value(None, 0, reason="no rows with a score")
    low, high = mean_interval(state.means["score"], state.m2s["score"], state.n)
    left_out = f"{state.missing:,} rows with a missing score left out" if state.missing else None
    return Value(state.means["score"], state.n, low, high, reason=left_out)


def _overestimate(state: Scored) -> Value:
    undefined = scoring.no_probability(state)
    if undefined:
        return undefined
    made = [_mean_distance(at, state.n) for at in scoring.points(state)]
    # In bins the mean is known still, its interval is that of the widest spread.
    value, low, high = max(made, key=lambda found: (found[2] or 0.0) - (found[1] or 0.0))
    ends = (None if low is None else max(-1.0, low)), (None if high is None else min(1.0, high))
    return Value(value, state.n, *ends, reason=scoring.note(state))


def _mean_distance(at: scoring.Points, n: int) -> tuple[float, float | None, float | None]:
    rows = at.negatives + at.positives
    value = float(((rows * at.scores).sum() - at.positives.sum()) / n)
    squares = at.negatives * (at.scores - value) ** 2 + at.positives * (at.scores - 1 - value) ** 2
    return value, *mean_interval(value, float(squares.sum()), n)


mean_score = known(
    fairlearn("mean_prediction"),
    rows="score",
    id="mean_score",
    title="Mean score",
    definition="Mean of the scores of a group, with or without a label. No interval below two rows. Rows with a "
    "missing score are left out and counted.",
    formula="mean of score",
    source=FAIRLEARN + "mean_prediction",
    reduce=Sums(("score",), (("score", "score"),)),
    finish=_mean_score,
    better="nearer",
    unit="unit of the score",
    interval="t",
    tasks=("binary", "none"),
    group="scores",
)
roc_auc = known(
    sklearn("roc_auc_score"),
    tied=True,
    id="roc_auc",
    title="ROC AUC",
    definition="Chance that a positive row of the group scores higher than a negative row of the group, ties counted "
    f"half. Undefined in a group with one label. {_MAYBE_BINNED}",
    formula="P(score of a positive > score of a negative) + ½ P(equal)",
    source=SKLEARN + "roc_auc_score; DeLong, DeLong & Clarke-Pearson (1988)",
    finish=scoring.roc_auc,
    range=(0.0, 1.0),
    interval="DeLong on the logit scale; with few rows Newcombe (2006), method 5",
    version=2,
    **_SCORED,
)
brier_score = known(
    sklearn("brier_score_loss"),
    id="brier_score",
    title="Brier score",
    definition=f"Mean squared difference of score and label. {_PROBABILITY} {_MAYBE_BINNED}",
    formula="mean of (p − y)²",
    source=SKLEARN + "brier_score_loss; Brier (1950)",
    finish=scoring.brier_score,
    better="lower",
    range=(0.0, 1.0),
    interval=_ONE_MORE,
    version=2,
    **_SCORED,
)
expected_calibration_error = known(
    scoring.calibration_error_by_scipy,
    library="scipy",
    id="expected_calibration_error",
    title="Expected calibration error",
    definition="Mean gap between score and share of positives over ten bins of equal width, weighted by their rows. "
    f"Small groups show more of it by chance alone. {_PROBABILITY} {_MISSING}",
    formula="Σ over bins b of (n_b / n) |share of positives in b − mean score in b|",
    source="Naeini, Cooper & Hauskrecht (2015), AAAI",
    finish=scoring.calibration_error,
    better="lower",
    range=(0.0, 1.0),
    interval="bootstrap of the bins with two more rows spread over them",
    aliases=("ECE",),
    **_SCORED,
)
calibration_in_the_large = known(
    excess,
    library="fairlearn",
    id="calibration_in_the_large",
    title="Calibration in the large",
    definition="Mean score minus share of positives: above 0 the scores of the group are too high, below 0 too low. "
    f"{_PROBABILITY} {_MISSING}",
    formula="mean of (p − y)",
    source="Steyerberg et al. (2010), Assessing the Performance of Prediction Models, Epidemiology 21",
    finish=_overestimate,
    better="nearer",
    target=0.0,
    range=(-1.0, 1.0),
    interval="t",
    aliases=("mean calibration",),
    **_SCORED,
)
METRICS = (mean_score, roc_auc, brier_score, expected_calibration_error, calibration_in_the_large)
SCORES = (
    *METRICS,
    *(gap for metric in METRICS for gap in gaps_of(metric, ratios=metric.range == (0.0, 1.0))),
)
