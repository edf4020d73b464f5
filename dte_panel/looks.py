"""How measurements are shown: views and themes. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class View:
    """How measurements are shown: ``render(results)`` returns anything that Panel can show.

    Attributes
    ----------
    id, title : str
    metrics : sequence of str
        Ids (without the provider's name) of the metrics it shows; they fill the table twin and the definition.
    render : callable
        ``render(results)``, see :class:`dte_panel.shell.results.Results`. It may return a HoloViews or Bokeh object, a
        data frame, text, a Panel object, a list of these, a mapping of titles to these (a table opens under its title),
        or ``None`` for "nothing to show".
    description : str
        One sentence: what the picture tells.
    wide : bool
        Takes the whole width of the page.
    needs : sequence of str
        Roles without which there is nothing to draw; where one is not set, the card says so and ``render`` is not
        called. Where every view of a page needs it, the page says so once.
    """

    id: str
    title: str
    metrics: Sequence[str]
    render: Callable[[Any], Any]
    description: str = ""
    wide: bool = False
    needs: Sequence[str] = ()


@dataclass(frozen=True)
class Theme:
    """Design tokens: names and values of CSS custom properties and chart palettes.

    Attributes
    ----------
    id, title : str
    dark : bool
        Whether it is a theme with a dark ground.
    tokens : mapping
        Token name (``bg``, ``surface``, ``text``, ``accent``, ``pass_fg`` …) to a CSS colour.
    """

    id: str
    title: str
    dark: bool
    tokens: Mapping[str, str]
