"""What an assessment as a whole says of data in which nothing is wrong, and of data in which something is.

A window is a sample: one assessment of some hundred windows measures and judges as many independent samples, through
the same code as any other. Where a million rows a sample are too many, the states that counting them would give are
drawn instead, and measured and judged by the same functions.

Of 60 assessments with a false alarm in 5 % of them, one or none would have one with a chance of 19 %; with a false
alarm in 10 %, with a chance of 1.4 %.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import dte_panel
from dte_panel.checks import Check, Policy
from dte_panel.measure import adjusted
from dte_panel.model import overall
from dte_panel.policy import judge_all
from dte_panel.spec import read_policy

DRIFT = {"drift": ("ok", None)}


def judged(policy: Policy, measurements: list[Any]) -> str:
    checks = tuple(c for c in policy.checks if c.required and c.metric.startswith("drift."))
    policy = Policy(policy.id, policy.title, checks)
    return overall(judge_all(policy, measurements, providers=DRIFT, kind="dataset", task="none"))


def of_every_column(simulation: Any, names: set[str], n: int, reference: int, rng: Any) -> list[Any]:
    """The measurements of fifty columns that did not move; p-values adjusted as one family."""
    every = simulation.metrics()
    made = []
    for column in simulation.columns():
        of = simulation.states(column, column.drawn(rng, n), column.drawn(rng, reference))
        for name in names:
            numeric = column.values is not None
            if (numeric and "chi_square" in name) or (not numeric and "kolmogorov" in name):
                continue
            made.append(simulation.measured(every[name], column, of))
    return adjusted(made, {name for name in names if name.endswith("_pvalue")})


@pytest.mark.slow
@pytest.mark.parametrize(("n", "reference"), [(50, 50), (50, 1_001), (1_000, 1_000), (1_000_000, 1_000_000)])
def test_fifty_columns_without_drift_raise_no_false_alarm(simulation: Any, n: int, reference: int) -> None:
    policy = read_policy("default")
    names = {c.metric for c in policy.checks if c.required and c.metric.startswith("drift.")}
    assert "drift.population_stability_index" in names
    rng = np.random.default_rng(20)
    words = Counter(judged(policy, of_every_column(simulation, names, n, reference, rng)) for _ in range(60))
    assert words["fail"] <= 1
    assert words["error"] == 0
    if n >= 1_000:
        assert words["pass"] >= 57, "and it is not by never deciding"


@pytest.mark.slow
def test_fifty_p_values_without_drift_give_5_percent_not_2_findings_each(simulation: Any) -> None:
    names = {"drift.kolmogorov_smirnov_pvalue", "drift.chi_square_pvalue"}
    policy = Policy("p", "P-values", tuple(Check(name, ">= 0.05") for name in sorted(names)))
    rng = np.random.default_rng(20)
    assessments = [of_every_column(simulation, names, 200, 20_000, rng) for _ in range(100)]
    found = [judged(policy, made) == "fail" for made in assessments]
    bare = [sum(m.value < 0.05 for m in made) for made in assessments]
    assert len(assessments[0]) == 50
    # The standard error of 5 % in 100 assessments is 2.2 points.
    assert np.mean(found) <= 0.09
    assert 1.5 < np.mean(bare) < 3.0, "unadjusted, every assessment would have some"


def days(samples: int, n: int) -> Any:
    return np.repeat(np.arange(samples), n).astype("datetime64[D]")


def verdicts(evidence: Any) -> dict[tuple[str, str], Counter[str]]:
    """How many windows have each verdict, by metric and bound."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for v in evidence.verdicts:
        if v.window not in {"current", "reference"}:
            found.setdefault((v.metric.partition(".")[2], v.bound), Counter())[v.verdict] += 1
    return found


