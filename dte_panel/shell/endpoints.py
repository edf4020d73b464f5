"""What a server answers besides the pages: whether it lives, what it shows as numbers, and headers that guard it."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from tornado.web import OutputTransform, RequestHandler

from dte_panel import __version__
from dte_panel.shell.library import Library

#: Panel's components are modules made from blobs and templates compiled in the browser: scripts of this server, inline
#: and evaluated ones must be allowed. Nothing may come from, or go to, another host.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guarded(OutputTransform):
    """Adds :data:`HEADERS` to every response, whoever wrote it."""

    def transform_first_chunk(self, status_code: int, headers: Any, chunk: bytes, finishing: bool) -> Any:
        """Called by Tornado once per response, before its headers are sent."""
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        return status_code, headers, chunk


class Health(RequestHandler):
    """``GET /health``: 200 and a little JSON while the server answers."""

    def get(self) -> None:
        """Say that it lives; nothing of what it shows."""
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps({"status": "ok", "version": __version__}))


class Metrics(RequestHandler):
    """``GET /metrics``: verdicts and checks of every subject for Prometheus."""

    def initialize(self, library: Library, token: str, *, closed: bool) -> None:
        """Take what the server was started with.

        Parameters
        ----------
        library : Library
        token : str
            What ``Authorization: Bearer`` must say, if anything.
        closed : bool
            Pages ask for a login: without a token nobody may look here either.
        """
        self.registry = CollectorRegistry()
        self.registry.register(_Collector(library))
        self.token, self.closed = token, closed

    def get(self) -> None:
        """Write the numbers, or refuse."""
        given = self.request.headers.get("Authorization", "")
        if not (hmac.compare_digest(given, f"Bearer {self.token}") if self.token else not self.closed):
            self.set_status(401 if self.token else 403)
            self.finish()
            return
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(generate_latest(self.registry))


class _Collector:
    """The numbers of a library, as they are when somebody asks."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give each family of numbers."""
        verdict = GaugeMetricFamily("dte_verdict", "1 for the overall verdict.", labels=["subject", "verdict"])
        checks = GaugeMetricFamily("dte_checks", "Required checks.", labels=["subject", "verdict"])
        assessed = GaugeMetricFamily("dte_assessed_timestamp_seconds", "When it was assessed.", labels=["subject"])
        for key, subject in self.library.subjects.items():
            verdict.add_metric([key, subject.evidence.verdict], 1)
            for word, n in subject.summary.required.items():
                checks.add_metric([key, word], n)
            if subject.evidence.created:
                assessed.add_metric([key], datetime.fromisoformat(subject.evidence.created).timestamp())
        yield from (verdict, checks, assessed)


def patterns(library: Library, token: str, *, closed: bool) -> list[tuple[Any, ...]]:
    """The routes of these endpoints."""
    return [("/health", Health), ("/metrics", Metrics, {"library": library, "token": token, "closed": closed})]
