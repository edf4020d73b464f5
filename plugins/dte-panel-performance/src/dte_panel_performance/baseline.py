"""What a model that knows nothing of the row would reach, and how far the real one is beyond that."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dte_panel import Comparison, Metric, Scores, SecondOpinion, Value, ValuesOf, deviations, scoring
from dte_panel.delong import FEW
from dte_panel.stats import Z95, bootstrap, difference_interval, mean_interval
from dte_panel_performance import decisions, errors, ranking, scores
from dte_panel_performance.classes import CLASSES, averaged
from dte_panel_performance.opinions import LIBRARY, asked, cells, dummy_regressor, weighted
from dte_panel_performance.spans import ends_of_bins, median, placed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Moments, Ordered, Scored, Table

    Floats = NDArray[np.float64]
    Statistic = Callable[[Floats, list[Any]], Floats]

SOURCE = "scikit-learn, sklearn.dummy.{}; the skill of a forecast over its baseline: Murphy (1988)"


def _skill(metric: Metric, dummy: str, source: str, finish: Callable[..., Value], how: str, **more: Any) -> Comparison:
    """A metric less that of a dummy (or the dummy's less it, where less is better): above 0 something was learnt."""
    lower = metric.better == "lower"
    reduce = more.pop("reduce", metric.reduce)
    reductions = reduce if isinstance(reduce, tuple) else (reduce,)
    return Comparison(
        id=f"{metric.id}_over_baseline",
        title=f"{metric.title} over the baseline",
        definition=f"How much better the {metric.title} is than that of a dummy that {dummy}, learnt from the "
        "reference of the same cohort if there is one, else from these very rows; the detail has both. At 0 or below "
        f"the model is worth no more than that. Undefined where the {metric.title} is."
        + (f" {scoring.IN_BINS}" if any(isinstance(r, Scores | ValuesOf) for r in reductions) else ""),
        reduce=reduce,
        finish=finish,
        across="reference",
        alone=True,
        formula=f"{'baseline − model' if lower else 'model − baseline'}",
        source=SOURCE.format(source),
        range=more.pop("range", (-1.0, 1.0)),
        unit=metric.unit,
        interval=how,
        tasks=metric.tasks,
        group="baseline",
        **more,
    )


def _made(metric: Metric, value: Value, baseline: float, learnt: bool, ends: Any) -> Value:
    """The measurement of a skill from both figures."""
    sign = -1.0 if metric.better == "lower" else 1.0
    low, high = ends
    detail: dict[str, Any] = {"value": value.value, "baseline": baseline}
    detail["learnt_from"] = "reference" if learnt else "current"
    if "within" in value.detail:
        detail["within"] = sorted(sign * (end - baseline) for end in value.detail["within"])
    return Value(sign * (float(value.value or 0.0) - baseline), value.n, low, high, reason=value.reason, detail=detail)


# ---------------------------------------------------------------- decisions


def most_frequent(table: Table) -> Any:
    """The class that most labels have, the first in order of those with as many."""
    known = table.known("label")
    return max(known.values("label"), key=lambda v: known.n(label=v), default=None)


def _of_decisions(metric: Metric, statistic: Statistic) -> Comparison:
    def finish(now: Table, before: Table | None = None) -> Value:
        import numpy as np

        value = metric.finish(now)
        guess = most_frequent(before if before is not None else now.known("label", "prediction"))
        if value.value is None or guess is None:
            return Value(None, value.n, reason=value.reason or "the reference has no label")
        values, counts = now.merge(type(now)(now.columns, {(guess, guess): 0})).matrix(*now.columns)

        def skill(tables: Floats) -> Floats:
            dummy = np.zeros_like(tables)
            dummy[:, :, values.index(guess)] = tables.sum(2)
            # A table that is drawn may lack a class: no figure there, and the interval does without it.
            with np.errstate(all="ignore"):
                made: Floats = statistic(tables, values) - np.nan_to_num(statistic(dummy, values))
            return made

        k = len(values)
        draws = min(400, max(40, 4_000_000 // k**2))
        ends = bootstrap([counts + decisions.SPREAD / k**2], skill, draws=draws)
        baseline = value.value - float(skill(counts[None].astype(float))[0])
        return _made(metric, value, baseline, before is not None, ends)

    second = SecondOpinion(LIBRARY, lambda now, before=None: _dummy_classifier(metric, now, before))
    how = "bootstrap of the table with two more rows spread over its cells; what the dummy learnt is taken as known"
    return _skill(metric, "always says the most frequent class", "DummyClassifier", finish, how, second=second)


def _dummy_classifier(metric: Metric, now: Table, before: Table | None) -> float:
    import numpy as np
    from sklearn.dummy import DummyClassifier

    labels, predictions, rows = cells(now)
    learnt, _, weights = (labels, None, rows) if before is None else _labels(before)
    dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((len(learnt), 1)), learnt, weights)
    said = list(dummy.predict(np.zeros((len(labels), 1))))
    name, keywords = _FUNCTIONS[metric.id]
    ours, theirs = (asked(name, labels, answers, rows, **keywords) for answers in (predictions, said))
    return ours - theirs


def _labels(table: Table) -> tuple[list[Any], None, list[int]]:
    known = table.known("label")
    values = known.values("label")
    return values, None, [known.n(label=v) for v in values]


_FUNCTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "accuracy": ("accuracy_score", {}),
    "balanced_accuracy": ("balanced_accuracy_score", {}),
    "f1": ("f1_score", {}),
    "f1_macro": ("f1_score", {"average": "macro", "zero_division": float("nan")}),
    "log_loss": ("log_loss", {"labels": [0, 1]}),
    "brier_score": ("brier_score_loss", {"pos_label": 1}),
    "roc_auc": ("roc_auc_score", {}),
    "average_precision": ("average_precision_score", {}),
}


def _accuracy(tables: Floats, values: list[Any]) -> Floats:
    import numpy as np

    made: Floats = np.trace(tables, axis1=1, axis2=2) / tables.sum((1, 2))
    return made


def _balanced(tables: Floats, values: list[Any]) -> Floats:
    return averaged("recall", "macro", tables)


def _f1(tables: Floats, values: list[Any]) -> Floats:
    import numpy as np

    if 1 not in values:
        return np.full(len(tables), np.nan)
    at = values.index(1)
    made: Floats = 2 * tables[:, at, at] / (tables[:, at].sum(1) + tables[:, :, at].sum(1))
    return made


# ---------------------------------------------------------------- scores


def _prior(now: Scored, before: Scored | None) -> float | None:
    """The share of positives that the dummy gives as every row's score."""
    learnt = now if before is None else before
    return float(learnt.positives.sum()) / learnt.n if learnt.n else None


def _of_losses(metric: Metric, losses: scoring.Losses) -> Comparison:
    """The dummy's loss less the model's, row by row."""

    def finish(now: Scored, before: Scored | None = None) -> Value:
        import numpy as np

        value, prior = metric.finish(now), _prior(now, before)
        if value.value is None or prior is None:
            return Value(None, value.n, reason=value.reason or "the reference has no label with a score")
        parts = []
        for at in scoring.points(now):
            rows = np.concatenate([at.negatives, at.positives])
            saved = np.concatenate(losses(np.full(len(at.scores), prior))) - np.concatenate(losses(at.scores))
            mean = float((rows * saved).sum() / now.n)
            parts.append((mean, *mean_interval(mean, float((rows * (saved - mean) ** 2).sum()), now.n)))
        lows, highs = ([end for part in parts if (end := part[i]) is not None] for i in (1, 2))
        ends = (min(lows, default=None), max(highs, default=None))
        return _made(metric, value, value.value + parts[0][0], before is not None, ends)

    second = SecondOpinion(LIBRARY, lambda now, before=None: _dummy_scores(metric, now, before))
    how = "t of the differences, row by row; what the dummy learnt is taken as known"
    return _skill(
        metric,
        "gives every row the share of positives",
        "DummyClassifier",
        finish,
        how,
        range=(None, None) if metric.range[1] is None else (-1.0, 1.0),
        second=second,
        version=metric.version,
    )


def _dummy_scores(metric: Metric, now: Scored, before: Scored | None) -> float:
    import numpy as np
    from sklearn.dummy import DummyClassifier

    labels, given, rows = weighted(
        now, tied=metric.group == ranking.average_precision.group or metric is scores.roc_auc
    )
    learnt, _, weights = weighted(now if before is None else before)
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((len(learnt), 1)), learnt, weights)
    chances = dummy.predict_proba(np.zeros((len(labels), 1)))
    said = chances[:, list(dummy.classes_).index(1)] if 1 in dummy.classes_ else np.zeros(len(labels))
    name, keywords = _FUNCTIONS[metric.id]
    ours, theirs = (asked(name, labels, answers, rows, **keywords) for answers in (given, said))
    return theirs - ours if metric.better == "lower" else ours - theirs


