"""Assess a data frame in Python: the shipped survey data, one year against another, and the numbers as a table."""

from importlib.resources import files

import pandas as pd

import dte_panel

folder = files("dte_panel") / "data" / "demo" / "acs-employment"
current = pd.read_parquet(str(folder / "current.parquet"))
reference = pd.read_parquet(str(folder / "reference.parquet"))

evidence = dte_panel.assess(
    current[current["year"] == 2018],
    reference=reference,
    subject="ma-employment",
    label="employed",
    prediction="prediction",
    score="probability",
    sensitive=["sex"],
    ignore=["id", "year"],
)

numbers = evidence.frame()
all_rows = (numbers["window"] == "current") & (numbers["cohort"] == "all rows") & numbers["column"].isna()
print(
    numbers.loc[all_rows, ["metric", "across", "value", "low", "high", "n"]]
    .dropna(subset="value")
    .to_string(index=False)
)
print("Verdict:", evidence.verdict)
