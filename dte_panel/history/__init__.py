"""Past assessments, kept and never changed: SQLite by default, Postgres by URL, the same tables."""

from __future__ import annotations

from dte_panel.history.difference import Change, differences
from dte_panel.history.store import Entry, History, Point

__all__ = ["Change", "Entry", "History", "Point", "differences"]
