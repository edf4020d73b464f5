"""pydantic's findings in our words: file, key path, line, what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from dte_panel.errors import InputError, did_you_mean
from dte_panel.spec.document import Document, KeyPath

Model = TypeVar("Model", bound=BaseModel)

_SHOWN = 5
_WORDS = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must hold keys and values",
    "model_type": "must hold keys and values",
    "model_attributes_type": "must hold keys and values",
    "missing": "is missing",
    "string_too_short": "must not be empty",
}
_LIMITS = {
    "greater_than": "above",
    "greater_than_equal": "at least",
    "less_than_equal": "at most",
    "less_than": "below",
}


def validate(model: type[Model], document: Document) -> Model:
    """Build ``model`` from the document, or raise one InputError that names every problem."""
    try:
        return model.model_validate(dict(document.value))
    except ValidationError as error:
        found = error.errors(include_url=False)
    raise together([_complaint(model, document, problem) for problem in found])


def together(errors: list[InputError]) -> InputError:
    """Make one error of several, a line each."""
    if len(errors) == 1:
        return errors[0]
    lines = [str(error) for error in errors[:_SHOWN]]
    if len(errors) > _SHOWN:
        lines.append(f"and {len(errors) - _SHOWN} more problems")
    return InputError("\n".join(lines))


def _complaint(model: type[BaseModel], document: Document, problem: Mapping[str, Any]) -> InputError:
    path: KeyPath = tuple(problem["loc"])
    kind, given, context = problem["type"], problem["input"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        return document.complain(path, "there is no such key", did_you_mean(str(path[-1]), _keys(model, path[:-1])))
    if kind == "value_error":
        return document.complain(path, str(context["error"]))
    if kind == "literal_error":
        valid = str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        near = did_you_mean(given, valid) if isinstance(given, str) else ""
        hint = near if near.startswith("Did") else ""  # the valid words stand in the message
        return document.complain(path, f"must be one of {', '.join(valid)}; it is {_shown(given)}", hint)
    if kind in _LIMITS:
        limit = next(iter(context.values()))
        return document.complain(path, f"must be {_LIMITS[kind]} {limit:g}; it is {_shown(given)}")
    if kind == "too_short":
        return document.complain(
            path, f"must have {context['min_length']} entries or more, not {context['actual_length']}"
        )
    words = _WORDS.get(kind) or problem["msg"][:1].lower() + problem["msg"][1:]
    return document.complain(path, words if kind == "missing" else f"{words}; it is {_shown(given)}")


def _shown(value: object) -> str:
    """What the user gave, short and in the words of YAML."""
    if isinstance(value, Mapping):
        return "a group of keys"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    return "empty" if value is None else f"'{text[:40]}…'" if len(text) > 40 else f"'{text}'"


def _keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Valid keys at a key path, found by walking the fields' types."""
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            model = _inner(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _inner(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(_inner, get_args(annotation)) if found), None)
