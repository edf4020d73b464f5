"""What a certificate says: an in-toto Statement v1 whose predicate is drawn from evidence, and from nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from dte_panel.errors import InputError
from dte_panel.evidence import Evidence, canonical
from dte_panel.model import Verdict
from dte_panel.policy import counts

STATEMENT = "https://in-toto.io/Statement/v1"
#: Described in docs/certificates.md.
PREDICATE = "urn:dte-panel:certificate:1"
Grade = Literal["full", "conditional"]
#: What ends a certificate before its time.
VOIDED_BY = (
    "a required check of a later assessment fails",
    "a later assessment has other columns, or columns of other types",
    "a later assessment is judged by another policy",
    "the certificate or its key is revoked",
)


@dataclass(frozen=True)
class Certificate:
    """A statement whose signature has been checked.

    Parameters
    ----------
    statement : mapping
        The in-toto statement.
    where : str
        The file it was read from, for complaints.

    Raises
    ------
    InputError
        The statement is of another kind, or lacks what a certificate has.
    """

    statement: Mapping[str, Any]
    where: str = "certificate"

    def __post_init__(self) -> None:
        if self.statement.get("_type") != STATEMENT or self.statement.get("predicateType") != PREDICATE:
            kind = self.statement.get("predicateType")
            raise InputError(f"is no certificate of DTE Panel: its predicate is {kind!r}", where=self.where)
        try:
            _ = self.issued, self.expires, self.subject, self.digests, self.says, self.evidence_digest, self.policy
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"is an incomplete certificate ({error})", where=self.where) from None

    @property
    def predicate(self) -> Mapping[str, Any]:
        """All that is certified."""
        return dict(self.statement["predicate"])

    @property
    def id(self) -> str:
        """SHA-256 of the statement: the certificate's name in a chain and in a list of revocations."""
        return digest(self.statement)

    @property
    def says(self) -> str:
        """The first line."""
        return str(self.predicate["says"])

    @property
    def subject(self) -> Mapping[str, Any]:
        """Name, kind, version and owner of what is certified."""
        return dict(self.predicate["subject"])

    @property
    def policy(self) -> Mapping[str, Any]:
        """Id, title and digests of the policy."""
        return dict(self.predicate["policy"])

    @property
    def grade(self) -> Grade:
        """Whether every required check passed."""
        return "full" if self.predicate["grade"] == "full" else "conditional"

    @cached_property
    def digests(self) -> dict[str, str]:
        """Name of each thing that the certificate is about to its SHA-256."""
        return {str(s["name"]): str(s["digest"]["sha256"]) for s in self.statement["subject"]}

    @property
    def evidence_digest(self) -> str:
        """SHA-256 of the evidence's file."""
        return self.digests["evidence"]

    @property
    def issued(self) -> datetime:
        """When it was signed."""
        return moment(self.predicate["issued"])

    @property
    def expires(self) -> datetime:
        """The first moment at which it is not valid any more."""
        return moment(self.predicate["expires"])


def statement(
    evidence: Evidence,
    *,
    grade: Grade,
    restrictions: Sequence[str],
    issued: datetime,
    days: int,
    issuer: str,
    previous: str | None,
) -> dict[str, Any]:
    """The statement about one assessment."""
    expires = issued + timedelta(days=days)
    told = {
        "says": _first_line(evidence, grade, expires),
        "grade": grade,
        "restrictions": list(restrictions),
        "issued": _text(issued),
        "expires": _text(expires),
        "issuer": issuer,
        "previous": previous,
        "voided_by": list(VOIDED_BY),
    }
    about = [{"name": name, "digest": {"sha256": sha}} for name, sha in digests(evidence).items()]
    return {
        "_type": STATEMENT,
        "subject": about,
        "predicateType": PREDICATE,
        "predicate": told | drawn(evidence),
    }


def digests(evidence: Evidence) -> dict[str, str]:
    """What the certificate is about: the evidence's file, the spec, the policy, each source of data."""
    found = {
        "evidence": hashlib.sha256(evidence.file_bytes()).hexdigest(),
        "spec": digest(evidence.spec),
        "policy": str(evidence.policy["sha256"]),
    }
    if file := evidence.policy.get("file_sha256"):
        found["policy file"] = str(file)
    for source in evidence.data:
        found[f"data.{source['name']}"] = str(source["sha256"])
    if model := evidence.subject.get("file_sha256"):
        found["subject.file"] = str(model)
    return found


def drawn(evidence: Evidence) -> dict[str, Any]:
    """The part of the predicate that stands in the evidence word by word."""
    required = [v for v in evidence.verdicts if v.required]
    return {
        "subject": {k: evidence.subject.get(k) for k in ("name", "kind", "version", "owner")},
        "use_case": dict(evidence.use_case),
        "policy": dict(evidence.policy),
        "verdict": evidence.verdict,
        "checks": [_check(v) for v in required],
        "advisory": {word: n for word, n in counts(v for v in evidence.verdicts if not v.required).items() if n},
        "data": [dict(source) for source in evidence.data],
        "assessed": evidence.created,
        "versions": dict(evidence.versions),
        "providers": [{k: p.get(k) for k in ("id", "version", "state")} for p in evidence.providers],
        "second_opinion": {k: v for k, v in evidence.second_opinion.items() if k != "disagreements"},
    }


def digest(document: Any) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def moment(text: str) -> datetime:
    """A time in ISO form, with its zone.

    Raises
    ------
    ValueError
        It is no time, or without a zone.

    Examples
    --------
    >>> moment("2026-03-01T12:00:00Z").isoformat()
    '2026-03-01T12:00:00+00:00'
    """
    made = datetime.fromisoformat(text)
    if made.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return made.astimezone(UTC)


def _first_line(evidence: Evidence, grade: Grade, expires: datetime) -> str:
    name = str(evidence.subject["name"])
    use = f" for {evidence.use_case['name']}" if evidence.use_case.get("name") else ""
    required = [v for v in evidence.verdicts if v.required]
    passed = sum(v.verdict == "pass" for v in required)
    checks = f"{passed} of {len(required)} required checks of policy {evidence.policy['id']} passed"
    head = "Certified" if grade == "full" else "RESTRICTED, conditionally certified"
    return f"{head}: {name}{use}; {checks}; until {expires:%Y-%m-%d %H:%M} UTC"


def _check(verdict: Verdict) -> dict[str, Any]:
    keys = ("metric", "window", "column", "across", "verdict", "bound", "reason", "citation")
    waiver = {"waiver": dict(verdict.waiver)} if verdict.waiver else {}
    return {key: getattr(verdict, key) for key in keys} | {"cohort": dict(verdict.cohort)} | waiver


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
