"""Conditional parity against Fairlearn's control_features, and what crossed groups come from."""

from __future__ import annotations

import fairlearn.metrics as fm
import numpy as np
import pandas as pd
import pytest

import dte_panel
from dte_panel_fairness.conditional import CONDITIONAL
from dte_panel_fairness.crossing import shares


def assess(rows: pd.DataFrame, **more) -> dict[tuple[str, str | None], dte_panel.Measurement]:
    more = {"sensitive": ["g"], **more}
    evidence = dte_panel.assess(rows, label="y", prediction="p", positive=1, verify=True, **more)
    found = {(m.metric.removeprefix("fairness."), m.across): m for m in evidence.measurements if not m.cohort}
    assert not evidence.second_opinion["disagreements"]
    return found


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.setenv("DTE_PLUGINS", "fairness")


def admissions() -> pd.DataFrame:
    """Berkeley in small: women apply where few are admitted, and are admitted a little more often there."""
    cells = [("A", "m", 80, 100), ("A", "w", 17, 20), ("B", "m", 4, 20), ("B", "w", 25, 100), (None, "m", 3, 6)]
    rows = [(d, g, int(i < hits)) for d, g, hits, n in cells for i in range(n)]
    frame = pd.DataFrame(rows, columns=["department", "g", "p"])
    return frame.assign(y=(np.arange(len(frame)) % 3 > 0).astype(int))


def test_simpson_is_seen_beside_the_raw_figure():
    found = assess(admissions(), control=["department"])
    raw = found["demographic_parity_difference", "g"]
    inside = found["conditional_demographic_parity_difference", "g"]
    worst = found["conditional_demographic_parity_difference_worst", "g"]
    assert raw.value == pytest.approx(87 / 126 - 42 / 120)
    assert raw.low > 0.2
    assert inside.value == pytest.approx(0.05)
    assert inside.low < 0.05 < inside.high
    assert worst.value == pytest.approx(0.05)
    assert (inside.n, worst.n) == (240, 240)
    assert inside.reason == "1 of 3 strata have no gap of two groups and are left out"
    assert [s["stratum"] for s in inside.detail["strata"]] == [{"department": "A"}, {"department": "B"}]
    # In each department it is the men who are admitted less often.
    assert all(s["groups"][0] == {"g": "m"} for s in inside.detail["strata"])
    assert found["conditional_demographic_parity_ratio_worst", "g"].value == pytest.approx(0.8)


@pytest.mark.slow
def test_every_conditional_gap_equals_fairlearn_with_control_features():
    rng = np.random.default_rng(5)
    size = 3_000
    rows = pd.DataFrame(
        {
            "g": rng.choice(["a", "b", "c"], size),
            "age": rng.integers(18, 80, size),
            "site": rng.choice(["north", "south"], size),
            "y": rng.integers(0, 2, size),
            "p": rng.integers(0, 2, size),
        }
    )
    found = assess(rows, control=["age", "site"], bands={"age": [30, 60]})
    band = pd.cut(rows.age, [0, 30, 60, 99], right=False).astype(str)
    frame = fm.MetricFrame(
        metrics={"demographic_parity": fm.selection_rate, "equal_opportunity": fm.true_positive_rate},
        y_true=rows.y,
        y_pred=rows.p,
        sensitive_features=rows.g,
        control_features=pd.DataFrame({"band": band, "site": rows.site}),
    )
    theirs = frame.difference()
    weights = rows.groupby([band, "site"]).size()
    for stem in ("demographic_parity", "equal_opportunity"):
        worst = found[f"conditional_{stem}_difference_worst", "g"]
        assert worst.value == pytest.approx(theirs[stem].max(), abs=1e-12)
        assert worst.low <= worst.value <= worst.high
    mean = np.average(theirs.demographic_parity, weights=weights[theirs.index])
    assert found["conditional_demographic_parity_difference", "g"].value == pytest.approx(mean, abs=1e-12)
    assert len(found["conditional_demographic_parity_difference", "g"].detail["strata"]) == 6


