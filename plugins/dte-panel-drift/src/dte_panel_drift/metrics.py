"""What the provider measures, declared; the numbers themselves are made in its other modules."""

from __future__ import annotations

from dataclasses import replace

from dte_panel import Categories, Histogram, Metric, Profile, Values
from dte_panel_drift import second, sturges
from dte_panel_drift.bearing import bearing, bearing_on_number
from dte_panel_drift.categories import (
    chi_square_pvalue,
    chi_square_statistic,
    missing_share,
    missing_share_change,
    new_category_share,
    vanished_categories,
)
from dte_panel_drift.classifier import domain_classifier as domain_classifier_metric
from dte_panel_drift.distances import BOTH, ROLES, against, distances
from dte_panel_drift.divergences import FARTHEST
from dte_panel_drift.ordered import (
    EXACT_ROWS,
    kolmogorov_smirnov_pvalue,
    kolmogorov_smirnov_statistic,
    wasserstein_distance,
)
from dte_panel_drift.shifts import mean_shift, missingness_divergence, normalised_wasserstein_distance, spread_shift

#: Quantile bins of a numeric column where the settings say nothing else.
BINS = 10

#: What tells which group moved: one number of each kind, what is missing, and the tests with their adjustment.
BY_COHORT = frozenset({
    "population_stability_index", "jensen_shannon_distance", "normalised_wasserstein_distance",
    "kolmogorov_smirnov_statistic", "kolmogorov_smirnov_pvalue", "chi_square_pvalue", "mean_shift",
    "missing_share", "missing_share_change", "new_category_share",
})  # fmt: skip

_KS = (
    "Missing values (NULL and NaN) are left out and counted in the note; infinities keep their place in the order. "
    "Numeric columns only; undefined where a side has no value."
)
_FINE = (
    " A column with over 100,000 rows on a side is counted in up to about 2,000 bins of equal weight in the reference; "
    "resolution then is the distance of the proven bounds of what all its values would give, and low and high hold "
    "these bounds too."
)
_CHANCE = (
    " The detail says what the same numbers of rows show without drift, and low is 0 where chance brings as much in "
    "one of a thousand columns: there are many."
)
_AREA = (
    "gamma distribution of the area under a Brownian bridge without drift, delta method with it, and del Barrio et "
    "al. (1999), Ann. Probab. 27, for the bridge"
)
_CHI = (
    "The table has the categories of both sides; a missing value is a category of its own. No continuity correction. "
    "Categorical columns only; undefined where both sides hold one and the same category."
)
_FINITE = (
    "Missing and infinite values are left out and counted in the note. Numeric columns only; undefined where a side "
    "has fewer than two finite values or the reference's are all the same."
)


def metrics(
    bins: int = BINS,
    *,
    cohorts: bool | str = True,
    domain_classifier: bool = False,
    evidently_binning: bool = False,
) -> list[Metric]:
    """Every metric of the provider.

    Parameters
    ----------
    bins : int
        Quantile bins of the reference that a numeric column is cut into.
    cohorts : bool or "all"
        Whether one number of each kind, and the tests, are measured for each cohort too; or all that can be.
    domain_classifier : bool
        Whether a classifier is trained to tell the sides.
    evidently_binning : bool
        Whether two numbers are made in Evidently's bins too.
    """
    every = [
        *distances(bins),
        *_ordered(),
        *_smirnov(),
        *_shifts(),
        *_tests(),
        *_missing(bins),
        *_categories(),
        bearing(bins),
        bearing_on_number(bins),
        *([domain_classifier_metric()] if domain_classifier else []),
        *(sturges.metrics() if evidently_binning else []),
    ]
    return [replace(m, cohorts=_of_cohorts(m, cohorts)) for m in every]


def _of_cohorts(metric: Metric, cohorts: bool | str) -> bool:
    if cohorts == "all":
        return metric.group != "bearing on performance"
    return bool(cohorts) and metric.id in BY_COHORT


