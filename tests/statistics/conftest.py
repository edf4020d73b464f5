from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def simulation() -> Any:
    """The helpers of these tests as a module, wherever pytest imports tests from."""
    path = Path(__file__).with_name("simulation.py")
    found = importlib.util.spec_from_file_location("simulation", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["simulation"] = module
    found.loader.exec_module(module)
    return module
