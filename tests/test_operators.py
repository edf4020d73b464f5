"""Gaps between groups: the number, the interval that holds for all pairs at once, and what has no number."""

from __future__ import annotations

import numpy as np
import pytest

from dte_panel import Counts, Metric, Value, change, difference, largest, ratio
from dte_panel.model import Cohort, Comparison
from dte_panel.operators import finite_or_none
from dte_panel.states import Table
from dte_panel.stats import wilson

RATE = Metric(
    id="rate",
    title="Rate",
    definition="Share.",
    reduce=Counts("prediction"),
    finish=lambda table: table.share(prediction=1),
    range=(0.0, 1.0),
    interval="Wilson",
)
#: An interval that is not Wilson's is stretched to the wider quantile.
MEAN = Metric(
    id="mean", title="Mean", definition="Mean.", reduce=Counts("prediction"), finish=lambda t: Value(1.0), interval="t"
)
GAP = difference(RATE, id="gap", title="Gap")
RATIO = ratio(RATE, id="ratio", title="Ratio")
AWAY = difference(RATE, id="away", title="Away", method="to_overall")
AWAY_RATIO = ratio(RATE, id="away_ratio", title="Away", method="to_overall")


def share(hits: int, n: int) -> Value:
    if n == 0:
        return Value(None, 0, reason="no rows")
    low, high = wilson(hits, n)
    return Value(hits / n, n, low, high)


def groups(*counts: tuple[int, int], id: str = "rate") -> dict[str, list[tuple[Cohort, Value]]]:
    return {id: [({"g": f"g{i}"}, share(hits, n)) for i, (hits, n) in enumerate(counts)]}


def test_difference_names_the_two_groups_lower_first() -> None:
    value = GAP.finish(groups((30, 100), (50, 100), (10, 50)))
    assert value.value == pytest.approx(0.3)
    assert value.n == 250
    assert value.groups == ({"g": "g2"}, {"g": "g1"})
    assert value.low <= 0.3 <= value.high


def test_ratio_is_the_smallest_of_all_pairs() -> None:
    value = RATIO.finish(groups((30, 100), (50, 100), (10, 50)))
    assert value.value == pytest.approx(0.4)
    assert value.groups == ({"g": "g2"}, {"g": "g1"})
    assert 0 <= value.low <= 0.4 <= value.high <= 1
    assert RATIO.finish(groups((5, 10), (5, 10))).value == 1.0


def to_overall(comparison: Comparison, *counts: tuple[int, int]) -> Value:
    every = share(sum(hits for hits, _ in counts), sum(n for _, n in counts))
    return comparison.finish(groups(*counts), {"rate": every})


def test_a_gap_to_all_rows_is_of_the_group_that_is_farthest_from_them() -> None:
    value = to_overall(AWAY, (30, 100), (50, 100), (5, 50))
    assert value.value == pytest.approx(85 / 250 - 0.1)
    assert value.groups == ({"g": "g2"}, {})
    assert value.low <= value.value <= value.high
    share_of_all = to_overall(AWAY_RATIO, (30, 100), (50, 100), (5, 50))
    assert share_of_all.value == pytest.approx(0.1 / (85 / 250))
    assert share_of_all.low <= share_of_all.value <= share_of_all.high
    # The favoured group counts as well: all / group.
    assert to_overall(AWAY_RATIO, (10, 100), (40, 40)).value == pytest.approx(0.1 / (50 / 140))
    assert to_overall(AWAY_RATIO, (0, 10), (0, 40)).reason == "the rate is 0 in every group"
    assert to_overall(AWAY_RATIO, (0, 10), (20, 40)).value == 0.0


def test_a_group_that_may_be_without_any_leaves_the_ratio_open() -> None:
    away = ratio(MEAN, id="away", title="Away", method="to_overall")
    sides = [({"g": "a"}, Value(0.1, 50, 0.0, 0.4)), ({"g": "b"}, Value(0.3, 50, 0.0, 0.6))]
    value = away.finish({"mean": sides}, {"mean": Value(0.2, 100, 0.0, 0.3)})
    assert (value.value, value.low, value.high) == (0.5, 0.0, 1.0)


def test_a_group_that_nearly_is_all_rows_is_surely_near_to_them() -> None:
    value = to_overall(AWAY, (500, 1_000), (5, 10))
    assert value.high < 0.3, "the small group may be off, the large one cannot"
    only = to_overall(AWAY, (500, 1_000), (0, 0))
    assert only.value is None


@pytest.mark.parametrize("rates", [[0.5, 0.5], [0.3, 0.5], [0.05, 0.1], [0.4] * 5])
def test_the_interval_of_a_gap_to_all_rows_holds_the_true_gap(rates: list[float]) -> None:
    sizes = [100, 60, 40, 100, 30][: len(rates)]
    every = float(np.average(rates, weights=sizes))
    truth = {AWAY: max(abs(r - every) for r in rates), AWAY_RATIO: min(min(r / every, every / r) for r in rates)}
    hits = np.random.default_rng(7).binomial(sizes, rates, size=(300, len(rates)))
    for comparison, true in truth.items():
        made = [to_overall(comparison, *((int(h), n) for h, n in zip(row, sizes, strict=True))) for row in hits]
        held = [v.value is None or v.low - 1e-12 <= true <= v.high + 1e-12 for v in made]
        assert np.mean(held) >= 0.93


