"""What a user may set under ``plugins: {guardrails: {...}}``."""

from __future__ import annotations

from typing import Any

import param

from dte_panel_guardrails.anonymity import SMALL
from dte_panel_guardrails.privacy import SAMPLE
from dte_panel_guardrails.stability import MARGIN

DIRECTIONS = ("increasing", "decreasing")


class GuardrailSettings(param.Parameterized):
    """Settings of the guardrails provider."""

    quasi_identifiers = param.List(
        default=[],
        item_type=str,
        doc="Columns that together might tell who a row is about, such as postcode, sex and birth year. The smallest "
        "group is taken over them. Empty: over the columns of roles.sensitive.",
    )
    sensitive_attributes = param.List(
        default=[],
        item_type=str,
        doc="Columns that nobody should learn of a person, such as a diagnosis. l-diversity and t-closeness are "
        "measured for each of them, in the groups of the quasi-identifiers. Empty: not measured.",
    )
    k = param.Integer(
        default=SMALL,
        bounds=(2, None),
        doc="Groups of quasi-identifiers with fewer rows than this are small.",
    )
    sample = param.Integer(
        default=SAMPLE,
        bounds=(1, None),
        doc="Rows of each column that are looked through for patterns of personal data. The measurement says so where "
        "rows were left out.",
    )
    threshold = param.Number(
        default=None,
        allow_None=True,
        doc="Score from which the model decides for the positive class. None: the one that the predictions imply.",
    )
    score_margin = param.Number(
        default=MARGIN,
        bounds=(0, None),
        inclusive_bounds=(False, True),
        doc="Change of a score that counts as small: decisions that it turns are counted as unstable.",
    )
    bounds = param.Dict(
        default={},
        doc="Lowest and highest value that a numeric column may have, such as {age: [0, 120], income: [0, null]}.",
    )
    monotone = param.Dict(
        default={},
        doc="Columns along which the score should rise or fall, such as {income: increasing, arrears: decreasing}.",
    )

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)  # type: ignore[no-untyped-call]
        for column, pair in self.bounds.items():
            _check_bounds(column, pair)
        for column, direction in self.monotone.items():
            if direction not in DIRECTIONS:
                raise ValueError(f"monotone: {column}: {direction!r} is neither {' nor '.join(DIRECTIONS)}")


def _check_bounds(column: str, pair: Any) -> None:
    """Refuse what is no pair of numbers in order, one of which may be missing."""
    whole = isinstance(pair, list | tuple) and len(pair) == 2
    if not whole or any(isinstance(end, bool) or not isinstance(end, int | float | None) for end in pair):
        raise ValueError(f"bounds: {column}: {pair!r} is not a pair such as [0, 120] or [0, null]")
    low, high = pair
    if low is None and high is None:
        raise ValueError(f"bounds: {column}: no bound is given")
    if low is not None and high is not None and low > high:
        raise ValueError(f"bounds: {column}: {low} is above {high}")
