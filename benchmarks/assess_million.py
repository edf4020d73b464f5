"""Time, CPU and memory of whole processes: ``dte-panel assess`` on a million rows, and Evidently beside it.

    uv run benchmarks/assess_million.py [--runs 3] [--evidently-runs 1] [--rows 1000000] [--out FILE]

Runs are interleaved, so that a slow minute of the machine does not hit one side only. This process stays small: on
Linux a child's peak memory starts at its parent's.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
EVIDENTLY = "0.7.23"
QUIET = {"DO_NOT_TRACK": "1", "ITERATIVE_DO_NOT_TRACK": "1"}


@dataclass
class Contestant:
    """A command and what its runs took."""

    title: str
    command: Sequence[str | Path]
    runs: int
    environment: Mapping[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Run once, as a whole process with its start and imports."""
        started = time.perf_counter()
        # the process is waited for by hand, because only wait4 tells one child's usage
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        child = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, env={**inherited, **self.environment})
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{self.title} ended with exit code {child.returncode}")
        self.seconds.append(time.perf_counter() - started)
        self.cpu.append(usage.ru_utime + usage.ru_stime)
        self.megabytes.append(usage.ru_maxrss * (1 if platform.system() == "Darwin" else 1024) / 1e6)
        print(f"{self.title}: {self.seconds[-1]:.1f} s, {self.cpu[-1]:.1f} s CPU, {self.megabytes[-1]:.0f} MB")

    def row(self) -> str:
        """The medians as a row of a Markdown table."""
        numbers = f"{median(self.seconds):.1f} s | {median(self.cpu):.1f} s | {median(self.megabytes):,.0f} MB"
        return f"| {self.title} | {numbers} | {len(self.seconds)} |"


def main() -> None:
    args = arguments()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="dte-benchmark-") as name:
        folder = Path(name)
        subprocess.run([sys.executable, HERE / "make_million.py", folder, "--rows", str(args.rows)], check=True)
        contestants = everyone(folder, args.runs, args.evidently_runs)
        # Once without being counted: an installation compiles its modules on the first run.
        replace(contestants[1], title="warming up", seconds=[], cpu=[], megabytes=[]).run()
        for turn in range(max(args.runs, args.evidently_runs)):
            for contestant in contestants:
                if turn < contestant.runs:
                    contestant.run()
        args.out.parent.mkdir(exist_ok=True)
        args.out.write_text(report(args.rows, contestants, folder, load))
    print(f"{args.out} is written")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3, help="of dte-panel")
    parser.add_argument("--evidently-runs", type=int, default=1, help="0 leaves it out")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "assess_million.md")
    return parser.parse_args()


def everyone(folder: Path, runs: int, evidently_runs: int) -> list[Contestant]:
    ours = Path(sys.executable).with_name("dte-panel")
    compiled = {"PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    four = {"DTE_PLUGINS": "drift,fairness,guardrails,performance", **compiled}

    def assess(title: str, spec: str, environment: Mapping[str, str]) -> Contestant:
        command = [ours, "assess", folder / spec, "--out", folder / "evidence.json"]
        return Contestant(f"dte-panel, {title}", command, runs, environment)

    found = [
        assess("all four providers, 30 daily windows, 2 sensitive columns", "trust.yaml", four),
        assess("all four providers, no windows, 2 sensitive columns", "whole.yaml", four),
        assess("drift only, no windows", "whole.yaml", {**four, "DTE_PLUGINS": "drift"}),
    ]
    if evidently_runs:
        files = [folder / "reference.parquet", folder / "current.parquet"]
        command = [evidently(folder), HERE / "evidently_drift.py", *files]
        found.append(Contestant(f"Evidently {EVIDENTLY}, DataDriftPreset", command, evidently_runs, QUIET))
    return found


def evidently(folder: Path) -> Path:
    """The Python of an environment that has it, and nothing of ours."""
    home = folder / "evidently"
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, home], check=True)
    wanted = [f"evidently=={EVIDENTLY}", "pandas<3.1", "pyarrow"]
    subprocess.run(["uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", home, *wanted], check=True)
    return home / "bin" / "python"


def report(rows: int, contestants: Sequence[Contestant], folder: Path, load: float) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = ", ".join(f"{name} {version(name)}" for name in ("dte-panel", "duckdb", "numpy", "scipy", "pyarrow"))
    sizes = " and ".join(f"{(folder / f'{n}.parquet').stat().st_size / 1e6:.0f} MB" for n in ("reference", "current"))
    table = "\n".join(contestant.row() for contestant in contestants)
    machine = f"{processor()}, {os.cpu_count()} CPUs, {memory:.0f} GB, {platform.system()}"
    return f"""# A million rows

Reference and current, {rows:,} rows × 30 columns each, Parquet of {sizes}. Whole processes with start and imports,
runs interleaved; medians of wall time, CPU time and peak memory.

| what | wall | CPU | peak memory | runs |
| --- | --- | --- | --- | --- |
{table}

{datetime.now(UTC):%Y-%m-%d}. {machine},
Python {platform.python_version()}. {versions}.
Load average before: {load:.1f}. Where other work ran, CPU time says more than wall time.

The rows do not do the same work. `DataDriftPreset` takes one distance for each column. Ours takes eleven drift metrics
for each column, most with intervals; with all four providers also rates, gaps, performance and guardrails, for every
group of two sensitive columns; and with windows all of it for each of 30 days. How to run it: [README](../README.md).
"""


def processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
