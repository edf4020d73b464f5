"""What the performance will turn out to be, while labels are late: from scores calibrated on the reference."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from dte_panel import Comparison, Scores, SecondOpinion, Value, scoring
from dte_panel.stats import Z95
from dte_panel_performance.opinions import LIBRARY, asked, weighted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Scored

    Floats = NDArray[np.float64]

ASSUMES = "an estimate without labels: it assumes that a score means what it meant in the reference"

#: With fewer reference rows the isotonic fit follows their noise: intervals held 87 to 92 % at 400 rows.
ENOUGH = 1_000


class Calibrated(NamedTuple):
    """The chance of a positive at each score, and the reference rows that each chance was learnt from."""

    scores: Floats
    chances: Floats
    rows: Floats

    def at(self, scores: Floats) -> tuple[Floats, NDArray[np.int64]]:
        """The chance at other scores, and the block of equal chances each is nearest to."""
        import numpy as np

        blocks = np.cumsum(np.diff(self.chances, prepend=self.chances[:1]) != 0)
        place = np.clip(np.searchsorted(self.scores, scores), 0, len(self.scores) - 1)
        return np.interp(scores, self.scores, self.chances), blocks[place]


def calibrate(reference: Scored) -> Calibrated:
    """Isotonic regression of the labels on the scores, straight lines between them."""
    import numpy as np
    from scipy.optimize import isotonic_regression

    rows = (reference.negatives + reference.positives).astype(float)
    fitted = isotonic_regression(reference.positives / rows, weights=rows)
    sizes = np.add.reduceat(rows, fitted.blocks[:-1])
    chances = np.repeat(np.asarray(fitted.x)[fitted.blocks[:-1]], np.diff(fitted.blocks))
    return Calibrated(reference.scores, chances, sizes)


class Expected(NamedTuple):
    """Each score of the current rows: rows predicted 0 and 1, and its calibrated chance."""

    zeros: Floats
    ones: Floats
    chances: Floats


#: What an estimate is, and what one more certain label of each score would change in it: for rows predicted 0 and 1.
Estimated = tuple[float, "Floats", "Floats"]


def _accuracy(rows: Expected) -> Estimated | str:
    import numpy as np

    n = float((rows.zeros + rows.ones).sum())
    value = float((rows.ones * rows.chances + rows.zeros * (1 - rows.chances)).sum() / n)
    slope = np.full(len(rows.chances), 1 / n)
    return value, -slope, slope


def _f1(rows: Expected) -> Estimated | str:
    import numpy as np

    hits = float((rows.ones * rows.chances).sum())
    involved = float(rows.ones.sum() + ((rows.ones + rows.zeros) * rows.chances).sum())
    if involved <= 0:
        return "no row is predicted or expected to be positive"
    missed = np.full(len(rows.chances), -2 * hits / involved**2)
    return 2 * hits / involved, missed, missed + 2 / involved


def _roc_auc(rows: Expected) -> Estimated | str:
    import numpy as np

    every = rows.ones + rows.zeros
    positives, negatives = every * rows.chances, every * (1 - rows.chances)
    all_positive, all_negative = float(positives.sum()), float(negatives.sum())
    if min(all_positive, all_negative) <= 0:
        return "all rows are expected to have the same label"
    below = np.cumsum(negatives) - negatives / 2
    above = all_positive - np.cumsum(positives) + positives / 2
    area = float((positives * below).sum() / (all_positive * all_negative))
    slope = (below - above) / (all_positive * all_negative) - area / all_positive + area / all_negative
    return area, slope, slope


def _open(
    estimate: Callable[[Expected], Estimated | str], now: Scored, calibrated: Calibrated
) -> tuple[float, float] | None:
    """Where the estimate can lie, as the chance of no row in a bin is beyond those of the bin's ends."""
    import numpy as np

    least, most = (calibrated.at(end)[0] for end in (now.lows, now.highs))
    zeros, ones = now.negatives.astype(float), now.positives.astype(float)
    if estimate is _roc_auc:
        return _open_area(zeros + ones, least, most)
    none, found = np.zeros_like(zeros), []
    for of_zeros, of_ones in ((most, least), (least, most)):
        apart = Expected(
            np.concatenate([zeros, none]), np.concatenate([none, ones]), np.concatenate([of_zeros, of_ones])
        )
        made = estimate(apart)
        if isinstance(made, str):
            return None
        found.append(made[0])
    return found[0], found[1]


def _open_area(every: Floats, least: Floats, most: Floats) -> tuple[float, float] | None:
    """The same for the area: the fewest and the most pairs in order, by the most and the fewest pairs there can be."""
    import numpy as np

    def ordered(chances: Floats, others: Floats, tied: Floats) -> float:
        negatives = every * (1 - others)
        return float((every * chances * (np.cumsum(negatives) - tied * negatives)).sum())

    n, ends = float(every.sum()), (float((every * least).sum()), float((every * most).sum()))
    pairs = [positives * (n - positives) for positives in (*ends, min(max(n / 2, ends[0]), ends[1]))]
    if min(pairs) <= 0:
        return None
    # Chances rise with the score: inside a bin, half of the pairs at least are in order, and all of them at most.
    half = np.full(len(every), 0.5)
    best = ordered(most, least, np.where(least < most, 0.0, half))
    return ordered(least, most, half) / max(pairs), min(best / min(pairs), 1.0)


