"""The limiting p-value is SciPy's, wherever it is made."""

from __future__ import annotations

import pytest
from scipy.stats import kstwo

from dte_panel_drift.kolmogorov import survival


@pytest.mark.parametrize("n", [20, 140, 141, 1_000, 10_000, 100_000, 100_001, 2_500_000])
def test_the_p_value_is_that_of_scipy(n: int) -> None:
    for z in (1e-6, 0.05, 0.2, 0.3, 0.5, 0.8, 1.0, 1.2, 1.36, 1.48, 1.5, 2.0, 4.0, 10.0, 19.0, 20.0):
        x = min(z / n**0.5, 1.0)
        assert survival(n, x) == pytest.approx(float(kstwo.sf(x, n)), rel=1e-10, abs=1e-13), (n, z)
