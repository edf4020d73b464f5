"""A plugin during one assessment: what it measures, how long it took, how it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from time import perf_counter
from typing import Any, cast

from dte_panel.engine import plan
from dte_panel.errors import PluginError
from dte_panel.inquiry import Inquiry
from dte_panel.measure import Measurer, measured
from dte_panel.model import CURRENT, Measurement, Metric
from dte_panel.registry import Plugin, Registry, guarded
from dte_panel.second import told


class Provider:
    """A plugin, and what came of it so far."""

    def __init__(self, plugin: Plugin) -> None:
        self.plugin = plugin
        self.state: str = plugin.state
        self.reason = plugin.reason
        self.seconds = 0.0
        self.settings: Any = None
        self.metrics: list[Metric] = []
        self.outside: list[Metric] = []
        self.measurements: list[Measurement] = []

    def ask(self, registry: Registry, values: Mapping[str, Any]) -> list[Measurement]:
        """Learn its settings and metrics; nothing is measured yet."""
        self.settings = registry.settings(self.plugin, values)
        self.metrics = registry.metrics(self.plugin, self.settings)
        return []

    def run(self, call: Callable[[], list[Measurement]], budget: float, what: str) -> None:
        """Run its code within what is left of its budget; if it fails, it is broken from now on."""
        started = perf_counter()
        try:
            made = guarded(call, max(budget - self.seconds, 0.001), what)
        except PluginError as error:
            self.state, self.reason = "broken", str(error)
            made = self._lost()
        self.measurements += made
        raised = next((m for m in made if m.status == "error"), None)
        if raised is not None and self.state == "ok":
            self.state, self.reason = "error", f"{raised.metric}: {raised.reason}"
        self.seconds += perf_counter() - started

    def inquire(self, registry: Registry, inquiry: Inquiry) -> list[Measurement]:
        """Take what other tools measured, and remember what those numbers are."""
        found = registry.findings(self.plugin, self.settings, inquiry)
        self.outside = list({finding.metric.id: finding.metric for finding in found}.values())
        twice = {m.id for m in self.outside} & {m.id for m in self.metrics}
        if twice:
            raise PluginError(f"dte_evidence gave '{min(twice)}', which dte_metrics gives too")
        return [measured(self.plugin.id, finding) for finding in found]

    @property
    def every(self) -> list[Metric]:
        """Its metrics, those of other tools included."""
        return [*self.metrics, *self.outside]

    def measure(self, measurer: Measurer, metrics: Iterable[Metric], column: str | None) -> list[Measurement]:
        """Measure some metrics of one column; a metric that raises makes its own numbers errors."""
        return [made for metric in metrics for made in measurer.measure(self.plugin.id, metric, column)]

    def _lost(self) -> list[Measurement]:
        """An error for each metric of a provider that fell out: what it did not get to is not a silence."""
        name, why = self.plugin.id, self.reason
        return [
            Measurement(f"{name}.{m.id}", m.version, name, CURRENT, {}, None, None, None, None, 0, "error", why)
            for m in self.metrics
        ]

    def record(self) -> dict[str, Any]:
        """What the evidence says of it."""
        plain = {k: getattr(self.plugin, k) for k in ("id", "distribution", "version", "license", "origin")}
        values = self.settings.param.values() if self.settings is not None else {}
        return {
            **plain,
            "hooks": list(self.plugin.hooks),
            "metrics": [metric.id for metric in self.every] or list(self.plugin.metrics),
            "settings": {k: v for k, v in values.items() if k != "name"},
            "state": self.state,
            "reason": self.reason,
            "seconds": round(self.seconds, 3),
        }


def named(installed: Iterable[Plugin]) -> Iterator[tuple[str, Provider]]:
    """Each plugin by its id; a second one of the same id by its distribution too, so that both stay visible."""
    taken: set[str] = set()
    for plugin in installed:
        yield (plugin.id if plugin.id not in taken else f"{plugin.id} of {plugin.distribution}"), Provider(plugin)
        taken.add(plugin.id)


def definition(metric: Metric) -> dict[str, Any]:
    """What a metric is, as plain JSON."""
    fields = ("title", "definition", "formula", "source", "better", "target", "unit", "interval", "version", "group")
    return {
        **{name: getattr(metric, name) for name in fields},
        "range": list(metric.range),
        "aliases": list(metric.aliases),
        "across": cast(str | None, getattr(metric, "across", None)),
        "second": told(metric.second),
        "needs": plan.needs(metric),
    }
