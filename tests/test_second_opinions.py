"""Every official metric has a second opinion, or says why not; each is asked, and finds a broken number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dte_panel
from dte_panel import Metric, SecondOpinion, registry
from dte_panel.model import Measurement
from dte_panel.second import Opinions

OFFICIAL = ("drift", "fairness", "guardrails", "performance")
COSTS = {"true_positive": 0.0, "false_positive": 1.0, "false_negative": 3.0, "true_negative": 0.0}
GUARDED = {
    "quasi_identifiers": ["h"],
    "sensitive_attributes": ["g"],
    "bounds": {"x": [-1, 2]},
    "monotone": {"x": "increasing"},
}


def official() -> Iterator[tuple[str, Metric]]:
    found = registry.load()
    for name in OFFICIAL:
        yield from ((f"{name}.{m.id}", m) for m in found.metrics(found[name], found.settings(found[name], {})))


def rows(task: str, n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    made: dict[str, Any] = {"x": np.where(rng.random(n) < 0.02, np.nan, x), "g": rng.choice(["a", "b", "c"], n)}
    made |= {"h": rng.choice(["s", "t", None], n), "k": rng.choice(["u", "v"], n)}
    if task == "binary":
        s = 1 / (1 + np.exp(-x - 0.3 * (made["g"] == "a")))
        made |= {"y": rng.random(n) < s, "s": s.round(2), "p": s.round(2) > 0.5}
    elif task == "multiclass":
        y = rng.choice(["u", "v", "w"], n)
        made |= {"y": y, "p": np.where(rng.random(n) < 0.6, y, rng.choice(["u", "v"], n))}
    else:
        p = 50 + 3 * x
        made |= {"y": p + rng.normal(size=n), "p": p, "low": p - 2, "high": p + 2}
    return pd.DataFrame(made)


def given(task: str) -> dict[str, Any]:
    roles: dict[str, Any] = {"label": "y", "prediction": "p", "sensitive": ["g"]}
    roles |= {"control": ["k"], "features": ["x"]}
    if task == "binary":
        roles |= {"sensitive": ["g", "h"], "cohorts": [["g", "h"]], "score": "s", "use_case": {"costs": COSTS}}
    if task == "regression":
        roles |= {"prediction_low": "low", "prediction_high": "high"}
    return {**roles, "plugins": {"guardrails": GUARDED}}


def test_every_metric_has_a_second_opinion_or_says_why_not() -> None:
    silent = [name for name, metric in official() if not metric.second]
    assert silent == []


@pytest.mark.slow
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_library_is_asked_and_finds_a_broken_number(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTE_PLUGINS", ",".join(OFFICIAL))
    asked: Counter[str] = Counter()
    missed: list[Measurement] = []
    hear = Opinions.hear

    def both(self: Opinions, metric: Metric, measured: Measurement, states: Any) -> Measurement:
        before = self.agreed.total()
        told = hear(self, metric, measured, states)
        if self.agreed.total() > before:
            asked[measured.metric] += 1
        if self.agreed.total() > before and asked[measured.metric] == 1:
            # Relative, and absolute where it is 0.
            off = replace(measured, value=(measured.value or 0.0) * (1 + 1e-6) + 1e-6)
            if hear(Opinions(), metric, off, states).status != "error":
                missed.append(measured)
        return told

    monkeypatch.setattr(Opinions, "hear", both)
    evidence = dte_panel.assess(rows(task, 300, 1), reference=rows(task, 350, 2), verify=True, **given(task))
    assert evidence.second_opinion["disagreements"] == []
    assert evidence.second_opinion["exact"] == evidence.second_opinion["numbers"] == asked.total() > 150
    assert missed == []
    having = {m.metric for m in evidence.measurements if m.value is not None}
    opined = {name for name, metric in official() if isinstance(metric.second, SecondOpinion)}
    assert having & opined - asked.keys() == set()
    assert len(asked) > 40
