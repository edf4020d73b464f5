"""Metrics that a user names, such as ``sklearn:zero_one_loss``: the library computes them on weighted rows."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any

from dte_panel import Comparison, Counts, InputError, Metric, Scores, Value, difference, ratio
from dte_panel.stats import MOST_PAIRS, bootstrap_cells
from dte_panel_fairness.gaps import LEFT_OUT
from dte_panel_fairness.second import cells

MODULES = {"fairlearn": "fairlearn.metrics", "sklearn": "sklearn.metrics"}
_SCORES = {"y_score", "y_prob", "y_proba"}
#: They call a probability ``y_pred``.
_OF_PROBABILITIES = {"log_loss", "d2_log_loss_score"}
_ITS_OWN = "it is the library's own number"
_WHERE = "plugins.fairness.library_metrics"
_LOWER = ("_loss", "_error", "_deviance", "_difference", "_group_max")


def check(names: Iterable[str]) -> None:
    """Refuse a name that is no metric of a library, with the nearest one that is.

    Raises
    ------
    InputError
    """
    for given in names:
        library, _, name = given.partition(":")
        if library not in MODULES or not name:
            hint = "Write fairlearn:NAME or sklearn:NAME, such as sklearn:zero_one_loss"
            raise InputError(f"'{given}' names no library", where=_WHERE, hint=hint)
        function = getattr(import_module(MODULES[library]), name, None)
        if function is None or name not in _public(library):
            raise _unknown(given, library)
        lacking = _lacking(function)
        if lacking:
            raise InputError(f"'{given}' cannot be used: {lacking}", where=_WHERE, hint=_nearest(given, library))


def metrics(names: Iterable[str]) -> list[Metric]:
    """The named metrics: each by group with its gaps or, where it takes the groups itself, for each grouping."""
    made = [_metric(*given.split(":", 1)) for given in dict.fromkeys(names)]
    return [each for metric in made for each in (metric, *([] if isinstance(metric, Comparison) else _gaps(metric)))]


def _gaps(metric: Metric) -> list[Comparison]:
    """Its largest difference and smallest ratio between the groups, by the intervals of the groups."""
    described: dict[str, Any] = {"unit": metric.unit, "group": metric.group, "second": _ITS_OWN, "tasks": metric.tasks}
    made = []
    for make, how, formula in (
        (difference, "Largest difference", "max over groups − min over groups"),
        (ratio, "Smallest ratio", "min over groups / max over groups"),
    ):
        described |= {
            "definition": f"{how} of {metric.title} between any two groups, each computed by the library itself. "
            f"{LEFT_OUT}{' Undefined where a group is below 0 or all are 0.' if make is ratio else ''}",
            "formula": formula,
            "source": f"{metric.source}; Fairlearn, MetricFrame.{make.__name__}()",
        }
        gap = make(metric, id=f"{metric.id}_{make.__name__}_between_groups", title=f"{metric.title}: {how.lower()}",
                   **described)  # fmt: skip
        made.append(replace(gap, finish=_of_positive(metric, gap.finish)) if make is ratio else gap)
    return made


def _of_positive(metric: Metric, finish: Callable[..., Value]) -> Callable[..., Value]:
    def finish_if_positive(groups: Mapping[str, Any]) -> Value:
        values = [value for _, value in groups[metric.id]]
        if any((value.value or 0.0) < 0 for value in values):
            return Value(None, sum(v.n for v in values), reason="a group is below 0: a ratio says nothing")
        return finish(groups)

    return finish_if_positive


def _public(library: str) -> list[str]:
    return list(import_module(MODULES[library]).__all__)


@cache
def _usable(library: str) -> tuple[str, ...]:
    module = import_module(MODULES[library])
    return tuple(
        f"{library}:{n}"
        for n in _public(library)
        if callable(found := getattr(module, n, None)) and not _lacking(found)
    )


def _unknown(given: str, library: str) -> InputError:
    return InputError(f"metric '{given}' does not exist", where=_WHERE, hint=_nearest(given, library))


def _nearest(given: str, library: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(given, _usable(library), n=1, cutoff=0.0)
    return f"Did you mean '{close[0]}'?" if close else ""


def _parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def _derived(function: Any) -> bool:
    """Whether it is one of Fairlearn's generated gaps, which take everything by keyword."""
    return type(function).__name__ == "_DerivedMetric"


