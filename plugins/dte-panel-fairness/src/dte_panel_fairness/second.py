"""The same numbers by the libraries themselves, on distinct rows with their number as weight."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from weakref import ref

from dte_panel import Metric, Rows, SecondOpinion

if TYPE_CHECKING:
    from dte_panel.model import Reduction, Value
    from dte_panel.states import JointSample

#: ``function(y_true, y_pred, sample_weight)`` of a library.
Function = Callable[[Any, Any, Any], float]
Kind = Literal["difference", "ratio"]
#: Each group of a grouping with its states.
Groups = Mapping[str, Sequence[tuple[Any, tuple[Any, ...]]]]

#: More rows than this are not laid out for a library: the number then stands alone.
MOST_ROWS = 2_000_000
TOLERANCE, WHY = 1e-9, "sums of many rows in another order; what cancels out costs digits"
#: Each metric that a library has, and the library's function.
KNOWN: list[tuple[Metric, Function]] = []


def fairlearn(name: str) -> Function:
    """A metric of Fairlearn by its name."""

    def call(y: Any, p: Any, w: Any) -> float:
        import fairlearn.metrics

        return float(getattr(fairlearn.metrics, name)(y, p, sample_weight=w))

    return call


def sklearn(name: str, *, minus: bool = False, **options: Any) -> Function:
    """A metric of scikit-learn by its name; with ``minus``, what is missing to 1."""

    def call(y: Any, p: Any, w: Any) -> float:
        import sklearn.metrics

        found = float(getattr(sklearn.metrics, name)(y, p, sample_weight=w, **options))
        return 1 - found if minus else found

    return call


def excess(y: Any, p: Any, w: Any) -> float:
    """Mean prediction (or score) less mean label."""
    mean = fairlearn("mean_prediction")
    return mean(y, p, w) - mean(y, y, w)


def by_class(rate: str, y: Any, p: Any, w: Any, classes: Iterable[Any] = ()) -> dict[Any, float]:
    """Fairlearn's rate of each class against the rest, of those that have rows for it."""
    found = {}
    for each in classes or sorted({*y, *p}):
        label, selected = (y == each).astype(int), (p == each).astype(int)
        given = {"true_positive_rate": label == 1, "false_positive_rate": label == 0}.get(rate)
        if given is None or given.any():
            found[each] = fairlearn(rate)(label, selected, w)
    return found


def class_opinion(part: Metric, rate: str, *, worst: bool) -> SecondOpinion:
    """The largest difference of each class between the groups: the largest of these, or their mean."""

    def compute(groups: Groups) -> float | None:
        parts = [cells(states[0]) for _, states in groups[part.id]]
        classes = sorted({value for y, p, _ in parts for value in (*y, *p)})
        found = [by_class(rate, *each, classes) for each in parts if len(each[0])]
        rates = [[each[c] for each in found if c in each] for c in classes]
        gaps = [max(each) - min(each) for each in rates if len(each) > 1]
        return (max(gaps) if worst else sum(gaps) / len(gaps)) if gaps else None

    return SecondOpinion("fairlearn", compute)


def known(function: Function, *, library: str = "", rows: str = "", tied: bool = False, **fields: Any) -> Metric:
    """A metric that a library computes too, of one group's table or scores, or of the ``rows`` of some roles.

    ``tied`` is as in :func:`cells`.
    """
    name = library or ("fairlearn" if function.__qualname__.startswith("fairlearn") else "scikit-learn")
    besides = (Rows(rows, sample=MOST_ROWS, joint=True),) if rows else ()

    def compute(*states: Any) -> float | None:
        if tied:
            return float(function(*cells(states[-1], tied=True)))
        same = _Same(states)
        return _value(function, same) if _whole(same) else None

    second = SecondOpinion(name, compute, *((TOLERANCE, WHY, besides) if rows else ()))
    metric = Metric(second=second, **fields)
    KNOWN.append((metric, function))
    return metric


def cells(state: Any, *, tied: bool = False) -> tuple[Any, Any, Any]:
    """Labels, predictions (or scores) and rows of each distinct row that has both.

    In fine bins of scores each label has its own mean, or all rows of a bin tie.
    """
    import numpy as np

    if hasattr(state, "sampled"):
        return _by_row(state)
    if not hasattr(state, "columns"):
        counts = np.concatenate([state.negatives, state.positives])
        labels = np.repeat([0, 1], len(state.scores))
        used = counts > 0
        return (
            labels[used],
            (np.tile(state.scores, 2) if tied else state.by_label.ravel())[used],
            counts[used].astype(float),
        )
    columns = [state.columns.index(c) for c in ("label", "prediction") if c in state.columns]
    known = {k: n for k, n in state.counts.items() if all(k[i] is not None for i in columns)}
    keys = [np.array([k[i] for k in known]) for i in columns]
    # A rate of the predictions alone takes them for labels too, and the other way round.
    return keys[0], keys[-1], np.array(list(known.values()), dtype=float)


