"""The page of metrics: written from the definitions, safe whatever they hold."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dte_panel import Comparison, Counts, Facts, Metric, Value, difference

ROOT = Path(__file__).parents[1]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("catalogue", ROOT / "docs" / "catalogue.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CATALOGUE = load()
RATE = Metric(
    id="rate",
    title="Rate | of <b>all</b>",
    definition="Share of rows with *a* `prediction` [x](javascript:alert(1)).\nUndefined without rows.",
    formula="P(a = `1` | b)",
    source="1. Wilson (1927)",
    reduce=Counts("prediction"),
    finish=lambda counts: counts.share(prediction=1),
    range=(0.0, 1.0),
    better="nearer",
    unit="share",
    interval="Wilson",
    tasks=("binary", "none"),
    aliases=("selection_rate", "impact"),
    group="rates",
)
GAP = difference(RATE, id="rate_gap", title="Gap", formula="max − min", source="Fairlearn", group="gaps", version=3)
TOLD = Metric(id="told", title="Told", definition="Told.", reduce=Facts(), finish=lambda facts: Value(1.0), group="x")
MADE_UP = {"echo": (RATE, GAP), "tell": (TOLD,)}


def test_every_metric_has_an_entry_and_a_link_that_leads_to_it() -> None:
    page = CATALOGUE.page(MADE_UP)
    anchors = re.findall(r'<a id="([^"]+)"></a>', page)
    assert anchors == ["echo.rate", "echo.rate_gap", "tell.told"]
    assert re.findall(r"\]\(#([^)]+)\)", page) == anchors
    assert "3 in all" in page
    assert [line for line in page.splitlines() if line.startswith("### ")] == [
        "### echo: rates",
        "### echo: gaps",
        "### tell: x",
    ]


def test_an_entry_says_what_the_definition_says() -> None:
    _, entry, gap, told = CATALOGUE.page(MADE_UP).split("<a id=")
    assert "version 1" in entry
    assert "* Range: 0 to 1, share" in entry
    assert "* Better: nearer to each other" in entry
    assert "* 95 % interval: Wilson" in entry
    assert "* Reads: Counts(prediction)" in entry
    assert "* Tasks: binary, none" in entry
    assert "* Also called: selection_rate; impact" in entry
    assert "* Measured for: all rows, each window, each cohort" in entry
    assert "version 3" in gap
    assert "* Reads: Counts(prediction); across groups" in gap
    assert "* 95 % interval: none" in told
    assert "* Reads: what the spec says of itself" in told
    assert "Tasks" not in told


@pytest.mark.parametrize(
    "change",
    [
        {"definition": "Another."},
        {"formula": "x"},
        {"source": "y"},
        {"version": 2},
        {"range": (0.0, None)},
        {"interval": "bootstrap"},
        {"better": "lower"},
        {"aliases": ()},
        {"group": "other"},
        {"title": "T"},
        {"tasks": ("binary",)},
        {"reduce": Counts("label", "prediction")},
        {"windows": False},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_change_of_a_definition_changes_the_page(change: dict[str, Any]) -> None:
    fields = {name: getattr(RATE, name) for name in Metric.__dataclass_fields__}
    changed = Metric(**{**fields, **change})
    assert CATALOGUE.page({"echo": (changed,)}) != CATALOGUE.page({"echo": (RATE,)})


def test_what_a_definition_holds_cannot_leave_its_place() -> None:
    entry = CATALOGUE.page({"echo": (RATE,)})
    assert "<b>" not in entry
    assert r"\[x\](javascript" in entry
    assert "\nUndefined without rows" not in entry
    assert "`` P(a = `1` | b) ``" in entry
    row = next(line for line in entry.splitlines() if line.startswith("| [rate]"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 5


@pytest.mark.parametrize("text", ["1. x", "- x", "+ x", "# x", "> x", "= x", "2) x"])
def test_no_text_begins_a_block(text: str) -> None:
    assert not re.match(r"(\d+[.)]|[-+=#>]) ", CATALOGUE.escape(text))


def test_words_with_underscores_stay_as_they_are() -> None:
    assert CATALOGUE.escape("a_b _c_ d__e") == r"a_b \_c\_ d__e"


def test_code_keeps_its_backticks() -> None:
    assert CATALOGUE.code("``x``") == "``` ``x`` ```"
    assert CATALOGUE.code("") == ""


def test_the_official_providers_are_all_there() -> None:
    found = CATALOGUE.official()
    assert {"drift", "fairness", "guardrails", "performance"} <= set(found)
    assert "echo" not in found
    page = CATALOGUE.page(found)
    names = [f"{provider}.{m.id}" for provider, metrics in found.items() for m in metrics]
    assert sorted(re.findall(r'<a id="([^"]+)"></a>', page)) == sorted(names)
    assert any(isinstance(m, Comparison) for m in found["fairness"])


def test_every_official_metric_says_all_there_is_to_know() -> None:
    page = CATALOGUE.page(CATALOGUE.official())
    for entry in page.split("<a id=")[1:]:
        name = entry.partition('"></a>')[0]
        for label in ("Formula", "Range", "Better", "95 % interval", "Reads", "Measured for", "Source"):
            assert re.search(rf"^\* {label}: \S", entry, re.M), f"{name} says no {label.lower()}"
        assert re.search(r"^\*\*.+\*\*, version \d+\. \S", entry, re.M), f"{name} has no definition"


def test_a_stale_page_is_told_with_the_command_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(CATALOGUE, "PAGE", tmp_path / "metrics.md")
    monkeypatch.setattr(CATALOGUE, "official", lambda: MADE_UP)
    assert CATALOGUE.main(["--check"]) == 1
    assert "uv run python docs/catalogue.py" in capsys.readouterr().err
    assert CATALOGUE.main() == 0
    assert CATALOGUE.main(["--check"]) == 0
    monkeypatch.setattr(CATALOGUE, "official", lambda: {"tell": (TOLD,)})
    assert CATALOGUE.main(["--check"]) == 1


def test_the_page_of_metrics_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert CATALOGUE.main(["--check"]) == 0, capsys.readouterr().err
