"""Folders that a spec or a command names."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(name: str | None, base: Path) -> Path | None:
    """The folder of a cache: ``auto`` is ``dte-panel`` where the user keeps caches; nothing is no cache.

    Examples
    --------
    >>> cache_folder("kept", Path("project")).as_posix()
    'project/kept'
    """
    if not name:
        return None
    if name == "auto":
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dte-panel"
    return base / Path(name).expanduser()
