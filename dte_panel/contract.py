"""What a plugin declares, held against the model: a mistake is told at load, not met in the middle of a run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from itertools import islice
from typing import Any

from dte_panel import reductions
from dte_panel.errors import PluginError, did_you_mean
from dte_panel.inquiry import Finding
from dte_panel.model import Comparison, Metric, Reduction, SecondOpinion, cohort_key

ROLES = (
    "label", "prediction", "score", "sensitive", "control", "feature", "text", "time", "id", "prediction_low",
    "prediction_high",
)  # fmt: skip
TASKS = ("binary", "multiclass", "regression", "none")
_METRIC = re.compile(r"[a-z][a-z0-9_]*")
_TEXTS = ("title", "definition", "formula", "source", "unit", "interval", "group")
_NOTHING = "nothing to reduce"
#: More numbers than this are a generator without an end.
MOST_FINDINGS = 200_000
#: Fields of a metric that stay in the process; all others are written into the evidence.
_INNER = ("reduce", "finish", "of", "second")
#: Reductions that make one state for all rows, not one for each column.
_OF_ROWS = (reductions.Counts, reductions.Scores, reductions.Sums, reductions.ValuesOf)


def check_all(found: Iterable[Any]) -> None:
    """Refuse metrics, views or themes without an id of their own, and metrics that the engine would stumble over.

    Raises
    ------
    PluginError
    """
    seen: set[str] = set()
    for item in found:
        kind = type(item).__name__.lower()
        if not isinstance(item.id, str):
            raise PluginError(f"{kind} id {item.id!r} is not text")
        if item.id in seen:
            raise PluginError(f"{kind} id '{item.id}' is given twice")
        seen.add(item.id)
        for wrong in mistakes(item) if isinstance(item, Metric) else ():
            raise PluginError(f"{kind} '{item.id}' has {wrong}")


def check_findings(given: Iterable[Any]) -> list[Finding]:
    """The numbers of another tool, refused where they could not stand in evidence.

    Raises
    ------
    PluginError
    """
    seen: set[tuple[Any, ...]] = set()
    metrics: dict[str, Metric] = {}
    found = list(islice(given, MOST_FINDINGS + 1))
    if len(found) > MOST_FINDINGS:
        raise PluginError(f"dte_evidence gave more than {MOST_FINDINGS:,} findings")
    for item in found:
        if not isinstance(item, Finding) or not isinstance(item.metric, Metric):
            raise PluginError(f"dte_evidence gave {item!r:.80}, which is not a Finding of a Metric")
        name = item.metric.id
        for wrong in (
            _of_place(item) if metrics.get(name) is item.metric else (*_of_place(item), *_defined(item, metrics))
        ):
            raise PluginError(f"a finding of '{name}' has {wrong}")
        place = (name, item.window, item.column, cohort_key(item.cohort))
        if place in seen:
            raise PluginError(f"'{name}' is given twice for {item.column or 'all rows'} in window '{item.window}'")
        seen.add(place)
    return found


def _of_place(item: Any) -> Iterator[str]:
    if not isinstance(item.window, str) or not item.window:
        yield f"window={item.window!r:.80}, which is not text"
    if not isinstance(item.column, str | None):
        yield f"column={item.column!r:.80}, which is not text"
    cohort = item.cohort
    if not isinstance(cohort, Mapping) or not all(
        isinstance(c, str) and isinstance(v, str | None) for c, v in cohort.items()
    ):
        yield f"cohort={cohort!r:.80}, which is not a mapping of columns to texts"


def _defined(item: Any, metrics: dict[str, Metric]) -> Iterator[str]:
    if not isinstance(item.metric.id, str):
        yield f"the id {item.metric.id!r:.80}, which is not text"
        return
    if metrics.setdefault(item.metric.id, item.metric) != item.metric:
        yield "another definition than the one before it"
    yield from (wrong for wrong in mistakes(item.metric) if wrong != _NOTHING)


def mistakes(metric: Any) -> Iterator[str]:
    """What a metric declares wrongly, in words that follow "it has"."""
    if not _METRIC.fullmatch(metric.id):
        yield "an id that is not snake case"
    yield from (f"a {name} that is not text" for name in _TEXTS if not isinstance(getattr(metric, name), str))
    if not callable(metric.finish):
        yield "a finish that cannot be called"
    if metric.better not in ("higher", "lower", "nearer"):
        yield f"better={metric.better!r}, which is none of higher, lower and nearer"
    if not isinstance(metric.range, tuple) or len(metric.range) != 2:
        yield f"range={metric.range!r}, which is not a pair"
    if not isinstance(metric.tasks, tuple) or not set(metric.tasks) <= set(TASKS):
        yield f"tasks={metric.tasks!r}, which is not a tuple of {', '.join(TASKS)}"
    try:
        json.dumps({f.name: getattr(metric, f.name) for f in fields(metric) if f.name not in _INNER}, allow_nan=False)
    except (TypeError, ValueError) as error:
        yield f"a field that cannot be written as JSON ({error}); no limit of a range is None"
    yield from _of_second(metric.second)
    for reduction in metric.reductions:
        yield from _of_reduction(reduction)
    if isinstance(metric, Comparison):
        yield from _of_comparison(metric)
    if not metric.reductions and getattr(metric, "across", "") != "cohorts":
        yield _NOTHING


def _of_second(second: Any) -> Iterator[str]:
    if not isinstance(second, SecondOpinion | str | None):
        yield f"second={second!r:.80}, which is neither a SecondOpinion nor the reason why there is none"
    elif isinstance(second, SecondOpinion):
        if not (callable(second.compute) and isinstance(second.library, str) and second.tolerance >= 0):
            yield "a second opinion without a library, something to call, or a tolerance"
        for reduction in second.reduce:
            yield from _of_reduction(reduction)


def _of_comparison(metric: Any) -> Iterator[str]:
    if metric.across not in ("reference", "cohorts"):
        yield f"across={metric.across!r}, which is neither reference nor cohorts"
    if metric.across == "cohorts" and not (metric.of and all(isinstance(part, Metric) for part in metric.of)):
        yield "of without a metric to compare"
    for part in metric.of if metric.across == "cohorts" else ():
        yield from (f"of '{part.id}' with {wrong}" for wrong in mistakes(part))
        if not all(isinstance(reduction, _OF_ROWS) for reduction in part.reductions):
            yield f"of '{part.id}', which is measured column by column; cohorts are compared by a number of all columns"


def _of_reduction(reduction: Any) -> Iterator[str]:
    kind = type(reduction)
    if kind is Reduction or getattr(reductions, kind.__name__, None) is not kind:
        yield f"reduce={reduction!r:.80}, which is not a reduction of dte_panel"
        return
    try:
        hash(reduction)
    except TypeError:
        yield f"{kind.__name__} with something else than texts and whole numbers"
        return
    for name in ("bins", "sample"):
        if getattr(reduction, name, 1) < 1:
            yield f"{kind.__name__} with {name}={getattr(reduction, name)}; the least is 1"
    whole = isinstance(reduction, reductions.Digests) or getattr(reduction, "joint", False)
    if whole and reduction.columns == reductions.EVERY:
        return
    given = [getattr(reduction, name, ()) for name in ("columns", "roles", "by", "of")]
    for roles in (part for names in given for part in (names if isinstance(names, tuple) else (names,))):
        # An empty text names no column.
        for role in str(roles).split("|") if roles else ():
            if role not in ROLES and not role.startswith("column:"):
                yield f"the role {role!r} in {kind.__name__}, which does not exist. {did_you_mean(role, ROLES)}"
