"""The store: one transaction for each assessment, the same one twice is kept once, and many may write at a time."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dte_panel.errors import InputError
from dte_panel.evidence import Evidence, canonical
from dte_panel.policy import counts

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Select

#: Seconds that a writer waits for another.
PATIENCE = 30
#: The shortest beginning of an id that may stand for it.
LEAST_DIGITS = 6
_INSTALL = "Install it with: pip install 'dte-panel[history]'"


@dataclass(frozen=True)
class Entry:
    """An assessment, without its numbers.

    Attributes
    ----------
    id : str
        SHA-256 of the evidence's file.
    subject, use_case, created, verdict, policy, policy_sha256 : str
    counts : mapping
        Verdict to how many required checks have it.
    """

    id: str
    subject: str
    use_case: str
    created: str
    verdict: str
    policy: str
    policy_sha256: str
    counts: dict[str, int]


@dataclass(frozen=True)
class Point:
    """One number of one assessment, for a trend; numbers of two versions of a metric are not joined."""

    created: str
    version: int
    value: float | None
    low: float | None
    high: float | None
    n: int
    status: str


class History:
    """Past assessments.

    Parameters
    ----------
    place : str or Path
        A file, or a database URL such as ``postgresql+psycopg://…``. A file that is not there is made.

    Raises
    ------
    InputError
        It cannot be opened, or is no history.
    """

    def __init__(self, place: str | Path) -> None:
        url = str(place) if "://" in str(place) else f"sqlite:///{place}"
        self.where = url.rpartition("@")[2] if "://" in str(place) else str(place)  # never a password
        with self._words("cannot be opened"):
            self._engine = _engine(url)
            self._migrate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def append(self, evidence: Evidence) -> str:
        """Keep an assessment; one that is kept already stays as it is.

        Returns
        -------
        str
            Its id.
        """
        from sqlalchemy import insert

        from dte_panel.history.tables import assessment, measurement

        data = evidence.file_bytes()
        identity = hashlib.sha256(data).hexdigest()
        with self._words("cannot be written"), self._engine.begin() as connection:
            if self._known(connection, identity):
                return identity
            connection.execute(insert(assessment), _row(evidence, identity) | {"document": zlib.compress(data)})
            if rows := [_number(m, identity) for m in evidence.measurements]:
                connection.execute(insert(measurement), rows)
        return identity

    def entries(self, subject: str | None = None) -> list[Entry]:
        """What is kept, newest first."""
        from sqlalchemy import select

        from dte_panel.history.tables import assessment as t

        query = select(*(c for c in t.c if c.name != "document")).order_by(t.c.created.desc(), t.c.id)
        if subject is not None:
            query = query.where(t.c.subject == subject)
        return [Entry(**{**row, "counts": json.loads(row["counts"])}) for row in self._rows(query)]

    def evidence(self, identity: str) -> Evidence:
        """The evidence of an assessment.

        Parameters
        ----------
        identity : str
            Its id, or at least six digits of its beginning.

        Raises
        ------
        InputError
            No assessment has this id, or several do.
        """
        from sqlalchemy import select

        from dte_panel.history.tables import assessment as t

        if len(identity) < LEAST_DIGITS or not identity.isalnum():
            raise InputError(
                f"'{identity}' is no id", where=self.where, hint="Ids are listed by: dte-panel history list"
            )
        found = self._rows(select(t.c.id, t.c.document).where(t.c.id.startswith(identity)))
        if len(found) != 1:
            count = "no" if not found else str(len(found))
            hint = "Ids are listed by: dte-panel history list"
            raise InputError(f"{count} assessments have the id '{identity}'", where=self.where, hint=hint)
        data = zlib.decompress(found[0]["document"])
        if hashlib.sha256(data).hexdigest() != found[0]["id"]:
            raise InputError(f"the evidence of {identity} has been changed", where=self.where)
        return Evidence.loads(data, f"{self.where}: {identity}")

    def trend(
        self,
        subject: str,
        metric: str,
        *,
        column: str | None = None,
        across: str | None = None,
        cohort: dict[str, str | None] | None = None,
    ) -> list[Point]:
        """One number over all assessments of a subject, oldest first: the one over all current rows."""
        from sqlalchemy import select

        from dte_panel.history.tables import assessment as a
        from dte_panel.history.tables import measurement as m

        query = (
            select(a.c.created, m.c.version, m.c.value, m.c.low, m.c.high, m.c.n, m.c.status)
            .join(a, a.c.id == m.c.assessment)
            .where(a.c.subject == subject, m.c.metric == metric, m.c.window == "current")
            .where(
                m.c.column_name == (column or ""), m.c.across == (across or ""), m.c.cohort == canonical(cohort or {})
            )
            .order_by(a.c.created, a.c.id)
        )
        return [Point(**row) for row in self._rows(query)]

    def prune(self, days: int, *, now: datetime) -> int:
        """Forget assessments older than this, but for the newest of each subject and use.

        Returns
        -------
        int
            How many were forgotten.
        """
        from sqlalchemy import delete

        from dte_panel.history.tables import assessment, measurement

        if days < 1:
            raise InputError(f"{days} days: keep one at least", where="--days")
        limit = (now - timedelta(days=days)).isoformat(timespec="seconds")
        newest: set[tuple[str, str]] = set()
        old: list[str] = []
        for entry in self.entries():
            place = (entry.subject, entry.use_case)
            if place in newest and entry.created < limit:
                old.append(entry.id)
            newest.add(place)
        with self._words("cannot be written"), self._engine.begin() as connection:
            for identity in old:
                connection.execute(delete(measurement).where(measurement.c.assessment == identity))
                connection.execute(delete(assessment).where(assessment.c.id == identity))
        return len(old)

    def _known(self, connection: Connection, identity: str) -> bool:
        from sqlalchemy import select

        from dte_panel.history.tables import assessment as t

        return connection.execute(select(t.c.id).where(t.c.id == identity)).first() is not None

    def _rows(self, query: Select[Any]) -> Sequence[dict[str, Any]]:
        with self._words("cannot be read"), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _migrate(self) -> None:
        """Bring the tables to this version; whoever comes second waits and finds nothing to do."""
        from alembic import command
        from alembic.config import Config

        with as_file(files("dte_panel.history") / "migrations") as folder, self._engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(folder).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def _words(self, what: str) -> Iterator[None]:
        """A database's complaints, in words."""
        from sqlalchemy.exc import ArgumentError, SQLAlchemyError

        try:
            yield
        except (ArgumentError, ModuleNotFoundError) as error:
            hint = "Give a file, or a URL such as postgresql+psycopg://user@host/name with its driver installed"
            raise InputError(f"{what} ({error})", where=self.where, hint=hint) from None
        except SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise InputError(f"{what} ({said})", where=self.where) from None


