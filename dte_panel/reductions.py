"""What to count: few nodes, each of which the engine turns into states that add up.

A node names *roles*, not columns: ``"label"``, ``"prediction"``, ``"score"``, ``"sensitive"``, ``"feature"``,
``"text"``, ``"time"``, ``"id"``; ``"column:NAME"`` names a column. ``"feature|score"`` means each column with one of
these roles. :class:`Counts` crosses all its columns into one table; others make one state per column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dte_panel.model import Reduction

#: In place of roles: every column of the data, those without a role too.
EVERY = "*"


@dataclass(frozen=True)
class Counts(Reduction):
    """Contingency table of the columns. State: :class:`~dte_panel.states.Table`.

    Parameters
    ----------
    *columns : str
        Roles. A role with several columns (``sensitive``) is crossed.
    """

    columns: tuple[str, ...]

    def __init__(self, *columns: str) -> None:
        object.__setattr__(self, "columns", columns)


@dataclass(frozen=True)
class Profile(Reduction):
    """Rows, nulls, NaN, infinities, min, max, mean, M2 of each column. State: :class:`~dte_panel.states.Profiled`.

    Parameters
    ----------
    columns : str
        Roles.
    """

    columns: str


@dataclass(frozen=True)
class Histogram(Reduction):
    """Each column in the reference's quantile bins (numbers) or in its categories.

    State: :class:`~dte_panel.states.Binned`.

    Parameters
    ----------
    columns : str
        Roles.
    bins : int
        Number of quantile bins of a numeric column; equal edges fall together.
    """

    columns: str
    bins: int = 10


@dataclass(frozen=True)
class Categories(Reduction):
    """Rows of each category; columns of text and booleans, labels.

    State: :class:`~dte_panel.states.Table`.

    Parameters
    ----------
    columns : str
        Roles.
    """

    columns: str


@dataclass(frozen=True)
class Values(Reduction):
    """Rows of each value of each numeric column in order. State: :class:`~dte_panel.states.Ordered`.

    Every value is kept up to 100,000 rows on the larger side; more are counted in about 2,000 bins of equal weight in
    the reference, exactly still where each bin holds one value. What cannot be known from bins is a proven bound.

    Parameters
    ----------
    columns : str
        Roles.
    at : tuple of float
        Numbers that no bin lies across: rows below, at and above each of them are counted exactly.
    """

    columns: str
    at: tuple[float, ...] = ()


@dataclass(frozen=True)
class Scores(Reduction):
    """Rows of each score value by label, or by prediction (0 and 1).

    State: :class:`~dte_panel.states.Scored`. Every score is kept up to 250,000 rows on the larger side; more are
    counted in about 4,000 bins of equal weight in the reference, exactly still where there are no more than 2,000
    scores. What cannot be known from bins is a proven bound, and a number whose interval holds a check's bound is
    measured again from every row.

    Parameters
    ----------
    by : {"label", "prediction"}
        What parts the rows of a score into negatives and positives.
    exact : bool
        Keep every score at any number of rows: for what has no bound in bins.
    """

    by: Literal["label", "prediction"] = "label"
    exact: bool = False


@dataclass(frozen=True)
class ValuesOf(Reduction):
    """Rows of each value of an expression over roles, such as of the error of a prediction.

    State: :class:`~dte_panel.states.Ordered`; rows that lack a role, or where the expression has no value, are missing.
    In bins above 250,000 rows, as for :class:`Scores`.

    Parameters
    ----------
    roles : tuple of str
        Roles with one column of numbers each.
    expression : str
        Portable SQL, such as ``"abs(label - prediction)"``.
    """

    roles: tuple[str, ...]
    expression: str


@dataclass(frozen=True)
class Sums(Reduction):
    """Mean and sum of squared deviations of expressions over roles. State: :class:`~dte_panel.states.Moments`.

    Parameters
    ----------
    roles : tuple of str
        Roles with one column each that the expressions use; a row counts if none of them is missing.
    expressions : tuple of (str, str)
        Name and portable SQL expression, such as ``("absolute", "abs(label - prediction)")``.
    """

    roles: tuple[str, ...]
    expressions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Rows(Reduction):
    """Values of each column themselves, sampled: for what cannot be counted in SQL. Never kept in the evidence.

    State: :class:`~dte_panel.states.Sample` of each column, or one :class:`~dte_panel.states.JointSample`.

    Parameters
    ----------
    columns : str
        Roles; of whole rows :data:`EVERY` is every column of the data.
    sample : int
        At most so many rows, drawn with ``seed``.
    seed : int
    joint : bool
        Whole rows of all the columns, missing values included, rather than the values of each column by itself. By
        window and cohort only where no row is left out: of a sample there would be none in some.
    """

    columns: str
    sample: int = 20_000
    seed: int = 0
    joint: bool = False


@dataclass(frozen=True)
class Distinct(Reduction):
    """Exact number of distinct values of each column of whole numbers or text; does not add up, so only for all rows.

    State: :class:`~dte_panel.states.DistinctCount`.

    Parameters
    ----------
    columns : str
        Roles.
    """

    columns: str


@dataclass(frozen=True)
class Crossed(Reduction):
    """Each column in the reference's quantile bins, or in its categories, crossed with other columns.

    State: :class:`~dte_panel.states.Table`; its first column is the bin as in :class:`Histogram`. Not kept in the
    evidence.

    Parameters
    ----------
    columns : str
        Roles; empty for no column at all.
    by : tuple of str
        Roles that every column is crossed with.
    bins : int
        As for :class:`Histogram`.
    """

    columns: str
    by: tuple[str, ...]
    bins: int = 10


@dataclass(frozen=True)
class Slices(Reduction):
    """Label by prediction of a classifier in every slice of one column and of two, all at once, only for all rows.

    Numbers are cut into the spec's bands or the reference's quantile bins; NULL is a slice. Not kept in the evidence.
    State: :class:`~dte_panel.states.Sliced`.

    Parameters
    ----------
    columns : str
        Roles of the columns to cut by.
    most : int
        Only so many columns, in the order of the roles and the data: pairs grow with their square.
    bins : int
        Quantile bins of a number.
    """

    columns: str
    most: int = 10
    bins: int = 4


@dataclass(frozen=True)
class Means(Reduction):
    """Mean and sum of squared deviations of a number in each bin or category of each column.

    State: :class:`~dte_panel.states.Averaged`. Not kept in the evidence.

    Parameters
    ----------
    columns : str
        Roles; empty for no column at all.
    of : str
        Role with one column, the number; of ``"score|prediction"`` the first that the spec sets. A binary label or
        prediction counts as 1 and 0.
    bins : int
        As for :class:`Histogram`.
    """

    columns: str
    of: str
    bins: int = 10


@dataclass(frozen=True)
class Overlap(Reduction):
    """Current rows that share their value with another row, and with the reference; only for all rows.

    State: :class:`~dte_panel.states.Overlapped`.

    Parameters
    ----------
    columns : str
        Roles.
    """

    columns: str


@dataclass(frozen=True)
class Digests(Reduction):
    """How many rows have each digest of their values in all the columns together; only for all rows.

    NULL and NaN are one value, the order of the columns is that of their names. Not kept in the evidence. State:
    :class:`~dte_panel.states.Digested`.

    Parameters
    ----------
    columns : str
        Roles; :data:`EVERY` for every column that the data has, whatever its role.
    """

    columns: str


@dataclass(frozen=True)
class Facts(Reduction):
    """What the spec and the run say of themselves. State: :class:`~dte_panel.states.Documented`."""
