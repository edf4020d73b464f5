"""For tests of your own: data and models that a suite relies on are judged like code.

Registered with pytest as the plugin ``dte_panel``, which gives the fixture :func:`trusted`.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dte_panel.evidence import Evidence


def assert_trust(spec: str | PathLike[str], *, strict: bool = False) -> Evidence:
    """Assess a ``trust.yaml``, and fail if a required check does not pass.

    Parameters
    ----------
    spec : path
    strict : bool
        A warning fails too.

    Returns
    -------
    Evidence

    Raises
    ------
    AssertionError
        With the checks that decide the verdict.
    InputError
        The spec or its data cannot be used.
    """
    from dte_panel import spec as specs
    from dte_panel.cli import report
    from dte_panel.conductor import assess_spec

    __tracebackhide__ = True
    evidence = assess_spec(specs.read(Path(spec)))
    if evidence.verdict not in ({"pass"} if strict else {"pass", "warn"}):
        raise AssertionError(f"{spec}: {report.deciding(evidence)}")
    return evidence


@pytest.fixture
def trusted() -> Callable[..., Evidence]:
    """:func:`assert_trust`, as a fixture."""
    return assert_trust
