"""The drift provider's option ``evidently_binning``: Evidently's own numbers, from states that add up."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dte_panel
from dte_panel_evidently.quiet import evidently

NUMBERS, GROUPS = ["normal", "outlier", "few", "whole", "gaps", "rounded", "moved"], ["letter", "new"]
METHODS = {"population_stability_index": "psi", "jensen_shannon_distance": "jensenshannon"}


def side(n: int, shift: float, seed: int) -> pd.DataFrame:
    """Columns that Evidently bins in each of its ways."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "normal": rng.normal(shift, 1, n), "outlier": rng.normal(shift, 1, n), "few": rng.integers(0, 9, n) * 0.5,
        "whole": rng.integers(0, 70, n), "gaps": rng.lognormal(shift, 1, n), "rounded": rng.normal(size=n).round(1),
        "moved": rng.normal(50 * shift, 1, n), "letter": rng.choice(list("abcd"), n), "new": rng.choice(["x", "y"], n),
    })  # fmt: skip
    frame.loc[0, "outlier"] = 1e6
    frame.loc[: n // 10, "gaps"] = np.nan
    frame.loc[1 + n // 10, "gaps"] = np.inf
    if shift:
        frame.loc[:5, "few"] = 77.25
        frame.loc[:9, "new"] = "z"
    return frame


def evidentlys(current: pd.DataFrame, reference: pd.DataFrame) -> dict[tuple[str, str], float]:
    """What its report says."""
    library = evidently()
    from evidently.metrics import ValueDrift

    numbers, groups = ([c for c in names if c in current] for names in (NUMBERS, GROUPS))
    definition = library.DataDefinition(numerical_columns=numbers, categorical_columns=groups)
    wanted = [(name, column) for name in METHODS for column in numbers + groups]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Evidently also takes the variance of infinite values.
        data = [library.Dataset.from_pandas(frame, definition) for frame in (current, reference)]
        run = library.Report([ValueDrift(column=c, method=METHODS[name]) for name, c in wanted]).run(*data)
    return {key: float(m["value"]) for key, m in zip(wanted, json.loads(run.json())["metrics"], strict=True)}


def ours(current: pd.DataFrame, reference: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> dict[Any, Any]:
    monkeypatch.setenv("DTE_PLUGINS", "drift")
    made = dte_panel.assess(current, reference=reference, plugins={"drift": {"evidently_binning": True}})
    split = {(m.metric.removeprefix("drift.").partition("_evidently_"), m.column): m for m in made.measurements}
    return {(name, column): m for ((name, cut, _), column), m in split.items() if cut}


def test_the_numbers_are_evidentlys(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = side(900, 0.3, 1), side(4_000, 0.0, 2)
    theirs, found = evidentlys(*sides), ours(*sides, monkeypatch)
    assert len(theirs) == 18
    assert found.keys() == theirs.keys()
    for key, value in theirs.items():
        assert found[key].value == pytest.approx(value, abs=1e-12), key


@pytest.mark.slow
def test_above_the_exact_rows_the_bounds_hold_evidentlys_number(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = ["normal", "whole"]
    sides = [frame[numbers] for frame in (side(110_000, 0.1, 3), side(120_000, 0.0, 4))]
    theirs, found = evidentlys(*sides), ours(*sides, monkeypatch)
    for key, value in theirs.items():
        made = found[key]
        if key[1] == "whole":
            assert made.value == pytest.approx(value, abs=1e-12), key
        else:
            assert made.low <= value <= made.high, key
            assert made.value == pytest.approx(value, abs=5e-3)
            assert made.detail["resolution"] < 0.05
