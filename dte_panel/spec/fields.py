"""The keys of trust.yaml as frozen pydantic models. The docstring of a field is what an editor shows for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    PrivateAttr,
    WithJsonSchema,
    model_validator,
)

from dte_panel.errors import InputError, did_you_mean
from dte_panel.spec.complaints import together, validate
from dte_panel.spec.descriptions import describe
from dte_panel.spec.document import Document, KeyPath

Unit = Literal["hour", "day", "week", "month", "quarter", "year"]
ColumnType = Literal["numeric", "categorical", "text"]
Positive = bool | int | float | str

UNITS: tuple[Unit, ...] = ("hour", "day", "week", "month", "quarter", "year")
SINGLE_ROLES = ("label", "prediction", "score", "time", "id", "prediction_low", "prediction_high")
LIST_ROLES = ("sensitive", "control", "text", "ignore", "features")
_EVERY = re.compile(r"(?:(\d{1,6})\s*)?([a-z]+?)s?", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Every:
    """The length of a window."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'s' if self.count > 1 else ''}"


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _every(value: object) -> Every:
    if isinstance(value, Every):
        return value
    match = _EVERY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or match[2].lower() not in UNITS or match[1] == "0" * len(match[1] or ""):
        raise ValueError(f"must be a length of time such as '2 weeks' ({', '.join(UNITS)}); it is '{value}'")
    return Every(int(match[1] or 1), cast(Unit, match[2].lower()))


def _date(value: object) -> object:
    # pydantic would take "2018" for seconds since 1970
    if isinstance(value, str):
        try:
            return date.fromisoformat(value if _DATE.fullmatch(value) else "")
        except ValueError:
            raise ValueError(f"must be a date such as 2018-10-28; it is '{value}'") from None
    if not isinstance(value, date):
        raise ValueError(f"must be a date such as 2018-10-28; it is '{value}'")
    return value


def _positive(value: object) -> Positive:
    value = value.item() if hasattr(value, "item") else value  # a scalar of numpy
    if isinstance(value, bool | int | float | str):
        return value
    raise ValueError("must be one value of the label: text, a number, true or false")


def _ascending(edges: tuple[float, ...]) -> tuple[float, ...]:
    if any(a >= b for a, b in pairwise(edges)):
        raise ValueError("the edges of bands must ascend, such as [25, 40, 65]")
    return edges


_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_more), WithJsonSchema(_TEXTS)]
_LENGTH = {"type": "string", "examples": ["1 year", "2 weeks", "30 days", "1 month", "1 quarter", "12 hours"]}


class Part(BaseModel):
    """A group of keys: closed, frozen, and a key without a value is as good as left out."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, json_schema_extra=describe)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        return {key: value for key, value in data.items() if value is not None or key not in cls.model_fields}


class Subject(Part):
    """What is judged."""

    name: Annotated[str, Field(min_length=1)]
    """Short name of the dataset or model."""
    kind: Literal["model", "dataset"] = "model"
    """What it is."""
    version: Annotated[str, WithJsonSchema({"type": ["string", "number"]})] | None = None
    """Its version."""
    owner: str | None = None
    """Who answers for it."""
    purpose: str | None = None
    """What it is for."""
    limits: str | None = None
    """What it must not be used for, and what is known to be missing."""
    provenance: str | None = None
    """Where the data comes from."""
    file: str | None = None
    """The model's file; its SHA-256 stands in the evidence, and a certificate holds for this file alone."""


class Costs(Part):
    """What each outcome of a yes-or-no decision costs, in one unit; what is left out costs nothing."""

    true_positive: float = 0.0
    """A positive that is found; a gain is negative."""
    false_positive: float = 0.0
    """A negative that is taken for a positive."""
    false_negative: float = 0.0
    """A positive that is missed."""
    true_negative: float = 0.0
    """A negative that is left alone."""


class UseCase(Part):
    """What the subject is used for."""

    name: str | None = None
    """The use, such as benefits triage."""
    risk: Literal["low", "medium", "high"] | None = None
    """How much harm a wrong answer does."""
    value: str | None = None
    """What is at stake."""
    costs: Costs | None = None
    """What right and wrong decisions cost."""


