"""Issue a certificate, or say why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from dte_panel.certificate.envelope import seal
from dte_panel.certificate.keys import Signer
from dte_panel.certificate.statement import Grade, statement
from dte_panel.errors import InputError
from dte_panel.evidence import Evidence, place
from dte_panel.model import Verdict, overall

#: A longer promise than this is none.
MOST_DAYS = 3_650
#: Checks that a refusal names.
NAMED = 5


class NotCertifiableError(InputError):
    """The evidence does not carry the certificate that is asked for (exit code 1)."""


def certify(
    evidence: Evidence,
    signer: Signer,
    *,
    restrictions: Sequence[str] = (),
    days: int | None = None,
    issuer: str = "",
    previous: str | None = None,
    now: datetime | None = None,
) -> bytes:
    """Sign what an assessment found.

    Parameters
    ----------
    evidence : Evidence
        Assessed with the second opinion.
    signer : Signer
    restrictions : sequence of str
        With at least one, the certificate is a conditional one, which says so on its first line and need not have
        every required check passed.
    days : int, optional
        How long it is valid; default: as long as the policy says, and never longer.
    issuer : str
        Who signs, in words.
    previous : str, optional
        Id of the certificate that this one renews.
    now : datetime, optional

    Returns
    -------
    bytes
        The file's content: a DSSE envelope.

    Raises
    ------
    NotCertifiableError
        A required check did not pass, none was made, or the numbers were not held against the reference libraries.
    InputError
        ``days`` is not what the policy allows.
    """
    grade: Grade = "conditional" if restrictions else "full"
    _refuse(evidence, grade)
    issued = (now or datetime.now(UTC)).replace(microsecond=0)
    if issued < datetime.fromisoformat(evidence.created):
        raise NotCertifiableError("the evidence is from the future", where="evidence", hint="Set the clock right")
    made = statement(
        evidence,
        grade=grade,
        restrictions=restrictions,
        issued=issued,
        days=_days(days, evidence),
        issuer=issuer,
        previous=previous,
    )
    return seal(made, signer)


def _refuse(evidence: Evidence, grade: Grade) -> None:
    required = [v for v in evidence.verdicts if v.required]
    if overall(required) != evidence.verdict:
        raise NotCertifiableError("its verdict is not that of its checks: it has been changed", where="evidence")
    if not required:
        hint = "Choose a policy with required checks in trust.yaml"
        raise NotCertifiableError("no required check was made", where="evidence", hint=hint)
    if not evidence.second_opinion:
        hint = "Assess with --verify"
        raise NotCertifiableError(
            "its numbers were not held against the reference libraries", where="evidence", hint=hint
        )
    if disagreements := evidence.second_opinion.get("disagreements"):
        raise NotCertifiableError(
            f"{len(disagreements)} numbers differ from the reference libraries'", where="evidence"
        )
    open_ = [v for v in required if v.verdict != "pass"]
    if open_ and grade == "full":
        raise NotCertifiableError(_complaint(open_, len(required)), where="not certified", hint=_HINT)


_HINT = "Mend what fails, or restrict the use: --as conditional --restriction '…'"


def _complaint(open_: Sequence[Verdict], required: int) -> str:
    words = Counter(v.verdict.replace("_", " ") for v in open_)
    told = ", ".join(f"{n} {word}" for word, n in words.items())
    named = [f"{v.metric} of {place(v)} ({v.reason})" for v in open_[:NAMED]]
    more = f"; and {len(open_) - NAMED} more" if len(open_) > NAMED else ""
    return f"{len(open_)} of {required} required checks did not pass ({told}): {'; '.join(named)}{more}"


def _days(days: int | None, evidence: Evidence) -> int:
    most = min(int(evidence.policy.get("valid_days", MOST_DAYS)), MOST_DAYS)
    if days is None:
        return most
    if not 1 <= days <= most:
        raise InputError(f"{days} days, the policy allows 1 to {most}", where="--days")
    return days
