from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _samples() -> ModuleType:
    """The samples as a module, wherever pytest imports tests from."""
    path = Path(__file__).with_name("shell_samples.py")
    found = importlib.util.spec_from_file_location("shell_samples", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["shell_samples"] = module
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def samples() -> Any:
    return _samples()


@pytest.fixture(scope="session")
def evidence(samples: Any) -> Any:
    return samples.sample()


@pytest.fixture(scope="session")
def hostile(samples: Any) -> Any:
    return samples.sample(f"hostile{samples.ATTACK}", samples.ATTACK)