def _finish(estimate: Callable[[Expected], Estimated | str]) -> Callable[..., Value]:
    def finish(now_labelled: Scored, now: Scored, labelled: Scored, _: Scored) -> Value:
        if now.n == 0:
            return Value(None, 0, reason="no rows with a score and a prediction")
        if not labelled.n or not labelled.positives.sum() or not labelled.negatives.sum():
            return Value(None, now.n, reason="the reference has no rows of both labels to calibrate on")
        calibrated = calibrate(labelled)
        chances, blocks = calibrated.at(now.scores)
        rows = Expected(now.negatives.astype(float), now.positives.astype(float), chances)
        made = estimate(rows)
        if isinstance(made, str):
            return Value(None, now.n, reason=made)
        half = Z95 * math.sqrt(_variance(rows, made, blocks, calibrated))
        value = min(max(made[0], 0.0), 1.0)
        detail = {"rows_with_label": now_labelled.n}
        few = f"; calibrated on {labelled.n:,} rows, so the interval is too narrow" if labelled.n < ENOUGH else ""
        # Where an end of the bins leaves it undefined, nothing is known of it.
        bins = (_open(estimate, now, calibrated) or (0.0, 1.0)) if now.bounded else None
        made_of = [
            Value(v, now.n, max(0.0, v - half), min(1.0, v + half), reason=ASSUMES + few, detail=detail)
            for v in (value, *(bins or ()))
        ]
        return scoring.within(*made_of)

    return finish


def _variance(rows: Expected, made: Estimated, blocks: Any, calibrated: Calibrated) -> float:
    """Labels still to come fall by chance, and so did those that the chances were learnt from."""
    import numpy as np

    _, slope_zero, slope_one = made
    spread = rows.chances * (1 - rows.chances)
    to_come = ((rows.zeros * slope_zero**2 + rows.ones * slope_one**2) * spread).sum()
    pull = np.bincount(blocks, weights=rows.zeros * slope_zero + rows.ones * slope_one, minlength=len(calibrated.rows))
    first = np.flatnonzero(np.diff(calibrated.chances, prepend=-1.0))
    # Half a row of either label more, or a block without positives would be taken for certain.
    chances = (calibrated.chances[first] * calibrated.rows + 0.5) / (calibrated.rows + 1)
    learnt = (pull**2 * chances * (1 - chances) / calibrated.rows).sum()
    return float(to_come + learnt)


def _by_scikit_learn(function: str, *states: Scored) -> float:
    """The library's figure of labels that are 1 with the chance of its own isotonic regression, and 0 else."""
    import numpy as np
    from sklearn.isotonic import IsotonicRegression

    _, now, labelled, _ = states
    labels, scores, weights = weighted(labelled, tied=True)
    chances = IsotonicRegression(out_of_bounds="clip").fit(scores, labels, sample_weight=weights)
    predictions, scores, rows = weighted(now, tied=True)
    answers, chance = (scores if function == "roc_auc_score" else predictions), chances.predict(scores)
    both = np.repeat([1, 0], len(rows)), np.tile(answers, 2), np.concatenate([rows * chance, rows * (1 - chance)])
    return asked(function, *(part[both[2] > 0] for part in both))


def _metric(name: str, title: str, formula: str, estimate: Callable[[Expected], Estimated | str]) -> Comparison:
    return Comparison(
        id=f"estimated_{name}",
        title=f"Estimated {title}",
        definition=f"What the {title} of the current rows is expected to be, without their labels: the scores are "
        "calibrated on the reference's labels of the same cohort (isotonic regression, always; NannyML only where a "
        "random split says so). It holds as long as a score means what it meant then; it sees other scores, not a "
        "changed relation of score and label. Undefined where the reference has one label only. Rows with a missing "
        f"score or prediction are left out. {scoring.IN_BINS} The reference is then calibrated on the bins.",
        reduce=(Scores(), Scores("prediction")),
        finish=_finish(estimate),
        across="reference",
        formula=formula,
        source="NannyML, confidence-based performance estimation (CBPE)",
        range=(0.0, 1.0),
        interval="normal: the labels to come and those calibrated on vary by chance (delta method)",
        tasks=("binary",),
        version=2,
        group="estimates",
        aliases=("CBPE",),
        second=SecondOpinion(LIBRARY, partial(_by_scikit_learn, f"{name}_score"), 1e-9, "two isotonic regressions"),
    )


ESTIMATES = (
    _metric("accuracy", "accuracy", "mean of c(score) where the prediction is 1, else of 1 − c(score)", _accuracy),
    _metric("f1", "F1", "2 TP / (rows predicted 1 + Σ c(score)), with TP = Σ of c(score) predicted 1", _f1),
    _metric("roc_auc", "ROC AUC", "ROC AUC with c(score) of each row positive and 1 − c(score) negative", _roc_auc),
)
