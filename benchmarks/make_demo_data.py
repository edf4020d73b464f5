"""Make the demo data that ships with the package from nannyml's two example sets.

    python benchmarks/make_demo_data.py SOURCE dte_panel/data/demo

SOURCE holds ``acs_employment_ma`` and ``car_loan``, each with ``reference.parquet``
and ``analysis.parquet``. ``NOTICE.md`` in the target folder says what changes and why.
No row is dropped and no number is rounded: only labels, names and storage change.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

HALVES = {"reference": "reference", "analysis": "current"}  # name in the source: name in the demo

SEX = {"1": "Male", "2": "Female"}
RACE = {
    "1": "White",
    "2": "Black",
    "3": "American Indian",
    "4": "Alaska Native",
    "5": "American Indian or Alaska Native",
    "6": "Asian",
    "7": "Pacific Islander",
    "8": "Other",
    "9": "Two or more",
}
DISABILITY = {"1": "With", "2": "Without"}
MARITAL_STATUS = {
    "1": "Married",
    "2": "Widowed",
    "3": "Divorced",
    "4": "Separated",
    "5": "Never married",
}
CITIZENSHIP = {
    "1": "Born in US",
    "2": "Born in US territory",
    "3": "Born abroad to US parents",
    "4": "Naturalized",
    "5": "Not a citizen",
}
NATIVITY = {"1": "Native", "2": "Foreign born"}
MILITARY = {
    "0": "Under 17",  # the census does not ask them; the source writes 0
    "1": "Active duty",
    "2": "Past active duty",
    "3": "Reserve or training only",
    "4": "Never served",
}
MOBILITY = {
    "0": "Under 1",  # not asked either
    "1": "Same house",
    "2": "Moved from abroad",
    "3": "Moved within US",
}
RELATIONSHIP = {
    "0": "Reference person",
    "1": "Husband or wife",
    "2": "Biological child",
    "3": "Adopted child",
    "4": "Stepchild",
    "5": "Brother or sister",
    "6": "Father or mother",
    "7": "Grandchild",
    "8": "Parent-in-law",
    "9": "Child-in-law",
    "10": "Other relative",
    "11": "Roomer or boarder",
    "12": "Housemate",
    "13": "Unmarried partner",
    "14": "Foster child",
    "15": "Other nonrelative",
    "16": "Institution",
    "17": "Noninstitutional group quarters",
}


@dataclass(frozen=True)
class Recipe:
    """How one source folder becomes one demo folder.

    Attributes
    ----------
    source, target : str
        Folder names on both sides.
    columns : dict of str to str
        SQL expression of each new column, in the order of the file.
    order : str
        The ORDER BY list. It is the order of the source, stated.
    version : str
        Parquet encodings; the smaller of ``V1`` and ``V2`` for this set, by trying both.
    """

    source: str
    target: str
    columns: Mapping[str, str]
    order: str
    version: str


def literal(text: str) -> str:
    """Quote a text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def relabel(column: str, labels: Mapping[str, str]) -> str:
    """Turn codes into labels; a code outside the code book stops the run."""
    whens = " ".join(f"WHEN {literal(code)} THEN {literal(label)}" for code, label in labels.items())
    return f"CASE {column} {whens} ELSE error('{column}: unknown code ' || {column}) END"


ACS = Recipe(
    source="acs_employment_ma",
    target="acs-employment",
    columns={
        "id": "id",
        "age": "AGEP::INTEGER",
        "sex": relabel("SEX", SEX),
        "race": relabel("RAC1P", RACE),
        "disability": relabel("DIS", DISABILITY),
        "schooling": "SCHL::INTEGER",
        "marital_status": relabel("MAR", MARITAL_STATUS),
        "citizenship": relabel("CIT", CITIZENSHIP),
        "nativity": relabel("NATIVITY", NATIVITY),
        "military": relabel("MIL", MILITARY),
        "mobility": relabel("MIG", MOBILITY),
        "relationship": relabel("RELP", RELATIONSHIP),
        "employed": "employed::INTEGER",
        "prediction": "prediction::INTEGER",
        "probability": "predicted_probability",
        "year": "year::INTEGER",
    },
    order="year, id",
    version="V1",
)

CAR_LOAN = Recipe(
    source="car_loan",
    target="car-loan",
    columns={
        "id": "id",
        "car_value": "car_value",
        "salary_range": "salary_range",
        "debt_to_income_ratio": "debt_to_income_ratio",
        "loan_length": "loan_length",
        "repaid_loan_on_prev_car": "repaid_loan_on_prev_car",
        "size_of_downpayment": "size_of_downpayment",
        "driver_tenure": "driver_tenure",
        "repaid": "repaid::BIGINT",  # DOUBLE in one half of the source, BIGINT in the other
        "prediction": "y_pred",
        "score": "y_pred_proba",
        "timestamp": '"timestamp"',
    },
    order='"timestamp", id',
    version="V2",
)


def write_half(connection: duckdb.DuckDBPyConnection, recipe: Recipe, source: Path, target: Path) -> int:
    """Write one Parquet file and return its number of rows."""
    columns = ", ".join(f'{expression} AS "{name}"' for name, expression in recipe.columns.items())
    query = f"SELECT {columns} FROM read_parquet({literal(str(source))}) ORDER BY {recipe.order}"
    # One large row group and the highest level: the files are small and read far more often than made.
    options = (
        "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 22, "
        f"ROW_GROUP_SIZE 300000, PARQUET_VERSION {recipe.version}"
    )
    connection.execute(f"COPY ({query}) TO {literal(str(target))} ({options})")
    return count(connection, target)


def count(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Count the rows of a Parquet file."""
    row = connection.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchone()
    return int(row[0]) if row else 0


def make(recipe: Recipe, source: Path, target: Path) -> None:
    """Write both halves of one set and print what was written."""
    folder = target / recipe.target
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")  # the same bytes at every run
        for old, new in HALVES.items():
            origin, path = source / recipe.source / f"{old}.parquet", folder / f"{new}.parquet"
            rows = write_half(connection, recipe, origin, path)
            if rows != count(connection, origin):
                raise RuntimeError(f"{path}: {rows} rows, the source has another number")
            print(f"{recipe.target}/{new}.parquet: {rows} rows, {path.stat().st_size} bytes")


def main() -> None:
    """Read the two arguments and make both sets."""
    parser = argparse.ArgumentParser(description="Make the demo data that ships with DTE Panel.")
    parser.add_argument("source", type=Path, help="folder with acs_employment_ma and car_loan")
    parser.add_argument("target", type=Path, help="folder to write to, such as dte_panel/data/demo")
    arguments = parser.parse_args()
    for recipe in (ACS, CAR_LOAN):
        make(recipe, arguments.source, arguments.target)


if __name__ == "__main__":
    main()
