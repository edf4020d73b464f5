"""Numbers of other tools: what an assessment tells such a tool, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dte_panel.model import CURRENT, Cohort, Metric, Value

if TYPE_CHECKING:
    from dte_panel.states import JointSample


@dataclass(frozen=True)
class Inquiry:
    """What an assessment tells a provider that asks another tool.

    Attributes
    ----------
    base : Path
        The folder that relative paths in ``trust.yaml`` start from.
    task : {"binary", "multiclass", "regression", "none"}
    positive : str or None
        The positive class of a binary task, as text.
    roles : mapping
        Role to its columns.
    kinds : mapping
        Column to "numeric", "categorical", "text" or "other".
    seed : int
        The seed of the spec.
    rows : callable
        ``rows(roles, sample)``: for "current" and, where there is one, "reference" a
        :class:`~dte_panel.states.JointSample` of at most ``sample`` rows, drawn with the seed.
    """

    base: Path
    task: str
    positive: str | None
    roles: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, str]
    seed: int
    rows: Callable[[str, int], Mapping[str, JointSample]]


@dataclass(frozen=True)
class Finding:
    """A number that another tool measured.

    Attributes
    ----------
    metric : Metric
        What the number is. It has nothing to reduce and no ``finish``; findings of one id have one definition.
    value : Value or Exception
        The number, or why the tool could not measure it.
    window : str
        "current", "reference", or the moment that the other tool measured at.
    cohort : Cohort
    column : str or None
    """

    metric: Metric
    value: Value | Exception
    window: str = CURRENT
    cohort: Cohort = field(default_factory=dict)
    column: str | None = None
