"""Ours and its peers, interleaved in one run, whole processes; the results as Markdown, JSON and a picture.

    uv run benchmarks/run.py [--only NAME …] [--runs 3] [--budget 25] [--quick] [--data FOLDER]

The budget is in minutes. What is estimated to take longer gets fewer runs, the costliest first, and the table says how
many each had; what does not fit at all is not run, and the table says so. Peers run in environments of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import envs
from data import Store
from jobs import JOBS, Bench, Job
from measure import Contestant, machine
from plot import picture

HERE = Path(__file__).parent
PACKAGES = ("dte-panel", "duckdb", "numpy", "pyarrow", "scipy")
#: A quick look has data that is smaller by this.
QUICK = 50


def main() -> None:
    args = arguments()
    with tempfile.TemporaryDirectory(prefix="dte-benchmark-") as temporary:
        folder = args.data or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        Run(args, folder.resolve()).all()


class Run:
    """One run: its time, and what it has so far."""

    def __init__(self, args: argparse.Namespace, folder: Path) -> None:
        self.args, self.folder = args, folder
        self.bench = Bench(Store(folder), QUICK if args.quick else 1)
        self.started = time.perf_counter()
        self.machine = machine()
        self.done: list[tuple[Job, list[Contestant], str]] = []

    def all(self) -> None:
        """Every job that is asked for: first its data, then a plan for all, then the runs."""
        self.bench.store.folder.mkdir(exist_ok=True)
        made: list[tuple[Job, list[Contestant]]] = []
        for name in self.args.only or JOBS:
            print(f"{self.minutes():5.1f} min  data of {name}", flush=True)
            made.append((JOBS[name], JOBS[name].make(self.bench)))
        self.plan(made)
        for job, contestants in made:
            print(f"{self.minutes():5.1f} min  {job.name}: {job.title}", flush=True)
            self.run(contestants)
            self.done.append((job, contestants, job.check(contestants) if job.check else ""))
            self.write()
        self.fill()
        print(f"{self.minutes():5.1f} min  {self.args.out.with_suffix('.md')} is written", flush=True)

    def minutes(self) -> float:
        """Minutes since the start."""
        return (time.perf_counter() - self.started) / 60

    def left(self) -> float:
        """Minutes of the budget."""
        return float(self.args.budget - self.minutes())

    def plan(self, made: Sequence[tuple[Job, list[Contestant]]]) -> None:
        """Give each its runs: as many as asked for, and fewer for the costliest until all of it fits."""
        every = [contestant for _, contestants in made for contestant in contestants]
        for job, contestants in made:
            for contestant in contestants:
                contestant.runs = 1 if job.axis == "values read" else self.args.runs
        while sum(c.estimate * c.runs for c in every) > self.left() * 60:
            most = max((c for c in every if c.runs > 1), key=lambda c: c.estimate * c.runs, default=None)
            if most is None:
                break
            most.runs -= 1
        planned = sum(c.estimate * c.runs for c in every) / 60
        print(f"{self.minutes():5.1f} min  planned: {planned:.0f} minutes of {self.left():.0f} left", flush=True)

    def fill(self) -> None:
        """Use the time that is left for the runs that the plan left out, the shortest first."""

        def short() -> list[Contestant]:
            every = [c for job, made, _ in self.done for c in made if job.axis != "values read" and not c.note]
            some = [c for c in every if c.wall and len(c.wall) < self.args.runs]
            return sorted((c for c in some if max(c.wall) < self.left() * 60), key=lambda c: max(c.wall))

        while found := short():
            found[0].runs = len(found[0].wall) + 1
            found[0].run()
            self.done = [(job, made, job.check(made) if job.check else "") for job, made, _ in self.done]
            self.write()

    def run(self, contestants: Sequence[Contestant]) -> None:
        """Interleaved, so that a slow minute of the machine does not hit one side only."""
        while any(c.left for c in contestants):
            for contestant in contestants:
                if not contestant.left:
                    continue
                room = self.left() * 60
                if room < contestant.estimate * 0.5 and (contestant.wall or room < 0):
                    contestant.runs = len(contestant.wall)
                    contestant.note = contestant.note or ("" if contestant.wall else "not run: the time was over")
                    continue
                contestant.run()

    def write(self) -> None:
        """What there is so far, so that a run that is ended has written it."""
        out: Path = self.args.out
        out.parent.mkdir(parents=True, exist_ok=True)
        drawn = picture(self.done, out.with_suffix(".svg"))
        out.with_suffix(".json").write_text(json.dumps(self.document(), indent=1) + "\n")
        out.with_suffix(".md").write_text(self.page(drawn))

    def document(self) -> dict[str, Any]:
        """Every number of every run."""
        return {
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": self.machine,
            "versions": {**{name: version(name) for name in PACKAGES}, **envs.versions(self.folder)},
            "quick": self.args.quick,
            "minutes": round(self.minutes(), 1),
            "jobs": {
                job.name: {"title": job.title, "contestants": [c.record() for c in made], "check": text}
                for job, made, text in self.done
            },
        }

    def page(self, drawn: Path | None) -> str:
        """The tables."""
        told = self.document()
        at = told["machine"]
        lines = [
            "# Benchmarks" + (f" (a quick look: data cut by {QUICK}; no number here means anything)" * self.args.quick),
            "",
            f"{told['date']}. {at['processor']}, {at['cpus']} CPUs, {at['memory_gb']} GB, {at['system']}, Python "
            f"{at['python']}; load average before: {at['load']}. "
            + ", ".join(f"{name} {number}" for name, number in told["versions"].items())
            + ".",
            "",
            "Whole processes with start and imports, interleaved; medians. *Computation*: ours from after the imports, "
            "with reading the files; of a peer after it has read them (DuckDB reads as it computes). *Times ours*: "
            "wall, and computation in brackets. How to run it: [README](../README.md).",
        ]
        for job, contestants, text in self.done:
            lines += ["", f"## {job.title}", "", job.about, "", *table(contestants, compare=not job.axis)]
            lines += ["", text] if text else []
        if drawn:
            lines += ["", f"![Cost by rows, columns, cohorts and windows]({drawn.name})"]
        return "\n".join(lines) + "\n"


def table(contestants: Sequence[Contestant], *, compare: bool) -> list[str]:
    """One row for each contestant."""
    lines = [
        "| what | wall | CPU | computation | peak memory | runs | times ours |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    ours = contestants[0].medians() if contestants else None
    for contestant in contestants:
        found = contestant.medians()
        if found is None:
            lines.append(f"| {contestant.title} | {contestant.note or 'not run'} | | | | 0 | |")
            continue
        ratio = ""
        if ours and compare and contestant is not contestants[0]:
            ratio = f"{found['wall'] / ours['wall']:.1f} ({found['compute'] / ours['compute']:.1f})"
        numbers = " | ".join(f"{found[name]:.2f} s" for name in ("wall", "cpu", "compute"))
        runs = f"{len(contestant.wall)}" + (f", {contestant.note}" if contestant.note else "")
        lines.append(f"| {contestant.title} | {numbers} | {found['megabytes']:,.0f} MB | {runs} | {ratio} |")
    return lines


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(JOBS), metavar="NAME", help=f"of {', '.join(JOBS)}")
    parser.add_argument("--runs", type=int, default=3, help="of each contestant, where the time allows")
    parser.add_argument("--budget", type=float, default=25.0, help="minutes, data included")
    parser.add_argument("--quick", action="store_true", help=f"data cut by {QUICK}: to see whether it works")
    parser.add_argument("--data", type=Path, help="where the data is kept; default: a folder that is removed")
    name = "quick" if os.environ.get("CI") else "benchmarks"
    parser.add_argument("--out", type=Path, default=HERE / "results" / name, help="without a suffix")
    return parser.parse_args()


if __name__ == "__main__":
    main()
