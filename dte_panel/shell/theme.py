"""Design tokens, the Material theme made from them, and the font. Colours that are not colours are left out."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dte_panel.looks import Theme

ASSETS = Path(__file__).parent / "assets"
FONT = "'Inter Variable','Inter',system-ui,-apple-system,'Segoe UI',sans-serif"
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,24}|(?:rgb|hsl|oklch|oklab)a?\([0-9a-z\s.,%/+-]{1,48}\)")

LIGHT = {
    "bg": "#f7f8fa", "surface": "#ffffff", "text": "#12141a", "muted": "#535a68", "border": "#e3e6eb",
    "border_strong": "#9aa3b2", "accent": "#4a4ac4", "accent_2": "#0f7f8f", "accent_3": "#a8540f",
    "pass_fg": "#0b6b35", "pass_bg": "#e3f6ea", "pass_line": "#12a150",
    "warn_fg": "#8a4b00", "warn_bg": "#fff1d6", "warn_line": "#e08600",
    "fail_fg": "#b3202a", "fail_bg": "#fde8e8", "fail_line": "#e5484d",
    "none_fg": "#4a5160", "none_bg": "#eceef2", "none_line": "#7b8494", "reference": "#98a2b3",
    "heat_0": "#eef0fb", "heat_1": "#b9c1f2", "heat_2": "#6d6fdc", "heat_3": "#8a2f8f", "heat_4": "#d92d3a",
}  # fmt: skip
DARK = {
    "bg": "#0e1015", "surface": "#161922", "text": "#eceef2", "muted": "#a2a9b8", "border": "#272b36",
    "border_strong": "#4b5263", "accent": "#8e8ef5", "accent_2": "#4cc3d1", "accent_3": "#f0a160",
    "pass_fg": "#5fdc93", "pass_bg": "#10301f", "pass_line": "#3ccb7f",
    "warn_fg": "#f7b955", "warn_bg": "#36270c", "warn_line": "#f0a020",
    "fail_fg": "#ff8b8f", "fail_bg": "#3b1519", "fail_line": "#ff6369",
    "none_fg": "#b6bdca", "none_bg": "#232733", "none_line": "#7c8598", "reference": "#7c8598",
    "heat_0": "#1f2230", "heat_1": "#34397a", "heat_2": "#6a6ae8", "heat_3": "#c04ca0", "heat_4": "#ff6369",
}  # fmt: skip


def tokens_of(theme: Theme | None, *, dark: bool) -> dict[str, str]:
    """A theme's tokens over the shell's own; a value that is no colour could carry CSS and is left out."""
    given = theme.tokens if theme is not None else {}
    good = {k: v for k, v in given.items() if isinstance(v, str) and _COLOUR.fullmatch(v)}
    return {**(DARK if dark else LIGHT), **good}


def variables(tokens: Mapping[str, str]) -> dict[str, str]:
    """CSS custom properties, which reach into every component's shadow root."""
    named = {f"--dte-{k.replace('_', '-')}": v for k, v in tokens.items() if re.fullmatch(r"[a-z_0-9]+", k)}
    return {**named, "--dte-font": FONT}


@cache
def font_face() -> str:
    """Inter, inlined, so that ``panel serve app.py`` needs no static folder and nobody asks a CDN."""
    data = base64.b64encode((ASSETS / "inter-latin-wght-normal.woff2").read_bytes()).decode()
    source = f"url(data:font/woff2;base64,{data}) format('woff2')"
    return f"@font-face{{font-family:'Inter Variable';src:{source};font-weight:100 900;font-display:swap}}"


@cache
def asset(name: str) -> str:
    """The text of one of our own style sheets or scripts."""
    return (ASSETS / name).read_text(encoding="utf-8")


def material(tokens: Mapping[str, str], *, dark: bool) -> dict[str, Any]:
    """The Material UI theme made from the tokens."""
    t = tokens
    focus = {"outline": f"2px solid {t['accent']}", "outlineOffset": "2px"}
    return {
        "palette": {
            "mode": "dark" if dark else "light",
            "primary": {"main": t["accent"]},
            "background": {"default": t["bg"], "paper": t["surface"]},
            "text": {"primary": t["text"], "secondary": t["muted"]},
            "divider": t["border"],
            "success": {"main": t["pass_line"]},
            "warning": {"main": t["warn_line"]},
            "error": {"main": t["fail_line"]},
        },
        "typography": {"fontFamily": FONT, "fontSize": 13, "button": {"textTransform": "none", "fontWeight": 500}},
        "shape": {"borderRadius": 8},
        "components": {
            "MuiPaper": {"styleOverrides": {"root": {"backgroundImage": "none"}}},
            "MuiButtonBase": {
                "defaultProps": {"disableRipple": True},
                "styleOverrides": {"root": {"&.Mui-focusVisible": focus}},
            },
            # On a phone the menu stands outside of Page's box, where nothing else gives it the variables.
            "MuiDrawer": {"styleOverrides": {"paper": {"borderRight": f"1px solid {t['border']}", **variables(t)}}},
        },
    }


def page_sx(light: Mapping[str, str], dark: Mapping[str, str]) -> dict[str, Any]:
    """Styles of the page's own shadow root; ``.mui-dark`` lives in there and switches without a round trip."""
    return {
        **variables(light),
        "&.mui-dark": variables(dark),
        "& main, & .main-content": {"backgroundColor": "var(--dte-bg)"},
        "& .header": {
            "backgroundColor": "var(--dte-surface)",
            "color": "var(--dte-text)",
            "backgroundImage": "none",
            "boxShadow": "none",
            "borderBottom": "1px solid var(--dte-border)",
        },
        "& .sidebar": {"backgroundColor": "var(--dte-surface)"},
        "@media print": {
            "& .header, & .MuiDrawer-root, & nav": {"display": "none !important"},
            "&, & main, & .main-content, & main > div": {"height": "auto !important", "overflow": "visible !important"},
        },
    }


def legend_style(tokens: Mapping[str, str]) -> dict[str, Any]:
    """Legends of all figures, in the size of the other text: Material UI would make them larger."""
    text = {"label_text_color": tokens["text"], "label_text_font": "Inter Variable, Inter, sans-serif"}
    size = {"label_text_font_size": "11.5px", "glyph_width": 14, "glyph_height": 14, "label_standoff": 5, "spacing": 4}
    return {"attrs": {"Legend": {**text, **size, "background_fill_alpha": 0.0, "border_line_alpha": 0.0}}}
