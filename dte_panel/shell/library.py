"""What all sessions share: each subject's evidence, indexed once, with findings, pages and themes. No Panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from dte_panel.errors import InputError
from dte_panel.looks import Theme
from dte_panel.model import CURRENT, REFERENCE, Cohort, cohort_key
from dte_panel.shell.findings import Finding, Summary, findings, summarise
from dte_panel.shell.results import Index
from dte_panel.shell.words import cohort_label, provider_title, window_text

if TYPE_CHECKING:
    from dte_panel.certificate import Shelf
    from dte_panel.evidence import Evidence
    from dte_panel.registry import Registry
    from dte_panel.shell.catalogue import Catalogue

PORTFOLIO, OVERVIEW, EVIDENCE, PLUGINS, HELP = "portfolio", "overview", "evidence", "plugins", "help"
CERTIFICATE = "certificate"
OWN_PAGES = {
    OVERVIEW: "Overview",
    EVIDENCE: "Evidence",
    CERTIFICATE: "Certificate",
    PLUGINS: "Plugins",
    HELP: "Help",
}
_SHOWN_BY = {"dte_metrics", "dte_views"}


@dataclass(frozen=True)
class Place:
    """One page: its key in the URL, its title, and the provider it shows."""

    key: str
    title: str
    provider: str = ""


class Subject:
    """One evidence with everything derived from it that does not depend on a session."""

    def __init__(self, key: str, evidence: Evidence, *, alone: bool = True) -> None:
        self.key, self.evidence, self.alone = key, evidence, alone

    @cached_property
    def index(self) -> Index:
        """Its numbers by metric."""
        return Index(self.evidence)

    @cached_property
    def shared(self) -> Evidence:
        """The evidence as it may leave the dashboard: cells of few rows are left out."""
        return self.evidence.shared()

    @cached_property
    def digest(self) -> str:
        """The digest of the evidence; of 100,000 measurements it takes seconds."""
        return self.evidence.digest()

    @cached_property
    def catalogue(self) -> Catalogue:
        """The measurements, to search and sort."""
        from dte_panel.shell.catalogue import Catalogue

        return Catalogue(self)

    @cached_property
    def findings(self) -> list[Finding]:
        """Every check in sentences, worst first."""
        return findings(self.evidence)

    @cached_property
    def summary(self) -> Summary:
        """The counts of the checks, under the evidence's own verdict."""
        found = summarise(self.evidence.verdicts)
        return Summary(self.evidence.verdict, found.counts, found.required)

    @cached_property
    def providers(self) -> dict[str, Mapping[str, Any]]:
        """Providers that measure or show something, or that are broken and have to say so."""
        told = {str(p["id"]): p for p in self.evidence.providers}
        judged = {v.provider: {"id": v.provider, "state": "not installed"} for v in self.evidence.verdicts}
        every = {**told, **{k: p for k, p in judged.items() if k not in told}}
        return {k: p for k, p in every.items() if _has_page(p) or k in judged}

    def summary_of(self, provider: str) -> Summary:
        """The counts of one provider's checks; a broken provider is an error even if no check asks for it."""
        found = summarise(self.index.verdicts.get(provider, ()))
        broken = self.providers.get(provider, {}).get("state") == "broken" and not found.verdict
        return Summary("error", found.counts, found.required) if broken else found

    @cached_property
    def places(self) -> list[Place]:
        """The pages, in the order of the menu."""
        own = [Place(key, title) for key, title in OWN_PAGES.items()]
        taken = {*OWN_PAGES, PORTFOLIO}
        pages = [Place(f"provider-{i}" if i in taken else i, provider_title(i), i) for i in self.providers]
        return [*([] if self.alone else [Place(PORTFOLIO, "Portfolio")]), own[0], *pages, *own[1:]]

    @cached_property
    def windows(self) -> dict[str, str]:
        """Window id to its label: all current rows first, then each start."""
        starts = [x for x in self.evidence.windows if x not in {CURRENT, REFERENCE}]
        return {CURRENT: "All current rows", **{x: f"From {window_text(x)}" for x in starts}}

    @cached_property
    def cohorts(self) -> dict[str, Cohort]:
        """The text that stands for a cohort in the menu and in the URL, to the cohort; all rows first."""
        every: list[Cohort] = [{}, *self.evidence.cohorts]
        unique = {cohort_key(c): dict(c) for c in every}
        return {cohort_label(c) if c else "": c for c in unique.values()}


class Library:
    """The subjects of a dashboard and the registry that their views come from."""

    def __init__(
        self, evidences: Sequence[Evidence], registry: Registry | None = None, shelf: Shelf | None = None
    ) -> None:
        if not evidences:
            raise InputError("there is no evidence to show", where="dashboard", hint="Give at least one Evidence")
        self.subjects: dict[str, Subject] = {}
        for evidence in evidences:
            key = self._free(str(evidence.subject.get("name", "subject")))
            self.subjects[key] = Subject(key, evidence, alone=len(evidences) == 1)
        self._registry, self.shelf = registry, shelf

    @classmethod
    def of(
        cls, evidence: Evidence | Sequence[Evidence], registry: Registry | None = None, shelf: Shelf | None = None
    ) -> Library:
        """The library of one evidence or of several, and where their certificates stand."""
        return cls(list(evidence) if isinstance(evidence, Sequence) else [evidence], registry, shelf)

    @cached_property
    def registry(self) -> Registry:
        """The given registry, or the installed plugins."""
        return self._registry if self._registry is not None else _installed()

    @cached_property
    def themes(self) -> dict[str, Theme]:
        """Themes of the plugins by id; the shell's own light and dark stand in where none has them."""
        own = [Theme("light", "Light", dark=False, tokens={}), Theme("dark", "Dark", dark=True, tokens={})]
        return {theme.id: theme for theme in [*own, *self.registry.themes()]}

    def _free(self, name: str) -> str:
        count, key = 1, name
        while key in self.subjects:
            count, key = count + 1, f"{name} ({count + 1})"
        return key


@cache
def _installed() -> Registry:
    """The installed plugins, looked up once per process."""
    from dte_panel.registry import load

    return load()


def _has_page(provider: Mapping[str, Any]) -> bool:
    return provider.get("state") == "broken" or bool(_SHOWN_BY & set(provider.get("hooks", ())))
