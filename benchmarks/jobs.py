"""What is measured: each job with its data, ours first, and the peers beside it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import envs
from data import EXTRA, FEATURES, GROUPS, MODEL, NUMBERS, Store
from measure import Contestant

HERE = Path(__file__).parent
MILLION = 1_000_000


@dataclass(frozen=True)
class Job:
    """One job: its contestants are made, with their data, when its turn comes.

    Attributes
    ----------
    name, title, about : str
        ``about`` says what the sides do, and where they do not do the same.
    make : callable
        ``make(bench) -> contestants``, ours first.
    check : callable or None
        ``check(contestants) -> text`` on what both computed.
    axis : str
        For a job that shows how cost grows: what grows. Its contestants are single points.
    """

    name: str
    title: str
    about: str
    make: Callable[[Bench], list[Contestant]]
    check: Callable[[Sequence[Contestant]], str] | None = None
    axis: str = ""


@dataclass(frozen=True)
class Bench:
    """Where the data lies, and by how much all sizes are cut."""

    store: Store
    cut: int = 1

    def rows(self, rows: int) -> int:
        """So many rows, or fewer for a quick look."""
        return max(rows // self.cut, 2_000)

    def ours(self, title: str, spec: Path, estimate: float, *more: str | Path, limit: float = 420.0) -> Contestant:
        """An assessment as a process of its own."""
        command = [sys.executable, HERE / "ours.py", spec, "--out", spec.with_suffix(".json"), *more]
        return Contestant(f"dte-panel, {title}", command, estimate / self.cut + 1, limit)

    def peer(self, title: str, environment: str, task: str, paths: Sequence[Path], estimate: float) -> Contestant:
        """A peer as a process of its own."""
        command = [envs.python(self.store.folder, environment), HERE / "peers.py", task, *paths]
        return Contestant(title, command, estimate / self.cut + 8)

    def sides(self, rows: int) -> list[Path]:
        """Reference and current."""
        return [self.store.rows(side, self.rows(rows)) for side in ("reference", "current")]


def described(paths: Sequence[Path], **more: Any) -> dict[str, Any]:
    """Data and features of a spec."""
    names = ("reference", "current") if len(paths) == 2 else ("current",)
    return {"data": dict(zip(names, map(str, paths), strict=True)), **more}


def drift_spec(bench: Bench, rows: int, name: str, **roles: Any) -> Path:
    """Thirty columns and nothing else."""
    return bench.store.spec(f"{name}-{rows}", described(bench.sides(rows), roles={"features": FEATURES, **roles}))


def drift_psi(bench: Bench) -> list[Contestant]:
    rows, spec = MILLION, drift_spec(bench, MILLION, "drift")
    return [
        bench.ours("PSI of 30 columns", spec, 4, "--providers", "drift", "--metrics", "population_stability_index"),
        bench.ours("all of its drift metrics, with intervals", spec, 10, "--providers", "drift"),
        bench.peer("Evidently DataDriftPreset(method='psi')", "evidently", "evidently-psi", bench.sides(rows), 77),
    ]


def drift_default(bench: Bench) -> list[Contestant]:
    rows = MILLION // 10
    spec = drift_spec(bench, rows, "drift")
    same = "wasserstein_distance,jensen_shannon_distance"
    return [
        bench.ours("Wasserstein and Jensen-Shannon", spec, 2, "--providers", "drift", "--metrics", same),
        bench.ours("all of its drift metrics, with intervals", spec, 3, "--providers", "drift"),
        bench.peer("Evidently DataDriftPreset()", "evidently", "evidently-default", bench.sides(rows), 20),
    ]


def scan(rows: int, estimate: float) -> Callable[[Bench], list[Contestant]]:
    def make(bench: Bench) -> list[Contestant]:
        spec = drift_spec(bench, rows, "scan")
        chosen = ("--providers", "drift", "--metrics", "population_stability_index")
        return [
            bench.ours("PSI of 30 columns", spec, estimate, *chosen),
            bench.peer("DuckDB, sum() of the same columns", "duckdb", "duckdb-scan", bench.sides(rows), estimate / 4),
        ]

    return make


def times_scan(contestants: Sequence[Contestant]) -> str:
    """How many scans our computation costs."""
    ours, peer = (c.medians() for c in contestants)
    if not (ours and peer):
        return ""
    whole = f"{ours['cpu'] / peer['cpu']:.1f} in CPU of the whole process"
    return f"Ours takes {ours['compute'] / peer['compute']:.1f} times the scan in computation, {whole}."


#: The same seven, by Fairlearn's names.
SEVEN = ("accuracy", "selection_rate", "true_positive_rate", "false_positive_rate", "count", "f1_score", "precision")


def fair_spec(bench: Bench, rows: int, sensitive: Sequence[str]) -> Path:
    crossed = {"cohorts": [list(sensitive)]} if len(sensitive) > 1 else {}
    roles = {"label": "label", "prediction": "prediction", "sensitive": list(sensitive), "features": ["n0"]}
    name = f"fairness-{rows}-{len(sensitive)}"
    return bench.store.spec(name, described(bench.sides(rows)[1:], roles=roles, **crossed))


def rates(bench: Bench) -> list[Contestant]:
    chosen = ("--providers", "fairness", "--metrics", ",".join(SEVEN))
    paths = bench.sides(MILLION)
    return [
        bench.ours("7 rates with 95 % intervals", fair_spec(bench, MILLION, list(GROUPS)), 2, *chosen),
        bench.peer("Fairlearn MetricFrame, no intervals", "fairlearn", "fairlearn-rates", paths, 35),
    ]


def rates_intervals(bench: Bench) -> list[Contestant]:
    rows = MILLION // 10
    chosen = ("--providers", "fairness", "--metrics", ",".join(SEVEN))
    peer = bench.peer("Fairlearn MetricFrame(n_boot=100)", "fairlearn", "fairlearn-bootstrap", bench.sides(rows), 180)
    return [bench.ours("7 rates with 95 % intervals", fair_spec(bench, rows, ["s2"]), 1.5, *chosen), peer]


def same_rates(contestants: Sequence[Contestant]) -> str:
    """Every value of the 80 groups, ours and Fairlearn's."""
    ours, peer = contestants[0], contestants[1]
    if not (ours.wall and peer.wall):
        return ""
    document = json.loads(Path(ours.command[2]).with_suffix(".json").read_text())
    pairs = []
    for m in document["measurements"]:
        names = [m["cohort"].get(name) for name in GROUPS]
        metric = m["metric"].partition(".")[2]
        if m["window"] == "current" and None not in names and metric in SEVEN:
            pairs.append((m["value"], peer.said["values"][metric].get("|".join(names))))
    return compared(pairs, "Fairlearn")


