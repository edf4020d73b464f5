"""Verdicts: what may pass, what may not, and in which words."""

from __future__ import annotations

import math
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dte_panel.checks import Check, Policy
from dte_panel.errors import InputError
from dte_panel.model import SEVERITY, Measurement, Verdict, overall
from dte_panel.policy import Bound, counts, judge, judge_all, parse_bound, select, validate

OK = {"drift": ("ok", None)}
PSI = "drift.population_stability_index"


def measured(
    value: float | None = 0.4, low: float | None = None, high: float | None = None, **other: Any
) -> Measurement:
    fields: dict[str, Any] = {
        "metric": PSI,
        "version": 1,
        "provider": "drift",
        "window": "current",
        "cohort": {},
        "column": "car_value",
        "n": 50_000,
        "status": "ok",
    }
    return Measurement(value=value, low=low, high=high, **{**fields, **other})


def judged(bound: str, *numbers: float | None, warn: str | None = None, **check: Any) -> tuple[str, str]:
    verdict = judge(Check(PSI, bound, warn, **check), measured(*numbers))
    return verdict.verdict, verdict.reason


# --- bounds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("<= 0.2", Bound("<=", 0.2)),
        (">=0.8", Bound(">=", 0.8)),
        (" < -.5 ", Bound("<", -0.5)),
        ("> 1e-3", Bound(">", 0.001)),
        ("== 5", Bound("==", 5.0)),
        ("<= +2.", Bound("<=", 2.0)),
    ],
)
def test_a_bound_is_an_operator_and_a_number(text: str, bound: Bound) -> None:
    assert parse_bound(text) == bound


@pytest.mark.parametrize(
    "text", ["", "0.2", "=< 0.2", "<= ", "<= nan", "<= inf", "< 1e999", "<= 0.2 extra", "!= 2", None, 3]
)
def test_nonsense_is_refused_with_a_hint(text: Any) -> None:
    with pytest.raises(InputError, match=r"policy\.yaml.*is not a bound.*'<= 0\.2'"):
        parse_bound(text, where="policy.yaml")


@pytest.mark.parametrize(
    ("bound", "warn"), [("<= 0.2", "<= 0.1"), (">= -0.05", ">= -0.005"), ("< 1", "<= 1"), (">= 1", None)]
)
def test_a_stricter_warn_bound_is_accepted(bound: str, warn: str | None) -> None:
    validate(Check(PSI, bound, warn))


@pytest.mark.parametrize(
    ("bound", "warn"), [("<= 0.2", "<= 0.3"), ("<= 0.2", ">= 0.1"), (">= 0.8", ">= 0.7"), ("== 1", "== 1")]
)
def test_a_warn_bound_that_is_not_stricter_is_refused(bound: str, warn: str) -> None:
    with pytest.raises(InputError, match="is not stricter than bound"):
        validate(Check(PSI, bound, warn))


# --- one measurement ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bound", "numbers", "expected"),
    [
        ("<= 0.2", (0.4,), ("fail", "0.40 is above 0.2")),
        ("<= 0.2", (0.4, 0.38, 0.42), ("fail", "0.40 [0.38, 0.42] is above 0.2")),
        ("<= 0.2", (0.18, 0.15, 0.23), ("warn", "0.18 [0.15, 0.23]: the interval spans the bound 0.2")),
        ("<= 0.2", (0.05, 0.04, 0.06), ("pass", "0.05 [0.04, 0.06] is within 0.2")),
        ("<= 0.2", (0.2,), ("pass", "0.20 is within 0.2")),
        ("< 0.2", (0.2,), ("fail", "0.20 is not below 0.2")),
        (">= 0.8", (0.7, 0.65, 0.75), ("fail", "0.70 [0.65, 0.75] is below 0.8")),
        (">= 0.8", (0.8, 0.8, 0.9), ("pass", "0.80 [0.80, 0.90] is within 0.8")),
        ("> 0.8", (0.8,), ("fail", "0.80 is not above 0.8")),
        ("== 1", (1.0,), ("pass", "1 is within 1")),
        ("== 1", (0.0,), ("fail", "0 is not 1")),
        ("== 1", (1.0, 0.5, 1.5), ("warn", "1.00 [0.50, 1.50]: the interval spans the bound 1")),
        # An interval with one end is open at the other.
        ("<= 0.2", (0.1, None, 0.3), ("warn", "0.10 [-∞, 0.30]: the interval spans the bound 0.2")),
        ("<= 0.2", (0.3, 0.1, None), ("warn", "0.30 [0.10, ∞]: the interval spans the bound 0.2")),
        ("<= 0.2", (0.1, 0.05, None), ("warn", "0.10 [0.05, ∞]: the interval spans the bound 0.2")),
        (">= 0.2", (0.3, 0.25, None), ("pass", "0.30 [0.25, ∞] is within 0.2")),
    ],
)
def test_the_interval_decides(bound: str, numbers: tuple[float | None, ...], expected: tuple[str, str]) -> None:
    assert judged(bound, *numbers) == expected


