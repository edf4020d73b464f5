"""Privacy of published rows: how small the groups of look-alikes are, and what they give away all the same."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from dte_panel import Counts, Crossed, Facts, Metric, SecondOpinion, Value
from dte_panel_guardrails import opinions

if TYPE_CHECKING:
    from dte_panel.states import Documented, Table

AXIS = "privacy"
#: Groups below this many rows are small, unless the settings say otherwise.
SMALL = 5

#: Group to the rows of each value of a sensitive attribute.
Groups = dict[tuple[Any, ...], Counter[Any]]

_GROUPS = (
    "Groups are the rows that share their values of all quasi-identifiers (the setting quasi_identifiers, or else the "
    "sensitive columns); a missing value is a value like any other."
)
_ATTRIBUTE = (
    f"For each column of the setting sensitive_attributes. {_GROUPS} Rows without the attribute are left out; a "
    "number counts as one of ten quantile bins. Undefined without rows, and where the attribute is a quasi-identifier."
)
_L_DIVERSITY = "Machanavajjhala et al. (2007), l-diversity: privacy beyond k-anonymity, ACM TKDD 1(1), article 3"


def metrics(quasi_identifiers: Sequence[str], attributes: Sequence[str], small: int) -> list[Metric]:
    """The metrics of groups of look-alikes."""
    roles = tuple(f"column:{name}" for name in dict.fromkeys(quasi_identifiers)) or ("sensitive",)
    columns = "|".join(f"column:{name}" for name in dict.fromkeys(attributes))
    crossed = (Crossed(columns, roles), Facts())
    return [_smallest_group(roles), _small_group_share(roles, small), *_of_attributes(crossed)]


def _smallest_group(roles: tuple[str, ...]) -> Metric:
    return _metric(
        "smallest_group",
        "Smallest group",
        Counts(*roles),
        smallest_group,
        definition="Rows of the smallest group that shares its values of all quasi-identifiers (the setting "
        "quasi_identifiers, or else the sensitive columns): the k of k-anonymity. A missing value is a value like any "
        "other. Undefined without rows. It says nothing of columns that are not listed.",
        range=(1.0, None),
        unit="rows",
        formula="min over groups g of n(g)",
        source="Sweeney (2002), k-anonymity: a model for protecting privacy, IJUFKS 10(5), 557-570",
        aliases=("k-anonymity",),
        second=opinions.GROUPS,
    )


def _small_group_share(roles: tuple[str, ...], small: int) -> Metric:
    return _metric(
        "small_group_share",
        "Rows in small groups",
        Counts(*roles),
        partial(small_group_share, small=small),
        definition=f"Share of rows in groups of fewer than {small} rows (the setting k). {_GROUPS} Undefined without "
        "rows. It counts this table, the one that would be published, and estimates nothing: it has no interval.",
        better="lower",
        range=(0.0, 1.0),
        unit="share",
        formula=f"Σ over groups g with n(g) < {small} of n(g) / n",
        source="Sweeney (2002), IJUFKS 10(5), 557-570; as sdcMicro counts, Templ, Kowarik & Meindl (2015)",
        second=opinions.GROUPS,
    )


def _of_attributes(crossed: tuple[Any, ...]) -> list[Metric]:
    return [
        _metric(
            "distinct_l_diversity",
            "Distinct l-diversity",
            crossed,
            partial(of_groups, measure=lambda part, _: float(len(part)), worst=min),
            definition="Fewest distinct values of a sensitive attribute in any group; 1 tells the attribute of "
            f"everybody in that group. {_ATTRIBUTE}",
            range=(1.0, None),
            unit="values",
            formula="min over groups g of #{values s with n(g, s) > 0}",
            source=_L_DIVERSITY,
            aliases=("l-diversity",),
            second=opinions.GROUPS,
        ),
        _metric(
            "entropy_l_diversity",
            "Entropy l-diversity",
            crossed,
            partial(of_groups, measure=lambda part, _: perplexity(part), worst=min),
            definition="The smallest exponential of the entropy of a sensitive attribute in any group: as many values "
            f"as if all were equally common. Never above distinct l-diversity. {_ATTRIBUTE}",
            range=(1.0, None),
            unit="values",
            formula="min over groups g of exp(−Σ over s of p(s | g) · ln p(s | g))",
            source=_L_DIVERSITY,
            second=SecondOpinion("scipy", _scipy_perplexity),
        ),
        _metric(
            "t_closeness",
            "t-closeness",
            crossed,
            partial(of_groups, measure=total_variation, worst=max),
            definition="Largest distance between the distribution of a sensitive attribute in a group and in all "
            "rows. All values are equally far from each other, so that the earth mover's distance is the total "
            f"variation distance. {_ATTRIBUTE}",
            better="lower",
            range=(0.0, 1.0),
            formula="max over groups g of ½ Σ over s of |p(s | g) − p(s)|",
            source="Li, Li & Venkatasubramanian (2007), t-closeness, IEEE ICDE, 106-115",
            second=SecondOpinion("scipy", lambda table, _: opinions.total_variation(groups_of(table))),
        ),
    ]


def _metric(id: str, title: str, reduce: Any, finish: Callable[..., Value], **described: Any) -> Metric:
    return Metric(
        id=id, title=title, reduce=reduce, finish=finish, windows=False, cohorts=False, group=AXIS, **described
    )


def smallest_group(table: Table) -> Value:
    """Rows of the smallest non-empty cell. The detail does not name it: it may be one person."""
    sizes = [n for n in table.counts.values() if n]
    if not sizes:
        return Value(None, 0, reason="no rows")
    detail = {
        "columns": list(table.columns),
        "groups": len(sizes),
        f"rows in groups below {SMALL}": sum(n for n in sizes if n < SMALL),
    }
    return Value(float(min(sizes)), sum(sizes), detail=detail)


def small_group_share(table: Table, small: int) -> Value:
    """Share of rows in cells of fewer than ``small`` rows."""
    sizes = [n for n in table.counts.values() if n]
    if not sizes:
        return Value(None, 0, reason="no rows")
    below = [n for n in sizes if n < small]
    detail = {"columns": list(table.columns), "k": small, "small groups": len(below), "groups": len(sizes)}
    return Value(sum(below) / sum(sizes), sum(sizes), detail=detail)


def groups_of(table: Table) -> Groups:
    """The rows of each value of the attribute, by group; rows without the attribute are left out."""
    found: Groups = {}
    for (value, *group), n in table.counts.items():
        if value is not None and n:
            found.setdefault(tuple(group), Counter())[value] += n
    return found


def of_groups(
    table: Table,
    documented: Documented,
    measure: Callable[[Counter[Any], Counter[Any]], float],
    worst: Callable[..., float],
) -> Value:
    """The worst group's measure; the detail names no group."""
    if documented.facts.get("column") in table.columns[1:]:
        return Value(None, 0, reason="the attribute is a quasi-identifier itself")
    groups = groups_of(table)
    every: Counter[Any] = sum(groups.values(), Counter())
    n, left_out = every.total(), table.n() - every.total()
    if not n:
        return Value(None, 0, reason="no row has a value of the attribute")
    note = f"{left_out:,} rows without the attribute left out" if left_out else None
    detail = {"quasi-identifiers": list(table.columns[1:]), "groups": len(groups), "values": len(every)}
    return Value(worst(measure(part, every) for part in groups.values()), n, reason=note, detail=detail)


def perplexity(part: Counter[Any]) -> float:
    """The exponential of the entropy.

    Examples
    --------
    >>> round(perplexity(Counter(a=5, b=5)), 12)
    2.0
    """
    n = part.total()
    return math.exp(-math.fsum(c / n * math.log(c / n) for c in part.values()))


def total_variation(part: Counter[Any], every: Counter[Any]) -> float:
    """Half the sum of the differences of the shares.

    Examples
    --------
    >>> total_variation(Counter(a=5), Counter(a=5, b=5))
    0.5
    """
    n, total = part.total(), every.total()
    return math.fsum(abs(part[value] / n - rows / total) for value, rows in every.items()) / 2


def _scipy_perplexity(table: Table, _: Documented) -> float:
    from scipy.stats import entropy

    return min(math.exp(float(entropy(list(part.values())))) for part in groups_of(table).values())
