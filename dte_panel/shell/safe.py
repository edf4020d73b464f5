"""Make text, and whatever a view returned, fit for the page: nothing that came with the data is read as HTML.

What our own components show needs none of this: they set text. Panel's panes and titles, and Bokeh's ``Div``, read
HTML; a view may use them, so each is told to show text, or its text is escaped.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import html
from collections.abc import Mapping
from functools import singledispatch
from typing import Any

import panel as pn
import param
from bokeh.core.serialization import Serializer
from bokeh.models import HoverTool, LayoutDOM, Model

from dte_panel.shell.layout import figures
from dte_panel.shell.parts import Table, Text
from dte_panel.shell.tables import of_frame

#: Parameters that Panel or Material UI reads as HTML, whatever the widget.
_READ_AS_HTML = ("title", "description", "label_html", "header")
_HTML_FORMATTERS = {"html", "link", "image", "textarea"}


def safe(text: object) -> str:
    """Text for a place that interprets HTML."""
    return html.escape(str(text))


def viewable(result: Any) -> Any:
    """Something Panel can show without running what stands in the data; ``None`` stays nothing."""
    if result is None:
        return None
    if isinstance(result, list | tuple):
        parts = [part for part in map(viewable, result) if part is not None]
        return pn.Column(*parts, sizing_mode="stretch_width", margin=0) if parts else None
    if isinstance(result, Mapping):
        parts = [part for title, content in result.items() for part in _titled(str(title), content)]
        return pn.Column(*parts, sizing_mode="stretch_width", margin=0) if parts else None
    if isinstance(result, pn.FlexBox):
        # Bokeh draws the axes of a figure in a late FlexBox in the wrong place; a grid of ours does not.
        return neutral(figures(*result.objects))
    if isinstance(result, param.rx | pn.viewable.Viewable | pn.viewable.Viewer):
        return neutral(pn.panel(result))
    return _drawn(result)


def _titled(title: str, content: Any) -> list[Any]:
    """A table that opens under its title; anything else under a heading."""
    import pandas as pd

    if isinstance(content, pd.DataFrame):
        table = of_frame(content, caption=title)
        table.folded = title
        return [table]
    shown = viewable(content)
    return [] if shown is None else [Text(text=title, kind="heading"), shown]


def _drawn(result: Any) -> Any:
    import pandas as pd

    if callable(result) and hasattr(result, "_dinfo"):
        return pn.panel(_guarded(result))
    if isinstance(result, pd.DataFrame | pd.Series):
        return of_frame(result.to_frame() if isinstance(result, pd.Series) else result)
    if isinstance(result, LayoutDOM):
        return _bokeh(result)
    if type(result).__module__.partition(".")[0] in {"holoviews", "geoviews", "hvplot"}:
        return _holoviews(result)
    return Text(text=str(result))


def _holoviews(element: Any) -> Any:
    import holoviews as hv

    if isinstance(element, hv.HoloMap | hv.DynamicMap) or element.traverse(lambda x: x, [hv.DynamicMap]):
        return pn.pane.HoloViews(element, sizing_mode="stretch_width", margin=0)
    # Drawn here and not in the pane, so that an error in it is the view's and within the view's time.
    return _bokeh(hv.render(element, backend="bokeh"))


def _bokeh(root: LayoutDOM) -> Any:
    for model in root.references():
        neutral_bokeh(model)
    Serializer(deferred=True).encode(root)  # what cannot be sent to a browser is told by this view, not by the page
    if root.sizing_mode is None or root.sizing_mode == "fixed":
        root.update(width=None, sizing_mode="stretch_width")
    return pn.pane.Bokeh(root, sizing_mode="stretch_width", margin=0)


def neutral_bokeh(model: Model) -> None:
    """Markup models show text; a hover tool escapes what it shows."""
    if "render_as_text" in model.properties():
        model.update(render_as_text=True)
    if isinstance(model, HoverTool) and isinstance(model.tooltips, list):
        model.tooltips = [(safe(name), str(field).replace("{safe}", "")) for name, field in model.tooltips]
    elif isinstance(model, HoverTool) and isinstance(model.tooltips, str):
        model.tooltips = model.tooltips.replace("{safe}", "")


def neutral(root: Any) -> Any:
    """Walk through a Panel object and neutralise every part that reads HTML; a bare part may be replaced."""
    for part in root.select():
        if isinstance(part, pn.pane.Bokeh) and part.object is not None:
            for model in part.object.references():
                neutral_bokeh(model)
        for name in _READ_AS_HTML:
            _escape(part, name)
        _fix(part)
    return root


def _escape(part: param.Parameterized, name: str) -> None:
    if name in part.param and isinstance(getattr(part, name), str) and not part.param[name].constant:
        part.param.update(**{name: safe(getattr(part, name))})


@singledispatch
def _fix(part: Any) -> None:
    """Fix one object; the default is for layouts with named children and for Material UI."""
    if hasattr(part, "_names") and "objects" in part.param:
        part._names = [safe(name) for name in part._names]
        part.param.trigger("objects")
    if type(part).__module__.startswith("panel_material_ui"):
        _escape(part, "object")


@_fix.register
def _markdown(part: pn.pane.Markdown) -> None:
    part.param.update(renderer="markdown-it", renderer_options={"html": False})


@_fix.register
def _html(part: pn.pane.HTML) -> None:
    part.param.update(sanitize_html=True, sanitize_hook=safe)


@_fix.register
def _frame(part: pn.pane.DataFrame) -> None:
    part.param.update(escape=True)


@_fix.register
def _string(part: pn.pane.Str) -> None:
    part.object = safe(part.object)


@_fix.register
def _static(part: pn.widgets.StaticText) -> None:
    part.param.update(name=safe(part.name), value=safe(part.value))


@_fix.register
def _function(part: pn.param.ParamRef) -> None:
    """What a bound function gives later goes through the same door."""
    bound = part.object
    part.object = None  # or Panel would try to turn what it made of the bare result into what we make of it
    part.object = _guarded(bound)


def _guarded(bound: Any) -> Any:
    """A bound function whose results are made fit for the page each time."""
    return pn.bind(_Bound(), bound)


class _Bound:
    """What a bound function gives: text is said when it changes, and text and tables change in place."""

    _shown: Any = None

    def __call__(self, result: Any) -> Any:
        made = Text(text=result, kind="live") if isinstance(result, str) else viewable(result)
        if self._shown is not None and _alike(self._shown, made):
            _take(self._shown, made)
            raise param.Skip
        self._shown = made
        return made


#: What a part of ours shows.
_SHOWS: dict[type, tuple[str, ...]] = {Text: ("text", "kind"), Table: ("columns", "rows", "caption", "note", "folded")}


def _alike(old: Any, new: Any) -> bool:
    if type(old) is not type(new) or not isinstance(old, Text | Table | pn.Column):
        return False
    if isinstance(old, pn.Column):
        return len(old) == len(new) and all(map(_alike, old, new))
    return True


def _take(old: Any, new: Any) -> None:
    """Let a part show what another one shows."""
    if isinstance(old, pn.Column):
        for one, other in zip(old, new, strict=True):
            _take(one, other)
    else:
        old.param.update(**{name: getattr(new, name) for name in _SHOWS[type(old)]})


@_fix.register
def _number(part: pn.indicators.Number) -> None:
    part.name = safe(part.name)


@_fix.register
def _choices(part: pn.widgets.select._MultiSelectBase) -> None:
    if isinstance(part, pn.widgets.MultiChoice):
        options = part.options if isinstance(part.options, Mapping) else {str(o): o for o in part.options}
        part.options = {safe(label): value for label, value in options.items()}


@_fix.register
def _tabulator(part: pn.widgets.Tabulator) -> None:
    given = part.titles
    names = [*part.value.columns, *filter(None, part.value.index.names), "index"] if part.value is not None else []
    formatters = {k: f for k, f in part.formatters.items() if _kind(f) not in _HTML_FORMATTERS}
    part.param.update(
        titles={name: safe(given.get(name, name)) for name in names},
        header_tooltips={k: safe(v) for k, v in part.header_tooltips.items()},
        formatters=formatters,
        groupby=[],
    )


def _kind(formatter: Any) -> str:
    return str(formatter.get("type") if isinstance(formatter, Mapping) else formatter)
