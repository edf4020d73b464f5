"""A folder of certificates by one key: which of them is about an assessment, and whether it holds now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dte_panel.certificate.envelope import read, unseal
from dte_panel.certificate.keys import PublicKey
from dte_panel.certificate.revocation import Revocations
from dte_panel.certificate.statement import Certificate
from dte_panel.certificate.verification import Answer, Beside, verify
from dte_panel.errors import InputError
from dte_panel.evidence import Evidence


@dataclass(frozen=True)
class Shelf:
    """Certificates that may be added, renewed and revoked while somebody looks at them.

    Parameters
    ----------
    folder : Path
    key : PublicKey
        The key that is trusted.
    revoked : Path, optional
        The signed list of revocations.
    """

    folder: Path
    key: PublicKey
    revoked: Path | None = None

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise InputError("is no folder", where=str(self.folder))

    def certificates(self) -> dict[Path, Certificate]:
        """What the key has signed, by file; other files are passed over."""
        found = {}
        for path in sorted(self.folder.glob("*.json")):
            try:
                found[path] = Certificate(unseal(read(path), self.key, path.name), path.name)
            except InputError:
                continue
        return found

    def answers(self, evidence: Evidence, now: datetime) -> list[Answer]:
        """What can be said now of each certificate of a subject and its use, newest first.

        Parameters
        ----------
        evidence : Evidence
            The latest assessment of the subject.
        now : datetime

        Raises
        ------
        InputError
            The list of revocations cannot be read; without it nothing can be said.
        """
        every = self.certificates()
        about = (evidence.subject["name"], evidence.use_case.get("name"))
        revocations = (
            Revocations.read(read(self.revoked), self.key, str(self.revoked)) if self.revoked else Revocations()
        )
        beside = Beside(latest=evidence, revocations=revocations, others=list(every.values()))
        mine = [(c, p) for p, c in every.items() if (c.subject["name"], c.predicate["use_case"].get("name")) == about]
        newest = sorted(mine, key=lambda found: found[0].issued, reverse=True)
        return [verify(read(path), self.key, now, beside, path.name) for _, path in newest]
