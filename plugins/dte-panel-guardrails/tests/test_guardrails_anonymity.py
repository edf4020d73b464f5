"""k-anonymity, l-diversity and t-closeness on tables that can be counted by hand, and against their definitions."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dte_panel import Value, assess
from dte_panel.states import Documented, Table
from dte_panel_guardrails import anonymity, dte_metrics
from dte_panel_guardrails.settings import GuardrailSettings

CHOSEN = GuardrailSettings(quasi_identifiers=["zip", "age"], sensitive_attributes=["disease"], k=3)
METRICS = {metric.id: metric for metric in dte_metrics(CHOSEN)}
FACTS = Documented({"column": "disease"})
#: The 4-anonymous inpatients of Machanavajjhala et al. (2007): three groups, the last of which has one disease.
INPATIENTS = Table(
    ("bin", "zip", "age"),
    {
        ("heart", "130**", "<30"): 2,
        ("viral", "130**", "<30"): 2,
        ("cancer", "1485*", ">=40"): 1,
        ("heart", "1485*", ">=40"): 1,
        ("viral", "1485*", ">=40"): 2,
        ("cancer", "130**", "3*"): 4,
    },
)


def measured(metric_id: str, table: Table, facts: Documented = FACTS) -> Value:
    return METRICS[metric_id].finish(table, facts)


def test_the_inpatients_of_the_paper() -> None:
    distinct, entropy, close = (measured(m, INPATIENTS) for m in LDIV)
    assert (distinct.value, distinct.n) == (1.0, 12)
    assert entropy.value == pytest.approx(1.0)
    # Cancer is 5 of 12 rows, and all of the last group.
    assert close.value == pytest.approx(7 / 12)
    two = Table(INPATIENTS.columns, {k: n for k, n in INPATIENTS.counts.items() if k[2] != "3*"})
    assert measured("distinct_l_diversity", two).value == 2.0
    assert measured("entropy_l_diversity", two).value == pytest.approx(2.0)


LDIV = ("distinct_l_diversity", "entropy_l_diversity", "t_closeness")


@pytest.mark.parametrize("metric_id", LDIV)
def test_rows_without_the_attribute_are_left_out_and_told(metric_id: str) -> None:
    with_none = Table(INPATIENTS.columns, {**INPATIENTS.counts, (None, "130**", "3*"): 9, (None, "x", "y"): 1})
    value = measured(metric_id, with_none)
    assert value.value == measured(metric_id, INPATIENTS).value
    assert value.reason == "10 rows without the attribute left out"
    assert measured(metric_id, Table(("bin", "zip"), {(None, "a"): 3})).value is None
    assert measured(metric_id, Table(("bin", "zip"), {})).value is None


@pytest.mark.parametrize("metric_id", LDIV)
def test_no_group_is_named(metric_id: str) -> None:
    told = json.dumps(measured(metric_id, INPATIENTS).detail)
    assert not [name for name in ("130**", "3*", "cancer") if name in told]


def test_a_quasi_identifier_is_no_attribute() -> None:
    value = measured("t_closeness", INPATIENTS, Documented({"column": "zip"}))
    assert (value.value, value.reason) == (None, "the attribute is a quasi-identifier itself")


def test_rows_in_small_groups() -> None:
    table = Table(("zip",), {("a",): 2, ("b",): 3, (None,): 1, ("c",): 0})
    value = METRICS["small_group_share"].finish(table)
    assert (value.value, value.n, value.low) == (0.5, 6, None)
    assert (value.detail["small groups"], value.detail["groups"]) == (2, 3)
    assert METRICS["small_group_share"].finish(Table(("zip",), {})).value is None


CELLS = st.dictionaries(
    st.tuples(st.sampled_from(["a", "b", "c", None]), st.sampled_from(["x", "y", None]), st.integers(0, 2)),
    st.integers(0, 40),
    max_size=20,
)


@settings(deadline=None)
@given(CELLS)
def test_every_measure_is_its_definition(cells: dict[tuple[Any, ...], int]) -> None:
    values = {m: measured(m, Table(("bin", "zip", "age"), cells)).value for m in LDIV}
    groups: dict[Any, Counter[Any]] = {}
    for (value, *group), n in cells.items():
        if value is not None and n:
            groups.setdefault(tuple(group), Counter())[value] += n
    if not groups:
        assert set(values.values()) == {None}
        return
    every = sum(groups.values(), Counter())
    assert values["distinct_l_diversity"] == min(map(len, groups.values()))
    shares = [[n / part.total() for n in part.values()] for part in groups.values()]
    entropy = min(math.exp(-sum(p * math.log(p) for p in part)) for part in shares)
    assert values["entropy_l_diversity"] == pytest.approx(entropy, rel=1e-12)
    far = max(
        sum(abs(part[v] / part.total() - n / every.total()) for v, n in every.items()) / 2 for part in groups.values()
    )
    assert values["t_closeness"] == pytest.approx(far, abs=1e-12)
    assert values["distinct_l_diversity"] is not None
    assert 1 - 1e-9 <= entropy <= values["distinct_l_diversity"] + 1e-9
    second = METRICS["entropy_l_diversity"].second
    assert second
    assert second.compute(Table(("bin", "zip", "age"), cells), FACTS) == pytest.approx(entropy, rel=1e-12)


def test_each_attribute_is_measured_and_what_is_not_there_is_told() -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {"zip": ["a", "a", "b", "b"] * 10, "disease": ["u", "v", "u", "u"] * 10, "pay": [1.0, 2.0, 3.0, 4.0] * 10}
    )
    chosen = {"quasi_identifiers": ["zip"], "sensitive_attributes": ["disease", "pay", "diseese"]}
    evidence = assess(frame, plugins={"guardrails": chosen})
    found = {m.column: m for m in evidence.measurements if m.metric == "guardrails.distinct_l_diversity"}
    assert {c: (m.value, m.status) for c, m in found.items()} == {
        "disease": (1.0, "ok"),
        "pay": (2.0, "ok"),
        "diseese": (None, "not_evaluated"),
    }
    assert found["diseese"].reason == "column 'diseese' does not exist or has no role"
    lost = assess(frame, plugins={"guardrails": {**chosen, "quasi_identifiers": ["zipp"]}})
    reasons = {m.reason for m in lost.measurements if m.metric == "guardrails.t_closeness" and m.column == "pay"}
    assert reasons == {"the data lacks a column that it reads"}


def test_anonymity_holds_in_order() -> None:
    """Merging two groups never lowers k nor distinct l."""
    parts = anonymity.groups_of(INPATIENTS)
    merged = Table(("bin", "zip"), Counter({(v, "all"): 0 for v in "ab"}))
    assert anonymity.groups_of(merged) == {}
    assert len(parts) == 3