def groups_assessed(rates: list[float], n: int, samples: int, checks: list[dict[str, Any]]) -> Any:
    """One assessment of many windows; each has ``n`` rows of each group, selected at the group's rate."""
    rng = np.random.default_rng(20)
    groups = np.tile(np.repeat(np.arange(len(rates)), n), samples)
    selected = (rng.random(len(groups)) < np.array(rates)[groups]).astype(int)
    table = pa.table({"day": days(samples, n * len(rates)), "group": groups.astype(str), "selected": selected})
    return verdicts(
        dte_panel.assess(
            table,
            prediction="selected",
            sensitive=["group"],
            time="day",
            windows={"every": "1 day"},
            subject={"name": "simulated", "kind": "model"},
            policy={"checks": [{"scope": "windows", "min_n": 0, **check} for check in checks]},
        )
    )


RATIO: dict[str, Any] = {"metric": "fairness.demographic_parity_ratio", "bound": ">= 0.8"}
GAP: dict[str, Any] = {"metric": "fairness.demographic_parity_difference", "bound": "<= 0.1"}
ANY_GAP = {**GAP, "bound": "<= 0"}


@pytest.fixture
def only_fairness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTE_PLUGINS", "fairness")


@pytest.mark.slow
@pytest.mark.usefixtures("only_fairness")
@pytest.mark.parametrize(
    ("groups", "n", "rate", "bare"), [(2, 50, 0.45, 0.25), (2, 10, 0.45, 0.5), (5, 100, 0.3, 0.5)], ids=str
)
def test_groups_of_equal_rates_are_not_said_to_differ(groups: int, n: int, rate: float, bare: float) -> None:
    found = groups_assessed([rate] * groups, n, 300, [RATIO, GAP])
    for words in found.values():
        # 2 % of 300 samples; of 1 % true alarms more than 6 are seen with a chance of 3 %.
        assert words["fail"] <= 6
        assert words["error"] == words["not_evaluated"] == 0
    bare_found = groups_assessed([rate] * groups, n, 300, [{**RATIO, "rule": "point"}])
    assert bare_found["demographic_parity_ratio", ">= 0.8"]["fail"] >= bare * 300


@pytest.mark.slow
@pytest.mark.usefixtures("only_fairness")
def test_a_true_gap_of_a_fifth_is_found() -> None:
    """A thousand rows of each group: beyond either bound. A thousand in all: a gap for certain, in all samples."""
    each = groups_assessed([0.3, 0.5], 1_000, 200, [RATIO, GAP])
    assert {words["fail"] >= 190 for words in each.values()} == {True}
    together = groups_assessed([0.3, 0.5], 500, 200, [RATIO, ANY_GAP])
    assert together["demographic_parity_difference", "<= 0"]["fail"] >= 199
    assert together["demographic_parity_ratio", ">= 0.8"]["pass"] == 0


def rows_of(simulation: Any, n: int, rng: Any, moved: float = 0.0) -> dict[str, Any]:
    """Rows of the fifty columns; the first one is moved by so many standard deviations."""
    made: dict[str, Any] = {}
    for column in simulation.columns():
        at = rng.choice(len(column.chances), n, p=column.chances)
        values = column.values[at] if column.values is not None else np.array([f"v{i}" for i in at])
        made[column.name] = pa.array(values, mask=rng.random(n) < column.missing)
    made["x1"] = pa.array(np.asarray(made["x1"].to_numpy(zero_copy_only=False), dtype=float) + moved)
    return made


@pytest.mark.slow
def test_small_windows_of_fifty_columns_and_one_that_moved(simulation: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of 30 rows against 1,001, none fails; then one column moves, and only that one does."""
    monkeypatch.setenv("DTE_PLUGINS", "drift")
    rng = np.random.default_rng(20)
    reference = pa.table(rows_of(simulation, 1_001, rng) | {"day": days(1, 1_001)})
    for moved, n in ((0.0, 30), (1.5, 300)):
        current = pa.table(rows_of(simulation, 4 * n, rng, moved) | {"day": days(4, n)})
        evidence = dte_panel.assess(
            current,
            reference=reference,
            time="day",
            windows={"every": "1 day"},
            subject={"name": "simulated", "kind": "dataset"},
        )
        failed = {v.column for v in evidence.verdicts if v.required and v.verdict in {"fail", "error"}}
        assert failed == ({"x1"} if moved else set())
        assert (evidence.verdict == "fail") is bool(moved)
