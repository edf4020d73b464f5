"""DTE Panel: can we rely on this dataset or model, for this use, today, and how do we know?

The public face for plugins and notebooks. Importing it loads none of panel, bokeh, duckdb, pandas or numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dte_panel.checks import Check, Policy
from dte_panel.errors import DTEError, InputError
from dte_panel.hookspecs import hookimpl
from dte_panel.inquiry import Finding, Inquiry
from dte_panel.looks import Theme, View
from dte_panel.model import Comparison, Measurement, Metric, SecondOpinion, Value, Verdict
from dte_panel.operators import change, difference, largest, ratio
from dte_panel.reductions import (
    Categories,
    Counts,
    Crossed,
    Digests,
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

if TYPE_CHECKING:
    from dte_panel.conductor import assess
    from dte_panel.evidence import Evidence
    from dte_panel.shell import dashboard

__version__ = "0.1.0"
__all__ = [
    "Categories",
    "Check",
    "Comparison",
    "Counts",
    "Crossed",
    "DTEError",
    "Digests",
    "Distinct",
    "Evidence",
    "Facts",
    "Finding",
    "Histogram",
    "InputError",
    "Inquiry",
    "Means",
    "Measurement",
    "Metric",
    "Overlap",
    "Policy",
    "Profile",
    "Rows",
    "Scores",
    "SecondOpinion",
    "Slices",
    "Sums",
    "Theme",
    "Value",
    "Values",
    "ValuesOf",
    "Verdict",
    "View",
    "assess",
    "change",
    "dashboard",
    "difference",
    "hookimpl",
    "largest",
    "ratio",
]

#: Public names that load heavy libraries, and the module each lives in.
_LATE = {"assess": "dte_panel.conductor", "Evidence": "dte_panel.evidence", "dashboard": "dte_panel.shell"}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module 'dte_panel' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_LATE[name]), name)
