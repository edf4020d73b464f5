"""Evidently's drift methods: which give a p-value, and which a distance.

``ValueDrift`` is one metric to Evidently whatever its method. Here each method is a quantity of its own, because a
p-value falls where a distance grows, and the two never share a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Method:
    """A drift method.

    Attributes
    ----------
    id : str
        What its number is, in full words.
    kind : {"p-value", "distance", "unknown"}
    limit : float or None
        The largest possible value.
    about : str
        What is compared, in words.
    """

    id: str
    kind: Literal["p-value", "distance", "unknown"]
    limit: float | None
    about: str


def _p(name: str, about: str) -> Method:
    return Method(f"{name}_pvalue", "p-value", 1.0, f"The p-value of {about}")


def _distance(name: str, about: str, limit: float | None = None) -> Method:
    return Method(name, "distance", limit, about)


_BINS = "in the bins that Evidently takes over both samples"
#: The name and the name on display, in lower case, to the method.
METHODS: dict[str, Method] = {
    **dict.fromkeys(("ks", "k-s p_value"), _p("kolmogorov_smirnov", "the two-sample Kolmogorov-Smirnov test")),
    **dict.fromkeys(("chisquare", "chi-square p_value"), _p("chi_squared", "the chi-squared test")),
    **dict.fromkeys(("z", "z-test p_value"), _p("proportions_z", "the z-test of two proportions")),
    **dict.fromkeys(("anderson", "anderson-darling"), _p("anderson_darling", "the k-sample Anderson-Darling test")),
    **dict.fromkeys(("fisher_exact", "fisher's exact test"), _p("fisher_exact", "Fisher's exact test")),
    **dict.fromkeys(("cramer_von_mises", "cramer-von mises"), _p("cramer_von_mises", "the Cramér-von Mises test")),
    **dict.fromkeys(("mannw", "mann-whitney u-rank test"), _p("mann_whitney", "the Mann-Whitney U rank test")),
    **dict.fromkeys(("es", "epps-singleton"), _p("epps_singleton", "the Epps-Singleton test")),
    "g_test": _p("g_test", "the G-test (log-likelihood ratio)"),
    "t_test": _p("t_test", "Student's t-test of two means"),
    "empirical_mmd": _p("maximum_mean_discrepancy", "the permutation test of the maximum mean discrepancy"),
    # Its documentation says distance; its code gives the p-value of a permutation test.
    **dict.fromkeys(
        ("tvd", "total-variation-distance"),
        _p("total_variation_distance", "the permutation test of the total variation distance"),
    ),
    "psi": _distance("population_stability_index", f"The population stability index {_BINS}"),
    **dict.fromkeys(
        ("wasserstein", "wasserstein distance (normed)"),
        _distance("normalised_wasserstein_distance", "The Wasserstein distance by the reference's standard deviation"),
    ),
    **dict.fromkeys(
        ("kl_div", "kullback-leibler divergence"),
        _distance("kullback_leibler_divergence", f"The Kullback-Leibler divergence {_BINS}"),
    ),
    **dict.fromkeys(
        ("jensenshannon", "jensen-shannon distance"),
        _distance("jensen_shannon_distance", f"The Jensen-Shannon distance (square root) {_BINS}", 1.0),
    ),
    **dict.fromkeys(
        ("hellinger", "hellinger distance"), _distance("hellinger_distance", f"The Hellinger distance {_BINS}", 1.0)
    ),
    **dict.fromkeys(("ed", "energy-distance"), _distance("energy_distance", "The energy distance of the two samples")),
    **dict.fromkeys(
        ("perc_text_content_drift", "percentile text content drift"),
        _distance(
            "text_domain_classifier_percentile_auc", "ROC AUC of a classifier that tells the two texts apart", 1.0
        ),
    ),
    **dict.fromkeys(
        ("abs_text_content_drift", "absolute text content drift"),
        _distance("text_domain_classifier_auc", "ROC AUC of a classifier that tells the two texts apart", 1.0),
    ),
}
UNKNOWN = Method(
    "unknown_method", "unknown", None, "The score of a method of the user's own, whose direction is not known"
)


def method_of(name: object) -> Method:
    """The method that Evidently calls so.

    Examples
    --------
    >>> method_of("Wasserstein distance (normed)").id
    'normalised_wasserstein_distance'
    >>> method_of("K-S p_value").kind
    'p-value'
    """
    return METHODS.get(str(name).lower(), UNKNOWN)
