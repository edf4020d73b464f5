"""Themes as data for DTE Panel: light, dark, cobalt and high contrast. The tokens stand in ``themes.toml``."""

from __future__ import annotations

import tomllib
from importlib.resources import files

from dte_panel import Theme, hookimpl

api_version = 1


@hookimpl
def dte_themes() -> list[Theme]:
    """The themes in the order of the file."""
    text = files(__name__).joinpath("themes.toml").read_text(encoding="utf-8")
    return [Theme(id=name, **fields) for name, fields in tomllib.loads(text).items()]
