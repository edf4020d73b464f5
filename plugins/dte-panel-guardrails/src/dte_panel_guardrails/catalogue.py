"""All metrics of the four axes, by the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dte_panel import Metric
from dte_panel_guardrails import anonymity, constraints, documents, duplicates, leakage, privacy, robustness, stability

if TYPE_CHECKING:
    from dte_panel_guardrails.settings import GuardrailSettings


def metrics(settings: GuardrailSettings | None = None) -> list[Metric]:
    """The metrics; without settings, those of the defaults."""
    s = settings
    return [
        *anonymity.metrics(*((s.quasi_identifiers, s.sensitive_attributes, s.k) if s else ((), (), anonymity.SMALL))),
        *privacy.metrics(s.sample if s else privacy.SAMPLE),
        *robustness.metrics(),
        *stability.metrics(*((s.threshold, s.score_margin) if s else (None, stability.MARGIN))),
        *constraints.metrics(*((s.bounds, s.monotone) if s else ({}, {}))),
        *leakage.metrics(),
        *duplicates.metrics(),
        *documents.metrics(),
    ]
