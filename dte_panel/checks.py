"""What a policy asks for: checks, and how long a certificate under them may be valid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """A metric, a bound and a scope, taken from a policy.

    Attributes
    ----------
    metric : str
        ``<provider>.<metric>``.
    bound : str
        ``"<= 0.2"`` or ``">= 0.8"``.
    warn : str or None
        A stricter bound: beyond it for certain, but within ``bound``, is ``warn``.
    scope : {"current", "windows", "cohorts", "all"}
        Which measurements: all current rows; also each window; also each cohort; everything.
    columns : tuple of str
        Only these columns; empty for every column.
    min_n : int
        Fewer rows are ``not_evaluated``.
    required : bool
        Whether it counts for the overall verdict.
    rule : {"interval", "point"}
        Judge the interval or the bare value.
    kinds : tuple of str
        Kinds of subject it applies to.
    tasks : tuple of str
        Kinds of task it applies to, as in :class:`Metric`; "none" is a subject without label and prediction.
    citation : str
        Where the bound comes from.
    """

    metric: str
    bound: str
    warn: str | None = None
    scope: Literal["current", "windows", "cohorts", "all"] = "current"
    columns: tuple[str, ...] = ()
    min_n: int = 30
    required: bool = True
    rule: Literal["interval", "point"] = "interval"
    kinds: tuple[str, ...] = ("model", "dataset")
    tasks: tuple[str, ...] = ("binary", "multiclass", "regression", "none")
    citation: str = ""


@dataclass(frozen=True)
class Waiver:
    """Someone answers for a check that does not pass, for a while. It is shown beside the verdict and never changes it.

    Attributes
    ----------
    metric : str
        ``<provider>.<metric>`` of the check.
    who : str
        Who answers for it.
    reason : str
    until : str
        The last day, in ISO form.
    columns : tuple of str
        Only these columns; empty for every column.
    """

    metric: str
    who: str
    reason: str
    until: str
    columns: tuple[str, ...] = ()

    def covers(self, metric: str, column: str | None) -> bool:
        """Whether it is about this check."""
        return metric == self.metric and (not self.columns or column in self.columns)


@dataclass(frozen=True)
class Policy:
    """The checks that a use must pass.

    Attributes
    ----------
    id, title, citation : str
        Name, title, and where the policy comes from.
    checks : tuple of Check
    valid_days : int
        How long a certificate under it may be valid.
    waivers : tuple of Waiver
    file_sha256 : str
        Of the file it was read from; empty where there is none of the user's.
    """

    id: str
    title: str
    checks: tuple[Check, ...]
    citation: str = ""
    valid_days: int = 90
    waivers: tuple[Waiver, ...] = ()
    file_sha256: str = ""
