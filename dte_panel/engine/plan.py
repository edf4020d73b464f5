"""From metrics to requests: which reduction of which column, along which dimensions; equal requests fall together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, cast

from dte_panel.engine.layout import Layout
from dte_panel.model import Comparison, Metric, Reduction
from dte_panel.reductions import (
    Categories,
    Counts,
    Distinct,
    Facts,
    Histogram,
    Profile,
    Rows,
    Scores,
    Sums,
    Values,
    ValuesOf,
)

#: Kinds of column that a per-column reduction applies to.
APPLIES: dict[type[Reduction], tuple[str, ...]] = {
    Profile: ("numeric", "categorical", "text"),
    Values: ("numeric",),
    Histogram: ("numeric", "categorical"),
    Categories: ("categorical",),
    Rows: ("categorical", "text"),
    Distinct: ("numeric", "categorical", "text"),
}
ROLES = ("label", "prediction", "score", "time", "id", "sensitive", "control", "prediction_low", "prediction_high")


@dataclass(frozen=True)
class Request:
    """One reduction of one column (``None`` for those that cross columns), by window and by cohort if asked."""

    reduction: Reduction
    column: str | None
    windows: bool = False
    cohorts: bool = False

    @property
    def key(self) -> tuple[Reduction, str | None]:
        """What tells requests apart, whatever their dimensions."""
        return _bare(self.reduction), self.column


def _bare(reduction: Reduction) -> Reduction:
    """The reduction without its role names: the same column counted for two roles is counted once."""
    if per_column(reduction) is not None:
        return cast(Reduction, replace(cast(Any, reduction), columns=""))
    return reduction


def per_column(reduction: Reduction) -> str | None:
    """The roles of a reduction that makes one state per column; ``None`` for the others."""
    if type(reduction) not in APPLIES or (isinstance(reduction, Rows) and reduction.joint):
        return None
    return cast(str | None, getattr(reduction, "columns", None))


def columns_of(metric: Metric, layout: Layout) -> list[str | None]:
    """The columns a metric is measured for; ``[None]`` where it crosses columns."""
    named = [(r, roles) for r in metric.reductions if (roles := per_column(r)) is not None]
    if not named:
        return [None]
    found = layout.columns(named[0][1])
    return [c for c in found if all(layout.kinds.get(c) in APPLIES[type(r)] for r, _ in named)]


def missing_role(metric: Metric, layout: Layout) -> str | None:
    """The first role that the metric needs and the spec does not set."""
    for reduction in _every_reduction(metric):
        if isinstance(reduction, Counts):
            needed: Iterable[str] = reduction.columns
        elif isinstance(reduction, Scores):
            needed = ("score", reduction.by)
        elif isinstance(reduction, Sums | ValuesOf):
            needed = reduction.roles
        else:
            # Roles of per-column reductions are alternatives; none at all is simply no column.
            needed = ()
        for role in needed:
            if role in ROLES and not layout.roles.get(role):
                return role
    return None


def _every_reduction(metric: Metric) -> list[Reduction]:
    own = list(metric.reductions)
    return own + ([r for m in metric.of for r in m.reductions] if isinstance(metric, Comparison) else [])


def roles_of(reduction: Reduction) -> tuple[str, ...]:
    """The roles that a reduction reads."""
    if isinstance(reduction, Scores):
        return ("score", reduction.by)
    named = getattr(reduction, "columns", getattr(reduction, "roles", ()))
    return (named,) if isinstance(named, str) else tuple(named)


def reads_labels(metric: Metric) -> bool:
    """Whether a metric needs to know what was true."""
    return any("label" in role.split("|") for r in _every_reduction(metric) for role in roles_of(r))


def needs(metric: Metric) -> list[str]:
    """What a metric reduces, such as ``Counts(label, prediction)``; nothing for one of facts alone."""
    made = (
        f"{type(r).__name__}({', '.join(roles_of(r))})" for r in _every_reduction(metric) if not isinstance(r, Facts)
    )
    return list(dict.fromkeys(made))


def requests(metrics: Iterable[Metric], layout: Layout) -> list[Request]:
    """Everything to reduce, each once, with the union of the dimensions that are asked for."""
    found: dict[tuple[Reduction, str | None], Request] = {}
    for metric in metrics:
        if missing_role(metric, layout) or layout.task not in metric.tasks:
            continue
        parts = metric.of if isinstance(metric, Comparison) and metric.across == "cohorts" else (metric,)
        for part in parts:
            for column in columns_of(part, layout):
                for reduction in part.reductions:
                    if isinstance(reduction, Facts) or column in layout.left_out:
                        continue
                    cohorts = part.cohorts or part is not metric
                    new = Request(reduction, column, metric.windows, cohorts)
                    old = found.setdefault(new.key, new)
                    found[new.key] = replace(
                        old, windows=old.windows or new.windows, cohorts=old.cohorts or new.cohorts
                    )
    return list(found.values())
