"""Numbers of the guardrails on small states that can be checked by hand."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dte_panel_guardrails as provider
from dte_panel import Comparison, Metric, Value
from dte_panel.states import DistinctCount, Documented, Ordered, Sample, Table
from dte_panel.stats import wilson
from dte_panel_guardrails import anonymity, documents, privacy, robustness
from dte_panel_guardrails.patterns import PATTERNS
from dte_panel_guardrails.settings import GuardrailSettings

METRICS = {metric.id: metric for metric in provider.dte_metrics(None)}
AXES = {"privacy", "robustness", "transparency", "accountability"}
EMAIL = next(pattern for pattern in PATTERNS if pattern.id == "email_share")
HINTS = [
    "distinct_share",
    "owner_reachable",
    "single_feature_roc_auc",
    "label_uncertainty_coefficient",
    "label_correlation_ratio",
]
DEMO = Path(__file__).parents[3] / "dte_panel/data/demo"


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())
def test_every_metric_is_described(metric: Metric) -> None:
    assert metric.group in AXES
    assert metric.title
    assert metric.definition.endswith(".")
    assert metric.formula
    assert metric.source
    assert not {"fair", "unbiased", "safe"} & set(metric.definition.casefold().split())


def test_every_axis_has_metrics_and_ids_are_unique() -> None:
    assert {metric.group for metric in METRICS.values()} == AXES
    assert len(METRICS) == len(provider.dte_metrics(None))
    assert provider.api_version == 1


def test_heuristics_say_that_they_are_heuristics() -> None:
    for metric_id in [pattern.id for pattern in PATTERNS] + HINTS:
        assert "heuristic" in METRICS[metric_id].definition.casefold()


# --- settings -------------------------------------------------------------------------------------------------------


def test_settings_are_documented() -> None:
    own = {name: GuardrailSettings.param[name] for name in GuardrailSettings.param if name != "name"}
    assert set(own) == {
        *("quasi_identifiers", "sensitive_attributes", "k", "sample"),
        *("threshold", "score_margin", "bounds", "monotone"),
    }
    assert all(parameter.doc for parameter in own.values())
    assert provider.dte_settings() is GuardrailSettings


def test_settings_choose_columns_and_sample() -> None:
    settings = GuardrailSettings(quasi_identifiers=["age", "post code", "age"], sample=100)
    chosen = {metric.id: metric for metric in provider.dte_metrics(settings)}
    assert chosen["smallest_group"].reductions[0].columns == ("column:age", "column:post code")  # type: ignore[attr-defined]
    assert chosen["email_share"].reductions[0].sample == 100  # type: ignore[attr-defined]
    assert METRICS["smallest_group"].reductions[0].columns == ("sensitive",)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "wrong",
    [
        {"sample": 0},
        {"sample": "many"},
        {"quasi_identifiers": "age"},
        {"quasi_identifiers": [1]},
        {"k": 1},
        {"score_margin": 0},
        {"threshold": "half"},
        {"bounds": {"age": [0]}},
        {"bounds": {"age": 120}},
        {"bounds": {"age": [120, 0]}},
        {"bounds": {"age": [None, None]}},
        {"bounds": {"age": ["0", 120]}},
        {"bounds": {"age": [True, 120]}},
        {"monotone": {"age": "up"}},
    ],
    ids=str,
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        GuardrailSettings(**wrong)


# --- privacy --------------------------------------------------------------------------------------------------------


def test_the_smallest_group_is_the_k_of_k_anonymity() -> None:
    table = Table(("sex", "race"), {("F", "A"): 40, ("M", "A"): 50, ("F", None): 3, ("M", "B"): 0, ("M", None): 7})
    value = anonymity.smallest_group(table)
    assert (value.value, value.n) == (3.0, 100)
    assert value.detail["groups"] == 4
    assert value.detail["rows in groups below 5"] == 3
    # Whoever reads the evidence must not learn whom the smallest group holds.
    assert not {"A", "B", "F", "M"} & set(json.dumps(value.detail).replace('"', " ").split())
    assert anonymity.smallest_group(Table(("sex",), {})).value is None


def test_a_pattern_share_counts_values_and_has_wilsons_interval() -> None:
    value = privacy.pattern_share(Sample(("a@example.org", "x", "a@example.org", "y"), 4), EMAIL)
    assert (value.value, value.n) == (0.5, 4)
    assert (value.low, value.high) == wilson(2, 4)
    assert value.reason == "heuristic"
    assert privacy.pattern_share(Sample((), 10), EMAIL).value is None


def test_a_sample_says_so_and_never_keeps_the_values() -> None:
    value = privacy.pattern_share(Sample(("ann@example.org", "x"), 1_000_000), EMAIL)
    assert value.reason == "heuristic; 2 of 1,000,000 rows scanned, seed 0"
    assert "ann@" not in repr(value)


def test_only_the_first_characters_of_a_long_value_are_looked_at() -> None:
    assert privacy.pattern_share(Sample(("x " * 5_000 + "a@example.org",), 1), EMAIL).value == 0.0


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a@example.org", "no", "", "b@c.de ok"]), min_size=1), st.randoms())
def test_the_order_of_rows_does_not_matter(values: list[str], order: random.Random) -> None:
    shuffled = list(values)
    order.shuffle(shuffled)
    first, second = (privacy.pattern_share(Sample(tuple(v), len(v)), EMAIL) for v in (values, shuffled))
    assert first == second
    assert first.value == sum("@" in v for v in values) / len(values)


def test_distinct_share() -> None:
    value = privacy.distinct_share(DistinctCount(95, 100))
    assert (value.value, value.n, value.reason) == (0.95, 100, "heuristic")
    assert privacy.distinct_share(DistinctCount(0, 0)).value is None


# --- robustness -----------------------------------------------------------------------------------------------------


def pairs(counts: dict[tuple[Any, Any], int]) -> Table:
    return Table(("label", "prediction"), counts)


def test_accuracy_leaves_missing_rows_out_and_says_so() -> None:
    value = robustness.accuracy_share(pairs({(1, 1): 5, (0, 0): 3, (1, 0): 2, (None, 1): 7}))
    assert (value.value, value.n) == (0.8, 10)
    assert value.reason == "7 rows with a missing label or prediction left out"
    assert robustness.accuracy_share(pairs({("a", "a"): 3, ("b", "c"): 1})).value == 0.75
    assert robustness.accuracy_share(pairs({(None, 1): 7})).value is None


def groups(**cells: tuple[int, int]) -> dict[str, list[tuple[dict[str, str | None], Value]]]:
    made = []
    for name, (hits, n) in cells.items():
        value = Value(hits / n, n, *wilson(hits, n)) if n else Value(None, 0, reason="no rows")
        made.append(({"race": name}, value))
    return {"accuracy": made}


def test_the_worst_group_is_measured_against_all_rows() -> None:
    value = robustness.worst_cohort_accuracy_gap(groups(a=(800, 1000), b=(90, 100), c=(50, 100)))
    assert value.value == pytest.approx(940 / 1200 - 0.5, abs=1e-12)
    assert value.n == 1200
    assert value.groups == ({"race": "c"}, {})
    assert value.low is not None
    assert value.high is not None
    assert 0 < value.low < value.value < value.high


def test_a_gap_needs_two_groups_with_a_value() -> None:
    value = robustness.worst_cohort_accuracy_gap(groups(a=(8, 10), b=(0, 0)))
    assert (value.value, value.reason) == (None, "1 group with a value; a gap needs two")
    assert robustness.worst_cohort_accuracy_gap({"accuracy": []}).value is None
    left_out = robustness.worst_cohort_accuracy_gap(groups(a=(8, 10), b=(0, 0), c=(9, 10)))
    assert left_out.reason == "1 groups without a value left out"


sizes = st.integers(1, 500)


@settings(deadline=None)
@given(st.lists(sizes.flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2, max_size=6))
def test_the_gap_is_never_negative_and_lies_in_its_interval(cells: list[tuple[int, int]]) -> None:
    value = robustness.worst_cohort_accuracy_gap(groups(**{f"g{i}": cell for i, cell in enumerate(cells)}))
    assert value.value is not None
    assert value.low is not None
    assert value.high is not None
    accuracy = sum(h for h, _ in cells) / sum(n for _, n in cells)
    assert value.value == pytest.approx(max(0.0, accuracy - min(h / n for h, n in cells)), abs=1e-12)
    assert 0 <= value.low <= value.value + 1e-12
    assert value.value <= value.high + 1e-12


def test_two_groups_with_equal_true_accuracy_rarely_show_a_gap() -> None:
    rng, beyond = np.random.default_rng(0), 0
    for _ in range(300):
        hits = rng.binomial(100, 0.8, size=5)
        value = robustness.worst_cohort_accuracy_gap(groups(**{f"g{i}": (int(h), 100) for i, h in enumerate(hits)}))
        beyond += value.low is not None and value.low > 0
    # 5 % of 300 is 15; the interval is for all groups at once.
    assert beyond <= 15


def test_accuracy_fall_is_the_reference_minus_now() -> None:
    fall = METRICS["accuracy_fall"]
    assert isinstance(fall, Comparison)
    now, before = pairs({(1, 1): 916, (1, 0): 84}), pairs({(1, 1): 944, (1, 0): 56})
    value = fall.finish(now, before)
    assert value.value == pytest.approx(0.028)
    assert value.low is not None
    assert value.high is not None
    assert value.low < 0.028 < value.high
    assert fall.finish(pairs({}), before).value is None


def test_out_of_range_counts_finite_values_beyond_the_reference() -> None:
    reference = Ordered.of(np.array([0.0, 5.0, 10.0, -np.inf, np.nan]))
    current = Ordered.of(np.array([-1.0, 0.0, 10.0, 11.0, 12.0, np.inf, np.nan]))
    value = robustness.out_of_range_share(current, reference)
    assert (value.value, value.n) == (0.6, 5)
    assert value.detail == {"below": 1, "above": 2}
    assert (value.low, value.high) == wilson(3, 5)
    nothing = Ordered.of(np.array([np.nan, np.inf]))
    assert robustness.out_of_range_share(nothing, reference).reason == "no finite value"
    assert robustness.out_of_range_share(current, nothing).reason == "the reference has no finite value"


@settings(deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True)), st.lists(st.floats(allow_nan=True, allow_infinity=True))
)
def test_out_of_range_equals_the_definition(now: list[float], before: list[float]) -> None:
    value = robustness.out_of_range_share(*(Ordered.of(np.array(v, dtype=float)) for v in (now, before)))
    inside, known = ([x for x in v if math.isfinite(x)] for v in (now, before))
    if not inside or not known:
        assert value.value is None
    else:
        assert value.value == sum(not min(known) <= x <= max(known) for x in inside) / len(inside)


def test_unseen_values_are_counted_and_named() -> None:
    reference = Table(("value",), {("a",): 5, ("b",): 5, (None,): 1})
    current = Table(("value",), {("a",): 6, ("c",): 1, ("d",): 3, (None,): 90})
    value = robustness.unseen_value_share(current, reference)
    assert (value.value, value.n) == (0.4, 10)
    assert list(value.detail["unseen"].items()) == [("d", 3), ("c", 1)]
    assert robustness.unseen_value_share(reference, reference).value == 0.0
    assert robustness.unseen_value_share(Table(("value",), {(None,): 4}), reference).value is None
    assert robustness.unseen_value_share(current, Table(("value",), {(None,): 4})).value is None


# --- transparency and accountability --------------------------------------------------------------------------------

FACTS: dict[str, Any] = {
    "subject": {
        "name": "car-loan",
        "kind": "model",
        "version": 3,
        "owner": "risk@example.org",
        "purpose": "demonstration",
        "limits": " ",
        "provenance": None,
    },
    "use_case": {"name": "approval", "risk": "TBD"},
    "created": "2026-11-23T12:00:00+00:00",
    "current_end": "2026-11-20T00:00:00",
}


@pytest.mark.parametrize(
    ("metric_id", "expected"),
    [
        ("owner_documented", 1.0),
        ("purpose_documented", 1.0),
        ("version_documented", 1.0),
        ("limits_documented", 0.0),
        ("provenance_documented", 0.0),
        ("use_case_documented", 1.0),
        ("risk_documented", 0.0),
        ("owner_reachable", 1.0),
        ("data_age_days", 3.5),
    ],
)
def test_documents(metric_id: str, expected: float) -> None:
    value = METRICS[metric_id].finish(Documented(FACTS))
    assert (value.value, value.n) == (expected, 1)
    assert (value.low, value.high) == (None, None)


def test_what_is_missing_says_what_to_add() -> None:
    assert METRICS["limits_documented"].finish(Documented(FACTS)).reason == "add subject.limits to the spec"
    for metric in documents.metrics():
        value = metric.finish(Documented({}))
        assert value.value in {0.0, None}
        assert value.reason


@pytest.mark.parametrize(
    ("owner", "reachable"),
    [
        ("data-science@example.org", 1.0),
        ("Ann Lee <ann@example.org>", 1.0),
        ("https://example.org/team", 1.0),
        ("Ann Lee", 0.0),
        ("@ann", 0.0),
        ("ann@", 0.0),
        (None, 0.0),
    ],
)
def test_an_owner_with_an_address_can_be_reached(owner: str | None, reachable: float) -> None:
    assert documents.owner_reachable(Documented({"subject": {"owner": owner}})).value == reachable


def test_the_age_of_data_reads_zones_and_the_future() -> None:
    def age(created: Any, newest: Any) -> Value:
        return documents.data_age_days(Documented({"created": created, "current_end": newest}))

    assert age("2026-01-02T00:00:00Z", "2026-01-01T01:00:00+01:00").value == 1.0
    assert age("2026-01-01T00:00:00", "2026-01-02").value == -1.0
    assert age("2026-01-01T00:00:00", "2026-01-02").reason == "the newest row lies in the future"
    assert age("2026-01-01", None).reason == "no time role is set: add roles.time"
    assert age("2026-01-01", "week 3").value is None
    assert age(None, "2026-01-01").value is None


# --- real data ------------------------------------------------------------------------------------------------------


def test_census_groups_on_the_demonstration_data() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.read_parquet(DEMO / "acs-employment/current.parquet")
    keys = ["sex", "race", "disability"]
    sizes_ = frame.groupby(keys).size()
    table = Table(tuple(keys), {key: int(n) for key, n in sizes_.items()})
    assert anonymity.smallest_group(table).value == float(sizes_.min())
    cells = frame.assign(right=frame.employed == frame.prediction).groupby("race").right.agg(["sum", "size"])
    value = robustness.worst_cohort_accuracy_gap(
        groups(**{r: (int(c["sum"]), int(c["size"])) for r, c in cells.iterrows()})
    )
    accuracy = (frame.employed == frame.prediction).mean()
    assert value.value == pytest.approx(accuracy - (cells["sum"] / cells["size"]).min(), abs=1e-12)
    assert value.groups[0] == {"race": "American Indian"}
