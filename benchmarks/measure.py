"""Whole processes, measured: wall and CPU time, peak memory, and what each says of its computation alone."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any


@dataclass
class Contestant:
    """A command, what it is expected to take, and what its runs took.

    Attributes
    ----------
    title : str
    command : sequence
    estimate : float
        Seconds of one run on two quiet cores: for the plan only.
    limit : float
        Seconds after which a run is stopped and said to be.
    runs : int
        How often it is to run.
    size : tuple of int
        Rows and columns, where they are what grows.
    before : callable or None
        Puts back what a run needs to find.
    """

    title: str
    command: Sequence[str | Path]
    estimate: float
    limit: float = 420.0
    runs: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    compute: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    size: tuple[int, int] = (0, 0)
    before: Callable[[], None] | None = None

    def run(self) -> None:
        """Run once, with start and imports; what must be put back before is not counted."""
        if self.before:
            self.before()
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            started = time.perf_counter()
            # a module that is compiled anew in each run would be counted as work
            kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")}
            child = subprocess.Popen(
                [str(word) for word in self.command], stdout=out, stderr=err, env={**kept, **self.environment}
            )
            alarm = threading.Timer(self.limit, lambda: os.kill(child.pid, signal.SIGKILL))
            alarm.start()
            # only wait4 tells one child's usage
            _, status, usage = os.wait4(child.pid, 0)
            alarm.cancel()
            seconds = time.perf_counter() - started
            child.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            if child.returncode:
                stopped = child.returncode == -signal.SIGKILL and seconds >= self.limit
                told = err.read().strip().splitlines() or ["it said nothing"]
                self.note = f"stopped after {self.limit:.0f} s" if stopped else f"failed: {told[-1][:200]}"
                self.runs = len(self.wall)
                print(f"    {self.title}: {self.note}", flush=True)
                return
            self.said = json.loads(out.read().strip().splitlines()[-1])
        self.wall.append(seconds)
        self.cpu.append(usage.ru_utime + usage.ru_stime)
        self.megabytes.append(usage.ru_maxrss * (1 if platform.system() == "Darwin" else 1024) / 1e6)
        self.compute.append(float(self.said["compute"]))
        print(f"    {self.title}: {seconds:.2f} s, {self.cpu[-1]:.2f} s CPU, {self.megabytes[-1]:.0f} MB", flush=True)

    @property
    def left(self) -> int:
        """Runs to go."""
        return max(self.runs - len(self.wall), 0) if not self.note else 0

    def medians(self) -> dict[str, float] | None:
        """The medians of its runs; nothing where none ended."""
        if not self.wall:
            return None
        return {name: median(getattr(self, name)) for name in ("wall", "cpu", "compute", "megabytes")}

    def record(self) -> dict[str, Any]:
        """Every run, for the JSON."""
        every = {name: getattr(self, name) for name in ("wall", "cpu", "compute", "megabytes")}
        said = {k: v for k, v in self.said.items() if k != "values"}
        return {"title": self.title, "medians": self.medians(), "runs": every, "said": said, "note": self.note}


def machine() -> dict[str, Any]:
    """What it runs on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    processor = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": processor or platform.machine(),
        "cpus": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": platform.system(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }
