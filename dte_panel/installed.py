"""What is installed, before anything of it is imported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import Distribution, EntryPoint, distributions

_NAME = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True)
class Installed:
    """An entry point and the distribution it comes from; without a ``point``, the ``reason`` why it has none."""

    id: str
    distribution: str
    version: str
    license: str
    origin: str = ""
    point: EntryPoint | None = None
    reason: str = ""


def installed(group: str) -> list[Installed]:
    """All entry points of a group, by id. Of two with one id, the distribution that is named after it comes first."""

    def precedence(found: Installed) -> tuple[object, ...]:
        named_after = found.distribution == f"{group.replace('_', '-')}-{found.id}"
        return found.id, not named_after, found.distribution, found.origin

    return sorted(_every(group), key=precedence)


def as_id(name: str) -> str:
    """A name as an id: what is not allowed in one becomes ``-``.

    Examples
    --------
    >>> as_id("My <b>Provider</b>")
    'my-b-provider-b'
    """
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-") or "unnamed"


def _every(group: str) -> Iterator[Installed]:
    """Go through the path; of two distributions with one name, the first counts, as it does for an import.

    One distribution's unreadable file must not hide all the others, so :func:`importlib.metadata.entry_points`, which
    reads them all at once, is not used.
    """
    seen: set[str] = set()
    for distribution in distributions():
        try:
            text = distribution.read_text("entry_points.txt") or ""
        except (OSError, ValueError):
            # What cannot be read cannot be known to be a plugin.
            continue
        if f"[{group}]" not in text:
            continue
        about = _about(distribution)
        if about.distribution not in seen:
            seen.add(about.distribution)
            yield from _points(distribution, about, group)


def _points(distribution: Distribution, about: Installed, group: str) -> Iterator[Installed]:
    try:
        points = list(distribution.entry_points.select(group=group))
    except Exception as error:  # noqa: BLE001 - the standard library raises whatever a malformed file leads to
        yield replace(about, reason=f"its entry_points.txt cannot be read ({type(error).__name__}: {error})")
        return
    for point in points:
        made = replace(about, id=as_id(point.name), origin=point.value)
        if _NAME.fullmatch(point.name):
            yield replace(made, point=point)
        else:
            yield replace(made, reason=f"its name {point.name!r} must be lower-case letters, digits, - and _")


def _about(distribution: Distribution) -> Installed:
    """What a distribution says of itself; it may say nothing."""
    try:
        metadata = distribution.metadata
        stated = {key: str(metadata[key]).strip() for key in metadata}
    except Exception:  # noqa: BLE001 - without METADATA each Python raises something else
        stated = {}
    name = re.sub(r"[-_.]+", "-", stated.get("Name") or "unnamed").lower()
    license_name = stated.get("License-Expression") or stated.get("License") or "not stated"
    return Installed(as_id(name), name, stated.get("Version") or "unknown", license_name.splitlines()[0])
