"""The words of the house as frozen dataclasses, to and from plain JSON. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Cohort = Mapping[str, str | None]
Status = Literal["ok", "not_evaluated", "error"]
VerdictWord = Literal["pass", "warn", "fail", "not_evaluated", "error"]

REFERENCE, CURRENT = "reference", "current"
#: Best first. The overall verdict is the last of these that a required check has.
SEVERITY: tuple[VerdictWord, ...] = ("pass", "warn", "not_evaluated", "error", "fail")


class Reduction:
    """What to count. The nodes stand in :mod:`dte_panel.reductions`."""


@dataclass(frozen=True)
class Value:
    """What ``finish`` gives back: one number with its uncertainty.

    Attributes
    ----------
    value : float or None
        ``None`` where the number is undefined; ``reason`` then says why.
    n : int
        Rows that the number rests on (its own denominator).
    low, high : float or None
        95 % interval, where one exists.
    reason : str or None
        Why it is undefined, or a note on a defined number (rows left out, a sample, a heuristic).
    groups : sequence of Cohort
        For a gap: the two cohorts that make it, lower value first.
    detail : mapping
        Anything small and JSON-able that explains the number (names of new categories, bins …).
    """

    value: float | None
    n: int = 0
    low: float | None = None
    high: float | None = None
    reason: str | None = None
    groups: Sequence[Cohort] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SecondOpinion:
    """The same number from the library that defines it: what ``assess --verify`` holds ours against.

    Attributes
    ----------
    library : str
        Its distribution, such as ``"scikit-learn"``.
    compute : callable
        Gets what ``finish`` gets (for ``across="cohorts"`` a mapping from each metric id in ``of`` to the list of
        ``(cohort, states)`` of one grouping) and returns the library's own number on these collapsed, weighted cells;
        ``None`` where the library has no such number. Called only when asked for; heavy imports stand inside.
    tolerance, why : float, str
        Largest distance that counts as agreement, relative to ``max(1, |value|)``; ``why`` it is not 1e-12.
    reduce : tuple of Reduction
        What to count besides, when asked for: a library that takes no sums needs rows. These states follow those of
        the metric's own reductions, on each side and in each cohort; for a gap those that the metrics in ``of`` need.
    """

    library: str
    compute: Callable[..., float | None]
    tolerance: float = 1e-12
    why: str = ""
    reduce: tuple[Reduction, ...] = ()


def measured_elsewhere(*_: Any) -> Value:
    """The ``finish`` of a metric that another tool measures: from states alone there is no number."""
    return Value(None, reason="another tool measures it")


@dataclass(frozen=True)
class Metric:
    """One thing that can be measured: what to reduce, and how the number comes from the state.

    Attributes
    ----------
    id : str
        Snake case, full words from the literature, without the provider's name.
    title, definition, formula, source : str
        For people: name, one or two sentences, the formula, the paper or library that defines it.
    reduce : Reduction or tuple of Reduction
        What to count; ``finish`` gets one state for each, in this order. Nothing for a number of another tool.
    finish : callable
        Pure function ``(*states) -> Value``.
    better : {"higher", "lower", "nearer"}
        Which direction is good; ``nearer`` means nearer to ``target``.
    target : float or None
        The value that ``nearer`` is measured from; ``None`` where groups are compared with each other.
    range : tuple of (float or None)
        Smallest and largest possible value.
    unit : str
        ``""`` for a plain number, ``"share"``, ``"rows"``, ``"p"`` (a p-value), ``"unit of the column"`` …
    interval : str
        How ``low`` and ``high`` are made ("Wilson", "DeLong", "bootstrap", ``""`` for none).
    tasks : tuple of str
        Kinds of model it applies to: "binary", "multiclass", "regression", "none" (no label or prediction).
    windows, cohorts : bool
        Whether it is measured for each window, for each cohort, besides all rows.
    version : int
        Goes up when the definition, the binning or the smoothing changes.
    aliases : tuple of str
        What other libraries call it.
    group : str
        Heading within the provider, such as an axis of the guardrails or "ratios".
    second : SecondOpinion, str or None
        How the library that defines the metric computes it; a text says why none does.
    """

    id: str
    title: str
    definition: str
    reduce: Reduction | tuple[Reduction, ...] = ()
    finish: Callable[..., Value] = measured_elsewhere
    better: Literal["higher", "lower", "nearer"] = "higher"
    range: tuple[float | None, float | None] = (None, None)
    target: float | None = None
    unit: str = ""
    formula: str = ""
    source: str = ""
    interval: str = ""
    tasks: tuple[str, ...] = ("binary", "multiclass", "regression", "none")
    windows: bool = True
    cohorts: bool = True
    version: int = 1
    aliases: tuple[str, ...] = ()
    group: str = ""
    second: SecondOpinion | str | None = None

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        """The reductions as a tuple."""
        return self.reduce if isinstance(self.reduce, tuple) else (self.reduce,)

    @property
    def besides(self) -> tuple[Reduction, ...]:
        """What a second opinion needs besides."""
        return self.second.reduce if isinstance(self.second, SecondOpinion) else ()


@dataclass(frozen=True)
class Comparison(Metric):
    """A function of several states of one metric, across cohorts or against the reference.

    ``across="reference"``: ``finish(*current_states, *reference_states) -> Value``, once per window and cohort.
    ``across="cohorts"``: ``finish(groups) -> Value`` with ``groups`` a mapping from each metric id in ``of`` to the
    list of ``(cohort, Value)`` of one grouping; once per window and grouping.

    Attributes
    ----------
    across : {"reference", "cohorts"}
    of : tuple of Metric
        For ``across="cohorts"``: the metrics whose values are compared.
    overall : bool
        For ``across="cohorts"``: ``finish(groups, overall)`` also gets the values of all rows, by metric id.
    crossed : bool
        For ``across="cohorts"``: only for groupings of two columns and more.
    alone : bool
        For ``across="reference"``: without such reference rows ``finish`` gets the current states alone.
    """

    across: Literal["reference", "cohorts"] = "reference"
    of: tuple[Metric, ...] = ()
    overall: bool = False
    crossed: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Measurement:
    """One number: metric@version × window × cohort, with its interval, ``n`` and a status.

    Attributes
    ----------
    metric, version, provider
        ``<provider>.<id>`` of the metric, its version, and the provider's id.
    window, cohort, column, across
        Where it was measured: ``reference``, ``current`` or the start of a window; the group, ``{}`` for all rows; the
        column, for a metric of single columns; for a gap, the columns that make its groups.
    value, low, high, n, reason, groups, detail
        As in :class:`Value`.
    status : {"ok", "not_evaluated", "error"}
        Whether there is a number; if not, ``reason`` says why.
    adjusted : float or None
        A p-value after Benjamini-Hochberg over all p-values of the assessment.
    """

    metric: str
    version: int
    provider: str
    window: str
    cohort: Cohort
    column: str | None
    value: float | None
    low: float | None
    high: float | None
    n: int
    status: Status
    reason: str | None = None
    across: str | None = None
    groups: Sequence[Cohort] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    adjusted: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; the keys of gaps, details and adjusted p-values are there only where these are."""
        document = asdict(self)
        for key in ("across", "groups", "detail"):
            if not document[key]:
                del document[key]
        if self.adjusted is None:
            del document["adjusted"]
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Measurement:
        """The measurement that :meth:`to_json` wrote."""
        return cls(**document)