def test_beyond_the_stricter_bound_for_certain_is_a_warning() -> None:
    # The car loan's AUC falls from 0.971 to 0.959.
    numbers = (-0.0123, -0.0150, -0.0091)
    expected = ("warn", "-0.012 [-0.015, -0.009] is within -0.05 but below -0.005")
    assert judged(">= -0.05", *numbers, warn=">= -0.005") == expected
    # Only perhaps beyond it is not: two warnings for one doubt would say the same twice.
    assert judged("<= 0.2", 0.09, 0.05, 0.15, warn="<= 0.1")[0] == "pass"


def test_a_policy_may_ask_for_point_values() -> None:
    assert judged("<= 0.2", 0.18, 0.15, 0.23, rule="point") == ("pass", "0.18 is within 0.2")
    assert judged("<= 0.2", 0.21, 0.15, 0.23, rule="point") == ("fail", "0.21 is above 0.2")
    assert judged("<= 0.2", 0.18, 0.05, 0.23, rule="point", warn="<= 0.1")[0] == "warn"


def test_too_few_rows_are_not_evaluated() -> None:
    verdict = judge(Check(PSI, "<= 0.2"), measured(0.4, n=17))
    assert (verdict.verdict, verdict.reason) == ("not_evaluated", "17 rows, 30 needed")
    assert judge(Check(PSI, "<= 0.2"), measured(0.4, n=30)).verdict == "fail"
    assert judge(Check(PSI, "<= 0.2", min_n=2), measured(0.4, n=1)).reason == "1 row, 2 needed"


@pytest.mark.parametrize(
    ("measurement", "word", "reason"),
    [
        (measured(None, status="error", reason="ValueError: x"), "error", "ValueError: x"),
        (measured(0.1, status="error"), "error", "the provider could not compute it"),
        (measured(None, status="not_evaluated", reason="no rows", n=3), "not_evaluated", "no rows"),
        (measured(0.1, status="not_evaluated", reason="suppressed"), "not_evaluated", "suppressed"),
        (measured(None), "not_evaluated", "it has no value"),
        (measured(math.nan), "not_evaluated", "its value or interval is not a number"),
        (measured(0.1, 0.0, math.nan), "not_evaluated", "its value or interval is not a number"),
    ],
)
def test_what_has_no_number_never_passes(measurement: Measurement, word: str, reason: str) -> None:
    verdict = judge(Check(PSI, "<= 0.2"), measurement)
    assert (verdict.verdict, verdict.reason) == (word, reason)


def test_a_gap_names_its_groups() -> None:
    gap = measured(0.31, 0.28, 0.34, column=None, across="race", groups=({"race": "Black"}, {"race": "White"}))
    verdict = judge(Check(PSI, "<= 0.1"), gap)
    assert verdict.reason == "0.31 [0.28, 0.34] between race: Black and race: White is above 0.1"
    assert verdict.across == "race"
    with_all = judge(Check(PSI, "<= 0.1"), replace(gap, groups=({"race": "Black"}, {})))
    assert "between race: Black and all rows is above" in with_all.reason
    crossed = replace(gap, groups=({"sex": "Female", "race": None}, {"sex": "Male", "race": "Black"}))
    assert (
        "between sex: Female, race: missing and sex: Male, race: Black" in judge(Check(PSI, "<= 0.1"), crossed).reason
    )


@pytest.mark.parametrize(
    ("bound", "numbers", "shown"),
    [
        ("<= 0.2", (0.20004,), "0.20004 is above 0.2"),
        ("<= 0.05", (0.0003, 0.0001, 0.0008), "0.0003 [0.0001, 0.0008] is within 0.05"),
        ("<= 0.05", (0.0,), "0.00 is within 0.05"),
        ("<= 0.05", (-0.0,), "0.00 is within 0.05"),
        ("<= 0.05", (0.0, -1e-17, 0.0016), "0.000 [0.000, 0.002] is within 0.05"),
        (">= -0.02", (-0.0314, -0.0438, -0.0204), "-0.0314 [-0.0438, -0.0204] is below -0.02"),
        (">= 0.05", (2e-13,), "2e-13 is below 0.05"),
        (">= 5", (1.0,), "1 is below 5"),
        ("<= 0.3", (0.1 + 0.2,), "0.30000000000000004 is above 0.3"),
        ("<= 40000", (48_799.6, 48_650.2, 48_949.9), "48,800 [48,650, 48,950] is above 40000"),
    ],
)
def test_numbers_have_the_digits_they_need(bound: str, numbers: tuple[float, ...], shown: str) -> None:
    assert judged(bound, *numbers)[1] == shown


