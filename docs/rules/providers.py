"""The official metrics by their full id, for the scripts of these pages."""

from __future__ import annotations

from functools import cache

from dte_panel import Metric, registry


@cache
def metrics() -> dict[str, Metric]:
    """Every metric of the official providers."""
    found = registry.load()
    plugins = [plugin for plugin in found.plugins if "dte_metrics" in plugin.hooks]
    return {f"{p.id}.{m.id}": m for p in plugins for m in found.metrics(p, found.settings(p, {}))}
