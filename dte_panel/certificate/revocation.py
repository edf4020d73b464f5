"""Revocations: a signed list of certificates and keys that are not to be relied on any more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dte_panel.certificate.envelope import seal, unseal
from dte_panel.certificate.keys import PublicKey, Signer
from dte_panel.certificate.statement import STATEMENT
from dte_panel.errors import InputError

PREDICATE = "urn:dte-panel:revocations:1"
_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Revocations:
    """A list whose signature has been checked.

    Attributes
    ----------
    entries : sequence of mapping
        ``id`` (of a certificate or a key), ``at`` and ``reason``; oldest first.
    """

    entries: Sequence[Mapping[str, Any]] = ()

    def of(self, *ids: str) -> Mapping[str, Any] | None:
        """The first entry for one of these."""
        return next((entry for entry in self.entries if entry["id"] in ids), None)

    @classmethod
    def read(cls, data: bytes, key: PublicKey, where: str) -> Revocations:
        """Open a list.

        Raises
        ------
        InputError
            It is no list, or not signed by this key.
        """
        made = unseal(data, key, where)
        if made.get("predicateType") != PREDICATE:
            raise InputError("is no list of revocations", where=where)
        try:
            entries = [{name: str(e[name]) for name in ("id", "at", "reason")} for e in made["predicate"]["revoked"]]
        except (KeyError, TypeError):
            raise InputError("is a damaged list of revocations", where=where) from None
        return cls(entries)


def revoke(
    known: Revocations, identity: str, signer: Signer, *, reason: str, now: datetime | None = None
) -> tuple[Revocations, bytes]:
    """Add a certificate or a key to a list; one that is there already stays as it is.

    Returns
    -------
    Revocations, bytes
        The new list, and its file's content.

    Raises
    ------
    InputError
        ``identity`` is no id, or no reason is given.
    """
    if not _ID.fullmatch(identity):
        raise InputError(f"'{identity}' is no id of a certificate or key: 64 hexadecimal digits", where="revoke")
    if not reason.strip():
        raise InputError("a revocation needs its reason", where="--reason")
    at = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    added = () if known.of(identity) else ({"id": identity, "at": at, "reason": reason},)
    made = Revocations((*known.entries, *added))
    about = [{"name": entry["id"], "digest": {"sha256": entry["id"]}} for entry in made.entries]
    document = {
        "_type": STATEMENT,
        "subject": about,
        "predicateType": PREDICATE,
        "predicate": {"revoked": list(made.entries), "written": at},
    }
    return made, seal(document, signer)
