"""Data in several parts: each is reduced on its own, and the states add up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dte_panel.engine.duckdb import Cells, Place


def merged(parts: Iterable[Cells]) -> Cells:
    """The states of all parts together, place by place; each state merges from the first part to the last.

    Raises
    ------
    TypeError
        These states do not add up.
    """
    found: dict[Place, Any] = {}
    for cells in parts:
        for place, state in cells.items():
            if place in found and not hasattr(state, "merge"):
                raise TypeError(f"states of {type(state).__name__} do not add up")
            found[place] = found[place].merge(state) if place in found else state
    return found
