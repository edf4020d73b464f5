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
    Crossed,
    Distinct,
    Facts,
    Histogram,
    Means,
    Overlap,
    Profile,
    Rows,
    Scores,
    Slices,
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
    Overlap: ("numeric", "categorical", "text"),
    Crossed: ("numeric", "categorical"),
    Means: ("numeric", "categorical"),
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
    """The columns a metric is measured for; ``[None]`` where it crosses columns.

    A column that is asked for by its name is among them even where it cannot be measured: :func:`unfit` says why.
    """
    named = [roles for r in metric.reductions if (roles := per_column(r)) is not None]
    if not named:
        return [None]
    asked = {part.removeprefix("column:") for part in named[0].split("|") if part.startswith("column:")}
    return [c for c in layout.columns(named[0]) if c in asked or _kinds(metric) & {layout.kinds.get(c)}]


def _kinds(metric: Metric) -> set[str | None]:
    """The kinds of column that all its reductions of single columns apply to."""
    kinds = (set(APPLIES[type(r)]) for r in metric.reductions if per_column(r) is not None)
    return cast("set[str | None]", set.intersection(*kinds))


def unfit(metric: Metric, column: str | None, layout: Layout) -> str | None:
    """Why a metric cannot be measured for one of its columns."""
    if column is None:
        return None
    if column in layout.left_out:
        return layout.left_out[column]
    kind = layout.kinds.get(column)
    if kind is None:
        return f"column '{column}' does not exist or has no role"
    fitting = _kinds(metric)
    wanted = " or ".join(sorted(map(str, fitting)))
    return None if kind in fitting else f"column '{column}' is {kind}, not {wanted}"


def missing_role(metric: Metric, layout: Layout) -> str | None:
    """The first role that the metric needs and the spec does not set."""
    for reduction in _every_reduction(metric):
        if isinstance(reduction, Counts):
            needed: Iterable[str] = reduction.columns
        elif isinstance(reduction, Scores):
            needed = ("score", reduction.by)
        elif isinstance(reduction, Sums | ValuesOf):
            needed = reduction.roles
        elif isinstance(reduction, Crossed):
            needed = reduction.by
        elif isinstance(reduction, Slices):
            needed = ("label", "prediction")
        elif isinstance(reduction, Means):
            needed = () if _first_role(reduction.of, layout) else reduction.of.split("|")[:1]
        else:
            # Roles of per-column reductions are alternatives; none at all is simply no column.
            needed = ()
        for role in needed:
            if role in ROLES and not layout.roles.get(role):
                return role
    return None


def _first_role(roles: str, layout: Layout) -> str | None:
    return next((role for role in roles.split("|") if layout.roles.get(role)), None)


def number_role(reduction: Means, layout: Layout) -> str:
    """The role whose numbers are averaged."""
    return _first_role(reduction.of, layout) or reduction.of


def _every_reduction(metric: Metric) -> list[Reduction]:
    own = list(metric.reductions)
    return own + ([r for m in metric.of for r in m.reductions] if isinstance(metric, Comparison) else [])


def roles_of(reduction: Reduction) -> tuple[str, ...]:
    """The roles that a reduction reads."""
    if isinstance(reduction, Scores):
        return ("score", reduction.by)
    if isinstance(reduction, Slices):
        return ("label", "prediction", reduction.columns)
    given = (getattr(reduction, name, ()) for name in ("columns", "roles", "by", "of"))
    return tuple(role for names in given for role in ((names,) if isinstance(names, str) else names) if role)


def reads_labels(metric: Metric) -> bool:
    """Whether a metric needs to know what was true."""
    return any("label" in role.split("|") for r in _every_reduction(metric) for role in roles_of(r))


def needs(metric: Metric) -> list[str] | None:
    """What a metric reduces, such as ``Counts(label, prediction)``; nothing for one of facts alone.

    ``None`` for one of another tool: nobody knows what it rests on.
    """
    every = _every_reduction(metric)
    if not every:
        return None
    made = (f"{type(r).__name__}({', '.join(roles_of(r))})" for r in every if not isinstance(r, Facts))
    return list(dict.fromkeys(made))


def requests(metrics: Iterable[Metric], layout: Layout, *, verify: bool = False) -> list[Request]:
    """Everything to reduce, each once, with the union of the dimensions that are asked for.

    With ``verify``, what second opinions need besides is among it.
    """
    found: dict[tuple[Reduction, str | None], Request] = {}
    for metric in metrics:
        if missing_role(metric, layout) or layout.task not in metric.tasks:
            continue
        parts = metric.of if isinstance(metric, Comparison) and metric.across == "cohorts" else (metric,)
        for part in parts:
            for column in columns_of(part, layout):
                for reduction in (*part.reductions, *(part.besides if verify else ())):
                    if isinstance(reduction, Facts) or unfit(part, column, layout):
                        continue
                    cohorts = part.cohorts or part is not metric
                    new = Request(reduction, column, metric.windows, cohorts)
                    old = found.setdefault(new.key, new)
                    found[new.key] = replace(
                        old, windows=old.windows or new.windows, cohorts=old.cohorts or new.cohorts
                    )
    return list(found.values())
