"""The one conductor: spec → reference states → current states → measurements → verdicts → evidence."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from dte_panel import policy as policies
from dte_panel import registry as plugins
from dte_panel import stats
from dte_panel.again import Again
from dte_panel.checks import Policy
from dte_panel.engine import plan, windows
from dte_panel.engine.cache import Cache, Forgetful
from dte_panel.engine.labels import awaited
from dte_panel.engine.layout import Layout, resolve
from dte_panel.engine.plan import Request
from dte_panel.engine.sources import Connection, Source, connect, digest_of, open_source
from dte_panel.engine.states import Engine, States
from dte_panel.errors import unknown_name
from dte_panel.evidence import STATE_CLASSES, Evidence, StateRecord, cohort_order, in_order
from dte_panel.inquiry import Inquiry
from dte_panel.measure import Measurer, adjusted
from dte_panel.model import CURRENT, REFERENCE, Measurement, Metric, overall
from dte_panel.provider import Provider, definition, named
from dte_panel.reductions import Rows
from dte_panel.registry import Registry
from dte_panel.second import Opinions
from dte_panel.spec import Spec, check_columns, read_policy
from dte_panel.spec.folders import cache_folder
from dte_panel.states import Documented, JointSample, Table

Progress = Callable[[int, int, str], None]
#: Contingency tables with more cells than this are not written down.
WRITTEN_CELLS = 5_000
_PACKAGES = ("dte-panel", "duckdb", "numpy", "pyarrow", "scipy")


def assess(
    current: Any,
    *,
    reference: Any = None,
    verify: bool = False,
    cache: Cache | Path | str | None = None,
    progress: Progress | None = None,
    **arguments: Any,
) -> Evidence:
    """Assess data in memory or in files.

    Parameters
    ----------
    current : path, glob, pandas or Polars frame, Arrow table, DuckDB relation
        The data to judge.
    reference : same, optional
        What it is compared with.
    verify : bool
        Hold every number against the library that defines it, where there is one; a disagreement is an error.
    cache : path or Cache, optional
        Folder in which to keep what is learned of each Parquet file, so that the next assessment reads new files only.
    progress : callable, optional
        Called with ``(done, total, text)``.
    **arguments
        Roles (``label``, ``prediction``, ``score``, ``sensitive``, ``time`` …) and the other keys of ``trust.yaml``
        (``windows``, ``cohorts``, ``subject``, ``policy`` …).

    Returns
    -------
    Evidence

    Raises
    ------
    InputError
        The data or an argument cannot be used as it is.
    """
    names = {side: data for side, data in (("current", current), ("reference", reference)) if data is not None}
    uris = {s: str(d) if isinstance(d, str | Path) else f"<{type(d).__name__}>" for s, d in names.items()}
    return assess_spec(
        Spec.from_arguments(data=uris, **arguments), data=names, verify=verify, cache=cache, progress=progress
    )


def assess_spec(
    spec: Spec,
    *,
    data: Mapping[str, Any] | None = None,
    verify: bool = False,
    cache: Cache | Path | str | None = None,
    progress: Progress | None = None,
) -> Evidence:
    """Assess what a spec describes.

    Parameters
    ----------
    spec : Spec
        As :func:`dte_panel.spec.read` gives it.
    data : mapping, optional
        ``current`` and ``reference``; default: what ``spec.data`` names.
    verify : bool
        As for :func:`assess`.
    cache : path or Cache, optional
        As for :func:`assess`; default: what ``spec.cache`` names, if anything.
    progress : callable, optional
        Called with ``(done, total, text)``.
    """
    policy = read_policy(spec.policy, spec.base)
    registry = plugins.load()
    for provider in spec.plugins:
        if provider not in registry.ids():
            raise unknown_name("provider", provider, registry.ids(), where="plugins")
    connection = connect(spec.limits.memory)
    kept = _opened(cache_folder(spec.cache, spec.base) if cache is None else cache)
    seed = stats.base_seed.set(spec.seed)
    try:
        opinions = Opinions() if verify else None
        return _Assessment(spec, policy, registry, connection, data, progress, opinions, kept).run()
    finally:
        kept.close()
        stats.base_seed.reset(seed)
        connection.close()


def _opened(cache: Cache | Path | str | None) -> Forgetful:
    return Cache(Path(cache)) if isinstance(cache, str | Path) else cache or Forgetful()


class _Assessment:
    """One run: what is open, what has been measured so far."""

    def __init__(
        self,
        spec: Spec,
        policy: Policy,
        registry: Registry,
        connection: Connection,
        data: Mapping[str, Any] | None,
        progress: Progress | None,
        opinions: Opinions | None,
        cache: Forgetful,
    ) -> None:
        self.spec, self.policy, self.registry = spec, policy, registry
        self.connection, self.opinions, self.cache = connection, opinions, cache
        self.progress = progress or (lambda done, total, text: None)
        self.created = datetime.now(UTC).replace(microsecond=0)
        self.sources = self._open(data)
        self.layout: Layout = resolve(connection, spec, self.sources[CURRENT], self.sources.get(REFERENCE))
        if self.maturity:
            self.layout = replace(
                self.layout, immature=self.maturity.windows(connection, self.sources[CURRENT], self.layout)
            )
        self.providers = dict(named(registry.plugins))
        self.records: list[StateRecord] = []

    def run(self) -> Evidence:
        self.engine = Engine(self.connection, self.sources, self.layout)
        self._ask_providers()
        chosen = self._chosen()
        every = [metric for provider in self.providers.values() for metric in provider.metrics]
        self.engine.plan(plan.requests(every, self.layout, verify=self.opinions is not None))
        for done, (column, metrics) in enumerate(chosen.items()):
            self.progress(done, len(chosen), column or "all rows")
            self._measure(column, metrics)
        self.progress(len(chosen), len(chosen), "done")
        return self._evidence()

    def _open(self, data: Mapping[str, Any] | None) -> dict[str, Source]:
        given = data or {name: uri for name, uri in self.spec.data if uri}
        keep = (self.spec.roles.time,) if self.spec.roles.time else ()
        opened = {}
        for name, value in given.items():
            source = open_source(self.connection, name, value, base=self.spec.base, keep_text=keep, cache=self.cache)
            opened[name] = source
        now, before = opened[CURRENT], opened.get(REFERENCE)
        opened[CURRENT], self.maturity = awaited(self.connection, self.spec, now, before)
        for source in opened.values():
            check_columns(self.spec, source.types, source.uri)
        return opened

    def _ask_providers(self) -> None:
        inquiry, budget = self._inquiry(), self.spec.limits.provider_seconds
        for provider in self.providers.values():
            if provider.state != "ok":
                continue
            values = self.spec.plugins.get(provider.plugin.id, {})
            provider.run(partial(provider.ask, self.registry, values), budget, "dte_metrics")
            if provider.state == "ok":
                provider.run(partial(provider.inquire, self.registry, inquiry), budget, "dte_evidence")

    def _inquiry(self) -> Inquiry:
        def rows(roles: str, sample: int) -> dict[str, JointSample]:
            request = Request(Rows(roles, sample=sample, joint=True), None)
            sides = {reducer.source.name: reducer for reducer in self.engine.reducers}
            return {side: cast(JointSample, r.reduce(request)[side, ()]) for side, r in sides.items()}

        at = self.layout
        return Inquiry(self.spec.base, at.task, at.positive, at.roles, at.kinds, self.spec.seed, rows)

    def _chosen(self) -> dict[str | None, dict[str, list[Metric]]]:
        """The metrics of each provider by column; all rows first, then column by column, to hold few arrays at once."""
        found: dict[str | None, dict[str, list[Metric]]] = {None: {}}
        for name, provider in self.providers.items():
            for metric in provider.metrics:
                for column in plan.columns_of(metric, self.layout):
                    found.setdefault(column, {}).setdefault(name, []).append(metric)
        return found

    def _measure(self, column: str | None, chosen: Mapping[str, Sequence[Metric]]) -> None:
        states = self.engine.states(column)
        measurer = self._measurer(states)
        judged = [c for c in self.policy.checks if self.layout.task in c.tasks and self.spec.subject.kind in c.kinds]
        again = Again(self.engine, judged, self._measurer)

        def measured(provider: Provider, metrics: Sequence[Metric]) -> list[Measurement]:
            return again.settled(provider.measure(measurer, metrics, column), metrics, column, states)

        for name, metrics in chosen.items():
            provider = self.providers[name]
            if provider.state in ("ok", "error"):
                call = partial(measured, provider, metrics)
                provider.run(call, self.spec.limits.provider_seconds, "measuring")
        self._keep(self.engine.requests.get(column, ()), states)

    def _measurer(self, states: States) -> Measurer:
        known = REFERENCE in self.sources
        return Measurer(self.layout, states, has_reference=known, facts=self._facts, opinions=self.opinions)

    def _keep(self, wanted: Iterable[Request], states: States) -> None:
        for request in wanted:
            kind, cells = type(request.reduction).__name__, states[request.key]
            if kind not in STATE_CLASSES or isinstance(cells, str):
                continue
            for (window, cohort), state in cells.items():
                if isinstance(state, Table) and len(state.counts) > WRITTEN_CELLS:
                    continue
                columns = plan.roles_of(request.reduction)
                self.records.append(StateRecord(kind, columns, request.column, window, dict(cohort), state))

    @cached_property
    def _facts(self) -> Documented:
        time = self.spec.roles.time
        end = windows.newest(self.connection, self.sources[CURRENT], time) if time else None
        described = self.spec.to_json()
        return Documented(
            {
                "subject": described["subject"],
                "use_case": described["use_case"],
                "roles": described["roles"],
                "bands": described["bands"],
                "data": [source.record() for source in self.sources.values()],
                "created": self.created.isoformat(),
                "current_end": end,
                "history": 0,
            }
        )

    def _evidence(self) -> Evidence:
        made = in_order((m for p in self.providers.values() for m in p.measurements), self.layout.groups)
        measurements = adjusted(made, self._tests())
        described = self.spec.to_json()
        checks, notes = self._applicable()
        if tested := sum(m.adjusted is not None for m in measurements):
            notes.append(f"{tested:,} p-values are adjusted together for their number (Benjamini-Hochberg)")
        judged = policies.judge_all(
            replace(self.policy, checks=checks),
            measurements,
            providers={name: (p.state, p.reason) for name, p in self.providers.items()},
            kind=self.spec.subject.kind,
            task=self.layout.task,
            known=[f"{p.plugin.id}.{m.id}" for p in self.providers.values() for m in p.every],
        )
        verdicts, ended = policies.waived(judged, self.policy, self.created.date().isoformat())
        return Evidence(
            subject=described["subject"] | self._model_file(),
            use_case=described["use_case"],
            task=self.layout.task,
            verdict=overall(verdicts),
            created=self.created.isoformat(),
            spec=described,
            policy=policies.record(self.policy),
            versions={name: version(name) for name in _PACKAGES} | {"python": platform.python_version()},
            data=[self.sources[name].record() for name in (CURRENT, REFERENCE) if name in self.sources],
            providers=[provider.record() for provider in self.providers.values()],
            metrics={f"{p.plugin.id}.{m.id}": definition(m) for p in self.providers.values() for m in p.every},
            measurements=measurements,
            verdicts=verdicts,
            states=sorted(self.records, key=self._record_order),
            windows=list(self.layout.starts.values()),
            cohorts=[{}, *({c: v} for c, values in self.layout.groups.items() for v in values)],
            notes=[*notes, *ended],
            engine={"seconds": round(self.engine.seconds, 3)},
            second_opinion=self.opinions.record() if self.opinions else {},
        )

    def _model_file(self) -> dict[str, str]:
        """The digest of the model's file, if the spec names one."""
        file = self.spec.subject.file
        return {"file_sha256": digest_of(str(self.spec.base / file))} if file else {}

    def _record_order(self, record: StateRecord) -> tuple[Any, ...]:
        cohort = cohort_order(self.layout.groups)(record.cohort)
        return record.kind, record.columns, record.column or "", record.window, len(cohort), cohort

    def _tests(self) -> set[str]:
        """The metrics that are p-values."""
        return {f"{p.plugin.id}.{m.id}" for p in self.providers.values() for m in p.metrics if m.unit == "p"}

    def _applicable(self) -> tuple[tuple[Any, ...], list[str]]:
        """The checks without those that no column of this data is of a kind for, and a note on each of them."""
        empty = {
            f"{name}.{metric.id}"
            for name, provider in self.providers.items()
            for metric in provider.metrics
            if not plan.columns_of(metric, self.layout)
        }
        late = [self.maturity.note] if self.maturity else []
        idle = f"nothing in this data or its spec to measure: {', '.join(sorted(empty))}"
        notes = [*late, *self.layout.notes, *([idle] if empty else [])]
        return tuple(c for c in self.policy.checks if c.metric not in empty), notes
