"""Evidence: states, measurements and verdicts of one assessment in one self-contained JSON document."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from dte_panel.errors import InputError
from dte_panel.model import Cohort, Measurement, Verdict, VerdictWord
from dte_panel.states import Binned, Moments, Profiled, Scored, State, Table

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "dte-panel/evidence/1"
#: Kind of reduction to the class of its state, for the states that are written down.
STATE_CLASSES: dict[str, type[Table | Binned | Scored | Profiled | Moments]] = {
    "Counts": Table,
    "Categories": Table,
    "Histogram": Binned,
    "Scores": Scored,
    "Profile": Profiled,
    "Sums": Moments,
}


@dataclass(frozen=True)
class StateRecord:
    """A state and what it is the state of.

    Attributes
    ----------
    kind : str
        Name of the reduction.
    columns : tuple of str
        Roles that were reduced.
    column : str or None
        The column, for reductions that make one state per column.
    window : str
    cohort : Cohort
    state : State
    """

    kind: str
    columns: tuple[str, ...]
    column: str | None
    window: str
    cohort: Cohort
    state: State

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        state: Any = self.state
        return {
            "kind": self.kind,
            "columns": list(self.columns),
            "column": self.column,
            "window": self.window,
            "cohort": dict(self.cohort),
            "state": state.to_json(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The record that :meth:`to_json` wrote."""
        state = STATE_CLASSES[document["kind"]].from_json(document["state"])
        return cls(**{**document, "columns": tuple(document["columns"]), "state": state})


@dataclass(frozen=True)
class Evidence:
    """What was measured, on what, by what, and what the policy says of it.

    Attributes
    ----------
    subject, use_case, spec, policy, versions : mapping
        Plain JSON: who is judged, for which use, with which spec and policy, and the versions of all that took part.
    task : str
        "binary", "multiclass", "regression" or "none".
    verdict : str
        The worst verdict of the required checks.
    created : str
        UTC time in ISO form.
    data, providers : sequence of mapping
        Each source with rows and digest; each installed provider with version, state and reason.
    metrics : mapping
        ``<provider>.<id>`` to its definition.
    measurements, verdicts, states : sequence
    windows : sequence of str
        Starts of the windows, in order.
    cohorts : sequence of Cohort
    notes : sequence of str
        What was left out, in words.
    second_opinion : mapping
        How many numbers the reference libraries agree with, and each disagreement; empty where nobody asked.
    engine : mapping
        Seconds that reading and reducing the rows took.
    suppressed_below : int or None
        Cells under this size have been suppressed; ``None`` for local, exact evidence.
    """

    subject: Mapping[str, Any]
    verdict: VerdictWord
    measurements: Sequence[Measurement]
    verdicts: Sequence[Verdict]
    data: Sequence[Mapping[str, Any]]
    providers: Sequence[Mapping[str, Any]]
    created: str = ""
    task: str = "none"
    use_case: Mapping[str, Any] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    states: Sequence[StateRecord] = ()
    windows: Sequence[str] = ()
    cohorts: Sequence[Cohort] = ()
    notes: Sequence[str] = ()
    second_opinion: Mapping[str, Any] = field(default_factory=dict)
    engine: Mapping[str, Any] = field(default_factory=dict)
    suppressed_below: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; the shape is a contract (``docs/evidence.schema.json``)."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            "schema": SCHEMA,
            **plain,
            "measurements": [m.to_json() for m in self.measurements],
            "verdicts": [v.to_json() for v in self.verdicts],
            "states": [s.to_json() for s in self.states],
            "cohorts": [dict(c) for c in self.cohorts],
        }

    def dumps(self) -> str:
        """Canonical JSON: sorted keys, no spaces, UTF-8; the same evidence gives the same bytes."""
        return canonical(self.to_json())

    def digest(self) -> str:
        """SHA-256 of the canonical JSON without what changes from run to run (time stamps and durations)."""
        document = self.to_json()
        del document["created"], document["engine"]
        document["providers"] = [{k: v for k, v in p.items() if k != "seconds"} for p in document["providers"]]
        return hashlib.sha256(canonical(document).encode()).hexdigest()

    def file_bytes(self) -> bytes:
        """What :meth:`write` writes."""
        return (self.dumps() + "\n").encode()

    def write(self, path: str | Path) -> None:
        """Write the canonical JSON; a file that stands there is replaced whole or not at all."""
        write_whole(path, self.file_bytes())

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The evidence that :meth:`to_json` wrote."""
        fields = {k: v for k, v in document.items() if k in cls.__dataclass_fields__}
        fields["measurements"] = [Measurement.from_json(m) for m in document["measurements"]]
        fields["verdicts"] = [Verdict.from_json(v) for v in document["verdicts"]]
        fields["states"] = [StateRecord.from_json(s) for s in document.get("states", ())]
        return cls(**fields)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a file that :meth:`write` wrote.

        Raises
        ------
        InputError
            No such file, not JSON, or not evidence of this schema.
        """
        try:
            return cls.loads(Path(path).read_bytes(), str(path))
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from error

    @classmethod
    def loads(cls, data: bytes, where: str) -> Self:
        """Read what a file holds; ``where`` is its name, for complaints.

        Raises
        ------
        InputError
            Not JSON, or not evidence of this schema.
        """
        try:
            document = json.loads(data.decode())
        except (ValueError, RecursionError) as error:
            raise InputError("is not JSON", where=where, hint="Write evidence with dte-panel assess --out") from error
        schema = document.get("schema") if isinstance(document, dict) else None
        if schema != SCHEMA:
            raise InputError(f"is not evidence of schema {SCHEMA} but {schema!r}", where=where)
        try:
            return cls.from_json(document)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"is damaged ({type(error).__name__}: {error})", where=where) from error

    def frame(self) -> pd.DataFrame:
        """The measurements as a tidy table, one row each; the cohort as text, gaps with their two groups."""
        import pandas as pd

        verdicts = {self._place(v.measurement): v.verdict for v in self.verdicts if v.measurement}
        rows = [
            {
                **{k: v for k, v in m.to_json().items() if k not in ("groups", "detail")},
                "cohort": cohort_text(m.cohort),
                "across": m.across,
                "adjusted": m.adjusted,
                "groups": " and ".join(cohort_text(g) for g in m.groups),
                "verdict": verdicts.get(self._place(m)),
            }
            for m in self.measurements
        ]
        return pd.DataFrame(rows)

    @staticmethod
    def _place(m: Measurement) -> tuple[Any, ...]:
        return m.metric, m.window, tuple(sorted(m.cohort.items())), m.column, m.across

    def shared(self, k: int | None = None) -> Self:
        """The evidence as it may leave the machine: cells under ``k`` rows suppressed (default: the spec's, or 5)."""
        from dte_panel.suppression import suppress

        least = k or int(self.spec.get("limits", {}).get("share_min_cell", 5))
        if (self.suppressed_below or 0) >= least:
            # What is gone can be counted no more: a second look would see less of what to hide.
            return self
        return replace(self, **suppress(self, least), suppressed_below=least)