def test_a_verdict_carries_what_decided_it() -> None:
    m = measured(0.4, window="2019-03-31", cohort={"sex": "F"})
    verdict = judge(Check(PSI, "<= 0.2", required=False, citation="Siddiqi 2006"), m)
    where = (PSI, "drift", "2019-03-31", {"sex": "F"}, "car_value")
    expected = Verdict(*where, "fail", False, "<= 0.2", "0.40 is above 0.2", m, citation="Siddiqi 2006")
    assert verdict == expected
    assert Verdict.from_json(verdict.to_json()) == verdict


numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 6))
checks = st.builds(
    lambda op, limit, gap, warned: Check(
        PSI, f"{op} {limit}", f"{op} {limit - gap if op.startswith('<') else limit + gap}" if warned else None
    ),
    st.sampled_from(["<=", "<", ">=", ">"]),
    numbers,
    st.floats(0, 1e3),
    st.booleans(),
)
#: How good a verdict is that rests on a number.
GOODNESS = {"fail": 0, "warn": 1, "pass": 2}


@settings(deadline=None)
@given(checks, numbers, st.floats(0, 1e3), st.floats(0, 1e3))
def test_a_number_passes_fails_or_warns_and_says_so(check: Check, value: float, down: float, up: float) -> None:
    verdict = judge(check, measured(value, value - down, value + up))
    bound = parse_bound(check.bound)
    assert verdict.verdict in GOODNESS
    if verdict.verdict == "pass":
        assert bound.within(value - down, value + up)
        assert "is within" in verdict.reason
    if verdict.verdict == "fail":
        assert bound.beyond(value - down, value + up)
        assert not bound.within(value, value)


@settings(deadline=None)
@given(checks, numbers, *[st.floats(0, 1e3)] * 4)
def test_a_wider_interval_never_turns_doubt_into_certainty(
    check: Check, value: float, down: float, up: float, more_down: float, more_up: float
) -> None:
    narrow = judge(replace(check, warn=None), measured(value, value - down, value + up)).verdict
    wide = judge(replace(check, warn=None), measured(value, value - down - more_down, value + up + more_up)).verdict
    # Wider is either the same or in doubt: never from in doubt to pass, from fail to pass, or from warn to fail.
    assert wide in {narrow, "warn"}


@settings(deadline=None)
@given(checks, numbers, numbers, st.floats(0, 1e3), st.floats(0, 1e3))
def test_moving_away_from_the_bound_never_improves_the_verdict(
    check: Check, value: float, other: float, down: float, up: float
) -> None:
    better, worse = sorted([value, other], reverse=check.bound.startswith(">"))
    words = [judge(check, measured(x, x - down, x + up)).verdict for x in (better, worse)]
    assert GOODNESS[words[0]] >= GOODNESS[words[1]]


@settings(deadline=None)
@given(checks, numbers, numbers, numbers)
def test_a_warn_bound_never_improves_and_never_fails(check: Check, value: float, low: float, high: float) -> None:
    m = measured(value, low, high)
    plain, warned = (judge(c, m).verdict for c in (replace(check, warn=None), check))
    assert warned == plain or (plain, warned) == ("pass", "warn")


@settings(deadline=None)
@given(checks, st.one_of(st.none(), st.floats()), st.sampled_from(["ok", "not_evaluated", "error"]), st.integers(0, 60))
def test_what_was_not_evaluated_is_never_a_pass(check: Check, value: float | None, status: Any, n: int) -> None:
    word = judge(check, measured(value, status=status, n=n)).verdict
    usable = status == "ok" and value is not None and not math.isnan(value) and n >= check.min_n
    assert (word in GOODNESS) == usable
    assert (word == "error") == (status == "error")


@settings(deadline=None)
@given(checks, numbers, numbers, numbers)
def test_the_point_rule_does_not_look_at_the_interval(check: Check, value: float, low: float, high: float) -> None:
    point = replace(check, rule="point")
    assert judge(point, measured(value, low, high)).verdict == judge(check, measured(value)).verdict


