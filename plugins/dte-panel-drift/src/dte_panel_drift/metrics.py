"""What the provider measures, declared; the numbers themselves are made in its other modules."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dte_panel import Categories, Comparison, Histogram, Metric, Profile, Value, Values, change
from dte_panel_drift.binned import FARTHEST, SMOOTHING, jensen_shannon_distance, population_stability_index
from dte_panel_drift.categories import (
    chi_square_pvalue,
    chi_square_statistic,
    missing_share,
    new_category_share,
    vanished_categories,
)
from dte_panel_drift.ordered import (
    EXACT_ROWS,
    kolmogorov_smirnov_pvalue,
    kolmogorov_smirnov_statistic,
    wasserstein_distance,
)

#: Quantile bins of a numeric column where the settings say nothing else.
BINS = 10
ROLES = "feature|prediction|score|label"

_MISSING = "Rows without a value (NULL or NaN) are a bin of their own; so is each infinity."
_BOTH = "Undefined without current rows or without reference rows."
_KS = (
    "Missing values (NULL and NaN) are left out and counted in the note; infinities keep their place in the order. "
    "Numeric columns only; undefined where a side has no value."
)
_FINE = (
    " A column with over 100,000 rows on a side is counted in up to about 2,000 bins of equal weight in the reference; "
    "low and high then are proven bounds of what all its values would give, and resolution is their distance."
)
_CHI = (
    "The table has the categories of both sides; a missing value is a category of its own. No continuity correction. "
    "Categorical columns only; undefined where both sides hold one and the same category."
)


def metrics(bins: int) -> list[Metric]:
    """Every metric of the provider, with numeric columns cut into ``bins`` quantile bins of the reference."""
    return [*_distances(bins), *_ordered(), *_tests(), *_missing(), *_categories()]


def _against(id: str, title: str, finish: Callable[..., Value], **described: Any) -> Comparison:
    return Comparison(id=id, title=title, finish=finish, across="reference", cohorts=False, **described)


def _distances(bins: int) -> list[Metric]:
    where = (
        f"A numeric column is cut at the reference's {bins}-quantiles, with open ends (equal cuts fall together, a "
        "value that fills a bin alone keeps it); any other column has a bin for each category of either side. "
    )
    return [
        _against(
            "population_stability_index",
            "Population stability index",
            population_stability_index,
            reduce=Histogram(ROLES, bins),
            definition=f"How far the shares of the bins moved from the reference. {where}{_MISSING} To every bin "
            f"that either side has rows in, {SMOOTHING} rows are added on both sides before the shares are taken, so "
            f"that an empty bin stays finite. {_BOTH}",
            formula=f"Σ (p − q) · ln(p / q), p = (c + {SMOOTHING}) / (Σc + {SMOOTHING}·K) for the current rows c of K "
            "bins, q the same of the reference",
            source="Siddiqi (2006), Credit Risk Scorecards; Yurdakul & Naranjo (2020), Journal of Risk Model "
            "Validation 14(4); half a row per bin: Krichevsky & Trofimov (1981)",
            interval="basic bootstrap",
            better="lower",
            range=(0.0, None),
            aliases=("PSI", "symmetrised Kullback-Leibler divergence", "Jeffreys divergence"),
            group="distances",
        ),
        _against(
            "jensen_shannon_distance",
            "Jensen-Shannon distance",
            jensen_shannon_distance,
            reduce=Histogram(ROLES, bins),
            definition="Square root of the Jensen-Shannon divergence of the bins' shares, in natural logarithms as "
            f"SciPy has it: 0 for equal shares, √ln 2 ≈ 0.833 for no bin in common. {where}{_MISSING} No smoothing is "
            f"needed. {_BOTH}",
            formula="√(½ Σ p·ln(p / m) + ½ Σ q·ln(q / m)), m = (p + q) / 2",
            source="Lin (1991), IEEE Trans. Information Theory 37; Endres & Schindelin (2003), ibid. 49; "
            "scipy.spatial.distance.jensenshannon",
            interval="basic bootstrap of the divergence",
            better="lower",
            range=(0.0, math.sqrt(FARTHEST)),
            group="distances",
        ),
    ]


def _ordered() -> list[Metric]:
    return [
        _against(
            "wasserstein_distance",
            "Wasserstein distance",
            wasserstein_distance,
            reduce=Values(ROLES),
            definition="Mean distance that the values of one side must be moved to look like the other. Missing and "
            "infinite values are left out and counted in the note. Numeric columns only; undefined where a side has no "
            f"finite value.{_FINE}",
            formula="∫ |F(x) − G(x)| dx",
            source="Ramdas, García Trillos & Cuturi (2017), Entropy 19; scipy.stats.wasserstein_distance",
            better="lower",
            range=(0.0, None),
            unit="unit of the column",
            aliases=("earth mover's distance",),
            group="distances",
        ),
        _against(
            "kolmogorov_smirnov_statistic",
            "Kolmogorov-Smirnov statistic",
            kolmogorov_smirnov_statistic,
            reduce=Values(ROLES),
            definition=f"Largest gap between the two distribution functions. {_KS}{_FINE}",
            formula="max |F(x) − G(x)|",
            source="Smirnov (1939); scipy.stats.ks_2samp",
            better="lower",
            range=(0.0, 1.0),
            group="distances",
        ),
        _against(
            "kolmogorov_smirnov_pvalue",
            "Kolmogorov-Smirnov p-value",
            kolmogorov_smirnov_pvalue,
            reduce=Values(ROLES),
            definition="Chance that two samples of one distribution are at least so far apart. Exact up to "
            f"{EXACT_ROWS:,} rows on the larger side, from the limiting distribution above, as SciPy chooses. It falls "
            f"with the number of rows however small the change is: judge the statistic. {_KS}{_FINE}",
            formula="P(D ≥ max |F(x) − G(x)|)",
            source="Hodges (1958), Arkiv för Matematik 3; scipy.stats.ks_2samp(method='auto')",
            better="higher",
            range=(0.0, 1.0),
            unit="p",
            group="tests",
        ),
    ]


def _tests() -> list[Metric]:
    return [
        _against(
            "chi_square_statistic",
            "Chi-square statistic",
            chi_square_statistic,
            reduce=Categories(ROLES),
            definition="Chi-square of the table of category by side. It grows with the number of rows: compare it only "
            f"at equal n. {_CHI}",
            formula="Σ (O − E)² / E",
            source="Pearson (1900); scipy.stats.chi2_contingency(correction=False)",
            better="lower",
            range=(0.0, None),
            group="tests",
        ),
        _against(
            "chi_square_pvalue",
            "Chi-square p-value",
            chi_square_pvalue,
            reduce=Categories(ROLES),
            definition="Chance that two samples of one distribution give at least such a chi-square. The note says "
            f"where an expected count is below 5, which makes it rough. {_CHI}",
            formula="P(χ²(K − 1) ≥ Σ (O − E)² / E)",
            source="Pearson (1900); Cochran (1954), Biometrics 10; scipy.stats.chi2_contingency(correction=False)",
            better="higher",
            range=(0.0, 1.0),
            unit="p",
            group="tests",
        ),
    ]


def _missing() -> list[Metric]:
    share = Metric(
        id="missing_share",
        title="Missing share",
        definition="Share of rows without a value: NULL or NaN. Undefined without rows.",
        formula="(NULL + NaN) / n",
        source="Wilson (1927), JASA 22, for the interval",
        reduce=Profile(ROLES),
        finish=missing_share,
        interval="Wilson",
        better="lower",
        range=(0.0, 1.0),
        unit="share",
        cohorts=False,
        group="missing values",
    )
    moved = change(
        share,
        id="missing_share_change",
        title="Change of the missing share",
        definition="Share of current rows without a value (NULL or NaN) minus that of the reference; above 0 more is "
        f"missing than before. {_BOTH}",
        formula="missing share now − missing share of the reference",
        source="Newcombe (1998), Statistics in Medicine 17, method 10, for the interval",
        range=(-1.0, 1.0),
        group="missing values",
    )
    return [share, moved]


def _categories() -> list[Metric]:
    return [
        _against(
            "new_category_share",
            "Share of rows in new categories",
            new_category_share,
            reduce=Categories(ROLES),
            definition="Share of all current rows whose category the reference does not have; the note names up to 20 "
            f"of them, largest first. A missing value is not a category here. {_BOTH}",
            formula="current rows in categories unseen in the reference / current rows",
            source="Wilson (1927), JASA 22, for the interval",
            interval="Wilson",
            better="lower",
            range=(0.0, 1.0),
            unit="share",
            aliases=("unseen categories",),
            group="categories",
        ),
        _against(
            "vanished_categories",
            "Vanished categories",
            vanished_categories,
            reduce=Categories(ROLES),
            definition="Number of categories of the reference that no current row is in; the note names up to 20 of "
            "them and says how many rows were expected there: few rows miss rare categories by chance. A missing value "
            f"is not a category here. {_BOTH}",
            formula="|categories of the reference without a current row|",
            source="DTE Panel",
            better="lower",
            range=(0.0, None),
            unit="categories",
            group="categories",
        ),
    ]
