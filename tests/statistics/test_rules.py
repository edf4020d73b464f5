"""The pages of the rules: what stands in them is what their scripts print, and the tests they name are there."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from dte_panel.spec import read_policy

ROOT = Path(__file__).parents[2]
RULES = ROOT / "docs" / "rules"
PAGES = sorted(page for page in RULES.glob("*.md") if page.name != "README.md")
_TEST = re.compile(r"`([\w/.-]+\.py)::(test_\w+)`")


def runner() -> Any:
    found = importlib.util.spec_from_file_location("rules_run", RULES / "run.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def functions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("page", [RULES / "README.md", *PAGES], ids=lambda page: page.stem)
def test_the_tests_that_a_rule_names_are_there(page: Path) -> None:
    named = _TEST.findall(page.read_text())
    assert named
    for path, name in named:
        assert name in functions(ROOT / path), f"{page.name}: {path} has no {name}"


def test_the_table_has_every_page_with_the_tests_that_stand_in_it() -> None:
    rows = [line for line in (RULES / "README.md").read_text().splitlines() if line.startswith("| [")]
    table = {re.findall(r"\]\((\S+?)\)", row)[0]: set(_TEST.findall(row)) for row in rows}
    assert table == {page.name: set(_TEST.findall(page.read_text())) for page in PAGES}


def test_every_rule_has_its_simulation() -> None:
    scripts = {path.name for path in RULES.glob("*.py")} - {"run.py", "providers.py"}
    assert sorted(s for page in PAGES for s in re.findall(r"<!-- output of (\S+) -->", page.read_text())) == sorted(
        scripts
    )


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_its_script_prints(page: Path) -> None:
    assert runner().current(page) == page.read_text(), "run: uv run python docs/rules/run.py"


def test_the_default_policy_sets_no_bound_for_a_p_value() -> None:
    assert [c.metric for c in read_policy("default").checks if "pvalue" in c.metric] == []


def test_we_do_not_promise_what_no_check_can_say() -> None:
    """No title, definition or sentence on a page calls data or a model fair, unbiased or safe."""
    promise = re.compile(r"\b(?:is|are|model|data|dataset) (?:fair|unbiased|safe|trustworthy)\b", re.IGNORECASE)
    texts = {path: path.read_text() for part in ("dte_panel", "plugins") for path in (ROOT / part).rglob("src/**/*.py")}
    texts |= {path: path.read_text() for path in (ROOT / "dte_panel").rglob("*.py")}
    assert len(texts) > 50
    assert {
        str(path.relative_to(ROOT)): promise.findall(text) for path, text in texts.items() if promise.search(text)
    } == {}
