"""What a check of the default policy promises: equal groups seldom fail, a true gap is found."""

from __future__ import annotations

import numpy as np
import pytest

from dte_panel.measure import _measurement
from dte_panel.model import CURRENT
from dte_panel.policy import judge
from dte_panel.spec import read_policy
from dte_panel.states import Table
from dte_panel_fairness.gaps import GAPS
from dte_panel_fairness.rates import selection_rate

RATIO = next(gap for gap in GAPS if gap.id == "demographic_parity_ratio")
CHECK = next(check for check in read_policy("default").checks if check.metric == "fairness.demographic_parity_ratio")


def words(rates: list[float], n: int, draws: int) -> list[str]:
    """The verdicts of the four-fifths check on samples of groups with these true rates, seeded."""
    hits = np.random.default_rng(8).binomial(n, rates, size=(draws, len(rates)))
    found = []
    for row in hits:
        tables = [Table(("prediction",), {(1,): int(h), (0,): n - int(h)}) for h in row]
        groups = {selection_rate.id: [({"g": str(i)}, selection_rate.finish(t)) for i, t in enumerate(tables)]}
        made = _measurement("fairness", RATIO, (CURRENT, ()), None, RATIO.finish(groups), "g")
        found.append(judge(CHECK, made).verdict)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("groups", [2, 5])
def test_equal_groups_of_50_seldom_break_the_four_fifths_check(rate, groups):
    found = words([rate] * groups, 50, 1_000)
    assert found.count("fail") / len(found) <= 0.02
    # The bare ratio breaks it far more often.
    bare = np.random.default_rng(8).binomial(50, rate, size=(1_000, groups))
    assert rate > 0.7 or np.mean(bare.min(1) / bare.max(1) < 0.8) > 0.2


@pytest.mark.slow
@pytest.mark.parametrize("rates", [[0.5, 0.3], [0.6, 0.4], [0.4, 0.2]])
def test_a_true_gap_of_a_fifth_in_1000_rows_is_found(rates):
    found = words(rates, 1_000, 500)
    assert found.count("fail") / len(found) >= 0.95