def _engine(url: str) -> Engine:
    try:
        from sqlalchemy import create_engine, event
    except ModuleNotFoundError:
        raise InputError("history needs SQLAlchemy and Alembic", hint=_INSTALL) from None
    if not url.startswith("sqlite"):
        return create_engine(url)
    made = create_engine(url, connect_args={"timeout": PATIENCE})

    @event.listens_for(made, "connect")
    def settled(connection: Any, _record: Any) -> None:
        # The driver would begin transactions late, and never for DDL.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={PATIENCE * 1000}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(made, "begin")
    def begun(connection: Connection) -> None:
        # A reader that becomes a writer later would fail instead of waiting.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return made


def _row(evidence: Evidence, identity: str) -> dict[str, Any]:
    required = counts([v for v in evidence.verdicts if v.required])
    return {
        "id": identity,
        "subject": str(evidence.subject["name"]),
        "use_case": str(evidence.use_case.get("name") or ""),
        "created": evidence.created,
        "verdict": evidence.verdict,
        "policy": str(evidence.policy.get("id", "")),
        "policy_sha256": str(evidence.policy.get("sha256", "")),
        "counts": canonical(required),
    }


def _number(m: Any, identity: str) -> dict[str, Any]:
    kept = {name: getattr(m, name) for name in ("metric", "version", "window", "value", "low", "high", "n", "status")}
    return {
        **kept,
        "assessment": identity,
        "column_name": m.column or "",
        "across": m.across or "",
        "cohort": canonical(dict(m.cohort)),
    }