def test_a_gap_needs_two_groups_with_a_value() -> None:
    value = GAP.finish(groups((30, 100), (0, 0)))
    assert (value.value, value.reason) == (None, "2 groups, 1 with a value; a gap needs two")
    value = GAP.finish(groups((30, 100), (50, 100), (0, 0)))
    assert value.value == pytest.approx(0.2)
    assert value.reason == "undefined and left out: g2"


def test_a_ratio_of_zero_rates_is_undefined_not_one() -> None:
    value = RATIO.finish(groups((0, 100), (0, 50)))
    assert value.value is None
    assert value.reason == "the rate is 0 in every group"
    one_zero = RATIO.finish(groups((0, 100), (20, 50)))
    assert (one_zero.value, one_zero.low) == (0.0, 0.0)
    assert one_zero.high > 0


def test_a_group_without_an_interval_leaves_the_gap_without_one() -> None:
    made = groups((30, 100), (50, 100))
    made["rate"].append(({"g": "point"}, Value(0.9, 1)))
    value = GAP.finish(made)
    assert value.value == pytest.approx(0.6)
    assert (value.low, value.high) == (None, None), "an interval of the other two would be too short"
    assert (RATIO.finish(made).low, RATIO.finish(made).high) == (None, None)


def test_an_interval_that_is_not_wilsons_is_stretched_for_many_groups() -> None:
    gap = difference(MEAN, id="gap", title="Gap")
    two = gap.finish({"mean": [({"g": "a"}, Value(1.0, 50, 0.0, 2.0)), ({"g": "b"}, Value(5.0, 50, 4.0, 6.0))]})
    assert (two.low, two.high) == pytest.approx((4 - 2**0.5, 4 + 2**0.5))
    extra = [({"g": c}, Value(3.0, 50, 2.9, 3.1)) for c in "cdef"]
    six = gap.finish({"mean": [({"g": "a"}, Value(1.0, 50, 0.0, 2.0)), ({"g": "b"}, Value(5.0, 50, 4.0, 6.0)), *extra]})
    assert six.low < two.low
    assert six.high > two.high


def test_largest_takes_the_worst_and_is_undefined_if_one_part_is() -> None:
    other = Metric(
        id="other",
        title="Other",
        definition="",
        reduce=Counts("prediction"),
        finish=RATE.finish,
        range=(0.0, 1.0),
        interval="Wilson",
    )
    worst = largest(GAP, difference(other, id="gap2", title="Gap 2"), id="worst", title="Worst")
    value = worst.finish({**groups((30, 100), (50, 100)), **groups((10, 100), (80, 100), id="other")})
    assert value.value == pytest.approx(0.7)
    undefined = worst.finish({**groups((30, 100), (50, 100)), **groups((0, 0), (80, 100), id="other")})
    assert undefined.value is None
    assert undefined.reason.startswith("Gap 2: ")
    smallest = largest(RATIO, ratio(other, id="r2", title="R2"), id="worst_ratio", title="Worst", smallest=True)
    zero = smallest.finish({**groups((30, 100), (50, 100)), **groups((0, 100), (0, 100), id="other")})
    assert (zero.value, zero.low) == (pytest.approx(0.6), 0.0)


def test_change_is_now_minus_before() -> None:
    moved = change(RATE, id="moved", title="Moved")
    now, before = (Table(("prediction",), {(1,): hits, (0,): 100 - hits}) for hits in (60, 40))
    value = moved.finish(now, before)
    assert value.value == pytest.approx(0.2)
    assert value.low < 0.2 < value.high
    assert value.detail == {"reference": 0.4}
    assert moved.finish(now, Table.zero(("prediction",))).reason == "reference: no rows"
    assert moved.finish(Table.zero(("prediction",)), before).reason == "current: no rows"


def _coverage(rates: list[float], n: int, draws: int) -> tuple[float, float]:
    """How often the interval holds the true gap, and how often it lies wholly above 0.1."""
    hits = np.random.default_rng(20).binomial(n, rates, size=(draws, len(rates)))
    true = max(rates) - min(rates)
    made = [GAP.finish(groups(*((int(h), n) for h in row))) for row in hits]
    held = [v.low - 1e-12 <= true <= v.high + 1e-12 for v in made]
    return float(np.mean(held)), float(np.mean([v.low > 0.1 for v in made]))


@pytest.mark.parametrize(
    ("rates", "n"),
    [([0.5, 0.5], 100), ([0.3, 0.5], 100), ([0.05, 0.1], 50), ([0.4] * 5, 100), ([0.3, 0.35, 0.4, 0.45, 0.5], 100)],
)
def test_the_interval_of_a_gap_holds_the_true_gap(rates: list[float], n: int) -> None:
    held, _ = _coverage(rates, n, 400)
    assert held >= 0.93


def test_equal_groups_of_100_are_rarely_said_to_differ() -> None:
    held, failed = _coverage([0.5] * 5, 100, 400)
    assert failed <= 0.02
    assert held >= 0.93
    hits = np.random.default_rng(20).binomial(100, 0.5, size=(400, 5))
    bare = float(np.mean([GAP.finish(groups(*((int(h), 100) for h in row))).value > 0.1 for row in hits]))
    assert bare > 0.3, "the bare value would fail far too often"


def test_what_json_cannot_hold_is_null() -> None:
    assert [finite_or_none(x) for x in (1.5, None, float("inf"), float("-inf"), float("nan"))] == [
        1.5,
        None,
        None,
        None,
        None,
    ]
