"""Other thresholds: the same numbers as the rows would give, and the cheapest within a bound found by trying all."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from dte_panel.states import Scored, Table
from dte_panel_fairness import cheapest as c
from dte_panel_fairness import thresholds as t
from dte_panel_fairness.dials import Dials, view
from dte_panel_fairness.gaps import GAPS
from dte_panel_fairness.whatif import WhatIf

NASTY = "<img src=x onerror=alert(1)>"
PRICES = {"true_positive": 0.0, "false_positive": 1.0, "false_negative": 3.0, "true_negative": 0.5}
TOKENS = dict.fromkeys(["text", "muted", "border", "accent", "accent_2"], "#123456")


def rows(seed: int = 1, n: int = 300, groups: int = 3):
    """Scores, labels and groups whose base rates differ."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, n)
    score = np.clip(np.round(rng.beta(2 + group, 3, n), 2), 0, 1)
    return score, (rng.random(n) < score).astype(float), group


def made(seed: int = 1, n: int = 300, names=("a", "b", None)) -> list[t.Group]:
    score, label, group = rows(seed, n, len(names))
    return [t.Group({"g": name}, Scored.of(score[group == i], label[group == i])) for i, name in enumerate(names)]


def records(groups: list[t.Group]):
    found = [
        SimpleNamespace(columns=("score", "label"), cohort=g.cohort, state=g.state, window="current") for g in groups
    ]
    everybody = Scored.union(g.state for g in groups)
    other = SimpleNamespace(columns=("score", "prediction"), cohort={"g": "a"}, state=everybody, window="current")
    return [other, SimpleNamespace(columns=("score", "label"), cohort={}, state=everybody, window="current"), *found]


class Results:
    window, cohort, tokens, use_case = "current", {}, TOKENS, {"costs": PRICES}

    def __init__(self, groups, verdicts=(), measurements=()) -> None:
        self._records, self._verdicts, self._measurements = records(groups), verdicts, measurements

    def states(self, kind, cohort=None):
        return self._records if kind == "Scores" else []

    def verdicts(self, *ids):
        return [v for v in self._verdicts if v.metric.partition(".")[2] in ids]

    def measurements(self, *ids, cohort=None):
        return [m for m in self._measurements if m.metric in ids and (cohort is None or m.cohort == cohort)]


def test_an_outcome_is_what_the_rows_would_give():
    score, label, group = rows()
    at = (0.3, 0.5, 0.62)
    found = t.outcome(made(), at, PRICES)
    chosen = score >= np.array(at)[group]
    for i in range(3):
        here = group == i
        expected = {
            "selection_rate": chosen[here].mean(),
            "true_positive_rate": chosen[here & (label == 1)].mean(),
            "false_positive_rate": chosen[here & (label == 0)].mean(),
            "accuracy": (chosen == label)[here].mean(),
        }
        assert {k: v[i][1].value for k, v in found.rates.items()} == pytest.approx(expected, abs=1e-12)
    price = np.where(label == 1, np.where(chosen, 0.0, 3.0), np.where(chosen, 1.0, 0.5))
    assert found.cost.value == pytest.approx(price.mean(), abs=1e-12)
    assert found.cost.low < found.cost.value < found.cost.high
    rate = [chosen[group == i].mean() for i in range(3)]
    gap = found.gaps["demographic_parity_difference"]
    assert gap.value == pytest.approx(max(rate) - min(rate), abs=1e-12)
    assert gap.low < gap.value < gap.high


def test_it_is_the_providers_own_number():
    """The same table gives the same gap, interval and pair of groups as the metric itself."""
    groups = made()
    found = t.outcome(groups, [0.4] * 3, PRICES)
    tables = [g.state.decided(0.4) for g in groups]
    values = {m.id: [(g.cohort, m.finish(x)) for g, x in zip(groups, tables, strict=True)] for m in t.RATES}
    for gap in GAPS:
        if gap.id in found.gaps:
            assert found.gaps[gap.id] == gap.finish(values)
    assert set(found.gaps) == set(t.BOUNDED) == set(c.RATES_OF)


