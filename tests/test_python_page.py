"""The pages with code: every block runs, in order, and prints what stands under it."""

from __future__ import annotations

import contextlib
import inspect
import io
import re
from pathlib import Path
from typing import Any

import pytest

import dte_panel

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [DOCS / "python.md", DOCS / "engine.md"]
#: A block of code and, where it prints, the block of text right below it.
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.M | re.S)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_prints_what_stands_under_it(page: Path) -> None:
    names: dict[str, Any] = {}
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    assert len(found) >= 3
    for code, text in found:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(page), "exec"), names)  # noqa: S102 - a page of our own
        assert printed.getvalue() == text, code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("name", dte_panel.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    """A numpydoc docstring: what it is, and each parameter or attribute that it has of its own."""
    thing = getattr(dte_panel, name)
    text = inspect.getdoc(thing) or ""
    assert text
    headings = [re.fullmatch(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: : .*)?", line) for line in text.splitlines()]
    told = {part.strip("* ") for found in headings if found for part in found[1].split(",")}
    fields = set(getattr(thing, "__dataclass_fields__", ()))
    if isinstance(thing, type):
        # What a base class has, its docstring says.
        fields -= {f for base in thing.__mro__[1:] for f in getattr(base, "__dataclass_fields__", ())}
    elif inspect.isfunction(thing):
        fields = set(inspect.signature(thing).parameters)
    assert fields <= told