class Data(Part):
    """Where the rows are: a file, a glob such as data/*.parquet, or a URL. Relative to this file."""

    current: Annotated[str, Field(min_length=1)]
    """The rows that are judged."""
    reference: Annotated[str, Field(min_length=1)] | None = None
    """The rows they are compared with."""


class Roles(Part):
    """Which column means what."""

    label: str | None = None
    """What was true."""
    prediction: str | None = None
    """What the model said: a class, or a number for a regression."""
    score: str | None = None
    """The model's probability of the positive class, 0 to 1."""
    positive: (
        Annotated[
            Positive,
            PlainValidator(_positive),
            WithJsonSchema({"type": ["string", "number", "boolean"]}),
        ]
        | None
    ) = None
    """The value of the label that counts as positive, such as 1 or "yes"."""
    sensitive: Names = ()
    """Columns that groups of people are made from, such as sex and race."""
    control: Names = ()
    """Columns within whose values groups are compared once more, such as department."""
    time: str | None = None
    """When the row happened: a date, a time stamp or a year."""
    id: str | None = None
    """What tells rows apart."""
    prediction_low: str | None = None
    """Lower end of a regression's prediction interval."""
    prediction_high: str | None = None
    """Upper end of a regression's prediction interval."""
    text: Names = ()
    """Free text."""
    ignore: Names = ()
    """Columns that are not looked at."""
    features: Names = ()
    """The model's inputs; without it, every column that has no other role."""

    def named(self) -> Iterator[tuple[KeyPath, str]]:
        """Each column that has a role, with its key path."""
        for role in SINGLE_ROLES:
            if (column := getattr(self, role)) is not None:
                yield ("roles", role), column
        for role in LIST_ROLES:
            for i, column in enumerate(getattr(self, role)):
                yield ("roles", role, i), column


class Windows(Part):
    """How time is cut."""

    every: Annotated[Every, PlainValidator(_every), PlainSerializer(str, return_type=str), WithJsonSchema(_LENGTH)]
    """Length of a window, such as 2 weeks."""
    start: Annotated[date, BeforeValidator(_date)] | None = None
    """A date on which a window starts."""


class Limits(Part):
    """What an assessment may cost and what may leave the machine."""

    provider_seconds: Annotated[float, Field(gt=0)] = 600.0
    """Time that one provider may take."""
    memory: Annotated[str, Field(pattern=r"^[1-9][0-9]* ?[MG]B$")] | None = None
    """Memory that the database may use, such as 512MB; default: most of what the machine has."""
    share_min_cell: Annotated[int, Field(ge=1)] = 5
    """Cells with fewer rows are hidden when evidence is shared."""