@pytest.mark.parametrize("name", list(c.RATES_OF))
@pytest.mark.parametrize("bound", [0.05, 0.3])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_cheapest_is_found_as_by_trying_all(name: str, bound: float, seed: int):
    bound = 1 - bound if name.endswith("_ratio") else bound
    groups = made(seed, 120)
    tried = c.Tried.of(groups, np.round(np.arange(0, 1, 0.1), 2))
    costs = tried.costs(PRICES)
    best_shared = best_each = np.inf
    for places in product(range(len(tried.thresholds)), repeat=3):
        if c.within(tried.at(places).gap(name)[0], name, bound):
            cost = sum(costs[g, k] for g, k in enumerate(places))
            best_each = min(best_each, cost)
            best_shared = min(best_shared, cost) if len(set(places)) == 1 else best_shared
    for search, best in ((c.one_for_all, best_shared), (c.one_each, best_each)):
        places = search(tried, name, bound, PRICES)
        if places is None:
            assert best == np.inf
            continue
        at = tried.at(places)
        assert c.within(at.gap(name)[0], name, bound)
        cost = float(at.costs(PRICES).sum())
        # Two rates at once are searched in steps of 1/100, which may miss the cheapest by a little.
        assert cost == pytest.approx(best, rel=0.05 if name == "equalized_odds_difference" else 1e-12)


def test_a_group_without_positives_does_not_bind_their_rate():
    groups = [*made(), t.Group({"g": "none"}, Scored.of(np.array([0.1, 0.9, 0.5]), np.zeros(3)))]
    found = c.cheapest(groups, "equal_opportunity_difference", 0.1, PRICES, each=True, certain=False)
    assert found.outcome.rates["true_positive_rate"][3][1].value is None
    assert found.outcome.gaps["equal_opportunity_difference"].value <= 0.1 + 1e-9
    alone = [groups[0], groups[3]]
    assert c.cheapest(alone, "equal_opportunity_difference", 0.1, PRICES, each=True, certain=False) is None
    assert c.cheapest(alone, "equal_opportunity_difference", 0.1, PRICES, each=False, certain=False) is None


def test_a_whole_interval_within_the_bound_costs_more():
    groups = made(n=6000)
    loose, strict = (
        c.cheapest(groups, "demographic_parity_difference", 0.04, PRICES, each=True, certain=certain)
        for certain in (False, True)
    )
    gap = "demographic_parity_difference"
    assert loose.outcome.gaps[gap].high > 0.04 >= strict.outcome.gaps[gap].high
    assert strict.outcome.cost.value >= loose.outcome.cost.value
    assert loose.kept < strict.kept <= c.HALVES
    assert c.cheapest(made(n=40), gap, 0.01, PRICES, each=True, certain=True) is None


def test_the_frontier_falls():
    tried = c.Tried.of(made())
    gaps, costs = c.frontier(tried, "demographic_parity_difference", PRICES)
    assert len(gaps) > 3
    assert (np.diff(costs) <= 1e-12).all()


def test_halves_add_up():
    tried = c.Tried.of(made())
    one, other = tried.halves(np.random.default_rng(0))
    assert np.array_equal(one.counts + other.counts, tried.counts)
    assert np.array_equal(one.totals + other.totals, tried.totals)
    assert (np.diff(one.counts, axis=2) <= 0).all()
    assert (one.counts[:, :, 0] <= one.totals).all()


def test_crowded_and_wide_scores_have_thresholds_too():
    for scores in (np.linspace(0.001, 0.002, 500), np.exp(np.linspace(-5, 20, 500)), np.array([0.5, 0.5])):
        groups = [t.Group({"g": "a"}, Scored.of(scores, np.arange(len(scores)) % 2.0))]
        found = t.candidates(groups)
        wrong, right = groups[0].at(found)
        assert wrong[0] + right[0] == len(scores), "the lowest selects every row"
        assert len(np.unique(wrong + right)) == min(len(np.unique(scores)), 200)


def test_it_begins_where_the_decisions_are():
    groups = made()
    tried = t.candidates(groups)
    share = sum(int(sum(g.at(0.4))) for g in groups) / 300
    assert t.now(groups, tried, share) in tried
    assert sum(int(sum(g.at(t.now(groups, tried, share)))) for g in groups) == share * 300


