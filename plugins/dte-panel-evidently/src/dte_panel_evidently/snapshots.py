"""Snapshots that Evidently wrote, read without Evidently: its JSON files and its workspaces."""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dte_panel import InputError
from dte_panel_evidently.results import Result, Snapshot

if TYPE_CHECKING:
    from dte_panel_evidently.settings import EvidentlySettings

_KEYS = "plugins.evidently"
#: Larger files are no snapshots: Evidently's own hold about a megabyte for twenty columns.
MOST_BYTES = 500_000_000
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T_]\d{2}[:\-]?\d{2}(?:[:\-]?\d{2})?)?")
_EXPORT = "Save it with snapshot.save_json(…), json.dumps(snapshot.dump_dict()) or a workspace of Evidently 0.7"


def read(settings: EvidentlySettings, base: Path) -> list[Snapshot]:
    """The snapshots that the settings name, oldest first.

    Parameters
    ----------
    settings : EvidentlySettings
    base : Path
        The folder that relative paths start from.

    Raises
    ------
    InputError
        A file or folder is not there, cannot be read, or is not what it should be.
    """
    named = [path for pattern in settings.snapshots for path in _matches(pattern, base)]
    if settings.workspace:
        named += _of_workspace(settings, base)
    found = [_read(path, shown) for path, shown in dict(named).items()]
    undated = [snapshot.origin for snapshot in found if snapshot.time is None]
    if undated and (len(found) > 1 or settings.report):
        raise InputError(
            f"'{undated[0]}' does not say when it was made, so it cannot be placed beside others",
            where=f"{_KEYS}.snapshots",
            hint="Write the date into its name, such as drift-2026-01-31.json, or read a workspace",
        )
    times = [snapshot.time for snapshot in found]
    if twice := sorted({str(time) for time in times if time and times.count(time) > 1}):
        same = " and ".join(s.origin for s in found if s.time == twice[0])
        raise InputError(f"{same} are both of {twice[0]}", where=f"{_KEYS}.snapshots", hint="Name one of them")
    return sorted(found, key=lambda snapshot: snapshot.time or "")


def _matches(pattern: str, base: Path) -> Iterator[tuple[Path, str]]:
    """The files of a path or glob, and each as the user would write it."""
    found = sorted(Path(name) for name in glob.glob(str(base / pattern), recursive=True))
    if not found:
        raise InputError(f"'{pattern}' matches no file", where=f"{_KEYS}.snapshots", hint=f"Looked in {base.resolve()}")
    for path in found:
        yield path, str(path.relative_to(base)) if path.is_relative_to(base) else str(path)


def _of_workspace(settings: EvidentlySettings, base: Path) -> list[tuple[Path, str]]:
    where, folder = f"{_KEYS}.workspace", base / settings.workspace
    if not folder.is_dir():
        raise InputError(f"the folder '{settings.workspace}' does not exist", where=where)
    projects = {path.parent: str(_json(path, str(path)).get("name")) for path in sorted(folder.glob("*/metadata.json"))}
    if not projects:
        raise InputError(f"'{settings.workspace}' holds no project of an Evidently workspace", where=where)
    wanted = [p for p, name in projects.items() if settings.project in ("", name, p.name)]
    if len(wanted) != 1:
        names = ", ".join(sorted(f"'{name}' ({path.name})" for path, name in projects.items()))
        message = (
            f"there is no project '{settings.project}'" if not wanted else "it is not clear which project is meant"
        )
        raise InputError(message, where=f"{_KEYS}.project", hint=f"The projects are {names}")
    files = sorted((wanted[0] / "snapshots").glob("*.json"))
    if not files:
        raise InputError(f"project '{projects[wanted[0]]}' has no snapshots", where=where)
    return [(path, str(Path(settings.workspace) / path.relative_to(folder))) for path in files]


def _json(path: Path, shown: str) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"is larger than {MOST_BYTES // 1_000_000} MB, this is no snapshot", where=shown)
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=shown) from error
    except (ValueError, RecursionError) as error:
        raise InputError("is not JSON", where=shown, hint=_EXPORT) from error
    if not isinstance(document, dict):
        raise InputError("is not a snapshot of Evidently", where=shown, hint=_EXPORT)
    return document


def _read(path: Path, shown: str) -> Snapshot:
    document = _json(path, shown)
    try:
        if "metric_results" in document:
            results = [_stored(key, made) for key, made in document["metric_results"].items()]
        elif "metrics" in document and "tests" in document:
            results = plain_results(document)
        else:
            old = " It may be of Evidently before 0.7." if {"suite", "metrics_ids"} & set(document) else ""
            raise InputError(f"is not a snapshot of Evidently 0.7.{old}", where=shown, hint=_EXPORT)
        time = _time(document.get("timestamp"), path.name)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"is a damaged snapshot of Evidently ({type(error).__name__}: {error})"
        raise InputError(why, where=shown, hint=_EXPORT) from error
    return Snapshot(shown, results, time, _rows(results), detail={"file": shown})


def plain_results(document: Mapping[str, Any]) -> list[Result]:
    """The results of ``snapshot.dict()``, which ``save_json`` writes."""
    tests: dict[str, list[Mapping[str, Any]]] = {}
    for test in document["tests"]:
        tests.setdefault(test["metric_config"]["metric_id"], []).append(test)
    return [
        Result(str(metric["id"]), dict(metric["config"]), metric["value"], tests.get(metric["id"], ()))
        for metric in document["metrics"]
    ]


def _stored(key: str, made: Mapping[str, Any]) -> Result:
    """A result as a workspace stores it, with the place of each value written beside it."""
    return Result(key, dict(made["metric_value_location"]["metric"]["params"]), _bare(made), made.get("tests") or ())


def _bare(made: Mapping[str, Any]) -> Any:
    kind = str(made["type"]).rpartition(":")[2]
    if kind == "SingleValue":
        return made["value"]
    for whole, parts in (("CountValue", ("count", "share")), ("MeanStdValue", ("mean", "std"))):
        if kind == whole:
            return {part: made[part]["value"] for part in parts}
    if kind == "ByLabelValue":
        return {label: part["value"] for label, part in made["values"].items()}
    if kind == "ByLabelCountValue":
        return {key: {label: part["value"] for label, part in made[key].items()} for key in ("counts", "shares")}
    return []


def _time(given: Any, name: str) -> str | None:
    """The moment that a snapshot says it was made, or that its file's name tells."""
    if given is not None:
        return datetime.fromisoformat(str(given)).isoformat()
    dated = _DATE.search(name)
    if dated is None:
        return None
    day, _, clock = dated[0].replace("_", "T").partition("T")
    return datetime.fromisoformat(f"{day}T{clock.replace('-', '').replace(':', '') or '000000'}").isoformat()


def _rows(results: list[Result]) -> dict[str, int]:
    """What a snapshot says of its rows: how many there are, and how many have no value in a column."""
    by_type = {str(r.params.get("type")).rpartition(":")[2]: r.value for r in results}
    if not isinstance(by_type.get("RowCount"), int | float):
        return {}
    total = int(by_type["RowCount"])
    missing = {
        str(r.params.get("column")): int(r.value["count"])
        for r in results
        if str(r.params.get("type")).endswith(":MissingValueCount") and isinstance(r.value, Mapping)
    }
    return {"": total, **{column: total - n for column, n in missing.items()}}