def compared(pairs: Sequence[tuple[Any, Any]], library: str) -> str:
    """How many numbers are the same, and how far the others are off."""
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    same = sum(a == b for a, b in both)
    widest = max((abs(a - b) for a, b in both), default=0.0)
    undefined = sum(a is None for a, _ in pairs)
    text = f"{same:,} of {len(both):,} values are the same to the last bit as {library}'s"
    text += f"; the largest difference is {widest:.2g}" if same < len(both) else ""
    return text + (f"; {undefined} are undefined for us, where {library} says 0 or 1" if undefined else "") + "."


def auc(bench: Bench) -> list[Contestant]:
    roles = {**MODEL, "sensitive": ["s2"], "features": ["n0"]}
    spec = bench.store.spec("auc", described(bench.sides(MILLION)[1:], roles=roles))
    chosen = ("--providers", "performance", "--metrics", "roc_auc")
    paths = bench.sides(MILLION)
    return [
        bench.ours("ROC AUC of 5 groups with 95 % intervals", spec, 3, *chosen),
        bench.peer("scikit-learn roc_auc_score by group", "fairlearn", "sklearn-auc", paths, 4),
    ]


def same_auc(contestants: Sequence[Contestant]) -> str:
    """The five areas, ours and scikit-learn's."""
    ours, peer = contestants[0], contestants[1]
    if not (ours.wall and peer.wall):
        return ""
    document = json.loads(Path(ours.command[2]).with_suffix(".json").read_text())
    groups = [
        (m, peer.said["values"].get(m["cohort"]["s2"]))
        for m in document["measurements"]
        if m["metric"] == "performance.roc_auc" and m["window"] == "current" and set(m["cohort"]) == {"s2"}
    ]
    told = [(m["detail"]["within"], theirs) for m, theirs in groups if "within" in m.get("detail", {})]
    held = sum(least <= theirs <= most for (least, most), theirs in told)
    widest = max((most - least for (least, most), _ in told), default=0.0)
    bounds = f" {held} of {len(told)} areas from fine bins hold scikit-learn's within {widest:.1g}." if told else ""
    return compared([(m["value"], theirs) for m, theirs in groups], "scikit-learn") + bounds


def daily(bench: Bench) -> list[Contestant]:
    spec = bench.store.spec(
        "daily",
        described(bench.sides(MILLION), roles={"features": FEATURES, "time": "time"}, windows={"every": "1 day"}),
    )
    chosen = ("--providers", "drift", "--metrics", "jensen_shannon_distance")
    peer = bench.peer("NannyML UnivariateDriftCalculator", "nannyml", "nannyml-univariate", bench.sides(MILLION), 45)
    return [bench.ours("Jensen-Shannon, 30 columns × 30 days", spec, 8, *chosen), peer]