class Spec(Part):
    """What is judged, on which data, how."""

    subject: Subject
    use_case: UseCase = UseCase()
    data: Data
    roles: Roles = Roles()
    types: dict[str, ColumnType] = {}
    """Types of columns where the data leaves doubt."""
    windows: Windows | None = None
    label_matures: (
        Annotated[Every, PlainValidator(_every), PlainSerializer(str, return_type=str), WithJsonSchema(_LENGTH)] | None
    ) = None
    """Age at which a label can be relied on, such as 30 days; younger ones, by the newest row, count as missing."""
    cohorts: tuple[Annotated[tuple[str, ...], Field(min_length=2)], ...] = ()
    """Sensitive columns that are crossed, besides each alone."""
    bands: dict[str, Annotated[tuple[float, ...], Field(min_length=1), AfterValidator(_ascending)]] = {}
    """Edges that a numeric sensitive or control column is cut at: [25, 65] gives < 25, 25 to < 65 and >= 65."""
    plugins: dict[str, dict[str, Any]] = {}
    """Settings of each provider."""
    policy: Annotated[
        str | dict[str, Any],
        BeforeValidator(lambda value: value if isinstance(value, dict) else _name(value)),
    ] = "default"
    """A policy by name, a path to a policy file, or the checks themselves."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of everything random."""
    limits: Limits = Limits()
    cache: Annotated[str | None, Field(min_length=1, exclude=True)] = None
    """Folder that keeps what is learned of each Parquet file, so that only new files are read; ``auto``: the user's."""

    _base: Path = PrivateAttr(default_factory=Path)

    @property
    def base(self) -> Path:
        """The folder that relative paths are resolved against."""
        return self._base

    def locate(self, uri: str) -> str:
        """The path or URL to open for a data source as the user wrote it."""
        return uri if "://" in uri else str(self._base / uri)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON with the defaults filled in; sources stand as the user wrote them."""
        return self.model_dump(mode="json")

    @classmethod
    def from_document(cls, document: Document, base: Path) -> Spec:
        """Validate a document; raise one InputError for all that is wrong with it."""
        spec = validate(cls, document)
        problems = [document.complain(*problem) for problem in _contradictions(spec)]
        if problems:
            raise together(problems)
        spec._base = base
        return spec

    @classmethod
    def from_arguments(cls, **arguments: Any) -> Spec:
        """Build a spec without a file; the data is given to the engine separately.

        Parameters
        ----------
        **arguments
            Roles (``label``, ``prediction``, ``score``, ``positive``, ``sensitive``, ``time``, ``id``, ``text``,
            ``ignore``, ``features``), ``subject`` (a name or a mapping, "data" by default; a subject without
            prediction and score is a dataset), ``windows`` (a length such as "1 year" or a mapping), and the other
            keys of ``trust.yaml``. ``data`` only names the sources in the evidence.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        settings = set(cls.model_fields) - {"roles"}
        roles = {name: given.pop(name) for name in list(given) if name in Roles.model_fields}
        for name in given:
            if name not in settings:
                hint = did_you_mean(name, settings | set(Roles.model_fields))
                raise InputError(f"there is no argument '{name}'", where="assess()", hint=hint)
        subject = given.get("subject", "data")
        if isinstance(subject, str):
            subject = {"name": subject, "kind": "model" if {"prediction", "score"} & set(roles) else "dataset"}
        windows = given.get("windows")
        if isinstance(windows, str):
            given["windows"] = {"every": windows}
        value = {"data": {"current": "memory"}, **given, "subject": subject, "roles": roles}
        return cls.from_document(Document(value, "assess()"), Path())


def _name(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise ValueError("must be the name of a policy, a path to a policy file, or 'checks:'")


def _contradictions(spec: Spec) -> Iterator[tuple[KeyPath, str, str]]:
    """What is wrong between keys: key path, message, hint."""
    taken: dict[str, KeyPath] = {}
    for path, column in spec.roles.named():
        # a model may well use a sensitive column, the time or a text as an input
        allowed = {"sensitive", "control", "time", "text"} if path[1] == "features" else set()
        first = taken.setdefault(column, path)
        if first is not path and first[1] not in allowed:
            yield path, f"column '{column}' already is roles.{first[1]}", "A column has one role."
    for i, columns in enumerate(spec.cohorts):
        if len(set(columns)) < len(columns):
            yield ("cohorts", i), "crosses a column with itself", ""
        for column in sorted(set(columns) - set(spec.roles.sensitive)):
            hint = did_you_mean(column, spec.roles.sensitive) or "Add it to roles.sensitive."
            yield ("cohorts", i), f"column '{column}' is not in roles.sensitive", hint
    for column in spec.bands:
        if column not in (*spec.roles.sensitive, *spec.roles.control):
            hint = did_you_mean(column, (*spec.roles.sensitive, *spec.roles.control)) or "Name a column of either role."
            yield ("bands", column), f"column '{column}' is neither in roles.sensitive nor in roles.control", hint
    if spec.label_matures and spec.roles.time is None:
        yield ("label_matures",), "needs a column that says when a row happened", "Add roles.time."
    if spec.windows and spec.roles.time is None:
        yield ("windows",), "needs a column that says when a row happened", "Add roles.time, or remove windows."