def _roc_auc(now: Scored, before: Scored | None = None) -> Value:
    value = scores.roc_auc.finish(now)
    if value.value is None or value.low is None or value.high is None:
        return value
    return _made(scores.roc_auc, value, 0.5, before is not None, (value.low - 0.5, value.high - 0.5))


def _average_precision(now: Scored, before: Scored | None = None) -> Value:
    value = ranking.average_precision.finish(now)
    if value.value is None:
        return value
    share = float(now.positives.sum()) / now.n
    half = Z95 * math.sqrt(ranking.average_precision_and_variance(now, over_share=True)[1])
    least, most = value.detail.get("within", (value.value, value.value))
    low, high = least - share - half, most - share + half
    if now.positives.sum() < FEW and value.low is not None and value.high is not None:
        low, high = min(low, value.low - share), max(high, value.high - share)
    return _made(ranking.average_precision, value, share, before is not None, (max(-1.0, low), min(1.0, high)))


# ---------------------------------------------------------------- regression

#: Labels of the rows that have a prediction too.
_LABELS = ValuesOf(("label", "prediction"), "label + 0.0 * prediction")


def _absolute(now: Moments, labels: Ordered, *before: Any) -> Value:
    value = errors.mean_absolute_error.finish(now)
    if value.value is None or not labels.n or (before and not before[1].n):
        return Value(None, value.n, reason=value.reason or "the reference has no labels")
    guesser = before[1] if before else labels
    guess = median(guesser)
    # The mean distance moves no further than the median that it is taken from.
    off = max([abs(median(guesser, end) - guess) for end in ends_of_bins(guesser)], default=0.0)
    made = []
    for values, rows in placed(labels):
        distances = abs(values - guess)
        baseline = float((rows * distances).sum() / labels.n)
        own = mean_interval(baseline, float((rows * (distances - baseline) ** 2).sum()), labels.n)
        shifts = (0.0, -off, off) if off else (0.0,)
        made += [_of_absolute(value, baseline + moved, own, moved, bool(before)) for moved in shifts]
    return scoring.within(*made)