# --- which measurements ---------------------------------------------------------------------------------------------

EVERY = [
    measured(window=window, cohort=cohort, column=column)
    for window in ("reference", "current", "2019-03-31")
    for cohort in ({}, {"sex": "F"})
    for column in ("a", "b")
]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("current", {("current", False)}),
        ("windows", {("current", False), ("2019-03-31", False)}),
        ("cohorts", {("current", False), ("current", True)}),
        ("all", {("current", False), ("current", True), ("2019-03-31", False), ("2019-03-31", True)}),
    ],
)
def test_scope_chooses_windows_and_cohorts(scope: Any, expected: set[tuple[str, bool]]) -> None:
    chosen = select(Check(PSI, "<= 0.2", scope=scope), EVERY)
    assert {(m.window, bool(m.cohort)) for m in chosen} == expected
    assert len(chosen) == 2 * len(expected)


def test_columns_and_metric_are_chosen() -> None:
    assert {m.column for m in select(Check(PSI, "<= 0.2", columns=("b",)), EVERY)} == {"b"}
    assert select(Check("drift.other", "<= 0.2"), EVERY) == []
    # The reason why no column could be measured must not be lost.
    why = measured(None, column=None, status="not_evaluated", reason="no feature role is set")
    assert select(Check(PSI, "<= 0.2", columns=("b",)), [why]) == [why]


# --- a policy -------------------------------------------------------------------------------------------------------


def run(checks: list[Check], *measurements: Measurement, **given_: Any) -> list[Verdict]:
    given_ = {"providers": OK, "kind": "model", "task": "binary", **given_}
    return judge_all(Policy("p", "P", tuple(checks)), measurements, **given_)


def test_checks_for_other_kinds_and_tasks_are_skipped() -> None:
    checks = [Check(PSI, "<= 0.2", kinds=("dataset",)), Check(PSI, "<= 0.3", tasks=("regression",))]
    assert run(checks, measured()) == []
    assert [v.bound for v in run(checks, measured(), kind="dataset")] == ["<= 0.2"]
    assert [v.bound for v in run(checks, measured(), task="regression")] == ["<= 0.3"]


def test_a_check_without_a_measurement_has_a_verdict() -> None:
    verdict = run([Check("fairness.x", "<= 1")])[0]
    assert (verdict.verdict, verdict.measurement) == ("not_evaluated", None)
    assert verdict.reason == "provider 'fairness' is not installed: pip install dte-panel-fairness"
    verdict = run([Check(PSI, "<= 1", columns=("b",))], measured())[0]
    assert (verdict.verdict, verdict.reason) == (
        "not_evaluated",
        "not measured: nothing of b in scope 'current' that it applies to",
    )
    assert overall([verdict]) == "not_evaluated"


def test_an_unknown_metric_is_told_from_one_that_found_nothing() -> None:
    wrong = run([Check("drift.population_stability", "<= 1")], measured())[0]
    assert wrong.verdict == "not_evaluated"
    assert wrong.reason == f"not measured: provider 'drift' gave no 'drift.population_stability'. Did you mean '{PSI}'?"
    known = run([Check("drift.other", "<= 1")], measured(), known=[PSI, "drift.other"])[0]
    assert known.reason == "not measured: nothing in scope 'current' that it applies to"


def test_a_broken_provider_is_one_required_error() -> None:
    broken = {"drift": ("broken", "No module named 'x'")}
    [verdict] = run([Check(PSI, "<= 1")], providers=broken)
    assert (verdict.verdict, verdict.reason) == ("error", "provider drift is broken: No module named 'x'")
    [verdict] = run([], providers=broken)
    assert (verdict.metric, verdict.verdict, verdict.required) == ("drift.*", "error", True)
    # A check that does not count must not hide it from the overall verdict.
    verdicts = run([Check(PSI, "<= 1", required=False)], providers=broken)
    assert [(v.metric, v.required) for v in verdicts] == [("drift.*", True), (PSI, False)]
    assert overall(verdicts) == "error"


def test_a_provider_that_was_switched_off_is_not_an_error() -> None:
    off = {"drift": ("disabled", "not named in DTE_PLUGINS")}
    [verdict] = run([Check(PSI, "<= 1")], providers=off)
    assert verdict.verdict == "not_evaluated"
    assert verdict.reason == "provider drift is disabled: not named in DTE_PLUGINS"
    assert run([], providers=off) == []


