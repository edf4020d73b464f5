"""The distances between bins, declared."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dte_panel import Comparison, Histogram, Value
from dte_panel_drift import binned, gaps, second
from dte_panel_drift.divergences import FARTHEST, SMOOTHING

ROLES = "feature|prediction|score|label"
MISSING = "Rows without a value (NULL or NaN) are a bin of their own; so is each infinity."
BOTH = "Undefined without current rows or without reference rows."
_CHANCE = "The detail says what the same numbers of rows show without drift."
_INVERTED = "inversion of the noncentral chi-square, with the delta method's variance"
_ADDED = (
    f"To every bin that either side has rows in, {SMOOTHING} rows are added on both sides before the shares are taken, "
    "so that an empty bin stays finite. "
)
_SHARES = f"p = (c + {SMOOTHING}) / (Σc + {SMOOTHING}·K) for the current rows c of K bins, q the same of the reference"


def against(id: str, title: str, finish: Callable[..., Value], **described: Any) -> Comparison:
    """A comparison with the reference, for all rows unless said otherwise."""
    return Comparison(id=id, title=title, finish=finish, across="reference", **{"cohorts": False, **described})


def distances(bins: int) -> list[Comparison]:
    """Every distance between bins, of numeric columns cut into ``bins`` quantile bins of the reference."""
    where = (
        f"A numeric column is cut at the reference's {bins}-quantiles, with open ends (equal cuts fall together, a "
        "value that fills a bin alone keeps it); above 100,000 rows on a side each cut is the nearest of about 2,000 "
        "finer ones. Any other column has a bin for each category of either side. "
    )
    said = f"{where}{MISSING} "

    def distance(id: str, title: str, finish: Callable[..., Value], definition: str, **described: Any) -> Comparison:
        fields = {"interval": _INVERTED, "better": "lower", "group": "distances", **described}
        definition = definition.format(where=said, chance=f"{_CHANCE} {BOTH}")
        return against(id, title, finish, reduce=Histogram(ROLES, bins), definition=definition, **fields)

    return [*_main(distance), *_divergences(distance), *_others(distance)]


def _main(distance: Callable[..., Comparison]) -> list[Comparison]:
    return [
        distance(
            "population_stability_index",
            "Population stability index",
            binned.population_stability_index,
            "How far the shares of the bins moved from the reference. {where}" + _ADDED + "{chance}",
            formula=f"Σ (p − q) · ln(p / q), {_SHARES}",
            source="Siddiqi (2006), Credit Risk Scorecards; Yurdakul & Naranjo (2020), Journal of Risk Model "
            "Validation 14(4); half a row per bin: Krichevsky & Trofimov (1981)",
            range=(0.0, None),
            aliases=("PSI", "symmetrised Kullback-Leibler divergence", "Jeffreys divergence"),
            second=second.INDEX,
            version=2,
        ),
        distance(
            "jensen_shannon_distance",
            "Jensen-Shannon distance",
            binned.jensen_shannon_distance,
            "Square root of the Jensen-Shannon divergence of the bins' shares, in natural logarithms as SciPy has it: "
            "0 for equal shares, √ln 2 ≈ 0.833 for no bin in common. {where}No smoothing is needed. {chance}",
            formula="√(½ Σ p·ln(p / m) + ½ Σ q·ln(q / m)), m = (p + q) / 2",
            source="Lin (1991), IEEE Trans. Information Theory 37; Endres & Schindelin (2003), ibid. 49; "
            "scipy.spatial.distance.jensenshannon",
            range=(0.0, math.sqrt(FARTHEST)),
            aliases=("NannyML: Jensen-Shannon distance, in base 2 and on bins of its own",),
            second=second.SHANNON_DISTANCE,
            version=2,
        ),
    ]


def _divergences(distance: Callable[..., Comparison]) -> list[Comparison]:
    return [
        distance(
            "jensen_shannon_divergence",
            "Jensen-Shannon divergence",
            binned.jensen_shannon_divergence,
            "Mean divergence of the bins' shares of both sides from their middle, in natural logarithms: the square of "
            "the Jensen-Shannon distance, ln 2 ≈ 0.693 for no bin in common. {where}{chance}",
            formula="½ Σ p·ln(p / m) + ½ Σ q·ln(q / m), m = (p + q) / 2",
            source="Lin (1991), IEEE Trans. Information Theory 37; scipy.spatial.distance.jensenshannon, squared",
            range=(0.0, FARTHEST),
            second=second.SHANNON,
        ),
        distance(
            "hellinger_distance",
            "Hellinger distance",
            binned.hellinger_distance,
            "Euclidean distance of the square roots of the bins' shares, over √2: 0 for equal shares, 1 for no bin in "
            "common. {where}{chance}",
            formula="√(½ Σ (√p − √q)²)",
            source="Hellinger (1909), J. reine angew. Math. 136; Le Cam (1986), Asymptotic Methods",
            range=(0.0, 1.0),
            aliases=("NannyML: hellinger, on bins of its own",),
            second=second.HELLINGER,
        ),
        distance(
            "kullback_leibler_divergence",
            "Kullback-Leibler divergence",
            binned.kullback_leibler_divergence,
            "Expected surprise, in natural units, of one who takes current rows for the reference's: the divergence of "
            "the current shares p from the reference's q, not the other way round. {where}" + _ADDED + "{chance}",
            formula=f"Σ p · ln(p / q), {_SHARES}",
            source="Kullback & Leibler (1951), Ann. Math. Statist. 22; scipy.stats.entropy(p, q)",
            range=(0.0, None),
            aliases=("relative entropy", "KL divergence", "Evidently's kl_div is that of the reference from current"),
            second=second.ENTROPY,
        ),
    ]


def _others(distance: Callable[..., Comparison]) -> list[Comparison]:
    return [
        distance(
            "total_variation_distance",
            "Total variation distance",
            gaps.total_variation_distance,
            "Share of rows that would have to change their bin for the shares to be those of the reference. "
            "{where}{chance}",
            formula="½ Σ |p − q|",
            source="Levin & Peres (2017), Markov Chains and Mixing Times, 4.1; half of "
            "scipy.spatial.distance.cityblock",
            interval="inversion of a sum of folded normals along the differences that were seen",
            range=(0.0, 1.0),
            unit="share",
            aliases=("TVD",),
            second=second.TOTAL,
        ),
        distance(
            "largest_share_change",
            "Largest change of a share",
            gaps.largest_share_change,
            "Largest absolute difference of one bin's shares. {where}{chance}",
            formula="max |p − q|",
            source="scipy.spatial.distance.chebyshev",
            interval="normal for each bin; from 0 where chance alone explains the largest",
            range=(0.0, 1.0),
            unit="share",
            aliases=("L-infinity distance", "Chebyshev distance", "NannyML: l_infinity"),
            second=second.LARGEST,
        ),
        distance(
            "cramers_v",
            "Cramér's V",
            binned.cramers_v,
            "Association of bin and side: 0 where the shares are equal, 1 where the bin tells the side. It depends on "
            "how many of all rows are current ones, so compare it only where that is the same. {where}{chance} "
            "Undefined too where all rows are in one bin. No bias correction.",
            formula="√(χ² / (n + m)), χ² of the table of bin by side with n current and m reference rows",
            source="Cramér (1946), Mathematical Methods of Statistics, 21.9; scipy.stats.contingency.association",
            range=(0.0, 1.0),
            second=second.ASSOCIATION,
        ),
    ]