def everything(bench: Bench) -> list[Contestant]:
    """Ten times as many current rows as reference rows: what a month of a large service looks like."""
    paths = [bench.store.rows("reference", bench.rows(MILLION)), bench.store.rows("current", bench.rows(10 * MILLION))]
    roles = {**MODEL, "sensitive": ["s1", "s2"], "time": "time", "features": [*FEATURES, *EXTRA, "s3"]}
    spec = bench.store.spec("everything", described(paths, roles=roles, windows={"every": "1 day"}))
    return [bench.ours("all four providers, memory_limit=512MB", spec, 240, "--memory", "512MB")]


def wide(bench: Bench) -> list[Contestant]:
    """Smallest first, so that what does not fit into the time is the largest."""
    block, points = bench.rows(300_000), [(1, 1_000), (10, 100), (3, 1_000), (10, 300), (10, 1_000)]
    columns = max(1_000 // bench.cut, 40)
    made = []
    for times, share in points:
        names = [f"x{i}" for i in range(max(columns * share // 1_000, 4))]
        before = bench.store.copies("reference", block, columns, times)
        now = bench.store.copies("current", block, columns, 1)
        name = f"wide-{times}-{len(names)}"
        spec = bench.store.spec(name, described([before, now], roles={"features": names}))
        title = f"{times * block:,} + {block:,} rows × {len(names):,} columns"
        estimate = 90 * (times + 1) / 11 * share / 1_000
        point = bench.ours(title, spec, estimate, "--providers", "drift", "--metrics", "population_stability_index")
        point.size = ((times + 1) * block, len(names))
        made.append(point)
    return made


def cohorts(bench: Bench) -> list[Contestant]:
    rows, made = bench.rows(MILLION // 10), []
    for size, estimate in ((10, 2), (100, 3), (1_000, 50)):
        path = bench.store.crossed(rows, size)
        roles = {"label": "label", "prediction": "prediction", "sensitive": ["a", "b"], "features": NUMBERS[:5]}
        spec = bench.store.spec(f"cohorts-{size}", described([path], roles=roles, cohorts=[["a", "b"]]))
        made.append(bench.ours(f"{size:,} crossed cohorts", spec, estimate, "--providers", "fairness"))
    return made


def whatif(bench: Bench) -> list[Contestant]:
    """One assessment, made with the data; its file is what both read."""
    roles = {**MODEL, "sensitive": ["s2"], "features": ["n0"]}
    paths = bench.sides(MILLION // 10)[1:]
    spec = bench.store.spec("whatif", described(paths, roles=roles))
    bench.ours("evidence", spec, 3, "--providers", "fairness").run()
    command = [sys.executable, HERE / "whatif.py", spec.with_suffix(".json")]
    return [
        Contestant("dte-panel, one move of the slider", [*command, "move"], 5),
        Contestant("dte-panel, the whole page", [*command, "page", "--times", "3"], 12),
    ]


def times_move(contestants: Sequence[Contestant]) -> str:
    """What a move takes, and how much more the page does."""
    move, page = (c.medians() for c in contestants)
    if not (move and page):
        return ""
    ratio = page["compute"] / move["compute"]
    return f"A move takes {1e3 * move['compute']:.0f} ms of the server's CPU, {ratio:.0f} times less than the page."


def windows(bench: Bench) -> list[Contestant]:
    rows, made = MILLION // 10, []
    # 30 days in as many parts: 60 hours, 8 hours, 2 hours.
    for every, parts, estimate in (("60 hours", 12, 3), ("8 hours", 90, 7), ("2 hours", 360, 22)):
        roles = {"features": FEATURES[:10], "time": "time"}
        text = described(bench.sides(rows), roles=roles, windows={"every": every})
        spec = bench.store.spec(f"windows-{parts}", text)
        made.append(bench.ours(f"{parts} windows", spec, estimate, "--providers", "drift"))
    return made


def columns(bench: Bench) -> list[Contestant]:
    rows, made = bench.rows(MILLION // 10), []
    paths = [bench.store.block(side, rows, 300) for side in ("reference", "current")]
    for size, estimate in ((30, 5), (100, 12), (300, 42)):
        spec = bench.store.spec(f"columns-{size}", described(paths, roles={"features": [f"x{i}" for i in range(size)]}))
        made.append(bench.ours(f"{size} columns", spec, estimate, "--providers", "drift"))
    return made


def second_day(bench: Bench) -> list[Contestant]:
    """Thirty files of a day each, then one more."""
    days = [bench.store.day(number, bench.rows(MILLION) // 30) for number in range(31)]
    reference = bench.store.rows("reference", bench.rows(MILLION))
    roles = {"features": FEATURES, "time": "time"}

    def spec(name: str, some: Sequence[Path]) -> Path:
        folder = bench.store.folder / name
        folder.mkdir(exist_ok=True)
        for path in some:
            if not (folder / path.name).exists():
                (folder / path.name).hardlink_to(path)
        text = described([reference, folder / "day_*.parquet"], roles=roles, windows={"every": "1 day"})
        return bench.store.spec(name, text)

    first, then = spec("days-30", days[:30]), spec("days-31", days)
    made = [bench.ours("31 days, nothing kept", then, 20, "--providers", "drift")]
    # Asked in a process of its own: this one stays small.
    asked = "import sys; sys.path.insert(0, sys.argv[1]); import ours; sys.exit(not ours.has_cache())"
    if subprocess.run([sys.executable, "-c", asked, HERE], check=False).returncode:
        return made
    kept, used = bench.store.folder / "cache-30", bench.store.folder / "cache-now"
    known = bench.ours("30 days, keeping what is learned", first, 20, "--providers", "drift", "--cache", kept)
    again = bench.ours("31 days, 30 of them known", then, 2, "--providers", "drift", "--cache", used)

    def forget() -> None:
        shutil.rmtree(kept, ignore_errors=True)

    def restore() -> None:
        shutil.rmtree(used, ignore_errors=True)
        shutil.copytree(kept, used)

    known.before, again.before = forget, restore
    return [again, made[0], known]


def kept(contestants: Sequence[Contestant]) -> str:
    """Whether there was anything to keep."""
    return "" if len(contestants) > 1 else "Not measured with what is known: this version keeps nothing between runs."


def for_each_value(contestants: Sequence[Contestant]) -> str:
    """Nanoseconds for each value that was read, point by point."""
    told = []
    for c in contestants:
        found = c.medians()
        if found:
            each = found["compute"] / (c.size[0] * c.size[1]) * 1e9
            told.append(f"{each:.1f} ns at {c.size[0]:,} × {c.size[1]:,}")
    return "Computation for each value read: " + ", ".join(told) + "." if told else ""


_ALL = (
    Job("scan", "PSI of 30 columns against DuckDB's own scan, 1e6 + 1e6 rows",
        "DuckDB sums the same columns of the same files; that is about the least that reading them costs.",
        scan(MILLION, 4), times_scan),
    Job("rates", "7 rates over 3 crossed sensitive columns (80 groups), 1e6 rows",
        "Ours also has a 95 % interval for each rate, and the groups of each column alone.", rates, same_rates),
    Job("auc", "ROC AUC of 5 groups, 1e6 rows", "Ours also has a DeLong interval.", auc, same_auc),
    Job("drift-1e5", "Drift of 30 columns, 1e5 + 1e5 rows, Evidently's defaults",
        "Evidently takes one distance for each column and makes a report with plots.", drift_default),
    Job("whatif", "One move of the threshold what-if's slider, 5 groups, 1e5 rows",
        "Computation is the median CPU time of the server for one move, and for building the whole page.", whatif,
        times_move),
    Job("second-day", "A second assessment with one more day, 30 daily files of 33,333 rows",
        "The same drift metrics, from nothing and with what is known of the first 30 files.", second_day, kept),
    Job("windows", "Cost by windows, 10 columns, 1e5 + 1e5 rows", "All drift metrics of each window.", windows,
        axis="windows"),
    Job("cohorts", "Cost by cohorts, 1e5 rows", "All fairness metrics of each cohort.", cohorts, axis="cohorts"),
    Job("columns", "Cost by columns, 1e5 + 1e5 rows", "All drift metrics of each column.", columns, axis="columns"),
    Job("daily", "Univariate drift of 30 columns × 30 days, 1e6 + 1e6 rows",
        "Both take the Jensen-Shannon distance of each column and day; compare the computation.", daily),
    Job("drift-1e6", "Drift of 30 columns, 1e6 + 1e6 rows, PSI for all",
        "Evidently takes PSI in its own bins and makes a report with plots; ours takes it in the reference's deciles.",
        drift_psi),
    Job("wide", "Cost by rows and columns, up to 3,300,000 rows × 1,000 columns",
        "PSI of each column. A file is one block of 300,000 rows; the reference's ten are the same block, each read in "
        "full.", wide, for_each_value, axis="values read"),
    Job("everything", "All four providers, 1e6 + 1e7 rows × 40 columns, 30 days",
        "Every metric of every provider, by day and by group of 2 sensitive columns.", everything),
    Job("scan-1e7", "PSI of 30 columns against DuckDB's own scan, 1e7 + 1e7 rows", "As above.",
        scan(10 * MILLION, 30), times_scan),
    Job("intervals", "7 rates of 5 groups with 95 % intervals, 1e5 rows",
        "Ours are Wilson's, in closed form; Fairlearn resamples the rows 100 times.", rates_intervals),
)  # fmt: skip
#: Short ones first, so that a run that ends early has most rows.
JOBS: Mapping[str, Job] = {job.name: job for job in _ALL}
