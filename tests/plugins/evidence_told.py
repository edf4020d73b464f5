"""Gives what another tool measured: ``what`` says what comes, most of which nobody could rely on."""

import math
import time
from dataclasses import replace

from dte_panel import Counts, Finding, InputError, Metric, Value, hookimpl

COUNT = Metric(
    "count_of_things", "Count of things", "How many there are.", unit="rows", better="lower", range=(0, None)
)


def endless():
    while True:
        yield Finding(COUNT, Value(1.0, 10))


def rows(inquiry):
    sides = inquiry.rows("feature", 100)
    detail = {side: [sample.n, sample.total, sorted(sample.columns)] for side, sample in sides.items()}
    about = {"base": str(inquiry.base), "roles": list(inquiry.roles["sensitive"]), "kinds": dict(inquiry.kinds)}
    return [Finding(COUNT, Value(7.0, 100, 6.0, 8.0, detail={**detail, **about, "positive": inquiry.positive}))]


def given(what, inquiry):
    good = Finding(COUNT, Value(3.0, 40))
    other = replace(COUNT, title="Another count")
    return {
        "nothing": list,
        "good": lambda: [good, Finding(COUNT, Value(4.0, 50), column="city", window="2026-01-01T00:00:00")],
        "rows": lambda: rows(inquiry),
        "none": lambda: None,
        "junk": lambda: [3.0],
        "twice": lambda: [good, good],
        "two definitions": lambda: [good, Finding(other, Value(1.0, 9), column="city")],
        "odd metric": lambda: [Finding(replace(COUNT, id="Odd"), Value(1.0, 9))],
        "odd window": lambda: [replace(good, window=3)],
        "odd column": lambda: [replace(good, column=3)],
        "odd cohort": lambda: [replace(good, cohort={"sex": 1})],
        "endless": endless,
        "hangs": lambda: time.sleep(5),
        "raises": lambda: 1 / 0,
        "blames user": lambda: (_ for _ in ()).throw(InputError("there is no such file", where="plugins.x")),
        "ours too": lambda: [Finding(replace(COUNT, id="rate"), Value(1.0, 9))],
        "not a number": lambda: [good, Finding(COUNT, Value(math.nan, 9), column="city")],
        "no value": lambda: [good, Finding(COUNT, 3.0, column="city")],
        "failed": lambda: [good, Finding(COUNT, RuntimeError("the tool gave up"), column="city")],
        "undefined": lambda: [good, Finding(COUNT, Value(None, 9, reason="one class only"), column="city")],
    }[what]()


@hookimpl
def dte_settings():
    import param

    class Settings(param.Parameterized):
        what = param.String("nothing", doc="What comes.")

    return Settings


@hookimpl
def dte_metrics():
    return [Metric("rate", "Rate", "Share of positive labels.", Counts("label"), lambda counts: counts.share(label=1))]


@hookimpl
def dte_evidence(settings, inquiry):
    return given(settings.what, inquiry)
