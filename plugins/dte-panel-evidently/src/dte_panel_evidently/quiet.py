"""Evidently, imported so that it sends nothing to anybody."""

from __future__ import annotations

import os
import warnings
from typing import Any

from dte_panel import DTEError

#: Evidently 0.7.23 asks the first; the library that sends for it, the second.
SILENCE = ("DO_NOT_TRACK", "ITERATIVE_DO_NOT_TRACK")


class EvidentlyError(DTEError):
    """Evidently could not be imported."""


def evidently() -> Any:
    """Import Evidently with its telemetry switched off.

    Raises
    ------
    EvidentlyError
    """
    for name in SILENCE:
        os.environ[name] = "1"
    try:
        with warnings.catch_warnings():
            # What it and its libraries deprecate is not the user's business.
            warnings.simplefilter("ignore")
            import evidently
            import evidently.metrics
            import evidently.presets
    except Exception as error:
        raise EvidentlyError(
            f"Evidently cannot be imported ({type(error).__name__}: {error})",
            hint="Install it beside DTE Panel: pip install dte-panel-evidently. It needs pandas before 3.1",
        ) from error
    return evidently
