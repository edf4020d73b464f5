"""The second opinion: our numbers held against those of the libraries that define them, on the same states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from dte_panel.errors import describe
from dte_panel.model import Measurement, Metric, SecondOpinion

#: So many disagreements are written down one by one; all are counted, and each is an error in its own measurement.
NAMED = 100
#: Relative to ``max(1, |value|)``: as near as two orders of adding up the same numbers come.
EXACT = 1e-12


@dataclass
class Opinions:
    """What the libraries said so far.

    Attributes
    ----------
    agreed : Counter
        Library to the numbers that agree.
    exact : int
        Those of them that agree to :data:`EXACT`.
    widest : float
        Largest tolerance that was needed for the others.
    differed : list of mapping
        Measurements that a library has another number for, or could not compute, each with both numbers.
    """

    agreed: Counter[str] = field(default_factory=Counter)
    exact: int = 0
    widest: float = EXACT
    differed: list[dict[str, Any]] = field(default_factory=list)

    def hear(self, metric: Metric, measured: Measurement, states: Sequence[Any] | None) -> Measurement:
        """The measurement as it is, or as an error where the library disagrees.

        Without ``states`` nobody is asked: what the library needs is not there.
        """
        second = metric.second
        if not isinstance(second, SecondOpinion) or measured.value is None or states is None:
            return measured
        try:
            number = second.compute(*states)
            theirs = None if number is None else float(number)
        except Exception as error:  # noqa: BLE001 - whatever a library raises, the number stands without its support
            return self._differ(measured, second.library, f"could not compute it ({describe(error)})")
        if theirs is None:
            return measured
        away = abs(theirs - measured.value) / max(1.0, abs(measured.value))
        if not away <= second.tolerance:
            return self._differ(measured, second.library, f"says {theirs!r}")
        self.agreed[second.library] += 1
        if away <= EXACT:
            self.exact += 1
        else:
            self.widest = max(self.widest, second.tolerance)
        return measured

    def record(self) -> dict[str, Any]:
        """What the evidence says of it, as plain JSON."""
        libraries = {*self.agreed, *(str(d["library"]) for d in self.differed)}
        return {
            "numbers": self.agreed.total() + len(self.differed),
            "agree": self.agreed.total(),
            "exact": self.exact,
            "tolerance": self.widest,
            "libraries": {name: _version(name) for name in sorted(libraries)},
            "disagreements": self.differed[:NAMED],
        }

    def _differ(self, measured: Measurement, library: str, what: str) -> Measurement:
        reason = f"second opinion: DTE Panel has {measured.value!r}, {library} {what}"
        place = {k: getattr(measured, k) for k in ("metric", "window", "column", "across")}
        self.differed.append({**place, "cohort": dict(measured.cohort), "library": library, "reason": reason})
        return replace(measured, value=None, low=None, high=None, status="error", reason=reason, groups=(), detail={})


def sentence(record: Mapping[str, Any]) -> str:
    """The whole second opinion in a line; empty where none was asked for.

    Examples
    --------
    >>> sentence({"numbers": 3, "agree": 3, "exact": 3, "tolerance": 1e-12, "libraries": {"fairlearn": "0.15.0"}})
    '3 of 3 numbers agree with fairlearn 0.15.0 to 1e-12'
    >>> sentence({"numbers": 3, "agree": 3, "exact": 2, "tolerance": 1e-9, "libraries": {"scipy": "1.17.1"}})
    '3 of 3 numbers agree with scipy 1.17.1, 2 of them to 1e-12 and the others to 1e-09'
    """
    if not record:
        return ""
    names = [f"{name} {number}" for name, number in record["libraries"].items()]
    if not names:
        return "No number has a library to compare with"
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    near = f" to {EXACT:.0e}"
    if record["exact"] < record["agree"]:
        near = f", {record['exact']:,} of them to {EXACT:.0e} and the others to {record['tolerance']:.0e}"
    return f"{record['agree']:,} of {record['numbers']:,} numbers agree with {listed}{near}"


def told(second: SecondOpinion | str | None) -> str:
    """Who is asked for a second opinion, or why nobody is; empty where nothing is said of it."""
    if isinstance(second, SecondOpinion):
        return f"{second.library} to {second.tolerance:g}"
    return f"none: {second}" if second else ""


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
