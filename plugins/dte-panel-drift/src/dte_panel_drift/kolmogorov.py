"""The limiting p-value of Kolmogorov-Smirnov, without the seconds that ``scipy.stats`` takes to load."""

from __future__ import annotations

import math


def survival(n: int, x: float) -> float:
    """Chance that the statistic of ``n`` values is at least ``x``: ``scipy.stats.kstwo.sf(x, n)``.

    Where few values or a small statistic need another method, SciPy is asked.

    References
    ----------
    Simard & L'Ecuyer (2011), J. Statistical Software 39(11).
    """
    if n > 140 and n * x * x >= 370:
        return 0.0
    if n > 140 and n * x * x >= 2.2:
        from scipy.special import smirnov

        return min(1.0, 2 * float(smirnov(n, x)))
    if n > 140 and n * x > 1 and (n > 100_000 or n * x**1.5 > 1.4):
        return min(1.0, max(0.0, 1.0 - _pelz_good(n, x)))
    from scipy.stats import kstwo

    return float(kstwo.sf(x, n))


def _pelz_good(n: int, x: float) -> float:
    """Chance that the statistic is at most ``x``: four terms in powers of ``1 / sqrt(n)``.

    References
    ----------
    Pelz & Good (1976), J. Royal Statistical Society B 38, 152-156.
    """
    import numpy as np

    z, pi2 = math.sqrt(n) * x, math.pi**2
    if pi2 / 8 / z**2 > 708:
        return 0.0
    k = np.arange(math.ceil(16 * z / math.pi), 0, -1.0)
    odd = (2 * k - 1) ** 2
    powers = np.exp(-pi2 / 8 / z**2 * odd)
    terms = [
        powers.sum() / z,
        (powers * (pi2 / 4 * odd - z**2)).sum() / (6 * z**4),
        (
            powers
            * (6 * z**6 + 2 * z**4 + (2 * z**4 - 5 * z**2) * pi2 / 4 * odd + pi2**2 * (1 - 2 * z**2) / 16 * odd**2)
        ).sum()
        / (72 * z**7),
        (
            powers
            * (
                -30 * z**6
                - 90 * z**8
                + pi2 * (135 * z**4 - 96 * z**6) / 4 * odd
                + pi2**2 * (212 * z**4 - 60 * z**2) / 16 * odd**2
                + pi2**3 * (5 - 30 * z**2) / 64 * odd**3
            )
        ).sum()
        / (6480 * z**10),
    ]
    even = k**2 * np.exp(-pi2 / 2 / z**2 * k**2)
    terms[2] -= pi2 * even.sum() / (36 * z**3)
    terms[3] += pi2 * ((3 * z**2 - pi2 * k**2) * even).sum() / (216 * z**6)
    return float(math.sqrt(2 * math.pi) * sum(term / n ** (i / 2) for i, term in enumerate(terms)))
