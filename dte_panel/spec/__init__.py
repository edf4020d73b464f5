"""trust.yaml to a :class:`Spec`: the one boundary where pydantic looks at what a person typed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dte_panel.errors import InputError, did_you_mean
from dte_panel.spec.document import Document, KeyPath, key_text, read_document
from dte_panel.spec.fields import Data, Every, Limits, Part, Roles, Spec, Subject, UseCase, Windows
from dte_panel.spec.policies import PolicyFile, policy_names, read_policy

__all__ = [
    "Data",
    "Document",
    "Every",
    "Limits",
    "Part",
    "Roles",
    "Spec",
    "Subject",
    "UseCase",
    "Windows",
    "check_columns",
    "json_schema",
    "policy_names",
    "read",
    "read_policy",
]


def read(path: str | Path) -> Spec:
    """Read ``trust.yaml``.

    Parameters
    ----------
    path : str or Path
        The file. Relative paths inside it are resolved against its folder.

    Raises
    ------
    InputError
        With file, key path, line and the nearest valid key, for whatever is wrong.

    Examples
    --------
    >>> from dte_panel.errors import InputError
    >>> try:
    ...     read("nowhere.yaml")
    ... except InputError as error:
    ...     print(error)
    nowhere.yaml: the file does not exist
    """
    document = read_document(Path(path), str(path), _typed)
    spec = Spec.from_document(document, Path(path).parent)
    read_policy(spec.policy, spec.base, document)  # complain of the policy before any data is read
    return spec


def _typed(path: KeyPath) -> bool:
    return path[:1] == ("plugins",) or path == ("roles", "positive")


def check_columns(spec: Spec, columns: Iterable[str], where: str) -> None:
    """Refuse a role or a type for a column that the data does not have.

    Parameters
    ----------
    spec : Spec
    columns : iterable of str
        The columns of one source.
    where : str
        Its name, such as ``reference.parquet``.

    Raises
    ------
    InputError
        "reference.parquet: column 'lable' (roles.label) does not exist. Did you mean 'label'?"
    """
    present = list(columns)
    wanted = [*spec.roles.named(), *((("types", column), column) for column in spec.types)]
    for path, column in wanted:
        if column not in present:
            key = key_text(part for part in path if isinstance(part, str))
            message = f"column '{column}' ({key}) does not exist"
            raise InputError(message, where=where, hint=did_you_mean(column, present))


def json_schema() -> dict[str, Any]:
    """JSON Schema of trust.yaml, for editors."""
    schema, policy = Spec.model_json_schema(), PolicyFile.model_json_schema()
    schema["$defs"] |= policy.pop("$defs") | {"PolicyFile": policy}
    schema["properties"]["policy"]["anyOf"] = [{"type": "string"}, {"$ref": "#/$defs/PolicyFile"}]
    for part in (schema, *schema["$defs"].values()):
        for name, rule in part["properties"].items():
            # a key without a value counts as left out
            if name not in part.get("required", ()) and {"type": "null"} not in rule.get("anyOf", ()):
                part["properties"][name] = _or_nothing(rule)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "trust.yaml of DTE Panel"}


def _or_nothing(rule: dict[str, Any]) -> dict[str, Any]:
    about = {key: rule[key] for key in ("title", "description", "default") if key in rule}
    bare = {key: value for key, value in rule.items() if key not in about}
    return about | {"anyOf": [bare, {"type": "null"}]}