@dataclass(frozen=True)
class Verdict:
    """What a check says of one measurement.

    Attributes
    ----------
    metric, provider, window, cohort, column, across
        What was judged, as in :class:`Measurement`.
    verdict : {"pass", "warn", "fail", "not_evaluated", "error"}
    required, bound, citation
        As in :class:`Check`.
    reason : str
        The number held against the bound, in words.
    measurement : Measurement or None
        The number that decided it; ``None`` where there was nothing to judge.
    waiver : mapping or None
        ``who`` answers for it, ``reason`` and ``until``; the verdict stays what it is.
    """

    metric: str
    provider: str
    window: str
    cohort: Cohort
    column: str | None
    verdict: VerdictWord
    required: bool
    bound: str
    reason: str
    measurement: Measurement | None
    across: str | None = None
    citation: str = ""
    waiver: Mapping[str, str] | None = None

    @property
    def waived(self) -> str:
        """Who answers for it and why, in words; empty where nobody does."""
        w = self.waiver
        return f"waived by {w['who']} until {w['until']}: {w['reason']}" if w else ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        document = asdict(self)
        document["measurement"] = self.measurement.to_json() if self.measurement else None
        for key in ("across", "waiver"):
            if not document[key]:
                del document[key]
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Verdict:
        """The verdict that :meth:`to_json` wrote."""
        inner = document["measurement"]
        return cls(**{**document, "measurement": Measurement.from_json(inner) if inner else None})


def overall(verdicts: Sequence[Verdict]) -> VerdictWord:
    """The worst verdict of the required checks; with none of them, ``not_evaluated``.

    Examples
    --------
    >>> overall([])
    'not_evaluated'
    """
    words = [v.verdict for v in verdicts if v.required]
    return max(words, key=SEVERITY.index) if words else "not_evaluated"


def cohort_key(cohort: Cohort) -> tuple[tuple[str, str | None], ...]:
    """A hashable form of a cohort, the same whatever the order of its columns."""
    return tuple(sorted(cohort.items(), key=lambda item: item[0]))
