"""The served dashboard from outside: endpoints, headers, a login, several processes; nothing is left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest

pytestmark = pytest.mark.slow
Serve = Callable[..., tuple[str, subprocess.Popen[str]]]


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def get(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and text, whatever the status; redirects are not followed."""
    try:
        with build_opener(_Stay).open(Request(url, headers=headers), timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except HTTPError as answer:
        with closing(answer):
            return answer.code, dict(answer.headers), answer.read().decode()


@pytest.fixture
def serve(tmp_path: Path, evidence: Any) -> Iterator[Serve]:
    evidence.write(tmp_path / "evidence.json")
    running: list[subprocess.Popen[str]] = []

    def start(*flags: str, **environment: str) -> tuple[str, subprocess.Popen[str]]:
        command = [sys.executable, "-m", "dte_panel.cli", "serve", "--evidence", str(tmp_path / "evidence.json")]
        process = subprocess.Popen(
            [*command, "--no-browser", "--port", "0", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        running.append(process)
        assert process.stdout is not None
        told = []
        for line in process.stdout:
            told.append(line)
            if found := re.search(r"is at (http://\S+)", line):
                _wait(lambda: _listens(found[1]))
                return found[1], process
        pytest.fail("the server did not start:\n" + "".join(told))

    yield start
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _listens(url: str) -> bool:
    port = int(re.findall(r":(\d+)", url)[0])
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.1)


def test_it_says_that_it_lives_and_what_it_shows(serve: Serve) -> None:
    url, process = serve()
    status, _, text = get(f"{url}/health")
    assert (status, json.loads(text)["status"]) == (200, "ok")
    status, headers, text = get(f"{url}/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain; version=")
    assert re.search(r'^dte_verdict\{subject="[^"]+",verdict="\w+"\} 1\.0$', text, re.MULTILINE)
    for path in ("/", "/health", "/metrics", "/static/js/bokeh.min.js", "/nothing"):
        _, headers, _ = get(url + path)
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"], path
        assert headers["X-Content-Type-Options"] == "nosniff", path
    _, headers, _ = get(url + "/static/js/bokeh.min.js", **{"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in headers
    process.terminate()
    assert process.wait(15) == 0


def test_metrics_ask_for_their_token(serve: Serve) -> None:
    url, _ = serve(DTE_METRICS_TOKEN="abc")  # noqa: S106
    assert get(f"{url}/metrics")[0] == 401
    assert get(f"{url}/metrics", Authorization="Bearer abd")[0] == 401
    assert get(f"{url}/metrics", Authorization="Bearer abc")[0] == 200


def test_a_login_guards_the_page_and_the_numbers(serve: Serve) -> None:
    url, _ = serve("--basic-auth", "s3cret")
    status, headers, text = get(f"{url}/")
    assert status == 302
    assert "login" in headers["Location"]
    assert text == ""
    assert get(f"{url}/metrics")[0] == 403
    assert get(f"{url}/health")[0] == 200


def _children(parent: int) -> list[Path]:
    """The running processes that a process started, by the fourth field of their status: name may hold blanks."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it may have ended since
            state, its_parent = (path / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(its_parent) == parent and state != "Z":
                found.append(path)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_the_process_that_started_them(how: signal.Signals, serve: Serve) -> None:
    url, process = serve("--num-procs", "2")
    _wait(lambda: len(_children(process.pid)) == 2)
    workers = _children(process.pid)
    assert get(f"{url}/health")[0] == 200
    process.send_signal(how)
    process.wait(15)
    _wait(lambda: not any(worker.exists() for worker in workers), 20)
    assert not _listens(url)


def test_no_process_at_all_is_refused(evidence: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from dte_panel.cli import main

    evidence.write(tmp_path / "e.json")
    assert main(["serve", "--evidence", str(tmp_path / "e.json"), "--num-procs", "0"]) == 2
    assert "--num-procs: 0 processes cannot serve" in capsys.readouterr().err


@pytest.mark.browser
def test_the_page_works_under_its_policy_a_prefix_a_login_and_two_workers(serve: Serve, browser: Any) -> None:
    url, _ = serve("--prefix", "trust/here", "--basic-auth", "s3cret", "--num-procs", "2")
    assert url.endswith("/trust/here")
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda m: refused.append(m.text) if m.type == "error" else None)
    page.goto(f"{url}/")
    page.fill("input[name=username]", "me")
    page.fill("input[name=password]", "wrong")
    page.press("input[name=password]", "Enter")
    page.get_by_role("alert").filter(has_text="Invalid").wait_for()
    page.fill("input[name=username]", "me")
    page.fill("input[name=password]", "s3cret")
    page.press("input[name=password]", "Enter")
    page.locator("main[aria-busy=false]").wait_for(timeout=60_000)
    for _ in range(3):  # either worker may answer the websocket
        page.reload()
        page.locator("main[aria-busy=false]").wait_for(timeout=60_000)
    assert refused == []
    page.close()