def _by_row(state: JointSample) -> tuple[Any, Any, Any]:
    """The numbers of the rows that lack none, each with weight 1."""
    import numpy as np

    columns = [np.ma.filled(np.ma.asarray(c).astype(float), np.nan) for c in state.columns.values()]
    whole = np.isfinite(columns).all(axis=0)
    return columns[0][whole], columns[-1][whole], np.ones(int(whole.sum()))


def _whole(same: _Same) -> bool:
    """Whether no row is left out."""
    return not getattr(same.told, "sampled", False)


def gap_opinion(metric: Metric, kind: Kind, method: str) -> SecondOpinion | None:
    """``MetricFrame.difference`` or ``.ratio`` of the groups that have a value."""
    single = metric.second
    if not isinstance(single, SecondOpinion):
        return None

    def compute(groups: Groups) -> float | None:
        frame = frame_of(metric, groups[metric.id], method)
        return None if frame is None else _number(frame.gaps[kind, method][metric.id])

    return SecondOpinion("fairlearn", compute, single.tolerance, single.why)


def odds_opinion(metrics: Sequence[Metric], kind: Kind, method: str, worst: str) -> SecondOpinion:
    """Equalized odds as Fairlearn makes them of its frame, where every group has both rates."""

    def compute(groups: Groups) -> float | None:
        ids = [metric.id for metric in metrics]
        frame = frame_of(metrics[0], groups[ids[0]], method)
        # Fairlearn takes 0 for a rate that a group does not have.
        if frame is None or frame.by_group[ids].isna().any(axis=None):
            return None
        both = frame.gaps[kind, method][ids]
        return None if both.isna().any() else _number(getattr(both, worst)())

    return SecondOpinion("fairlearn", compute)


def _number(found: float) -> float | None:
    return None if math.isnan(found) else float(found)


class Frame(NamedTuple):
    """What a MetricFrame says; without the frame itself, which holds the rows."""

    by_group: Any
    gaps: Mapping[tuple[str, str], Any]


def frame_of(
    metric: Metric, groups: Sequence[tuple[Any, tuple[Any, ...]]], method: str = "between_groups"
) -> Frame | None:
    """The MetricFrame of all that is known of such states; ``None`` where it would say something else than we do."""
    every = tuple(_Same(states) for _, states in groups)
    # Of fine bins the rows of all groups are not those of each group together: they have other means.
    bounded = any(getattr(states[0], "bounded", False) for _, states in groups)
    if len(every) < 2 or bounded or not all(map(_whole, every)):
        return None
    frame = _frame_of(every, metric.reductions)
    # A group without a value may still have rows that count in all rows.
    return None if method == "to_overall" and frame.by_group.isna().any(axis=None) else frame


class _Same:
    """States that are only equal to themselves, so that what is said of them can be found again without keeping them.

    The first ones are what the metric is made of, the last what the library is told.
    """

    def __init__(self, states: Sequence[Any]) -> None:
        self._all, self._id = tuple(map(ref, states)), id(states[0])

    @property
    def state(self) -> Any:
        return self._all[0]()

    @property
    def told(self) -> Any:
        return self._all[-1]()

    def value(self, metric: Metric) -> Value:
        """What the metric makes of them."""
        return metric.finish(*(state() for state in self._all[: len(metric.reductions)]))

    def __hash__(self) -> int:
        return self._id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.state is not None and other.state is self.state


@lru_cache(maxsize=20_000)
def _value(function: Function, same: _Same) -> float:
    """The library's number of a state, asked for by the group's own metric and by its gaps."""
    return float(function(*cells(same.told)))


@lru_cache(maxsize=256)
def _frame_of(groups: tuple[_Same, ...], reductions: tuple[Reduction, ...]) -> Frame:
    """One frame for difference and ratio of all metrics, between groups and to all rows.

    Its rows are the groups; the library's functions get the distinct rows of each, with their numbers as weights.
    """
    import numpy as np
    from fairlearn.metrics import MetricFrame

    parts = [cells(g.told) for g in groups]
    every = tuple(np.concatenate([part[i] for part in parts]) for i in range(3))

    def looked_up(metric: Metric, function: Function) -> Callable[[Any, Any], float]:
        defined = [g.value(metric).value is not None for g in groups]

        def look_up(y_true: Any, y_pred: Any) -> float:
            if len(y_true) > 1:
                return function(*every)
            at = int(y_true[0])
            return _value(function, groups[at]) if defined[at] else math.nan

        return look_up

    # Classes of many are text; 1 and 0 are those of a binary task.
    many = every[0].dtype.kind in "UO"
    fitting = [(m, f) for m, f in KNOWN if m.reductions == reductions]
    metrics = {
        m.id: looked_up(m, f) for m, f in fitting if ("multiclass" in m.tasks if many else m.tasks != ("multiclass",))
    }
    names = np.arange(len(groups))
    frame = MetricFrame(metrics=metrics, y_true=names, y_pred=names, sensitive_features=names)
    places = [(kind, method) for kind in ("difference", "ratio") for method in ("between_groups", "to_overall")]
    return Frame(frame.by_group, {(kind, method): getattr(frame, kind)(method=method) for kind, method in places})
