"""What every test may use, of the core, the plugins and the themes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

#: Alembic alone can run what stands there.
collect_ignore = ["dte_panel/history/migrations"]
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium; where everything must hold, it must be there."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("there is no chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def serving() -> Callable[..., AbstractContextManager[str]]:
    """Runs a command that serves the dashboard, and gives its address; SIGTERM must end it cleanly."""

    @contextmanager
    def _serving(*command: str, **environment: str) -> Iterator[str]:
        env = {**os.environ, **environment}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
        assert process.stdout is not None
        told: list[str] = []
        try:
            for line in process.stdout:
                told.append(line)
                found = re.search(r"is at (http://\S+)", line)
                if found:
                    yield found[1]
                    break
            else:
                pytest.fail("the server did not start:\n" + "".join(told))
            process.terminate()
            assert process.wait(15) == 0, "SIGTERM ends it cleanly"
        finally:
            process.kill()
            process.stdout.close()
            process.wait()

    return _serving