def test_without_control_columns_nothing_is_said():
    found = assess(admissions())
    for metric in CONDITIONAL:
        assert found[metric.id, None].reason == "no control role is set: add roles.control"
    assert found["selection_rate_interaction_share", None].reason == "no groups are crossed: add cohorts"


def crossed(cells: dict[tuple[str, str], tuple[int, int]]) -> dict[str, float]:
    counts = np.array([[hits, n - hits] for hits, n in cells.values()], dtype=float)
    made = shares(counts, [{"s": s, "r": r} for s, r in cells])
    return {k: round(v, 9) for k, v in made.items()}


def test_the_spread_is_shared_out_among_the_attributes():
    only_s = {("f", "a"): (10, 100), ("f", "b"): (20, 200), ("m", "a"): (40, 100), ("m", "b"): (20, 50)}
    # Unbalanced groups: race alone would seem to carry some of what sex does; averaged over the orders it has a little.
    made = crossed(only_s)
    assert made[""] == 0
    assert made["s"] > 0.9
    assert made["s"] + made["r"] == pytest.approx(1)
    balanced = {("f", "a"): (10, 100), ("f", "b"): (20, 100), ("m", "a"): (30, 100), ("m", "b"): (40, 100)}
    assert crossed(balanced) == {"s": 0.8, "r": 0.2, "": 0.0}
    only_together = {("f", "a"): (10, 100), ("f", "b"): (30, 100), ("m", "a"): (30, 100), ("m", "b"): (10, 100)}
    assert crossed(only_together) == {"s": 0.0, "r": 0.0, "": 1.0}


@pytest.mark.parametrize("levels", [(4, 3), (2, 3, 4), (12, 1)])
def test_the_shares_are_those_of_least_squares(levels: tuple[int, ...]) -> None:
    rng = np.random.default_rng(levels)
    for most in (3, 40, 10**6):
        cells = [cell for cell in np.ndindex(*levels) if rng.random() < 0.8]
        n = rng.integers(0, most, len(cells)) + (np.arange(len(cells)) < 2)
        hits = rng.binomial(n, rng.random(len(cells)))
        hits[:2] = n[:2] * (0, 1)
        cohorts = [{str(i): str(value) for i, value in enumerate(cell)} for cell in cells]
        made = shares(np.stack([hits, n - hits], 1).astype(float), cohorts)
        used = n > 0
        root, rate = np.sqrt(n[used]), hits[used] / n[used]
        centred = (rate - hits.sum() / n.sum()) * root
        design = np.hstack([np.eye(size)[[c[i] for c in cells]] for i, size in enumerate(levels)])[used] * root[:, None]
        left = centred - design @ np.linalg.lstsq(design, centred, rcond=None)[0]
        assert made[""] == pytest.approx((left @ left) / (centred @ centred), abs=1e-12)
        assert sum(made.values()) == pytest.approx(1, abs=1e-12)


def test_a_hidden_gap_shows_where_groups_are_crossed():
    cells = {("f", "a"): 30, ("f", "b"): 70, ("m", "a"): 70, ("m", "b"): 30}
    rows = pd.DataFrame(
        [(s, r, int(i < hits), i % 2) for (s, r), hits in cells.items() for i in range(100)],
        columns=["s", "r", "p", "y"],
    )
    found = assess(rows, sensitive=["s", "r"], cohorts=[["s", "r"]])
    assert found["demographic_parity_difference", "s"].value == 0
    share = found["selection_rate_interaction_share", "s × r"]
    assert share.value == pytest.approx(1.0)
    assert share.low > 0.8
    assert share.detail["shares"] == pytest.approx({"s": 0, "r": 0}, abs=1e-9)
    assert ("selection_rate_interaction_share", "s") not in found
    noise = found["true_positive_rate_interaction_share", "s × r"]
    assert noise.reason is None or "within chance" in noise.reason