def _lacking(function: Any) -> str:
    """Why a function is not one of labels, predictions or scores, and weights."""
    if _derived(function):
        return ""
    if inspect.isclass(function):
        return "it is a class, not a metric"
    taken = _parameters(function)
    if "y_true" not in taken or not {"y_pred", *_SCORES} & set(taken):
        return "it is not a function of labels and predictions"
    if "sample_weight" not in taken:
        return "it takes no weights (sample_weight)"
    known = {"y_true", "y_pred", *_SCORES, "sample_weight", "sensitive_features"}
    open_ended = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    more = [n for n, p in taken.items() if n not in known and p.default is p.empty and p.kind not in open_ended]
    return f"it also needs {', '.join(more)}" if more else ""


def _metric(library: str, name: str) -> Metric:
    function = getattr(import_module(MODULES[library]), name)
    of_scores = bool(_SCORES & set(_parameters(function))) or name in _OF_PROBABILITIES
    described: dict[str, Any] = {
        "id": f"{library}_{name}",
        "title": f"{name.replace('_', ' ').capitalize()} ({library})",
        "definition": f"{MODULES[library]}.{name} as the library computes it with its defaults, on the distinct "
        f"{'scores' if of_scores else 'predictions'} and labels with their number of rows as weight. "
        f"No interval above {MOST_PAIRS:,} distinct pairs. Where the library raises, this number is an error.",
        "formula": f"{name}(y_true, {'y_score' if of_scores else 'y_pred'}, sample_weight=rows)",
        "source": f"{MODULES[library]}.{name}",
        "better": "lower" if name.endswith(_LOWER) else "higher",
        "unit": "as the library has it",
        "tasks": ("binary",) if of_scores else ("binary", "multiclass"),
        "group": "named by you",
        "interval": "bootstrap of the cells, two more rows spread over them, 100 draws",
        "second": _ITS_OWN,
    }
    if _derived(function) or "sensitive_features" in _parameters(function):
        return _across(function, described)
    return Metric(
        reduce=Scores(exact=True) if of_scores else Counts("label", "prediction"),
        finish=_by_group(function),
        **described,
    )


def _by_group(function: Callable[..., Any]) -> Callable[[Any], Value]:
    def finish(state: Any) -> Value:
        y, p, w = cells(state)
        if not len(w):
            return Value(None, 0, reason="no rows with a label and a prediction")
        value = _number(function(y, p, sample_weight=w))
        ends = bootstrap_cells(lambda cell: function(cell[0], cell[1], sample_weight=cell[2]), (y, p, w))
        return _with(value, int(w.sum()), *ends)

    return finish


def _with(value: float, n: int, low: float | None, high: float | None) -> Value:
    """The number, with an interval that holds it; none for what is not a number."""
    if low is None or high is None or not math.isfinite(value):
        return Value(value, n)
    return Value(value, n, min(low, value), max(high, value))


def _across(function: Callable[..., Any], described: dict[str, Any]) -> Comparison:
    """A function that takes the groups itself; the rows of each stand in the detail of its part."""

    def rows(table: Any) -> Value:
        y, p, w = cells(table)
        return Value(None, int(w.sum()), reason="told by row", detail={"rows": [y, p, w]})

    part = Metric(f"{described['id']}_rows", described["title"], "", Counts("label", "prediction"), rows)

    def finish(groups: Mapping[str, Any]) -> Value:
        import numpy as np

        def number(*parts: Any) -> float:
            y, p, w = (np.concatenate([each[i] for each in parts]) for i in range(3))
            names = np.repeat(np.arange(len(parts)), [len(each[2]) for each in parts])
            return _number(function(y, p, sensitive_features=names, sample_weight=w))

        # A group without rows is none.
        parts = [tuple(rows) for _, value in groups[part.id] if len((rows := value.detail["rows"])[2])]
        n = sum(int(w.sum()) for *_, w in parts)
        if not parts:
            return Value(None, 0, reason="no rows with a label and a prediction")
        low, high = bootstrap_cells(number, *parts, basic=True)
        if low is not None and high is not None and described["id"].endswith(("_difference", "_ratio")):
            # A gap is never negative, nor a ratio above 1; reflected at the estimate an interval may be.
            low, high = max(low, 0.0), min(high, 1.0) if described["id"].endswith("_ratio") else high
        return _with(number(*parts), n, low, high)

    described["interval"] = "bootstrap of each group's cells, two more rows spread over them, reflected, 100 draws"
    return Comparison(reduce=(), finish=finish, across="cohorts", of=(part,), **described)


def _number(found: Any) -> float:
    import numpy as np

    if np.ndim(found) != 0:
        raise TypeError(f"the library gave a {type(found).__name__}, not a number")
    return float(found)
