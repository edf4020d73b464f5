"""Categories and missing values, against SciPy and by hand."""

from __future__ import annotations

import json
from pathlib import Path

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy import stats

import dte_panel
from dte_panel.states import Profiled, Table
from dte_panel_drift.categories import (
    CHARACTERS,
    NAMES,
    chi_square_pvalue,
    chi_square_statistic,
    missing_share,
    new_category_share,
    vanished_categories,
)

DEMO = Path(dte_panel.__file__).parent / "data" / "demo" / "car-loan"

rows_by_name = st.dictionaries(st.sampled_from(["a", "b", "", "nan", "c", None]), st.integers(0, 200), max_size=6)


def table(rows):
    return Table(("value",), {(name,): n for name, n in rows.items()})


@settings(max_examples=200, deadline=None)
@given(rows_by_name, rows_by_name)
def test_chi_square_equals_scipy(now, before):
    names = [name for name in {**now, **before} if now.get(name) or before.get(name)]
    observed = [[side.get(name, 0) for name in names] for side in (now, before)]
    statistic, pvalue = chi_square_statistic(table(now), table(before)), chi_square_pvalue(table(now), table(before))
    if len(names) < 2 or not all(map(sum, observed)):
        assert statistic.value is pvalue.value is None
        assert statistic.reason
        assert statistic.reason == pvalue.reason
        return
    judge = stats.chi2_contingency(observed, correction=False)
    assert statistic.value == pytest.approx(judge.statistic, rel=1e-12, abs=1e-12)
    assert pvalue.value == pytest.approx(judge.pvalue, rel=1e-9, abs=1e-12)
    assert statistic.detail["degrees_of_freedom"] == judge.dof
    assert (pvalue.reason is not None) == (judge.expected_freq.min() < 5)


@pytest.mark.parametrize("column", ["salary_range", "repaid_loan_on_prev_car", "size_of_downpayment", "repaid"])
def test_chi_square_equals_scipy_on_the_car_loans(column):
    sides = [pd.read_parquet(DEMO / f"{name}.parquet", columns=[column])[column] for name in ("current", "reference")]
    states = [table(side.astype(str).value_counts().to_dict()) for side in sides]
    judge = stats.chi2_contingency(pd.concat([s.value_counts() for s in sides], axis=1).fillna(0).T, correction=False)
    assert chi_square_statistic(*states).value == pytest.approx(judge.statistic, rel=1e-12)
    assert chi_square_pvalue(*states).value == pytest.approx(judge.pvalue, rel=1e-9, abs=1e-12)


def test_one_category_has_nothing_to_test():
    found = chi_square_statistic(table({"a": 4}), table({"a": 9}))
    assert found.value is None
    assert "one category only" in found.reason


def test_new_categories_are_counted_and_named():
    found = new_category_share(table({"a": 80, "90K+": 15, "<b>": 2, None: 3}), table({"a": 1_000, "b": 10}))
    assert (found.value, found.n) == (0.17, 100)
    assert found.low < 0.17 < found.high
    assert found.reason == "new: '90K+', '<b>'"
    assert found.detail["categories"] == ["90K+", "<b>"]


def test_a_missing_value_is_neither_a_new_nor_a_vanished_category():
    assert new_category_share(table({"a": 1, None: 9}), table({"a": 5})).value == 0
    assert vanished_categories(table({"a": 5}), table({"a": 1, None: 9})).value == 0


def test_a_category_with_no_rows_is_no_category():
    assert new_category_share(table({"a": 5, "b": 5}), table({"a": 5, "b": 0})).value == 0.5
    assert vanished_categories(table({"a": 5, "b": 0}), table({"a": 5, "b": 5})).value == 1


def test_vanished_categories_say_how_many_rows_were_expected():
    found = vanished_categories(table({"a": 10}), table({"a": 90, "rare": 3, "b": 7}))
    assert (found.value, found.n) == (2, 10)
    assert found.reason == "gone: 'b', 'rare'; at the reference's shares 1.0 rows were expected in them"
    assert found.detail == {"categories": ["b", "rare"], "expected_rows": 1.0}


def test_many_and_long_names_are_cut():
    found = new_category_share(table({f"{i:03}{'x' * 200}": 1 for i in range(50)}), table({"a": 1}))
    assert len(found.detail["categories"]) == NAMES
    assert max(map(len, found.detail["categories"])) == CHARACTERS + 1
    assert found.reason.endswith("and 30 more")
    json.dumps(dict(found.detail))


def test_empty_sides_are_undefined():
    for finish in (new_category_share, vanished_categories, chi_square_statistic, chi_square_pvalue):
        assert finish(table({}), table({"a": 1})).reason == "no current rows"
        assert finish(table({"a": 1}), table({})).reason == "no reference rows"


def test_missing_share_counts_null_and_nan():
    found = missing_share(Profiled(n=10, nulls=1, nans=2, infinities=4))
    assert (found.value, found.n) == (0.3, 10)
    assert 0 < found.low < 0.3 < found.high < 1
    assert missing_share(Profiled()).reason == "no rows"