def test_worst_first_then_required() -> None:
    checks = [Check(PSI, bound, required=required) for bound in ("<= 9", "<= 0.2") for required in (False, True)]
    checks += [Check("fairness.x", "<= 1"), Check("drift.broken", "<= 1")]
    bad = measured(None, metric="drift.broken", status="error", reason="boom")
    words = [(v.verdict, v.required) for v in run(checks, measured(), bad)]
    expected = [
        ("fail", True),
        ("fail", False),
        ("error", True),
        ("not_evaluated", True),
        ("pass", True),
        ("pass", False),
    ]
    assert words == expected


@settings(deadline=None)
@given(st.permutations(EVERY + [measured(across=a, column=None) for a in ("race", "sex")]))
def test_the_order_does_not_depend_on_the_input(measurements: list[Measurement]) -> None:
    checks = [Check(PSI, "<= 0.2", scope="all"), Check(PSI, ">= 0.2", scope="all")]
    assert run(checks, *measurements) == run(
        checks, *EVERY, *[measured(across=a, column=None) for a in ("race", "sex")]
    )


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SEVERITY), st.booleans())))
def test_counts_hide_nothing(words: list[tuple[Any, bool]]) -> None:
    verdicts = [replace(judge(Check(PSI, "<= 1", required=r), measured()), verdict=w) for w, r in words]
    assert list(counts(verdicts)) == list(SEVERITY)
    assert sum(counts(verdicts).values()) == len(words)
    needed = [w for w, r in words if r]
    # One required check that did not pass is enough for an overall verdict that does not pass.
    assert (overall(verdicts) == "pass") == (bool(needed) and set(needed) == {"pass"})


# --- the default policy ---------------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[1]
DEFAULT = yaml.safe_load((ROOT / "dte_panel/data/policies/default.yaml").read_text(encoding="utf-8"))
DEFAULT_CHECKS = [Check(**{k: tuple(v) if isinstance(v, list) else v for k, v in c.items()}) for c in DEFAULT["checks"]]
PAGE = (ROOT / "docs/policies.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("check", DEFAULT_CHECKS, ids=lambda check: check.metric)
def test_every_default_check_is_valid_cited_and_documented(check: Check) -> None:
    validate(check)
    assert check.citation
    assert set(check.kinds) <= {"model", "dataset"}
    assert set(check.tasks) <= {"binary", "multiclass", "regression", "none"}
    assert check.metric.partition(".")[0] in {"drift", "performance", "fairness", "guardrails"}
    row = f"| `{check.metric}` | {check.bound} | {check.warn or ''}".rstrip()
    assert row in PAGE


def test_the_page_names_no_check_that_does_not_exist() -> None:
    documented = set(re.findall(r"^\| `([a-z]+\.[a-z0-9_]+)` \|", PAGE, flags=re.MULTILINE))
    assert documented == {check.metric for check in DEFAULT_CHECKS}
    assert len(DEFAULT_CHECKS) == len(documented)


def test_the_page_explains_every_key_of_a_check() -> None:
    explained = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, flags=re.MULTILINE))
    assert {field.name for field in fields(Check)} <= explained


def test_a_model_without_labels_is_not_evaluated_by_the_default_policy() -> None:
    policy = Policy("default", "Default", tuple(c for c in DEFAULT_CHECKS if not c.metric.startswith("drift.")))
    every = dict.fromkeys(["fairness", "performance", "guardrails"], ("ok", None))
    assert overall(judge_all(policy, [], providers=every, kind="model", task="none")) == "not_evaluated"


def test_a_pvalue_is_judged_as_adjusted_and_the_reason_says_over_how_many() -> None:
    test = Check(PSI, ">= 0.05")
    alone = [measured(p, column=f"c{i}", adjusted=a) for i, (p, a) in enumerate([(0.03, 0.06), (0.001, 0.004)])]
    policy = Policy("p", "P", (test,))
    failed, passed = judge_all(policy, [*alone, measured(0.5, column="d")], providers=OK, kind="model", task="none")[:2]
    assert (failed.verdict, failed.column) == ("fail", "c1")
    assert failed.reason == "0.004 is below 0.05; adjusted over 2 tests, 0.001 before"
    assert (passed.verdict, passed.reason) == ("pass", "0.06 is within 0.05; adjusted over 2 tests, 0.03 before")
    few = judge(test, measured(0.001, adjusted=0.004, n=3), tests=2)
    assert (few.verdict, few.reason) == ("not_evaluated", "3 rows, 30 needed")
