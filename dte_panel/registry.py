"""Find, load, check, name and list plugins. A broken one stays visible with its reason; the rest goes on."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, Literal, TypeVar

import pluggy

from dte_panel import hookspecs
from dte_panel.errors import InputError, PluginError, did_you_mean
from dte_panel.hookspecs import API_VERSION, GROUP
from dte_panel.model import Metric, Theme, View

T = TypeVar("T")
#: Chooses plugins by id, separated by commas; all others are listed as disabled.
CHOICE = "DTE_PLUGINS"
#: A plugin that takes longer than this to import or to list what it has is broken.
LOAD_SECONDS = 30.0
_PROVIDER = re.compile(r"[a-z][a-z0-9_-]*")
_METRIC = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Plugin:
    """An installed plugin, whether it works or not.

    Attributes
    ----------
    id : str
        The entry point's name; prefix of its metric ids.
    distribution, version, license, origin : str
        What it was installed from, and the module it lives in.
    state : {"ok", "disabled", "broken"}
    reason : str or None
        Why it is not ok, in words.
    hooks : tuple of str
        The hooks it implements.
    metrics : tuple of str
        Ids of its metrics under its default settings, without its own id.
    """

    id: str
    distribution: str = ""
    version: str = ""
    license: str = ""
    origin: str = ""
    state: Literal["ok", "disabled", "broken"] = "ok"
    reason: str | None = None
    hooks: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    manager: pluggy.PluginManager | None = field(default=None, repr=False, compare=False)

    def broken(self, reason: str) -> Plugin:
        """The plugin, marked as broken."""
        return replace(self, state="broken", reason=reason)


def guarded(call: Callable[[], T], seconds: float, what: str) -> T:
    """Run a plugin's code with a time budget and turn whatever it does into a :class:`PluginError`.

    Python cannot stop a thread: one that hangs is left behind as a daemon, which does not keep the process alive.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:  # noqa: BLE001 - a plugin may even call sys.exit
            failure.append(error)

    thread = threading.Thread(target=run, name=f"dte-panel {what}", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        if isinstance(failure[0], InputError):
            raise failure[0]
        raise PluginError(f"{what} raised {describe(failure[0])}") from failure[0]
    if not outcome:
        raise PluginError(f"{what} took longer than {seconds:g} s")
    return outcome[0]


def describe(error: BaseException) -> str:
    """An exception in one line."""
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Registry:
    """All installed plugins.

    Parameters
    ----------
    plugins : iterable of Plugin
    """

    def __init__(self, plugins: Iterable[Plugin]) -> None:
        self.plugins = tuple(plugins)

    def __getitem__(self, plugin_id: str) -> Plugin:
        for plugin in self.plugins:
            if plugin.id == plugin_id:
                return plugin
        raise PluginError(f"no plugin '{plugin_id}' is installed", hint=did_you_mean(plugin_id, self.ids()))

    def ids(self) -> list[str]:
        """Ids of all plugins, whatever their state."""
        return [plugin.id for plugin in self.plugins]

    def settings(self, plugin: Plugin, values: Mapping[str, Any]) -> Any:
        """An instance of the plugin's settings class, or ``None`` where it has none.

        Raises
        ------
        InputError
            A setting does not exist, or its value is not valid.
        """
        where = f"plugins.{plugin.id}"
        kinds = self._call(plugin, "dte_settings") if "dte_settings" in plugin.hooks else None
        if kinds is None:
            if values:
                raise InputError("this provider has no settings", where=where, hint="Remove the key")
            return None
        known = [name for name in kinds.param if name != "name"]
        for name, value in values.items():
            if name not in known:
                raise InputError(f"setting '{name}' does not exist", where=where, hint=did_you_mean(name, known))
            try:
                kinds(**{name: value})
            except (ValueError, TypeError) as error:
                raise InputError(f"{value!r} is not valid ({describe(error)})", where=f"{where}.{name}") from error
        return kinds(**values)

    def metrics(self, plugin: Plugin, settings: Any = None) -> list[Metric]:
        """The plugin's metrics, checked.

        Raises
        ------
        PluginError
            It raises, takes too long, or gives something else than metrics with ids of their own.
        """
        if "dte_metrics" not in plugin.hooks:
            return []
        found = guarded(
            lambda: list(self._call(plugin, "dte_metrics", settings=settings) or ()), LOAD_SECONDS, "dte_metrics"
        )
        seen: set[str] = set()
        for metric in found:
            if not isinstance(metric, Metric):
                raise PluginError(f"dte_metrics gave a {type(metric).__name__}, not a Metric")
            if not isinstance(metric.id, str) or not _METRIC.fullmatch(metric.id):
                raise PluginError(f"metric id {metric.id!r} is not snake case")
            if metric.id in seen:
                raise PluginError(f"metric id '{metric.id}' is given twice")
            if not callable(metric.finish):
                raise PluginError(f"metric '{metric.id}' has a finish that cannot be called")
            seen.add(metric.id)
        return found

    def views(self, plugin_id: str) -> list[View]:
        """The plugin's views. Raises :class:`PluginError` as :meth:`metrics` does."""
        return self._listed(plugin_id, "dte_views", View)

    def themes(self) -> list[Theme]:
        """Themes of all plugins; a plugin that raises gives none."""
        found: list[Theme] = []
        for plugin in self.plugins:
            if plugin.state == "ok" and "dte_themes" in plugin.hooks:
                try:
                    found += self._listed(plugin.id, "dte_themes", Theme)
                except PluginError:
                    continue
        return found

    def _listed(self, plugin_id: str, hook: str, kind: type[T]) -> list[T]:
        plugin = self[plugin_id]
        if plugin.state != "ok":
            raise PluginError(f"provider '{plugin_id}' is {plugin.state}: {plugin.reason}")
        if hook not in plugin.hooks:
            return []
        found = guarded(lambda: list(self._call(plugin, hook) or ()), LOAD_SECONDS, hook)
        wrong = next((item for item in found if not isinstance(item, kind)), None)
        if wrong is not None:
            raise PluginError(f"{hook} gave a {type(wrong).__name__}, not a {kind.__name__}")
        return found

    @staticmethod
    def _call(plugin: Plugin, hook: str, **arguments: Any) -> Any:
        if plugin.manager is None:
            raise PluginError(f"provider '{plugin.id}' is {plugin.state}: {plugin.reason}")
        results = getattr(plugin.manager.hook, hook)(**arguments)
        return results[0] if results else None


def load(*, choice: str | None = None, seconds: float = LOAD_SECONDS) -> Registry:
    """Load every installed plugin of the entry-point group ``dte_panel``.

    Parameters
    ----------
    choice : str, optional
        Ids separated by commas; default: the environment variable ``DTE_PLUGINS``, and without it all.
    seconds : float
        Time that one plugin may take to load.

    Returns
    -------
    Registry
        Never raises for a plugin's sake: one that cannot be used is listed as broken.
    """
    named = os.environ.get(CHOICE) if choice is None else choice
    wanted = {part.strip() for part in named.split(",") if part.strip()} if named is not None else None
    points = sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.dist.name if p.dist else "", p.value))
    plugins: list[Plugin] = []
    for point in points:
        plugin = _named(point)
        if any(p.id == plugin.id for p in plugins):
            first = next(p for p in plugins if p.id == plugin.id)
            plugins.append(plugin.broken(f"the id '{plugin.id}' is taken by {first.distribution}"))
        elif wanted is not None and plugin.id not in wanted:
            plugins.append(replace(plugin, state="disabled", reason=f"not named in {CHOICE}"))
        else:
            plugins.append(_load(plugin, point, seconds))
    return Registry(plugins)


