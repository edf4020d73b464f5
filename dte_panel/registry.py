"""Find, load, check, name and list plugins. A broken one stays visible with its reason; the rest goes on."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal, TypeVar

import pluggy

from dte_panel import hookspecs
from dte_panel.contract import check_all, check_findings
from dte_panel.errors import InputError, PluginError, describe, did_you_mean
from dte_panel.hookspecs import API_VERSION, GROUP
from dte_panel.inquiry import Finding, Inquiry
from dte_panel.installed import Installed, as_id, installed
from dte_panel.looks import Theme, View
from dte_panel.model import Metric

T = TypeVar("T")
#: Chooses plugins by id, separated by commas; all others are listed as disabled.
CHOICE = "DTE_PLUGINS"
#: A plugin that takes longer than this to import, or to list what it has, is broken.
LOAD_SECONDS = 30.0
#: More metrics, views or themes than this are a generator without an end.
MOST = 1_000
HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("dte_"))


@dataclass(frozen=True)
class Plugin:
    """An installed plugin, whether it works or not.

    Attributes
    ----------
    id : str
        The entry point's name; prefix of its metric ids. Unique: a second plugin of the name ``x`` is ``x~2``.
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

    Our own errors pass through as they are. Python cannot stop a thread: one that hangs is left behind as a daemon,
    which does not keep the process alive.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:  # noqa: BLE001 - a plugin may even call sys.exit
            failure.append(error)

    # The thread sees the settings of this context, such as the seed.
    context = copy_context()
    thread = threading.Thread(target=lambda: context.run(run), name=f"dte-panel {what}", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        if isinstance(failure[0], InputError | PluginError):
            raise failure[0]
        raise PluginError(f"{what} raised {describe(failure[0])}") from failure[0]
    if not outcome:
        raise PluginError(f"{what} took longer than {seconds:g} s")
    return outcome[0]


class Registry:
    """All installed plugins.

    Parameters
    ----------
    plugins : iterable of Plugin
    seconds : float
        Time that a plugin may take to answer one hook.
    """

    def __init__(self, plugins: Iterable[Plugin], *, seconds: float = LOAD_SECONDS) -> None:
        self.plugins, self.seconds = tuple(plugins), seconds

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
        PluginError
            The hook fails, or gives something else than a class of settings.
        """
        where = f"plugins.{plugin.id}"
        kinds = self._ask(plugin, "dte_settings", _settings_class)
        if kinds is None:
            if values:
                raise InputError("this provider has no settings", where=where, hint="Remove the key")
            return None
        known = [name for name in kinds.param if name != "name"]
        for name, value in values.items():
            if name not in known:
                raise InputError(f"setting '{name}' does not exist", where=where, hint=did_you_mean(name, known))
            self._made(kinds, {name: value}, f"{where}.{name}")
        return self._made(kinds, values, where)

    def _made(self, kinds: Any, values: Mapping[str, Any], where: str) -> Any:
        """The settings of these values; without values it is the plugin's own fault if they are refused."""
        try:
            return guarded(lambda: kinds(**values), self.seconds, "the settings class")
        except PluginError as error:
            if not values or not isinstance(error.__cause__, ValueError | TypeError):
                raise
            shown = next(iter(values.values())) if len(values) == 1 else dict(values)
            raise InputError(f"{shown!r} is not valid ({describe(error.__cause__)})", where=where) from error

    def metrics(self, plugin: Plugin, settings: Any = None) -> list[Metric]:
        """The plugin's metrics, checked.

        Raises
        ------
        PluginError
            It raises, takes too long, or gives something else than metrics with ids of their own.
        """
        return self._list(plugin, "dte_metrics", Metric, settings=settings)

    def findings(self, plugin: Plugin, settings: Any, inquiry: Inquiry) -> list[Finding]:
        """What other tools measured, checked; nothing where the plugin asks none. The caller keeps the time.

        Raises
        ------
        InputError
            The settings name what is not there, such as a file.
        PluginError
            It gives something else than findings.
        """
        if plugin.manager is None or "dte_evidence" not in plugin.hooks:
            return []
        given = plugin.manager.hook.dte_evidence(settings=settings, inquiry=inquiry)
        if not given:
            raise PluginError("dte_evidence gave None")
        return check_findings(given[0])

    def views(self, plugin_id: str) -> list[View]:
        """The plugin's views. Raises :class:`PluginError` as :meth:`metrics` does."""
        return self._list(self[plugin_id], "dte_views", View)

    def themes(self) -> list[Theme]:
        """Themes of all plugins. One that cannot list its themes is listed as broken, and gives none."""
        found: list[Theme] = []
        for plugin in self.plugins:
            if plugin.state == "ok":
                # It could when it was loaded; the dashboard does without if it no longer can.
                with suppress(PluginError):
                    found += self._list(plugin, "dte_themes", Theme)
        return found

    def _list(self, plugin: Plugin, hook: str, kind: type[T], **arguments: Any) -> list[T]:
        """What a hook gives, each thing checked, within the time for one hook."""

        def taken(given: Any) -> list[T]:
            found = list(islice(given, MOST + 1))
            if len(found) > MOST:
                raise PluginError(f"{hook} gave more than {MOST:,}")
            for item in found:
                if not isinstance(item, kind):
                    raise PluginError(f"{hook} gave a {type(item).__name__}, not a {kind.__name__}")
            check_all(found)
            return found

        return self._ask(plugin, hook, taken, **arguments) or []

    def _ask(self, plugin: Plugin, hook: str, taken: Callable[[Any], T], **arguments: Any) -> T | None:
        """Call a hook and take what it gives, both guarded; ``None`` where it is not implemented."""
        if plugin.manager is None:
            raise PluginError(f"provider '{plugin.id}' is {plugin.state}: {plugin.reason}")
        if hook not in plugin.hooks:
            return None
        caller = getattr(plugin.manager.hook, hook)

        def call() -> T:
            results = caller(**arguments)
            if not results:
                raise PluginError(f"{hook} gave None")
            return taken(results[0])

        try:
            return guarded(call, self.seconds, hook)
        except InputError as error:
            # Only the user's own values are the user's mistake; here the plugin speaks.
            raise PluginError(f"{hook} raised {describe(error)}") from error


def _settings_class(given: Any) -> Any:
    if not isinstance(given, type) or not hasattr(given, "param"):
        raise PluginError(f"dte_settings gave {given!r:.80}, not a param.Parameterized class")
    return given


def load(*, choice: str | None = None, seconds: float = LOAD_SECONDS) -> Registry:
    """Load every installed plugin of the entry-point group ``dte_panel``.

    Parameters
    ----------
    choice : str, optional
        Ids separated by commas; default: the environment variable ``DTE_PLUGINS``, and without it all.
    seconds : float
        Time that each step of loading one plugin may take: its import, and each hook.

    Returns
    -------
    Registry
        Never raises for a plugin's sake: one that cannot be used, or that is chosen and not installed, is listed as
        broken.
    """
    named = os.environ.get(CHOICE) if choice is None else choice
    wanted = [part.strip() for part in named.split(",") if part.strip()] if named is not None else None
    plugins: list[Plugin] = []
    for found in installed(GROUP):
        plugin = Plugin(found.id, found.distribution, found.version, found.license, found.origin)
        same = [p for p in plugins if p.id.partition("~")[0] == found.id]
        if same:
            plugin = replace(plugin, id=f"{found.id}~{len(same) + 1}")
        if wanted is not None and found.id not in wanted:
            plugins.append(replace(plugin, state="disabled", reason=f"not named in {CHOICE}"))
        elif same:
            plugins.append(plugin.broken(f"the id '{found.id}' is taken by {same[0].distribution}"))
        else:
            plugins.append(_load(plugin, found, seconds))
    return Registry([*plugins, *_absent(wanted or (), [p.id for p in plugins])], seconds=seconds)


def _absent(wanted: Iterable[str], present: list[str]) -> Iterable[Plugin]:
    """Plugins that are asked for and not there: missing evidence, so they are listed too."""
    for name in dict.fromkeys(wanted):
        if name not in present:
            reason = f"{CHOICE} names '{name}', which is not installed. {did_you_mean(name, present)}"
            yield Plugin(as_id(name)).broken(reason)


def _load(plugin: Plugin, found: Installed, seconds: float) -> Plugin:
    if found.point is None:
        return plugin.broken(found.reason)
    try:
        module = guarded(found.point.load, seconds, "the import")
        loaded = guarded(lambda: _register(plugin, module), seconds, "registering")
        registry = Registry([loaded], seconds=seconds)
        settings = registry.settings(loaded, {})
        metrics = tuple(metric.id for metric in registry.metrics(loaded, settings))
        registry.views(loaded.id)
        registry._list(loaded, "dte_themes", Theme)
    except (PluginError, InputError) as error:
        return plugin.broken(str(error))
    return replace(loaded, metrics=metrics)


def _register(plugin: Plugin, module: Any) -> Plugin:
    """Hold the plugin in a manager of its own, so that it cannot disturb the calls of others."""
    version = getattr(module, "api_version", API_VERSION)
    if version != API_VERSION:
        raise PluginError(f"it is written for plugin API version {version!r}; this is version {API_VERSION}")
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, plugin.id)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        raise PluginError(" ".join(str(error).split()), hint=f"The hooks are {', '.join(HOOKS)}") from error
    callers = manager.get_hookcallers(module) or []
    hooks = tuple(sorted(caller.name for caller in callers))
    unmarked = [name for name in HOOKS if name not in hooks and callable(getattr(module, name, None))]
    if unmarked or not hooks:
        raise PluginError(
            f"it implements no hook {' '.join(unmarked)}".strip(), hint="Mark its functions with @hookimpl"
        )
    for caller in callers:
        # pluggy never passes an argument that has a default: the user's settings would silently stay behind.
        known = caller.spec.argnames if caller.spec else ()
        defaults = [name for impl in caller.get_hookimpls() for name in impl.kwargnames if name in known]
        if defaults:
            raise PluginError(
                f"{caller.name} gives '{defaults[0]}' a default", hint=f"Write {caller.name}({defaults[0]})"
            )
    return replace(plugin, hooks=hooks, manager=manager)