def write_whole(path: str | Path, data: bytes) -> None:
    """Write a file; one that stands there is replaced whole or not at all.

    Raises
    ------
    InputError
        It cannot be written.
    """
    target = Path(path)
    # A name of its own, so that two writers at once do not meet; the file's mode follows the umask.
    part = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise InputError(f"cannot be written ({error.strerror})", where=str(path)) from error


def canonical(document: Any) -> str:
    """JSON with sorted keys and no spaces; refuses NaN and infinities.

    Examples
    --------
    >>> canonical({"b": 1, "a": [None, 0.5]})
    '{"a":[null,0.5],"b":1}'
    """
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def cohort_text(cohort: Cohort) -> str:
    """A cohort in words.

    Examples
    --------
    >>> cohort_text({"sex": "Female", "race": None})
    'sex: Female, race: missing'
    """
    parts = (f"{column}: {'missing' if value is None else value}" for column, value in cohort.items())
    return ", ".join(parts) or "all rows"


def place(found: Measurement | Verdict) -> str:
    """What a number or a check was made of, in words: column, cohort, gap, window."""
    parts = [
        found.column or "",
        cohort_text(found.cohort) if found.cohort else "",
        f"across {found.across}" if found.across else "",
        "" if found.window == "current" else f"window {found.window}",
    ]
    return ", ".join(filter(None, parts)) or "all rows"


def in_order(
    measurements: Iterable[Measurement], groups: Mapping[str, Sequence[str | None]] = MappingProxyType({})
) -> list[Measurement]:
    """Measurements in the order of the document: by metric, column, window, cohort.

    Groups of a column stand as in ``groups``, such as bands as they ascend; else by name. NULL is last.
    """
    ranked = cohort_order(groups)
    return sorted(
        measurements,
        key=lambda m: (
            m.metric,
            m.column or "",
            m.window,
            len(m.cohort),
            ranked(m.cohort),
            m.across or "",
        ),
    )


def cohort_order(groups: Mapping[str, Sequence[str | None]]) -> Callable[[Cohort], list[tuple[str, bool, int, str]]]:
    """The key that sorts cohorts of the same columns."""
    ranks = {column: {value: i for i, value in enumerate(values)} for column, values in groups.items()}
    return lambda cohort: [
        (k, v is None, ranks.get(k, {}).get(v, 0), v or "") for k, v in sorted(cohort.items(), key=lambda item: item[0])
    ]
