"""The page of the Python API: every block runs, in order, and prints what stands under it."""

from __future__ import annotations

import contextlib
import inspect
import io
import re
from pathlib import Path
from typing import Any

import pytest

import dte_panel

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
#: A block of code and, where it prints, the block of text right below it.
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.M | re.S)


@pytest.mark.slow
def test_every_block_prints_what_stands_under_it() -> None:
    names: dict[str, Any] = {}
    found = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(found) > 10
    for code, text in found:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 - a page of our own
        assert printed.getvalue() == text, code


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE.read_text(encoding="utf-8")):
        assert (PAGE.parent / target).exists(), target


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
