"""Numbers of other tools: checked like our own, placed where they belong, and never shared unseen."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dte_panel
from dte_panel import InputError
from dte_panel.evidence import Evidence

ME = "evidence-told"
Told = Callable[..., Evidence]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """Assess a small table with the one provider whose other tool says ``what``."""
    module = f"dte_ill_evidence_told_{tmp_path.name.replace('-', '_')}"
    about = tmp_path / "dte_panel_evidence_told-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.4\nName: dte-panel-{ME}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[dte_panel]\n{ME} = {module}\n")
    shutil.copy(Path(__file__).parent / "plugins/evidence_told.py", tmp_path / f"{module}.py")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setenv("DTE_PLUGINS", ME)
    importlib.invalidate_caches()
    data = tmp_path / "data.csv"
    data.write_text("y,sex,city\n" + "".join(f"{i % 2},{'FM'[i % 3 > 0]},{'ab'[i % 5 > 0]}\n" for i in range(300)))

    def assess(what: str, **more: object) -> Evidence:
        arguments = {"label": "y", "sensitive": ["sex"], "plugins": {ME: {"what": what}}, **more}
        return dte_panel.assess(data, reference=data, **arguments)

    yield assess
    sys.modules.pop(module, None)


def of(evidence: Evidence) -> dict[tuple[str | None, str], dte_panel.Measurement]:
    return {(m.column, m.window): m for m in evidence.measurements if m.metric == f"{ME}.count_of_things"}


def provider(evidence: Evidence) -> tuple[str, str]:
    (found,) = [p for p in evidence.providers if p["id"] == ME]
    return found["state"], str(found["reason"])


def test_findings_become_measurements_with_their_definition(told: Told) -> None:
    evidence = told("good", policy={"checks": [{"metric": f"{ME}.count_of_things", "bound": "<= 2"}]})
    found = of(evidence)
    assert set(found) == {(None, "current"), ("city", "2026-01-01T00:00:00")}
    one = found[None, "current"]
    assert (one.value, one.n, one.status, one.provider) == (3.0, 40, "ok", ME)
    assert evidence.metrics[f"{ME}.count_of_things"]["title"] == "Count of things"
    (listed,) = [p for p in evidence.providers if p["id"] == ME]
    assert listed["metrics"] == ["rate", "count_of_things"]
    (verdict,) = [v for v in evidence.verdicts if v.metric == f"{ME}.count_of_things"]
    assert verdict.verdict == "fail"
    assert Evidence.from_json(evidence.to_json()).dumps() == evidence.dumps()


def test_the_other_tool_is_told_what_it_needs(told: Told) -> None:
    detail = of(told("rows"))[None, "current"].detail
    assert detail["current"] == detail["reference"] == [100, 300, ["city", "sex"]]
    assert detail["roles"] == ["sex"]
    assert detail["positive"] == "1"
    assert detail["kinds"]["city"] == "categorical"


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("none", "dte_evidence gave None"),
        ("junk", "gave 3.0, which is not a Finding of a Metric"),
        ("twice", "'count_of_things' is given twice for all rows in window 'current'"),
        ("two definitions", "has another definition than the one before it"),
        ("odd metric", "an id that is not snake case"),
        ("odd window", "window=3, which is not text"),
        ("odd column", "column=3, which is not text"),
        ("odd cohort", "which is not a mapping of columns to texts"),
        ("raises", "ZeroDivisionError"),
        ("ours too", "gave 'rate', which dte_metrics gives too"),
    ],
)
def test_what_cannot_stand_in_evidence_breaks_the_provider_in_words(told: Told, what: str, reason: str) -> None:
    evidence = told(what)
    state, why = provider(evidence)
    assert state == "broken"
    assert reason in why
    assert of(evidence) == {}
    assert [v.verdict for v in evidence.verdicts if v.provider == ME] == ["error"]


def test_an_endless_tool_and_one_that_hangs_are_stopped(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dte_panel.contract.MOST_FINDINGS", 1_000)
    assert "gave more than 1,000 findings" in provider(told("endless"))[1]
    state, why = provider(told("hangs", limits={"provider_seconds": 0.5}))
    assert state == "broken"
    assert "took longer than" in why


@pytest.mark.parametrize(
    ("what", "status", "reason"),
    [
        ("not a number", "error", "gave nan, which is not a number to rely on"),
        ("no value", "error", "gave a float, not a Value"),
        ("failed", "error", "the tool gave up"),
        ("undefined", "not_evaluated", "one class only"),
    ],
)
def test_one_number_that_cannot_be_relied_on_leaves_the_others(told: Told, what: str, status: str, reason: str) -> None:
    found = of(told(what))
    assert found[None, "current"].value == 3.0
    bad = found["city", "current"]
    assert (bad.value, bad.status) == (None, status)
    assert reason in str(bad.reason)


def test_what_is_wrong_in_the_users_settings_ends_the_assessment(told: Told) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        told("blames user")


def test_a_number_of_another_tool_is_not_shared(told: Told) -> None:
    shared = of(told("good").shared())[None, "current"]
    assert (shared.value, shared.n, shared.status) == (None, 0, "not_evaluated")
    assert "another tool measured it" in str(shared.reason)
