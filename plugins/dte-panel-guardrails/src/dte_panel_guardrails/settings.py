"""What a user may set under ``plugins: {guardrails: {...}}``."""

from __future__ import annotations

import param

from dte_panel_guardrails.privacy import SAMPLE


class GuardrailSettings(param.Parameterized):
    """Settings of the guardrails provider."""

    quasi_identifiers = param.List(
        default=[],
        item_type=str,
        doc="Columns that together might tell who a row is about, such as postcode, sex and birth year. The smallest "
        "group is taken over them. Empty: over the columns of roles.sensitive.",
    )
    sample = param.Integer(
        default=SAMPLE,
        bounds=(1, None),
        doc="Rows of each column that are looked through for patterns of personal data. The measurement says so where "
        "rows were left out.",
    )