def state(groups=None, **fields) -> WhatIf:
    verdict = SimpleNamespace(
        metric="fairness.equal_opportunity_difference", bound="<= 0.2", across="g", verdict="fail"
    )
    return WhatIf(Results(groups or made(), [verdict], **fields))


def test_the_state_takes_bound_and_costs_from_policy_and_spec():
    one = state()
    assert (one.gap, one.bound, one.grouping) == ("equal_opportunity_difference", 0.2, ("g",))
    assert one.prices == PRICES
    assert one.outcome.thresholds == tuple(one.thresholds)
    assert len(set(one.thresholds)) == 1
    one.false_negative = 10.0
    assert one.outcome.cost.value > t.outcome(made(), one.thresholds, PRICES).cost.value


def test_one_threshold_for_each_and_back():
    one = state()
    one.how = "One for each group"
    one.thresholds = [0.1, 0.2, 0.3]
    assert one.outcome.rates["selection_rate"][0][1].value > 0.9
    one.how = "One for all groups"
    assert len(set(one.thresholds)) == 1


def test_what_is_said():
    one = state()
    one.bound = 0.99
    assert "within the bound of 0.99 for certain" in one.sentence(one.outcome)
    one.bound = 0.1
    assert "its interval holds the bound of 0.1" in one.sentence(one.outcome)
    one.gap, one.bound = "demographic_parity_difference", 0.01
    assert "above the bound of 0.01 for certain" in one.sentence(one.outcome)
    one.gap, one.bound = "demographic_parity_ratio", 0.999
    assert "below the bound of 0.999 for certain" in one.sentence(one.outcome)
    one.ask()
    assert one.answer.startswith("Cheapest with the demographic parity ratio at 0.999 or more: ")
    assert "of 20 choices on a random half" in one.answer
    assert one.outcome.gaps["demographic_parity_ratio"].value >= 0.999
    one.certain = True
    assert one.answer == "", "an answer holds for what was asked"
    one.ask()
    assert "no one threshold for all groups does" in one.answer or "whole interval" in one.answer


def test_sliders_pictures_and_tables_follow():
    one = state(made(names=("a", NASTY, None)))
    dials = Dials(one, TOKENS)
    dials._figures()
    (slider,) = dials._sliders
    slider.value = 0.25
    assert one.thresholds == [0.25] * 3
    drawn = dials._sources["selection_rate"].data
    assert drawn["value"] == [v.value for _, v in one.outcome.rates["selection_rate"]]
    assert drawn["place"] == ["a", NASTY[:25] + "…", "missing"]
    assert dials._sources["here"].data["cost"] == [one.outcome.cost.value]
    one.how = "One for each group"
    assert [s.label.partition(" (")[0] for s in dials._sliders] == ["a", NASTY, "missing"]
    dials._sliders[2].value = 0.6
    assert one.thresholds == [0.25, 0.25, 0.6]
    one.ask()
    assert [s.value for s in dials._sliders] == one.thresholds
    frame = one.frame(one.outcome)
    assert list(frame["Group"]) == ["a", NASTY, "missing"]
    assert len(one.comparison(one.outcome)) == len(t.BOUNDED) + len(t.RATES) + 1


def test_two_pages_do_not_share_what_was_chosen():
    results = Results(made())
    one, other = WhatIf(results), WhatIf(results)
    one.thresholds = [0.9] * 3
    assert other.thresholds != one.thresholds
    assert other.param.grouping.objects == one.param.grouping.objects


def test_decisions_in_the_data_stand_beside():
    one = state()
    one._results.states = lambda kind, **_: (
        [SimpleNamespace(columns=("label", "prediction"), cohort={}, state=Table(("label", "prediction"), {(1, 0): 1}))]
        if kind == "Counts"
        else []
    )
    assert one.decided_cost().value == 3.0


def test_without_scores_it_says_what_to_set():
    empty = Results([])
    empty._records = []
    assert "set roles.score, roles.label and roles.sensitive" in view(empty)
