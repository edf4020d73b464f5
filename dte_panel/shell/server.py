"""Serve the dashboard on this machine until it is told to stop."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dte_panel.errors import DTEError, InputError
from dte_panel.shell.library import Library

if TYPE_CHECKING:
    from dte_panel.evidence import Evidence
    from dte_panel.registry import Registry


def run(
    evidence: Evidence | Sequence[Evidence],
    *,
    address: str,
    port: int,
    open_browser: bool,
    prefix: str,
    allow_origins: Sequence[str],
    registry: Registry | None,
    budget: float,
    say: Callable[[str], None] | None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; see :func:`dte_panel.shell.serve`."""
    from bokeh.settings import settings
    from panel.io.server import get_server

    from dte_panel.shell.app import build

    say = say or _print
    settings.resources = "server"  # whatever the environment says: nobody is asked for scripts but this server
    library = Library.of(evidence, registry)
    used = free_port(address, port)
    if used != port and port:
        say(f"Port {port} is taken; using {used} instead.")
    prefix = prefix.strip("/")
    server = get_server(
        {"/": lambda: build(library, budget=budget)},
        address=address,
        port=used,
        prefix=prefix,
        websocket_origin=origins(address, used, allow_origins),
        title={"/": "DTE Panel"},
        verbose=False,
        show=False,
        start=False,
    )
    url = f"http://{_shown(address)}:{used}/{prefix}".rstrip("/")
    say(f"DTE Panel is at {url}  (Ctrl-C stops it)")
    threading.Thread(target=warm, args=[library], name="dte-warm", daemon=True).start()
    if open_browser:
        server.io_loop.call_later(0.2, lambda: server.show(f"/{prefix}"))
    _until_stopped(server)


def _until_stopped(server: Any) -> None:
    """Serve until Ctrl-C or SIGTERM. Bokeh's own loop prints first, so it goes on for ever once nobody reads stdout."""
    loop = server.io_loop
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: loop.add_callback(loop.stop))
    with suppress(KeyboardInterrupt):
        loop.start()
    server.stop()


def warm(library: Library) -> None:
    """Load what the first page would wait for."""
    from dte_panel.shell.provider import holoviews_ready

    for subject in library.subjects.values():
        for provider in subject.providers:
            with suppress(DTEError):
                library.registry.views(provider)
    holoviews_ready()


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
