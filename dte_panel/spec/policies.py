"""Policies from a name, a file or the spec itself, with each check looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_type_hints

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, create_model

from dte_panel.checks import Check, Policy, Waiver
from dte_panel.errors import InputError, did_you_mean
from dte_panel.policy import validate as validate_check
from dte_panel.spec.complaints import together, validate
from dte_panel.spec.document import Document, KeyPath, read_document
from dte_panel.spec.fields import Names, Part, _date, _one_or_more

_METRIC = re.compile(r"[a-z][a-z0-9_-]*\.[a-z][a-z0-9_]*")


def _metric(value: str) -> str:
    if not _METRIC.fullmatch(value):
        raise ValueError(f"must be provider.metric, such as drift.population_stability_index; it is '{value}'")
    return value


_Kinds = Annotated[tuple[Literal["model", "dataset"], ...], BeforeValidator(_one_or_more)]
_Tasks = Annotated[tuple[Literal["binary", "multiclass", "regression", "none"], ...], BeforeValidator(_one_or_more)]
#: What a field of a check must look like beyond the type that model.Check gives it.
_SHARPER: dict[str, Any] = {
    "metric": Annotated[str, AfterValidator(_metric)],
    "min_n": Annotated[int, Field(ge=0)],
    "columns": Names,
    "kinds": _Kinds,
    "tasks": _Tasks,
}


def _check_model() -> type[BaseModel]:
    """The fields of model.Check, closed: a field added there is a key here without more ado."""
    hints = get_type_hints(Check)
    shape: dict[str, Any] = {
        f.name: (_SHARPER.get(f.name, hints[f.name]), ... if f.default is MISSING else f.default) for f in fields(Check)
    }
    return create_model("PolicyCheck", __base__=Part, __doc__="A metric, a bound and a scope.", **shape)


_CheckFields = _check_model()


class _WaiverFields(Part):
    """Someone answers for a check that does not pass, for a while; its verdict stays what it is."""

    metric: Annotated[str, AfterValidator(_metric)]
    """The check, as provider.metric."""
    columns: Names = ()
    """Only these columns; without it every column."""
    who: Annotated[str, Field(min_length=1)]
    """Who answers for it."""
    reason: Annotated[str, Field(min_length=1)]
    """Why."""
    until: Annotated[date, BeforeValidator(_date)]
    """The last day."""


class PolicyFile(Part):
    """The checks that a use must pass."""

    id: Annotated[str, Field(min_length=1)] | None = None
    """Short name; the file's name by default."""
    title: str | None = None
    """Name for people."""
    citation: str = ""
    """Where the bounds come from."""
    valid_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """How many days a certificate under this policy may be valid; 90 by default."""
    extends: str | None = None
    """A policy whose checks hold too: a name, or a path relative to this file."""
    without: Names = ()
    """Metrics whose checks are not taken over from the extended policy."""
    checks: tuple[_CheckFields, ...] = ()  # type: ignore[valid-type]
    """The checks; one of the same metric and columns takes the place of the extended policy's."""
    waivers: tuple[_WaiverFields, ...] = ()
    """Who answers for what does not pass, until when."""


def policy_names() -> list[str]:
    """Names of the policies that come with DTE Panel."""
    folder = files("dte_panel").joinpath("data", "policies")
    return sorted(f.name.removesuffix(".yaml") for f in folder.iterdir()) if folder.is_dir() else []


def read_policy(ref: str | Mapping[str, Any], base: Path | None = None, document: Document | None = None) -> Policy:
    """Read the policy that a spec asks for.

    Parameters
    ----------
    ref : str or mapping
        A name (``default``), a path to a YAML file, or the content itself.
    base : Path, optional
        The folder that a relative path is resolved against.
    document : Document, optional
        The spec that ``ref`` stands in, for line numbers.
    """
    outer = document or Document({}, "")
    if isinstance(ref, Mapping):
        return _policy(Document(ref, outer.where, outer.lines, ("policy",)), "inline", base or Path(), ())
    return _named(ref, base or Path(), outer, ("policy",), ())


def _named(ref: str, base: Path, outer: Document, key: KeyPath, seen: tuple[str, ...]) -> Policy:
    """The policy of a name or a path that stands in ``outer`` under ``key``."""
    if "/" in ref or "\\" in ref or ref.endswith((".yaml", ".yml")):
        path = base / ref
        identity = str(path.resolve())
        if identity in seen:
            raise outer.complain(key, f"'{ref}' extends itself")
        document = read_document(path, ref)
        made = _policy(document, path.stem, path.parent, (*seen, identity))
        return replace(made, file_sha256=document.sha256)
    if ref not in (names := policy_names()):
        hint = did_you_mean(ref, names) + ". A path to a file ends in .yaml or holds a /"
        raise outer.complain(key, f"there is no policy '{ref}'", hint)
    source = files("dte_panel").joinpath("data", "policies", f"{ref}.yaml")
    return _policy(read_document(cast(Path, source), f"policy {ref}"), ref, Path(), seen)


def _policy(document: Document, name: str, folder: Path, seen: tuple[str, ...]) -> Policy:
    content = validate(PolicyFile, document)
    own = tuple(Check(**check.model_dump()) for check in cast(tuple[BaseModel, ...], content.checks))
    problems = [document.complain(*problem) for problem in _bad_bounds(own)]
    if not {"checks", "extends"} & content.model_fields_set:
        problems.append(document.complain(("checks",), "a policy has checks, or extends one that has"))
    if problems:
        raise together(problems)
    parent = _named(content.extends, folder, document, ("extends",), seen) if content.extends else None
    identity = content.id or name
    return Policy(
        id=identity,
        title=content.title or identity,
        checks=(*_kept(parent, own, content.without, document), *own),
        citation=content.citation,
        valid_days=content.valid_days or (parent.valid_days if parent else 90),
        waivers=tuple(Waiver(**w.model_dump(mode="json") | {"columns": w.columns}) for w in content.waivers),
    )


def _kept(parent: Policy | None, own: tuple[Check, ...], without: tuple[str, ...], document: Document) -> list[Check]:
    """The checks of the extended policy that hold on."""
    checks = parent.checks if parent else ()
    metrics = {check.metric for check in checks}
    for i, metric in enumerate(without):
        if metric not in metrics:
            message = f"the extended policy has no check of '{metric}'"
            raise document.complain(("without", i), message, did_you_mean(metric, metrics))
    replaced = {(check.metric, check.columns) for check in own}
    return [c for c in checks if c.metric not in without and (c.metric, c.columns) not in replaced]


def _bad_bounds(checks: tuple[Check, ...]) -> Iterator[tuple[KeyPath, str, str]]:
    for i, check in enumerate(checks):
        try:
            validate_check(check)
        except InputError as error:
            yield ("checks", i), error.message, error.hint