def _ordered() -> list[Metric]:
    return [
        against(
            "wasserstein_distance",
            "Wasserstein distance",
            wasserstein_distance,
            reduce=Values(ROLES),
            definition="Mean distance that the values of one side must be moved to look like the other. Missing and "
            "infinite values are left out and counted in the note. Numeric columns only; undefined where a side has no "
            f"finite value.{_FINE}{_CHANCE}",
            interval=_AREA,
            formula="∫ |F(x) − G(x)| dx",
            source="Ramdas, García Trillos & Cuturi (2017), Entropy 19; scipy.stats.wasserstein_distance",
            better="lower",
            range=(0.0, None),
            unit="unit of the column",
            aliases=("earth mover's distance",),
            group="distances",
            second=second.WASSERSTEIN,
        ),
        against(
            "normalised_wasserstein_distance",
            "Normalised Wasserstein distance",
            normalised_wasserstein_distance,
            reduce=(Values(ROLES), Profile(ROLES)),
            definition="Wasserstein distance over the reference's standard deviation (finite values, divisor n), "
            "so that columns of different units compare. Missing and infinite values are left out and counted in the "
            "note. Numeric columns only; undefined where a side has no finite value or the standard deviation is 0."
            f"{_CHANCE}",
            interval=f"{_AREA}; with the standard deviation's own error",
            formula="∫ |F(x) − G(x)| dx / s, s² = Σ (x − x̄)² / n over the reference",
            source="Ramdas, García Trillos & Cuturi (2017), Entropy 19; scipy.stats.wasserstein_distance",
            better="lower",
            range=(0.0, None),
            unit="standard deviations",
            aliases=("Evidently: Wasserstein distance (normed), with numpy.std (ddof 0) but at least 0.001",),
            group="distances",
            second=second.NORMALISED,
        ),
    ]


def _smirnov() -> list[Metric]:
    return [
        against(
            "kolmogorov_smirnov_statistic",
            "Kolmogorov-Smirnov statistic",
            kolmogorov_smirnov_statistic,
            reduce=Values(ROLES),
            definition=f"Largest gap between the two distribution functions. {_KS}{_FINE}{_CHANCE}",
            interval="Kolmogorov's band downwards, normal upwards",
            formula="max |F(x) − G(x)|",
            source="Smirnov (1939); scipy.stats.ks_2samp; Stephens (1970), JRSS B 32, for what chance brings",
            better="lower",
            range=(0.0, 1.0),
            group="distances",
            second=second.SMIRNOV,
        ),
        against(
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
            second=second.SMIRNOV_PVALUE,
        ),
    ]


def _shifts() -> list[Metric]:
    return [
        against(
            "mean_shift",
            "Shift of the mean",
            # The values are asked for so that only numbers have a mean: a profile has the categories of a column, too.
            lambda now, _now, before, _before: mean_shift(now, before),
            reduce=(Profile(ROLES), Values(ROLES)),
            definition="Mean of the current rows minus that of the reference, in standard deviations of the reference "
            f"(divisor n − 1); above 0 the values went up. {_FINITE}",
            formula="(x̄ − x̄_ref) / s_ref",
            source="Glass (1976), Educational Researcher 5 (Cohen's d by the reference's standard deviation); Welch "
            "(1947) and Hedges (1981) for the interval",
            interval="Welch's t, with the standard deviation's own error",
            better="nearer",
            target=0.0,
            unit="standard deviations",
            aliases=("standardised mean difference", "Glass's delta", "Cohen's d by the reference"),
            second=second.MEAN_SHIFT,
            group="shifts",
        ),
        against(
            "spread_shift",
            "Shift of the spread",
            spread_shift,
            reduce=(Profile(ROLES), Values(ROLES)),
            definition="Natural logarithm of the current standard deviation over the reference's (divisor n − 1); "
            f"above 0 the values spread wider. The ratio itself is in the detail. {_FINITE}",
            formula="ln(s / s_ref)",
            source="Nakagawa et al. (2015), Methods in Ecology and Evolution 6 (lnVR)",
            interval="delta method with the current values' kurtosis",
            better="nearer",
            target=0.0,
            unit="log ratio",
            aliases=("log variability ratio, lnVR",),
            second=second.SPREAD_SHIFT,
            group="shifts",
        ),
    ]