def _named(point: EntryPoint) -> Plugin:
    distribution = point.dist
    if distribution is None:
        return Plugin(point.name, origin=point.value)
    metadata = distribution.metadata
    license_name = next((metadata[k] for k in ("License-Expression", "License") if k in metadata), "not stated")
    return Plugin(point.name, distribution.name, distribution.version, license_name.splitlines()[0], point.value)


def _load(plugin: Plugin, point: EntryPoint, seconds: float) -> Plugin:
    if not _PROVIDER.fullmatch(plugin.id):
        return plugin.broken(f"the id {plugin.id!r} must be lower-case letters, digits, - and _")
    try:
        module = guarded(point.load, seconds, "the import")
        loaded = _register(plugin, module)
        registry = Registry([loaded])
        settings = guarded(lambda: registry.settings(loaded, {}), seconds, "dte_settings")
        return replace(loaded, metrics=tuple(m.id for m in registry.metrics(loaded, settings)))
    except (PluginError, InputError) as error:
        return plugin.broken(str(error))


def _register(plugin: Plugin, module: ModuleType) -> Plugin:
    """Hold the plugin in a manager of its own, so that it cannot disturb the calls of others."""
    version = getattr(module, "api_version", API_VERSION)
    if version != API_VERSION:
        raise PluginError(f"it is written for plugin API version {version}; this is version {API_VERSION}")
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, plugin.id)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        known = [name for name in dir(hookspecs) if name.startswith("dte_")]
        raise PluginError(" ".join(str(error).split()), hint=f"The hooks are {', '.join(known)}") from error
    hooks = tuple(sorted(caller.name for caller in manager.get_hookcallers(module) or ()))
    if not hooks:
        raise PluginError("it implements no hook", hint="Mark its functions with @hookimpl")
    return replace(plugin, hooks=hooks, manager=manager)
