"""Serve the dashboard on this machine until it is told to stop."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dte_panel.errors import DTEError, InputError
from dte_panel.shell.library import Library

if TYPE_CHECKING:
    from dte_panel.certificate import Shelf
    from dte_panel.evidence import Evidence
    from dte_panel.registry import Registry


@dataclass(frozen=True)
class Options:
    """How the dashboard is served.

    Attributes
    ----------
    address, port : str, int
        Where to listen. If the port is taken, a free one is used and said.
    open_browser : bool
        Open the page in the user's browser.
    prefix : str
        Path under which the pages stand, for a proxy.
    allow_origins : sequence of str
        More ``host:port`` from which the page may be opened.
    processes : int
        Workers that share the port. They end with the process that started them.
    basic_auth : str
        A password, or a JSON file of users and passwords, that the pages ask for.
    oauth_provider : str
        One of Panel's providers; its key and secret come from ``PANEL_OAUTH_KEY`` and ``PANEL_OAUTH_SECRET``.
    budget : float
        Seconds that one view may take to draw.
    certificates : Shelf or None
        Where the certificates of the subjects stand.
    """

    address: str = "127.0.0.1"
    port: int = 5006
    open_browser: bool = True
    prefix: str = ""
    allow_origins: Sequence[str] = ()
    processes: int = 1
    basic_auth: str = ""
    oauth_provider: str = ""
    budget: float = 20.0
    certificates: Shelf | None = None


def run(
    evidence: Evidence | Sequence[Evidence],
    options: Options,
    *,
    registry: Registry | None,
    say: Callable[[str], None] | None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; see :func:`dte_panel.shell.serve`."""
    from bokeh.settings import settings

    from dte_panel.shell.app import build

    say = say or _print
    settings.resources = "server"  # whatever the environment says: nobody is asked for scripts but this server
    library = Library.of(evidence, registry, options.certificates)
    used = free_port(options.address, options.port)
    if used != options.port and options.port:
        say(f"Port {options.port} is taken; using {used} instead.")
    url = f"http://{_shown(options.address)}:{used}/{options.prefix.strip('/')}".rstrip("/")
    parent = os.getpid()
    if options.processes > 1:
        say(f"DTE Panel is at {url}  (Ctrl-C stops it)")
        # From here on this process only waits for its workers.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = _server(lambda: build(library, budget=options.budget), library, options, used)
    if options.processes == 1:
        say(f"DTE Panel is at {url}  (Ctrl-C stops it)")
    threading.Thread(target=warm, args=[library], name="dte-warm", daemon=True).start()
    if options.open_browser:
        server.io_loop.call_later(0.2, lambda: server.show(f"/{options.prefix.strip('/')}"))
    _until_stopped(server, parent)


def _server(page: Callable[[], Any], library: Library, options: Options, port: int) -> Any:
    from panel.io import state
    from panel.io.application import build_applications
    from panel.io.server import get_server
    from panel.util.parameters import edit_readonly
    from tornado.web import GZipContentEncoding

    from dte_panel.shell.endpoints import Guarded, patterns

    closed = bool(options.basic_auth or options.oauth_provider)
    token = os.environ.get("DTE_METRICS_TOKEN", "")
    more: dict[str, Any] = {"num_procs": options.processes} if options.processes > 1 else {}
    if closed:
        with edit_readonly(state):
            # Where a login goes to that does not know where it came from: a second try after a wrong password.
            state.base_url = f"/{options.prefix.strip('/')}/".replace("//", "/")
        more["basic_auth"], more["oauth_provider"] = options.basic_auth or None, options.oauth_provider or None
        more["login_template"] = str(Path(__file__).with_name("assets") / "login.html")
        # Workers must agree on it, and a restart logs everybody out unless it is given.
        more["cookie_secret"] = os.environ.get("PANEL_COOKIE_SECRET") or secrets.token_hex(32)
    applications = build_applications({"/": page}, title={"/": "DTE Panel"})
    applications["/"].add(_local_styles())
    return get_server(
        applications,  # type: ignore[arg-type]  # it takes applications too
        address=options.address,
        port=port,
        prefix=options.prefix.strip("/"),
        websocket_origin=origins(options.address, port, options.allow_origins),
        verbose=False,
        show=False,
        start=False,
        extra_patterns=patterns(library, token, closed=closed),
        transforms=[Guarded, GZipContentEncoding],
        **more,
    )


def _local_styles() -> Any:
    """Make every session ask this server for its styles.

    Panel writes them for its CDN, and rewrites them in the page that it renders. Where another worker answers the
    websocket than the one that rendered the page, the session is that worker's, and nobody rewrote it.
    """
    from bokeh.application.handlers import Handler
    from panel.io import state
    from panel.io.resources import LOCAL_DIST, patch_model_css

    class LocalStyles(Handler):
        def modify_document(self, doc: Any) -> None:
            for root in doc.roots:
                patch_model_css(root, dist_url=f"{state.rel_path}/{LOCAL_DIST}" if state.rel_path else LOCAL_DIST)

    return LocalStyles()


def _until_stopped(server: Any, parent: int) -> None:
    """Serve until Ctrl-C or SIGTERM. Bokeh's own loop prints first, so it goes on for ever once nobody reads stdout."""
    loop = server.io_loop
    server.start()
    if os.getpid() != parent:
        _end_with(parent, loop)
    signal.signal(signal.SIGTERM, lambda *_: loop.add_callback(loop.stop))
    with suppress(KeyboardInterrupt):
        loop.start()
    server.stop()


def _end_with(parent: int, loop: Any) -> None:
    """Stop once the process that started this worker is gone, however it went."""
    from tornado.ioloop import PeriodicCallback

    def look() -> None:
        if os.getppid() != parent:
            loop.stop()

    PeriodicCallback(look, 500).start()


def warm(library: Library) -> None:
    """Load what the first page would wait for."""
    from dte_panel.shell.provider import holoviews_ready

    for subject in library.subjects.values():
        for provider in subject.providers:
            with suppress(DTEError):
                library.registry.views(provider)
    holoviews_ready()
    for subject in library.subjects.values():
        _ = subject.findings, subject.digest


def free_port(address: str, port: int) -> int:
    """The port asked for, or a free one where it is taken (or 0)."""
    for wanted in (port, 0):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, wanted))
            except OSError as error:
                if wanted == 0:
                    hint = "Use 127.0.0.1 for this machine only, or 0.0.0.0 for all networks"
                    raise InputError(f"cannot listen ({error.strerror})", where=address, hint=hint) from error
                continue
            return int(probe.getsockname()[1])
    raise AssertionError("not reached: port 0 binds or raises")


def origins(address: str, port: int, more: Sequence[str]) -> list[str]:
    """From which hosts the page may be opened."""
    names = dict.fromkeys([_shown(address), "localhost", "127.0.0.1"])
    return [*(f"{name}:{port}" for name in names), *more]


def _shown(address: str) -> str:
    return "127.0.0.1" if address in {"", "0.0.0.0", "::"} else f"[{address}]" if ":" in address else address  # noqa: S104


def _print(line: Any) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