def _tests() -> list[Metric]:
    return [
        against(
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
            second=second.CHI_SQUARE,
        ),
        against(
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
            second=second.CHI_SQUARE_PVALUE,
        ),
    ]


def _missing(bins: int) -> list[Metric]:
    share = Metric(
        id="missing_share",
        title="Missing share",
        definition="Share of rows without a value: NULL or NaN. Undefined without rows.",
        formula="(NULL + NaN) / n",
        source="Wilson (1927), JASA 22, for the interval",
        reduce=Profile(ROLES),
        finish=missing_share,
        second=second.COUNTED,
        interval="Wilson",
        better="lower",
        range=(0.0, 1.0),
        unit="share",
        group="missing values",
    )
    moved = against(
        "missing_share_change",
        "Change of the missing share",
        missing_share_change,
        second=second.COUNTED,
        reduce=Profile(ROLES),
        definition="Share of current rows without a value (NULL or NaN) minus that of the reference; above 0 more is "
        "missing than before. The interval reaches to 0 where chance alone brings such a change in one of a thousand "
        f"columns or more, for there are many columns. {BOTH}",
        formula="missing share now − missing share of the reference",
        source="Newcombe (1998), Statistics in Medicine 17, method 10, for the interval",
        interval="Newcombe, to 0 where chance explains it",
        better="lower",
        range=(-1.0, 1.0),
        unit="share",
        group="missing values",
    )
    energy = against(
        "missingness_divergence",
        "Energy of missingness",
        missingness_divergence,
        reduce=Histogram(ROLES, bins),
        definition="Jensen-Shannon divergence, in natural logarithms, of whether there is a value (NULL and NaN "
        "against all else). By the chain rule it is what the missing values carry of the column's Jensen-Shannon "
        f"divergence; the detail has it as a share of the whole, none where nothing moved. {BOTH}",
        formula="½ Σ p·ln(p / m) + ½ Σ q·ln(q / m) over missing and not missing, m = (p + q) / 2",
        source="Lin (1991), IEEE Trans. Information Theory 37; chain rule: Cover & Thomas (2006), 2.5",
        interval="inversion of the noncentral chi-square, with the delta method's variance",
        better="lower",
        range=(0.0, FARTHEST),
        aliases=("energy of missingness",),
        second=second.MISSINGNESS,
        group="missing values",
    )
    return [share, moved, energy]


def _categories() -> list[Metric]:
    return [
        against(
            "new_category_share",
            "Share of rows in new categories",
            new_category_share,
            second=second.COUNTED,
            reduce=Categories(ROLES),
            definition="Share of all current rows whose category the reference does not have; the note names up to 20 "
            "of them, largest first. A missing value is not a category here. The interval starts at 0 where the "
            f"reference's own categories of one row make as many new ones likely without drift. {BOTH}",
            formula="current rows in categories unseen in the reference / current rows",
            source="Wilson (1927), JASA 22, for the interval; Good (1953), Biometrika 40, for what chance brings",
            interval="Wilson, from 0 where chance explains it",
            better="lower",
            range=(0.0, 1.0),
            unit="share",
            aliases=("unseen categories",),
            group="categories",
        ),
        against(
            "vanished_categories",
            "Vanished categories",
            vanished_categories,
            second=second.COUNTED,
            reduce=Categories(ROLES),
            definition="Number of categories of the reference that no current row is in; the note names up to 20 of "
            "them and says how many rows were expected there: few rows miss rare categories by chance. A missing value "
            f"is not a category here. {BOTH}",
            formula="|categories of the reference without a current row|",
            source="DTE Panel",
            better="lower",
            range=(0.0, None),
            unit="categories",
            group="categories",
        ),
    ]
