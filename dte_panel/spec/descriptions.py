"""What an editor shows for a key: the docstring of its field."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from typing import Any, cast

from pydantic import BaseModel


def describe(schema: dict[str, Any], kind: type[BaseModel]) -> None:
    """Put the docstrings of the fields into a JSON Schema: read when one is asked for, not whenever we start."""
    if kind.__name__ not in vars(inspect.getmodule(kind) or kind):
        return  # made without a source of its own
    (made,) = ast.parse(inspect.getsource(kind)).body
    for field, about in pairwise(cast(ast.ClassDef, made).body):
        if isinstance(field, ast.AnnAssign) and isinstance(about, ast.Expr) and isinstance(about.value, ast.Constant):
            schema["properties"][ast.unparse(field.target)]["description"] = inspect.cleandoc(str(about.value.value))