def _of_absolute(value: Value, baseline: float, own: Any, moved: float, learnt: bool) -> Value:
    ends: Any = (None, None)
    if value.low is not None and value.high is not None and own[0] is not None and own[1] is not None:
        spread = (baseline, own[0] + moved, own[1] + moved)
        ends = difference_interval(spread, (float(value.value or 0.0), value.low, value.high))
    return _made(errors.mean_absolute_error, value, baseline, learnt, ends)


def _squared(now: Moments, powers: Moments, sixth: Moments, *before: Moments) -> Value:
    value = errors.root_mean_squared_error.finish(now, sixth)
    learnt = before[0] if before else now
    if value.value is None or not learnt.n:
        return Value(None, value.n, reason=value.reason or "the reference has no labels")
    baseline = math.sqrt(now.m2s["label"] / now.n + (now.means["label"] - learnt.means["label"]) ** 2)
    guess = deviations.around(now, powers, learnt.means["label"])
    ends: Any = (None, None)
    if guess is not None and guess.n > 1 and value.low is not None and value.high is not None:
        low, high = (math.sqrt(end or 0.0) for end in guess.interval())
        ends = difference_interval((baseline, low, high), (value.value, value.low, value.high), guess.correlation)
    return _made(errors.root_mean_squared_error, value, baseline, bool(before), ends)


def _opinion(metric: Metric) -> SecondOpinion:
    return SecondOpinion(LIBRARY, lambda now, before=None: _dummy_scores(metric, now, before))


_PRIOR = "gives every row the same score"
_f1_macro = next(metric for metric in CLASSES if metric.id == "f1_macro")

BASELINES = (
    _of_decisions(decisions.accuracy, _accuracy),
    _of_decisions(decisions.balanced_accuracy, _balanced),
    _of_decisions(decisions.f1, _f1),
    _of_decisions(_f1_macro, lambda tables, _: averaged("f1", "macro", tables)),
    _of_losses(scores.log_loss, scores.log_losses),
    _of_losses(scores.brier_score, scoring.squared_losses),
    _skill(
        scores.roc_auc,
        _PRIOR,
        "DummyClassifier",
        _roc_auc,
        "that of the ROC AUC",
        second=_opinion(scores.roc_auc),
        version=scores.roc_auc.version,
    ),
    _skill(
        ranking.average_precision,
        _PRIOR,
        "DummyClassifier",
        _average_precision,
        "delta method from the influence of each row; under 30 positives the wider of it and average precision's",
        second=_opinion(ranking.average_precision),
        version=ranking.average_precision.version,
    ),
    _skill(
        errors.mean_absolute_error,
        "always says the median label",
        "DummyRegressor",
        _absolute,
        "both sides' own, as if of different rows (MOVER): rather too wide",
        range=(None, None),
        reduce=(errors.mean_absolute_error.reductions[0], _LABELS),
        second=dummy_regressor("mean_absolute_error", "median", 3),
        version=2,
    ),
    _skill(
        errors.root_mean_squared_error,
        "always says the mean label",
        "DummyRegressor",
        _squared,
        "both sides' own, joined by how their errors go together (MOVER, Zou 2007); the dummy is taken as known",
        range=(None, None),
        reduce=errors.r2.reductions,
        second=dummy_regressor("root_mean_squared_error", "mean", 4),
    ),
)
