"""Whether a certificate can be relied on: offline, at a moment, in one clear sentence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from dte_panel.certificate.envelope import BadSignatureError, unseal
from dte_panel.certificate.keys import PublicKey
from dte_panel.certificate.revocation import Revocations
from dte_panel.certificate.statement import Certificate, digests, drawn
from dte_panel.evidence import Evidence, place
from dte_panel.model import cohort_key

State = Literal["certified", "conditional", "not_yet_valid", "expired", "void", "revoked", "invalid"]


@dataclass(frozen=True)
class Answer:
    """What can be said of a certificate.

    Attributes
    ----------
    state : str
        "certified" and "conditional" are valid; "not_yet_valid", "expired", "void", "revoked" and "invalid" are not.
    sentence : str
        Why, in one sentence.
    certificate : Certificate or None
        ``None`` where the signature does not hold, for then nothing in it can be believed.
    reasons : sequence of str
        Everything that speaks against it.
    """

    state: State
    sentence: str
    certificate: Certificate | None = None
    reasons: Sequence[str] = ()

    @property
    def valid(self) -> bool:
        """Whether it may be relied on, within what it says."""
        return self.state in {"certified", "conditional"}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        known = self.certificate
        told = {"id": known.id, **known.predicate} if known else None
        reasons = list(self.reasons)
        return {"state": self.state, "sentence": self.sentence, "reasons": reasons, "certificate": told}


@dataclass(frozen=True)
class Beside:
    """What a certificate is held against, besides its key and the time.

    Attributes
    ----------
    evidence : bytes or None
        The file that was certified.
    digests : mapping
        Name of a subject (``data.current``, ``policy``, ``spec`` …) to the SHA-256 that is found now.
    latest : Evidence or None
        A later assessment of the same subject.
    revocations : Revocations
    others : sequence of Certificate
        Certificates by the same key, among them perhaps one that renewed this one.
    """

    evidence: bytes | None = None
    digests: Mapping[str, str] | None = None
    latest: Evidence | None = None
    revocations: Revocations = field(default_factory=Revocations)
    others: Sequence[Certificate] = ()


def verify(
    data: bytes, key: PublicKey, at: datetime, beside: Beside | None = None, where: str = "certificate"
) -> Answer:
    """Say whether a certificate holds.

    Parameters
    ----------
    data : bytes
        The file.
    key : PublicKey
        The key that is trusted.
    at : datetime
        The moment that is asked about, with its zone.
    beside : Beside, optional
        What else is known.
    where : str
        The file's name.

    Raises
    ------
    InputError
        The file is no certificate at all.
    """
    known = beside or Beside()
    try:
        certificate = Certificate(unseal(data, key, where), where)
    except BadSignatureError as error:
        return Answer("invalid", f"Not valid: {error}", None, (str(error),))
    found = [*_against(certificate, key, at, known)]
    if not found:
        state: State = "certified" if certificate.grade == "full" else "conditional"
        return Answer(state, f"Valid. {certificate.says}", certificate)
    state, first = found[0]
    reasons = tuple(reason for _, reason in found)
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return Answer(state, f"Not valid: {first}{more}", certificate, reasons)


def _against(certificate: Certificate, key: PublicKey, at: datetime, known: Beside) -> Iterator[tuple[State, str]]:
    """All that speaks against a certificate, the gravest first."""
    yield from (("invalid", reason) for reason in _changed(certificate, known))
    if entry := known.revocations.of(certificate.id, key.id):
        what = "its key" if entry["id"] == key.id else "it"
        yield "revoked", f"{what} was revoked at {entry['at']}: {entry['reason']}"
    if at < certificate.issued:
        yield "not_yet_valid", f"it was issued at {_time(certificate.issued)}, after the moment that is asked about"
    if at >= certificate.expires:
        yield "expired", f"it ended at {_time(certificate.expires)}"
    yield from (("void", reason) for reason in _voided(certificate, known, at))


def _changed(certificate: Certificate, known: Beside) -> Iterator[str]:
    """What is not as it was when it was certified."""
    for name, now in (known.digests or {}).items():
        was = certificate.digests.get(name)
        if was is None:
            yield f"it says nothing of {name}"
        elif was != now:
            yield f"{name} is not what was certified: SHA-256 {now[:16]}…, certified {was[:16]}…"
    if known.evidence is not None:
        yield from _other_evidence(certificate, known.evidence)


def _other_evidence(certificate: Certificate, data: bytes) -> Iterator[str]:
    found = hashlib.sha256(data).hexdigest()
    if found != certificate.evidence_digest:
        was = certificate.evidence_digest
        yield f"the evidence is not what was certified: SHA-256 {found[:16]}…, certified {was[:16]}…"
        return
    evidence = Evidence.loads(data, "evidence")
    more = [k for k, v in drawn(evidence).items() if certificate.predicate.get(k) != v]
    more += [k for k, v in digests(evidence).items() if certificate.digests.get(k) != v]
    if more:
        yield f"it does not say what its evidence says: {', '.join(more)}"


def _voided(certificate: Certificate, known: Beside, at: datetime) -> Iterator[str]:
    for other in known.others:
        same = other.subject["name"] == certificate.subject["name"]
        same_use = other.predicate["use_case"].get("name") == certificate.predicate["use_case"].get("name")
        if same and same_use and certificate.issued < other.issued <= at:
            yield f"a later certificate took its place at {_time(other.issued)}"
    if known.latest is not None:
        yield from _by_later(certificate, known.latest)


def _by_later(certificate: Certificate, latest: Evidence) -> Iterator[str]:
    """What a later assessment says against the certificate."""
    if latest.subject.get("name") != certificate.subject["name"]:
        yield f"the later evidence is of another subject, {latest.subject.get('name')}"
        return
    if latest.created < certificate.predicate["assessed"]:
        yield "the evidence given as the latest is older than what was certified"
        return
    if latest.policy.get("sha256") != certificate.policy["sha256"]:
        yield f"the later assessment is judged by another policy, {latest.policy.get('id')}"
    yield from _columns(certificate, latest)
    known = {_place(check) for check in certificate.predicate["checks"] if check["verdict"] != "pass"}
    failed = [v for v in latest.verdicts if v.required and v.verdict in {"fail", "error"}]
    fresh = [v for v in failed if _place(v.to_json()) not in known]
    if fresh:
        named = "; ".join(f"{v.metric} of {place(v)}: {v.reason}" for v in fresh[:3])
        yield f"{len(fresh)} required checks of the assessment of {latest.created} fail: {named}"


def _columns(certificate: Certificate, latest: Evidence) -> Iterator[str]:
    was = _schema(certificate.predicate["data"])
    now = _schema(latest.data)
    if was and now and was != now:
        changed = sorted({name for name, _ in was.items() ^ now.items()})
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        yield f"columns changed: {', '.join(changed[:5])}{more}"


def _schema(data: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    return next((dict(source.get("columns") or {}) for source in data if source["name"] == "current"), {})


def _place(check: Mapping[str, Any]) -> tuple[Any, ...]:
    return check["metric"], check["column"], check.get("across"), cohort_key(check["cohort"])


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
