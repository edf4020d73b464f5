"""Without Evidently only what reads its files is tested; ``.ci/run`` has an environment with it."""

from __future__ import annotations

from importlib.util import find_spec

HERE = find_spec("evidently") is not None
collect_ignore = [] if HERE else ["test_evidently_binning.py", "test_evidently_reports.py"]


def pytest_report_header() -> str:
    return "Evidently is here" if HERE else "Evidently is not here: .ci/run runs its tests in an environment of its own"
