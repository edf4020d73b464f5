"""What a user may set under ``plugins: {fairness: {...}}``."""

# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Any

import param

from dte_panel_fairness.library import check


class FairnessSettings(param.Parameterized):
    """Settings of the fairness provider."""

    privileged = param.Dict(
        default={},
        doc="The group that the others are compared with, by sensitive column, such as {sex: Male}. Without it the "
        "disparate impact is taken against the group that is selected most often.",
    )
    library_metrics = param.List(
        default=[],
        item_type=str,
        doc="Metrics that the libraries compute themselves on the distinct rows with their number as weight: "
        "fairlearn:NAME and sklearn:NAME, any function of labels, predictions (or scores) and weights.",
    )

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        check(self.library_metrics)
